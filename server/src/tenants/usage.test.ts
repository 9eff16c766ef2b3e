/** Rates and monthly quotas of tenants, counted where mail is accepted. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import {
  fieldErrors,
  MESSAGE,
  openApi,
  openNode,
  refusal,
  relayToml,
  type Answer,
  type Api,
} from '../../test/api-scene.ts';
import { someMasterKey } from '../../test/delivery-scene.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';
import { readEvents } from '../events/events.ts';
import { marksAt, monthOf, parseRate } from './limits.ts';
import { findTenantBySlug } from './tenants.ts';

/** 15 November 2026, noon. */
const NOW = Date.UTC(2026, 10, 15, 12);
const TO_MONTH_END_S = (Date.UTC(2026, 11, 1) - NOW) / 1_000;
const LIVE = relayToml(1); // nothing is sent: the worker does not run

async function limited(t: TestContext, api: Api, limits: Record<string, unknown>, slug = 'acme') {
  const made = await api.ask('POST', '/tenants', { body: { slug, name: slug } });
  assert.equal(made.status, 201, made.text);
  await api.allow(slug);
  const inside = { headers: { 'posthorn-tenant': slug } };
  const set = async (values: Record<string, unknown>) => {
    const answer = await api.ask('PATCH', '/settings', { ...inside, body: { limits: values } });
    assert.equal(answer.status, 200, answer.text);
  };
  await set(limits);
  const key = await api.makeKey({ tenant: slug });
  const send = (body: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
    api.ask('POST', '/messages', { key, body: { ...MESSAGE, ...body }, headers });
  const usage = async () => (await api.ask('GET', '/usage', { key })).at() as Record<string, unknown>;
  const told = async () => {
    const id = (await findTenantBySlug(api.db, slug))?.id ?? '';
    return (await readEvents(api.db, id, id)).map(({ type, data }) => [type, data['accepted']]);
  };
  return { key, inside, set, send, usage, told };
}

const statuses = (answers: readonly Answer[]) =>
  Object.fromEntries(
    Map.groupBy(answers, ({ status }) => status)
      .entries()
      .map(([s, all]) => [s, all.length]),
  );

forEachStore('limits of tenants', (open) => {
  test('A5: of 500 messages at the same time on two nodes a quota of 5 lets 5 through, and tells once', async (t) => {
    const store = await open();
    t.after(() => store.close());
    const options = { toml: LIVE, working: false, masterKey: await someMasterKey() };
    const one = await openNode(store.db, options);
    t.after(() => one.close());
    const acme = await limited(t, one, { monthly: 5 });
    const two = await openNode(await store.another(), options);
    t.after(() => two.close());
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, at) =>
        (at % 2 === 0 ? one : two).ask('POST', '/messages', { key: acme.key, body: MESSAGE }),
      ),
    );
    assert.deepEqual(statuses(answers), { 202: 5, 429: 495 });
    for (const answer of answers.filter(({ status }) => status === 429))
      refusal(answer, 429, 'quota_reached');
    assert.equal(
      (await one.ask('GET', '/messages?limit=100', { key: acme.key })).text.match(/"msg_/g)?.length,
      5,
    );
    const { accepted, monthly, warned } = await acme.usage();
    assert.deepEqual([accepted, monthly, warned], [5, 5, true]);
    const told = new Set((await acme.told()).map(([type]) => type));
    assert.deepEqual([(await acme.told()).length, told.size], [2, 2], 'each mark once');
  });

  test('the quota is of the calendar month; 80 and 100 percent are told once; repeated requests count once', async (t) => {
    const clock = createFakeClock(NOW);
    const api = await openApi(t, open, { clock, toml: LIVE, working: false });
    const { set, send, usage, told, key } = await limited(t, api, { monthly: 10 });
    const batch = (count: number) =>
      api.ask('POST', '/messages/batch', {
        key,
        body: { messages: Array.from({ length: count }, () => MESSAGE) },
      });
    assert.equal((await batch(7)).status, 202);
    assert.deepEqual(await told(), []);
    assert.equal((await send({}, { 'idempotency-key': 'a' })).status, 202);
    assert.equal((await send({}, { 'idempotency-key': 'a' })).status, 202, 'the same request again');
    assert.deepEqual(await told(), [['tenant.quota_warning', 8]]);
    refusal(await batch(3), 429, 'quota_reached');
    assert.equal((await usage())['accepted'], 8, 'what did not fit did not count');
    assert.equal((await batch(2)).status, 202);
    assert.deepEqual(await told(), [
      ['tenant.quota_warning', 8],
      ['tenant.quota_reached', 10],
    ]);
    const over = await send({}, { 'idempotency-key': 'b' });
    assert.match(refusal(over, 429, 'quota_reached'), /10 messages in 2026-11/);
    assert.equal(over.headers['retry-after'], String(TO_MONTH_END_S));
    refusal(await send({}, { 'idempotency-key': 'b' }), 429, 'quota_reached');
    assert.equal((await send({}, { 'idempotency-key': 'a' })).status, 202, 'accepted long ago');
    await set({ monthly: 11 });
    assert.equal((await send({}, { 'idempotency-key': 'b' })).status, 202);
    assert.equal((await told()).length, 2, 'no second word in the same month');
    clock.advance(TO_MONTH_END_S * 1_000);
    assert.deepEqual([(await usage())['month'], (await usage())['accepted']], ['2026-12', 0]);
    assert.equal((await batch(9)).status, 202);
    assert.deepEqual((await told()).at(-1), ['tenant.quota_warning', 9]);
  });

  test('a rate holds in every window; what one refuses the others do not count', async (t) => {
    const clock = createFakeClock(NOW);
    const api = await openApi(t, open, { clock, toml: LIVE, working: false });
    const { send, usage } = await limited(t, api, { rate: '2:60,3:3600', monthly: 100 });
    for (let sent = 0; sent < 2; sent += 1) assert.equal((await send()).status, 202);
    clock.advance(20_000);
    const over = await send();
    assert.match(refusal(over, 429, 'rate_limited'), /2 messages in 60 seconds/);
    assert.equal(over.headers['retry-after'], '40');
    assert.equal((await usage())['accepted'], 2);
    clock.advance(40_000);
    assert.equal((await send()).status, 202);
    const hour = await send();
    assert.match(refusal(hour, 429, 'rate_limited'), /3 messages in 3600 seconds/);
    const { rate, accepted } = await usage();
    assert.equal(accepted, 3);
    assert.deepEqual(
      (rate as { accepted: number }[]).map((pair) => pair.accepted),
      [1, 3],
    );
  });
});

test('only what leaves over connections of the instance counts', async (t) => {
  const api = await openApi(t, openTestSqlite, { toml: LIVE, working: false });
  const acme = await limited(t, api, { monthly: 3 });
  const count = async () => (await acme.usage())['accepted'];
  const testKey = await api.makeKey({ tenant: 'acme', kind: 'test' });
  await api.send({}, { key: testKey });
  assert.equal(await count(), 0, 'a test key');
  const capture = (mode: string | null) =>
    api.ask('PATCH', '/settings', { ...acme.inside, body: { delivery: { mode } } });
  await capture('capture');
  await acme.send();
  assert.equal(await count(), 0, 'captured');
  await capture('allow-list');
  await acme.send();
  assert.equal(await count(), 0, 'not on the allow list');
  await capture(null);
  await acme.send();
  assert.equal(await count(), 1);
  const sent = await api.send({}, acme.inside);
  assert.equal(await count(), 2, 'the instance acting in the tenant');
  assert.equal((await api.ask('POST', `/messages/${sent}/resend`, { ...acme.inside, body: {} })).status, 202);
  assert.equal(await count(), 3, 'a resend');
  refusal(
    await api.ask('POST', `/messages/${sent}/resend`, { ...acme.inside, body: {} }),
    429,
    'quota_reached',
  );
  for (let more = 0; more < 5; more += 1) await api.send(); // the instance itself
  const own = { type: 'smtp', name: 'own', host: 'relay.example.com' };
  const made = await api.ask('POST', '/connections?force=true&reason=test', { key: acme.key, body: own });
  assert.equal(made.status, 201, made.text);
  assert.equal((await acme.send()).status, 202, 'over its own connection');
  assert.equal(await count(), 3);
});

test('limits are the word of the instance: for one tenant or for all, and never of the tenant', async (t) => {
  const api = await openApi(t, openTestSqlite, { toml: LIVE, working: false });
  const { key, inside, set, usage } = await limited(t, api, {});
  const unlimited = await usage();
  assert.deepEqual([unlimited['accepted'], unlimited['monthly'], unlimited['rate']], [null, null, []]);
  await api.ask('PATCH', '/settings', { body: { limits: { monthly: 7, rate: '5:60' } } });
  assert.equal((await usage())['monthly'], 7, 'the default of all');
  await set({ monthly: 9 });
  assert.equal((await usage())['monthly'], 9);
  assert.deepEqual((await api.ask('GET', '/usage')).at('monthly'), null, 'the instance is held to nothing');
  for (const [body, path] of [
    [{ limits: { monthly: 1 } }, 'limits.monthly'],
    [{ limits: { rate: '1:1' } }, 'limits.rate'],
    [{ senders: { allowed: ['*'] } }, 'senders.allowed'],
    [{ connections: { own: 'allowed' } }, 'connections.own'],
  ] as const) {
    assert.deepEqual(fieldErrors(await api.ask('PATCH', '/settings', { key, body }), 403, 'forbidden'), [
      `${path} is set by the people of the instance only`,
    ]);
  }
  for (const [body, error] of [
    [{ limits: { monthly: -1 } }, /^limits\.monthly /],
    [{ limits: { monthly: 1.5 } }, /^limits\.monthly /],
    [{ limits: { monthly: '5' } }, /^limits\.monthly /],
    [{ limits: { rate: '' } }, /^limits\.rate must be pairs/],
    [{ limits: { rate: '5' } }, /^limits\.rate must be pairs/],
    [{ limits: { rate: '0:60' } }, /^limits\.rate must be pairs/],
    [{ limits: { rate: '5:60,6:60' } }, /^limits\.rate must be pairs/],
    [{ limits: { rate: '1:1,1:2,1:3,1:4,1:5,1:6' } }, /^limits\.rate must be pairs/],
    [{ senders: { allowed: ['nobody'] } }, /^senders\.allowed\[0\] must be an address/],
    [{ senders: { allowed: ['a@example.com', '@*'] } }, /^senders\.allowed\[1\] must be an address/],
    [{ connections: { own: 'maybe' } }, /^connections\.own /],
  ] as const)
    assert.match(fieldErrors(await api.ask('PATCH', '/settings', { ...inside, body })).join(), error);
});

test('what a rate is written as is read back, whatever it is', () => {
  const pair = fc.record(
    { messages: fc.integer({ min: 1, max: 999_999_999 }), seconds: fc.integer({ min: 1, max: 9_999_999 }) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(pair, { minLength: 1, maxLength: 5, selector: ({ seconds }) => seconds }),
      (pairs) => {
        const text = pairs.map(({ messages, seconds }) => `${String(messages)}:${String(seconds)}`).join(',');
        assert.deepEqual(parseRate(text), pairs);
      },
    ),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const { messages, seconds } of parseRate(text) ?? []) assert.ok(messages > 0 && seconds > 0);
    }),
  );
});

test('marks and months', () => {
  assert.deepEqual(marksAt(79, 100), []);
  assert.deepEqual(marksAt(80, 100), ['tenant.quota_warning']);
  assert.deepEqual(marksAt(100, 100), ['tenant.quota_warning', 'tenant.quota_reached']);
  assert.deepEqual(monthOf(Date.UTC(2027, 11, 31, 23, 59, 59, 999)), {
    name: '2027-12',
    endsAt: Date.UTC(2028, 0, 1),
  });
  assert.deepEqual(monthOf(Date.UTC(2028, 0, 1)), { name: '2028-01', endsAt: Date.UTC(2028, 1, 1) });
});
