/**
 * K5: planted secrets are searched for wherever the server writes or answers, at the most talkative log level.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSecret, newCanary, readTree } from './canary.ts';
import { until } from './child.ts';
import { makeCertificates } from '../server/test/certificates.ts';
import { startRecordingSink } from './recording-sink.ts';
import { posthorn } from './server.ts';
import { toml } from './toml.ts';
import { cleanupOf, FORCED, startWorld } from './world.ts';

test('K5: the search finds a secret in every writing, whatever stands before it', () => {
  const secret = newCanary('pw');
  const hidden = [0, 1, 2, 3].map((n) =>
    Buffer.from(Buffer.from(`${'u'.repeat(n)}\0${secret}!`).toString('base64')),
  );
  for (const bytes of [...hidden, Buffer.from(secret), Buffer.from(Buffer.from(secret).toString('hex'))]) {
    assert.notDeepEqual(findSecret(secret, bytes), []);
  }
  assert.deepEqual(findSecret(secret, Buffer.from(newCanary('pw'))), []);
});

test('K5: passwords and keys are in no log, no answer and no database byte; bodies are in no log', async (t) => {
  const cleanup = cleanupOf(t);
  const good = await startRecordingSink();
  cleanup(() => good.close());
  const secrets = {
    ...{ literal: newCanary('li'), api: newCanary('ap'), environment: newCanary('en') },
    ...{ clientSecret: newCanary('cs'), refreshToken: newCanary('rt'), serviceAccount: newCanary('sa') },
    ...{ clientKey: newCanary('ck'), proxyPassword: newCanary('px'), graph: newCanary('gr') },
  };
  const bodies = {
    subject: newCanary('su'),
    text: newCanary('tx'),
    html: newCanary('ht'),
    file: newCanary('fi'),
  };
  // The relay offers no AUTH, so signing in fails after a conversation: what is said about it must not say the password.
  const signIn = { host: '127.0.0.1', port: good.port, auth: 'password', allow_plaintext_auth: true };
  const file = toml({
    logLevel: 'debug',
    connections: [
      { name: 'good', host: '127.0.0.1', port: good.port },
      { name: 'literal', ...signIn, username: 'u1', password: secrets.literal, senders: undefined },
      { name: 'env', ...signIn, username: 'u2', password: 'env:RELAY_PASSWORD' },
    ],
  });
  const env = { RELAY_PASSWORD: secrets.environment };
  const world = await startWorld(t, file, { env });
  const answers: string[] = [];
  const api = async (method: string, path: string, body?: unknown): Promise<string> => {
    const answer = await world.api(method, path, body);
    answers.push(answer.text, JSON.stringify([...answer.headers]));
    return answer.text;
  };
  const overApi = {
    name: 'api',
    host: '127.0.0.1',
    port: good.port,
    security: 'none',
    auth: 'password',
    allowPlaintextAuth: true,
  };
  const made = JSON.parse(
    await api('POST', `/connections${FORCED}`, { ...overApi, username: 'u3', password: secrets.api }),
  ) as { id: string };
  // Every other kind of secret, each in a connection that fails somewhere after it was read.
  const port = String(good.port);
  const oauth = { username: 'a@b.example', clientId: 'c', tokenUrl: `https://127.0.0.1:${port}/token` };
  const pem = `-----BEGIN PRIVATE KEY-----\n${secrets.clientKey}\n-----END PRIVATE KEY-----\n`;
  const { client } = makeCertificates();
  const kinds: Record<string, object> = {
    refresh: {
      ...{ ...oauth, host: '127.0.0.1', port: good.port, auth: 'oauth2-refresh-token' },
      ...{ clientSecret: secrets.clientSecret, refreshToken: secrets.refreshToken },
    },
    account: {
      ...{ ...oauth, host: '127.0.0.1', port: good.port, auth: 'oauth2-jwt-bearer' },
      serviceAccount: JSON.stringify({ client_email: 'x@y.example', private_key: secrets.serviceAccount }),
    },
    certificate: { host: '127.0.0.1', port: good.port, clientCert: client.cert, clientKey: pem },
    proxied: {
      ...{ host: '127.0.0.1', port: good.port, security: 'none' },
      ...{ proxy: `http://user@127.0.0.1:${port}`, proxyPassword: secrets.proxyPassword },
    },
    graph: { ...oauth, type: 'graph', clientSecret: secrets.graph },
  };
  for (const [name, settings] of Object.entries(kinds)) {
    const answer = await world.api('POST', `/connections${FORCED}`, { ...settings, name });
    assert.equal(answer.status, 201, answer.text);
    answers.push(answer.text);
    const started = await world.api('POST', '/connection-tests', { connection: name });
    assert.equal(started.status, 202, started.text);
    const { id } = started.json<{ id: string }>();
    await until(`the test of ${name} to end`, async () => {
      const shown = await world.api('GET', `/connection-tests/${id}`);
      if (shown.json()['status'] === 'running') return undefined;
      answers.push(shown.text);
      return true;
    });
  }
  const message = {
    to: ['ana@example.net'],
    from: 'app@example.com',
    subject: bodies.subject,
    text: `Your code: ${bodies.text}`,
    html: `<p>${bodies.html}</p>`,
    attachments: [
      { filename: 'a.txt', contentType: 'text/plain', content: Buffer.from(bodies.file).toString('base64') },
    ],
  };
  for (const connection of ['good', 'literal', 'env', 'api', ...Object.keys(kinds)]) {
    const { id } = await world.send({ ...message, connection });
    await world.reaches(id, ['accepted', 'held', 'deferred']);
    await api('GET', `/messages/${id}`);
    await api('GET', `/messages/${id}/explain`);
  }
  await api('PATCH', `/connections/${made.id}${FORCED}`, { username: 'u4', notes: 'x' });
  await api('POST', `/connections${FORCED}`, { ...overApi, name: 'BAD NAME', password: secrets.api });
  await api('POST', '/messages', `{"to": ["x"], "password": "${secrets.api}"`);
  for (const path of [
    '/connections',
    '/secrets',
    '/connection-tests',
    `/connections/${made.id}`,
    '/settings',
    '/settings/effective',
    '/mailbox',
    '/queue',
    '/health',
  ]) {
    await api('GET', path);
  }
  answers.push((await world.server().api('GET', '/metrics')).text);
  answers.push((await world.server().api('GET', '/openapi.json')).text);
  const local = ['--config', world.home.configFile, '--data', world.home.dataDir];
  for (const command of [
    ['config', 'explain'],
    ['config', 'check'],
    ['doctor'],
    ['secrets', 'rotate'],
    ['secrets', 'status'],
  ]) {
    const said = await posthorn(world.home, [...command, ...local], env);
    answers.push(said.stdout, said.stderr);
  }
  await world.server().stop();

  const log = Buffer.from(world.home.logs.join('\n'));
  assert.ok(log.includes('"level":"debug"'), 'the log is at its most talkative');
  const stored = await readTree(world.home.dataDir);
  const places = [
    { path: 'log', bytes: log },
    { path: 'answers', bytes: Buffer.from(answers.join('\n')) },
    ...stored,
  ];
  for (const [name, secret] of Object.entries({ ...secrets, key: world.key })) {
    for (const { path, bytes } of places)
      assert.deepEqual(findSecret(secret, bytes), [], `${name} in ${path}`);
  }
  for (const [name, secret] of Object.entries(bodies)) {
    assert.deepEqual(findSecret(secret, log), [], `body: ${name} in the log`);
  }
});
