/**
 * Whom mail reaches and who set it off, in the form that is counted: one mailbox however its address is spelt, one
 * client however many addresses its network has.
 * Next: limits.ts
 */
import type { Address } from '../mail/mail.ts';

/** Providers that deliver `name+anything` to `name`. */
const PLUS = new Set(
  (
    'gmail.com outlook.com hotmail.com live.com msn.com icloud.com me.com mac.com ' +
    'fastmail.com fastmail.fm proton.me protonmail.com pm.me zoho.com mailbox.org posteo.de'
  ).split(' '),
);
/** Providers to whom dots before the @ say nothing. */
const DOTLESS = new Set(['gmail.com']);
/** The same mailbox under another domain. */
const SAME: Readonly<Record<string, string>> = {
  'googlemail.com': 'gmail.com',
  'protonmail.com': 'proton.me',
  'pm.me': 'proton.me',
  'me.com': 'icloud.com',
  'mac.com': 'icloud.com',
};

/**
 * The mailbox behind an address, as far as its provider is known for more than one spelling. For counting only: mail
 * goes to the address as it was given.
 */
export function mailboxKey({ local, domain }: Address): string {
  const host = SAME[domain] ?? domain;
  const name = local.toLowerCase().normalize('NFC');
  const plain = PLUS.has(domain) || PLUS.has(host) ? (name.split('+', 1)[0] ?? name) : name;
  const short = DOTLESS.has(host) ? plain.replaceAll('.', '') : plain;
  return `${short === '' ? name : short}@${host}`;
}

const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;

/** The network that one client has to itself: an IPv4 address, or the first 64 bits of IPv6 (RFC 6177 §2). */
export function clientNetwork(address: string): string {
  const bare = address.split('%', 1)[0] ?? '';
  const mapped = MAPPED.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  if (!bare.includes(':')) return bare;
  const [head = '', tail] = bare.toLowerCase().split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = after.some((group) => group.includes('.')) ? after.length + 1 : after.length;
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - groups);
  const all = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
