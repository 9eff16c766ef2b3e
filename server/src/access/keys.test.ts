import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldErrors, openApi, openNode, refusal, type Api } from '../../test/api-scene.ts';
import { forEachStore, openTestSqlite, wholeDatabase } from '../../test/stores.ts';
import { shiftedClock } from '../../test/system-clocks.ts';
import { Problem } from '../base/problem.ts';
import { systemClock } from '../base/clock.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import { caller } from '../../test/caller.ts';
import { createAuthenticate, createKey, type NewKey } from './access.ts';

const HOUR = 3_600_000;
const sessionTimes = () => ({ idle: HOUR / 2, lifetime: 12 * HOUR });

/** A key made over the API. */
async function make(api: Api, body: object, key = api.key, headers: Record<string, string> = {}) {
  const made = await api.ask('POST', '/keys', {
    ...{ key, headers },
    body: { name: 'n', role: 'instance_developer', ...body },
  });
  assert.equal(made.status, 201, made.text);
  return { id: String(made.at('id')), key: String(made.at('key')) };
}

forEachStore('keys that may less', (open) => {
  test('K10: a key has the permissions it was given and no more, also when it is rolled', async (t) => {
    const api = await openApi(t, open);
    const { id, key } = await make(api, { permissions: ['messages:read', 'keys:read'], notes: 'for CI' });
    const rolled = String((await api.ask('POST', `/keys/${id}/roll`)).at('key'));
    for (const one of [key, rolled]) {
      assert.equal((await api.ask('GET', '/messages', { key: one })).status, 200);
      refusal(await api.ask('GET', '/connections', { key: one }), 403, 'forbidden');
      refusal(await api.ask('POST', '/keys', { key: one, body: {} }), 403, 'forbidden');
    }
    const shown = await api.ask('GET', `/keys/${id}`);
    assert.deepEqual(shown.at('permissions'), ['messages:read', 'keys:read']);
    assert.deepEqual([shown.at('notes'), shown.at('createdBy.name')], ['for CI', 'test']);
    const beyond = { name: 'n', role: 'instance_developer', permissions: ['settings:write'] };
    const refused = await api.ask('POST', '/keys', { body: beyond });
    assert.match(fieldErrors(refused).join(), /^permissions names settings:write/);
  });

  test('K10: a key of a network is refused elsewhere in the words of one that is unknown', async (t) => {
    const { db } = await openApi(t, open);
    const authenticate = createAuthenticate({ db, clock: systemClock, sessionTimes });
    const wanted: NewKey = {
      ...{ tenantId: INSTANCE_TENANT_ID, name: 'n', kind: 'live', role: 'instance_developer' },
      networks: ['192.0.2.0/24', '2001:db8::7'],
    };
    const { key } = await createKey(db, systemClock, wanted);
    const from = async (address: string, tenant?: string, given = key) => {
      const asked = { authorization: `Bearer ${given}`, tenant, address, userAgent: '' };
      try {
        return (await authenticate(caller(asked), 'messages:read')).actorName;
      } catch (error) {
        assert.ok(error instanceof Problem);
        return `${error.code} ${error.detail}`;
      }
    };
    const unknown = await from('192.0.2.9', undefined, key.replace(/.{20}$/, 'A'.repeat(20)));
    assert.match(unknown, /^unauthorized /);
    for (let round = 0; round < 2; round += 1) {
      for (const good of ['192.0.2.9', '::ffff:192.0.2.9', '::ffff:c000:209', '2001:db8::7', '2001:DB8:0::7'])
        assert.equal(await from(good), 'n', good);
      for (const bad of ['192.0.3.9', '::ffff:192.0.3.9', '2001:db8::8', '::', '', 'localhost', '192.0.2.9x'])
        assert.equal(await from(bad), unknown, bad);
    }
    assert.equal(await from('192.0.3.9', 'no-such-tenant'), unknown, 'the tenant is not looked at before');
    const mixed = await Promise.all(
      ['192.0.3.1', '192.0.2.1', '192.0.3.2'].map((one) => from(one, 'instance')),
    );
    assert.deepEqual(
      mixed,
      [unknown, 'n', unknown],
      'who asks at the same time is answered by his own address',
    );
  });

  test('K10: a key that is revoked or bound on one node is refused within a second on another', async (t) => {
    const store = await open();
    const clock = shiftedClock();
    const first = await openNode(store.db, { clock, working: false });
    const second = await openNode(await store.another(), { clock, working: false });
    t.after(async () => {
      for (const close of [first.close, second.close, store.close]) await close();
    });
    const { id, key } = await make(first, {});
    const other = await make(first, {});
    const works = async (one: string) => (await second.ask('GET', '/messages', { key: one })).status;
    assert.deepEqual([await works(key), await works(other.key)], [200, 200]);
    assert.equal((await first.ask('DELETE', `/keys/${id}`)).status, 204);
    const bound = await first.ask('PATCH', `/keys/${other.id}`, { body: { networks: ['192.0.2.0/24'] } });
    assert.equal(bound.status, 200, bound.text);
    clock.shift(1_000);
    assert.deepEqual([await works(key), await works(other.key)], [401, 401]);
  });

  test('K10: name, notes, networks and end change; a key that has ended does not', async (t) => {
    const clock = shiftedClock();
    const api = await openApi(t, open, { clock });
    const { id, key } = await make(api, {});
    const at = (ms: number) => new Date(clock.now() + ms).toISOString();
    const patch = (body: object, as = api.key) => api.ask('PATCH', `/keys/${id}`, { key: as, body });
    const later = at(2 * HOUR);
    const changed = await patch({ name: 'new', notes: 'why', expiresAt: later });
    assert.deepEqual(
      [changed.at('name'), changed.at('notes'), changed.at('expiresAt')],
      ['new', 'why', later],
    );
    assert.equal((await patch({})).at('name'), 'new');
    assert.equal((await patch({ expiresAt: at(HOUR), notes: null })).at('notes'), null);
    assert.deepEqual(fieldErrors(await patch({ expiresAt: at(-1) })), ['expiresAt is in the past']);
    for (const networks of [[], ['10.0.0.0/33'], ['fe80::1%lo'], ['relay.example'], ['10.0.0.0/8/8']])
      assert.match(fieldErrors(await patch({ networks })).join(), /^networks/);
    assert.match(fieldErrors(await patch({ role: 'auditor' })).join(), /^role /);
    assert.equal((await api.ask('GET', '/messages', { key })).status, 200);
    clock.shift(HOUR + 1);
    assert.equal((await api.ask('GET', '/messages', { key })).status, 401);
    refusal(await patch({ expiresAt: null }), 409, 'conflict');
  });

  test('the list goes a page at a time, and tells when and from where a key was used last', async (t) => {
    const api = await openApi(t, open);
    const made = [await make(api, {}), await make(api, {}), await make(api, {})];
    const used = made[0];
    assert.ok(used);
    await api.ask('GET', '/messages', { key: used.key, headers: { 'user-agent': 'shop/2 \u0001' } });
    const ids: unknown[] = [];
    for (let more = ''; more !== 'none';) {
      const page = await api.ask('GET', `/keys?limit=2${more}`);
      ids.push(...(page.at('items') as { id: string }[]).map(({ id }) => id));
      const next = page.at('next');
      more = typeof next === 'string' ? `&cursor=${next}` : 'none';
    }
    assert.deepEqual(ids.slice(0, 3), made.map(({ id }) => id).toReversed());
    assert.equal(ids.length, 4);
    const shown = await api.ask('GET', `/keys/${used.id}`);
    assert.equal(shown.at('lastUsedAddress'), '127.0.0.1');
    assert.equal(shown.at('lastUsedAgent'), 'shop/2 ?');
    assert.notEqual(shown.at('lastUsedAt'), null);
  });

  test('K10: no value of any table, and no two joined, is a key that works', async (t) => {
    const store = await open();
    const api = await openNode(store.db, { working: false });
    t.after(async () => {
      await api.close();
      await store.close();
    });
    const keys = [api.key, (await make(api, { networks: ['127.0.0.1'] })).key, (await make(api, {})).key];
    for (const key of keys) await api.ask('GET', '/messages', { key });
    const text = await wholeDatabase(store.db);
    assert.match(text, /key_/);
    for (const key of keys) {
      const secret = key.slice(-43);
      const raw = Buffer.from(secret, 'base64url');
      for (const spelling of [secret, raw.toString('hex'), raw.toString('base64'), raw.toString('latin1')])
        assert.equal(text.includes(spelling), false);
    }
    const words = new Set(text.match(/[A-Za-z0-9_-]{20,}/g));
    const prefix = keys[2]?.slice(0, -43) ?? '';
    for (const word of words)
      for (const tried of [word, prefix + word.slice(0, 43).padEnd(43, 'A')])
        assert.equal((await api.ask('GET', '/messages', { key: tried })).status, 401, word);
  });
});

test('W4: keys:test makes, changes, rolls and ends test keys and no others; a narrowed key makes no wider one', async (t) => {
  const api = await openApi(t, openTestSqlite);
  await api.ask('POST', '/tenants', { body: { slug: 'acme', name: 'Acme' } });
  const developer = await api.makeKey({ tenant: 'acme', role: 'tenant_developer' });
  const headers = { 'posthorn-tenant': 'acme' };
  const live = await make(api, { role: 'tenant_developer' }, api.key, headers);
  const trial = await make(api, { role: 'tenant_developer', kind: 'test' }, developer);
  const calls = (id: string) =>
    [
      ['PATCH', `/keys/${id}`, { name: 'x' }],
      ['POST', `/keys/${id}/roll`, {}],
      ['DELETE', `/keys/${id}`, undefined],
    ] as const;
  for (const [method, path, body] of calls(live.id))
    refusal(await api.ask(method, path, { key: developer, body }), 403, 'forbidden');
  for (const [method, path, body] of calls(trial.id))
    assert.ok((await api.ask(method, path, { key: developer, body })).status < 300, path);

  const narrow = await api.makeKey({ tenant: 'acme', permissions: ['keys:write', 'messages:read'] });
  const tried = (body: object, key = narrow) =>
    api.ask('POST', '/keys', { key, body: { name: 'n', role: 'tenant_developer', ...body } });
  refusal(await tried({}), 403, 'forbidden');
  refusal(await tried({ permissions: ['messages:write'] }), 403, 'forbidden');
  assert.equal((await tried({ permissions: ['messages:read'] })).status, 201);
  refusal(await tried({ role: 'tenant_admin', permissions: ['messages:read'] }, developer), 403, 'forbidden');
});

test('K10: a key does not lift its own bounds', async (t) => {
  const api = await openApi(t, openTestSqlite);
  const { id, key } = await make(api, { role: 'instance_admin', networks: ['127.0.0.0/8'] });
  const patch = (body: object) => api.ask('PATCH', `/keys/${id}`, { key, body });
  for (const body of [{ networks: null }, { expiresAt: null }, { networks: ['0.0.0.0/0'], name: 'x' }])
    refusal(await patch(body), 403, 'forbidden');
  assert.equal((await patch({ name: 'mine' })).at('name'), 'mine');
});

test('K10: an unknown id takes as long as a wrong secret', async (t) => {
  const { db, key } = await openApi(t, openTestSqlite, { working: false });
  const authenticate = createAuthenticate({ db, clock: systemClock, sessionTimes });
  const unknown = key.replace(/_[0-9a-z]{26}_/, `_${'0'.repeat(26)}_`);
  const wrong = key.slice(0, -43) + 'A'.repeat(43);
  const times: Record<string, number[]> = { unknown: [], wrong: [] };
  for (let n = 0; n < 10_000; n += 1) {
    const [name, authorization] = n % 2 === 0 ? ['unknown', unknown] : ['wrong', wrong];
    const started = performance.now();
    await Promise.resolve(
      authenticate(caller({ authorization: `Bearer ${authorization}` }), 'messages:read'),
    ).catch(() => undefined);
    times[name]?.push(performance.now() - started);
  }
  const median = (name: string) => (times[name] ?? []).toSorted((a, b) => a - b)[2_500] ?? Number.NaN;
  const difference = Math.abs(median('unknown') - median('wrong'));
  t.diagnostic(`difference of the medians ${difference.toFixed(4)} ms`);
  assert.ok(difference <= 1, String(difference));
});
