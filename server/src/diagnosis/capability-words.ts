/**
 * What a server offers after EHLO, in words for people.
 * Next: queue-id.ts
 */
import type { Reply } from '../mail/mail.ts';
import { parseCapabilities } from '../smtp/smtp.ts';

export interface Offers {
  readonly names: readonly string[];
  readonly auth: readonly string[];
  /** Octets; absent without a limit. */
  readonly sizeMax: number | undefined;
  readonly table: readonly { readonly name: string; readonly parameters: string; readonly meaning: string }[];
}

const MEANINGS: Readonly<Record<string, string>> = {
  STARTTLS: 'The line can be encrypted (RFC 3207).',
  PIPELINING: 'Several commands may be sent at once, which saves time (RFC 2920).',
  CHUNKING: 'Messages may be sent in measured pieces (RFC 3030).',
  BINARYMIME: 'Attachments may be sent without encoding (RFC 3030).',
  '8BITMIME': 'Text with accents may be sent without encoding (RFC 6152).',
  SMTPUTF8: 'Addresses may have letters of any script (RFC 6531).',
  DSN: 'Delivery reports can be asked for (RFC 3461).',
  ENHANCEDSTATUSCODES: 'Replies carry a detailed status such as 5.1.1 (RFC 2034).',
  REQUIRETLS: 'A message can insist on encryption at every further step (RFC 8689).',
  LIMITS: 'The server says how much it takes in one go (RFC 9422).',
  DELIVERBY: 'A message can name the time it must arrive by (RFC 2852).',
  'MT-PRIORITY': 'Messages can have a priority (RFC 6710).',
  FUTURERELEASE: 'The server can send a message later (RFC 4865).',
  VRFY: 'Addresses can be asked for.',
  ETRN: 'Waiting mail can be fetched (RFC 1985).',
  HELP: 'The server explains its commands.',
};

const MB = 1024 * 1024;

/** Reads an answer to EHLO. */
export function capabilitiesOf(reply: Reply): Offers {
  const { keywords, auth, sizeMax } = parseCapabilities(reply);
  return {
    names: [...keywords.keys()],
    auth,
    sizeMax,
    table: [...keywords].map(([name, parameters]) => ({
      name,
      parameters,
      meaning: meaningOf(name, auth, sizeMax),
    })),
  };
}

function meaningOf(name: string, auth: readonly string[], sizeMax: number | undefined): string {
  if (name === 'SIZE')
    return sizeMax === undefined
      ? 'The size of a message is told first; there is no limit (RFC 1870).'
      : `A message may have up to ${megabytes(sizeMax)} (RFC 1870).`;
  if (name === 'AUTH')
    return `One can sign in with ${auth.join(', ') || 'nothing that is known'} (RFC 4954).`;
  return MEANINGS[name] ?? (name.startsWith('X') ? 'An extension of this server.' : 'No common extension.');
}

export function megabytes(octets: number): string {
  const mb = octets / MB;
  return mb >= 10 || Number.isInteger(mb) ? `${String(Math.round(mb))} MB` : `${mb.toFixed(1)} MB`;
}

const SHOWN = ['STARTTLS', 'SIZE', 'PIPELINING', 'CHUNKING', 'DSN', 'SMTPUTF8', 'REQUIRETLS'];

/** What matters most, in one line; after TLS only how one can sign in, when that is offered. */
export function capabilityLine({ auth, names, sizeMax }: Offers, again: boolean): string {
  const signIn = auth.length === 0 ? [] : [`AUTH ${auth.join(' ')}`];
  if (again && signIn.length > 0) return signIn.join(' ');
  const size = sizeMax === undefined ? 'SIZE' : `SIZE=${String(sizeMax)}`;
  const rest = SHOWN.filter((name) => names.includes(name)).map((name) => (name === 'SIZE' ? size : name));
  return [...rest, ...signIn].join(' ') || 'no extensions';
}
