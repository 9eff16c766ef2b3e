import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nearName } from './near-name.ts';
import { formatDuration, formatSize, parseDuration, parseSize } from './units.ts';

test('durations and sizes are read with their units and nothing else', () => {
  const durations: [unknown, number | undefined][] = [
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['1h 30m', 5_400_000],
    ['0.5h', 1_800_000],
    ['500ms', 500],
    [250, 250],
    ['3d', 259_200_000],
    ['250', undefined],
    ['', undefined],
    ['-1m', undefined],
    [-1, undefined],
    [1.5, undefined],
    ['1x', undefined],
    ['1constructor', undefined],
    [`${'9'.repeat(30)}d`, undefined],
    [undefined, undefined],
  ];
  for (const [written, ms] of durations) assert.equal(parseDuration(written), ms, String(written));
  assert.equal(parseSize('25MB'), 25_000_000);
  assert.equal(parseSize('64 MiB'), 67_108_864);
  assert.equal(parseSize('25mb'), undefined);
});

test('what is formatted reads back as itself', () => {
  fc.assert(
    fc.property(fc.nat(), (amount) => {
      assert.equal(parseDuration(formatDuration(amount)), amount);
      assert.equal(parseSize(formatSize(amount)), amount);
    }),
  );
});

test('the nearest name is offered, a far one is not', () => {
  const known = ['host', 'port', 'allow_plaintext_auth', 'mode', 'security'];
  assert.equal(nearName('hots', known), 'host');
  assert.equal(nearName('allowPlaintextAuth', known), 'allow_plaintext_auth');
  assert.equal(nearName('secuirty', known), 'security');
  assert.equal(nearName('banana', known), undefined);
});
