import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../test/fake-clock.ts';
import { MESSAGE, openApi, openNode, refusal, type Answer, type Api } from '../../test/api-scene.ts';
import { forEachStore } from '../../test/stores.ts';
import { problem } from '../http/http.ts';

const CALLERS = 100;
const keyed = (key: string, more: Record<string, string> = {}) => ({ 'idempotency-key': key, ...more });
const post = (api: Api, body: unknown, key: string, path = '/messages'): Promise<Answer> =>
  api.ask('POST', path, { body, headers: keyed(key) });

async function stored(api: Api): Promise<number> {
  const items = (await api.ask('GET', '/messages?limit=200')).at('items');
  assert.ok(Array.isArray(items));
  return items.length;
}

forEachStore('repeated requests', (open) => {
  test('D9: 100 equal posts at once make one message and 100 equal answers', async (t) => {
    const api = await openApi(t, open);
    const answers = await Promise.all(Array.from({ length: CALLERS }, () => post(api, MESSAGE, 'one')));
    for (const { status } of answers) assert.equal(status, 202);
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
    const [first] = answers;
    await api.reaches(String(first?.at('id')), 'captured');
    assert.equal(
      (await post(api, MESSAGE, 'one')).text,
      first?.text,
      'later too, although its state has moved on',
    );
    assert.equal(await stored(api), 1);
    assert.equal(api.delivery.active, 0, 'the 99 gave their places back');
    const { text } = await api.ask('GET', '//metrics', { key: null });
    assert.match(text, /^posthorn_messages_received_total 1$/m);
  });

  test('D9: posts at once on two nodes, of one key or of many, never fail and never double', async (t) => {
    const store = await open();
    const nodes = [await openNode(store.db)];
    if (store.name === 'postgres') nodes.push(await openNode(await store.another()));
    t.after(async () => {
      for (const node of nodes) await node.close();
      await store.close();
    });
    const [one = await openNode(store.db)] = nodes;
    for (let round = 0; round < 5; round += 1) {
      const ids = await Promise.all(
        Array.from({ length: CALLERS }, async (_, caller) => {
          const node = nodes[caller % nodes.length] ?? one;
          // The key is of the instance, so either node takes it.
          const answer = await node.ask('POST', '/messages', {
            key: one.key,
            body: { ...MESSAGE, subject: `${String(round)}-${String(caller % 10)}` },
            headers: keyed(`${String(round)}-${String(caller % 10)}`),
          });
          assert.equal(answer.status, 202, answer.text);
          return answer.at('id');
        }),
      );
      assert.equal(new Set(ids).size, 10);
    }
    assert.equal(await stored(one), 50);
    const two = nodes[1] ?? one;
    for (let round = 0; round < 20; round += 1) {
      // Two alone: on PostgreSQL each has a transaction to itself, and one of them finds the key taken as it writes.
      const pair = await Promise.all(
        [one, two].map((node) =>
          node.ask('POST', '/messages', {
            key: one.key,
            body: MESSAGE,
            headers: keyed(`pair-${String(round)}`),
          }),
        ),
      );
      assert.deepEqual(
        pair.map(({ status }) => status),
        [202, 202],
        pair.map(({ text }) => text).join('\n'),
      );
      assert.equal(pair[0]?.text, pair[1]?.text);
    }
  });

  test('D9: what is the same request, and what is another one', async (t) => {
    const api = await openApi(t, open, { working: false });
    const file = { filename: 'a', contentType: 'text/plain', content: 'QQ==' };
    const body = {
      ...MESSAGE,
      headers: { 'X-A': '1', 'X-B': '2' },
      metadata: { a: '1', b: '2' },
      attachments: [file],
    };
    const first = await post(api, body, 'k');
    assert.equal(first.status, 202, first.text);
    const turned = Object.fromEntries(Object.entries(body).reverse());
    const same: Record<string, unknown>[] = [
      turned,
      { ...body, headers: { 'X-B': '2', 'X-A': '1' }, metadata: { b: '2', a: '1' } },
      { ...body, class: 'notification', cc: [], tags: [] },
      { ...body, to: [{ address: 'ana@EXAMPLE.net' }] },
      { ...body, attachments: [{ content: 'QQ', contentType: 'text/plain', filename: 'a' }] },
    ];
    for (const again of same)
      assert.equal((await post(api, again, 'k')).text, first.text, JSON.stringify(again));
    const other: Record<string, unknown>[] = [
      { ...body, subject: 'Hello!' },
      { ...body, to: ['bo@example.net'] },
      { ...body, to: [], bcc: ['ana@example.net'] },
      { ...body, metadata: { a: '1' } },
      { ...body, attachments: [{ ...file, content: 'Qg==' }] },
      { ...body, attachments: [file, file] },
      { ...body, text: 'Hello Ana', html: 'Hello Ana' },
    ];
    for (const changed of other) {
      const detail = refusal(await post(api, changed, 'k'), 409, 'idempotency_conflict');
      assert.match(detail, /another body/);
    }
    assert.equal(await stored(api), 1);
  });

  test('D9: a repetition is answered although the request could not be accepted any more', async (t) => {
    const clock = createFakeClock(Date.now());
    let full = false;
    const api = await openApi(t, open, {
      clock,
      working: false,
      refuseWhenFull() {
        if (full) throw problem('storage_full', { detail: 'full' });
      },
    });
    const expiresAt = new Date(clock.now() + 60_000).toISOString();
    const body = { ...MESSAGE, expiresAt };
    const first = await post(api, body, 'k');
    const batch = await post(api, { messages: [body, body] }, 'b', '/messages/batch');
    assert.equal(batch.status, 202, batch.text);
    clock.advance(120_000);
    full = true;
    assert.equal((await post(api, body, 'k')).text, first.text);
    assert.equal((await post(api, { messages: [body, body] }, 'b', '/messages/batch')).text, batch.text);
    refusal(await post(api, body, 'new'), 422, 'invalid_request');
    refusal(await post(api, { ...body, subject: 'x' }, 'k'), 409, 'idempotency_conflict');
    refusal(await post(api, MESSAGE, 'new'), 507, 'storage_full');
  });

  test('D9: keys belong to a tenant', async (t) => {
    const api = await openApi(t, open, { working: false, toml: '[[tenants]]\nslug = "acme"\n' });
    await api.allow('acme');
    const first = await post(api, MESSAGE, 'k');
    const other = { ...MESSAGE, subject: 'Other' };
    const headers = keyed('k', { 'posthorn-tenant': 'acme' });
    const second = await api.ask('POST', '/messages', { body: other, headers });
    assert.equal(second.status, 202, second.text);
    assert.notEqual(second.at('id'), first.at('id'));
  });
});
