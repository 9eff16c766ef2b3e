/**
 * The environment: `POSTHORN_DELIVERY__MODE=live` sets `delivery.mode`; lists are comma-separated; entries of a list of
 * tables have a number (`POSTHORN_CONNECTIONS__0__HOST`); `…_FILE` names a file that holds the value.
 * Next: load.ts
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { ConfigProblem } from './config-problem.ts';
import { SECRET_FIELDS } from './connection-settings.ts';
import { fieldsOf, kindOf, unwrap } from './fields.ts';
import { nearName } from './near-name.ts';
import { ENV_PREFIX, envName, showPath, toFileName, type Path } from './paths.ts';
import { errorCode, withoutLineEnd } from './secret-reference.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting from outside the file. */
export interface Override {
  readonly path: Path;
  readonly value: unknown;
  /** The variable or the flag. */
  readonly where: string;
}

export interface EnvironmentLayer {
  readonly overrides: readonly Override[];
  readonly errors: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

/** Variables with our prefix that are not settings: the loader's own, and those of the command line client. */
const NOT_SETTINGS = new Set(['CONFIG', 'DATA', 'URL', 'API_KEY', 'TENANT'].map((name) => ENV_PREFIX + name));

/** Reads every `POSTHORN_…` variable. Relative paths of `…_FILE` start at `folder`. */
export function readEnvironment(env: Environment, schema: z.core.$ZodType, folder: string): EnvironmentLayer {
  const overrides: Override[] = [];
  const errors: ConfigProblem[] = [];
  const warnings: ConfigProblem[] = [];
  const names = Object.keys(env).filter((name) => name.startsWith(ENV_PREFIX) && !NOT_SETTINGS.has(name));
  for (const where of names.toSorted()) {
    const read = readVariable(where, env[where] ?? '', schema, folder);
    if (read.kind === 'unknown') warnings.push(unknownVariable(where, schema));
    if (read.kind === 'refused') errors.push({ path: showPath(read.path), where, message: read.message });
    if (read.kind !== 'override') continue;
    const twin = overrides.find((other) => showPath(other.path) === showPath(read.path));
    if (twin === undefined) overrides.push({ path: read.path, value: read.value, where });
    else errors.push({ path: showPath(read.path), where, message: `set twice: ${twin.where} sets it too` });
  }
  return { overrides, errors, warnings };
}

type ReadVariable =
  | { readonly kind: 'override'; readonly path: Path; readonly value: unknown }
  | { readonly kind: 'refused'; readonly path: Path; readonly message: string }
  | { readonly kind: 'unknown' | 'unset' };

function readVariable(name: string, text: string, schema: z.core.$ZodType, folder: string): ReadVariable {
  const named = findSetting(name, schema);
  if (named !== undefined) return readValue(named, text);
  // `…_FILE` only after the name itself: `secrets.key_file` is a setting of its own.
  const inFile = name.endsWith('_FILE') ? findSetting(name.slice(0, -'_FILE'.length), schema) : undefined;
  if (inFile === undefined) return { kind: 'unknown' };
  if (text === '') return { kind: 'unset' };
  const file = resolve(folder, text);
  if (isReference(inFile.path)) return { kind: 'override', path: inFile.path, value: `file:${file}` };
  try {
    return readValue(inFile, withoutLineEnd(readFileSync(file, 'utf8')));
  } catch (error) {
    return { kind: 'refused', path: inFile.path, message: `${text} cannot be read: ${errorCode(error)}` };
  }
}

/** Secrets of connections are kept as references and read again at each use. */
function isReference(path: Path): boolean {
  return path[0] === 'connections' && SECRET_FIELDS.some((name) => name === path.at(-1));
}

function readValue(
  setting: { readonly path: Path; readonly schema: z.core.$ZodType },
  text: string,
): ReadVariable {
  const kind = kindOf(setting.schema);
  const { inner } = unwrap(setting.schema);
  const tables = kind === 'table' || (inner instanceof z.ZodArray && kindOf(inner.element) === 'table');
  if (tables) {
    const example = envName([...setting.path, ...(kind === 'table' ? [] : [0])]);
    return {
      kind: 'refused',
      path: setting.path,
      message: `holds several settings: set them one by one, ${example}__…`,
    };
  }
  if (text === '' && kind !== 'list') return { kind: 'unset' };
  return { kind: 'override', path: setting.path, value: fromText(setting.schema, text) };
}

/** Text as the value it would be in the file; what does not look right stays text, for the schema to refuse. */
function fromText(schema: z.core.$ZodType, text: string): unknown {
  switch (kindOf(schema)) {
    case 'integer':
    case 'duration':
    case 'size':
      return /^\d{1,15}$/.test(text.trim()) ? Number(text) : text.trim();
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'list':
      return readList(schema, text);
    case 'choice':
    case 'address':
      return text.trim();
    case 'text':
    case 'table':
      return text;
  }
}

function readList(schema: z.core.$ZodType, text: string): unknown[] {
  const { inner } = unwrap(schema);
  const entries = text.split(',').map((entry) => entry.trim());
  return entries
    .filter((entry) => entry !== '')
    .map((entry) => (inner instanceof z.ZodArray ? fromText(inner.element, entry) : entry));
}

/** Follows a variable's name down the schema. */
function findSetting(name: string, root: z.core.$ZodType) {
  const path: (string | number)[] = [];
  let schema = root;
  for (const step of name.slice(ENV_PREFIX.length).split('__')) {
    const { inner } = unwrap(schema);
    if (inner instanceof z.ZodArray && kindOf(inner.element) === 'table' && /^\d{1,3}$/.test(step)) {
      path.push(Number(step));
      schema = inner.element;
      continue;
    }
    const found = [...fieldsOf(inner)].find(([field]) => toFileName(field).toUpperCase() === step);
    if (found === undefined) return undefined;
    path.push(found[0]);
    schema = found[1];
  }
  return { path, schema };
}

function unknownVariable(where: string, schema: z.core.$ZodType): ConfigProblem {
  const near = nearName(where, [...NOT_SETTINGS, ...settingPaths(schema, []).map(envName)]);
  const message = 'unknown variable: it changes nothing';
  return { path: '', where, message, ...(near === undefined ? {} : { hint: `did you mean ${near}?` }) };
}

/** Every setting's path; lists of tables with the index 0. */
export function settingPaths(schema: z.core.$ZodType, path: Path): Path[] {
  const { inner } = unwrap(schema);
  if (inner instanceof z.ZodArray && kindOf(inner.element) === 'table')
    return settingPaths(inner.element, [...path, 0]);
  const fields = fieldsOf(inner);
  if (fields.size === 0) return [path];
  return [...fields].flatMap(([name, field]) => settingPaths(field, [...path, name]));
}
