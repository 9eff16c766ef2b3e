/**
 * The settings of one connection: a single schema for the file and for the API.
 * In JSON the names are camelCase and secrets are plain text; in the file they are snake_case and a secret may say
 * where it is (`secret-reference.ts`). Every field says whether it is a secret, decides where a secret is sent, or neither.
 * Next: schema.ts
 */
import { z } from 'zod';
import {
  choice,
  factsOf,
  field,
  fieldsOf,
  flag,
  integer,
  listOf,
  table,
  text,
  unknownField,
  type FieldFacts,
  type FieldRole,
} from './fields.ts';
import { parseSecretReference, type SecretReference } from './secret-reference.ts';

type ConnectionField = FieldFacts & { readonly role: FieldRole };

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const HOST = /^(?=.{1,253}$)(?:[^\s/:@[\]<>"'\\\u0000-\u001f\u007f]+|(?=.*:.*:)[\da-fA-F:.]+)$/;
const DOMAIN_OR_LITERAL =
  /^(?!localhost\.?$)(?=.{1,253}$)(?:(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)*[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?|\[[\da-f:.IPv]+\])$/i;
export const SENDER_PATTERN = /^[^\s@<>",;\u0000-\u001f\u007f]*@[^\s@<>",;\u0000-\u001f\u007f]+$/;
const LINE = /^[^\u0000-\u001f\u007f]+$/;
const NO_NUL = /^[^\0]+$/;
const CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[\s\S]+-----END/;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[\s\S]+-----END/;
const DAY_MS = 86_400_000;

function of<S extends z.ZodType>(schema: S, role: FieldRole, doc: string): S {
  const about: ConnectionField = { role, doc };
  return field(schema, about);
}

/** Fields of every kind of connection. */
const commonShape = {
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

const rateLimit = (period: string) =>
  of(z.exactOptional(integer(1, 1_000_000_000)), 'other', `Most messages started in one ${period}.`);

/** The schema of SMTP settings, with `secret` for a password and `secretKey` for a private key. */
function smtpTable<S extends z.ZodType, K extends z.ZodType>(secret: S, secretKey: K) {
  return table({
    type: of(z.literal('smtp').optional().default('smtp'), 'destination', 'What kind of connection this is.'),
    ...commonShape,
    host: of(
      text(HOST, 'a host name or an IP address, without scheme and port'),
      'destination',
      'Name or address of the server.',
    ),
    port: of(
      z.exactOptional(integer(1, 65_535)),
      'destination',
      'Port; 465 for `implicit`, else 587, when not given.',
    ),
    security: of(
      choice(['none', 'auto', 'implicit', 'starttls', 'starttls-when-available']).default('starttls'),
      'destination',
      'How the line is protected.',
    ),
    auth: of(
      choice(['anonymous', 'password']).default('anonymous'),
      'destination',
      'Whether to sign in. A user name alone never makes it sign in.',
    ),
    username: of(
      z.exactOptional(text(LINE, 'a user name without control characters')),
      'destination',
      'User name to sign in with.',
    ),
    password: of(z.exactOptional(secret), 'secret', 'Password to sign in with.'),
    allowPlaintextAuth: of(
      flag().default(false),
      'destination',
      'Allows signing in without verified TLS, to a private address only.',
    ),
    ehloName: of(
      z.exactOptional(text(DOMAIN_OR_LITERAL, 'a domain name or an address literal, and not "localhost"')),
      'other',
      'Name to greet the server with (EHLO); the name of this machine when not given.',
    ),
    minTls: of(choice(['1.2', '1.3']).default('1.2'), 'destination', 'Oldest TLS version allowed.'),
    verify: of(
      flag().default(true),
      'destination',
      'Whether the certificate must be trusted and carry the right name.',
    ),
    ca: of(
      z.exactOptional(text(CERTIFICATE, 'certificates in PEM form')),
      'destination',
      'Authorities trusted besides those of the system, PEM.',
    ),
    clientCert: of(
      z.exactOptional(text(CERTIFICATE, 'certificates in PEM form')),
      'other',
      'Certificate to show to the server, PEM.',
    ),
    clientKey: of(z.exactOptional(secretKey), 'secret', 'Private key of `clientCert`, PEM.'),
    serverName: of(
      z.exactOptional(text(HOST, 'a host name')),
      'destination',
      'Name for SNI and in the certificate, when it is not the host.',
    ),
    timeouts: of(timeouts().prefault({}), 'other', 'Deadlines of the phases.'),
    pool: of(pool().prefault({}), 'other', 'Connections kept open.'),
    rate: of(rate().prefault({}), 'other', 'Most messages in a time; nothing means no limit.'),
  }).superRefine(crossFields, { when: () => true });
}

// RFC 5321 §4.5.3.2 asks for 5 minutes per command and 10 for the final dot; commands get less because a job, not a
// person, waits, and a retry is cheap before the final dot.
function timeouts() {
  return table({
    connectMs: of(integer(100, DAY_MS).default(30_000), 'other', 'Resolving and connecting, ms.'),
    greetingMs: of(integer(100, DAY_MS).default(60_000), 'other', 'Until the greeting, ms.'),
    commandMs: of(integer(100, DAY_MS).default(60_000), 'other', 'Each command, ms.'),
    dataMs: of(integer(100, DAY_MS).default(600_000), 'other', 'The content, and again its reply, ms.'),
  });
}

function pool() {
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

function rate() {
  return table({
    perSecond: rateLimit('second'),
    perMinute: rateLimit('minute'),
    perHour: rateLimit('hour'),
    perDay: rateLimit('day'),
  });
}

const literalSecret = text(NO_NUL, 'text without NUL'); // RFC 4616 §2: no NUL in a password
const literalKey = text(PRIVATE_KEY, 'a private key in PEM form');

/** A secret as the operator writes it. A private key's form is checked when it is read. */
const referencedSecret = z
  .string({ error: 'expected text: the secret, env:NAME or file:/path' })
  .transform((written, context): SecretReference => {
    const parsed = parseSecretReference(written);
    if (!('error' in parsed)) return parsed;
    context.addIssue(parsed.error);
    return z.NEVER;
  });

const smtpSettings = smtpTable(literalSecret, literalKey);
const declaredSmtp = smtpTable(referencedSecret, referencedSecret);

const mailboxSettings = table(
  { type: of(z.literal('mailbox'), 'destination', 'What kind of connection this is.'), ...commonShape },
  (name) =>
    name in smtpSettings.shape
      ? `a mailbox connection has no "${name}": it keeps mail here and connects nowhere`
      : unknownField(name, Object.keys(commonShape)),
);

const typeError = { error: () => 'expected one of smtp, mailbox' };

/** Settings as the API takes them; secrets are always literal. */
export const connectionSettings = z.discriminatedUnion('type', [smtpSettings, mailboxSettings], typeError);

/** Settings as the file and the environment declare them; secrets are references. */
export const declaredConnection = z.discriminatedUnion('type', [declaredSmtp, mailboxSettings], typeError);

export type SmtpSettings = z.output<typeof smtpSettings>;
export type MailboxSettings = z.output<typeof mailboxSettings>;
export type ConnectionSettings = SmtpSettings | MailboxSettings;
export type DeclaredConnection = z.output<typeof declaredConnection>;

/** A change of settings: absent keeps, `null` clears (back to the default), a value sets; of `timeouts`, `pool` and `rate` each key by itself. */
export const connectionPatch = table({
  ...nullable(smtpSettings.shape),
  type: z.exactOptional(choice(['smtp', 'mailbox'])),
  timeouts: z.exactOptional(z.nullable(table(nullable(timeouts().shape)))),
  pool: z.exactOptional(z.nullable(table(nullable(pool().shape)))),
  rate: z.exactOptional(z.nullable(table(nullable(rate().shape)))),
});
export type ConnectionPatch = z.output<typeof connectionPatch>;

/**
 * The settings that `patch` asks for, not yet checked: give them to `connectionSettings`.
 * A change of type keeps only what both types have.
 */
export function applyConnectionPatch(
  current: ConnectionSettings,
  patch: ConnectionPatch,
): Record<string, unknown> {
  const sameType = patch.type === undefined || patch.type === current.type;
  const kept = Object.entries(current).filter(([name]) => sameType || name in commonShape);
  return merge(Object.fromEntries(kept), patch);
}

/** The port to connect to: the one that is set, or the usual one for the kind of security (RFC 8314 §3.3, RFC 6409 §3.1). */
export function connectionPort(settings: { port?: number; security: SmtpSettings['security'] }): number {
  return settings.port ?? (settings.security === 'implicit' ? 465 : 587);
}

/** What a top-level field means for a stored credential; undefined for a field that nobody classified. */
export function classifyField(name: string): FieldRole | undefined {
  const schema = fieldsOf(connectionSettings).get(name);
  return schema === undefined ? undefined : factsOf(schema)?.role;
}

const fieldsWithRole = (role: FieldRole): readonly string[] =>
  [...fieldsOf(connectionSettings).keys()].filter((name) => classifyField(name) === role);

export const SECRET_FIELDS: readonly SecretField[] = (['password', 'clientKey'] as const).filter(
  (name) => classifyField(name) === 'secret',
);
export type SecretField = 'password' | 'clientKey';

/** Fields that decide where and how a secret is sent: a change of one makes stored secrets of the connection unusable (K1). */
export const DESTINATION_FIELDS: readonly string[] = fieldsWithRole('destination');

/** Rules between fields. The values may be of the wrong type: their own fields have said so by then. */
function crossFields(value: Readonly<Record<string, unknown>>, context: z.core.$RefinementCtx): void {
  const refuse = (path: string, message: string) => {
    context.addIssue({ code: 'custom', path: [path], message });
  };
  if (value['auth'] === 'password' && value['username'] === undefined) {
    refuse('username', 'missing: signing in with a password needs a user name');
  }
  if (value['auth'] === 'password' && value['security'] === 'none' && value['allowPlaintextAuth'] === false) {
    refuse(
      'security',
      'signing in without TLS shows the password to the network; allow it by allowPlaintextAuth',
    );
  }
  if (value['clientKey'] !== undefined && value['clientCert'] === undefined) {
    refuse('clientCert', 'missing: a client key needs its certificate');
  }
}

/** The shape of a patch: no field is required, none has a default, and `null` clears each. */
function nullable<S extends Readonly<Record<string, z.core.$ZodType>>>(shape: S) {
  return Object.fromEntries(
    Object.entries(shape).map(([name, schema]) => [
      name,
      z.exactOptional(z.nullable(withoutDefault(schema))),
    ]),
  ) as { [K in keyof S]: z.ZodExactOptional<z.ZodNullable<WithoutDefault<S[K]>>> };
}

type WithoutDefault<S> = S extends
  z.ZodDefault<infer I> | z.ZodPrefault<infer I> | z.ZodExactOptional<infer I>
  ? I
  : S;

function withoutDefault(schema: z.core.$ZodType): z.core.$ZodType {
  const wrapped =
    schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodExactOptional;
  return wrapped ? schema.def.innerType : schema;
}

function merge(current: Readonly<Record<string, unknown>>, patch: Readonly<Record<string, unknown>>) {
  const merged: Record<string, unknown> = { ...current };
  for (const [name, value] of Object.entries(patch)) {
    const before = merged[name];
    if (value === null) delete merged[name];
    else if (isTable(value)) merged[name] = merge(isTable(before) ? before : {}, value);
    else merged[name] = value;
  }
  return merged;
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
