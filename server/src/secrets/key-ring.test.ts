import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { forEachStore } from '../../test/stores.ts';
import { systemClock as clock } from '../base/clock.ts';
import type { Db } from '../store/store.ts';
import type { SecretBinding } from './binding.ts';
import { createKeyRing } from './key-ring.ts';
import { masterKeyOf, type MasterKey } from './master-key.ts';
import type { SecretTables } from './queries.ts';

type Tables = SecretTables & { tenants: { id: string; slug: string; name: string; created_at: number } };

async function addTenants(db: Db, ...ids: readonly string[]): Promise<void> {
  const values = ids.map((id) => ({ id, slug: id, name: id, created_at: 0 }));
  await db.tables<Tables>().insertInto('tenants').values(values).execute();
}

async function rows(db: Db): Promise<Tables['data_keys'][]> {
  return await db.tables<Tables>().selectFrom('data_keys').selectAll().orderBy('tenant_id').execute();
}

const masterKey = masterKeyOf(randomBytes(32));
const ring = (db: Db, key: MasterKey = masterKey) => createKeyRing({ db, masterKey: key, clock });
const bindingOf = (tenantId: string): SecretBinding => {
  return {
    tenantId,
    ownerId: 'con_1',
    field: 'password',
    destination: { host: 'smtp.example.com', port: 587 },
  };
};
const binding = bindingOf('ten_a');

forEachStore('key ring', (open) => {
  test('K6: a secret sealed by one node opens on another, and after a restart', async () => {
    await using store = await open();
    const { db } = store;
    await addTenants(db, 'ten_a', 'ten_b');
    const sealed = await ring(db).seal(binding, 'correct horse');
    assert.deepEqual(await ring(db).open(binding, sealed), { ok: true, plaintext: 'correct horse' });
    assert(!sealed.includes('correct'));
  });

  test('K6: first use by many callers on several nodes makes one data key', async () => {
    await using store = await open();
    const { db } = store;
    await addTenants(db, 'ten_a', 'ten_b');
    const nodes = [ring(db), ring(await store.another()), ring(await store.another())];
    const sealing: Promise<string>[] = [];
    for (let index = 0; index < 20; index += 1) {
      for (const node of nodes) sealing.push(node.seal(binding, `secret ${String(sealing.length)}`));
    }
    const sealed = await Promise.all(sealing);
    assert.equal((await rows(db)).length, 1);
    for (const [index, text] of sealed.entries()) {
      const opened = await nodes[(index + 1) % 3]?.open(binding, text);
      assert.deepEqual(opened, { ok: true, plaintext: `secret ${String(index)}` });
    }
  });

  test("K6: each tenant has its own key, and no use for another tenant's secret", async () => {
    await using store = await open();
    const { db } = store;
    await addTenants(db, 'ten_a', 'ten_b');
    const one = ring(db);
    const ofA = await one.seal(binding, 'a');
    const ofB = await one.seal(bindingOf('ten_b'), 'b');
    assert.equal(new Set((await rows(db)).map((row) => row.key_id)).size, 2);
    assert.deepEqual(await one.open(bindingOf('ten_b'), ofA), { ok: false, reason: 'unknown-key' });
    assert.deepEqual(await one.open(binding, ofB), { ok: false, reason: 'unknown-key' });
  });

  test('K6: a wrapped key moved to another tenant does not unwrap', async () => {
    await using store = await open();
    const { db } = store;
    await addTenants(db, 'ten_a', 'ten_b');
    const sealed = await ring(db).seal(binding, 'a');
    await db.tables<Tables>().updateTable('data_keys').set({ tenant_id: 'ten_b' }).execute();
    assert.deepEqual(await ring(db).open(bindingOf('ten_b'), sealed), { ok: false, reason: 'unknown-key' });
    await assert.rejects(ring(db).seal(bindingOf('ten_b'), 'b'), /cannot be unwrapped/);
  });

  test('K1: a changed destination and a damaged text are told apart', async () => {
    await using store = await open();
    await addTenants(store.db, 'ten_a');
    const one = ring(store.db);
    const sealed = await one.seal(binding, 'a');
    const moved = { ...binding, destination: { ...binding.destination, host: 'evil.example' } };
    assert.deepEqual(await one.open(moved, sealed), { ok: false, reason: 'destination-changed' });
    assert.deepEqual(await one.open(binding, sealed.slice(0, -4)), { ok: false, reason: 'damaged' });
    assert.deepEqual(await one.open(binding, 'correct horse'), { ok: false, reason: 'damaged' });
    const unknown = sealed.replace(/^v1\.[0-9a-f]{32}/, `v1.${'0'.repeat(32)}`);
    assert.deepEqual(await one.open(binding, unknown), { ok: false, reason: 'unknown-key' });
  });

  test('K7: a wrong master key is found before anything is written', async () => {
    await using store = await open();
    const { db } = store;
    await addTenants(db, 'ten_a', 'ten_b');
    assert.deepEqual(await ring(db).verify(), { ok: true });
    const sealed = await ring(db).seal(binding, 'a');
    const before = await rows(db);
    const stranger = masterKeyOf(randomBytes(32));
    const wrong = ring(db, stranger);
    const check = await wrong.verify();
    assert(!check.ok);
    assert.equal(check.reason, 'wrong-master-key');
    assert(check.message.includes(masterKey.id) && check.message.includes(stranger.id));
    assert.deepEqual(await wrong.open(binding, sealed), { ok: false, reason: 'unknown-key' });
    await assert.rejects(wrong.seal(binding, 'b'), /cannot be unwrapped/);
    assert.deepEqual(await rows(db), before);
    assert.deepEqual(await ring(db).verify(), { ok: true });
  });

  test('K7: a damaged data key is told as such', async () => {
    await using store = await open();
    const { db } = store;
    await addTenants(db, 'ten_a', 'ten_b');
    await ring(db).seal(binding, 'a');
    const [row] = await rows(db);
    assert(row);
    await db
      .tables<Tables>()
      .updateTable('data_keys')
      .set({ wrapped: row.wrapped.slice(0, -5) })
      .execute();
    const check = await ring(db).verify();
    assert.equal(!check.ok && check.reason, 'damaged');
  });

  test('a failed first use is tried again', async () => {
    await using store = await open();
    const { db } = store;
    await addTenants(db, 'ten_a', 'ten_b');
    const one = ring(db);
    const later = bindingOf('ten_later');
    await assert.rejects(one.seal(later, 'a')); // no such tenant
    await addTenants(db, 'ten_later');
    assert.deepEqual(await one.open(later, await one.seal(later, 'a')), { ok: true, plaintext: 'a' });
  });
});
