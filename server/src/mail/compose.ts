/**
 * A message as bytes. The fields that hold what people wrote (addresses, names, subject, extra headers) are written by
 * header-text.ts from typed values; the MIME tree below them (parts, boundaries, file names, encodings) is nodemailer's.
 * This is the only file that imports the library, and it uses the tree synchronously instead of the library's streams:
 * every content is bytes already in memory, so no path can reach a file or a URL (I4), and a short message takes a
 * fraction of the time.
 * Promises: the same input gives the same bytes; CRLF only; no line over 998 octets (I7); Bcc is never written.
 * Next: classify.ts
 */
import MailComposer from 'nodemailer/lib/mail-composer';
import type MimeNode from 'nodemailer/lib/mime-node';
import { encode as encodeQuotedPrintable, wrap } from 'nodemailer/lib/qp';
import { assert } from '../base/assert.ts';
import { cleanFilename, parseContentType } from './attachment.ts';
import type { Mailbox } from './display-address.ts';
import { cleanHeaderText, encodeMailboxes, encodeText, foldHeader, needUtf8 } from './header-text.ts';

export interface Attachment {
  /** Shown to the recipient; a path and control characters are taken off. */
  readonly filename: string;
  /** As `parseContentType` takes it. */
  readonly contentType: string;
  readonly content: Buffer;
  /** Content id for `cid:` links of the HTML part; makes the attachment part of the page (RFC 2387). */
  readonly cid?: string;
}

export interface Content {
  readonly from: Mailbox;
  readonly sender?: Mailbox;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly replyTo?: readonly Mailbox[];
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  readonly attachments: readonly Attachment[];
  /** As `checkHeader` takes them; written in this order. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** With its angle brackets, from `newMessageId`. */
  readonly messageId: string;
  readonly date: Date;
  /** Makes the boundaries; one per message, such as its id. Letters and digits of it are used. */
  readonly boundarySeed: string;
  /** Writes `Auto-Submitted: auto-generated` (RFC 3834 §5), so that nobody's absence note answers. */
  readonly autoSubmitted?: boolean;
}

export interface Composed {
  /** The whole message, lines ended by CRLF, not dot-stuffed. */
  readonly raw: Buffer;
  /** A header holds UTF-8 (RFC 6532): the server must offer SMTPUTF8. */
  readonly utf8Headers: boolean;
  /** The body holds bytes over 127. Never so now: every part is encoded to 7 bits; here for the day that changes. */
  readonly eightBit: boolean;
}

/** Base64 lines of 76 characters hold this many bytes (RFC 2045 §6.8). */
const BASE64_LINE_BYTES = 57;
/** Longer lines are encoded; the limit the library has for 7bit text. */
const PLAIN_LINE_MAX = 76;
/** Bytes of an attachment encoded before other work gets its turn: about 5 ms. */
const SLICE_BYTES = BASE64_LINE_BYTES * 16_384;

/** Composes one message. Throws only when a value was not checked before (`parseContentType`, `checkHeader`). */
export async function composeMessage(content: Content): Promise<Composed> {
  const others = [...(content.sender === undefined ? [] : [content.sender]), ...(content.replyTo ?? [])];
  const utf8Headers = [[content.from], others, content.to, content.cc].some(needUtf8);
  const plain = writePlain(content);
  const head = `${writeHeaders(content).join('\r\n')}\r\n`;
  const raw = plain === undefined ? await composeTree(content, head) : Buffer.from(head + plain);
  return { raw, utf8Headers, eightBit: false };
}

/** The way every message can go: our fields, then the library's tree. */
export async function composeTree(content: Content, head: string): Promise<Buffer> {
  const chunks: Buffer[] = [Buffer.from(head)];
  await writeNode(compile(content), chunks);
  return Buffer.concat(chunks);
}

/**
 * The shortest way, for the mail that must be quickest, a code in plain ASCII lines: the same bytes as the library
 * gives, without building a tree for one part. Undefined for anything that needs an encoding or a second part.
 */
function writePlain(content: Content): string | undefined {
  if (content.html !== undefined || content.attachments.length > 0) return undefined;
  if (typeof content.text !== 'string' || !/^[\t\r\n\u0020-\u007e]+$/.test(content.text)) return undefined;
  const text = cleanBody(content.text);
  let from = 0;
  for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n', from)) {
    if (end - from > PLAIN_LINE_MAX) return undefined;
    from = end + 2;
  }
  if (text.length - from > PLAIN_LINE_MAX) return undefined;
  const date = content.date.toUTCString().replace('GMT', '+0000');
  return `Message-ID: ${content.messageId}\r\nDate: ${date}\r\nContent-Transfer-Encoding: 7bit\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}${text.endsWith('\r\n') ? '' : '\r\n'}`;
}

/** The fields we write; Message-ID, Date, MIME-Version and Content-* follow from the library's root node. */
function writeHeaders(content: Content): string[] {
  const fields: string[] = [foldHeader('From', encodeMailboxes([content.from]))];
  if (content.sender !== undefined) fields.push(foldHeader('Sender', encodeMailboxes([content.sender])));
  if (content.replyTo !== undefined && content.replyTo.length > 0) {
    fields.push(foldHeader('Reply-To', encodeMailboxes(content.replyTo)));
  }
  if (content.to.length > 0) fields.push(foldHeader('To', encodeMailboxes(content.to)));
  if (content.cc.length > 0) fields.push(foldHeader('Cc', encodeMailboxes(content.cc)));
  // RFC 5322 §3.4: an empty group, when everyone is a blind copy.
  if (content.to.length + content.cc.length === 0) fields.push('To: undisclosed-recipients:;');
  const subject = cleanHeaderText(content.subject);
  if (subject !== '') fields.push(foldHeader('Subject', encodeText(subject)));
  if (content.autoSubmitted === true) fields.push('Auto-Submitted: auto-generated');
  for (const { name, value } of content.headers) {
    assert(/^[A-Za-z0-9-]{1,64}$/.test(name), 'a header name was not checked');
    fields.push(foldHeader(name, encodeText(cleanHeaderText(value))));
  }
  return fields;
}

/** The library's MIME tree; it sees bodies, attachments, identity and boundaries, and no address at all. */
function compile(content: Content): MimeNode {
  const text = content.text === undefined ? undefined : cleanBody(content.text);
  const html = content.html === undefined ? undefined : cleanBody(content.html);
  const composer = new MailComposer({
    ...(text === undefined ? {} : { text }),
    ...(html === undefined ? {} : { html }),
    attachments: content.attachments.map(writeAttachment),
    messageId: content.messageId,
    date: content.date,
    baseBoundary: chooseBoundary(content.boundarySeed, [text ?? '', html ?? '']),
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: '\r\n',
  });
  return composer.compile();
}

function writeAttachment(attachment: Attachment): {
  filename?: string;
  contentType: string;
  content: Buffer;
  cid?: string;
} {
  const type = parseContentType(attachment.contentType);
  assert(type.ok, 'a content type was not checked');
  assert(Buffer.isBuffer(attachment.content), 'an attachment holds no bytes');
  const filename = cleanFilename(attachment.filename);
  const cid =
    attachment.cid === undefined
      ? ''
      : attachment.cid.replace(/[^A-Za-z0-9.!#$&'*+/=?^_{|}~@-]/g, '').slice(0, 200);
  return {
    ...(filename === '' ? {} : { filename }),
    contentType: type.contentType,
    content: attachment.content,
    ...(cid === '' ? {} : { cid }),
  };
}

/** Line ends as CRLF, lone surrogates as U+FFFD. */
function cleanBody(text: string): string {
  const clean = text.toWellFormed();
  return /[\r\n]/.test(clean) ? clean.replace(/\r\n|\r|\n/g, '\r\n') : clean;
}

/** A boundary base that no body contains (RFC 2046 §5.1.1). */
function chooseBoundary(seed: string, bodies: readonly string[]): string {
  let base = seed.replace(/[^A-Za-z0-9]/g, '').slice(0, 36);
  while (bodies.some((body) => body.includes(`-${base}-`))) base += 'x';
  return base;
}

/** Appends headers, content and children of a node; the root's first header line follows ours. */
async function writeNode(node: MimeNode, chunks: Buffer[]): Promise<void> {
  const headers = `${node.buildHeaders()}\r\n\r\n`;
  if (typeof node.multipart !== 'string') {
    await writeLeaf(node, headers, chunks);
    return;
  }
  chunks.push(Buffer.from(headers));
  const boundary = String(node.boundary);
  let first = true;
  for (const child of node.childNodes) {
    chunks.push(Buffer.from(`${first ? '' : '\r\n'}--${boundary}\r\n`));
    first = false;
    await writeNode(child, chunks);
  }
  chunks.push(Buffer.from(`\r\n--${boundary}--\r\n`));
}

async function writeLeaf(node: MimeNode, headers: string, chunks: Buffer[]): Promise<void> {
  const { content } = node;
  assert(typeof content === 'string' || Buffer.isBuffer(content), 'a part holds neither text nor bytes');
  if (node.getTransferEncoding() === 'base64') {
    chunks.push(Buffer.from(headers));
    chunks.push(await encodeBase64(Buffer.isBuffer(content) ? content : Buffer.from(content)));
    return;
  }
  assert(typeof content === 'string', 'bytes of an attachment go out as base64');
  const encoded =
    node.getTransferEncoding() === 'quoted-printable' ? wrap(encodeQuotedPrintable(content)) : content;
  chunks.push(Buffer.from(`${headers}${encoded}${encoded === '' || encoded.endsWith('\r\n') ? '' : '\r\n'}`));
}

/** Base64 in lines of 76, straight into one buffer; lets other work run between slices. */
async function encodeBase64(content: Buffer): Promise<Buffer> {
  const lines = Math.ceil(content.length / BASE64_LINE_BYTES);
  const out = Buffer.allocUnsafe(Math.ceil(content.length / 3) * 4 + lines * 2);
  let at = 0;
  for (let from = 0; from < content.length; from += BASE64_LINE_BYTES) {
    if (from > 0 && from % SLICE_BYTES === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    at += out.write(content.toString('base64', from, from + BASE64_LINE_BYTES), at, 'latin1');
    out[at] = 13;
    out[at + 1] = 10;
    at += 2;
  }
  assert(at === out.length, 'the length of base64 was foreseen');
  return out;
}
