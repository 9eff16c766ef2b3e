/**
 * Postfix as the peer: a durable relay with its own defaults, fed by its own generator, in front of a sink.
 * Next: end-to-end.ts
 */
import { freePorts, must } from '../e2e/child.ts';
import { startPostfixInstance } from '../e2e/postfix-instance.ts';
import { systemClock } from '../server/src/base/clock.ts';

export interface PostfixPeer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts a Postfix that relays everything to `sinkPort`. `settings` go over its defaults. */
export async function startPostfixPeer(
  sinkPort: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<PostfixPeer> {
  const [port = 0] = await freePorts(1);
  const instance = await startPostfixInstance(() =>
    Promise.resolve({
      settings: { relayhost: `[127.0.0.1]:${String(sinkPort)}`, mynetworks: '127.0.0.0/8', ...settings },
      doors: [`127.0.0.1:${String(port)} inet n - n - - smtpd`],
    }),
  );
  return { port, stop: () => instance.stop() };
}

export interface Feed {
  readonly messages: number;
  /** Bytes of the body; smtp-source adds its few header lines. */
  readonly bytes: number;
  readonly sessions: number;
  /** Several messages over one connection. */
  readonly keepOpen: boolean;
}

/** Sends with smtp-source. `startedAt` is when it was started, monotonic ms; `done` is when the last was answered. */
export function feedPostfix(port: number, feed: Feed): { startedAt: number; done: Promise<unknown> } {
  const startedAt = systemClock.monotonic();
  const args = [
    ...(feed.keepOpen ? ['-d'] : []),
    ...['-4', '-s', String(feed.sessions), '-m', String(feed.messages), '-l', String(feed.bytes)],
    ...['-f', 'bench@example.com', '-t', 'someone@example.net', `127.0.0.1:${String(port)}`],
  ];
  return { startedAt, done: must('smtp-source', args, { timeoutMs: 300_000 }) };
}
