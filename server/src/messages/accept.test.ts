import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fieldErrors, MESSAGE, openApi, refusal, type Api } from '../../test/api-scene.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';
import type { Dialer } from '../net/net.ts';
import type { Db, Row, Tx } from '../store/store.ts';

const batch = (api: Api, messages: readonly unknown[], headers: Record<string, string> = {}) =>
  api.ask('POST', '/messages/batch', { body: { messages }, headers });

async function countRows(db: Db): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of [
    'messages',
    'message_content',
    'message_tags',
    'recipients',
    'jobs',
    'events',
    'idempotency_keys',
  ]) {
    const row = await db
      .tables<Record<string, object>>()
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number | string>().as('count'))
      .executeTakeFirstOrThrow();
    if (Number(row.count) > 0) counts[table] = Number(row.count);
  }
  return counts;
}

/** A handle whose transactions break at an insert into this table, as often as `broken` says so. */
function breakingAt(db: Db, broken: () => string | undefined, error: () => Error): Db {
  const insertRows = async (tx: Tx, table: string, rows: readonly Row[]): Promise<void> => {
    await db.dialect.insertRows(tx, table, rows);
    if (table === broken() && rows.length > 0) throw error();
  };
  return { ...db, dialect: { ...db.dialect, insertRows } };
}

forEachStore('accepting', (open) => {
  test('D1: when the transaction fails anywhere, nothing of a message is stored and no place stays taken', async (t) => {
    let table: string | undefined;
    const api = await openApi(t, open, {
      db: (db) =>
        breakingAt(
          db,
          () => table,
          () => new Error('insert failed'),
        ),
    });
    const headers = { 'idempotency-key': 'k' };
    const body = { ...MESSAGE, tags: ['x'] };
    for (table of [
      'messages',
      'message_content',
      'message_tags',
      'recipients',
      'jobs',
      'idempotency_keys',
      'events',
    ]) {
      const detail = refusal(await api.ask('POST', '/messages', { body, headers }), 500, 'internal');
      assert.equal(detail, 'Something went wrong on our side.');
      refusal(await batch(api, [MESSAGE, body], headers), 500, 'internal');
      assert.deepEqual(await countRows(api.db), {}, table);
      assert.equal(api.delivery.active, 0, table);
    }
    table = undefined;
    const { text } = await api.ask('GET', '//metrics');
    assert.match(text, /^posthorn_messages_received_total 0$/m);
    const answer = await api.ask('POST', '/messages', { body, headers });
    assert.equal(answer.status, 202, 'and its key is free');
    await api.reaches(String(answer.at('id')), 'captured');
  });

  test('D7: a database that cannot grow or is away answers 507 and 503, W8: and says nothing of itself', async (t) => {
    let failure: Error | undefined;
    const api = await openApi(t, open, {
      working: false,
      db: (db) =>
        breakingAt(
          db,
          () => (failure === undefined ? undefined : 'jobs'),
          () => failure ?? new Error(),
        ),
    });
    const coded = (code: string): Error =>
      Object.assign(new Error('secret detail /var/lib SELECT'), { code });
    for (const [code, status, problem] of [
      ['53100', 507, 'storage_full'],
      ['57P01', 503, 'unavailable'],
      ['ECONNREFUSED', 503, 'unavailable'],
    ] as const) {
      failure = coded(code);
      const answer = await api.ask('POST', '/messages', { body: MESSAGE });
      refusal(answer, status, problem);
      assert.doesNotMatch(answer.text, /secret|SELECT/);
      assert.equal(answer.headers['retry-after'], status === 503 ? '5' : undefined);
    }
    assert.deepEqual(await countRows(api.db), {});
  });

  test('one bad message in company harms nobody else', async (t) => {
    const api = await openApi(t, open, {
      db(db) {
        const insertRows = async (tx: Tx, table: string, rows: readonly Row[]): Promise<void> => {
          if (rows.some((row) => row['subject'] === 'bad')) throw new Error('cannot be stored');
          await db.dialect.insertRows(tx, table, rows);
        };
        return { ...db, dialect: { ...db.dialect, insertRows } };
      },
    });
    const subjects = Array.from({ length: 20 }, (_, n) => (n === 7 ? 'bad' : `good ${String(n)}`));
    const answers = await Promise.all(
      subjects.map((subject) => api.ask('POST', '/messages', { body: { ...MESSAGE, subject } })),
    );
    assert.deepEqual(
      answers.map(({ status }) => status),
      subjects.map((subject) => (subject === 'bad' ? 500 : 202)),
    );
    for (const answer of answers)
      if (answer.status === 202) await api.reaches(String(answer.at('id')), 'captured');
    assert.equal(api.delivery.active, 0);
    assert.match((await api.ask('GET', '//metrics')).text, /^posthorn_messages_received_total 19$/m);
  });
});

describe('POST /messages/batch', () => {
  test('202: each message has its answer, in order, and they are stored together', async (t) => {
    const api = await openApi(t, openTestSqlite);
    const answer = await batch(api, [MESSAGE, { ...MESSAGE, sendAt: '2099-01-01T00:00:00Z' }]);
    assert.equal(answer.status, 202, answer.text);
    assert.deepEqual(
      [answer.at('messages[0].state'), answer.at('messages[1].state')],
      ['queued', 'scheduled'],
    );
    await api.reaches(String(answer.at('messages[0].id')), 'captured');
    assert.equal(
      (await api.ask('GET', `/messages/${String(answer.at('messages[1].id'))}`)).at('state'),
      'scheduled',
    );
    assert.equal(api.delivery.active, 0);
  });

  test('422: all or none; what is wrong is named in every message', async (t) => {
    const api = await openApi(t, openTestSqlite, { toml: '[limits]\nbatch = 4\n' });
    const shape = fieldErrors(
      await batch(api, [MESSAGE, { ...MESSAGE, to: ['x'] }, { ...MESSAGE, nope: 1 }]),
    );
    assert.match(shape[0] ?? '', /^messages\[1\]\.to\[0\] /);
    assert.match(shape[1] ?? '', /^messages\[2\]\.nope is not a known field$/);
    const past = { ...MESSAGE, expiresAt: '2020-01-01T00:00:00Z' };
    assert.deepEqual(fieldErrors(await batch(api, [MESSAGE, past, { ...past, connection: 'no' }])), [
      'messages[1].expiresAt is in the past',
      'messages[2].expiresAt is in the past',
      'messages[2].connection there is no connection “no”',
    ]);
    assert.deepEqual(
      fieldErrors(
        await batch(
          api,
          Array.from({ length: 5 }, () => MESSAGE),
        ),
      ),
      ['messages has 5 items; at most 4 are allowed'],
    );
    assert.match(fieldErrors(await batch(api, [])).join(), /^messages must have at least 1 item$/);
    assert.deepEqual(await countRows(api.db), {});
  });

  test('D9: a repeated batch gets the same answer, another one under its key is refused', async (t) => {
    const api = await openApi(t, openTestSqlite, { working: false });
    const headers = { 'idempotency-key': 'k' };
    const two = [MESSAGE, { ...MESSAGE, subject: 'Second' }];
    const first = await batch(api, two, headers);
    assert.equal((await batch(api, two, headers)).text, first.text);
    refusal(await batch(api, [...two].reverse(), headers), 409, 'idempotency_conflict');
    refusal(await api.ask('POST', '/messages', { body: MESSAGE, headers }), 409, 'idempotency_conflict');
    assert.equal((await countRows(api.db))['messages'], 2);
  });
});

test('D10: accepting asks no name and opens no line, however the message is addressed', async (t) => {
  let dialled = 0;
  const dialer: Dialer = {
    dial() {
      dialled += 1;
      throw new Error('dialled');
    },
  };
  const toml = '[delivery]\nmode = "live"\n[[connections]]\nname = "relay"\nhost = "relay.example"\n';
  const api = await openApi(t, openTestSqlite, { dialer, toml, working: false });
  const id = await api.send({
    to: ['ana@example.net', 'bo@no-such-domain.example'],
    connection: 'relay',
    html: '<img src="http://127.0.0.1:1/x.png">',
    attachments: [{ filename: '/etc/passwd', contentType: 'text/plain', content: '' }],
  });
  await api.ask('GET', `/messages/${id}/explain`);
  assert.equal(dialled, 0);
});
