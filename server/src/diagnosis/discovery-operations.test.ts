/**
 * The API of presets, hints, probe and discovery: what it takes, what it refuses, who may, and how often.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldErrors, openApi, refusal } from '../../test/api-scene.ts';
import { startDns } from '../../test/dns-server.ts';
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
