/**
 * K5: planted secrets are searched for wherever the server writes or answers, at the most talkative log level.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSecret, newCanary, readTree } from './canary.ts';
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
  const secrets = { literal: newCanary('li'), api: newCanary('ap'), environment: newCanary('en') };
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
  for (const connection of ['good', 'literal', 'env', 'api']) {
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
