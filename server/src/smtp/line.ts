/**
 * One connection as bytes and replies: the socket, its reader, its one deadline, and how it ended.
 * Whoever talks is the listener. A line fails once; what was the matter stays readable in `failure`.
 * Next: handshake.ts
 */
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { type Failure, formatReply, parseReplyLines, type Reply } from '../mail/mail.ts';
import { reasonOf } from '../net/net.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import { createReplyReader, type ReplyReader } from './reply-reader.ts';

export interface LineListener {
  /**
   * One whole reply. `text` is its last line as it came (a SASL challenge must not be shortened); `more` says that
   * other bytes came in the same read, which nobody can have answered yet.
   */
  onReply(reply: Reply, text: string, more: boolean): void;
  /** The line is gone; nothing else will be called. */
  onFailure(failure: Failure): void;
}

export class Line {
  readonly clock: Clock;
  failure: Failure | undefined;
  /** Whether TLS is on: transcripts mark it. */
  secure = false;
  /** Monotonic ms of the last read or `touch`: one reading of the clock serves all replies of a read. */
  at: number;
  /** Takes secrets out of text of the server that is kept. */
  scrub: (text: string) => string = (text) => text;
  #socket: Duplex;
  #reader: ReplyReader;
  #listener: LineListener | undefined;
  readonly #deadline: Deadline;
  #wake: (() => void) | undefined;

  constructor(socket: Duplex, clock: Clock) {
    this.clock = clock;
    this.at = clock.monotonic();
    this.#socket = socket;
    this.#deadline = createDeadline(clock);
    this.#reader = this.#newReader();
    this.#attach();
  }

  /** Replies and the end go to `listener`; `undefined` means that nothing is expected now. */
  listen(listener: LineListener | undefined): void {
    this.#listener = listener;
  }

  /** Reads the clock, for what begins now. */
  touch(): number {
    this.at = this.clock.monotonic();
    return this.at;
  }

  /** Writes; `false` when the socket asks to wait for `drained`. Does nothing on a line that failed. */
  write(data: string | Buffer): boolean {
    if (this.failure !== undefined) return true;
    return typeof data === 'string' ? this.#socket.write(data, 'utf8') : this.#socket.write(data);
  }

  /** Resolves when more may be written, or when the line is gone. */
  drained(): Promise<void> {
    if (this.failure !== undefined || !this.#socket.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** What is awaited now is due in `ms`, whatever drips in. Without `run` the line fails then. */
  expectWithin(ms: number, run?: () => void): void {
    if (this.failure !== undefined) return;
    this.#deadline.set(
      ms,
      run ??
        (() => {
          const message = `The server did not answer within ${String(ms / 1000)} s.`;
          this.fail({ kind: 'timeout', code: 'TIMEOUT', message });
        }),
    );
  }

  /** Nothing is awaited. */
  expectNothing(): void {
    this.#deadline.clear();
  }

  /** Ends the line for this reason and tells the listener. Only the first reason counts. */
  fail(failure: Failure): void {
    if (this.failure !== undefined) return;
    this.touch();
    this.failure = failure;
    this.#close();
    this.#listener?.onFailure(failure);
  }

  /** Ends the line without telling anybody: the conversation is over. */
  destroy(): void {
    this.#listener = undefined;
    this.fail({ kind: 'dropped', code: 'CLOSED_BY_US', message: 'We closed the connection.' });
  }

  /** Gives the bare socket away, for TLS to be put on it. Replies read so far are forgotten. */
  release(): Duplex {
    this.#detach();
    this.#deadline.clear();
    this.#socket.pause();
    return this.#socket;
  }

  /** Goes on over `socket`, which carries TLS. Nothing that was read before is remembered (RFC 3207 §4.2). */
  adopt(socket: Duplex): void {
    this.#socket = socket;
    this.secure = true;
    if (this.failure !== undefined) {
      this.#close();
      return;
    }
    this.#reader = this.#newReader();
    this.#attach();
  }

  #newReader(): ReplyReader {
    return createReplyReader({
      reply: (code, lines, more) => {
        this.#take(code, lines, more);
      },
      broken: (failure) => {
        this.fail({ ...failure, message: this.scrub(failure.message) });
      },
    });
  }

  #take(code: number, lines: readonly string[], more: boolean): void {
    const reply = parseReplyLines(code, lines.map(this.scrub));
    if (this.#listener === undefined) this.failUnasked(reply);
    else this.#listener.onReply(reply, lines[lines.length - 1] ?? '', more);
  }

  /** Ends the line because of a reply nobody asked for; 421 is the server's way to say that it is leaving. */
  failUnasked(reply: Reply): void {
    if (reply.code === 421) {
      this.fail(serverClosing(reply));
      return;
    }
    const message = `The server answered before it was asked: ${formatReply(reply)}`;
    this.fail({ kind: 'protocol', code: 'EARLY_REPLY', message });
  }

  readonly #onData = (chunk: Buffer): void => {
    this.touch();
    this.#reader.push(chunk);
  };

  readonly #onEnd = (): void => {
    this.fail({ kind: 'dropped', code: 'CLOSED', message: 'The server closed the connection.' });
  };

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    const code = typeof error.code === 'string' ? error.code : 'BROKEN';
    this.fail({ kind: 'dropped', code, message: `The connection broke: ${reasonOf(error)}.` });
  };

  readonly #onDrain = (): void => {
    this.#wake?.();
    this.#wake = undefined;
  };

  #attach(): void {
    this.#socket.on('data', this.#onData);
    this.#socket.on('end', this.#onEnd);
    this.#socket.on('close', this.#onEnd);
    this.#socket.on('error', this.#onError);
    this.#socket.on('drain', this.#onDrain);
  }

  #detach(): void {
    this.#reader.stop();
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onEnd);
    this.#socket.off('close', this.#onEnd);
    this.#socket.off('error', this.#onError);
    this.#socket.off('drain', this.#onDrain);
  }

  #close(): void {
    this.#reader.stop();
    this.#deadline.close();
    this.#onDrain();
    // The error listener stays: a late error of a socket that is going away must not end the process.
    this.#socket.destroy();
  }
}

/** What a 421 means for the line (RFC 5321 §3.8): the server may send it at any time, and is gone after it. */
export function serverClosing(reply: Reply): Failure {
  const message = `The server closed the connection: ${formatReply(reply)}`;
  return { kind: 'dropped', code: 'SERVER_CLOSING', message };
}
