/**
 * The first minute: start with nothing, make a key, post a message, look at it. Nothing leaves the machine.
 */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { createKey, makeHome, posthorn, startPosthorn, withKey } from './server.ts';
import { cleanupOf } from './world.ts';

test('a server without a configuration captures the first message and shows it', async (t) => {
  const cleanup = cleanupOf(t);
  const home = await makeHome('');
  cleanup(() => home.remove());
  const server = await startPosthorn(home);
  cleanup(() => server.stop());
  const said = server.output();
  assert.ok(said.includes(server.url.replace('http://', '')), 'says where its API is');
  assert.match(said, /capture/, 'says that mail is captured');
  assert.match(said, /posthorn key create|key create/, 'says how to get a key');

  const key = await createKey(home);
  assert.match(key, /^ph_live_/);
  const message = {
    to: [{ name: 'Ana', address: 'ana@example.com' }],
    from: 'app@example.com',
    subject: 'Welcome',
    text: 'Hello Ana',
  };
  const posted = await server.api('POST', '/api/v1/messages', message, withKey(key));
  assert.equal(posted.status, 202, posted.text);
  const { id } = posted.json<{ id: string }>();
  assert.match(id, /^msg_/);

  const wait = ['messages', 'show', id, '--server', server.url, '--key', key, '--json'];
  let state = '';
  for (let tries = 0; tries < 100 && state !== 'captured'; tries += 1) {
    const shown = await server.api('GET', `/api/v1/messages/${id}`, undefined, withKey(key));
    assert.equal(shown.status, 200, shown.text);
    state = String(shown.json()['state']);
  }
  assert.equal(state, 'captured');
  const shown = await posthorn(home, wait);
  assert.equal(shown.code, 0, shown.stderr);

  const kept = await server.api('GET', '/api/v1/messages?q=status:captured', undefined, withKey(key));
  assert.equal(kept.status, 200, kept.text);
  assert.equal(kept.json<{ items: unknown[] }>().items.length, 1);

  const exit = await server.stop();
  assert.deepEqual(exit, { code: 0, signal: null }, 'SIGTERM ends it in order');
});

test('it starts in an empty folder with no file at all, and is alive, ready and measured', async (t) => {
  const cleanup = cleanupOf(t);
  const home = await makeHome('');
  cleanup(() => home.remove());
  await rm(home.dataDir, { recursive: true });
  const server = await startPosthorn(home);
  cleanup(() => server.stop());
  for (const path of ['/healthz', '/readyz', '/metrics', '/openapi.json']) {
    const answer = await server.api('GET', path);
    assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  }
});
