/**
 * Which header fields a caller may add to a message, and with which values (I2). An allow-list: whatever identifies,
 * routes or frames a message is written by Posthorn from typed values and can be neither set nor forged here.
 * Next: header-text.ts
 */
import { describeCharacter, findControl } from './text.ts';

export type HeaderCheck = { readonly ok: true } | { readonly ok: false; readonly message: string };

/** Octets of a line without CRLF, RFC 5322 §2.1.1. The name, the colon and a space count. */
const LINE_OCTETS_MAX = 998;
const NAME = /^[A-Za-z0-9-]{1,64}$/;
const ALLOWED_PREFIXES = ['x-', 'list-'];
/** Fields outside those prefixes that say something about the content and decide nothing. */
const ALLOWED = new Set([
  'accept-language',
  'comments',
  'feedback-id',
  'importance',
  'in-reply-to',
  'keywords',
  'organization',
  'precedence',
  'priority',
  'references',
  'require-recipient-valid-since',
  'sensitivity',
  'thread-index',
  'thread-topic',
]);
/** Fields that have a better place in a message. */
const OWN_FIELD: Readonly<Record<string, string>> = {
  subject: 'subject',
  from: 'from',
  to: 'to',
  cc: 'cc',
  bcc: 'bcc',
  'reply-to': 'replyTo',
};
// RFC 5322 §3.6.4: one or more message ids. No part can match in two ways, so the time is linear.
const MESSAGE_IDS = /^<[^<>\s@]+@[^<>\s@]+>(?: +<[^<>\s@]+@[^<>\s@]+>)*$/;

/** Whether a caller may add this field; if not, why, for a person. Nothing is repaired. */
export function checkHeader(name: string, value: string): HeaderCheck {
  return checkName(name) ?? checkValue(name, value) ?? { ok: true };
}

function checkName(name: string): HeaderCheck | undefined {
  if (!NAME.test(name)) return refuse('is no header name; use 1 to 64 letters, digits and hyphens');
  const key = name.toLowerCase();
  const field = Object.hasOwn(OWN_FIELD, key) ? OWN_FIELD[key] : undefined;
  if (field !== undefined) return refuse(`cannot be set as a header; use the field “${field}”`);
  if (key.startsWith('posthorn-')) return refuse('is reserved for Posthorn');
  if (ALLOWED.has(key) || ALLOWED_PREFIXES.some((prefix) => key.startsWith(prefix) && key !== prefix))
    return undefined;
  return refuse('cannot be set; allowed are X-…, List-…, In-Reply-To, References and a few others');
}

function checkValue(name: string, value: string): HeaderCheck | undefined {
  if (value.length + name.length + 2 > LINE_OCTETS_MAX) return refuse(tooLong());
  const control = findControl(value);
  if (control !== undefined) return refuse(`has a value that holds ${describeCharacter(value, control)}`);
  if (!value.isWellFormed())
    return refuse('has a value with half of a surrogate pair, which is no character');
  if (value.trim() === '') return refuse('has no value');
  if (Buffer.byteLength(value) + name.length + 2 > LINE_OCTETS_MAX) return refuse(tooLong());
  const key = name.toLowerCase();
  if ((key === 'in-reply-to' || key === 'references') && !isMessageIds(value)) {
    return refuse('must be one or more message ids such as <id@example.com>, separated by spaces');
  }
  return undefined;
}

function isMessageIds(value: string): boolean {
  return /^[\u0021-\u007e ]+$/.test(value) && MESSAGE_IDS.test(value);
}

function tooLong(): string {
  return `is longer than ${String(LINE_OCTETS_MAX)} octets with its name`;
}

function refuse(message: string): HeaderCheck {
  return { ok: false, message };
}
