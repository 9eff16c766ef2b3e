/**
 * One message on one connection as a pure state machine: replies go in, what to do next comes out (RFC 5321 §3.3).
 * The same machine serves one command at a time and pipelined groups (RFC 2920), because replies come in the same
 * order. It knows at any moment what became of each recipient, and whether the final dot may have been written.
 * Next: carrier.ts
 */
import type { Failure, Phase, Reply } from '../mail/mail.ts';
import type { Envelope } from './envelope.ts';
import { roundMs } from './progress.ts';
import type { OutgoingMail, PhaseRecord, RecipientResult } from './smtp.ts';
import { newTranscript, type Transcript } from './transcript.ts';
import type { SessionWatch } from './watch.ts';

type Stage =
  | 'envelope' // MAIL, RCPT and DATA are being answered
  | 'body' // the server asked for the message
  | 'dot' // the final dot may have been written
  | 'lone-dot' // DATA was answered 354 though nobody takes the message: it is ended empty
  | 'over';

export interface Transaction {
  readonly mail: OutgoingMail;
  readonly envelope: Envelope;
  /** All commands go out in one group; else one by one. */
  readonly pipelined: boolean;
  /** One per recipient, as far as it is decided. */
  readonly results: (RecipientResult | undefined)[];
  readonly phases: PhaseRecord[];
  readonly transcript: Transcript;
  stage: Stage;
  /** Replies of the envelope read so far: 0 before MAIL's, 1 before the first RCPT's … */
  answered: number;
  /** Recipients accepted at RCPT. */
  takers: number;
  /** The server holds an open transaction: RSET before the next MAIL. */
  open: boolean;
  mailRefused: Reply | undefined;
  rcptRefused: Reply | undefined;
  /** The 354 to DATA. */
  goAhead: Reply | undefined;
  readonly watch: SessionWatch | undefined;
  /** Monotonic ms at which the phase under way began. */
  phaseAt: number;
}

/** What a reply makes necessary. */
export type Next =
  | 'more-replies' // nothing to do before the next reply, or before the next command of a server without PIPELINING
  | 'body'
  | 'lone-dot'
  | 'over' // decided, the connection is good
  | 'closing' // decided by a 421: the connection is lost
  | 'out-of-order'; // no reply that can come here

export function newTransaction(
  mail: OutgoingMail,
  envelope: Envelope,
  options: { pipelined: boolean; at: number; watch: SessionWatch | undefined },
): Transaction {
  return {
    mail,
    envelope,
    pipelined: options.pipelined,
    results: new Array<RecipientResult | undefined>(mail.recipients.length).fill(undefined),
    phases: [],
    transcript: newTranscript(options.watch?.onLine),
    stage: 'envelope',
    answered: 0,
    takers: 0,
    open: false,
    mailRefused: undefined,
    rcptRefused: undefined,
    goAhead: undefined,
    watch: options.watch,
    phaseAt: options.at,
  };
}

/** The phase that is under way. */
export function phaseOf(tx: Transaction): Phase {
  if (tx.stage === 'dot') return 'accepted';
  if (tx.stage !== 'envelope') return 'data';
  if (tx.answered === 0) return 'mail-from';
  return tx.answered <= tx.mail.recipients.length ? 'rcpt-to' : 'data';
}

/** Takes the next reply, read at `at`. */
export function takeReply(tx: Transaction, reply: Reply, at: number): Next {
  // RFC 5321 §3.8: 421 may answer anything, and the server is gone after it
  if (reply.code === 421) return closing(tx, reply, at);
  switch (tx.stage) {
    case 'envelope':
      return takeEnvelopeReply(tx, reply, at);
    case 'body':
      return takeEarlyRefusal(tx, reply, at);
    case 'dot':
      return takeDotReply(tx, reply, at);
    case 'lone-dot':
      tx.stage = 'over';
      return 'over'; // whatever it says: there was no message in it
    case 'over':
      return 'out-of-order';
  }
}

function takeEnvelopeReply(tx: Transaction, reply: Reply, at: number): Next {
  const rcptCount = tx.mail.recipients.length;
  const index = tx.answered;
  if (index > rcptCount) return takeDataReply(tx, reply, at);
  if (reply.code >= 300 && reply.code < 400) return 'out-of-order';
  tx.answered += 1;
  if (index === 0) {
    endPhase(tx, 'mail-from', at, reply);
    if (reply.code < 300) tx.open = true;
    else tx.mailRefused = reply;
  } else if (tx.mailRefused === undefined) {
    takeRcptReply(tx, reply, index - 1);
    if (index === rcptCount) endPhase(tx, 'rcpt-to', at, tx.rcptRefused ?? reply);
  }
  const hopeless = tx.mailRefused !== undefined || (index === rcptCount && tx.takers === 0);
  if (tx.pipelined || !hopeless) return 'more-replies';
  return end(tx, tx.mailRefused, 'mail-from');
}

function takeRcptReply(tx: Transaction, reply: Reply, index: number): void {
  if (reply.code < 300) {
    tx.takers += 1;
    return;
  }
  tx.rcptRefused ??= reply;
  tx.results[index] = { kind: 'replied', phase: 'rcpt-to', reply };
}

function takeDataReply(tx: Transaction, reply: Reply, at: number): Next {
  if (tx.mailRefused !== undefined || tx.takers === 0) {
    if (reply.code !== 354) return reply.code >= 400 ? end(tx, tx.mailRefused, 'mail-from') : 'out-of-order';
    // RFC 2920 §3.1: the server waits for a message that nobody takes
    settle(tx, tx.mailRefused, 'mail-from');
    tx.stage = 'lone-dot';
    tx.open = false;
    return 'lone-dot';
  }
  if (reply.code === 354) {
    tx.goAhead = reply;
    tx.stage = 'body';
    return 'body';
  }
  if (reply.code < 400) return 'out-of-order';
  endPhase(tx, 'data', at, reply);
  return end(tx, reply, 'data');
}

/** A refusal before the dot is an answer, though an impolite one; the connection cannot be used after half a body. */
function takeEarlyRefusal(tx: Transaction, reply: Reply, at: number): Next {
  if (reply.code < 400) return 'out-of-order';
  return closing(tx, reply, at);
}

function takeDotReply(tx: Transaction, reply: Reply, at: number): Next {
  if (reply.code >= 300 && reply.code < 400) return 'out-of-order';
  endPhase(tx, 'accepted', at, reply);
  tx.open = false;
  return end(tx, reply, 'accepted');
}

/** The final dot is about to be written: from now on no answer means doubt. */
export function beginDot(tx: Transaction, at: number): void {
  endPhase(tx, 'data', at, tx.goAhead);
  tx.stage = 'dot';
}

/** Ends what is not decided yet because there will be no reply. Answers whether anything was undecided. */
export function failTransaction(tx: Transaction, failure: Failure, at: number): boolean {
  if (tx.stage === 'over') return false;
  const phase = phaseOf(tx);
  const inDoubt = tx.stage === 'dot';
  endPhase(tx, phase, at, undefined, failure);
  if (tx.mailRefused !== undefined) settle(tx, tx.mailRefused, 'mail-from');
  for (let index = 0; index < tx.results.length; index += 1) {
    tx.results[index] ??= { kind: 'failed', phase, failure, inDoubt };
  }
  tx.stage = 'over';
  return true;
}

/** Whether the server has said nothing at all about this message. */
export function isUntouched(tx: Transaction): boolean {
  return tx.stage === 'envelope' && tx.answered === 0;
}

function closing(tx: Transaction, reply: Reply, at: number): Next {
  const phase = phaseOf(tx);
  endPhase(tx, phase, at, reply);
  end(tx, tx.mailRefused ?? reply, tx.mailRefused === undefined ? phase : 'mail-from');
  return 'closing';
}

function end(tx: Transaction, reply: Reply | undefined, phase: Phase): Next {
  settle(tx, reply, phase);
  tx.stage = 'over';
  return 'over';
}

/** Gives this reply to every recipient that has no result yet. */
function settle(tx: Transaction, reply: Reply | undefined, phase: Phase): void {
  if (reply === undefined) return;
  for (let index = 0; index < tx.results.length; index += 1) {
    tx.results[index] ??= { kind: 'replied', phase, reply };
  }
}

function endPhase(tx: Transaction, phase: Phase, at: number, reply?: Reply, failure?: Failure): void {
  const ms = roundMs(at - tx.phaseAt);
  tx.phaseAt = at;
  const record = reply === undefined ? { phase, ms } : { phase, ms, reply };
  tx.phases.push(record);
  tx.watch?.onPhase?.(failure === undefined ? record : { ...record, failure });
}
