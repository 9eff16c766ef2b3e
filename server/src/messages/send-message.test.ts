import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fieldErrors, MESSAGE, openApi, refusal, type SceneOptions } from '../../test/api-scene.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';
import { problem } from '../http/http.ts';

const SOON = new Date(Date.now() + 3_600_000).toISOString();
const LATER = new Date(Date.now() + 7_200_000).toISOString();
const PIXEL = Buffer.from('\u0089PNG pixel', 'latin1');

const WHOLE = {
  from: { name: 'App', address: 'app@Example.com' },
  to: ['ana@example.net', { name: 'Bo', address: 'bo@example.net' }],
  cc: ['cy@example.net'],
  bcc: ['di@example.net'],
  replyTo: [{ name: 'Help', address: 'help@example.com' }],
  subject: 'Grüße',
  text: 'Plain',
  html: '<p>Rich <img src="cid:pixel"></p>',
  attachments: [
    { filename: 'a.txt', contentType: 'text/plain', content: Buffer.from('file').toString('base64') },
    { filename: 'p.png', contentType: 'image/png', content: PIXEL.toString('base64'), cid: 'pixel' },
  ],
  headers: { 'X-Order': '7', 'List-Unsubscribe': '<https://example.com/u>' },
  class: 'account',
  connection: 'box',
  sendAt: SOON,
  expiresAt: LATER,
  tags: ['billing', 'billing', 'a:b'],
  metadata: { order: '7', 'a b': 'c' },
};

const BOX = '[[connections]]\ntype = "mailbox"\nname = "box"\n';
const waiting = (more: SceneOptions = {}): SceneOptions => ({ working: false, ...more });

forEachStore('POST /messages', (open) => {
  test('202: every field is taken, kept and shown', async (t) => {
    const api = await openApi(t, open, waiting({ toml: BOX }));
    const answer = await api.ask('POST', '/messages', { body: WHOLE });
    assert.equal(answer.status, 202, answer.text);
    const id = String(answer.at('id'));
    const recipients = ['ana', 'bo', 'cy', 'di'].map((name) => ({
      address: `${name}@example.net`,
      state: 'scheduled',
    }));
    const createdAt = answer.at('createdAt');
    assert.deepEqual(answer.at(), { id, state: 'scheduled', recipients, createdAt, expiresAt: LATER });

    const shown = await api.ask('GET', `/messages/${id}`);
    assert.deepEqual(shown.at('from'), { name: 'App', address: 'app@example.com' });
    for (const [path, value] of Object.entries({
      ...{ id, subject: 'Grüße', class: 'account', connection: 'box', resendOf: null, attempts: [] },
      ...{ sendAt: SOON, expiresAt: LATER, createdAt, metadata: WHOLE.metadata, idempotencyKey: null },
      ...{ 'recipients[2].kind': 'cc', 'recipients[3].kind': 'bcc', 'timeline[0].type': 'message.received' },
    }))
      assert.deepEqual(shown.at(path), value, path);
    assert.deepEqual(new Set(shown.at('tags') as string[]), new Set(['billing', 'a:b']));

    const { text } = await api.ask('GET', `/messages/${id}/source`);
    for (const part of [
      /^From: App <app@example\.com>\r$/m,
      /^To: ana@example\.net, Bo <bo@example\.net>\r$/m,
      /^Cc: cy@example\.net\r$/m,
      /^Reply-To: Help <help@example\.com>\r$/m,
      /^X-Order: 7\r$/m,
      /^List-Unsubscribe: <https:\/\/example\.com\/u>\r$/m,
      new RegExp(`^Message-ID: <${id}@example\\.com>\r$`, 'm'),
      /^Content-ID: <pixel>\r$/im,
      new RegExp(PIXEL.toString('base64').replaceAll('+', '\\+')),
      /Plain/,
      /<p>Rich/,
    ])
      assert.match(text, part);
    assert.doesNotMatch(text, /di@example\.net/, 'a blind copy is named nowhere');
  });

  test('202: a bare message has the defaults of its class and of the sender', async (t) => {
    const toml = '[sender]\nname = "Shop"\naddress = "shop@example.com"\nreply_to = "help@example.com"\n';
    const api = await openApi(t, open, waiting({ toml }));
    const answer = await api.ask('POST', '/messages', {
      body: { to: ['ana@example.net', 'ANA@example.net', 'ana@EXAMPLE.net'], text: '' },
    });
    assert.equal(answer.status, 202, answer.text);
    assert.equal(answer.at('state'), 'queued');
    assert.equal((answer.at('recipients') as unknown[]).length, 1, 'nobody gets two copies');
    const lifetime = Date.parse(String(answer.at('expiresAt'))) - Date.parse(String(answer.at('createdAt')));
    assert.equal(lifetime, 72 * 3_600_000);
    const { text } = await api.ask('GET', `/messages/${String(answer.at('id'))}/source`);
    assert.match(text, /^From: Shop <shop@example\.com>\r$/m);
    assert.match(text, /^Reply-To: help@example\.com\r$/m);
  });

  test('202: bcc alone is enough; a sendAt that has passed means now; a dash may stand for content', async (t) => {
    const api = await openApi(t, open, waiting());
    const { to: _to, ...blind } = MESSAGE;
    const first = await api.ask('POST', '/messages', { body: { ...blind, bcc: ['ana@example.net'] } });
    assert.equal(first.status, 202, first.text);
    const late = await api.ask('POST', '/messages', { body: { ...MESSAGE, sendAt: '2020-01-01T00:00:00Z' } });
    assert.equal(late.at('state'), 'queued');
  });

  test('202: mail of a test key is captured, whatever the mode', async (t) => {
    const api = await openApi(t, open, { toml: '[delivery]\nmode = "live"\n' });
    const id = await api.send({}, { key: await api.makeKey({ kind: 'test' }) });
    const shown = await api.reaches(id, 'captured');
    assert.equal(shown.at('timeline[1].data.by'), 'test key');
  });

  test('I1 D7: text that a database cannot hold is refused or kept, never a failure of ours', async (t) => {
    const api = await openApi(t, open, waiting());
    const odd = 'a\u0000b\u001f\ud800c';
    const id = await api.send({ text: odd, html: odd, metadata: { [odd]: odd }, headers: { 'X-A': 'é' } });
    assert.equal((await api.ask('GET', `/messages/${id}`)).status, 200);
    for (const wrong of [
      { subject: odd },
      { tags: [odd] },
      { connection: odd },
      { headers: { 'X-A': odd } },
      { headers: { [odd]: 'a' } },
      { from: { name: odd, address: 'a@example.com' } },
      { to: [`a${odd}@example.com`] },
      { attachments: [{ filename: 'a', contentType: `text/${odd}`, content: '' }] },
    ])
      fieldErrors(await api.ask('POST', '/messages', { body: { ...MESSAGE, ...wrong } }));
  });
});

describe('POST /messages, refusals', () => {
  const at = '/messages';

  test('400: what is no JSON, in the words of the catalogue', async (t) => {
    const api = await openApi(t, openTestSqlite, waiting());
    const broken = [
      '{',
      '{"to": [}',
      '{"__proto__": {}}',
      '['.repeat(30) + ']'.repeat(30),
      Buffer.from('7b22ff227d', 'hex'),
    ];
    for (const body of broken) refusal(await api.ask('POST', at, { body }), 400, 'malformed_json');
  });

  test('Q13: a body of very many wrong values is refused before each of them is complained about', async (t) => {
    const api = await openApi(t, openTestSqlite, waiting());
    const many = (count: number, item: string): string => `[${`${item},`.repeat(count - 1)}${item}]`;
    for (const field of ['to', 'cc', 'bcc', 'replyTo', 'attachments'])
      assert.deepEqual(
        fieldErrors(
          await api.ask('POST', at, {
            body: `{"text":"","bcc":["a@b.example"],"${field}":${many(10_001, '1')}}`.replace(
              '"bcc":["a@b.example"],"bcc"',
              '"bcc"',
            ),
          }),
        ),
        [`${field} has 10001 items; at most 10000 are allowed`],
      );
    const batch = { body: `{"messages":${many(10_001, '{}')}}` };
    assert.deepEqual(fieldErrors(await api.ask('POST', '/messages/batch', batch)), [
      'messages has 10001 items; at most 10000 are allowed',
    ]);
    const started = performance.now();
    refusal(await api.ask('POST', at, { body: `{"to":${many(3_000_000, '1')}}` }), 400, 'malformed_json');
    const nested = `{"messages":${many(30, `{"to":${many(9_000, '1')}}`)}}`;
    refusal(await api.ask('POST', '/messages/batch', { body: nested }), 400, 'malformed_json');
    assert.ok(performance.now() - started < 5_000);
    const largest = `{"messages":${many(20, `{"to":${many(9_000, '1')}}`)}}`;
    const errors = fieldErrors(await api.ask('POST', '/messages/batch', { body: largest }));
    assert.equal(errors.length, 100);
  });

  test('401: no key, a wrong one, none of ours', async (t) => {
    const api = await openApi(t, openTestSqlite, waiting());
    for (const key of [null, '', 'x', `${api.key}x`, `${api.key.slice(0, -1)}_`]) {
      const answer = await api.ask('POST', at, { key, body: MESSAGE });
      refusal(answer, 401, 'unauthorized');
      assert.match(String(answer.headers['www-authenticate']), /^Bearer/);
    }
  });

  test('403: a tenant key that names another tenant, whether that exists or not', async (t) => {
    const toml = '[[tenants]]\nslug = "acme"\n[[tenants]]\nslug = "shop"\n';
    const api = await openApi(t, openTestSqlite, waiting({ toml }));
    await api.allow('acme');
    const key = await api.makeKey({ tenant: 'acme' });
    const [other, none] = await Promise.all(
      ['shop', 'nobody'].map((tenant) =>
        api.ask('POST', at, { key, body: MESSAGE, headers: { 'posthorn-tenant': tenant } }),
      ),
    );
    assert.ok(other && none);
    refusal(other, 403, 'forbidden');
    assert.equal(other.text, none.text);
    const own = await api.ask('POST', at, { key, body: MESSAGE, headers: { 'posthorn-tenant': 'acme' } });
    assert.equal(own.status, 202);
  });

  test('413: a body over the limit is not read, a message over its own limit is not composed', async (t) => {
    const toml = '[limits]\nmessage_bytes = "3KB"\nrequest_bytes = "9KB"\n';
    const api = await openApi(t, openTestSqlite, waiting({ toml }));
    refusal(
      await api.ask('POST', at, { body: { ...MESSAGE, text: 'x'.repeat(9_000) } }),
      413,
      'body_too_large',
    );
    const detail = refusal(
      await api.ask('POST', at, { body: { ...MESSAGE, text: 'x'.repeat(3_001) } }),
      413,
      'body_too_large',
    );
    assert.match(detail, /3001 bytes.*at most 3000/);
    const content = Buffer.alloc(2_000).toString('base64');
    const file = { filename: 'a', contentType: 'a/b', content };
    const parts = { text: 'é'.repeat(500), attachments: [file] };
    assert.equal((await api.ask('POST', at, { body: { ...MESSAGE, ...parts } })).status, 202, 'exactly 3000');
  });

  test('415: other types and codings', async (t) => {
    const api = await openApi(t, openTestSqlite, waiting());
    for (const headers of [{ 'content-type': 'text/plain' }, { 'content-encoding': 'gzip' }]) {
      refusal(await api.ask('POST', at, { body: MESSAGE, headers }), 415, 'unsupported_media_type');
    }
  });

  test('422: every wrong field is named by its path, several at once', async (t) => {
    const api = await openApi(
      t,
      openTestSqlite,
      waiting({ toml: '[limits]\nrecipients = 3\nattachments = 1\n' }),
    );
    const file = { filename: 'a', contentType: 'text/plain', content: 'QQ==' };
    const cases: [Record<string, unknown>, RegExp[]][] = [
      [{ tos: [] }, [/^tos is not a known field$/]],
      [{ to: ['ana@example.net', { address: 'no address' }] }, [/^to\[1\]\.address /]],
      [{ to: ['Ana <ana@example.net>'] }, [/^to\[0\] /]],
      [{ to: ['a@example.net\r\nBcc: b@example.net'] }, [/^to\[0\] /]],
      [{ to: 'ana@example.net' }, [/^to must be a list$/]],
      [
        { to: [{ address: 'ana@example.net', path: '/etc/passwd' }] },
        [/^to\[0\]\.path is not a known field$/],
      ],
      [{ to: [] }, [/^to names nobody/]],
      [{ text: undefined }, [/^text is missing/]],
      [{ headers: { From: 'x@example.com' } }, [/^headers\.From .*“from”/]],
      [{ headers: { 'X-A': 'a\r\nBcc: b@example.net' } }, [/^headers\.X-A has a value that holds/]],
      [{ headers: { 'Message-ID': '<a@b>' } }, [/^headers\.Message-ID cannot be set/]],
      [{ attachments: [{ ...file, content: 'QQ=*' }] }, [/^attachments\[0\]\.content is not base64/]],
      [{ attachments: [{ ...file, contentType: 'text' }] }, [/^attachments\[0\]\.contentType /]],
      [{ attachments: [{ ...file, cid: '<a>' }] }, [/^attachments\[0\]\.cid /]],
      [{ attachments: [{ ...file, filename: '' }] }, [/^attachments\[0\]\.filename must not be empty$/]],
      [
        { attachments: [{ ...file, href: 'http://127.0.0.1/' }] },
        [/^attachments\[0\]\.href is not a known field$/],
      ],
      [{ attachments: [file, file] }, [/^attachments has 2 items; at most 1 are allowed$/]],
      [{ cc: ['b@x.org', 'c@x.org'], bcc: ['d@x.org'] }, [/^to .*name 4 recipients; at most 3/]],
      [{ connection: 'nowhere' }, [/^connection there is no connection “nowhere”$/]],
      [{ class: 'junk' }, [/^class must be one of "otp"/]],
      [{ expiresAt: '2020-01-01T00:00:00Z' }, [/^expiresAt is in the past$/]],
      [{ sendAt: LATER, expiresAt: SOON }, [/^expiresAt is not after sendAt/]],
      [{ sendAt: 'tomorrow' }, [/^sendAt must be an RFC 3339 time/]],
      [{ subject: 'a\nb' }, [/^subject must be one line/]],
      [{ subject: 'a'.repeat(999) }, [/^subject must have at most 998 characters$/]],
      [{ tags: ['a b'] }, [/^tags\[0\] must be 1 to 100/]],
      [
        { tags: Array.from({ length: 11 }, (_, n) => `t${String(n)}`) },
        [/^tags must have at most 10 items$/],
      ],
      [{ metadata: { a: 1 } }, [/^metadata\.a must be a string$/]],
      [
        {
          from: undefined,
          connection: 'no',
          expiresAt: '2020-01-01T00:00:00Z',
          cc: ['b@x.org', 'c@x.org', 'd@x.org'],
        },
        [/^from is missing, and no default sender/, /^to /, /^expiresAt /, /^connection /],
      ],
      [{ to: ['no', 'ana@example.net'], class: 1, nope: 1 }, [/^to\[0\] /, /^class /, /^nope /]],
    ];
    for (const [change, wanted] of cases) {
      const errors = fieldErrors(await api.ask('POST', at, { body: { ...MESSAGE, ...change } }));
      assert.equal(errors.length, wanted.length, `${JSON.stringify(change)}: ${errors.join('\n')}`);
      wanted.forEach((pattern, index) => {
        assert.match(errors[index] ?? '', pattern);
      });
    }
    const { items } = { items: (await api.ask('GET', '/messages')).at('items') };
    assert.deepEqual(items, [], 'nothing of all this was stored');
    assert.equal(api.delivery.active, 0);
  });

  test('422: the key of a repeatable request has a form', async (t) => {
    const api = await openApi(t, openTestSqlite, waiting());
    const headers = { 'idempotency-key': 'a b' };
    assert.match(
      fieldErrors(await api.ask('POST', at, { body: MESSAGE, headers })).join(),
      /^idempotency-key must be/,
    );
  });

  test('422: base64 is what RFC 4648 says, in every place of the text', async (t) => {
    const api = await openApi(t, openTestSqlite, waiting());
    const long = 'A'.repeat(8_000);
    const file = { filename: 'a', contentType: 'a/b' };
    const answers = async (content: string) =>
      (await api.ask('POST', at, { body: { ...MESSAGE, attachments: [{ ...file, content }] } })).status;
    for (const good of ['', 'QQ==', 'QQ', 'QUI=', 'QUJD', `${long}+/==`, '++//'])
      assert.equal(await answers(good), 202, good.slice(-9));
    const wrong = [
      '=',
      '==',
      'Q',
      'QQ=',
      'QUJD=',
      'QQ==QQ==',
      'Q Q=',
      'QQ==\n',
      '-___',
      `${long}-_--`,
      '\u0141AAA',
    ];
    for (const bad of [...wrong, 'data:text/plain;base64,QQ==', `${long}\u0141AAA`])
      assert.equal(await answers(bad), 422, bad.slice(-9));
  });

  test('D7: 507 while the reserve of the disk is touched; nothing is stored and no place stays taken', async (t) => {
    let full = true;
    const refuseWhenFull = (): void => {
      if (full) throw problem('storage_full', { detail: 'the disk is full' });
    };
    const api = await openApi(t, openTestSqlite, { refuseWhenFull });
    refusal(await api.ask('POST', at, { body: MESSAGE }), 507, 'storage_full');
    assert.equal(api.delivery.active, 0);
    assert.deepEqual((await api.ask('GET', at)).at('items'), []);
    full = false;
    await api.reaches(await api.send(), 'captured');
  });
});
