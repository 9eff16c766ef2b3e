import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openNode, refusal, type Answer, type Api } from '../../test/api-scene.ts';
import {
  check,
  codeOf,
  HOSTED,
  issue,
  openFlows,
  OWN_PAGES,
  SENDER,
  TO,
  wrong,
} from '../../test/flow-scene.ts';
import { someMasterKey } from '../../test/delivery-scene.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';
import { shiftedClock } from '../../test/system-clocks.ts';
import { parseAddress } from '../mail/mail.ts';
import { clientNetwork, mailboxKey } from './whom.ts';

const NO_WAIT = { resendSeconds: 0 };
const HOUR_MS = 3_600_000;

const ask = (api: Api, body: Readonly<Record<string, unknown>>, key?: string): Promise<Answer> =>
  api.ask('POST', '/verifications', {
    body: { flow: 'one-time-code', to: TO, ...body },
    ...(key !== undefined && { key }),
  });

const passed = (answers: readonly Answer[]): number => answers.filter(({ status }) => status === 202).length;

const mails = async (api: Api): Promise<number> =>
  ((await api.ask('GET', '/messages?limit=100')).at('items') as unknown[]).length;

forEachStore('limits of flows', (open) => {
  test('A5: of 500 at once on two nodes exactly as many pass as may', async (t) => {
    const store = await open();
    t.after(() => store.close());
    const masterKey = await someMasterKey();
    const nodes = [await openNode(store.db, { toml: SENDER, masterKey, working: false })];
    t.after(() => Promise.all(nodes.map((node) => node.close())));
    const settings = { 'one-time-code': { ...NO_WAIT, perClientHour: 7, perTenantHour: 12 } };
    const [first] = nodes;
    assert.equal((await first?.ask('PATCH', '/settings', { body: { flows: settings } }))?.status, 200);
    nodes.push(await openNode(await store.another(), { toml: SENDER, masterKey, working: false }));
    const both = (count: number, body: (index: number) => Readonly<Record<string, unknown>>) =>
      Promise.all(
        Array.from({ length: count }, (_, index) => {
          const node = nodes[index % nodes.length] ?? assert.fail();
          return ask(node, body(index), first?.key);
        }),
      );
    const address = await both(500, (index) => ({ subject: String(index) }));
    assert.equal(passed(address), 5, 'one address');
    const details = new Set(address.filter(({ status }) => status === 429).map((one) => one.at('detail')));
    assert.equal(details.size, 1, 'every refusal reads the same');
    const client = await both(100, (index) => ({
      to: `c${String(index)}@example.net`,
      clientAddress: '192.0.2.7',
    }));
    assert.equal(passed(client), 7, 'one client, also when the tenant still has room');
    const tenant = await both(100, (index) => ({ to: `t${String(index)}@example.net` }));
    assert.equal(passed(tenant), 0, 'one tenant: 12 were mailed');
  });

  test('F7: after 100 wrong codes in a row an address has to wait, over all its codes; a right one empties it', async (t) => {
    const clock = shiftedClock();
    const flows = { 'one-time-code': { ...NO_WAIT, perDay: 1_000, perHour: 100 } };
    const api = await openFlows(t, open, { clock, flows });
    const spoil = async (tries: number): Promise<{ id: string; code: string }> => {
      const made = await issue(api);
      const id = String(made.at('id'));
      const code = await codeOf(api, made.at('messageId'));
      for (let one = 0; one < tries; one += 1) await check(api, { id, code: wrong(code) });
      return { id, code };
    };
    const good = await spoil(4);
    assert.equal((await check(api, good)).at('status'), 'approved');
    let codes = 1;
    for (let failures = 0; failures < 95; failures += 5, codes += 1) {
      if (codes % 5 === 0) {
        refusal(await ask(api, {}), 429, 'rate_limited'); // 5 codes in an hour, although 100 are set
        clock.shift(HOUR_MS);
      }
      await spoil(5);
    }
    clock.shift(HOUR_MS);
    const other = await issue(api, { subject: 'other' });
    const last = { id: other.at('id'), code: wrong(await codeOf(api, other.at('messageId'))) };
    for (let one = 0; one < 4; one += 1) assert.equal((await check(api, last)).at('status'), 'pending');
    const fresh = await spoil(1);
    assert.deepEqual((await check(api, fresh)).at(), { status: 'locked' }, 'not even looked at');
    assert.ok(Number((await ask(api, {})).headers['retry-after']) > 24 * 3_600);
    assert.equal((await ask(api, { to: 'ben@example.net' })).status, 202, 'others go on');
  });
});

test('A2: of 10,000 triggers from 1,000 clients, over all flows, tenants and spellings, 5 mails in the hour', async (t) => {
  const clock = shiftedClock();
  const flows = Object.fromEntries(
    ['activation', 'password-reset', 'one-time-code', 'invitation', 'email-change'].map((flow) => [
      flow,
      {
        ...OWN_PAGES['activation'],
        ...NO_WAIT,
        perHour: 100,
        perDay: 1_000,
        perClientHour: 10_000,
        perTenantHour: 100_000,
      },
    ]),
  );
  const api = await openFlows(t, openTestSqlite, { clock, flows, working: false });
  const keys = [api.key];
  for (const slug of ['acme', 'globex']) {
    assert.equal((await api.ask('POST', '/tenants', { body: { slug, name: slug } })).status, 201);
    keys.push(await api.makeKey({ tenant: slug }));
  }
  const spellings = [
    'victim@gmail.com',
    'Vic.Tim@gmail.com',
    'v.i.c.t.i.m+shop@googlemail.com',
    'VICTIM+a+b@GMAIL.com',
  ];
  const names = Object.keys(flows);
  const trigger = (index: number) =>
    ask(
      api,
      {
        flow: names[index % names.length],
        to: spellings[index % spellings.length],
        subject: String(index),
        clientAddress: `198.18.${String((index % 1_000) >> 8)}.${String(index % 256)}`,
      },
      keys[index % keys.length],
    );
  const burst = async (from: number, count: number): Promise<number> => {
    let sent = 0;
    for (let at = 0; at < count; at += 100)
      sent += passed(
        await Promise.all(Array.from({ length: 100 }, (_, index) => trigger(from + at + index))),
      );
    return sent;
  };
  assert.equal(await burst(0, 10_000), 5);
  for (const hour of [1, 2, 3]) {
    clock.shift(HOUR_MS);
    assert.equal(await burst(hour, 100), 5);
  }
  clock.shift(HOUR_MS);
  assert.equal(await burst(0, 100), 0, '20 in the day');
  assert.equal(
    (await ask(api, { flow: 'invitation', to: 'victim@gmail.com' })).status,
    202,
    'a known caller goes on',
  );
  const rows = await api.db
    .tables<{ counted_windows: { name: string } }>()
    .selectFrom('counted_windows')
    .selectAll()
    .execute();
  assert.doesNotMatch(JSON.stringify(rows), /victim/i, 'kept as a digest only');
});

test('A1: 10,000 submits to every public entrance, with addresses of strangers everywhere, mail nobody', async (t) => {
  const api = await openFlows(t, openTestSqlite, { toml: HOSTED, flows: {} });
  const { paths } = JSON.parse((await api.ask('GET', '//openapi.json', { key: null })).text) as {
    paths: Record<string, Record<string, { security?: unknown[] }>>;
  };
  const entrances = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { security }]) =>
      security?.length === 0 ? [{ path, method }] : [],
    ),
  );
  assert.ok(entrances.some(({ path, method }) => path === '/l/{token}' && method === 'post'));
  const each = Math.ceil(10_000 / entrances.length);
  const victim = 'victim@example.net';
  for (const { path, method } of entrances) {
    const asked = method.toUpperCase() as 'GET' | 'POST';
    const url = `/${path.replaceAll(/\{\w+\}/g, encodeURIComponent(victim))}`;
    const json = JSON.stringify({ to: victim, email: victim, address: victim, flow: 'password-reset' });
    const form = new URLSearchParams({ to: victim, email: victim, form: victim }).toString();
    for (let batch = 0; batch < each; batch += 100) {
      await Promise.all(
        Array.from({ length: Math.min(100, each - batch) }, (_, index) =>
          api.ask(asked, `${url}?email=${victim}`, {
            key: null,
            headers: {
              ...{ host: 'mail.example.com', from: victim, 'x-forwarded-for': `192.0.2.${String(index)}` },
              ...(asked === 'POST' && {
                'content-type': index % 2 === 0 ? 'application/json' : 'application/x-www-form-urlencoded',
              }),
            },
            ...(asked === 'POST' && { body: index % 2 === 0 ? json : form }),
          }),
        ),
      );
    }
  }
  assert.equal(await mails(api), 0);
});

test('A2: spellings of one mailbox meet where its provider is known, and nowhere else', () => {
  const key = (text: string): string => {
    const parsed = parseAddress(text);
    assert.ok(parsed.ok, text);
    return mailboxKey(parsed.address);
  };
  for (const text of ['a.n.a@gmail.com', 'ANA+x@GoogleMail.com', 'ana+a+b@gmail.com'])
    assert.equal(key(text), 'ana@gmail.com');
  assert.equal(key('ana+x@outlook.com'), 'ana@outlook.com');
  assert.equal(key('a.na@outlook.com'), 'a.na@outlook.com');
  assert.equal(key('ana+x@pm.me'), 'ana@proton.me');
  assert.equal(key('ana+x@example.net'), 'ana+x@example.net');
  assert.equal(key('+x@gmail.com'), '+x@gmail.com');
});

test('A2: a client is an IPv4 address, or a network of IPv6', () => {
  for (const [address, network] of [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:0:1:ffff::1', '2001:db8:0:1::/64'],
    ['2001:0DB8:0000:0001::', '2001:db8:0:1::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ] as const)
    assert.equal(clientNetwork(address), network, address);
});
