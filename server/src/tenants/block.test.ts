/** The connections of a tenant as one block: its own, the instance's, and what a tenant sees and may set of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldErrors, openApi, refusal, relayToml } from '../../test/api-scene.ts';
import { openTestSqlite } from '../../test/stores.ts';
import { startPeer } from '../../test/smtp-peer.ts';

const OWN = { type: 'smtp', name: 'own', host: 'own.example.com', senders: ['@acme.example'] };
const FORCED = '/connections?force=true&reason=test';

test('the block is own or inherited as a whole, says which one would be used, and shows no host', async (t) => {
  const toml = `${relayToml(1)}username = "platform-user"\n[[connections]]\nname = "spare"\ntype = "mailbox"\n`;
  const api = await openApi(t, openTestSqlite, { toml, working: false });
  await api.ask('POST', '/tenants', { body: { slug: 'acme', name: 'Acme' } });
  await api.allow('acme', '@acme.example');
  const inside = { headers: { 'posthorn-tenant': 'acme' } };
  const key = await api.makeKey({ tenant: 'acme' });
  const viewer = await api.makeKey({ tenant: 'acme', role: 'tenant_viewer' });
  const block = async () => {
    const answer = await api.ask('GET', '/settings/effective', { key: viewer });
    assert.ok(!/127\.0\.0\.1|platform-user/.test(answer.text), answer.text);
    return answer.at('connections');
  };
  assert.deepEqual(await block(), {
    from: 'inherited',
    uses: 'relay',
    items: [
      { name: 'relay', type: 'smtp', state: 'active' },
      { name: 'spare', type: 'mailbox', state: 'active' },
    ],
  });
  assert.deepEqual((await api.ask('GET', '/connections', { key })).at('items'), []);
  refusal(await api.ask('GET', '/connections/relay', { key }), 404, 'not_found');
  assert.equal((await api.ask('POST', '/connections', { key, body: OWN })).status, 201);
  assert.equal(((await block()) as { from: string }).from, 'inherited', 'a draft does not count');
  const force = { force: true, reason: 'test' };
  assert.equal((await api.ask('POST', '/connections/own/activate', { key, body: force })).status, 200);
  await api.ask('PATCH', '/settings', { key, body: { sender: { address: 'a@acme.example' } } });
  assert.deepEqual(await block(), {
    from: 'own',
    uses: 'own',
    items: [{ name: 'own', type: 'smtp', state: 'active' }],
  });
  await api.ask('POST', '/connections/own/pause', { key });
  assert.deepEqual(await block(), {
    from: 'own',
    uses: null,
    items: [{ name: 'own', type: 'smtp', state: 'paused' }],
  });
  const refuse = (own: string | null) =>
    api.ask('PATCH', '/settings', { ...inside, body: { connections: { own } } });
  assert.equal((await refuse('refused')).status, 200);
  assert.equal(((await block()) as { uses: string }).uses, 'relay');
  for (const asking of [{ key }, inside]) {
    refusal(
      await api.ask('POST', '/connections', { ...asking, body: { ...OWN, name: 'more' } }),
      403,
      'locked',
    );
    refusal(await api.ask('PATCH', '/connections/own', { ...asking, body: { notes: 'x' } }), 403, 'locked');
    refusal(await api.ask('POST', '/connections/own/deactivate', asking), 403, 'locked');
  }
  assert.equal(
    (await api.ask('POST', FORCED, { body: { ...OWN, name: 'instance' } })).status,
    201,
    'not the instance',
  );
  await refuse(null);
  assert.equal(((await block()) as { from: string }).from, 'own');
  await refuse('refused');
  assert.equal((await api.ask('DELETE', '/connections/own', { key })).status, 204, 'it may be removed');
});

test('mail that waits for an own connection takes the inherited one as soon as own ones are refused', async (t) => {
  const peer = await startPeer();
  t.after(() => peer.close());
  const api = await openApi(t, openTestSqlite, { toml: relayToml(peer.port) });
  await api.ask('POST', '/tenants', { body: { slug: 'acme', name: 'Acme' } });
  await api.allow('acme');
  const inside = { headers: { 'posthorn-tenant': 'acme' } };
  const made = await api.ask('POST', FORCED, { ...inside, body: OWN }); // takes no such sender
  assert.equal(made.status, 201, made.text);
  const id = await api.send({}, inside);
  await api.reaches(id, 'held', inside);
  assert.equal(peer.messages.length, 0);
  await api.ask('PATCH', '/settings', { ...inside, body: { connections: { own: 'refused' } } });
  await api.reaches(id, 'accepted', inside);
  assert.equal(peer.messages.length, 1);
});

test('certificates that nobody checks, and old TLS, are not for the people of a tenant', async (t) => {
  const api = await openApi(t, openTestSqlite, { working: false });
  await api.ask('POST', '/tenants', { body: { slug: 'acme', name: 'Acme' } });
  const inside = { headers: { 'posthorn-tenant': 'acme' } };
  const key = await api.makeKey({ tenant: 'acme' });
  const trusting = { ...OWN, verify: false };
  const named = (at: string) => [`${at}verify may be switched off by the people of the instance only`];
  assert.deepEqual(
    fieldErrors(await api.ask('POST', '/connections', { key, body: trusting }), 403, 'forbidden'),
    named(''),
  );
  assert.equal((await api.ask('POST', '/connections', { key, body: OWN })).status, 201);
  const patched = await api.ask('PATCH', '/connections/own', { key, body: { verify: false } });
  assert.deepEqual(fieldErrors(patched, 403, 'forbidden'), named(''));
  const tested = await api.ask('POST', '/connection-tests', { key, body: { settings: trusting } });
  assert.deepEqual(fieldErrors(tested, 403, 'forbidden'), named('settings.'));
  for (const asking of [{ key }, inside])
    for (const minTls of ['1.0', '1.1'])
      assert.match(
        fieldErrors(await api.ask('PATCH', '/connections/own', { ...asking, body: { minTls } })).join(),
        /^minTls /,
      );
  const byInstance = await api.ask('PATCH', '/connections/own', { ...inside, body: { verify: false } });
  assert.equal(byInstance.status, 200, byInstance.text);
  await api.ask('PATCH', '/connections/own', { key, body: { verify: true } });
  const numbers = await api.ask('GET', '/connections/own/revisions', { key });
  const old = (numbers.at('items') as { revision?: number; number?: number }[]).map(
    (one) => one.revision ?? one.number,
  );
  const restored = await Promise.all(
    old.map((number) =>
      api.ask('POST', `/connections/own/revisions/${String(number)}/restore`, { key, body: {} }),
    ),
  );
  assert.ok(
    restored.some(({ status }) => status === 403),
    restored.map(({ text }) => text).join('\n'),
  );
});

test('of a connection of the instance a tenant sees what became of its mail, and neither host nor user', async (t) => {
  const peer = await startPeer();
  const api = await openApi(t, openTestSqlite, { toml: relayToml(peer.port) });
  await api.ask('POST', '/tenants', { body: { slug: 'acme', name: 'Acme' } });
  await api.allow('acme');
  const inside = { headers: { 'posthorn-tenant': 'acme' } };
  const key = await api.makeKey({ tenant: 'acme' });
  const secret = /127\.0\.0\.1|client\.example\.test/;
  const sent = await api.send({}, { key });
  await api.reaches(sent, 'accepted', { key });
  await peer.close();
  const failed = await api.send({}, { key });
  await api.until(failed, (shown) => shown.at('attempts[0].outcome') !== undefined, { key });
  for (const id of [sent, failed]) {
    const whole = await api.ask('GET', `/messages/${id}`, inside);
    assert.match(whole.text, secret, 'the people of the instance see it');
    const shown = await api.ask('GET', `/messages/${id}`, { key });
    assert.ok(!secret.test(shown.text), shown.text);
    assert.equal(shown.at('attempts[0].connection.name'), 'relay');
    const why = await api.ask('GET', `/messages/${id}/explain`, { key });
    assert.ok(!secret.test(why.text), why.text);
  }
  const listed = await api.ask('GET', '/messages', { key });
  assert.ok(!secret.test(listed.text), listed.text);
});
