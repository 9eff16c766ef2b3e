import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseQuery, type Filter } from './query-language.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const HOUR = 3_600_000;

function filtersOf(line: string): Filter[] {
  const { filters, complaints } = parseQuery(line, NOW);
  assert.deepEqual(complaints, [], line);
  return filters;
}
function complaintOf(line: string): string {
  const { complaints } = parseQuery(line, NOW);
  assert.equal(complaints.length, 1, line);
  return `${complaints[0]?.part ?? ''} ${complaints[0]?.message ?? ''}`;
}

test('each filter, its negation, and commas for “or”', () => {
  const cases: [string, Filter[]][] = [
    ['', []],
    ['   ', []],
    ['status:failed', [{ kind: 'status', not: false, states: ['failed'] }]],
    ['-status:failed,expired', [{ kind: 'status', not: true, states: ['failed', 'expired'] }]],
    ['class:otp,bulk', [{ kind: 'class', not: false, classes: ['otp', 'bulk'] }]],
    ['to:Ana@Example.NET', [{ kind: 'to', not: false, keys: ['example.net@ana'] }]],
    ['to:@example.net', [{ kind: 'to', not: false, keys: ['example.net@'] }]],
    ['to:@bücher.example', [{ kind: 'to', not: false, keys: ['xn--bcher-kva.example@'] }]],
    ['-to:a@x.org,@y.org', [{ kind: 'to', not: true, keys: ['x.org@a', 'y.org@'] }]],
    ['tag:billing,a:b', [{ kind: 'tag', not: false, tags: ['billing', 'a:b'] }]],
    ['-tag:x', [{ kind: 'tag', not: true, tags: ['x'] }]],
    ['id:msg_1', [{ kind: 'id', not: false, ids: ['msg_1'] }]],
    ['since:24h', [{ kind: 'since', at: NOW - 24 * HOUR }]],
    ['until:7d', [{ kind: 'until', at: NOW - 168 * HOUR }]],
    ['since:2026-11-21', [{ kind: 'since', at: Date.parse('2026-11-21T00:00:00Z') }]],
    ['since:2026-11-21T10:00', [{ kind: 'since', at: NOW - 2 * HOUR }]],
    ['since:2026-11-21T10:00:00+02:00', [{ kind: 'since', at: NOW - 4 * HOUR }]],
    ['invoice', [{ kind: 'subject', not: false, words: 'invoice' }]],
    ['-invoice', [{ kind: 'subject', not: true, words: 'invoice' }]],
    ['"two words"', [{ kind: 'subject', not: false, words: 'two words' }]],
    ['-"two words"', [{ kind: 'subject', not: true, words: 'two words' }]],
    ['"status:failed"', [{ kind: 'subject', not: false, words: 'status:failed' }]],
    ['10:30', [{ kind: 'subject', not: false, words: '10:30' }]],
    [
      'a status:held b',
      [
        { kind: 'subject', not: false, words: 'a' },
        { kind: 'status', not: false, states: ['held'] },
        { kind: 'subject', not: false, words: 'b' },
      ],
    ],
  ];
  for (const [line, wanted] of cases) assert.deepEqual(filtersOf(line), wanted, line);
});

test('what is not understood is named, with what would be right', () => {
  const cases: [string, RegExp][] = [
    ['status:fialed', /^status:fialed “fialed” is none of queued, scheduled/],
    ['status:', /^status: needs a value/],
    ['status:,', /^status:, needs a value/],
    ['stauts:failed', /^stauts:failed is not a known filter; there are status: to:/],
    ['class:constructor', /“constructor” is none of otp/],
    ['to:ana', /^to:ana “ana” .*; give an address or @domain/],
    ['to:@', /give an address or @domain/],
    ['since:yesterday', /^since:yesterday is no time; use 24h/],
    ['since:2026-13-01', /is no time/],
    ['since:2026-02-30', /is no time/],
    ['-since:24h', /^-since:24h cannot be negated; use until:/],
    ['-until:24h', /^-until:24h cannot be negated; use since:/],
    ['tag:a\u0000b', /holds a control character/],
    ['\u0000', /holds a control character/],
    ['-', /^- holds no words/],
    ['-""', /^-"" holds no words/],
    ['x'.repeat(1_001), /is longer than 1000 characters/],
  ];
  for (const [line, wanted] of cases) assert.match(complaintOf(line), wanted);
  assert.equal(parseQuery('status:x class:y good', NOW).complaints.length, 2, 'all of them at once');
});

test('a line of any text is read without a throw, and nothing of it is lost', () => {
  const word = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      'status:',
      'to:',
      'tag:',
      'class:',
      'id:',
      'since:',
      'until:',
      '-',
      '"',
      ',',
      ' ',
      'failed',
      '@a.b',
    ),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), (words) => {
      const line = words.join('');
      const { filters, complaints } = parseQuery(line, NOW);
      const empty = line.replaceAll('"', '').trim() === '';
      if (!empty) assert.ok(filters.length + complaints.length > 0);
      for (const filter of filters) {
        if (filter.kind === 'since' || filter.kind === 'until') assert.ok(Number.isSafeInteger(filter.at));
      }
    }),
    { numRuns: 500 },
  );
});

test('the time to read a line does not explode with what is in it', () => {
  const started = performance.now();
  for (const part of ['"', '-', '-"', 'a:', ',', ' ', 'to:@', 'since:1', '\u{1f600}'])
    for (const length of [1_000, 1_000_000]) parseQuery(part.repeat(length / part.length), NOW);
  assert.ok(performance.now() - started < 2_000);
});
