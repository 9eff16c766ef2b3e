/**
 * The settings of one connection: a single schema for the file and for the API.
 * In JSON the names are camelCase and secrets are plain text; in the file they are snake_case and a secret may say
 * where it is (`secret-reference.ts`).
 * Next: schema.ts
 */
import { z } from 'zod';
import {
  commonShape,
  literalKey,
  literalSecret,
  pool,
  rate,
  referencedSecret,
  timeouts,
} from './connection-fields.ts';
import { choice, factsOf, fieldsOf, table, type FieldRole } from './fields.ts';
import { graphTable, mailboxSettings, pickupSettings } from './other-settings.ts';
import { smtpTable } from './smtp-settings.ts';

export const CONNECTION_TYPES = ['smtp', 'graph', 'pickup', 'mailbox'] as const;
const typeError = { error: () => `expected one of ${CONNECTION_TYPES.join(', ')}` };

const smtpSettings = smtpTable(literalSecret, literalKey);
const graphSettings = graphTable(literalSecret);

/** Settings as the API takes them; secrets are always literal. */
export const connectionSettings = z.discriminatedUnion(
  'type',
  [smtpSettings, graphSettings, pickupSettings, mailboxSettings],
  typeError,
);

/** Settings as the file and the environment declare them; secrets are references. */
export const declaredConnection = z.discriminatedUnion(
  'type',
  [
    smtpTable(referencedSecret, referencedSecret),
    graphTable(referencedSecret),
    pickupSettings,
    mailboxSettings,
  ],
  typeError,
);

export type SmtpSettings = z.output<typeof smtpSettings>;
export type MailboxSettings = z.output<typeof mailboxSettings>;
export type GraphSettings = z.output<typeof graphSettings>;
export type PickupSettings = z.output<typeof pickupSettings>;
export type ConnectionSettings = SmtpSettings | GraphSettings | PickupSettings | MailboxSettings;
export type DeclaredConnection = z.output<typeof declaredConnection>;

/** A change of settings: absent keeps, `null` clears (back to the default), a value sets; of `timeouts`, `pool` and `rate` each key by itself. */
export const connectionPatch = table({
  ...nullable(pickupSettings.shape),
  ...nullable(graphSettings.shape),
  ...nullable(smtpSettings.shape),
  type: z.exactOptional(choice(CONNECTION_TYPES)),
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

export const SECRET_FIELDS = [
  'password',
  'clientSecret',
  'refreshToken',
  'serviceAccount',
  'clientKey',
  'proxyPassword',
] as const;
export type SecretField = (typeof SECRET_FIELDS)[number];

/** The secrets that a kind of connection can have. */
export function secretFieldsOf(type: ConnectionSettings['type']): readonly SecretField[] {
  const kind = connectionSettings.options.find(({ shape }) => shape.type.safeParse(type).success);
  return kind === undefined ? [] : SECRET_FIELDS.filter((name) => name in kind.shape);
}

/** Fields that decide where and how a secret is sent: a change of one makes stored secrets of the connection unusable (K1). */
export const DESTINATION_FIELDS: readonly string[] = fieldsWithRole('destination');

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
