import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldErrors, openApi, refusal } from '../../test/api-scene.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';
import { shiftedClock } from '../../test/system-clocks.ts';

const HOUR = 3_600_000;

forEachStore('API keys over the API', (open) => {
  test('K10: a key is shown once, works, is listed without itself, and stops when it is revoked', async (t) => {
    const clock = shiftedClock();
    const api = await openApi(t, open, { clock });
    const made = await api.ask('POST', '/keys', { body: { name: 'shop', role: 'instance_developer' } });
    assert.equal(made.status, 201, made.text);
    const [id, key] = [String(made.at('id')), String(made.at('key'))];
    assert.match(key, /^ph_live_/);
    assert.equal((await api.ask('GET', '/messages', { key })).status, 200);
    const list = await api.ask('GET', '/keys');
    assert.deepEqual([list.at('items[0].id'), list.at('items[0].state')], [id, 'active']);
    assert.ok(!list.text.includes(key.slice(-43)));
    assert.equal((await api.ask('DELETE', `/keys/${id}`)).status, 204);
    clock.shift(1_001);
    assert.equal((await api.ask('GET', '/messages', { key })).status, 401);
    assert.equal((await api.ask('GET', '/keys')).at('items[0].state'), 'revoked');
    refusal(await api.ask('POST', `/keys/${id}/roll`), 409, 'conflict');
  });

  test('K10: rolled, the old key goes on for the overlap and no longer', async (t) => {
    const clock = shiftedClock();
    const api = await openApi(t, open, { clock });
    const old = await api.ask('POST', '/keys', {
      body: { name: 'shop', role: 'instance_developer', kind: 'test' },
    });
    const rolled = await api.ask('POST', `/keys/${String(old.at('id'))}/roll`, { body: { overlapHours: 1 } });
    assert.equal(rolled.status, 201, rolled.text);
    const key = String(rolled.at('key'));
    assert.match(key, /^ph_test_/, 'of the same kind');
    const works = async (tried: string) => (await api.ask('GET', '/messages', { key: tried })).status === 200;
    assert.deepEqual([await works(String(old.at('key'))), await works(key)], [true, true]);
    clock.shift(HOUR + 1);
    assert.deepEqual([await works(String(old.at('key'))), await works(key)], [false, true]);
    const states = (await api.ask('GET', '/keys')).at('items') as { id: string; state: string }[];
    assert.equal(states.find(({ id }) => id === old.at('id'))?.state, 'expired');
  });
});

test('a key expires when it was told to, and cannot have expired before', async (t) => {
  const clock = shiftedClock();
  const api = await openApi(t, openTestSqlite, { clock });
  const body = { name: 'n', role: 'instance_developer' };
  const at = (ms: number) => new Date(clock.now() + ms).toISOString();
  const past = await api.ask('POST', '/keys', { body: { ...body, expiresAt: at(-1_000) } });
  assert.deepEqual(fieldErrors(past), ['expiresAt is in the past']);
  const made = await api.ask('POST', '/keys', { body: { ...body, expiresAt: at(HOUR) } });
  const key = String(made.at('key'));
  assert.equal((await api.ask('GET', '/messages', { key })).status, 200);
  clock.shift(HOUR + 1);
  assert.equal((await api.ask('GET', '/messages', { key })).status, 401);
});

test('W4: nobody makes, rolls or ends a key that may more, nor one of another tenant', async (t) => {
  const api = await openApi(t, openTestSqlite);
  for (const slug of ['acme', 'other']) await api.ask('POST', '/tenants', { body: { slug, name: slug } });
  const admin = await api.makeKey({ tenant: 'acme' });
  const developer = await api.makeKey({ tenant: 'acme', role: 'tenant_developer' });
  const tester = await api.makeKey({ tenant: 'acme', kind: 'test' });
  const make = (key: string, body: object) => api.ask('POST', '/keys', { key, body: { name: 'n', ...body } });
  assert.equal((await make(admin, { role: 'tenant_admin' })).status, 201);
  refusal(await make(admin, { role: 'instance_admin' }), 403, 'forbidden');
  refusal(await make(admin, { role: 'instance_developer' }), 403, 'forbidden');
  refusal(await make(developer, { role: 'tenant_developer' }), 403, 'forbidden');
  refusal(await make(tester, { role: 'tenant_developer' }), 403, 'forbidden');
  assert.equal((await make(tester, { role: 'tenant_developer', kind: 'test' })).status, 201);
  assert.match(fieldErrors(await make(api.key, { role: 'tenant_admin' })).join(), /^role /);

  const theirs = await api.ask('POST', '/keys', {
    headers: { 'posthorn-tenant': 'other' },
    body: { name: 'theirs', role: 'tenant_admin' },
  });
  const id = String(theirs.at('id'));
  refusal(await api.ask('DELETE', `/keys/${id}`, { key: admin }), 404, 'not_found');
  refusal(await api.ask('POST', `/keys/${id}/roll`, { key: admin }), 404, 'not_found');
  assert.ok(!(await api.ask('GET', '/keys', { key: admin })).text.includes('theirs'));
  for (const body of [
    { name: '' },
    { name: 'a\nb', role: 'tenant_admin' },
    { role: 'king' },
    { kind: 'dead' },
  ]) {
    assert.equal((await make(admin, body)).status, 422, JSON.stringify(body));
  }
});
