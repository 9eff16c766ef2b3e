/**
 * Bytes from the server, cut into replies (RFC 5321 §4.2.1), wherever the network split them.
 * It promises bounds: a line is kept up to 4 KB, a reply may have 64 KB in all, and anything that is no reply is
 * named as such instead of being guessed at.
 * Next: line.ts
 */
import type { Failure } from '../mail/mail.ts';
import { peerText } from '../base/log.ts';

/** Octets of one line that are kept; the rest of the line is read and dropped. */
const LINE_KEPT_MAX = 4 * 1024;
/** Octets of one whole reply. A longer one is no reply but an attack or a wrong port. */
const REPLY_MAX = 64 * 1024;

const LF = 10;
const CR = 13;
const ZERO = 48;

export interface ReplySink {
  /** One whole reply: the text lines without code; `more` when bytes of something else follow in the same read. */
  reply(code: number, lines: readonly string[], more: boolean): void;
  /** Nothing more will be read: what came was no SMTP reply. */
  broken(failure: Failure): void;
}

export interface ReplyReader {
  push(chunk: Buffer): void;
  /** Stops reading, also in the middle of a chunk. */
  stop(): void;
}

/** A reader for one stream of bytes. Calls `sink` from within `push`, once for each complete reply. */
export function createReplyReader(sink: ReplySink): ReplyReader {
  let code = 0;
  let lines: string[] = [];
  let octets = 0;
  let held: Buffer | undefined;
  let stopped = false;

  function fail(failureCode: string, message: string): void {
    stopped = true;
    sink.broken({ kind: 'protocol', code: failureCode, message });
  }

  function takeLine(text: string, more: boolean): void {
    const lineCode = readCode(text);
    if (lineCode === 0) {
      fail('MALFORMED_REPLY', `The server sent something that is not an SMTP reply: ${quote(text)}`);
      return;
    }
    if (code !== 0 && lineCode !== code) {
      // RFC 5321 §4.2.1: the code of every line of a reply is the same
      fail('INCONSISTENT_REPLY', `The server changed the code within one reply: ${quote(text)}`);
      return;
    }
    if (text.charCodeAt(3) === 45) {
      code = lineCode;
      lines.push(text.slice(4));
      return;
    }
    lines.push(text.slice(4));
    const whole = lines;
    code = 0;
    octets = 0;
    lines = [];
    sink.reply(lineCode, whole, more);
  }

  function hold(rest: Buffer): void {
    const before = held?.length ?? 0;
    if (before < LINE_KEPT_MAX) {
      const kept = rest.subarray(0, LINE_KEPT_MAX - before);
      held = held === undefined ? Buffer.from(kept) : Buffer.concat([held, kept]);
    }
    // A port that speaks something else need not be waited for: its first byte tells.
    if (code === 0 && held !== undefined && !mayBeginReply(held[0] ?? 0)) {
      fail(
        'MALFORMED_REPLY',
        `The server sent something that is not an SMTP reply: ${quote(held.toString('utf8'))}`,
      );
    }
  }

  function push(chunk: Buffer): void {
    let from = 0;
    while (from < chunk.length && !stopped) {
      const lf = chunk.indexOf(LF, from);
      const end = lf < 0 ? chunk.length : lf;
      octets += end - from + 1;
      if (octets > REPLY_MAX) {
        fail('REPLY_TOO_LONG', `The server sent a reply of more than ${String(REPLY_MAX)} octets.`);
        return;
      }
      if (lf < 0) {
        hold(chunk.subarray(from));
        return;
      }
      const text =
        held === undefined ? lineText(chunk, from, end) : heldText(held, chunk.subarray(from, end));
      held = undefined;
      from = end + 1;
      takeLine(text, from < chunk.length);
    }
  }

  return {
    push,
    stop() {
      stopped = true;
    },
  };
}

/** RFC 5321 §4.2: three digits, the first 2 to 5, then a space, a hyphen or the end. 0 for anything else. */
function readCode(text: string): number {
  const first = text.charCodeAt(0) - ZERO;
  const second = text.charCodeAt(1) - ZERO;
  const third = text.charCodeAt(2) - ZERO;
  if (!(first >= 2 && first <= 5 && second >= 0 && second <= 9 && third >= 0 && third <= 9)) return 0;
  if (text.length > 3) {
    const mark = text.charCodeAt(3);
    if (mark !== 32 && mark !== 45) return 0;
  }
  return first * 100 + second * 10 + third;
}

function mayBeginReply(byte: number): boolean {
  return byte >= ZERO + 2 && byte <= ZERO + 5;
}

function lineText(chunk: Buffer, from: number, end: number): string {
  const stop = end > from && chunk[end - 1] === CR ? end - 1 : end;
  return chunk.toString('utf8', from, Math.min(stop, from + LINE_KEPT_MAX));
}

function heldText(held: Buffer, rest: Buffer): string {
  const whole = Buffer.concat([held, rest.subarray(0, LINE_KEPT_MAX - held.length)]);
  return lineText(whole, 0, whole.length);
}

function quote(text: string): string {
  return `“${peerText(text.slice(0, 400))}”`;
}
