import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApi } from '../../test/api-scene.ts';
import { makeCertificates } from '../../test/certificates.ts';
import { startPeer } from '../../test/smtp-peer.ts';
import { forEachStore } from '../../test/stores.ts';
import { runTest as run, stageIn as stage, stagesIn as stagesOf } from '../../test/test-run-scene.ts';
import { isProved } from './diagnosis.ts';

forEachStore('connection tests', (open) => {
  test('a check of unsaved settings walks to the end of EHLO and says goodbye', async (t) => {
    const peer = await startPeer({ extensions: ['SIZE 10485760', 'PIPELINING'] });
    t.after(() => peer.close());
    const api = await openApi(t, open);
    const done = await run(api, { settings: { host: '127.0.0.1', port: peer.port, security: 'none' } });
    assert.equal(done.at('status'), 'passed', done.text);
    assert.deepEqual(stagesOf(done), ['settings ok', 'dns ok', 'connect ok', 'greeting ok', 'ehlo ok']);
    assert.equal(peer.commands.at(-1), 'QUIT');
    assert.equal(peer.messages.length, 0);
    assert.match(String(done.at('transcript')), /^\+\d+ \*\* connecting to 127\.0\.0\.1/);
    assert.match(String(stage(done, 'ehlo').fact), /SIZE=10485760 PIPELINING/);
    const fingerprint = String(done.at('fingerprint'));
    assert.deepEqual((await isProved(api.db, 'ten_instance', fingerprint))?.testId, done.at('id'));
    assert.equal(await isProved(api.db, 'ten_other', fingerprint), undefined);
  });

  test('a test with a message over STARTTLS shows all stages, the queue id and the certificate', async (t) => {
    const { ca, cert, key } = makeCertificates();
    const peer = await startPeer({
      tls: { cert, key },
      auth: { mechanisms: ['PLAIN', 'LOGIN'] },
      extensions: ['SIZE 1000000', 'PIPELINING'],
    });
    t.after(() => peer.close());
    const api = await openApi(t, open);
    const done = await run(api, {
      settings: {
        host: 'localhost',
        port: peer.port,
        ca,
        auth: 'password',
        username: 'app',
        password: 'correct horse',
      },
      to: 'ana@example.net',
      from: 'app@example.com',
    });
    assert.equal(done.at('status'), 'passed', done.text);
    assert.deepEqual(
      stagesOf(done),
      'settings dns connect greeting ehlo tls ehlo-tls auth mail-from rcpt-to data accepted'
        .split(' ')
        .map((id) => `${id} ok`),
    );
    assert.equal(peer.messages.length, 1);
    assert.match(String(peer.messages[0]?.wire), /Subject: Posthorn test of unsaved/);
    assert.equal(stage(done, 'accepted').summary?.['queueId'], '4711');
    assert.match(String(stage(done, 'tls').fact), /^TLS 1\.3, localhost, \d+ days left$/);
    assert.equal(stage(done, 'tls').details?.['nameMatches'], true);
    assert.equal(stage(done, 'tls').details?.['trust'], 'own-ca');
    assert.doesNotMatch(done.text, /correct horse/);
  });

  test('a saved connection that refuses sign-in fails there, and says what it means', async (t) => {
    const { ca, cert, key } = makeCertificates();
    const peer = await startPeer({
      tls: { cert, key },
      auth: { mechanisms: ['PLAIN'], next: () => ({ reply: '535 5.7.8 Authentication failed' }) },
    });
    t.after(() => peer.close());
    const api = await openApi(t, open);
    const made = await api.ask('POST', '/connections', {
      body: {
        type: 'smtp',
        name: 'relay',
        host: 'localhost',
        port: peer.port,
        ca,
        auth: 'password',
        username: 'app',
        password: 'wrong horse',
      },
    });
    assert.equal(made.status, 201, made.text);
    const done = await run(api, { connection: 'relay', to: 'a@example.net', from: 'b@example.com' });
    assert.equal(done.at('status'), 'failed');
    assert.equal(done.at('failedStage'), 'auth');
    const auth = stage(done, 'auth');
    assert.equal(auth.status, 'failed');
    assert.equal(auth.diagnosis?.id, 'auth.bad_credentials');
    assert.equal(auth.reply, '535 5.7.8 Authentication failed');
    assert.deepEqual(stagesOf(done).slice(-4), [
      'mail-from not_reached',
      'rcpt-to not_reached',
      'data not_reached',
      'accepted not_reached',
    ]);
    const list = await api.ask('GET', `/connection-tests?connection=${String(made.at('id'))}`);
    assert.equal(list.at('items[0].id'), done.at('id'));
  });
});
