/**
 * Host text from outside becomes a name or an address here, or is refused.
 * Promises that nothing reaches the resolver which a C library would read as a number: `127.1`, `0x7f000001`,
 * `2130706433`, `0177.0.0.1`, full-width digits, ideographic full stops. An address is written the usual way or not at all.
 * Next: address-kind.ts
 */
import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import ipaddr from 'ipaddr.js';

export type Host =
  /** A-labels in lower case; keeps one trailing dot, which tells the resolver to skip its search list. */
  | { readonly kind: 'name'; readonly name: string }
  /** Dotted quad, or IPv6 text in the form of RFC 5952, without zone. */
  | { readonly kind: 'address'; readonly address: string; readonly family: 4 | 6 };

const NAME_MAX = 253;

/** RFC 1123 §2.1, and the underscore: no host name by the letter, but container networks make such names. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** What `inet_aton` would read as the last part of an IPv4 address: decimal, octal or hex. */
const NUMERIC_LABEL = /^(?:[0-9]+|0x[0-9a-f]*)$/;

/** Letters, digits and marks of any script, and the three signs of a name. Leaves out every look-alike of the dot. */
const NAME_SOURCE = /^[\p{L}\p{N}\p{M}._-]+$/u;

/** The host that `text` names; `undefined` when it is neither a name nor a plainly written address. */
export function parseHost(text: string): Host | undefined {
  if (isIPv4(text)) return { kind: 'address', address: text, family: 4 };
  if (isIPv6(text)) {
    if (text.includes('%')) return undefined; // a zone means this machine's own links
    return { kind: 'address', address: ipaddr.IPv6.parse(text).toRFC5952String(), family: 6 };
  }
  const name = toAscii(text);
  return name === undefined || !isName(name) ? undefined : { kind: 'name', name };
}

/** The name without the dot of an absolute name, as certificates and policies spell it. */
export function withoutFinalDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

function toAscii(text: string): string | undefined {
  // `domainToASCII` follows the URL standard and would decode %41 and read 127.1; so only plain letters get there.
  if (text.length > NAME_MAX || !NAME_SOURCE.test(text)) return undefined;
  const lower = text.toLowerCase();
  return /^[\x21-\x7e]+$/.test(lower) ? lower : domainToASCII(text);
}

function isName(name: string): boolean {
  const bare = withoutFinalDot(name);
  if (bare.length > NAME_MAX) return false;
  const labels = bare.split('.');
  return labels.every((label) => LABEL.test(label)) && !NUMERIC_LABEL.test(labels.at(-1) ?? '');
}
