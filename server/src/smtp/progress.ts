/**
 * What is written down while a connection is being made: phases with their times, and the conversation.
 * Also the one question-and-answer step that the phases before the first message are made of.
 * Next: handshake.ts
 */
import type { Failure, Phase, Reply } from '../mail/mail.ts';
import type { TlsFacts } from '../net/net.ts';
import type { Line } from './line.ts';
import type { PhaseRecord, SmtpTarget } from './smtp.ts';
import { note, noteOurs, noteTheirs, type Transcript } from './transcript.ts';
import type { PhaseFacts, SessionWatch } from './watch.ts';

/** A connection that is being made. */
export interface Progress {
  target: SmtpTarget;
  readonly phases: PhaseRecord[];
  readonly transcript: Transcript;
  /** Monotonic ms at which the phase under way began. */
  phaseAt: number;
  /** What is known of the peer's certificate, also when it was refused. */
  tls: TlsFacts | undefined;
  /** What the phase under way taught so far; set only when somebody watches. */
  facts: PhaseFacts | undefined;
  readonly watch: SessionWatch | undefined;
  /** Whether words of something that is no mail server may be repeated; not to those who may go to mail servers only (S4). */
  readonly quotes: boolean;
}

/** What ended the making of a connection, and where: the server's refusal, or a failure. */
export interface Stop {
  readonly stopped: true;
  readonly phase: Phase;
  readonly reply?: Reply;
  readonly failure?: Failure;
}

export interface Heard {
  readonly reply: Reply;
  /** The reply's last line without code, as it came. */
  readonly text: string;
}

/** Tells who watches that a phase begins; its time counts from the end of the one before. */
export function beginPhase(progress: Progress, phase: Phase): void {
  progress.watch?.onBegin?.(phase);
}

/** Keeps what the phase under way taught, for who watches. */
export function learn(progress: Progress, facts: PhaseFacts): void {
  if (progress.watch !== undefined) progress.facts = facts;
}

/** Closes the phase under way at `at` and begins the next one there. */
export function endPhase(
  progress: Progress,
  phase: Phase,
  at: number,
  reply?: Reply,
  failure?: Failure,
): void {
  const ms = roundMs(at - progress.phaseAt);
  progress.phaseAt = at;
  const record = reply === undefined ? { phase, ms } : { phase, ms, reply };
  progress.phases.push(record);
  if (progress.watch === undefined) return;
  const { facts } = progress;
  progress.facts = undefined;
  progress.watch.onPhase?.({
    ...record,
    ...(failure === undefined ? {} : { failure }),
    ...(facts === undefined ? {} : { facts }),
  });
}

/** Tenths of a millisecond: an internal relay answers in less than one. */
export function roundMs(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** Ends the phase under way as the one where it stopped. */
export function stopAt(progress: Progress, line: Line, phase: Phase, heard: Reply | Failure): Stop {
  const why = 'kind' in heard && !progress.quotes ? withoutQuote(heard) : heard;
  const reply = 'kind' in why ? undefined : why;
  endPhase(progress, phase, line.touch(), reply, 'kind' in why ? why : undefined);
  if ('kind' in why) {
    note(progress.transcript, line.at, why.message);
    return { stopped: true, phase, failure: why };
  }
  return { stopped: true, phase, reply: why };
}

/** Failures whose message repeats what came. */
const QUOTING: ReadonlySet<string> = new Set(['MALFORMED_REPLY', 'INCONSISTENT_REPLY', 'NOT_SMTP']);

function withoutQuote(failure: Failure): Failure {
  if (!QUOTING.has(failure.code)) return failure;
  return { ...failure, message: 'What answered is not an SMTP server.' };
}

/** The server said more than it was asked for; what comes now may be an answer to anything. */
export const TOO_MUCH: Failure = {
  kind: 'protocol',
  code: 'EARLY_REPLY',
  message: 'The server sent more replies than there were commands.',
};

/** One command and what may come of it. */
export interface Step {
  /** Without line end; absent for the greeting, which comes unasked. */
  readonly command?: string;
  /** What the transcript shows instead of the command. */
  readonly shown?: string;
  readonly ms: number;
  /** What it means when something follows the reply in the same read, if not just `TOO_MUCH`. */
  readonly ifMore?: Failure;
}

/** Sends one command and waits for its reply, at most `ms`. */
export async function ask(progress: Progress, line: Line, step: Step): Promise<Heard | Failure> {
  if (step.command !== undefined) {
    noteOurs(progress.transcript, line.touch(), line.secure, step.shown ?? step.command);
  }
  const heard = await exchange(line, step);
  if ('kind' in heard) return heard;
  noteTheirs(progress.transcript, line.at, line.secure, heard.reply);
  return line.failure ?? heard;
}

function exchange(line: Line, step: Step): Promise<Heard | Failure> {
  if (line.failure !== undefined) return Promise.resolve(line.failure);
  return new Promise((resolve) => {
    line.listen({
      onReply(reply, text, more) {
        line.listen(undefined);
        line.expectNothing();
        // At once, before the reader gets to what follows.
        if (more) line.fail(step.ifMore ?? TOO_MUCH);
        resolve({ reply, text });
      },
      onFailure: resolve,
    });
    line.expectWithin(step.ms);
    if (step.command !== undefined) line.write(`${step.command}\r\n`);
  });
}

/** A reply that is neither what was asked for nor a refusal. */
export function unexpected(reply: Reply, wanted: string): Failure {
  const message = `The server answered ${String(reply.code)} where ${wanted} was expected.`;
  return { kind: 'protocol', code: 'UNEXPECTED_REPLY', message };
}

/** Whether the server said no, for now or for good. */
export function isRefusal(reply: Reply): boolean {
  return reply.code >= 400;
}
