/**
 * The API of presets, hints, probe and discovery: what it takes, what it refuses, who may, and how often.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldErrors, openApi, refusal, relayToml } from '../../test/api-scene.ts';
import { startDns, type Zone } from '../../test/dns-server.ts';
import { startPeer } from '../../test/smtp-peer.ts';
import { openTestSqlite } from '../../test/stores.ts';
import { systemClock } from '../base/clock.ts';
import { createLookups, tenantEgress } from '../net/net.ts';

const TENANTS = '[[tenants]]\nslug = "acme"\n';

test('GET /presets shows the providers, without what only we read', async (t) => {
  const api = await openApi(t, openTestSqlite);
  const answer = await api.ask('GET', '/presets');
  assert.equal(answer.status, 200, answer.text);
  const ids = (answer.at('items') as { id: string }[]).map(({ id }) => id);
  assert.ok(ids.length >= 14 && ids.includes('microsoft365') && ids.includes('rapidmail'));
  assert.equal(answer.at('items[0].port'), 587);
  assert.equal(answer.at('items[0].stale'), false);
  assert.ok(!answer.text.includes('"dns"'));
});

test('K5: POST /connection-hints judges secrets and neither repeats nor logs them', async (t) => {
  const api = await openApi(t, openTestSqlite);
  const password = 'canary-7c1f-hints-secret ';
  const settings = {
    host: 'smtp.sendgrid.com',
    port: 465,
    security: 'starttls',
    auth: 'password',
    username: 'x',
    password,
    clientSecret: password,
  };
  const answer = await api.ask('POST', '/connection-hints', { body: { settings } });
  assert.equal(answer.status, 200, answer.text);
  const ids = (answer.at('hints') as { id: string }[]).map(({ id }) => id);
  for (const id of ['host.mistaken', 'port.needs_tls_first', 'password.spaces'])
    assert.ok(ids.includes(id), id);
  assert.ok(![answer.text, ...api.log].join('\n').includes('canary-7c1f'));
  const other = await api.ask('POST', '/connection-hints', { body: { settings: { type: 'mailbox' } } });
  assert.deepEqual(other.at('hints'), []);
  const wrong = await api.ask('POST', '/connection-hints', {
    body: { settings: { port: 'x', password: 7 } },
  });
  assert.deepEqual(
    fieldErrors(wrong).map((line) => line.split(' ')[0]),
    ['settings.port', 'settings.password'],
  );
});

test('S4: POST /probe refuses every forbidden host with one answer', async (t) => {
  const api = await openApi(t, openTestSqlite, {
    toml: TENANTS,
    discovery: { egressFor: () => tenantEgress() },
  });
  const key = await api.makeKey({ tenant: 'acme' });
  const answers = new Set<string>();
  for (const host of [
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '[::1]'.slice(1, -1),
    'localhost',
    'db.internal',
  ]) {
    const answer = await api.ask('POST', '/probe', { key, body: { host } });
    answers.add(refusal(answer, 422, 'invalid_request'));
  }
  assert.deepEqual([...answers], ['host is or leads to an address that is not allowed here.']);
  for (const host of ['', 'a b', '127.1', 'smtp://x', 'x'.repeat(300)]) {
    assert.equal((await api.ask('POST', '/probe', { key, body: { host } })).status, 422, host);
  }
});

test('POST /probe and /discover are counted by key and tenant, and need a permission', async (t) => {
  const api = await openApi(t, openTestSqlite, {
    toml: TENANTS,
    discovery: { egressFor: () => tenantEgress() },
  });
  const key = await api.makeKey({ tenant: 'acme' });
  const statuses: number[] = [];
  for (let n = 0; n < 11; n += 1) {
    const answer = await api.ask('POST', '/probe', { key, body: { host: '127.0.0.1' } });
    statuses.push(answer.status);
    if (answer.status === 429) {
      refusal(answer, 429, 'rate_limited');
      assert.match(String(answer.headers['retry-after']), /^\d+$/);
    }
  }
  assert.deepEqual(statuses, [...Array<number>(10).fill(422), 429]);
  assert.equal((await api.ask('POST', '/probe', { body: { host: '127.0.0.1' } })).status, 422, 'another key');
  refusal(await api.ask('POST', '/probe', { key: null, body: { host: 'a.example' } }), 401, 'unauthorized');
});

test('POST /discover takes an address or a domain, in any script', async (t) => {
  const dns = await startDns({ 'xn--bcher-kva.test': { MX: ['10 aspmx.l.google.com'] } }, t);
  const lookups = createLookups({ clock: systemClock, servers: dns.servers });
  const publicEgress = (ports: readonly number[]) => tenantEgress({ ports });
  const dialer = { dial: () => Promise.reject(new Error('nobody dials in this test')) };
  const https = {
    request: () =>
      Promise.resolve({
        ok: false,
        step: 'connect',
        sent: false,
        failure: { kind: 'tcp', code: 'X', message: '' },
      } as const),
  };
  const api = await openApi(t, openTestSqlite, { discovery: { lookups, publicEgress, https, dialer } });
  const answer = await api.ask('POST', '/discover', { body: { address: 'ana@Bücher.test' } });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.at('domain'), 'xn--bcher-kva.test');
  assert.equal(answer.at('suggestions[0].preset'), 'gmail');
  assert.equal(answer.at('suggestions[0].settings.username'), 'ana@Bücher.test');
  const byDomain = await api.ask('POST', '/discover', { body: { domain: 'bücher.test' } });
  assert.equal(byDomain.at('suggestions[0].settings.username'), undefined);

  for (const body of [
    {},
    { address: 'a@b.test', domain: 'b.test' },
    { address: 'nobody' },
    { domain: '127.0.0.1' },
    { domain: 'a b' },
    { domain: 'localhost' },
    { domain: 'evil.test/path' },
    { domain: 'x@evil.test' },
  ]) {
    const refused = await api.ask('POST', '/discover', { body });
    assert.equal(fieldErrors(refused).length, 1, JSON.stringify(body));
  }
});

const RELAY_ZONE: Zone = {
  'example.com': { MX: ['10 mx.example.com'], TXT: ['v=spf1 include:spf.protection.outlook.com -all'] },
  'spf.protection.outlook.com': { TXT: ['v=spf1 -all'] },
  '_dmarc.example.com': { TXT: ['v=DMARC1; p=none'] },
};

test('POST /deliverability takes an address or domain, and a connection or a host', async (t) => {
  const dns = await startDns(RELAY_ZONE, t);
  const lookups = createLookups({ clock: systemClock, servers: dns.servers });
  const api = await openApi(t, openTestSqlite, {
    toml: `${relayToml(2525)}${TENANTS}`,
    discovery: { lookups },
  });
  const byHost = await api.ask('POST', '/deliverability', {
    body: { from: 'canary-local@example.com', host: 'smtp.office365.com' },
  });
  assert.equal(byHost.status, 200, byHost.text);
  const rows = byHost.at('rows') as { check: string; status: string }[];
  assert.deepEqual(
    rows.map(({ check, status }) => [check, status]),
    [
      ['mx', 'pass'],
      ['spf', 'pass'],
      ['spf_lookups', 'pass'],
      ['dkim', 'warn'],
      ['dmarc', 'info'],
      ['alignment', 'info'],
    ],
  );
  assert.ok(!JSON.stringify(dns.asked).includes('canary'));
  const byName = await api.ask('POST', '/deliverability', {
    body: { from: 'example.com', connection: 'relay' },
  });
  assert.equal(byName.at('host'), '127.0.0.1');

  const key = await api.makeKey({ tenant: 'acme' });
  const other = await api.ask('POST', '/deliverability', {
    key,
    body: { from: 'example.com', connection: 'relay' },
  });
  refusal(other, 404, 'not_found');
  const wrong = [
    { from: 'example.com' },
    { from: 'example.com', host: 'a.example', connection: 'relay' },
    { from: 'no domain', host: 'a.example' },
    { from: 'a@b@c', host: 'a.example' },
    { from: 'example.com', host: 'smtp://a' },
  ];
  for (const body of wrong) {
    assert.equal(
      fieldErrors(await api.ask('POST', '/deliverability', { body })).length,
      1,
      JSON.stringify(body),
    );
  }
});

test('a test message that was accepted brings advice, which fails nothing', async (t) => {
  const dns = await startDns(RELAY_ZONE, t);
  const lookups = createLookups({ clock: systemClock, servers: dns.servers });
  const relay = await startPeer();
  t.after(() => relay.close());
  const api = await openApi(t, openTestSqlite, { toml: relayToml(relay.port), discovery: { lookups } });
  const run = async (body: Readonly<Record<string, unknown>>) => {
    const started = await api.ask('POST', '/connection-tests', { body });
    assert.equal(started.status, 202, started.text);
    const events = await api.ask('GET', `/connection-tests/${String(started.at('id'))}/events`);
    return {
      shown: await api.ask('GET', `/connection-tests/${String(started.at('id'))}`),
      events: events.text,
    };
  };
  const sent = await run({ connection: 'relay', to: 'ana@example.net', from: 'app@example.com' });
  assert.equal(sent.shown.at('status'), 'passed', sent.shown.text);
  assert.equal(sent.shown.at('advice[0].check'), 'mx');
  assert.ok(
    (sent.shown.at('advice') as { status: string }[]).some(
      ({ status }) => status === 'warn' || status === 'unknown',
    ),
  );
  assert.ok(sent.events.indexOf('"t":"advice"') > sent.events.indexOf('"id":"accepted"'));
  assert.ok(sent.events.indexOf('"t":"advice"') < sent.events.indexOf('"t":"end"'));

  const checked = await run({ connection: 'relay' });
  assert.equal(checked.shown.at('advice'), null);
  const failed = await run({
    settings: { type: 'smtp', name: 'x', host: '127.0.0.1', port: 1, security: 'none' },
    to: 'a@example.net',
    from: 'app@example.com',
  });
  assert.equal(failed.shown.at('status'), 'failed');
  assert.equal(failed.shown.at('advice'), null);
});

test('a test that is stopped while the DNS is asked has passed all the same', async (t) => {
  const names = ['example.com', '_dmarc.example.com', '_domainkey.example.com'];
  const dns = await startDns(
    Object.fromEntries(names.map((name) => [name, { broken: 'silent' as const }])),
    t,
  );
  const lookups = createLookups({ clock: systemClock, servers: dns.servers });
  const relay = await startPeer();
  t.after(() => relay.close());
  const api = await openApi(t, openTestSqlite, { toml: relayToml(relay.port), discovery: { lookups } });
  const started = await api.ask('POST', '/connection-tests', {
    body: { connection: 'relay', to: 'ana@example.net', from: 'app@example.com' },
  });
  await dns.heard();
  const stopped = await api.ask('POST', `/connection-tests/${String(started.at('id'))}/cancel`);
  assert.equal(stopped.at('status'), 'passed', stopped.text);
  assert.equal(stopped.at('advice'), null);
  assert.equal(relay.messages.length, 1);
});
