/**
 * The schema told to people: one entry per setting, for the documentation, and the running values with who set them.
 */
import { z } from 'zod';
import { declaredConnection } from './connection-settings.ts';
import type { Origin } from './config-problem.ts';
import { choicesOf, factsOf, fieldsOf, kindOf, unwrap, type FieldKind } from './fields.ts';
import type { LoadedConfig } from './load.ts';
import { envName, showPath, toFileName, type Path } from './paths.ts';
import { configSchema } from './schema.ts';
import { formatDuration, formatSize } from './units.ts';
import { describeSecretReference, type SecretReference } from './secret-reference.ts';

export interface SettingDescription {
  /** In the file's spelling, such as `delivery.allow_list`; entries of lists as `connections[].host`. */
  readonly key: string;
  /** The variable that sets it; `N` stands for the number of a list's entry. */
  readonly env: string;
  readonly type: string;
  /** As it would be written in the file; absent when there is none. */
  readonly default?: string;
  readonly required: boolean;
  readonly secret: boolean;
  /** A running server takes a change. */
  readonly live: boolean;
  readonly doc: string;
}

export interface SectionDescription {
  /** The header in the file: `[delivery]`, `[[connections]]`. */
  readonly header: string;
  readonly doc: string;
  readonly settings: readonly SettingDescription[];
}

/** Every section with every setting, in the order of the schema. */
export function describeConfig(): SectionDescription[] {
  return [...fieldsOf(schema)].map(([name, section]) => {
    const { inner } = unwrap(section);
    const isList = inner instanceof z.ZodArray;
    const header = isList ? `[[${toFileName(name)}]]` : `[${toFileName(name)}]`;
    const root = isList ? [name, '[]'] : [name];
    const fields = fieldsOf(isList ? inner.element : inner);
    const settings = [...fields].flatMap(([field, about]) => describe(about, [...root, field], true));
    return { header, doc: factsOf(section)?.doc ?? '', settings };
  });
}

/** One entry per setting that is compared and shown as a whole; lists of tables are one. */
export function settingFacts(): readonly SettingFacts[] {
  return facts;
}

export interface SettingFacts {
  readonly key: string;
  /** As in `Config`. */
  readonly path: readonly string[];
  readonly live: boolean;
  readonly kind: FieldKind;
}

export interface ExplainedSetting {
  readonly key: string;
  /** As it would be written in the file; a secret only says that it is set, or where it is. */
  readonly value: string;
  readonly origin: Origin;
}

/** What runs and who set it, one entry per setting that has a value. */
export function explainConfig({ config, origin }: LoadedConfig): ExplainedSetting[] {
  const explained: ExplainedSetting[] = [];
  const visit = (value: unknown, path: Path): void => {
    if (value === undefined) return;
    const key = showPath(path);
    const secretText = asSecret(value, key);
    if (secretText !== undefined) explained.push({ key, value: secretText, origin: origin(key) });
    else if (Array.isArray(value) && value.some((entry) => typeof entry === 'object')) {
      for (const [index, entry] of value.entries()) visit(entry, [...path, index]);
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value) && !kindByKey.has(key)) {
      for (const [name, entry] of Object.entries(value)) visit(entry, [...path, name]);
    } else explained.push({ key, value: asWritten(value, kindByKey.get(key)), origin: origin(key) });
  };
  visit(config, []);
  return explained;
}

const schema = configSchema('DATA');
const facts = [...fieldsOf(schema)].flatMap(([name, section]) => flatFacts(section, [name], true));
const kindByKey = new Map(facts.map((setting) => [setting.key, setting.kind]));

function flatFacts(
  schemaOfSetting: z.core.$ZodType,
  path: readonly string[],
  inheritedLive: boolean,
): SettingFacts[] {
  const about = factsOf(schemaOfSetting);
  const live = about?.live ?? inheritedLive;
  const fields = fieldsOf(schemaOfSetting);
  if (fields.size === 0) return [{ key: showPath(path), path, live, kind: kindOf(schemaOfSetting) }];
  return [...fields].flatMap(([name, field]) => flatFacts(field, [...path, name], live));
}

function describe(
  about: z.core.$ZodType,
  path: readonly string[],
  inheritedLive: boolean,
): SettingDescription[] {
  const told = factsOf(about);
  const live = told?.live ?? inheritedLive;
  const fields = fieldsOf(about);
  if (fields.size > 0) return [...fields].flatMap(([name, field]) => describe(field, [...path, name], live));
  const { defaultValue, required } = unwrap(about);
  const shown = told?.shownDefault ?? (defaultValue === undefined ? undefined : formatDefault(defaultValue));
  return [
    {
      key: showPath(path).replace('.[]', '[]'),
      env: envName(path).replace('__[]', '__N'),
      type: typeName(about),
      ...(shown === undefined ? {} : { default: shown }),
      required,
      secret: told?.role === 'secret',
      live,
      doc: told?.doc ?? '',
    },
  ];
}

const KIND_NAMES: Readonly<Record<Exclude<FieldKind, 'choice' | 'list'>, string>> = {
  text: 'text',
  integer: 'whole number',
  boolean: 'true or false',
  duration: 'duration',
  size: 'size',
  address: 'host:port',
  table: 'table',
};

function typeName(about: z.core.$ZodType): string {
  const kind = kindOf(about);
  const { inner } = unwrap(about);
  if (kind === 'choice') return connectionTypes(about) ?? choicesOf(about).join(' | ');
  if (kind === 'list') return inner instanceof z.ZodArray ? `list of ${typeName(inner.element)}` : 'list';
  return KIND_NAMES[kind];
}

/** `type` is one literal in each kind of connection; people choose between all of them. */
function connectionTypes(about: z.core.$ZodType): string | undefined {
  const options = declaredConnection.options.map((option) => option.shape.type);
  return options.some((option) => option === about) ? options.flatMap(choicesOf).join(' | ') : undefined;
}

function formatDefault(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(formatDefault).join(', ')}]` : JSON.stringify(value);
}

/** A parsed value back in the form that the file has. */
function asWritten(value: unknown, kind: FieldKind | undefined): string {
  if (
    kind === 'address' &&
    typeof value === 'object' &&
    value !== null &&
    'host' in value &&
    'port' in value
  ) {
    const host = String(value.host);
    return JSON.stringify(`${host.includes(':') ? `[${host}]` : host}:${String(value.port)}`);
  }
  if (kind === 'duration' && typeof value === 'number') return JSON.stringify(formatDuration(value));
  if (kind === 'size' && typeof value === 'number') return JSON.stringify(formatSize(value));
  return JSON.stringify(value);
}

function asSecret(value: unknown, key: string): string | undefined {
  if (isReference(value)) return describeSecretReference(value);
  if (key !== 'database.url' || typeof value !== 'string') return undefined;
  return JSON.stringify(
    value.replace(/^([a-z]+:\/\/[^/@:]*):.*@/, '$1:…@').replace(/([?&]password=)[^&]*/gi, '$1…'),
  );
}

function isReference(value: unknown): value is SecretReference {
  return typeof value === 'object' && value !== null && 'kind' in value;
}
