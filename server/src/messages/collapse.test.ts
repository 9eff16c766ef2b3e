import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldErrors, MESSAGE, openApi, openNode, relayToml } from '../../test/api-scene.ts';
import { startPeer } from '../../test/smtp-peer.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';

forEachStore('collapse keys', (open) => {
  test('a new message takes the place of the one that waits, and says which', async (t) => {
    const api = await openApi(t, open, { working: false });
    const first = await api.send({ collapseKey: 'code:ana' });
    const other = await api.send({ collapseKey: 'code:ben' });
    const second = await api.send({ collapseKey: 'code:ana' });
    const shown = await api.ask('GET', `/messages/${first}`);
    assert.equal(shown.at('state'), 'cancelled');
    assert.equal(shown.at('collapseKey'), 'code:ana');
    assert.match(shown.text, new RegExp(`"type":"message.cancelled","data":\\{"by":"${second}"\\}`));
    for (const id of [other, second]) {
      assert.equal((await api.ask('GET', `/messages/${id}`)).at('state'), 'queued');
    }
  });

  test('what is finished stays as it is', async (t) => {
    const api = await openApi(t, open); // capture mode: everything is finished at once
    const first = await api.send({ collapseKey: 'k' });
    await api.reaches(first, 'captured');
    await api.reaches(await api.send({ collapseKey: 'k' }), 'captured');
    assert.equal((await api.ask('GET', `/messages/${first}`)).at('state'), 'captured');
  });

  test('of one batch the last wins; another tenant has keys of its own', async (t) => {
    const api = await openApi(t, open, { working: false });
    await api.ask('POST', '/tenants', { body: { slug: 'acme', name: 'Acme' } });
    await api.allow('acme');
    const theirs = await api.send({ collapseKey: 'k' }, { key: await api.makeKey({ tenant: 'acme' }) });
    const messages = [1, 2, 3].map(() => ({ ...MESSAGE, collapseKey: 'k' }));
    const batch = await api.ask('POST', '/messages/batch', { body: { messages } });
    const states: unknown[] = [];
    for (const place of [0, 1, 2]) {
      const id = String(batch.at(`items[${String(place)}].id`) ?? batch.at(`messages[${String(place)}].id`));
      states.push((await api.ask('GET', `/messages/${id}`)).at('state'));
    }
    assert.deepEqual(states, ['cancelled', 'cancelled', 'queued']);
    const acme = await api.ask('GET', `/messages/${theirs}`, { headers: { 'posthorn-tenant': 'acme' } });
    assert.equal(acme.at('state'), 'queued');
  });

  test('of a batch that is begun at once, the last one goes out', async (t) => {
    const peer = await startPeer();
    const api = await openApi(t, open, { toml: relayToml(peer.port) });
    const messages = Array.from({ length: 100 }, () => ({ ...MESSAGE, collapseKey: 'k' }));
    for (let round = 0; round < 2; round += 1) {
      const batch = await api.ask('POST', '/messages/batch', { body: { messages } });
      assert.equal(batch.status, 202, batch.text);
      const items = (batch.at('messages') ?? batch.at('items')) as { id: string }[];
      await api.reaches(items.at(-1)?.id ?? '', 'accepted');
      const first = await api.ask('GET', `/messages/${items[0]?.id ?? ''}`);
      assert.equal(first.at('state'), 'cancelled');
    }
    assert.equal(peer.messages.length, 2);
    await peer.close();
  });

  test('of many at once, on several nodes, exactly one is left', async (t) => {
    const api = await openApi(t, open, { working: false });
    const second = await openNode(api.db, { working: false });
    t.after(second.close);
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        (index % 2 === 0 ? api : second).send({ collapseKey: 'k' }, { key: api.key }),
      ),
    );
    const list = await api.ask('GET', '/messages?limit=100');
    const states = (list.at('items') as { state: string }[]).map(({ state }) => state);
    assert.equal(states.length, 40);
    assert.equal(states.filter((state) => state === 'queued').length, 1, states.join());
  });
});

test('a collapse key is a short line of visible characters', async (t) => {
  const api = await openApi(t, openTestSqlite);
  for (const collapseKey of ['', 'a b', 'ä', 'x'.repeat(201), 7]) {
    const answer = await api.ask('POST', '/messages', { body: { ...MESSAGE, collapseKey } });
    assert.match(fieldErrors(answer).join(), /^collapseKey /, String(collapseKey));
  }
});
