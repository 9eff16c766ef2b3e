import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CompiledQuery, type KyselyPlugin } from 'kysely';
import { MESSAGE, openApi, refusal, relayToml } from '../test/api-scene.ts';
import { startPeer } from '../test/smtp-peer.ts';
import { forEachStore, openTestSqlite } from '../test/stores.ts';
import type { Db } from './store/store.ts';

/** Every statement outside a transaction fails so, while `error` gives one. */
function failing(db: Db, error: () => Error | undefined): Db {
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      const found = error();
      if (found !== undefined) throw found;
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  return { ...db, tables: <T>() => db.tables<T>().withPlugin(plugin) };
}

test('ready while every relay is dead, and not while the database is away, the disk is low or the server stops', async (t) => {
  let error: Error | undefined;
  let why: string | undefined;
  const toml = relayToml(1); // nobody listens there
  const api = await openApi(t, openTestSqlite, {
    toml,
    db: (db) => failing(db, () => error),
    refusing: () => why,
  });
  const id = await api.send();
  await api.until(id, (shown) => ['held', 'deferred'].includes(String(shown.at('state'))));
  const ready = await api.ask('GET', '//readyz', { key: null });
  assert.deepEqual([ready.status, ready.at('status')], [200, 'ready']);
  why = 'the disk is nearly full';
  assert.match(
    refusal(await api.ask('GET', '//readyz', { key: null }), 503, 'unavailable'),
    /disk is nearly full/,
  );
  why = undefined;
  error = new Error('anything at all');
  assert.match(
    refusal(await api.ask('GET', '//readyz', { key: null }), 503, 'unavailable'),
    /database does not answer/,
  );
  assert.equal((await api.ask('GET', '//healthz', { key: null })).status, 200);
  error = undefined;
});

forEachStore('a database that is away', (open) => {
  test('W8: reads answer 503 with Retry-After and not 500, and begin again when it is back', async (t) => {
    let error: Error | undefined;
    const api = await openApi(t, open, { working: false, db: (db) => failing(db, () => error) });
    const id = await api.send();
    const fresh = await api.makeKey();
    const calls = [
      ['GET', '/messages'],
      ['GET', `/messages/${id}`],
      ['GET', `/messages/${id}/explain`],
      ['GET', `/messages/${id}/source`],
      ['POST', `/messages/${id}/cancel`],
      ['POST', `/messages/${id}/resend`],
    ] as const;
    const lost = (message: string, code?: string): Error =>
      Object.assign(new Error(`${message} 10.0.0.7:5432 SELECT`), code === undefined ? {} : { code });
    for (error of [
      lost('connect', 'ECONNREFUSED'),
      lost('gone', '57P01'),
      lost('Connection terminated unexpectedly'),
    ]) {
      for (const [method, path] of calls) {
        for (const key of [api.key, fresh]) {
          const answer = await api.ask(method, path, {
            key,
            ...(method === 'POST' && { body: {} }),
          });
          assert.equal(refusal(answer, 503, 'unavailable').includes('10.0.0.7'), false);
          assert.equal(answer.headers['retry-after'], '5');
        }
      }
      assert.equal(
        (await api.ask('GET', '//metrics', { key: null })).status,
        200,
        'the numbers are wanted most now',
      );
    }
    error = undefined;
    assert.equal((await api.ask('GET', `/messages/${id}`)).at('state'), 'queued');
  });
});

test('metrics: counters of what happened, and no address, subject or words of a server in any label', async (t) => {
  const peer = await startPeer({
    script: ({ command }) =>
      command.startsWith('RCPT TO:<no@') ? '550 5.1.1 No secret user no@example.net\r\n' : undefined,
  });
  t.after(() => peer.close());
  const api = await openApi(t, openTestSqlite, { toml: relayToml(peer.port) });
  await api.reaches(await api.send(), 'accepted');
  await api.reaches(await api.send({ to: ['no@example.net'] }), 'failed');
  await api.send({ sendAt: '2099-01-01T00:00:00Z' });
  const answer = await api.ask('GET', '//metrics', { key: null });
  assert.match(String(answer.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  for (const line of [
    /^posthorn_messages_received_total 3$/m,
    /^posthorn_recipient_outcomes_total\{connection="relay",outcome="accepted",category="\w+"\} 1$/m,
    /^posthorn_recipient_outcomes_total\{connection="relay",outcome="rejected",category="\w+"\} 1$/m,
    /^posthorn_attempt_seconds_count\{connection="relay"\} 2$/m,
    /^posthorn_queue_jobs\{state="ready",lane="2"\} 1$/m,
    /^posthorn_active_messages 0$/m,
    /^posthorn_connection_up\{connection="relay"\} 1$/m,
  ])
    assert.match(answer.text, line);
  assert.doesNotMatch(answer.text, /@|example|secret|Hello|ten_|msg_/);
});

test('K5: at debug no password, key or body is in a line of the log, whatever goes wrong', async (t) => {
  const canary = {
    password: 'CANARYpasswordCANARY42',
    body: 'CANARYbodyCANARYbody42',
    data: 'CANARYmetadataCANARY42',
  };
  const peer = await startPeer({
    extensions: ['PIPELINING'],
    auth: { mechanisms: ['PLAIN'] },
    script: ({ command }) => (command.startsWith('RCPT TO:<no@') ? '550 5.1.1 No\r\n' : undefined),
  });
  t.after(() => peer.close());
  const wrong = await startPeer({
    auth: { mechanisms: ['PLAIN'], next: () => ({ reply: '535 5.7.8 Wrong' }) },
  });
  t.after(() => wrong.close());
  const signIn = (name: string, port: number): string =>
    `[[connections]]\nname = "${name}"\nhost = "127.0.0.1"\nport = ${String(port)}\nsecurity = "none"\nauth = "password"\n` +
    `username = "u"\npassword = "${canary.password}"\nallow_plaintext_auth = true\n`;
  const toml = `[delivery]\nmode = "live"\n${signIn('good', peer.port)}${signIn('wrong', wrong.port)}`;
  let error: Error | undefined;
  const api = await openApi(t, openTestSqlite, { toml, db: (db) => failing(db, () => error) });
  const message = {
    text: canary.body,
    html: canary.body,
    subject: canary.body,
    metadata: { a: canary.data },
    headers: { 'X-Token': canary.body },
    attachments: [
      { filename: canary.body, contentType: 'a/b', content: Buffer.from(canary.body).toString('base64') },
    ],
  };
  await api.reaches(await api.send({ ...message, connection: 'good' }), 'accepted');
  await api.reaches(await api.send({ ...message, connection: 'good', to: ['no@example.net'] }), 'failed');
  await api.reaches(await api.send({ ...message, connection: 'wrong' }), 'held');
  await api.ask('POST', '/messages', { body: { ...MESSAGE, ...message, nope: canary.body } });
  await api.ask('POST', '/messages', { body: `{"text": "${canary.body}` });
  error = new Error('a bug of ours');
  await api.ask('GET', '/messages?q=x');
  error = undefined;
  const log = api.log.join('');
  assert.match(log, /a bug of ours/);
  assert.match(log, /connection cannot send/);
  const secret = api.key.slice(-43);
  for (const needle of [...Object.values(canary), secret]) {
    const spellings = [
      needle,
      Buffer.from(needle).toString('base64').slice(0, -4),
      Buffer.from(needle).toString('hex'),
    ];
    for (const spelling of [...spellings, Buffer.from(`\0u\0${needle}`).toString('base64').slice(0, -4)])
      assert.equal(log.includes(spelling), false, spelling);
  }
  // The password is not in what a person is shown of the conversation either.
  const shown = await api.ask('GET', '/messages?q=status:held');
  const held = await api.ask('GET', `/messages/${String(shown.at('items[0].id'))}`);
  assert.equal(held.text.includes(canary.password), false);
  assert.equal(held.text.includes(Buffer.from(`\0u\0${canary.password}`).toString('base64')), false);
});

test('I3 I4: nothing that a message says reaches a command of the conversation', async (t) => {
  const peer = await startPeer();
  t.after(() => peer.close());
  const api = await openApi(t, openTestSqlite, { toml: relayToml(peer.port) });
  const breaks = [
    '\r\n',
    '\n',
    '\r',
    '%0d%0a',
    '\u010a',
    '\u560d\u560a',
    '\u2028',
    '\u0085',
    '\u0000',
    '=?utf-8?q?=0A?=',
    '\ud800',
  ];
  const taken: string[] = [];
  for (const end of breaks) {
    const evil = `x${end}RCPT TO:<victim@victim.example>${end}.${end}MAIL FROM:<x@evil.example>`;
    for (const change of [
      { to: [`ana${evil}@example.net`] },
      { to: [{ name: evil, address: 'ana@example.net' }] },
      { from: { name: evil, address: 'app@example.com' } },
      { from: `app@example.com${evil}` },
      { replyTo: [`a@example.com${evil}`] },
      { subject: evil },
      { text: evil, html: evil },
      { headers: { 'X-A': evil } },
      { headers: { [evil]: 'a' } },
      { attachments: [{ filename: evil, contentType: 'text/plain', content: 'QQ==' }] },
      { attachments: [{ filename: 'a', contentType: `text/plain; name="${evil}"`, content: 'QQ==' }] },
      { attachments: [{ filename: 'a', contentType: 'a/b', content: 'QQ==', cid: evil }] },
      { tags: [evil] },
      { metadata: { [evil]: evil } },
      { class: evil },
    ]) {
      const answer = await api.ask('POST', '/messages', { body: { ...MESSAGE, ...change } });
      assert.ok(answer.status === 202 || answer.status === 422, answer.text);
      if (answer.status === 202) taken.push(String(answer.at('id')));
    }
  }
  for (const id of taken) await api.reaches(id, 'accepted');
  assert.equal(peer.messages.length, taken.length);
  for (const { from, recipients } of peer.messages) {
    assert.equal(from, 'app@example.com');
    assert.deepEqual(recipients, ['ana@example.net']);
  }
  const verbs = new Set(peer.commands.map((command) => command.split(' ')[0]));
  assert.deepEqual(verbs.difference(new Set(['EHLO', 'MAIL', 'RCPT', 'DATA', 'RSET', 'QUIT'])), new Set());
});

test('no text of a request is ever part of a statement', async (t) => {
  const seen: string[] = [];
  const api = await openApi(t, openTestSqlite, {
    working: false,
    db(db) {
      const plugin: KyselyPlugin = {
        transformQuery({ node, queryId }) {
          seen.push(db.tables<unknown>().getExecutor().compileQuery(node, queryId).sql);
          return node;
        },
        transformResult: ({ result }) => Promise.resolve(result),
      };
      return { ...db, tables: <T>() => db.tables<T>().withPlugin(plugin) };
    },
  });
  const evil = `x'; drop table messages; --`;
  const q = [
    `"${evil}"`,
    `tag:${evil.replaceAll(' ', '')}`,
    `id:${evil.replaceAll(' ', '')}`,
    'to:"\'"@x.org',
  ];
  for (const line of q) await api.ask('GET', `/messages?q=${encodeURIComponent(line)}`);
  await api.ask('GET', `/messages/${encodeURIComponent(evil)}`);
  await api.ask('POST', '/messages', { body: { ...MESSAGE, subject: evil, connection: evil } });
  assert.ok(seen.length > 3);
  assert.equal(seen.join('\n').includes('drop table'), false);
  await api.db.tables<unknown>().executeQuery(CompiledQuery.raw('select 1 from messages'));
});
