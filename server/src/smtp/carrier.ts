/**
 * Carries messages over one session, one after another. With PIPELINING an envelope goes out as one group, and the
 * envelope of the next message in the same write as the body of the current one (RFC 2920 §3.1). Without, one command
 * at a time. Replies come in the order of the commands, so only the current message ever takes one.
 * Next: body-writer.ts
 */
import { crashPoint } from '../base/crash-point.ts';
import type { Failure, Reply } from '../mail/mail.ts';
import { type BodySink, LEASE_LOST, streamBody, WHOLE_MAX, wholeBody } from './body-writer.ts';
import { planEnvelope } from './envelope.ts';
import { type LineListener, serverClosing } from './line.ts';
import { TOO_MUCH, unexpected } from './progress.ts';
import { reportTransaction, reportUnfit, sessionEnd } from './report.ts';
import type { Session } from './session.ts';
import type { OutgoingMail, SendReport } from './smtp.ts';
import {
  beginDot,
  failTransaction,
  isUntouched,
  newTransaction,
  takeReply,
  type Transaction,
} from './transaction.ts';
import { note, noteOurs, noteTheirs, type Transcript } from './transcript.ts';
import type { SessionWatch } from './watch.ts';

/** One send: the message and whom to tell. */
export interface Job {
  readonly mail: OutgoingMail;
  readonly done: (report: SendReport) => void;
  readonly watch?: SessionWatch | undefined;
  /** What happened on a kept connection that was gone already, before this try. */
  prelude?: Transcript;
}

/** Whoever owns the connection. */
export interface CarrierOwner {
  /** The next job for this connection, if any waits and the connection may take another. */
  next(carrier: Carrier): Job | undefined;
  /** Nothing is under way and nothing waits. */
  idle(carrier: Carrier): void;
  /** The connection was gone before the server saw this job: `true` when it gets a fresh one. */
  retry(job: Job): boolean;
  /** The connection is closed; nothing else will be called. */
  gone(carrier: Carrier, failure: Failure): void;
}

interface Work {
  readonly job: Job;
  readonly tx: Transaction;
  /** The session was opened for this one. */
  readonly first: boolean;
}

/** QUIT is a courtesy: it is not worth more of our time than this, ms. */
const QUIT_MS_MAX = 5_000;

export class Carrier implements LineListener {
  readonly session: Session;
  /** Messages that were begun on this connection. */
  taken = 0;
  readonly #owner: CarrierOwner;
  readonly #pipelining: boolean;
  #first = true;
  #current: Work | undefined;
  /** Its envelope is written already, behind the current body. */
  #next: Work | undefined;
  /** Replies to come for what was written. */
  #owed = 0;
  #needsReset = false;
  #resetOwed = false;
  #quitting = false;

  constructor(session: Session, owner: CarrierOwner) {
    this.session = session;
    this.#owner = owner;
    this.#pipelining = session.capabilities.pipelining;
    session.line.listen(this);
  }

  /** Begins a job on an idle connection. */
  take(job: Job): void {
    const work = this.#plan(job);
    if (work === undefined) {
      this.#owner.idle(this);
      return;
    }
    this.#current = work;
    const { failure } = this.session.line;
    if (failure === undefined) this.#writeEnvelope(work);
    else this.onFailure(failure);
  }

  /** Waits for a job for `idleMs`, then says goodbye. */
  rest(idleMs: number): void {
    this.session.line.expectWithin(idleMs, () => {
      this.quit();
    });
  }

  /** Ends an idle connection politely. `gone` follows. */
  quit(): void {
    const { line, target } = this.session;
    this.#quitting = true;
    this.#owed = 1;
    line.expectWithin(Math.min(target.timeouts.commandMs, QUIT_MS_MAX));
    line.write('QUIT\r\n');
  }

  onReply(reply: Reply, _text: string, more: boolean): void {
    const { line } = this.session;
    const work = this.#current;
    if (this.#quitting) {
      line.fail({ kind: 'dropped', code: 'CLOSED_BY_US', message: 'The connection was closed.' });
    } else if (work === undefined) {
      line.failUnasked(reply);
    } else if (this.#resetOwed) {
      this.#takeResetReply(work, reply, more);
    } else {
      this.#takeReply(work, reply, more);
    }
  }

  onFailure(failure: Failure): void {
    const current = this.#current;
    const next = this.#next;
    this.#current = undefined;
    this.#next = undefined;
    if (current !== undefined && !(failure.kind === 'dropped' && this.#retry(current, failure))) {
      this.#reportFailure(current, failure);
    }
    // The message behind is not to blame for whatever ended the one before it.
    if (next !== undefined && !this.#retry(next, failure)) this.#reportFailure(next, failure);
    this.#owner.gone(this, failure);
  }

  #takeReply(work: Work, reply: Reply, more: boolean): void {
    const { line } = this.session;
    const { tx } = work;
    const early = this.#owed === 0;
    if (!early) this.#owed -= 1;
    noteTheirs(tx.transcript, line.at, line.secure, reply);
    if (reply.code === 421 && isUntouched(tx) && !work.first) {
      line.failUnasked(reply); // it was closing before it saw this message
      return;
    }
    const atDot = tx.stage === 'dot';
    const next = takeReply(tx, reply, line.at);
    if (next === 'out-of-order') {
      if (early) line.failUnasked(reply);
      else line.fail(unexpected(reply, atDot ? '2xx, 4xx or 5xx' : 'another code'));
      return;
    }
    if (next === 'over' || next === 'closing') {
      if (atDot && reply.code < 300) crashPoint('after-250');
      this.#finish(work, next === 'closing' ? reply : undefined, more);
      return;
    }
    if (more && this.#owed === 0) {
      line.fail(TOO_MUCH);
      return;
    }
    this.#goOn(work, next);
  }

  #goOn(work: Work, next: 'more-replies' | 'body' | 'lone-dot'): void {
    const { line, target } = this.session;
    const { tx } = work;
    if (next === 'body') {
      crashPoint('after-data');
      this.#writeBody(work);
      return;
    }
    if (tx.answered === 1) crashPoint('after-mail');
    line.expectWithin(target.timeouts.commandMs);
    if (next === 'lone-dot') this.#writeLine(tx, '.');
    else if (!tx.pipelined) this.#writeLine(tx, tx.envelope.commands[tx.answered] ?? 'DATA');
  }

  /** The message is decided; `leaving` is the 421 that decided it. */
  #finish(work: Work, leaving: Reply | undefined, more: boolean): void {
    const { line, target } = this.session;
    this.#needsReset = work.tx.open;
    this.#current = this.#next;
    this.#next = undefined;
    this.#report(work);
    if (leaving !== undefined) {
      line.fail(serverClosing(leaving));
    } else if (more && this.#owed === 0) {
      line.fail(TOO_MUCH);
    } else if (this.#current !== undefined) {
      this.#current.tx.phaseAt = line.at;
      line.expectWithin(target.timeouts.commandMs);
    } else {
      line.expectNothing();
      const job = this.#owner.next(this);
      if (job === undefined) this.#owner.idle(this);
      else this.take(job);
    }
  }

  #takeResetReply(work: Work, reply: Reply, more: boolean): void {
    const { line, target } = this.session;
    this.#owed -= 1;
    this.#resetOwed = false;
    noteTheirs(work.tx.transcript, line.at, line.secure, reply);
    if (reply.code >= 300) {
      line.fail({ kind: 'dropped', code: 'RESET_REFUSED', message: 'The server did not take RSET.' });
    } else if (more && this.#owed === 0) {
      line.fail(TOO_MUCH);
    } else {
      line.expectWithin(target.timeouts.commandMs);
      if (!work.tx.pipelined) this.#writeLine(work.tx, work.tx.envelope.commands[0] ?? '');
    }
  }

  /** Plans `job`, or the next one when this server cannot take it. */
  #plan(job: Job | undefined): Work | undefined {
    let candidate = job;
    while (candidate !== undefined) {
      const planned = planEnvelope(candidate.mail, this.session.capabilities);
      const first = this.#first;
      this.#first = false;
      if (planned.ok) {
        this.taken += 1;
        const { at } = this.session.line;
        const { watch } = candidate;
        const tx = newTransaction(candidate.mail, planned.envelope, {
          pipelined: this.#pipelining,
          at,
          watch,
        });
        return { job: candidate, tx, first };
      }
      candidate.done(
        reportUnfit(candidate.mail, this.session, planned.failure, { first, prelude: candidate.prelude }),
      );
      candidate = this.#owner.next(this);
    }
    return undefined;
  }

  #writeEnvelope(work: Work): void {
    const { line, target } = this.session;
    const { tx } = work;
    tx.phaseAt = line.touch();
    line.expectWithin(target.timeouts.commandMs);
    const reset = this.#needsReset;
    this.#needsReset = false;
    this.#resetOwed = reset;
    if (tx.pipelined) {
      if (reset) noteOurs(tx.transcript, line.at, line.secure, 'RSET');
      this.#owed = reset ? 1 : 0;
      const group = this.#group(work);
      line.write(reset ? `RSET\r\n${group}` : group);
    } else {
      this.#writeLine(tx, reset ? 'RSET' : (tx.envelope.commands[0] ?? ''));
    }
  }

  /** The whole envelope as text, counted as written. */
  #group(work: Work): string {
    const { line } = this.session;
    const { commands } = work.tx.envelope;
    noteOurs(work.tx.transcript, line.at, line.secure, commands);
    this.#owed += commands.length;
    return `${commands.join('\r\n')}\r\n`;
  }

  #writeLine(tx: Transaction, command: string): void {
    const { line } = this.session;
    noteOurs(tx.transcript, line.at, line.secure, command);
    this.#owed = 1;
    line.write(`${command}\r\n`);
  }

  #writeBody(work: Work): void {
    const { line, target } = this.session;
    const { mail } = work.tx;
    line.expectWithin(target.timeouts.dataMs);
    const sink: BodySink = {
      line,
      mayCommit: mail.mayCommit,
      wanted: () => this.#current === work && work.tx.stage === 'body',
      end: (rest, tail, octets) => {
        this.#writeDot(work, rest, tail, octets);
      },
    };
    if (!mail.mayCommit()) line.fail(LEASE_LOST);
    else if (Buffer.isBuffer(mail.content) && mail.content.length <= WHOLE_MAX) wholeBody(sink, mail.content);
    else void streamBody(sink, mail.content);
  }

  /** Writes what is left of the body, the end of the message, and the next envelope, in one go. */
  #writeDot(work: Work, rest: Buffer | undefined, tail: string, octets: number): void {
    const { line, target } = this.session;
    const { tx } = work;
    const at = line.touch();
    noteOurs(tx.transcript, at, line.secure, `[${String(octets)} octets]`);
    noteOurs(tx.transcript, at, line.secure, '.');
    this.#owed = 1;
    this.#next = this.#pipelining ? this.#plan(this.#owner.next(this)) : undefined;
    const text = this.#next === undefined ? tail : tail + this.#group(this.#next);
    line.expectWithin(target.timeouts.dataMs);
    beginDot(tx, at);
    line.write(rest === undefined ? text : joinText(rest, text));
    crashPoint('after-dot');
  }

  #retry(work: Work, failure: Failure): boolean {
    if (work.first || !isUntouched(work.tx)) return false;
    const { line } = this.session;
    note(work.tx.transcript, line.at, `${failure.message} Trying again on a new connection.`);
    const prelude = [...(work.job.prelude ?? []), ...work.tx.transcript];
    return this.#owner.retry({ ...work.job, prelude });
  }

  #reportFailure(work: Work, failure: Failure): void {
    const { at } = this.session.line;
    const end = sessionEnd(work.tx, failure);
    failTransaction(work.tx, failure, at);
    note(work.tx.transcript, at, failure.message);
    this.#report(work, end);
  }

  #report(work: Work, end?: SendReport['session']): void {
    const { job, tx, first } = work;
    job.done(reportTransaction(tx, this.session, { first, prelude: job.prelude, end }));
  }
}

function joinText(body: Buffer, text: string): Buffer {
  const textOctets = Buffer.byteLength(text);
  const whole = Buffer.allocUnsafe(body.length + textOctets);
  body.copy(whole);
  whole.write(text, body.length, 'utf8');
  return whole;
}
