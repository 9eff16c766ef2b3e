/**
 * A bounded set of warm connections to one target. A send takes an idle connection, opens one while there is room, or
 * waits in its lane. It is told everything and decides nothing: retrying is the caller's, but for one case: a kept
 * connection that turns out to be gone before the server saw anything of the message.
 * Next: session.ts
 */
import type { Clock } from '../base/clock.ts';
import { type Log, peerText } from '../base/log.ts';
import type { Dialer, EgressPolicy } from '../net/net.ts';
import { Carrier, type CarrierOwner, type Job } from './carrier.ts';
import { reportStopped, reportUnopened, STOPPED } from './report.ts';
import { openSession } from './session.ts';
import type { SendReport, SmtpPool, SmtpTarget } from './smtp.ts';
import { createWaiting } from './waiting.ts';

export interface SmtpPoolOptions {
  readonly target: SmtpTarget;
  readonly egress: EgressPolicy;
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly log: Log;
  /** Connections that may be open at once, those that are being opened or closed included. */
  readonly connectionsMax: number;
  /** Messages after which a connection says goodbye. */
  readonly messagesMax: number;
  /** How long a connection is kept without a message. */
  readonly idleMs: number;
}

interface Opening {
  readonly job: Job;
  readonly abort: AbortController;
  abandoned: boolean;
}

/** Opens nothing until the first send. */
export function createSmtpPool(options: SmtpPoolOptions): SmtpPool {
  const { clock, log, messagesMax, idleMs } = options;
  const waiting = createWaiting<Job>();
  const carriers = new Set<Carrier>();
  const openings = new Set<Opening>();
  const idle: Carrier[] = []; // the warmest last
  let connectionsMax = options.connectionsMax;
  let stopping: Promise<void> | undefined;
  let emptied: (() => void) | undefined;
  let graceEndsAt = Infinity; // monotonic
  let cancelGrace = (): void => undefined;

  const owner: CarrierOwner = {
    next: (carrier) =>
      carrier.taken < messagesMax && openCount() <= connectionsMax ? waiting.shift() : undefined,
    idle(carrier) {
      if (stopping !== undefined || carrier.taken >= messagesMax || openCount() > connectionsMax) {
        carrier.quit();
        return;
      }
      idle.push(carrier);
      carrier.rest(idleMs);
    },
    retry(job) {
      if (stopping !== undefined) return false;
      open(job); // in the place of the connection that is gone
      return true;
    },
    gone(carrier, failure) {
      carriers.delete(carrier);
      forget(carrier);
      log.debug(
        { host: options.target.host, code: failure.code, messages: carrier.taken },
        'smtp: connection closed',
      );
      settle();
    },
  };

  function openCount(): number {
    return carriers.size + openings.size;
  }

  function forget(carrier: Carrier): void {
    const index = idle.indexOf(carrier);
    if (index >= 0) idle.splice(index, 1);
  }

  /** Gives work to whoever can take it, and notices when the last connection of a stopping pool is gone. */
  function settle(): void {
    while (waiting.size > 0) {
      const carrier = idle.pop();
      if (carrier === undefined && openCount() >= connectionsMax) break;
      const job = waiting.shift();
      if (job === undefined) break;
      if (carrier === undefined) open(job);
      else carrier.take(job);
    }
    if (openCount() === 0) emptied?.();
  }

  function open(job: Job): void {
    const opening: Opening = { job, abort: new AbortController(), abandoned: false };
    openings.add(opening);
    void connect(opening);
  }

  async function connect(opening: Opening): Promise<void> {
    const { target, egress, dialer } = options;
    const { job } = opening;
    const opened = await openSession({ target, egress, dialer, clock, signal: opening.abort.signal });
    openings.delete(opening);
    if (opening.abandoned) {
      if (opened.ok) opened.session.line.destroy();
      return;
    }
    if (opened.ok) {
      log.debug({ host: target.host, address: opened.session.address }, 'smtp: connection opened');
      const carrier = new Carrier(opened.session, owner);
      carriers.add(carrier);
      carrier.take(job);
    } else {
      const words = opened.failure?.message ?? opened.reply?.lines.join(' ') ?? '';
      log.debug({ host: target.host, phase: opened.phase, words: peerText(words) }, 'smtp: no connection');
      job.done(reportUnopened(job.mail, opened, job.prelude));
    }
    settle();
  }

  async function stop(graceMs: number): Promise<void> {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift())
      job.done(reportStopped(job.mail));
    for (const carrier of idle.splice(0)) carrier.quit();
    if (openCount() === 0) return;
    await new Promise<void>((resolve) => {
      limitGrace(graceMs);
      emptied = () => {
        cancelGrace();
        resolve();
      };
    });
  }

  /** Whoever stops a stopping pool again may be in more of a hurry, never in less. */
  function limitGrace(graceMs: number): void {
    const endsAt = clock.monotonic() + graceMs;
    if (endsAt >= graceEndsAt) return;
    graceEndsAt = endsAt;
    cancelGrace();
    cancelGrace = clock.after(graceMs, breakOff);
  }

  /** The grace is over. A dial that cannot be called back is left to itself; its connection is closed if it comes. */
  function breakOff(): void {
    for (const opening of [...openings]) {
      opening.abandoned = true;
      openings.delete(opening);
      opening.abort.abort();
      opening.job.done(reportStopped(opening.job.mail));
    }
    for (const carrier of [...carriers]) carrier.session.line.fail(STOPPED);
    settle();
  }

  return {
    send: (mail) =>
      new Promise<SendReport>((done) => {
        if (stopping !== undefined) {
          done(reportStopped(mail));
          return;
        }
        waiting.push(mail.lane, { mail, done });
        settle();
      }),
    resize(max) {
      connectionsMax = max;
      while (idle.length > 0 && openCount() > connectionsMax) idle.shift()?.quit();
      settle();
    },
    load: () => ({ open: openCount(), waiting: waiting.size }),
    stop(graceMs) {
      if (stopping !== undefined && openCount() > 0) limitGrace(graceMs);
      stopping ??= stop(graceMs);
      return stopping;
    },
  };
}
