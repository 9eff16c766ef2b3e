/**
 * The file: TOML text to values under our names, with the place of each for messages.
 * Next: environment.ts
 */
import { readFileSync, statSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { splitHint, type ConfigProblem } from './config-problem.ts';
import { fieldsOf, unknownField, unwrap } from './fields.ts';
import { showPath, toFileName, type Path } from './paths.ts';
import { errorCode } from './secret-reference.ts';
import { locateToml, type TomlPositions } from './toml-positions.ts';

export interface FileLayer {
  /** Values under camelCase names, not yet checked. */
  readonly values: Record<string, unknown>;
  readonly problems: readonly ConfigProblem[];
  /** Where a setting, or the nearest table around it, stands. */
  locate(path: Path): { readonly exact: boolean; readonly line: number; readonly column: number } | undefined;
}

/** What the file system says about a file: its text, or why there is none. */
export type FileText =
  | { readonly ok: true; readonly text: string; readonly othersMayRead: boolean }
  | { readonly ok: false; readonly code: string };

export function readConfigFile(path: string): FileText {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
    // Windows has no such bits: its answer says nothing about who may read.
    const othersMayRead = process.platform !== 'win32' && (statSync(path).mode & 0o044) !== 0;
    return { ok: true, text, othersMayRead };
  } catch (error) {
    return { ok: false, code: error instanceof TypeError ? 'not UTF-8 text' : errorCode(error) };
  }
}

/** Reads the text of a file named `file` (in messages) against the schema. */
export function parseConfigFile(text: string, file: string, schema: z.core.$ZodType): FileLayer {
  let table: unknown;
  try {
    table = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return { values: {}, problems: [syntaxProblem(error, file)], locate: () => undefined };
  }
  const positions = locateToml(text);
  const problems: ConfigProblem[] = [];
  const values = rename(table, schema, [], (parent, key, message) => {
    const place = positions.find([...parent.map(fileStep), key]);
    const at = place === undefined ? {} : positions.position(place.keyAt);
    const path = parent.length === 0 ? key : `${showPath(parent)}.${key}`;
    problems.push({ path, file, ...at, ...splitHint(message) });
  });
  return {
    values: isTable(values) ? values : {},
    problems,
    locate: (path) => locate(positions, path.map(fileStep)),
  };
}

/** The parser's text ends with the lines around the error, which may hold a secret: only its first line is kept. */
function syntaxProblem(error: TomlError, file: string): ConfigProblem {
  const [first = ''] = error.message.split('\n');
  const message = first.replace(/^Invalid TOML document: /, '');
  const hint = 'text goes in quotes: "…", or \'…\' where nothing in it has a special meaning';
  return {
    path: '',
    message,
    file,
    line: error.line,
    column: error.column,
    ...(message === 'invalid value' ? { hint } : {}),
  };
}

function fileStep(step: string | number): string | number {
  return typeof step === 'number' ? step : toFileName(step);
}

function locate(positions: TomlPositions, path: Path) {
  for (let length = path.length; length > 0; length -= 1) {
    const place = positions.find(path.slice(0, length));
    if (place === undefined) continue;
    return { exact: length === path.length, ...positions.position(place.valueAt) };
  }
  return undefined;
}

/** Gives every key its name in the schema. A key that the schema does not know is left out and refused. */
function rename(
  value: unknown,
  schema: z.core.$ZodType,
  path: Path,
  refuse: (parent: Path, key: string, message: string) => void,
): unknown {
  const { inner } = unwrap(schema);
  if (inner instanceof z.ZodArray && Array.isArray(value)) {
    return value.map((entry, index) => rename(entry, inner.element, [...path, index], refuse));
  }
  const fields = fieldsOf(inner);
  if (fields.size === 0 || !isTable(value)) return value;
  const known = new Map([...fields.keys()].map((name) => [toFileName(name), name]));
  const renamed: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(value)) {
    const name = known.get(key);
    const field = name === undefined ? undefined : fields.get(name);
    if (name === undefined || field === undefined) refuse(path, key, unknownField(key, known.keys()));
    else renamed[name] = rename(entry, field, [...path, name], refuse);
  }
  return renamed;
}

function isTable(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !(value instanceof Date);
}
