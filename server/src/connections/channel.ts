/**
 * The live side of one connection: its warm lines, its breaker and its pace. Made anew when the settings change;
 * the old one finishes what it has begun.
 * Next: registry.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Category, Failure, Verdict } from '../mail/mail.ts';
import type { Dialer, EgressPolicy } from '../net/net.ts';
import {
  createSmtpPool,
  type OutgoingMail,
  type SendReport,
  type SmtpPool,
  type SmtpTarget,
} from '../smtp/smtp.ts';
import type { SmtpSettings } from '../config/config.ts';
import { createBreaker, type Breaker, type Trouble } from './breaker.ts';
import type { Connection } from './connection.ts';
import { createPace } from './pace.ts';

const TOO_MANY_LINES = 'smtp.too_many_connections';
/** Said of the connection in whatever phase they come. Anything else in answer to one message may be about that message. */
const CERTAIN: readonly Category[] = ['authentication', 'quota', 'tls'];

export interface Channel {
  readonly connection: Connection;
  readonly breaker: Breaker;
  /** 0: go. Else the ms after which to ask again; who is not urgent is sent behind those that asked before. */
  pace(urgent: boolean): number;
  /** Sends one message; never rejects. */
  send(mail: OutgoingMail): Promise<SendReport>;
  /** Takes in what a send taught about the connection; `atDoor` when the server had judged nothing of the message yet. */
  learn(verdict: Verdict, detail: string, atDoor: boolean): void;
  load(): { readonly open: number; readonly waiting: number };
  /** Lets running sends end for up to `graceMs`; may be called again with less. */
  stop(graceMs: number): Promise<void>;
}

export interface ChannelOptions {
  readonly connection: Connection & { readonly settings: SmtpSettings };
  readonly dialer: Dialer;
  readonly egress: EgressPolicy;
  readonly clock: Clock;
  readonly log: Log;
  readonly known: Trouble | undefined;
  /** The target with its secrets: read for the first line, and again for the first one after trouble. */
  readonly target: () => Promise<{ ok: true; target: SmtpTarget } | { ok: false; failure: Failure }>;
  readonly changed: (state: Breaker['state'], breaker: Breaker) => void;
}

export function createChannel(options: ChannelOptions): Channel {
  const { connection, dialer, egress, clock, log } = options;
  const { settings } = connection;
  const pace = createPace(settings.rate, clock);
  const breaker: Breaker = createBreaker({
    clock,
    limitMax: settings.pool.connections,
    known: options.known,
    changed: (state) => {
      // Hundreds may wait for a line by now: each would dial a dead server, or try a wrong password once more (R2, R3).
      if (state === 'open') leavePool(settings.timeouts.dataMs);
      options.changed(state, breaker);
    },
  });
  let pool: SmtpPool | undefined;
  let opening: Promise<SmtpPool | Failure> | undefined;
  let sizeNow = 0;
  let stopped = false;
  const leaving = new Set<SmtpPool>();

  async function open(): Promise<SmtpPool | Failure> {
    const found = await options.target();
    if (stopped) return STOPPED;
    if (!found.ok) return found.failure;
    sizeNow = breaker.limit;
    pool = createSmtpPool({
      target: found.target,
      egress,
      dialer,
      clock,
      log,
      connectionsMax: sizeNow,
      messagesMax: settings.pool.messages,
      idleMs: settings.pool.idleMs,
    });
    return pool;
  }

  function resize(): void {
    if (pool === undefined || sizeNow === breaker.limit) return;
    sizeNow = breaker.limit;
    pool.resize(sizeNow);
  }

  /** Lets what is being sent end; what still waits for a line is told that it was not sent. */
  function leavePool(graceMs: number): void {
    const old = pool;
    if (old === undefined) return;
    pool = undefined;
    leaving.add(old);
    void old.stop(graceMs).then(() => leaving.delete(old));
  }

  return {
    connection,
    breaker,
    pace: (urgent) => pace.take(urgent),
    async send(mail) {
      if (stopped) return notStarted(mail, STOPPED);
      if (pool !== undefined) return pool.send(mail);
      // One read of the secrets for all who wait; forgotten afterwards, since what was missing may be there next time.
      opening ??= open().finally(() => {
        opening = undefined;
      });
      const opened = await opening;
      return 'send' in opened ? opened.send(mail) : notStarted(mail, opened);
    },
    learn(verdict, detail, atDoor) {
      if (verdict.errorId?.startsWith('internal.') === true) return; // we ended it: nothing was learned
      if (verdict.outcome === 'accepted') pace.accepted();
      if (verdict.scope !== 'connection' || verdict.outcome === 'accepted') breaker.passed();
      else if (verdict.errorId === TOO_MANY_LINES) breaker.crowded();
      else if (verdict.category === 'rate-limit') {
        pace.throttled();
        breaker.passed();
      } else {
        breaker.failed({
          errorId: verdict.errorId ?? 'unknown',
          detail,
          unusable: verdict.outcome === 'connection_unusable',
          proven: verdict.outcome === 'connection_unusable' && (atDoor || CERTAIN.includes(verdict.category)),
          ...(verdict.retryAfterMs === undefined ? {} : { retryAfterMs: verdict.retryAfterMs }),
        });
      }
      resize();
    },
    load: () => pool?.load() ?? { open: 0, waiting: 0 },
    async stop(graceMs) {
      stopped = true;
      breaker.stop();
      leavePool(graceMs);
      await Promise.all([...leaving].map((old) => old.stop(graceMs)));
    },
  };
}

const STOPPED: Failure = {
  kind: 'stopped',
  code: 'STOPPED',
  message: 'The connection was closed before the server was asked.',
};

/** The attempt ends before anything is dialled. */
function notStarted(mail: OutgoingMail, failure: Failure): SendReport {
  return {
    results: mail.recipients.map(() => ({ kind: 'failed', phase: 'settings', failure, inDoubt: false })),
    session: { phase: 'settings', failure },
    phases: [{ phase: 'settings', ms: 0 }],
    transcript: `** ${failure.message}`,
  };
}
