/**
 * From flags, environment, file and defaults (in this order of strength) to one frozen `Config`, or to every reason
 * why not, each with its place.
 * Next: watch.ts
 */
import { resolve } from 'node:path';
import type { z } from 'zod';
import { parseConfigFile, readConfigFile, type FileLayer } from './config-file.ts';
import { splitHint, type ConfigProblem, type Origin } from './config-problem.ts';
import { readEnvironment, settingPaths, type Environment, type Override } from './environment.ts';
import { showPath, toFileName, type Path } from './paths.ts';
import { configSchema, type Config } from './schema.ts';
import { findWarnings } from './warnings.ts';

/** Options of the command line that set something, and what. `data` is not a setting but moves the data folder. */
const FLAG_PATHS = {
  http: ['server', 'http'],
  publicUrl: ['server', 'publicUrl'],
  logLevel: ['log', 'level'],
  database: ['database', 'url'],
  keyFile: ['secrets', 'keyFile'],
  mode: ['delivery', 'mode'],
} as const;

export type ConfigFlags = { readonly [K in keyof typeof FLAG_PATHS | 'data']?: string };

export interface ConfigInput {
  /** The file to read; must exist. Without it `POSTHORN_CONFIG`, else `posthorn.toml` if it is there. */
  readonly file?: string;
  readonly env: Environment;
  readonly flags: ConfigFlags;
  /** Folder that relative names start at; the working folder when absent. */
  readonly cwd?: string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** The data folder: `--data`, `POSTHORN_DATA`, `./data`. */
  readonly dataDir: string;
  /** Who set a setting; `path` in either spelling. */
  origin(path: string): Origin;
  readonly warnings: readonly ConfigProblem[];
  /** The file that was read, as it was named. */
  readonly file?: string;
}

export type LoadResult =
  | { readonly ok: true; readonly loaded: LoadedConfig }
  | { readonly ok: false; readonly errors: readonly ConfigProblem[] };

const DEFAULT_FILE = 'posthorn.toml';

/** Reads everything now. Touches nothing but the files it reads. */
export function loadConfig(input: ConfigInput): LoadResult {
  const cwd = input.cwd ?? process.cwd();
  const dataDir = input.flags.data ?? nonEmpty(input.env['POSTHORN_DATA']) ?? './data';
  const schema = configSchema(dataDir.replace(/(?<=.)\/+$/, ''));

  const named = input.file ?? nonEmpty(input.env['POSTHORN_CONFIG']);
  const file = named ?? DEFAULT_FILE;
  const read = readConfigFile(resolve(cwd, file));
  const absent = !read.ok && named === undefined && read.code === 'ENOENT';
  const errors: ConfigProblem[] = [];
  if (!read.ok && !absent) errors.push({ path: '', file, message: `the file cannot be read: ${read.code}` });

  const layer = parseConfigFile(read.ok ? read.text : '', file, schema);
  const environment = readEnvironment(input.env, schema, cwd);
  const overrides = [...environment.overrides, ...flagOverrides(input.flags)]; // later ones win
  errors.push(...layer.problems, ...environment.errors, ...applyOverrides(layer.values, overrides));

  const parsed = schema.safeParse(layer.values);
  if (!parsed.success) {
    const explain = issueExplainer(schema, layer, overrides, file);
    errors.push(...parsed.error.issues.map(explain));
  }
  if (!parsed.success || errors.length > 0) return { ok: false, errors: errors.toSorted(byPlace) };

  const config: Config = deepFreeze(parsed.data);
  const origin = originFinder(layer, overrides, file);
  const warnings = [
    ...environment.warnings,
    ...findWarnings(config, origin, read.ok && read.othersMayRead ? file : undefined),
  ];
  return { ok: true, loaded: { config, dataDir, origin, warnings, ...(read.ok ? { file } : {}) } };
}

/** Flags and variables first, then the file from top to bottom. */
function byPlace(a: ConfigProblem, b: ConfigProblem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

function flagOverrides(flags: ConfigFlags): Override[] {
  return Object.entries(FLAG_PATHS).flatMap(([name, path]) => {
    const value = flags[name as keyof typeof FLAG_PATHS]; // Object.entries forgets the key type
    return value === undefined ? [] : [{ path, value, where: flagName(name) }];
  });
}

function flagName(name: string): string {
  return `--${toFileName(name).replace('_', '-')}`;
}

/** Writes each override into `values`. A table that the file spoiled stays spoiled, so that the schema refuses it. */
function applyOverrides(values: Record<string, unknown>, overrides: readonly Override[]): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const { path, value, where } of overrides) {
    let parent: unknown = values;
    for (const [index, step] of path.slice(0, -1).entries()) {
      if (Array.isArray(parent) && typeof step === 'number' && step > parent.length) {
        const message = `there is no entry ${String(step - 1)} before it`;
        problems.push({
          path: showPath(path.slice(0, index + 1)),
          where,
          message,
          hint: 'entries are numbered from 0 without gaps',
        });
        parent = undefined;
      }
      parent = childTable(parent, step, typeof path[index + 1] === 'number');
    }
    if (isObject(parent)) Reflect.set(parent, path.at(-1) ?? '', value);
  }
  return problems;
}

function childTable(parent: unknown, step: string | number, isList: boolean): unknown {
  if (!isObject(parent)) return undefined;
  const existing: unknown = Reflect.get(parent, step);
  if (existing !== undefined) return existing;
  const made: unknown = isList ? [] : {};
  Reflect.set(parent, step, made);
  return made;
}

/** Turns what zod found into a problem: our names, in the file's spelling, with the place. */
function issueExplainer(
  schema: z.core.$ZodType,
  layer: FileLayer,
  overrides: readonly Override[],
  file: string,
) {
  const names = new Set(settingPaths(schema, []).flat().map(String));
  const inFileSpelling = (text: string) =>
    text.replace(/\b[a-z]+(?:[A-Z][a-z]+)+\b/g, (word) => (names.has(word) ? toFileName(word) : word));

  return (issue: z.core.$ZodIssue): ConfigProblem => {
    const steps = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    const path =
      issue.code === 'unrecognized_keys' && issue.keys[0] !== undefined ? [...steps, issue.keys[0]] : steps;
    const text = { path: showPath(path), ...splitHint(inFileSpelling(issue.message)) };
    const override = findOverride(overrides, path);
    if (override !== undefined) return { ...text, where: override.where };
    const place = layer.locate(path);
    if (place !== undefined) return { ...text, file, line: place.line, column: place.column };
    const sibling = overrides.find((other) => startsWith(other.path, path.slice(0, -1)));
    return { ...text, ...(sibling === undefined ? {} : { where: sibling.where }) };
  };
}

function originFinder(layer: FileLayer, overrides: readonly Override[], file: string) {
  return (name: string): Origin => {
    const path = [...name.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, word = '']) =>
      index === undefined ? toCamel(word) : Number(index),
    );
    const override = findOverride(overrides, path);
    if (override !== undefined) {
      return { source: override.where.startsWith('--') ? 'flag' : 'environment', where: override.where };
    }
    const place = layer.locate(path);
    if (place?.exact !== true) return { source: 'default' };
    return { source: 'file', where: `${file}:${String(place.line)}:${String(place.column)}` };
  };
}

/** The strongest override of this setting or of the list that it is an entry of. */
function findOverride(overrides: readonly Override[], path: Path): Override | undefined {
  return overrides.findLast((override) => startsWith(path, override.path));
}

function startsWith(path: Path, start: Path): boolean {
  return start.length <= path.length && start.every((step, index) => path[index] === step);
}

function toCamel(word: string): string {
  return word.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function deepFreeze<T>(value: T): T {
  if (isObject(value)) for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
