import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
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

test('F5: a name that stands twice in one object is refused, however it is written and wherever', () => {
  for (const text of [
    '{"to":"a@b.example","to":"c@d.example"}',
    '{"to":"a","\\u0074o":"a"}',
    '{"a":{"b":1,"c":":","b":1}}',
    '[{"a":1},{"a":1,"a":1}]',
    '{"":1,"":2}',
    '{"1":1,"1":2}',
    '{"a":":\\"","a":1}',
    '{"__proto__":1,"__proto__":2}',
  ])
    assert.match(refusedFor(text), /same name twice|__proto__/, text);
  for (const text of ['{"a":":","b":"\\":"}', '{"a":{"a":{"a":1}}}', '[{"a":1},{"a":1}]', '":"', '1'])
    assert.equal(refusedFor(text), 'taken', text);
});

test('F5: every value that JSON can hold passes, and none does once a name in it is doubled', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.string(), (value, name) => {
      const text = JSON.stringify({ [name]: value });
      if (text.includes('__proto__')) return;
      assert.equal(refusedFor(text), 'taken');
      const doubled = `{${JSON.stringify(name)}:0,${text.slice(1)}`;
      assert.match(refusedFor(doubled), /same name twice/);
    }),
  );
});
