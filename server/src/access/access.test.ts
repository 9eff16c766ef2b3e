import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Clock } from '../base/clock.ts';
import { Problem } from '../base/problem.ts';
import { openStore, type Db } from '../store/store.ts';
import { ensureTenants, INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import { caller } from '../../test/caller.ts';
import { createAuthenticate, createKey, isRole, listKeys, mayI, revokeKey } from './access.ts';
import type { NewKey, Permission, Principal, Role } from './access.ts';

/** A clock that only moves when told to. */
function handClock() {
  let time = 1_800_000_000_000;
  const clock: Clock = { now: () => time, monotonic: () => time, after: () => () => undefined };
  return { clock, advance: (ms: number) => (time += ms) };
}

/** A store with two tenants, and a count of the statements sent to it. */
async function setUp(t: TestContext) {
  const store = await openStore({ url: 'sqlite::memory:', serve: false, onBroken: () => undefined });
  t.after(() => store.close());
  const { clock, advance } = handClock();
  const [acme, shop] = await ensureTenants(store.db, clock, [{ slug: 'acme' }, { slug: 'shop' }]);
  assert.ok(acme && shop);
  let asked = 0;
  const db: Db = {
    ...store.db,
    tables: <T>() => {
      asked += 1;
      return store.db.tables<T>();
    },
  };
  return { db, clock, advance, acme, shop, asked: () => asked };
}

const developer = (tenantId: string): NewKey => ({
  tenantId,
  name: 'shop',
  kind: 'live',
  role: 'tenant_developer',
});
const admin: NewKey = { tenantId: INSTANCE_TENANT_ID, name: 'ops', kind: 'live', role: 'instance_admin' };

async function codeOf(run: () => unknown): Promise<string> {
  try {
    await run();
    return 'fine';
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    return error.code;
  }
}

/** What the headers of a request say. */
const from = (authorization?: string, tenant?: string, address = '192.0.2.1') =>
  caller({ authorization, tenant, address, userAgent: 'shop/1.0' });

test('a key leads to its principal', async (t) => {
  const { db, clock, acme } = await setUp(t);
  const { id, key } = await createKey(db, clock, { ...developer(acme.id), kind: 'test' });
  assert.match(key, /^ph_test_[0-9a-z]{26}_[\w-]{43}$/);
  const authenticate = createAuthenticate({
    db,
    clock,
    sessionTimes: () => ({ idle: 1_800_000, lifetime: 43_200_000 }),
  });
  const want: Principal = {
    actorId: id,
    actorName: 'shop',
    kind: 'test',
    role: 'tenant_developer',
    tenantId: acme.id,
    homeTenantId: acme.id,
  };
  assert.deepEqual(await authenticate(from(`Bearer ${key}`), 'messages:read'), want);
  assert.deepEqual(await authenticate(from(`bearer  ${key}`, 'acme'), 'messages:read'), want);
});

test('K10: nothing in the database can be used as a key', async (t) => {
  const { db, clock, acme } = await setUp(t);
  const { key } = await createKey(db, clock, developer(acme.id));
  const rows = await db
    .tables<{ api_keys: Record<string, unknown> }>()
    .selectFrom('api_keys')
    .selectAll()
    .execute();
  const secret = key.slice(-43);
  assert.ok(!JSON.stringify(rows).includes(secret));
  const authenticate = createAuthenticate({
    db,
    clock,
    sessionTimes: () => ({ idle: 1_800_000, lifetime: 43_200_000 }),
  });
  const prefix = key.slice(0, -43);
  for (const value of rows.flatMap((row) => Object.values(row))) {
    assert.equal(
      await codeOf(() => authenticate(from(`Bearer ${String(value)}`), 'messages:read')),
      'unauthorized',
    );
    assert.equal(
      await codeOf(() =>
        authenticate(from(`Bearer ${prefix}${String(value).slice(0, 43)}`), 'messages:read'),
      ),
      'unauthorized',
    );
  }
});

test('K10: unknown, wrong, malformed and missing keys are refused alike', async (t) => {
  const { db, clock, acme } = await setUp(t);
  const { key } = await createKey(db, clock, developer(acme.id));
  const authenticate = createAuthenticate({
    db,
    clock,
    sessionTimes: () => ({ idle: 1_800_000, lifetime: 43_200_000 }),
  });
  const wrongSecret = `${key.slice(0, -43)}${'A'.repeat(43)}`;
  const unknownId = key.replace(/_[0-9a-z]{26}_/, `_${'0'.repeat(26)}_`);
  const texts = new Set<string>();
  for (const header of [
    wrongSecret,
    unknownId,
    key.replace('live', 'test'),
    `${key}x`,
    '',
    'x'.repeat(400),
  ]) {
    const error = await Promise.resolve()
      .then(() => authenticate(from(`Bearer ${header}`), 'messages:read'))
      .catch((caught: unknown) => caught);
    assert.ok(error instanceof Problem, header);
    texts.add(`${error.code} ${error.detail}`);
  }
  assert.equal(texts.size, 1);
  assert.equal(await codeOf(() => authenticate(from(), 'messages:read')), 'unauthorized');
  assert.equal(await codeOf(() => authenticate(from(key), 'messages:read')), 'unauthorized');
  assert.equal(await codeOf(() => authenticate(from(`Basic ${key}`), 'messages:read')), 'unauthorized');
});

test('K10: a revoked key stops within a second, an expired one at once', async (t) => {
  const { db, clock, advance, acme } = await setUp(t);
  const authenticate = createAuthenticate({
    db,
    clock,
    sessionTimes: () => ({ idle: 1_800_000, lifetime: 43_200_000 }),
  });
  const revoked = await createKey(db, clock, developer(acme.id));
  const expiring = await createKey(db, clock, { ...developer(acme.id), expiresAt: clock.now() + 300 });
  assert.equal(await codeOf(() => authenticate(from(`Bearer ${revoked.key}`), 'messages:read')), 'fine');
  assert.equal(await codeOf(() => authenticate(from(`Bearer ${expiring.key}`), 'messages:read')), 'fine');
  advance(299);
  assert.equal(await codeOf(() => authenticate(from(`Bearer ${expiring.key}`), 'messages:read')), 'fine');
  advance(1);
  assert.equal(
    await codeOf(() => authenticate(from(`Bearer ${expiring.key}`), 'messages:read')),
    'unauthorized',
  );

  assert.equal(await revokeKey(db, clock, { tenantId: INSTANCE_TENANT_ID, id: revoked.id }), false);
  assert.equal(await revokeKey(db, clock, { tenantId: acme.id, id: revoked.id }), true);
  advance(700);
  assert.equal(
    await codeOf(() => authenticate(from(`Bearer ${revoked.key}`), 'messages:read')),
    'unauthorized',
  );
});

test('a fresh answer comes without a promise and without the database; stale ones ask once together', async (t) => {
  const { db, clock, advance, acme, asked } = await setUp(t);
  const { key } = await createKey(db, clock, developer(acme.id));
  const authenticate = createAuthenticate({
    db,
    clock,
    sessionTimes: () => ({ idle: 1_800_000, lifetime: 43_200_000 }),
  });
  await Promise.all([
    authenticate(from(`Bearer ${key}`), 'messages:read'),
    authenticate(from(`Bearer ${key}`), 'messages:read'),
  ]);
  const before = asked();
  assert.ok(!(authenticate(from(`Bearer ${key}`), 'messages:read') instanceof Promise));
  assert.equal(asked(), before);
  advance(1000);
  await Promise.all(
    Array.from({ length: 50 }, async () => authenticate(from(`Bearer ${key}`), 'messages:read')),
  );
  assert.equal(asked(), before + 2, 'the key and its tenant');
});

test('a tenant key acts in its own tenant only, an instance key in any', async (t) => {
  const { db, clock, acme, shop } = await setUp(t);
  const authenticate = createAuthenticate({
    db,
    clock,
    sessionTimes: () => ({ idle: 1_800_000, lifetime: 43_200_000 }),
  });
  const own = `Bearer ${(await createKey(db, clock, developer(acme.id))).key}`;
  const ops = `Bearer ${(await createKey(db, clock, admin)).key}`;
  assert.equal(await codeOf(() => authenticate(from(own, 'shop'), 'messages:read')), 'forbidden');
  assert.equal(await codeOf(() => authenticate(from(own, 'nobody'), 'messages:read')), 'forbidden');
  assert.equal(await codeOf(() => authenticate(from(own, 'instance'), 'messages:read')), 'forbidden');
  assert.equal((await authenticate(from(ops), 'messages:read')).tenantId, INSTANCE_TENANT_ID);
  assert.equal((await authenticate(from(ops, 'shop'), 'messages:read')).tenantId, shop.id);
  assert.equal((await authenticate(from(ops, 'acme'), 'messages:read')).tenantId, acme.id);
  assert.equal(await codeOf(() => authenticate(from(ops, 'nobody'), 'messages:read')), 'invalid_request');
  assert.equal(await codeOf(() => authenticate(from(ops, 'shop, acme'), 'messages:read')), 'invalid_request');
});

test('the last use is written, at most once a minute', async (t) => {
  const { db, clock, advance, acme } = await setUp(t);
  const { key } = await createKey(db, clock, developer(acme.id));
  const lastUsed = async () => (await listKeys(db, acme.id))[0]?.lastUse?.at ?? null;
  const authenticate = createAuthenticate({
    db,
    clock,
    sessionTimes: () => ({ idle: 1_800_000, lifetime: 43_200_000 }),
  });
  assert.equal(await lastUsed(), null);
  const first = clock.now();
  await authenticate(from(`Bearer ${key}`), 'messages:read');
  assert.equal(await lastUsed(), first);
  advance(59_000);
  await authenticate(from(`Bearer ${key}`), 'messages:read');
  assert.equal(await lastUsed(), first);
  advance(2_000);
  await authenticate(from(`Bearer ${key}`), 'messages:read');
  assert.equal(await lastUsed(), first + 61_000);
});

test('role and tenant of a key must go together', async (t) => {
  const { db, clock, acme } = await setUp(t);
  const wrong: NewKey[] = [
    { ...admin, tenantId: acme.id },
    { ...developer(INSTANCE_TENANT_ID) },
    { ...developer('ten_nobody') },
    { ...admin, name: ' ' },
    { ...admin, name: 'x'.repeat(101) },
  ];
  for (const key of wrong)
    assert.equal(await codeOf(() => createKey(db, clock, key)), 'invalid_request', key.name);
});

test('W4: who may what', () => {
  const as = (role: Role): Principal => ({
    actorId: 'key_1',
    actorName: 'k',
    kind: 'live',
    role,
    tenantId: 'ten_a',
    homeTenantId: 'ten_a',
  });
  const all =
    'instance_admin operator instance_developer auditor tenant_admin tenant_developer tenant_viewer';
  const developers = 'instance_admin instance_developer tenant_admin tenant_developer';
  const rows: [Permission, string][] = [
    ['messages:read', all],
    ['messages:body', 'instance_admin operator instance_developer tenant_admin tenant_developer'],
    ['messages:write', developers],
    ['messages:act', 'instance_admin operator instance_developer tenant_admin tenant_developer'],
    ['connections:read', all.replace(' tenant_viewer', '')],
    ['connections:write', 'instance_admin tenant_admin'],
    ['connections:test', 'instance_admin operator instance_developer tenant_admin tenant_developer'],
    ['secrets:read', 'instance_admin auditor'],
    ['settings:read', all],
    ['settings:write', 'instance_admin tenant_admin'],
    ['keys:read', 'instance_admin instance_developer auditor tenant_admin tenant_developer'],
    ['keys:test', developers],
    ['keys:write', 'instance_admin tenant_admin'],
    ['people:read', 'instance_admin auditor tenant_admin'],
    ['people:write', 'instance_admin tenant_admin'],
    ['audit:read', 'instance_admin operator auditor tenant_admin'],
    ['tenants:read', 'instance_admin operator instance_developer auditor'],
    ['tenants:write', 'instance_admin'],
    ['queue:read', 'instance_admin operator auditor tenant_admin'],
    ['queue:write', 'instance_admin operator'],
    ['account', ''],
  ];
  const roles = all.split(' ').filter(isRole);
  assert.equal(roles.length, 7);
  for (const [permission, want] of rows) {
    assert.equal(roles.filter((role) => mayI(as(role), permission)).join(' '), want, permission);
  }
  assert.ok(
    mayI({ ...as('tenant_viewer'), sessionId: 'ses_1' }, 'account'),
    'one who is signed in has an account',
  );
  assert.ok(!mayI({ ...as('tenant_admin'), only: new Set<Permission>(['messages:write']) }, 'keys:write'));
});
