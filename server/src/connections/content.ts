/**
 * A message's octets for the ways out that are not SMTP: CRLF line ends only, no NUL, the header apart from the body so
 * that the envelope can be written into it.
 * Next: pickup.ts
 */
import { readHeaderBlock, type Failure, type HeaderField } from '../mail/mail.ts';
import type { OutgoingMail } from '../smtp/smtp.ts';

/** Octets of a header. Ours have a few thousand; a hundred recipients and long references stay far below. */
const HEADER_MAX = 512 * 1024;
const SLICE = 64 * 1024;

export interface OpenedContent {
  readonly fields: readonly HeaderField[];
  /** From the empty line on. */
  readonly body: AsyncIterable<Buffer>;
}

/** The message could not be read where we keep it: nobody else is at fault, and nothing of it went out. */
export class ContentUnreadable extends Error {
  readonly failure: Failure;
  constructor(why: string) {
    super(why);
    const message = `The message could not be read: ${why}`;
    this.failure = { kind: 'stopped', code: 'CONTENT_UNREADABLE', message };
  }
}

/** Throws `ContentUnreadable`, here and from `body`. */
export async function openContent(content: OutgoingMail['content']): Promise<OpenedContent> {
  const chunks = canonical(Buffer.isBuffer(content) ? slices(content) : content());
  let head: Buffer = Buffer.alloc(0);
  for (;;) {
    const next = await chunks.next();
    if (next.done !== true) head = Buffer.concat([head, next.value]);
    const end = head.subarray(0, 2).toString('latin1') === '\r\n' ? -2 : head.indexOf('\r\n\r\n');
    if (end >= 0 || end === -2) {
      const at = end + 2;
      return { fields: readHeaderBlock(head.subarray(0, at)), body: after(head.subarray(at), chunks) };
    }
    if (next.done === true)
      return { fields: readHeaderBlock(head), body: after(Buffer.from('\r\n'), chunks) };
    if (head.length > HEADER_MAX) throw new ContentUnreadable('its header does not end');
  }
}

async function* after(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  yield* rest;
}

/** RFC 5321 §2.3.8: lines end with CRLF and nothing else does. The last line is closed. */
async function* canonical(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
  let heldCr = false;
  let last = '\n';
  for await (const chunk of readable(chunks)) {
    let text: string = (heldCr ? '\r' : '') + chunk.toString('latin1');
    heldCr = text.endsWith('\r');
    if (heldCr) text = text.slice(0, -1);
    if (text === '') continue;
    const clean = text.replaceAll('\0', '').replace(/\r\n|\r|\n/g, '\r\n');
    last = clean.at(-1) ?? last;
    yield Buffer.from(clean, 'latin1');
  }
  if (heldCr || last !== '\n') yield Buffer.from('\r\n');
}

async function* readable(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } catch (error) {
    throw new ContentUnreadable(error instanceof Error ? error.message : String(error));
  }
}

function* slices(content: Buffer): Generator<Buffer> {
  for (let from = 0; from < content.length; from += SLICE) yield content.subarray(from, from + SLICE);
}
