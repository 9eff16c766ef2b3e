/**
 * Addresses and mailboxes towards people: read from the API's shapes, shown in lists, and checked for a name that
 * pretends to be another address.
 * Next: header.ts
 */
import { parseAddress, type Address, type AddressOptions } from './address.ts';
import { displayDomain } from './domain.ts';
import { describeCharacter, findControl } from './text.ts';

/** A display name with an address. */
export interface Mailbox {
  /** 1–200 characters without control characters; absent when there is none. */
  readonly name?: string;
  readonly address: Address;
}

export type MailboxResult =
  { readonly ok: true; readonly mailbox: Mailbox } | { readonly ok: false; readonly message: string };

const NAME_MAX = 200;

/** Reads the API's address: a bare address, or an object with a name. A `Name <a@b>` string is refused on purpose. */
export function parseMailbox(
  value: string | { readonly name?: string | undefined; readonly address: string },
  options: AddressOptions = {},
): MailboxResult {
  const parsed = parseAddress(typeof value === 'string' ? value : value.address, options);
  if (!parsed.ok) return parsed;
  const { address } = parsed;
  const given = typeof value === 'string' ? undefined : value.name;
  if (given === undefined) return { ok: true, mailbox: { address } };
  if (given.length > NAME_MAX * 2) return { ok: false, message: tooLong(given.length) };
  const control = findControl(given);
  if (control !== undefined)
    return { ok: false, message: `has a name that holds ${describeCharacter(given, control)}` };
  const name = given.toWellFormed().normalize('NFC').trim();
  const length = [...name].length;
  if (length > NAME_MAX) return { ok: false, message: tooLong(length) };
  return { ok: true, mailbox: name === '' ? { address } : { name, address } };
}

/** The address for people: the domain in its own script unless its scripts are mixed (I6). Never for the wire. */
export function displayAddress(address: Address): string {
  return `${address.local}@${displayDomain(address.domain)}`;
}

/**
 * Why a display name may deceive (I6): it holds an address, or a domain that is not the address's own.
 * Undefined when it looks honest. A sentence for a person; whether to warn or refuse is the caller's choice.
 */
export function nameWarning(mailbox: Mailbox): string | undefined {
  const name = mailbox.name
    ?.normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{Cf}]/gu, '');
  if (name === undefined) return undefined;
  const own = mailbox.address.domain;
  if (name.includes('@')) {
    return name === `${mailbox.address.local.toLowerCase()}@${own}`
      ? undefined
      : 'The name holds an @, as if it were another address.';
  }
  for (const word of name.split(/[^\p{L}\p{N}.-]+/u)) {
    const found = DOMAIN_LIKE.exec(word)?.[0];
    if (found === undefined || found === own || own.endsWith(`.${found}`) || found.endsWith(`.${own}`))
      continue;
    return `The name holds the domain “${found}”, but the address is at “${own}”.`;
  }
  return undefined;
}

// A word that ends like a domain name: a dot and at least two letters.
const DOMAIN_LIKE = /^[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,24}$/u;

function tooLong(length: number): string {
  return `has a name of ${String(length)} characters; at most ${String(NAME_MAX)} are allowed`;
}
