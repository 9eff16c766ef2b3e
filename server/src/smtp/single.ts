/**
 * One session by hand, phase by phase, for diagnosis: the same code as the pool's, with somebody watching.
 * Next: session.ts
 */
import type { Phase } from '../mail/mail.ts';
import { Carrier, type Job } from './carrier.ts';
import { STOPPED, type Session } from './session.ts';
import type { OutgoingMail, PhaseRecord, SendReport } from './smtp.ts';
import { noteOurs } from './transcript.ts';
import type { SessionWatch } from './watch.ts';

/** What follows a phase that went well. */
const FOLLOWS: Readonly<Partial<Record<Phase, Phase>>> = {
  'mail-from': 'rcpt-to',
  'rcpt-to': 'data',
  data: 'accepted',
};

/**
 * Sends one message over a session that was opened by `openSession`. The connection stays open if the conversation
 * left it usable. Gives up when `signal` fires. Never rejects.
 */
export function sendOver(
  session: Session,
  mail: OutgoingMail,
  options: { readonly watch?: SessionWatch; readonly signal?: AbortSignal } = {},
): Promise<SendReport> {
  const { watch, signal } = options;
  const stop = (): void => {
    session.line.fail(STOPPED);
  };
  return new Promise((resolve) => {
    let report: SendReport | undefined;
    const finish = (): void => {
      if (report === undefined) return;
      signal?.removeEventListener('abort', stop);
      resolve(report);
    };
    const done = (made: SendReport): void => {
      report = made;
    };
    const job: Job = watch === undefined ? { mail, done } : { mail, done, watch: stepwise(watch) };
    const carrier = new Carrier(session, {
      next: () => undefined,
      idle: finish,
      retry: () => false,
      gone: finish,
    });
    watch?.onBegin?.('mail-from');
    signal?.addEventListener('abort', stop);
    if (signal?.aborted === true) stop();
    carrier.take(job);
    if (session.line.failure !== undefined) finish();
  });
}

/** Tells of each phase's beginning too: the commands of an envelope leave together, their replies come one by one. */
function stepwise(watch: SessionWatch): SessionWatch {
  const onPhase = (record: PhaseRecord): void => {
    watch.onPhase?.(record);
    const next = FOLLOWS[record.phase];
    const well = record.failure === undefined && (record.reply?.code ?? 0) < 400;
    if (next !== undefined && well) watch.onBegin?.(next);
  };
  return { ...watch, onPhase };
}

/** Says goodbye and closes. Resolves when the connection is closed, whatever the server answered. */
export function quitSession(session: Session): Promise<void> {
  const { line, transcript } = session;
  if (line.failure !== undefined) return Promise.resolve();
  noteOurs(transcript, line.touch(), line.secure, 'QUIT');
  return new Promise((resolve) => {
    const carrier = new Carrier(session, {
      next: () => undefined,
      idle: () => undefined,
      retry: () => false,
      gone: () => {
        resolve();
      },
    });
    carrier.quit();
  });
}
