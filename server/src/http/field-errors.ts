/**
 * What a schema found wrong, said so that the caller can put it right: one line per field, with its JSON path.
 * A schema's own messages win; for the rest the words are here. Of a union, the alternative that was meant is explained.
 * Next: operation.ts
 */
import { z } from 'zod';
import type { FieldError } from '../base/problem.ts';

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

/** At most this many errors are listed; a body of a million wrong items must not make an answer of its own size. */
const ERRORS_MAX = 100;

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/** Goes into every parse: the words for issues that have none of their own. */
export const parseOptions: z.core.ParseContext<Issue> = { error: wordsFor };

/** The issues as field errors; `at` says how a top-level name is shown (`?limit` for a query, the name for a header). */
export function fieldErrors(issues: readonly Issue[], at: '' | '?' = ''): FieldError[] {
  const found: FieldError[] = [];
  collect(issues, [], found);
  return found.slice(0, ERRORS_MAX).map(({ path, message }) => ({ path: at + path, message }));
}

function collect(issues: readonly Issue[], base: readonly PropertyKey[], found: FieldError[]): void {
  for (const issue of issues) {
    if (found.length >= ERRORS_MAX) return;
    const path = [...base, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys)
        found.push({ path: jsonPath([...path, key]), message: 'is not a known field' });
    } else if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      collectUnion(issue.errors, path, found);
    } else {
      found.push({ path: jsonPath(path), message: issue.message });
    }
  }
}

/** An alternative whose outer type already does not fit was not meant; of the others the one with the fewest faults was. */
function collectUnion(
  alternatives: readonly Issue[][],
  path: readonly PropertyKey[],
  found: FieldError[],
): void {
  const meant = alternatives
    .filter((issues) => !issues.some((issue) => issue.code === 'invalid_type' && issue.path.length === 0))
    .sort((a, b) => a.length - b.length)[0];
  if (meant) {
    collect(meant, path, found);
    return;
  }
  const expected = alternatives.flatMap((issues) =>
    issues.flatMap((issue) => (issue.code === 'invalid_type' ? [typeWord(issue.expected)] : [])),
  );
  found.push({ path: jsonPath(path), message: `must be ${[...new Set(expected)].join(' or ')}` });
}

/** `to[0].address`; names that are not plain words are quoted: `metadata["a b"]`. The whole body is `$`. */
export function jsonPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${String(part)}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(String(part))) text += text === '' ? String(part) : `.${String(part)}`;
    else text += `[${JSON.stringify(String(part).slice(0, 100))}]`;
  }
  return text === '' ? '$' : text;
}

function typeWord(expected: string): string {
  return TYPE_WORDS[expected] ?? expected;
}

function wordsFor(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${typeWord(String(issue.expected))}`;
    case 'invalid_value':
      return `must be ${listed(issue.values)}`;
    case 'invalid_union':
      return issue.input === undefined ? 'is required' : unionWords(issue);
    case 'too_small':
      return sizeWords(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum);
    case 'too_big':
      return sizeWords(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    case 'invalid_key':
      return 'has a name that is not allowed here';
    default:
      return undefined; // the library's own words, or the schema's
  }
}

function unionWords(issue: RawIssue): string | undefined {
  return Array.isArray(issue.options) ? `must be ${listed(issue.options)}` : undefined;
}

function sizeWords(origin: unknown, relation: string, bound: unknown): string {
  const count = String(bound);
  if (origin === 'string') {
    return count === '1' && relation === 'at least'
      ? 'must not be empty'
      : `must have ${relation} ${count} characters`;
  }
  if (origin === 'array' || origin === 'set') {
    return `must have ${relation} ${count} ${count === '1' ? 'item' : 'items'}`;
  }
  if (origin === 'object' || origin === 'map') return `must have ${relation} ${count} fields`;
  return `must be ${relation} ${count}`;
}

function listed(values: unknown): string {
  const words = (Array.isArray(values) ? values : []).map((value) => JSON.stringify(value));
  return words.length === 1 ? words.join('') : `one of ${words.join(', ')}`;
}
