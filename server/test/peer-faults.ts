/**
 * The thirteen ways in which a scripted peer can misbehave at one point of a conversation, played on a stream.
 */
import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';

export const FAULTS = [
  '4xx',
  '5xx',
  '421',
  'fin', // closes without a word
  'rst',
  'half-close', // says it will send nothing more, and goes on reading
  'stall', // says nothing for ever, and reads nothing
  'drip', // one octet at a time, slower than any deadline
  'garbage',
  'over-long', // a reply of 2 MB
  'malformed', // a multi-line reply that changes its code
  'split', // the right reply, one octet per segment
  'early', // the right reply, and one more that nobody asked for
] as const;
export type Fault = (typeof FAULTS)[number];

/** The reply in the place of the right one; `undefined` where nothing is said. */
export function faultText(fault: Fault, right: string): string | undefined {
  switch (fault) {
    case '4xx':
      return '451 4.3.0 Not now\r\n';
    case '5xx':
      return '554 5.3.0 Never\r\n';
    case '421':
      return '421 4.3.2 Closing\r\n';
    case 'garbage':
      return '\u0000\u0016\u0003\u0001 not a reply at all \u001b[2J\r\n';
    case 'over-long':
      return `${`${right.slice(0, 3)}-${'x'.repeat(996)}\r\n`.repeat(2100)}${right}`;
    case 'malformed':
      return '250-one thing\r\n350 and another\r\n';
    case 'early':
      return `${right}250 2.0.0 Nobody asked\r\n`;
    case 'drip':
    case 'split':
      return right;
    case 'fin':
    case 'rst':
    case 'half-close':
    case 'stall':
      return undefined;
  }
}

/** Whether the conversation goes on after the fault. */
export function isSurvivable(fault: Fault): boolean {
  return fault === '4xx' || fault === '5xx' || fault === 'split' || fault === 'early';
}

/** Plays a fault: writes what it says to `stream`, or does to `raw` what it does. */
export async function playFault(
  fault: Fault,
  stream: Duplex,
  raw: Socket,
  right: string,
  dripMs: number,
): Promise<void> {
  const text = faultText(fault, right);
  if (fault === 'split') await writeSlowly(stream, Buffer.from(text ?? ''), 0);
  else if (fault === 'drip') await writeSlowly(stream, Buffer.from(text ?? ''), dripMs);
  else if (text !== undefined) stream.write(text);
  if (fault === 'stall') stream.pause();
  if (fault === 'fin') raw.destroySoon();
  if (fault === '421') stream.end();
  if (fault === 'half-close') stream.end();
  if (fault === 'rst') raw.resetAndDestroy();
}

/** Octet by octet, `pauseMs` apart; 0 means one per turn of the event loop. Ends when the stream does. */
export async function writeSlowly(stream: Duplex, octets: Buffer, pauseMs: number): Promise<void> {
  for (const octet of octets) {
    if (stream.destroyed || stream.writableEnded) return;
    stream.write(Buffer.of(octet));
    await new Promise<void>((resolve) => {
      if (pauseMs === 0) setImmediate(resolve);
      else setTimeout(resolve, pauseMs).unref();
    });
  }
}

/** `raw` as a stream whose writes leave octet by octet: what a TLS server says, split or dripped. */
export function slowedStream(raw: Socket, pauseMs: number): Duplex {
  const slowed = new Duplex({
    read() {
      raw.resume();
    },
    write(chunk: Buffer, _encoding, done) {
      void writeSlowly(raw, chunk, pauseMs).then(() => {
        done();
      });
    },
    final(done) {
      raw.end();
      done();
    },
    destroy(error, done) {
      raw.destroy();
      done(error);
    },
  });
  raw.on('data', (chunk: Buffer) => slowed.push(chunk));
  raw.on('end', () => slowed.push(null));
  raw.on('close', () => slowed.destroy());
  return slowed;
}
