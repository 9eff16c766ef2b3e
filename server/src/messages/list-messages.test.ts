import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldErrors, MESSAGE, openApi, refusal, relayToml, type Api } from '../../test/api-scene.ts';
import { startPeer } from '../../test/smtp-peer.ts';
import { forEachStore } from '../../test/stores.ts';

async function page(api: Api, query: string, key?: string): Promise<{ ids: string[]; next: string | null }> {
  const answer = await api.ask('GET', `/messages?${query}`, key === undefined ? {} : { key });
  assert.equal(answer.status, 200, answer.text);
  const items = answer.at('items') as { id: string }[];
  return { ids: items.map(({ id }) => id), next: answer.at('next') as string | null };
}
const find = async (api: Api, q: string): Promise<string[]> =>
  (await page(api, `q=${encodeURIComponent(q)}`)).ids;

async function sendMany(api: Api, count: number): Promise<string[]> {
  const messages = Array.from({ length: count }, (_, n) => ({ ...MESSAGE, subject: `Number ${String(n)}` }));
  const ids: string[] = [];
  while (messages.length > 0) {
    const answer = await api.ask('POST', '/messages/batch', { body: { messages: messages.splice(0, 60) } });
    assert.equal(answer.status, 202, answer.text);
    ids.push(...(answer.at('messages') as { id: string }[]).map(({ id }) => id));
  }
  return ids;
}

forEachStore('GET /messages', (open) => {
  test('200: newest first, page by page, nothing twice and nothing left out while new ones come', async (t) => {
    const api = await openApi(t, open, { working: false });
    const sent = (await sendMany(api, 125)).reverse();
    const seen: string[] = [];
    let next: string | null = null;
    for (const size of [50, 50, 25]) {
      const found = await page(api, `limit=50${next === null ? '' : `&cursor=${next}`}`);
      assert.equal(found.ids.length, size);
      seen.push(...found.ids);
      ({ next } = found);
      await api.send();
    }
    assert.equal(next, null);
    assert.deepEqual(seen, sent);
    const exact = await page(api, 'limit=128');
    assert.deepEqual(
      [exact.ids.length, exact.next],
      [128, null],
      'a page that holds all says that it is the last',
    );
  });

  test('200: every filter finds what it says and nothing else', async (t) => {
    const peer = await startPeer({
      script: ({ command }) => {
        if (/^RCPT TO:<no@/i.test(command)) return '550 5.1.1 No such user\r\n';
        return /^RCPT TO:<later@/i.test(command) ? '450 4.2.1 Later\r\n' : undefined;
      },
    });
    t.after(() => peer.close());
    const api = await openApi(t, open, { toml: relayToml(peer.port) });
    const ana = await api.send({ subject: 'Invoice 100% GRÜSSE', tags: ['billing'], class: 'account' });
    const no = await api.send({ to: ['no@example.org'], subject: 'Invoice 200', tags: ['billing', 'x_y'] });
    const later = await api.send({ to: ['Later@example.org', 'ana@example.net'], class: 'bulk' });
    const box = await api.send({ tags: ['xzy'], sendAt: '2099-01-01T00:00:00Z' });
    for (const [id, state] of [
      [ana, 'accepted'],
      [no, 'failed'],
      [later, 'deferred'],
      [box, 'scheduled'],
    ] as const)
      await api.reaches(id, state);

    const cases: Record<string, string[]> = {
      '': [box, later, no, ana],
      'status:failed': [no],
      'status:failed,scheduled': [box, no],
      '-status:failed': [box, later, ana],
      'status:accepted': [later, ana],
      'status:deferred status:accepted': [later],
      'status:sending': [],
      'to:@example.org': [later, no],
      'to:LATER@EXAMPLE.ORG': [later],
      'to:ana@example.net': [box, later, ana],
      '-to:@example.org': [box, ana],
      'to:@example.or,@org': [],
      'to:ana@example.net -to:@example.org': [box, ana],
      'tag:billing': [no, ana],
      'tag:x_y,xzy': [box, no],
      '-tag:billing': [box, later],
      'class:account,bulk': [later, ana],
      '-class:notification': [later, ana],
      [`id:${ana},${box}`]: [box, ana],
      [`-id:${ana}`]: [box, later, no],
      'id:msg_nothing': [],
      invoice: [no, ana],
      INVOICE: [no, ana],
      '"invoice 2"': [no],
      '-invoice': [box, later],
      '100%': [ana],
      '%': [ana],
      _: [],
      GRÜSSE: [ana],
      grüsse: [ana],
      'since:1h': [box, later, no, ana],
      'until:1h': [],
      'since:1h invoice status:failed tag:billing': [no],
      'until:9999-12-31': [box, later, no, ana],
      'since:999999w': [box, later, no, ana],
    };
    for (const [q, wanted] of Object.entries(cases)) assert.deepEqual(await find(api, q), wanted, q);
    assert.deepEqual((await page(api, 'limit=1&q=invoice')).ids, [no]);
    const second = await page(api, `q=invoice&cursor=${String((await page(api, 'limit=1&q=invoice')).next)}`);
    assert.deepEqual(second.ids, [ana]);
  });

  test('W3: messages of another tenant are in no list, whatever is asked for', async (t) => {
    const api = await openApi(t, open, { working: false, toml: '[[tenants]]\nslug = "acme"\n' });
    const mine = await api.send({ tags: ['x'] });
    const key = await api.makeKey({ tenant: 'acme' });
    await api.allow('acme');
    const theirs = await api.send({ tags: ['x'] }, { key });
    for (const q of [
      '',
      'tag:x',
      'to:@example.net',
      'status:queued',
      `id:${mine},${theirs}`,
      'hello',
      '-status:failed',
    ]) {
      const query = `q=${encodeURIComponent(q)}`;
      assert.deepEqual((await page(api, query)).ids, [mine], q);
      assert.deepEqual((await page(api, query, key)).ids, [theirs], q);
    }
  });

  test('422: what the line does not mean is named; a foreign cursor is none', async (t) => {
    const api = await openApi(t, open, { working: false });
    const errors = fieldErrors(await api.ask('GET', '/messages?q=status:fialed%20to:x'));
    assert.equal(errors.length, 2);
    assert.match(errors[0] ?? '', /^\?q “status:fialed” “fialed” is none of/);
    const cursor = (text: string): string => Buffer.from(`after:${text}`).toString('base64url');
    for (const query of [
      ...['limit=0', 'limit=201', 'limit=x', 'status=failed', 'q=a&q=b', 'cursor=x'],
      ...[
        `cursor=${cursor('\u0000')}`,
        `cursor=${cursor('con_1')}`,
        'q=%00',
        'q=tag:a%00',
        'q=id:%00',
        `q=${'a'.repeat(1_001)}`,
      ],
    ])
      fieldErrors(await api.ask('GET', `/messages?${query}`));
  });

  test('404: an id that cannot be one is not looked for', async (t) => {
    const api = await openApi(t, open, { working: false });
    for (const id of ['%00', 'x', 'msg_', 'con_01m7ywfdzye00800039pmb5txz', `msg_${'%C3%9F'.repeat(26)}`]) {
      for (const rest of ['', '/source', '/explain'])
        refusal(await api.ask('GET', `/messages/${id}${rest}`), 404, 'not_found');
      for (const rest of ['/cancel', '/retry', '/resend'])
        refusal(await api.ask('POST', `/messages/${id}${rest}`, { body: {} }), 404, 'not_found');
    }
  });
});
