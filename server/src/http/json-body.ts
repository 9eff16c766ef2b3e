/**
 * Octets to JSON value. Refused: invalid UTF-8 (it would silently change mail), nesting deeper than 20, more than 200,000
 * values, a name twice in one object (programs differ in which they believe, RFC 8259 §4; F5), keys named `__proto__`.
 * Next: operation.ts
 */
import { isUtf8 } from 'node:buffer';
import { problem } from '../base/problem.ts';

/** Deeper bodies are no request of ours, and recursive code after this point may trust the bound. */
const DEPTH_MAX = 20;
/**
 * Each wrong value costs the schema about 10 µs and 1 KiB to complain about, and each empty object the parser 100 octets:
 * 40 MB of `{},` would stop the server for a minute and take its memory. A batch of 10,000 messages with 20 values each
 * is as much as anybody means.
 */
const VALUES_MAX = 200_000;

/** The value in `body`; `undefined` when there are no octets. Throws `malformed_json`. */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  if (!isUtf8(body))
    throw problem('malformed_json', { detail: 'The body is not valid UTF-8 (RFC 8259 §8.1).' });
  const marks = countMarks(body);
  if (marks.values > VALUES_MAX)
    throw problem('malformed_json', { detail: `The body holds more than ${String(VALUES_MAX)} values.` });
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw problem('malformed_json', { detail: `The body is not JSON${whereOf(cause)}.` });
  }
  // Each name has one colon behind it, and of two of the same the parser keeps one: fewer names than colons.
  if (typeof value === 'object' && value !== null && checkTree(value, 1) !== marks.names)
    throw problem('malformed_json', { detail: 'An object of the body has the same name twice.' });
  return value;
}

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const BRACKET = 0x5b;
const BRACE = 0x7b;

/**
 * Counts before anything is built of it, and jumps over strings, which are most of a large body. Outside a string, `,`
 * `[` `{` stand before a value each, and `:` behind a name.
 */
function countMarks(body: Buffer): { readonly values: number; readonly names: number } {
  let values = 0;
  let names = 0;
  for (let at = 0; at < body.length && values <= VALUES_MAX; at += 1) {
    const octet = body[at];
    if (octet === QUOTE) at = endOfString(body, at);
    else if (octet === COLON) names += 1;
    else if (octet === COMMA || octet === BRACKET || octet === BRACE) values += 1;
  }
  return { values, names };
}

/** Where the string that begins at `start` has its closing quote; the end of the body when it has none. */
function endOfString(body: Buffer, start: number): number {
  for (let end = start; ;) {
    end = body.indexOf(QUOTE, end + 1);
    if (end < 0) return body.length;
    let before = end - 1;
    while (body[before] === BACKSLASH) before -= 1;
    if ((end - before) % 2 === 1) return end; // an even number of backslashes: the quote is not escaped
  }
}

/** Answers how many names there are in all objects together. */
function checkTree(node: object, depth: number): number {
  if (depth > DEPTH_MAX) {
    throw problem('malformed_json', {
      detail: `The body is nested deeper than ${String(DEPTH_MAX)} levels.`,
    });
  }
  let names = 0;
  if (Array.isArray(node)) {
    for (const child of node as readonly unknown[]) {
      if (typeof child === 'object' && child !== null) names += checkTree(child, depth + 1);
    }
    return names;
  }
  for (const [key, child] of Object.entries(node) as [string, unknown][]) {
    if (key === '__proto__') throw problem('malformed_json', { detail: 'A key may not be named __proto__.' });
    names += 1;
    if (typeof child === 'object' && child !== null) names += checkTree(child, depth + 1);
  }
  return names;
}

/** The position only: the parser's message also quotes the text, which may hold a secret. */
function whereOf(cause: unknown): string {
  const found = cause instanceof Error ? /\(line \d+ column \d+\)/.exec(cause.message) : null;
  return found ? ` ${found[0]}` : '';
}
