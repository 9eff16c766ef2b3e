/**
 * The one address type. Text from outside becomes an `Address` here or is refused here; everything after this file,
 * the MIME library included, only ever sees what `serializeAddress` writes.
 *
 * One value holds one address: no display name, comment, group, route, address literal or encoded-word, no control or
 * invisible character. Of the characters RFC 5322 allows in a local part two are refused: `%` and `!`, because some
 * relays still read them as "send it on to that other host", which would walk around every check made on the domain.
 * Next: domain.ts
 */
import { parseDomain } from './domain.ts';
import { describeCharacter, findUnseen, wellFormedNfc } from './text.ts';

/** An address that was parsed and may be put on the wire as it is. Made by `parseAddress` only. */
export interface Address {
  /** Local part, unquoted text; may hold non-ASCII characters (RFC 6531). */
  readonly local: string;
  /** Domain as A-labels in lower case (RFC 5891), never a literal. */
  readonly domain: string;
  readonly __parsed: 'address';
}

export type AddressResult =
  { readonly ok: true; readonly address: Address } | { readonly ok: false; readonly message: string };

export interface AddressOptions {
  /** Take a quoted local part such as `"john smith"@example.com`. Off by default: few servers handle it well. */
  readonly quotedLocal?: boolean;
  /** Take a domain without a dot, such as `root@localhost` on an internal relay. */
  readonly singleLabel?: boolean;
}

/** Octets, RFC 5321 §4.5.3.1.1. */
const LOCAL_OCTETS_MAX = 64;
/** Octets of the whole address: a path is at most 256 with its angle brackets, RFC 5321 §4.5.3.1.3. */
const ADDRESS_OCTETS_MAX = 254;
/** UTF-16 units looked at before anything else; the longest good input (an all-escaped quoted part, a wide domain) is shorter. */
const INPUT_MAX = 1024;

// RFC 5322 §3.2.3 atext without `%` and `!`. Both classes are disjoint from the dot, so there is one way to match.
const PLAIN =
  /^([a-z0-9#$&'*+\-/=?^_`{|}~]+(?:\.[a-z0-9#$&'*+\-/=?^_`{|}~]+)*)@((?:[a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{1,62})$/i;
const ATEXT_OR_DOT = /[A-Za-z0-9#$&'*+\-/=?^_`{|}~.\u0080-\u{10ffff}]/u;
const DOT_ATOM = /^[^\s.()<>[\]:;@\\,"]+(?:\.[^\s.()<>[\]:;@\\,"]+)*$/;

/**
 * Reads one address. The message of a refusal says what is wrong and where (characters count from 1), for a person;
 * it repeats no control character.
 */
export function parseAddress(text: string, options: AddressOptions = {}): AddressResult {
  const plain = text.length <= ADDRESS_OCTETS_MAX ? PLAIN.exec(text) : null;
  if (plain?.[1] !== undefined && plain[2] !== undefined) {
    return finish(plain[1], plain[2], options);
  }
  if (text.length > INPUT_MAX)
    return refuse(`is ${String(text.length)} characters long; an address has at most 254`);
  const normal = wellFormedNfc(text);
  if (normal === undefined) return refuse('holds half of a surrogate pair, which is no character');
  if (normal === '') return refuse('is empty');
  const unseen = findUnseen(normal);
  if (unseen !== undefined) return refuse(`holds ${describeCharacter(normal, unseen)}`);
  if (/[<>]/.test(normal))
    return refuse('is more than an address; give the bare address, and the name in its own field');
  const at = normal.lastIndexOf('@');
  if (at < 0) return refuse('has no @');
  if (at === 0) return refuse('has nothing before the @');
  if (normal.indexOf('@') !== at && !normal.startsWith('"'))
    return refuse('has more than one @; give one address per value');
  if (at === normal.length - 1) return refuse('has nothing after the @');
  const local = readLocal(normal.slice(0, at), options);
  return local.ok ? finish(local.text, normal.slice(at + 1), options, at + 1) : local;
}

/** RFC 5321 §4.1.2 Mailbox: what goes between `<` and `>` on the wire; quoted only when it must be. */
export function serializeAddress(address: Address): string {
  return `${serializeLocal(address.local)}@${address.domain}`;
}

/** The local part as it is written before the `@`. */
export function serializeLocal(local: string): string {
  return DOT_ATOM.test(local) ? local : `"${local.replace(/["\\]/g, '\\$&')}"`;
}

/** Whether the address can go to a server without SMTPUTF8 (RFC 6531 §3.2). Only a local part can prevent it. */
export function isAsciiAddress(address: Address): boolean {
  return /^[\x00-\x7f]*$/.test(address.local);
}

/**
 * The key under which two spellings of one mailbox meet: suppression, limits, duplicates within a message.
 * Local parts are case-sensitive by RFC 5321 §2.4, but no mailbox in use tells them apart.
 */
export function addressKey(address: Address): string {
  return `${address.local.toLowerCase().normalize('NFC')}@${address.domain}`;
}

function finish(local: string, domainText: string, options: AddressOptions, offset = 0): AddressResult {
  if (local.includes('=?') || local.includes('?=')) {
    return refuse(
      'holds the mark of an encoded-word (=? or ?=) before the @, which is for display names only',
    );
  }
  const octets = Buffer.byteLength(serializeLocal(local));
  if (octets > LOCAL_OCTETS_MAX) {
    return refuse(
      `has ${String(octets)} octets before the @; at most ${String(LOCAL_OCTETS_MAX)} are allowed`,
    );
  }
  const domain = parseDomain(domainText, { singleLabel: options.singleLabel === true, offset });
  if (!domain.ok) return domain;
  const whole = octets + 1 + domain.domain.length;
  if (whole > ADDRESS_OCTETS_MAX) {
    return refuse(`is ${String(whole)} octets long; an address has at most ${String(ADDRESS_OCTETS_MAX)}`);
  }
  const address = { local, domain: domain.domain } as Address; // the only place that makes one
  return { ok: true, address };
}

type LocalResult =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string };

function readLocal(local: string, options: AddressOptions): LocalResult {
  if (local.startsWith('"')) {
    if (options.quotedLocal !== true) return refuse('has a quoted part before the @, which is not accepted');
    return readQuoted(local);
  }
  let before = '.';
  let index = 0;
  for (const char of local) {
    if (!ATEXT_OR_DOT.test(char)) return refuse(`holds ${describeCharacter(local, index)}${hint(char)}`);
    if (char === '.' && before === '.') {
      return refuse(
        index === 0 ? 'starts with a dot' : `has two dots in a row (character ${String(index + 1)})`,
      );
    }
    before = char;
    index += char.length;
  }
  return before === '.' ? refuse('has a dot just before the @') : { ok: true, text: local };
}

/** RFC 5321 §4.1.2 Quoted-string, without what a careless relay could read as a second address. */
function readQuoted(local: string): LocalResult {
  if (local.length < 3 || !local.endsWith('"'))
    return refuse('has a quoted part that is empty or does not end before the @');
  let text = '';
  for (let index = 1; index < local.length - 1; index += 1) {
    let char = local.charAt(index);
    if (char === '"') return refuse(`has a quote inside the quoted part (character ${String(index + 1)})`);
    if (char === '\\') {
      index += 1;
      if (index >= local.length - 1) return refuse('has a quoted part that does not end before the @');
      char = local.charAt(index);
    }
    if ('@%!<>'.includes(char))
      return refuse(`holds ${describeCharacter(local, index)} inside the quoted part`);
    text += char;
  }
  return { ok: true, text };
}

function hint(char: string): string {
  if (char === '%' || char === '!') return '; some servers read it as a route to another host';
  if (char === ',' || char === ';') return '; give one address per value';
  return '';
}

function refuse(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}
