/** What a test may use and show: secrets, other tenants, places inside, keys that send nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldErrors, openApi, refusal, type Api } from '../../test/api-scene.ts';
import { makeCertificates } from '../../test/certificates.ts';
import { startPeer, type Peer } from '../../test/smtp-peer.ts';
import { forEachStore } from '../../test/stores.ts';
import { followTest, runTest, stageIn, startTest, testEnd } from '../../test/test-run-scene.ts';
import { instanceEgress, tenantEgress } from '../net/net.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';

const { ca, cert, key: tlsKey } = makeCertificates();
const CANARY = 'canary-Qx7Lw2Zp9Vt4Rm8K+/';
const MAIL = { to: 'ana@example.net', from: 'app@example.com' };
const TENANTS = '[[tenants]]\nslug = "acme"\n[[tenants]]\nslug = "other"\n';

/** Every form in which a secret could be met again. */
function formsOf(username: string, secret: string): string[] {
  const base64 = (text: string) => Buffer.from(text).toString('base64').replace(/=+$/, '');
  const middles = ['', 'x', 'xy'].map((pad) =>
    base64(pad + secret).slice(pad.length === 0 ? 0 : pad.length + 1, -2),
  );
  return [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('hex'),
    base64(`\0${username}\0${secret}`),
    ...middles,
  ];
}

async function rowsOf(api: Api): Promise<string> {
  const rows = await api.db
    .tables<{ connection_tests: object }>()
    .selectFrom('connection_tests')
    .selectAll()
    .execute();
  return JSON.stringify(rows);
}

/** Repeats what it is told, as some servers do in their answers. */
function echoingPeer(): Promise<Peer> {
  return startPeer({
    tls: { cert, key: tlsKey },
    auth: {
      mechanisms: ['PLAIN', 'LOGIN'],
      next: (_mechanism, answers) => ({
        reply: `535 5.7.8 no: ${answers.map((said) => said.replaceAll('\0', ' ')).join(' ')} ${Buffer.from(answers.join('')).toString('base64')}`,
      }),
    },
  });
}

forEachStore('what a connection test may use and show', (open) => {
  test('K5: no form of a secret is in an answer, an event, a row or a log line', async (t) => {
    const peer = await echoingPeer();
    t.after(() => peer.close());
    const api = await openApi(t, open);
    const url = await api.listen();
    const secrets = {
      password: CANARY,
      clientSecret: `2${CANARY}`,
      refreshToken: `3${CANARY}`,
      proxyPassword: `4${CANARY}`,
    };
    const settings = {
      type: 'smtp',
      host: 'localhost',
      port: peer.port,
      ca,
      auth: 'password',
      username: 'app',
    };
    const proxy = { proxy: 'socks5://somebody@127.0.0.1:9' };
    const seen: string[] = [];
    for (const more of [{}, proxy]) {
      const body = {
        settings: {
          ...settings,
          ...more,
          ...secrets,
          ...('proxy' in more ? {} : { proxyPassword: undefined }),
        },
      };
      const started = await api.ask('POST', '/connection-tests', { body });
      assert.equal(started.status, 202, started.text);
      const id = String(started.at('id'));
      for await (const event of followTest(api, url, id)) seen.push(JSON.stringify(event));
      seen.push(started.text, (await testEnd(api, id)).text);
    }
    const made = await api.ask('POST', '/connections', {
      body: { ...settings, name: 'relay', password: CANARY },
    });
    assert.equal(made.status, 201, made.text);
    const saved = await runTest(api, { connection: 'relay' });
    assert.equal(saved.at('failedStage'), 'auth');
    seen.push(
      saved.text,
      (await api.ask('GET', '/connection-tests')).text,
      await rowsOf(api),
      api.log.join('\n'),
    );
    const text = seen.join('\n');
    assert.match(text, /\[credentials\]/, 'the server did repeat it');
    for (const form of formsOf('app', CANARY)) assert.ok(!text.includes(form), form);
  });

  test('K1: a stored secret is tested only where it was given for', async (t) => {
    const peer = await echoingPeer();
    const thief = await echoingPeer();
    t.after(async () => {
      await peer.close();
      await thief.close();
    });
    const api = await openApi(t, open);
    const settings = {
      host: 'localhost',
      port: peer.port,
      ca,
      auth: 'password',
      username: 'app',
      password: CANARY,
    };
    const made = await api.ask('POST', '/connections', {
      body: { type: 'smtp', name: 'relay', ...settings },
    });
    assert.equal(made.status, 201, made.text);
    const away = [
      { port: thief.port },
      { username: 'b' },
      { verify: false },
      { security: 'auto' },
      { serverName: 'x.example' },
    ];
    for (const change of away) {
      const answer = await api.ask('POST', '/connection-tests', {
        body: { connection: 'relay', settings: change },
      });
      assert.deepEqual(fieldErrors(answer, 422, 'secret_required'), [
        'settings.password must be given again, because where it is sent has changed',
      ]);
    }
    assert.equal(thief.connections() + peer.connections(), 0);
    const given = { connection: 'relay', settings: { port: thief.port, password: 'another one' } };
    assert.equal((await runTest(api, given)).at('failedStage'), 'auth');
    const same = await runTest(api, { connection: 'relay', settings: { timeouts: { commandMs: 5_000 } } });
    assert.equal(same.at('failedStage'), 'auth', 'what does not move it may change');
    assert.equal(same.at('target.unsaved'), true);
    assert.ok(
      !thief
        .rawBytes()
        .toString()
        .includes(Buffer.from(`\0app\0${CANARY}`).toString('base64')),
    );
    const cleared = {
      connection: 'relay',
      settings: { port: thief.port, auth: 'anonymous', password: null },
    };
    assert.equal((await runTest(api, cleared)).at('status'), 'passed');
  });

  test('K1: nor does the secret of a connection that the file declares go elsewhere', async (t) => {
    const peer = await echoingPeer();
    const thief = await echoingPeer();
    t.after(async () => {
      await peer.close();
      await thief.close();
    });
    const toml = `[[connections]]
name = "relay"
host = "localhost"
port = ${String(peer.port)}
auth = "password"
username = "app"
password = "${CANARY}"
ca = """
${ca}"""
`;
    const api = await openApi(t, open, { toml });
    const moved = { connection: 'relay', settings: { port: thief.port } };
    refusal(await api.ask('POST', '/connection-tests', { body: moved }), 422, 'secret_required');
    assert.equal(thief.connections(), 0);
    assert.equal((await runTest(api, { connection: 'relay' })).at('failedStage'), 'auth');
  });

  test('a tenant sees, follows and stops its own tests only', async (t) => {
    const peer = await startPeer();
    t.after(() => peer.close());
    const api = await openApi(t, open, { toml: TENANTS });
    const acme = await api.makeKey({ tenant: 'acme' });
    const other = await api.makeKey({ tenant: 'other' });
    const done = await runTest(
      api,
      { settings: { host: '127.0.0.1', port: peer.port, security: 'none' } },
      acme,
    );
    const id = String(done.at('id'));
    for (const key of [other, api.key]) {
      refusal(await api.ask('GET', `/connection-tests/${id}`, { key }), 404, 'not_found');
      refusal(await api.ask('GET', `/connection-tests/${id}/events`, { key }), 404, 'not_found');
      refusal(await api.ask('POST', `/connection-tests/${id}/cancel`, { key }), 404, 'not_found');
      assert.equal((await api.ask('GET', '/connection-tests', { key })).at('items[0]'), undefined);
    }
    const named = await api.ask('GET', `/connection-tests/${id}`, { headers: { 'posthorn-tenant': 'acme' } });
    assert.equal(named.status, 200, 'an instance key that names the tenant');
    const made = await api.ask('POST', '/connections', {
      body: { type: 'smtp', name: 'ours', host: '127.0.0.1' },
    });
    assert.equal(made.status, 201);
    const theirs = { connection: String(made.at('id')) };
    refusal(await api.ask('POST', '/connection-tests', { body: theirs, key: acme }), 404, 'not_found');
  });

  test('S3, S4: a tenant learns nothing of what is inside, and no door but those of mail is tried', async (t) => {
    const peer = await startPeer();
    t.after(() => peer.close());
    const egressFor = (tenantId: string) =>
      tenantId === INSTANCE_TENANT_ID ? instanceEgress() : tenantEgress();
    const api = await openApi(t, open, { toml: TENANTS, egressFor });
    const key = await api.makeKey({ tenant: 'acme' });
    for (const port of [587, 25]) {
      const done = await runTest(api, { settings: { host: '127.0.0.1', port, security: 'none' } }, key);
      assert.equal(done.at('failedStage'), 'connect');
      const stage = stageIn(done, 'connect');
      assert.equal(stage.diagnosis?.id, 'tcp.private_blocked');
      assert.match(
        stage.diagnosis.cause,
        /^127\.0\.0\.1 is or leads to an address or port that this instance does not open\./,
      );
      assert.equal(stageIn(done, 'dns').details, undefined);
    }
    const closed = await runTest(
      api,
      { settings: { host: '127.0.0.1', port: peer.port, security: 'none' } },
      key,
    );
    assert.equal(stageIn(closed, 'connect').diagnosis?.id, 'tcp.private_blocked');
    assert.equal(stageIn(closed, 'connect').details, undefined);
    assert.equal(peer.connections(), 0);
    const mine = await runTest(api, { settings: { host: '127.0.0.1', port: peer.port, security: 'none' } });
    assert.equal(mine.at('status'), 'passed', 'the instance may');
  });

  test('who may not, what cannot be: each is refused with its field', async (t) => {
    const api = await openApi(t, open, { toml: TENANTS });
    const start = (body: object, key = api.key) => api.ask('POST', '/connection-tests', { body, key });
    assert.deepEqual(fieldErrors(await start({})), [
      'connection missing: name a connection, or give settings',
    ]);
    assert.deepEqual(fieldErrors(await start({ settings: {} })), [
      'settings.host missing: this field is required',
    ]);
    assert.deepEqual(fieldErrors(await start({ settings: { host: 'h', pasword: 'x' } })).length, 1);
    assert.deepEqual(fieldErrors(await start({ settings: { host: 'h' }, from: 'a@example.com' })), [
      'to missing: from is for a test message, which needs a recipient',
    ]);
    assert.deepEqual(fieldErrors(await start({ settings: { host: 'h' }, to: 'ana@example.net' })), [
      'from is missing, and no default sender is configured',
    ]);
    assert.match(fieldErrors(await start({ settings: { host: 'h' }, ...MAIL, to: 'ana' }))[0] ?? '', /^to /);
    assert.match(
      fieldErrors(
        await start({ settings: { host: 'h', auth: 'password', username: 'u', password: '********' } }),
      )[0] ?? '',
      /mask/,
    );
    assert.deepEqual(fieldErrors(await start({ settings: { type: 'mailbox' }, ...MAIL })), [
      'to cannot be used with a local mailbox, which sends nothing',
    ]);
    refusal(await start({ connection: 'nosuch' }), 404, 'not_found');
    const testKey = await api.makeKey({ kind: 'test' });
    refusal(await start({ settings: { host: 'h' }, ...MAIL }, testKey), 403, 'forbidden');
    refusal(await api.ask('POST', '/connection-tests', { body: {}, key: null }), 401, 'unauthorized');
    const odd = await api.ask('GET', '/connection-tests?cursor=x');
    assert.equal(odd.status, 422);
    refusal(await api.ask('GET', '/connection-tests/tst_x'), 404, 'not_found');
  });

  test('a test message really leaves, whatever the delivery mode, and the test says so', async (t) => {
    const peer = await startPeer();
    t.after(() => peer.close());
    const api = await openApi(t, open, {
      toml: '[delivery]\nmode = "capture"\n[sender]\nname = "Posthorn"\naddress = "app@example.com"\n',
    });
    const settings = { host: '127.0.0.1', port: peer.port, security: 'none' };
    const done = await runTest(api, { settings, to: 'ana@example.net' });
    assert.equal(done.at('status'), 'passed', done.text);
    assert.equal(peer.messages[0]?.from, 'app@example.com');
    assert.match(peer.messages[0].wire.toString(), /^From: Posthorn <app@example\.com>\r\n/m);
    assert.match(String(stageIn(done, 'accepted').notes), /although the delivery mode is capture/);
    assert.deepEqual(done.at('mail'), { from: 'app@example.com', to: 'ana@example.net' });
    assert.equal((await startTest(api, { settings })).startsWith('tst_'), true);
  });
});
