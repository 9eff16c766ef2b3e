import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldErrors, openApi, refusal } from '../../test/api-scene.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';

const FILE = `[sender]
name = "Shop"
address = "shop@example.com"
[[tenants]]
slug = "filed"
[tenants.sender]
address = "filed@example.com"
`;

forEachStore('tenants over the API', (open) => {
  test('a tenant is made, listed, renamed; its slug is taken then', async (t) => {
    const api = await openApi(t, open);
    const made = await api.ask('POST', '/tenants', { body: { slug: 'acme', name: 'Acme' } });
    assert.equal(made.status, 201, made.text);
    assert.deepEqual([made.at('slug'), made.at('name'), made.at('managedBy')], ['acme', 'Acme', 'api']);
    const again = await api.ask('POST', '/tenants', { body: { slug: 'acme', name: 'Other' } });
    assert.match(refusal(again, 409, 'conflict'), /already a tenant/);
    const renamed = await api.ask('PATCH', '/tenants/acme', { body: { name: 'Acme Ltd' } });
    assert.equal(renamed.at('name'), 'Acme Ltd');
    assert.equal((await api.ask('GET', '/tenants/acme')).at('name'), 'Acme Ltd');
    assert.equal((await api.ask('GET', '/tenants')).at('items[0].slug'), 'acme');
    refusal(await api.ask('GET', '/tenants/nobody'), 404, 'not_found');
    refusal(await api.ask('GET', '/tenants/instance'), 404, 'not_found');
  });

  test('a list of tenants goes page by page', async (t) => {
    const api = await openApi(t, open);
    for (const slug of ['a', 'b', 'c']) await api.ask('POST', '/tenants', { body: { slug, name: slug } });
    const first = await api.ask('GET', '/tenants?limit=2');
    const rest = await api.ask('GET', `/tenants?limit=2&cursor=${String(first.at('next'))}`);
    const slugs = [first.at('items[0].slug'), first.at('items[1].slug'), rest.at('items[0].slug')];
    assert.deepEqual(slugs, ['a', 'b', 'c']);
    assert.equal(rest.at('next'), null);
  });
});

test('bad slugs and names are refused by field', async (t) => {
  const api = await openApi(t, openTestSqlite);
  for (const slug of ['', 'A', 'a.b', '-a', 'a-', 'ä', 'x'.repeat(64), 7, ['a']]) {
    const answer = await api.ask('POST', '/tenants', { body: { slug, name: 'n' } });
    assert.match(fieldErrors(answer).join(), /^slug /, String(slug));
  }
  const named = await api.ask('POST', '/tenants', { body: { slug: 'a', name: 'two\nlines' } });
  assert.match(fieldErrors(named).join(), /^name must be/);
  assert.match(
    fieldErrors(await api.ask('POST', '/tenants', { body: { slug: 'instance', name: 'n' } })).join(),
    /slug/,
  );
});

test('a tenant of the file is renamed there', async (t) => {
  const api = await openApi(t, openTestSqlite, { toml: FILE });
  assert.equal((await api.ask('GET', '/tenants/filed')).at('managedBy'), 'file');
  refusal(await api.ask('PATCH', '/tenants/filed', { body: { name: 'x' } }), 409, 'managed_by_file');
});

test('settings: own, effective, cleared; a tenant does not touch another', async (t) => {
  const api = await openApi(t, openTestSqlite, { toml: FILE });
  await api.ask('POST', '/tenants', { body: { slug: 'acme', name: 'Acme' } });
  const acme = { key: await api.makeKey({ tenant: 'acme' }) };
  const changed = await api.ask('PATCH', '/settings', { ...acme, body: { sender: { name: 'Acme' } } });
  assert.equal(changed.status, 200, changed.text);
  assert.deepEqual(changed.at(), { sender: { name: 'Acme' } });
  const effective = await api.ask('GET', '/settings/effective', acme);
  const of = (name: string) => (effective.at() as Record<string, Record<string, unknown>>)[name];
  assert.deepEqual([of('sender.name')?.['value'], of('sender.name')?.['origin']], ['Acme', 'own']);
  assert.deepEqual(
    [of('sender.address')?.['value'], of('sender.address')?.['origin']],
    ['shop@example.com', 'inherited'],
  );
  assert.deepEqual((await api.ask('GET', '/settings')).at(), { locks: [] });
  const cleared = await api.ask('PATCH', '/settings', { ...acme, body: { sender: { name: null } } });
  assert.deepEqual(cleared.at(), {});
});

test('what a message comes from follows the settings at once', async (t) => {
  const api = await openApi(t, openTestSqlite, { toml: FILE });
  await api.ask('POST', '/tenants', { body: { slug: 'acme', name: 'Acme' } });
  const acme = { key: await api.makeKey({ tenant: 'acme' }) };
  const send = async () => {
    const body = { to: ['a@example.net'], subject: 's', text: 't' };
    const sent = await api.ask('POST', '/messages', { ...acme, body });
    assert.equal(sent.status, 202, sent.text);
    const shown = await api.ask('GET', `/messages/${String(sent.at('id'))}`, acme);
    return shown.at('from.address') ?? shown.at('from');
  };
  assert.match(JSON.stringify(await send()), /shop@example\.com/);
  const own = { body: { sender: { address: 'own@acme.example' } } };
  assert.deepEqual(
    fieldErrors(await api.ask('PATCH', '/settings', { ...acme, ...own }), 403, 'sender_not_allowed'),
    ['sender.address is none of the addresses that this tenant may send as'],
  );
  await api.allow('acme', '@acme.example');
  assert.equal((await api.ask('PATCH', '/settings', { ...acme, ...own })).status, 200);
  assert.match(JSON.stringify(await send()), /own@acme\.example/);
});

test('who may set what: locks, the file, and what only the instance decides', async (t) => {
  const api = await openApi(t, openTestSqlite, { toml: FILE });
  await api.ask('POST', '/tenants', { body: { slug: 'acme', name: 'Acme' } });
  const acme = { key: await api.makeKey({ tenant: 'acme' }) };
  const live = { delivery: { mode: 'live' } };
  assert.deepEqual(
    fieldErrors(await api.ask('PATCH', '/settings', { ...acme, body: live }), 403, 'forbidden'),
    ['delivery.mode is set by the people of the instance only'],
  );
  const forAcme = { headers: { 'posthorn-tenant': 'acme' } };
  const byInstance = await api.ask('PATCH', '/settings', { ...forAcme, body: live });
  assert.deepEqual(byInstance.at(), live, 'the people of the instance may');

  assert.deepEqual((await api.ask('PATCH', '/settings', { body: { locks: ['sender'] } })).at('locks'), [
    'sender',
  ]);
  const name = { sender: { name: 'Acme' } };
  assert.match(
    refusal(await api.ask('PATCH', '/settings', { ...acme, body: name }), 403, 'locked'),
    /sender\.name/,
  );
  await api.ask('PATCH', '/settings', { body: { locks: [] } });
  assert.equal((await api.ask('PATCH', '/settings', { ...acme, body: name })).status, 200);

  const filed = { headers: { 'posthorn-tenant': 'filed' }, body: { sender: { address: 'x@example.org' } } };
  refusal(await api.ask('PATCH', '/settings', filed), 409, 'managed_by_file');
  refusal(
    await api.ask('PATCH', '/settings', { body: { sender: { address: 'x@example.org' } } }),
    409,
    'managed_by_file',
  );
  for (const [body, error] of [
    [{ locks: ['nothing'] }, /^locks names no setting/],
    [{ sender: { address: 'nobody' } }, /^sender\.address must be an address/],
    [{ sender: { adress: 'a@b.example' } }, /^sender\.adress|unknown/],
    [{ delivery: { mode: 'loud' } }, /^delivery\.mode/],
    [{ delivery: { allowList: ['x'] } }, /^delivery\.allowList\[0\]/],
  ] as const) {
    assert.match(
      fieldErrors(await api.ask('PATCH', '/settings', { body })).join(),
      error,
      JSON.stringify(body),
    );
  }
  assert.match(
    fieldErrors(await api.ask('PATCH', '/settings', { ...forAcme, body: { locks: [] } })).join(),
    /^locks can be set/,
  );
});
