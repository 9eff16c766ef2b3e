/**
 * What stands behind a channel, whatever the way out: SMTP's pool of warm lines, or a row of errands done one by one
 * (Microsoft Graph, a pickup folder), a few at a time, the most urgent lane first.
 * Next: record.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Failure } from '../mail/mail.ts';
import { createWaiting, type OutgoingMail, type SendReport, type SmtpPool } from '../smtp/smtp.ts';

/** The shape of a pool, which every way out keeps. */
export type Sender = SmtpPool;

export interface ErrandOptions {
  readonly clock: Clock;
  /** Messages on their way at one time. */
  readonly atOnce: number;
  /** Sends one message; never rejects. Gives up when `signal` fires. */
  readonly run: (mail: OutgoingMail, signal: AbortSignal) => Promise<SendReport>;
}

export const STOPPED: Failure = {
  kind: 'stopped',
  code: 'STOPPED',
  message: 'Sending was stopped before the message was handed over.',
};

export const LEASE_LOST: Failure = {
  kind: 'lease',
  code: 'LEASE_LOST',
  message: 'The right to send this message was lost before it was handed over.',
};

interface Errand {
  readonly mail: OutgoingMail;
  readonly done: (report: SendReport) => void;
  readonly broke: (error: unknown) => void;
}

export function createErrands(options: ErrandOptions): Sender {
  const { clock, run } = options;
  const waiting = createWaiting<Errand>();
  const running = new Set<AbortController>();
  let { atOnce } = options;
  let stopping: Promise<void> | undefined;
  let emptied = (): void => undefined;
  let graceEndsAt = Number.POSITIVE_INFINITY;
  let cancelGrace = (): void => undefined;

  function next(): void {
    while (running.size < atOnce) {
      const errand = waiting.shift();
      if (errand === undefined) break;
      void start(errand);
    }
  }

  async function start({ mail, done, broke }: Errand): Promise<void> {
    const abort = new AbortController();
    running.add(abort);
    await run(mail, abort.signal).then(done, broke); // a bug of ours is whoever sends to tell
    running.delete(abort);
    if (running.size === 0) emptied();
    next();
  }

  /** Whoever stops again may be in more of a hurry, never in less. */
  function limitGrace(graceMs: number): void {
    const endsAt = clock.monotonic() + graceMs;
    if (endsAt >= graceEndsAt) return;
    graceEndsAt = endsAt;
    cancelGrace();
    cancelGrace = clock.after(graceMs, () => {
      for (const abort of running) abort.abort();
    });
  }

  return {
    send: (mail) =>
      new Promise((done, broke) => {
        if (stopping !== undefined) {
          done(notSent(mail, STOPPED));
          return;
        }
        waiting.push(mail.lane, { mail, done, broke });
        next();
      }),
    resize(max) {
      atOnce = max;
      next();
    },
    load: () => ({ open: running.size, waiting: waiting.size }),
    stop(graceMs) {
      for (let errand = waiting.shift(); errand !== undefined; errand = waiting.shift())
        errand.done(notSent(errand.mail, STOPPED));
      if (running.size > 0) limitGrace(graceMs);
      stopping ??= new Promise((resolve) => {
        emptied = () => {
          cancelGrace();
          resolve();
        };
        if (running.size === 0) emptied();
      });
      return stopping;
    },
  };
}

/** The attempt ends before anything is done. */
export function notSent(mail: OutgoingMail, failure: Failure): SendReport {
  return {
    results: mail.recipients.map(() => ({ kind: 'failed', phase: 'settings', failure, inDoubt: false })),
    session: { phase: 'settings', failure },
    phases: [{ phase: 'settings', ms: 0 }],
    transcript: `** ${failure.message}`,
  };
}
