import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeBinding, type SecretBinding } from './binding.ts';

/** Few letters and short texts, so that parts often run into each other; lone surrogates and NUL among them. */
const text = fc.string({
  unit: fc.constantFrom('a', 'b', '\0', 's', '1', '\ud800', '\udc00', '\ufffd', 'ü'),
  maxLength: 3,
});
const value = fc.oneof(
  text,
  fc.integer({ min: -2, max: 2 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const binding: fc.Arbitrary<SecretBinding> = fc.record({
  tenantId: text,
  ownerId: text,
  field: text,
  destination: fc.dictionary(text, value, { maxKeys: 3 }),
});

/** Reads the parts back by their types and lengths alone. */
function decode(bytes: Buffer): unknown[] {
  const parts: unknown[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    const written = bytes.toString('utf16le', at + 5, end);
    switch (String.fromCharCode(bytes[at] ?? 0)) {
      case 's':
        parts.push(written);
        break;
      case 'n':
        parts.push(Number(written));
        break;
      case 'b':
        parts.push(written === '1');
        break;
      case '-':
        parts.push(null);
        break;
      default:
        assert.fail(`no such type at ${String(at)}`);
    }
    at = end;
  }
  return parts;
}

test('K1: the bytes tell the whole binding, so two bindings have the same bytes only if they are equal', () => {
  fc.assert(
    fc.property(binding, (made) => {
      const { tenantId, ownerId, field, destination } = made;
      const names = Object.keys(destination).sort();
      const parts = names.flatMap((name) => [name, Object.is(destination[name], -0) ? 0 : destination[name]]);
      assert.deepEqual(decode(encodeBinding(made)), [tenantId, ownerId, field, ...parts]);
    }),
    { numRuns: 5000 },
  );
});

test('K1: parts that could run into each other do not', () => {
  const base: SecretBinding = {
    tenantId: 't',
    ownerId: 'o',
    field: 'f',
    destination: { host: 'a', port: 25 },
  };
  const others: SecretBinding[] = [
    { ...base, tenantId: 'to', ownerId: '' },
    { ...base, ownerId: 'of', field: '' },
    { ...base, destination: { host: 'a', port: '25' } },
    { ...base, destination: { host: 'a' } },
    { ...base, destination: { host: 'a', port: 25, proxy: null } },
    { ...base, destination: { host: 'a', port: null } },
    { ...base, destination: { host: 'aport', '': 25 } },
    { ...base, destination: { host: true, port: 25 } },
    { ...base, destination: { host: 'true', port: 25 } },
  ];
  const all = [base, ...others].map((one) => encodeBinding(one).toString('hex'));
  assert.equal(new Set(all).size, all.length);
});

test('K1: the order in which a destination was written does not matter', () => {
  const base = { tenantId: 't', ownerId: 'o', field: 'f' };
  const one = encodeBinding({ ...base, destination: { host: 'a', port: 25, Z: 1 } });
  const other = encodeBinding({ ...base, destination: { Z: 1, port: 25, host: 'a' } });
  assert(one.equals(other));
});

test('a number that JSON cannot hold is a bug of the caller', () => {
  const base = { tenantId: 't', ownerId: 'o', field: 'f' };
  for (const port of [NaN, Infinity])
    assert.throws(() => encodeBinding({ ...base, destination: { port } }), /finite/);
});
