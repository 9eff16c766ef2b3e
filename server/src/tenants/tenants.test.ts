import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Problem } from '../base/problem.ts';
import { systemClock } from '../base/clock.ts';
import { openStore } from '../store/store.ts';
import { ensureTenants, findTenantBySlug, getTenant, INSTANCE_TENANT_ID, isSlug } from './tenants.ts';

async function store(t: TestContext) {
  const { db, close } = await openStore({ url: 'sqlite::memory:', serve: false, onBroken: () => undefined });
  t.after(close);
  return db;
}

test('tenants of the file are made once, renamed, and never deleted', async (t) => {
  const db = await store(t);
  const [acme, shop] = await ensureTenants(db, systemClock, [
    { slug: 'acme', name: 'Acme' },
    { slug: 'shop' },
  ]);
  assert.equal(acme?.name, 'Acme');
  assert.equal(shop?.name, 'shop');

  const [renamed] = await ensureTenants(db, systemClock, [{ slug: 'acme', name: 'Acme Ltd' }]);
  assert.deepEqual(renamed, { ...acme, name: 'Acme Ltd' });
  const [kept] = await ensureTenants(db, systemClock, [{ slug: 'acme' }]);
  assert.equal(kept?.name, 'Acme Ltd');
  assert.deepEqual(await findTenantBySlug(db, 'shop'), shop);
  assert.deepEqual(await getTenant(db, shop?.id ?? ''), shop);
});

test('the instance is a tenant, and no other can take its name', async (t) => {
  const db = await store(t);
  assert.equal((await findTenantBySlug(db, 'instance'))?.id, INSTANCE_TENANT_ID);
  await assert.rejects(ensureTenants(db, systemClock, [{ slug: 'good' }, { slug: 'instance' }]), Problem);
  assert.equal(await findTenantBySlug(db, 'good'), undefined);
});

test('slugs', () => {
  for (const slug of ['a', 'acme-2', '0', 'x'.repeat(63)]) assert.equal(isSlug(slug), true, slug);
  for (const slug of ['', 'A', 'a.b', 'a_b', 'ä', 'a\n', 'x'.repeat(64)])
    assert.equal(isSlug(slug), false, slug);
});
