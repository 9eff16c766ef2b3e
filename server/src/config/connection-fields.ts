/**
 * The fields that kinds of connections are put together from. Every field says whether it is a secret, decides where a
 * secret is sent (K1), or neither. What is not given is no part of a secret's seal, so a `destination` field that is
 * added later must be optional and without default: then secrets stored before it stay usable.
 * Next: smtp-settings.ts
 */
import { z } from 'zod';
import {
  choice,
  field,
  flag,
  integer,
  listOf,
  table,
  text,
  type FieldFacts,
  type FieldRole,
} from './fields.ts';
import { parseSecretReference, type SecretReference } from './secret-reference.ts';

type ConnectionField = FieldFacts & { readonly role: FieldRole };

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const HOST = /^(?=.{1,253}$)(?:[^\s/:@[\]<>"'\\\u0000-\u001f\u007f]+|(?=.*:.*:)[\da-fA-F:.]+)$/;
export const SENDER_PATTERN = /^[^\s@<>",;\u0000-\u001f\u007f]*@[^\s@<>",;\u0000-\u001f\u007f]+$/;
const LINE = /^[^\u0000-\u001f\u007f]+$/;
const CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[\s\S]+-----END/;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[\s\S]+-----END/;
const NO_NUL = /^[^\0]+$/;
// https only, no user data, no fragment: a secret is sent there (S6)
const HTTPS_URL = /^https:\/\/[^\s/@?#\\]+(?:\/[^\s#\\]*)?$/;
const DIRECTORY = /^[A-Za-z\d](?:[A-Za-z\d.-]{0,251}[A-Za-z\d])?$/;
// RFC 6749 §3.3: a scope token is any printable ASCII without space, quote and backslash
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,500}$/;
const DATE = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;
const DAY_MS = 86_400_000;

/** A field with its role. */
export function of<S extends z.ZodType>(schema: S, role: FieldRole, doc: string): S {
  const about: ConnectionField = { role, doc };
  return field(schema, about);
}

/** Text on one line, such as a user name. */
export const line = (expected: string) => text(LINE, expected);
export const certificates = () => text(CERTIFICATE, 'certificates in PEM form');
export const hostName = (expected: string) => text(HOST, expected);
export const httpsUrl = () => text(HTTPS_URL, 'an https:// address without user name and fragment');

/** Fields of every kind of connection. */
export const commonShape = {
  name: of(
    text(NAME, 'lower-case letters, digits and hyphens, 1 to 63 of them'),
    'other',
    'How people and programs name the connection.',
  ),
  senders: of(
    listOf(text(SENDER_PATTERN, 'an address or "@domain"')).default([]),
    'other',
    'Addresses or `@domain`s it may send as; none means any.',
  ),
  priority: of(integer(0, 1_000_000).default(100), 'other', 'Lower is tried first.'),
  notes: of(z.exactOptional(z.string().max(10_000)), 'other', 'Free text for people.'),
};

/** Fields of every kind that sends over a network. */
export const networkShape = () => ({
  ca: of(
    z.exactOptional(certificates()),
    'destination',
    'Authorities trusted besides those of the system, PEM.',
  ),
  timeouts: of(timeouts().prefault({}), 'other', 'Deadlines of the phases.'),
  pool: of(pool().prefault({}), 'other', 'Connections kept open.'),
  rate: of(rate().prefault({}), 'other', 'Most messages in a time; nothing means no limit.'),
  secretExpiresOn: of(
    z.exactOptional(text(DATE, 'a date such as "2027-05-31"')),
    'other',
    'Day on which the password or client secret ends at the provider; a reminder comes before.',
  ),
});

/** How an access token is fetched: OAuth2 of SMTP and of Microsoft Graph. */
export function tokenShape<S extends z.ZodType>(secret: S) {
  return {
    tenantId: of(
      z.exactOptional(text(DIRECTORY, 'a directory id or domain')),
      'destination',
      'Microsoft directory (tenant) id; names the token endpoint when `tokenUrl` is not given.',
    ),
    clientId: of(
      z.exactOptional(line('a client id without control characters')),
      'destination',
      'Client id of the application that was registered with the provider.',
    ),
    clientSecret: of(z.exactOptional(secret), 'secret', 'Client secret of that application.'),
    tokenUrl: of(z.exactOptional(httpsUrl()), 'destination', 'Token endpoint of the provider.'),
    scopes: of(
      z.exactOptional(listOf(text(SCOPE, 'a scope without spaces')).max(20)),
      'destination',
      'Scopes to ask for; those that the provider needs for sending when not given.',
    ),
  };
}

// RFC 5321 §4.5.3.2 asks for 5 minutes per command and 10 for the final dot; commands get less because a job, not a
// person, waits, and a retry is cheap before the final dot.
export function timeouts() {
  return table({
    connectMs: of(integer(100, DAY_MS).default(30_000), 'other', 'Resolving and connecting, ms.'),
    greetingMs: of(integer(100, DAY_MS).default(60_000), 'other', 'Until the greeting, ms.'),
    commandMs: of(integer(100, DAY_MS).default(60_000), 'other', 'Each command, ms.'),
    dataMs: of(integer(100, DAY_MS).default(600_000), 'other', 'The content, and again its reply, ms.'),
  });
}

export function pool() {
  return table({
    connections: of(integer(1, 1_000).default(5), 'other', 'Most connections open at one time.'),
    messages: of(
      integer(1, 1_000_000).default(1_000),
      'other',
      'Messages after which a connection is closed.',
    ),
    idleMs: of(
      integer(0, DAY_MS).default(30_000),
      'other',
      'Idle time after which a connection is closed, ms.',
    ),
  });
}

const rateLimit = (period: string) =>
  of(z.exactOptional(integer(1, 1_000_000_000)), 'other', `Most messages started in one ${period}.`);

export function rate() {
  return table({
    perSecond: rateLimit('second'),
    perMinute: rateLimit('minute'),
    perHour: rateLimit('hour'),
    perDay: rateLimit('day'),
  });
}

export const tlsVersion = () => choice(['1.2', '1.3']).default('1.2');
export const verifyFlag = () =>
  of(
    flag().default(true),
    'destination',
    'Whether the certificate must be trusted and carry the right name.',
  );

export const literalSecret = text(NO_NUL, 'text without NUL'); // RFC 4616 §2: no NUL in a password
export const literalKey = text(PRIVATE_KEY, 'a private key in PEM form');

/** A secret as the operator writes it. A private key's form is checked when it is read. */
export const referencedSecret = z
  .string({ error: 'expected text: the secret, env:NAME or file:/path' })
  .transform((written, context): SecretReference => {
    const parsed = parseSecretReference(written);
    if (!('error' in parsed)) return parsed;
    context.addIssue(parsed.error);
    return z.NEVER;
  });

/** Says which field is at fault and why, in a rule between fields. */
export type Refuse = (path: string, message: string) => void;

/** Rules between fields. The values may be of the wrong type: their own fields have said so by then. */
export function rules(check: (value: Readonly<Record<string, unknown>>, refuse: Refuse) => void) {
  return (value: Readonly<Record<string, unknown>>, context: z.core.$RefinementCtx): void => {
    check(value, (path, message) => {
      context.addIssue({ code: 'custom', path: [path], message });
    });
  };
}
