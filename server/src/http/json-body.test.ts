import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../base/problem.ts';
import { parseJsonBody } from './json-body.ts';

function refusedFor(text: string): string {
  try {
    parseJsonBody(Buffer.from(text));
    return 'taken';
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    return error.detail;
  }
}
const listOf = (count: number, item: string): string => `[${`${item},`.repeat(count - 1)}${item}]`;

test('Q13: more than 200,000 values are refused before anything is built of them', () => {
  assert.equal(refusedFor(listOf(199_999, '1')), 'taken');
  assert.match(refusedFor(listOf(200_001, '1')), /more than 200000 values/);
  assert.match(refusedFor(listOf(100_001, '{}')), /more than 200000 values/);
  assert.match(refusedFor(`{"a":${listOf(200_000, '""')}}`), /more than 200000 values/);
  const started = performance.now();
  assert.match(refusedFor(listOf(10_000_000, '{}')), /more than/);
  assert.ok(performance.now() - started < 1_000);
});

test('what stands in a string is not counted, however it is escaped', () => {
  const commas = ',[{'.repeat(100_000);
  for (const text of [commas, `"${commas}`, `\\${commas}`, `\\"${commas}\\\\`, `"\\"${commas}"`]) {
    const body = JSON.stringify({ text, last: text });
    assert.equal(refusedFor(body), 'taken');
    assert.deepEqual(parseJsonBody(Buffer.from(body)), { text, last: text });
  }
  assert.match(refusedFor(`"${commas}`), /is not JSON/, 'a string without an end');
  assert.match(
    refusedFor(`["\\\\",${listOf(200_001, '1')}]`),
    /more than/,
    'after an escaped backslash the string is over',
  );
});
