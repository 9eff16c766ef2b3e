import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createReplyReader } from './reply-reader.ts';

type Seen = { code: number; lines: readonly string[]; more: boolean } | { failure: string };

function read(chunks: readonly (string | Buffer)[]): Seen[] {
  const seen: Seen[] = [];
  const reader = createReplyReader({
    reply: (code, lines, more) => seen.push({ code, lines, more }),
    broken: (failure) => seen.push({ failure: failure.code }),
  });
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  return seen;
}

test('replies are the same wherever the network cuts them', () => {
  const text = '220 hello\r\n250-mx.test\r\n250-SIZE 10\r\n250 DSN\r\n250\r\n421 4.3.2 Gr\u00fc\u00dfe\n';
  const octets = Buffer.from(text);
  const wanted = read([octets]).map((seen) => ('code' in seen ? { ...seen, more: false } : seen));
  assert.equal(wanted.length, 4);
  fc.assert(
    fc.property(fc.array(fc.nat(octets.length), { maxLength: 12 }), (cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), octets.length];
      const chunks = at.slice(1).map((end, index) => octets.subarray(at[index], end));
      const found = read(chunks).map((seen) => ('code' in seen ? { ...seen, more: false } : seen));
      assert.deepEqual(found, wanted);
    }),
    { numRuns: 2_000 },
  );
});

test('what follows a reply in the same read is noticed', () => {
  const mores = (chunks: string[]): boolean[] => read(chunks).map((seen) => 'more' in seen && seen.more);
  assert.deepEqual(mores(['220 ok\r\n', '250 ok\r\n']), [false, false]);
  assert.deepEqual(mores(['220 ok\r\n2']), [true]);
  assert.deepEqual(mores(['220 ok\r\n250 ok\r\n']), [true, false]);
});

test('what is no reply ends the reading, once', () => {
  const bad = [
    'HTTP/1.1 400 Bad\r\n',
    'SSH-2.0-x\r\n',
    '25\r\n',
    '2500 x\r\n',
    '199 x\r\n',
    '600 x\r\n',
    '250_x\r\n',
  ];
  for (const line of [...bad, '\r\n', ' 250 x\r\n', '2.0 x\r\n']) {
    assert.deepEqual(read([line, '250 ok\r\n']), [{ failure: 'MALFORMED_REPLY' }], line);
  }
  assert.deepEqual(read(['\u0015\u0003\u0001']), [{ failure: 'MALFORMED_REPLY' }], 'before any line end');
  assert.deepEqual(read(['250-a\r\n251 b\r\n250 c\r\n']), [{ failure: 'INCONSISTENT_REPLY' }]);
});

test('a long line is cut, a long reply is refused, whatever its lines', () => {
  const long = read([`250 ${'x'.repeat(10_000)}\r\n`])[0];
  assert.ok(long !== undefined && 'code' in long && (long.lines[0] ?? '').length <= 4096);
  const dripped = read([...Array.from(`250 ${'x'.repeat(5_000)}`), '\r\n'])[0];
  assert.ok(dripped !== undefined && 'code' in dripped && (dripped.lines[0] ?? '').length <= 4096);
  assert.deepEqual(read(Array.from({ length: 2_000 }, () => 'x'.repeat(1_000)).with(0, '250 ')), [
    { failure: 'REPLY_TOO_LONG' },
  ]);
  assert.deepEqual(read(Array.from({ length: 20_000 }, () => '250-x\r\n')), [{ failure: 'REPLY_TOO_LONG' }]);
});

test('random octets never throw, and never yield more than they hold', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), (chunks) => {
      for (const seen of read(chunks.map((chunk) => Buffer.from(chunk)))) {
        assert.ok('failure' in seen || (seen.code >= 200 && seen.code <= 599));
      }
    }),
    { numRuns: 5_000 },
  );
});
