/**
 * Text of people as header text: encoded-words where ASCII does not do (RFC 2047), quoted strings for names, and lines
 * folded at spaces. What goes in may be any string; what comes out is printable ASCII in lines of at most 998 octets,
 * except for addresses that were given as UTF-8 (RFC 6532).
 * Next: compose.ts
 */
import { isAsciiAddress, serializeAddress } from './address.ts';
import type { Mailbox } from './display-address.ts';

/** Soft limit of a line, RFC 5322 §2.1.1. */
const LINE_SOFT = 76;
/** Payload of an encoded-word; with its frame of 12 it stays well under the 75 of RFC 2047 §2, behind a name too. */
const WORD_PAYLOAD = 52;
/** A word longer than this cannot be folded as it is and is split into encoded-words instead. */
const WORD_MAX = 500;

const PRINTABLE = /^[\u0020-\u007e]*$/;
// RFC 5322 §3.2.3 atoms with single spaces between them: a name that needs no quotes.
const ATOMS = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?: [A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*$/;
// RFC 2047 §5 rule 3: the only characters that stand for themselves in every place.
const Q_LITERAL = /^[A-Za-z0-9!*+\-/]$/;

/** Replaces what no header can hold: lone surrogates become U+FFFD, control characters and line breaks one space. */
export function cleanHeaderText(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim();
}

/** A subject or another unstructured value. `text` is clean. */
export function encodeText(text: string): string {
  return PRINTABLE.test(text) && !text.includes('=?') && canFold(text) ? text : encodeWords(text);
}

/** Mailboxes as an address list (RFC 5322 §3.4), names encoded or quoted as they need. */
export function encodeMailboxes(mailboxes: readonly Mailbox[]): string {
  return mailboxes.map(encodeMailbox).join(', ');
}

/** Whether a header with these mailboxes can only be written as UTF-8, so that the server must take SMTPUTF8. */
export function needUtf8(mailboxes: readonly Mailbox[]): boolean {
  return mailboxes.some((mailbox) => !isAsciiAddress(mailbox.address));
}

/** One header field, folded before spaces (RFC 5322 §2.2.3), without the final CRLF. */
export function foldHeader(name: string, value: string): string {
  const whole = `${name}: ${value}`;
  if (whole.length <= LINE_SOFT) return whole;
  const lines: string[] = [];
  let line = '';
  // Each piece keeps the spaces in front of it, so unfolding gives the same value and no line is only spaces.
  for (const piece of whole.match(/ *[^ ]+/g) ?? []) {
    // The first value piece stays behind the name: some parsers stumble over an empty first line.
    if (line.length + piece.length > LINE_SOFT && line.length > name.length + 1) {
      lines.push(line);
      line = piece;
    } else {
      line += piece;
    }
  }
  lines.push(line);
  return lines.join('\r\n');
}

function encodeMailbox({ name, address }: Mailbox): string {
  const spec = serializeAddress(address);
  const clean = name === undefined ? '' : cleanHeaderText(name);
  if (clean === '') return spec.startsWith('"') ? `<${spec}>` : spec;
  return `${encodePhrase(clean)} <${spec}>`;
}

function encodePhrase(name: string): string {
  if (!PRINTABLE.test(name) || name.includes('=?') || !canFold(name)) return encodeWords(name);
  return ATOMS.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`;
}

/** Whether every piece between folding points is short enough. */
function canFold(text: string): boolean {
  return text.length <= WORD_MAX || (text.match(/ *[^ ]+/g) ?? []).every((piece) => piece.length <= WORD_MAX);
}

/** The whole text as encoded-words with a space between each two, which readers drop (RFC 2047 §6.2). */
function encodeWords(text: string): string {
  const bytes = Buffer.byteLength(text);
  let quoted = 0;
  const characters = [...text].map((char) => {
    const code = Q_LITERAL.test(char) ? char : char === ' ' ? '_' : percentless(char);
    quoted += code.length;
    return { char, code };
  });
  // Q stays readable; B is shorter for scripts that would be all escapes.
  const useQ = quoted <= Math.ceil(bytes / 3) * 4;
  const words: string[] = [];
  let word = '';
  let size = 0;
  for (const { char, code } of characters) {
    const cost = useQ ? code.length : Buffer.byteLength(char);
    if (size + cost > (useQ ? WORD_PAYLOAD : (WORD_PAYLOAD / 4) * 3)) {
      words.push(word);
      word = '';
      size = 0;
    }
    word += useQ ? code : char; // RFC 2047 §5: a character is never split over two words
    size += cost;
  }
  words.push(word);
  return words
    .map((part) => (useQ ? `=?utf-8?Q?${part}?=` : `=?utf-8?B?${Buffer.from(part).toString('base64')}?=`))
    .join(' ');
}

function percentless(char: string): string {
  return Buffer.from(char).toString('hex').toUpperCase().replace(/../g, '=$&');
}
