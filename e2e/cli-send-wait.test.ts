/**
 * `posthorn send --wait`: what a script sees when mail goes out, and when it does not.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePorts } from './child.ts';
import { startRecordingSink } from './recording-sink.ts';
import { posthorn } from './server.ts';
import { toml } from './toml.ts';
import { cleanupOf, startWorld } from './world.ts';

test('send --wait ends with 0 when the relay took the message, and says so in JSON', async (t) => {
  const sink = await startRecordingSink({ keep: true });
  cleanupOf(t)(() => sink.close());
  const world = await startWorld(
    t,
    toml({ connections: [{ name: 'sink', host: '127.0.0.1', port: sink.port }] }),
  );
  const env = { POSTHORN_URL: world.server().url, POSTHORN_API_KEY: world.key };
  const args = [
    'send',
    '--to',
    'Ana <ana@example.net>',
    '--subject',
    'From a script',
    '--text',
    'It works',
    '--reply-to',
    'help@example.com',
    '--wait',
    '--json',
  ];
  const done = await posthorn(world.home, args, env);
  assert.equal(done.code, 0, done.stderr + done.stdout);
  const message = JSON.parse(done.stdout) as { state: string; id: string };
  assert.equal(message.state, 'accepted');
  assert.match(sink.arrivals[0]?.content ?? '', /It works/);
  assert.ok(!(done.stdout + done.stderr).includes(world.key), 'the key is not repeated');
});

test('send --wait ends with 1 when the relay refused the recipient for good', async (t) => {
  const sink = await startRecordingSink({ answerRecipient: () => '550 5.1.1 No such user' });
  cleanupOf(t)(() => sink.close());
  const world = await startWorld(
    t,
    toml({ connections: [{ name: 'sink', host: '127.0.0.1', port: sink.port }] }),
  );
  const env = { POSTHORN_URL: world.server().url, POSTHORN_API_KEY: world.key };
  const done = await posthorn(
    world.home,
    ['send', '--to', 'no@example.net', '--subject', 'x', '--text', 'x', '--wait'],
    env,
  );
  assert.equal(done.code, 1, done.stderr + done.stdout);
  assert.match(done.stdout + done.stderr, /No such user/);
});

test('send ends with 3 without a server, 3 with a wrong key, 4 when the message is refused, 2 when misused', async (t) => {
  const world = await startWorld(t, toml({ mode: 'capture' }));
  const [closed = 0] = await freePorts(1);
  const url = world.server().url;
  const send = async (args: readonly string[], server: string, key: string): Promise<number | null> =>
    (await posthorn(world.home, ['send', ...args], { POSTHORN_URL: server, POSTHORN_API_KEY: key })).code;
  const good = ['--to', 'a@example.net', '--subject', 'x', '--text', 'x'];
  assert.equal(await send(good, `http://127.0.0.1:${String(closed)}`, world.key), 3);
  assert.equal(await send(good, url, `${world.key.slice(0, -4)}aaaa`), 3);
  assert.equal(await send(['--to', 'not an address', '--subject', 'x', '--text', 'x'], url, world.key), 4);
  assert.equal(await send(['--subject', 'x'], url, world.key), 2);
  assert.equal(await send(good, url, world.key), 0);
});
