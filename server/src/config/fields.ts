/**
 * The words in which a setting is declared: a zod schema with its facts (what it does, unit, secret, live) attached.
 * Messages name what was expected and never repeat a secret's value.
 * Next: connection-settings.ts
 */
import { z } from 'zod';
import { nearName } from './near-name.ts';
import { formatDuration, formatSize, parseDuration, parseSize } from './units.ts';

/** What a field means for a stored credential: it is one, it says where one is sent (K1), or neither. */
export type FieldRole = 'secret' | 'destination' | 'other';

/** How a value is written: decides how text of an environment variable is read and what the documentation says. */
export type FieldKind =
  'text' | 'integer' | 'boolean' | 'choice' | 'list' | 'duration' | 'size' | 'address' | 'table';

export interface FieldFacts {
  /** One sentence for a person. */
  readonly doc: string;
  /** Changes of a running server take effect without a restart. */
  readonly live?: boolean;
  readonly role?: FieldRole;
  /** The default as documentation shows it, where the schema does not hold it. */
  readonly shownDefault?: string;
}

const facts = z.registry<FieldFacts>();
const kinds = z.registry<{ kind: FieldKind }>();

/** Attaches the facts of a setting to its schema. Call it last: wrapping a schema afterwards would lose them. */
export function field<S extends z.ZodType>(schema: S, about: FieldFacts): S {
  const described = schema.describe(about.doc);
  facts.add(described, about);
  return described;
}

export function factsOf(schema: z.core.$ZodType): FieldFacts | undefined {
  return facts.get(schema);
}

/** The schema inside optional and default wrappers, with the default on the way if there is one. */
export function unwrap(schema: z.core.$ZodType): {
  inner: z.core.$ZodType;
  defaultValue?: unknown;
  required: boolean;
} {
  let inner = schema;
  let defaultValue: unknown;
  let required = true;
  for (;;) {
    if (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
      defaultValue = inner.def.defaultValue;
      required = false;
    } else if (inner instanceof z.ZodOptional || inner instanceof z.ZodExactOptional) {
      required = false;
    } else if (!(inner instanceof z.ZodNullable)) {
      return defaultValue === undefined ? { inner, required } : { inner, required, defaultValue };
    }
    inner = inner.def.innerType;
  }
}

export function kindOf(schema: z.core.$ZodType): FieldKind {
  const { inner } = unwrap(schema);
  const declared = kinds.get(inner);
  if (declared !== undefined) return declared.kind;
  if (inner instanceof z.ZodNumber) return 'integer';
  if (inner instanceof z.ZodBoolean) return 'boolean';
  if (inner instanceof z.ZodEnum || inner instanceof z.ZodLiteral) return 'choice';
  if (inner instanceof z.ZodArray) return 'list';
  if (inner instanceof z.ZodObject || inner instanceof z.ZodDiscriminatedUnion) return 'table';
  return 'text';
}

/** The named fields of a table schema; for one that comes in several kinds, of all kinds together. */
export function fieldsOf(schema: z.core.$ZodType): ReadonlyMap<string, z.core.$ZodType> {
  const { inner } = unwrap(schema);
  if (inner instanceof z.ZodObject) return new Map(Object.entries(inner.shape));
  if (!(inner instanceof z.ZodDiscriminatedUnion)) return new Map();
  return new Map(inner.options.toReversed().flatMap((option) => [...fieldsOf(option)])); // the first kind's win
}

/** The values a choice allows. */
export function choicesOf(schema: z.core.$ZodType): readonly string[] {
  const { inner } = unwrap(schema);
  if (inner instanceof z.ZodEnum) return inner.options.map(String);
  return inner instanceof z.ZodLiteral ? [...inner.values].map(String) : [];
}

/** Non-empty text without control characters, matching `form`; `expected` says what that is. */
export function text(form: RegExp, expected: string) {
  return z.string({ error: explainIssue }).regex(form, { error: `expected ${expected}` });
}

/** A whole number between two bounds, both allowed. */
export function integer(least: number, most: number) {
  return z
    .int({ error: explainIssue })
    .min(least, { error: explainIssue })
    .max(most, { error: explainIssue });
}

export function flag() {
  return z.boolean({ error: explainIssue });
}

export function choice<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: explainIssue });
}

export function listOf<S extends z.ZodType>(item: S) {
  return z.array(item, { error: explainIssue });
}

/** A duration of at least `leastMs`; the value is in ms. */
export function duration(leastMs: number) {
  return quantity(
    'duration',
    parseDuration,
    formatDuration,
    leastMs,
    'a duration such as "90s", "10m" or "72h"',
  );
}

/** A size of at least `leastBytes`; the value is in bytes. */
export function size(leastBytes: number) {
  return quantity('size', parseSize, formatSize, leastBytes, 'a size such as "25MB" or "64MiB"');
}

/** Host and port of a listener, written `127.0.0.1:8025` or `[::1]:8025`. */
export function listenAddress() {
  const schema = z.unknown().transform((value, context) => {
    const [, host, port] =
      (typeof value === 'string' && /^(\[[\da-fA-F:.]+\]|[^\s:/]+):(\d{1,5})$/.exec(value)) || [];
    if (host !== undefined && port !== undefined && Number(port) <= 65_535) {
      return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
    }
    context.addIssue(
      `expected a host and a port such as "127.0.0.1:8025" or "[::1]:8025", got ${nameValue(value)}`,
    );
    return z.NEVER;
  });
  kinds.add(schema, { kind: 'address' });
  return schema;
}

const NETWORK_FORM = /^([\da-fA-F:.]+?)(?:\/(\d{1,3}))?$/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

/** An IP address, or a network of them in CIDR form (RFC 4632 §3.1). */
export function network() {
  return text(/./, 'an address or a network such as "10.0.0.0/8"').refine(
    (value) => {
      const [, address = '', bits] = NETWORK_FORM.exec(value) ?? [];
      if (IPV4.test(address)) return Number(bits ?? 32) <= 32;
      return address.includes(':') && URL.canParse(`http://[${address}]/`) && Number(bits ?? 128) <= 128;
    },
    { error: 'expected an address or a network such as "10.0.0.0/8"' },
  );
}

/** A table that refuses fields it does not know and says which known one is near. */
export function table<S extends z.core.$ZodLooseShape>(
  shape: S,
  explainUnknown?: (name: string) => string | undefined,
) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => explainUnknown?.(key) ?? unknownField(key, Object.keys(shape))).join('; ')
        : explainIssue(issue),
  });
}

/** `unknown field "hots": did you mean "host"?` */
export function unknownField(name: string, known: Iterable<string>): string {
  const near = nearName(name, known);
  return `unknown field "${name}"${near === undefined ? '' : `: did you mean "${near}"?`}`;
}

/** What zod found, in our words. Values appear only where they are one of a closed set. */
export function explainIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'missing: this field is required';
      return `expected ${TYPE_NAMES[issue.expected] ?? issue.expected}, got ${nameType(issue.input)}`;
    case 'invalid_value':
      return `expected one of ${issue.values.map(String).join(', ')}; got ${nameValue(issue.input, issue.values)}`;
    case 'too_small':
      if (issue.origin === 'array') return `needs at least ${String(issue.minimum)} entry`;
      return issue.origin === 'string' ? 'must not be empty' : `must be at least ${String(issue.minimum)}`;
    case 'too_big':
      if (issue.origin === 'string') return `must not be longer than ${String(issue.maximum)} characters`;
      return `must be at most ${String(issue.maximum)}`;
    default:
      return undefined;
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a table',
};

function quantity(
  kind: 'duration' | 'size',
  parse: (value: unknown) => number | undefined,
  format: (amount: number) => string,
  least: number,
  expected: string,
) {
  const schema = z.unknown().transform((value, context): number => {
    const amount = parse(value);
    if (amount === undefined) context.addIssue(`expected ${expected}, got ${nameValue(value)}`);
    else if (amount < least) context.addIssue(`must be at least ${format(least)}`);
    return amount ?? 0;
  });
  kinds.add(schema, { kind });
  return schema;
}

function nameValue(value: unknown, known: readonly unknown[] = []): string {
  if (value === undefined) return 'nothing';
  if (typeof value !== 'string') return nameType(value);
  const near = nearName(value, known.map(String));
  return `${JSON.stringify(value.slice(0, 60))}${near === undefined ? '' : ` (did you mean "${near}"?)`}`;
}

function nameType(value: unknown): string {
  if (value === null) return 'null';
  if (value instanceof Date) return 'a date';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'text';
    case 'number':
    case 'bigint':
      return 'a number';
    case 'boolean':
      return 'true or false';
    case 'object':
      return 'a table';
    default:
      return 'nothing';
  }
}
