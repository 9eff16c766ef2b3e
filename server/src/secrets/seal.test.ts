import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SecretBinding } from './binding.ts';
import { encrypt } from './cipher.ts';
import { dataKeyIdOf, openWith, sealWith, type DataKey } from './seal.ts';

const dataKey: DataKey = { id: '0123456789abcdef0123456789abcdef', key: createSecretKey(randomBytes(32)) };
const binding: SecretBinding = {
  tenantId: 'ten_a',
  ownerId: 'con_a',
  field: 'password',
  destination: {
    ...{
      host: 'smtp.example.com',
      port: 587,
      security: 'starttls',
      verify: true,
      auth: 'password',
      username: 'apikey',
    },
    ...{ tokenUrl: null, scopes: '', proxy: null, serverName: null, ca: null, minTls: '1.2' },
  },
};

test('what was sealed opens for an equal binding', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (plaintext) => {
      const sealed = sealWith(dataKey, binding, plaintext);
      assert.match(sealed, /^v1(?:\.[\w-]+){4}$/);
      assert.equal(dataKeyIdOf(sealed), dataKey.id);
      assert.deepEqual(openWith(dataKey, { ...binding, destination: { ...binding.destination } }, sealed), {
        ok: true,
        plaintext,
      });
    }),
    { numRuns: 200 },
  );
});

test('K1: a change of any part makes the secret unusable', () => {
  const parts = Object.keys(binding.destination);
  const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant(undefined));
  const sealed = sealWith(dataKey, binding, 'correct horse');
  fc.assert(
    fc.property(fc.constantFrom(...parts, 'newPart'), value, (part, changed) => {
      fc.pre(changed !== binding.destination[part]);
      const { [part]: _, ...rest } = binding.destination;
      const destination = changed === undefined ? rest : { ...rest, [part]: changed };
      assert.deepEqual(openWith(dataKey, { ...binding, destination }, sealed), {
        ok: false,
        reason: 'destination-changed',
      });
    }),
    { numRuns: 2000 },
  );
});

test('K6: a secret moved to another tenant, owner or field is refused, both ways', () => {
  for (const moved of [{ tenantId: 'ten_b' }, { ownerId: 'con_b' }, { field: 'clientKey' }]) {
    const other = { ...binding, ...moved };
    assert.deepEqual(openWith(dataKey, other, sealWith(dataKey, binding, 'a')), {
      ok: false,
      reason: 'destination-changed',
    });
    assert.deepEqual(openWith(dataKey, binding, sealWith(dataKey, other, 'b')), {
      ok: false,
      reason: 'destination-changed',
    });
  }
});

test('K6: the tag decides, not the fingerprint', () => {
  const other = { ...binding, ownerId: 'con_b' };
  const [, , fitting = ''] = sealWith(dataKey, other, 'x').split('.');
  const [version, id, , iv, box] = sealWith(dataKey, binding, 'correct horse').split('.');
  assert.deepEqual(openWith(dataKey, other, [version, id, fitting, iv, box].join('.')), {
    ok: false,
    reason: 'damaged',
  });
});

test('K6: tags of 1 to 15 bytes are refused (M19)', () => {
  for (let tagBytes = 0; tagBytes < 16; tagBytes += 1) {
    // An empty secret's box is its tag alone; a cut tag leaves fewer bytes than a tag has.
    const [version, id, fingerprint, iv, box = ''] = sealWith(dataKey, binding, '').split('.');
    const cut = Buffer.from(box, 'base64url').subarray(0, tagBytes).toString('base64url');
    assert.deepEqual(openWith(dataKey, binding, [version, id, fingerprint, iv, cut].join('.')), {
      ok: false,
      reason: 'damaged',
    });
    const long = sealWith(dataKey, binding, 'a secret of some length').split('.');
    const bytes = Buffer.from(long[4] ?? '', 'base64url');
    long[4] = bytes.subarray(0, bytes.length - 16 + tagBytes).toString('base64url');
    assert.deepEqual(openWith(dataKey, binding, long.join('.')), { ok: false, reason: 'damaged' });
  }
});

test('K6: one changed, added or missing character is noticed, wherever it is', () => {
  const sealed = sealWith(dataKey, binding, 'correct horse');
  for (let at = 0; at < sealed.length; at += 1) {
    for (const changed of ['A', 'B', '.', '=', '', '*']) {
      const text = sealed.slice(0, at) + changed + sealed.slice(at + 1);
      if (text === sealed) continue;
      if (dataKeyIdOf(text) !== undefined && dataKeyIdOf(text) !== dataKey.id) continue; // another key's: not found
      assert(!openWith(dataKey, binding, text).ok, `${changed} at ${String(at)}`);
    }
  }
  for (const text of [
    '',
    'v1',
    `${sealed}.`,
    `${sealed}=`,
    ` ${sealed}`,
    sealed.replace('v1', 'v2'),
    `${sealed}.${sealed}`,
  ]) {
    assert.deepEqual(openWith(dataKey, binding, text), { ok: false, reason: 'damaged' }, text);
  }
});

test('K6: another key opens nothing', () => {
  const other = { id: dataKey.id, key: createSecretKey(randomBytes(32)) };
  assert(!openWith(other, binding, sealWith(dataKey, binding, 'a')).ok);
});

test('K6: 100,000 initialisation vectors are distinct and of 96 bits', () => {
  const seen = new Set<string>();
  const nothing = Buffer.alloc(0);
  for (let round = 0; round < 100_000; round += 1)
    seen.add(encrypt(dataKey.key, nothing, nothing).split('.')[0] ?? '');
  assert.equal(seen.size, 100_000);
  for (const iv of seen) assert.equal(Buffer.from(iv, 'base64url').length, 12);
});
