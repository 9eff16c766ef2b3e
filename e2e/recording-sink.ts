/**
 * A relay inside the test's own process: takes mail as fast as it comes and remembers, for every final dot it read, the
 * recipients and when that was. It can be told to be closed, and to answer by recipient. Says nothing it does not mean:
 * PIPELINING (RFC 2920), 8BITMIME and SMTPUTF8 only.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { systemClock } from '../server/src/base/clock.ts';

export interface Arrival {
  readonly from: string;
  readonly recipients: readonly string[];
  /** Monotonic ms when the final dot was read; the reply went out after that. */
  readonly at: number;
  /** The message as it came, dots unstuffed; empty unless `keep` was asked for. */
  readonly content: string;
}

export interface RecordingSink {
  readonly port: number;
  readonly arrivals: readonly Arrival[];
  /** Connections accepted so far. */
  connects(): number;
  /** Called for each arrival, before the reply is sent. */
  onArrival(listener: (arrival: Arrival) => void): void;
  /** Waits until `enough` says so; it is asked at every arrival. */
  waitUntil(what: string, enough: () => boolean, timeoutMs?: number): Promise<void>;
  /** Closes the door and every line: who connects now is refused by the system. */
  close(): Promise<void>;
  /** Opens the same port again. */
  open(): Promise<void>;
}

export interface RecordingOptions {
  readonly port?: number;
  readonly keep?: boolean;
  /** The reply to a recipient; `250 2.1.5 Ok` by default. */
  readonly answerRecipient?: (address: string) => string;
  /** The reply to the final dot, or `drop` (no reply, line cut) or `stall` (no reply, line open). */
  readonly answerDot?: (arrival: Arrival) => string;
  /** Asks for a sign-in (AUTH PLAIN, RFC 4616) with one of these passwords, as they are at that moment. */
  readonly passwords?: () => readonly string[];
  /** Called for each greeting: answers the greeting line. */
  readonly greet?: () => string;
}

const CRLF = '\r\n';
const END_OF_DATA = Buffer.from('\r\n.\r\n');

export async function startRecordingSink(options: RecordingOptions = {}): Promise<RecordingSink> {
  const arrivals: Arrival[] = [];
  const listeners = new Set<(arrival: Arrival) => void>();
  const sockets = new Set<Socket>();
  let connects = 0;
  const note = (arrival: Arrival): void => {
    arrivals.push(arrival);
    for (const listener of listeners) listener(arrival);
  };
  const server: Server = createServer((socket) => {
    connects += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    converse(socket, options, note);
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  await listen(options.port ?? 0);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    arrivals,
    connects: () => connects,
    onArrival: (listener) => {
      listeners.add(listener);
    },
    waitUntil: (what, enough, timeoutMs = 30_000) =>
      new Promise((resolve, reject) => {
        const done = (act: () => void): void => {
          clearTimeout(timer);
          listeners.delete(look);
          act();
        };
        const look = (): void => {
          if (enough()) done(resolve);
        };
        const timer = setTimeout(() => {
          done(() => {
            reject(
              new Error(
                `${what}: not within ${String(timeoutMs)} ms, after ${String(arrivals.length)} messages`,
              ),
            );
          });
        }, timeoutMs);
        listeners.add(look);
        look();
      }),
    close: async () => {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    open: () => listen(port),
  };
}

/** One session. Commands may come split or several at once; the body is looked at only for its end. */
function converse(socket: Socket, options: RecordingOptions, note: (arrival: Arrival) => void): void {
  const envelope = { from: '', recipients: [] as string[], signedIn: options.passwords === undefined };
  let rest: Buffer = Buffer.alloc(0);
  let inData = false;
  let isDead = false;
  socket.on('error', () => {
    isDead = true; // a killed client resets the line: what was not complete has not arrived
  });
  socket.setNoDelay(true);
  socket.write(`${options.greet?.() ?? '220 sink.test ESMTP'}${CRLF}`);
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let replies = '';
    for (;;) {
      if (isDead) return;
      if (inData) {
        const end = rest.subarray(0, 3).equals(END_OF_DATA.subarray(2)) ? -2 : rest.indexOf(END_OF_DATA);
        if (end === -1) break;
        const content = options.keep === true ? unstuff(rest.subarray(0, Math.max(0, end + 2))) : '';
        rest = rest.subarray(end + END_OF_DATA.length);
        inData = false;
        const arrival = {
          from: envelope.from,
          recipients: [...envelope.recipients],
          at: systemClock.monotonic(),
          content,
        };
        note(arrival);
        const reply = options.answerDot?.(arrival) ?? '250 2.0.0 Ok';
        if (reply === 'stall') return;
        if (reply === 'drop') {
          socket.destroy();
          return;
        }
        replies += `${reply}${CRLF}`;
        continue;
      }
      const end = rest.indexOf('\n');
      if (end === -1) break;
      const line = rest.subarray(0, end).toString('utf8').trimEnd();
      rest = rest.subarray(end + 1);
      const reply = answer(line, envelope, options);
      replies += `${reply}${CRLF}`;
      inData = reply.startsWith('354');
      if (reply.startsWith('221')) {
        socket.end(replies);
        return;
      }
    }
    if (replies !== '') socket.write(replies);
  });
}

function answer(
  line: string,
  envelope: { from: string; recipients: string[]; signedIn: boolean },
  options: RecordingOptions,
): string {
  const verb = line.slice(0, 4).toUpperCase();
  switch (verb) {
    case 'EHLO':
      return [
        '250-sink.test',
        '250-PIPELINING',
        '250-8BITMIME',
        '250-SMTPUTF8',
        ...(options.passwords === undefined ? [] : ['250-AUTH PLAIN']),
        '250 ENHANCEDSTATUSCODES',
      ].join(CRLF);
    case 'HELO':
      return '250 sink.test';
    case 'AUTH': {
      const response = Buffer.from(line.split(' ')[2] ?? '', 'base64').toString('utf8');
      envelope.signedIn = options.passwords?.().includes(response.split('\0')[2] ?? '') === true;
      return envelope.signedIn ? '235 2.7.0 Welcome' : '535 5.7.8 Bad credentials';
    }
    case 'MAIL':
      if (!envelope.signedIn) return '530 5.7.0 Sign in first';
      envelope.from = path(line);
      envelope.recipients = [];
      return '250 2.1.0 Ok';
    case 'RCPT': {
      const address = path(line);
      const reply = options.answerRecipient?.(address) ?? '250 2.1.5 Ok';
      if (reply.startsWith('2')) envelope.recipients.push(address);
      return reply;
    }
    case 'DATA':
      return envelope.recipients.length > 0 ? '354 Go on' : '503 5.5.1 No recipient';
    case 'RSET':
      envelope.recipients = [];
      return '250 2.0.0 Ok';
    case 'NOOP':
      return '250 2.0.0 Ok';
    case 'QUIT':
      return '221 2.0.0 Bye';
    default:
      return '500 5.5.2 Unknown';
  }
}

function path(line: string): string {
  return /<([^>]*)>/.exec(line)?.[1] ?? '';
}

/** RFC 5321 §4.5.2: a leading dot was doubled by the client. */
function unstuff(content: Buffer): string {
  return content.toString('utf8').replace(/(^|\n)\.\./g, '$1.');
}
