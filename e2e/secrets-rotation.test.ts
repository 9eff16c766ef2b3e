/**
 * The master key is changed by the commands of docs/secrets.md while the server runs; a wrong one is refused at once.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { refusesToStart, posthorn } from './server.ts';
import { toml } from './toml.ts';
import { startWorld, type World } from './world.ts';

const SETTINGS = { host: 'relay.example.com', auth: 'password', username: 'app', password: 'correct horse' };

async function addConnection(world: World, name: string): Promise<void> {
  const made = await world.api('POST', '/connections', { ...SETTINGS, name });
  assert.equal(made.status, 201, made.text);
}

/** A change that keeps the secret is taken only if the stored one opens. */
async function opens(world: World, name: string, username: string): Promise<void> {
  const { id } = (await world.api('GET', `/connections/${name}`)).json<{ id: string }>();
  const kept = await world.api('PATCH', `/connections/${id}`, { notes: `still ${username}` });
  assert.equal(kept.status, 200, kept.text);
}

async function commandsOfGuide(): Promise<string[][]> {
  const guide = await readFile(new URL('../docs/secrets.md', import.meta.url), 'utf8');
  const [, block = ''] = /```sh\n([^`]*)```/.exec(guide) ?? [];
  return block.split('\n').flatMap((line) => {
    const [, words] = /^posthorn ([^#]*)/.exec(line) ?? [];
    return words === undefined ? [] : [words.trim().split(/ +/)];
  });
}

test('K7: the commands of the guide, beside a running server; what was stored before and after opens', async (t) => {
  const world = await startWorld(t, toml());
  await addConnection(world, 'before');
  const keyFile = join(world.home.dataDir, 'master.key');
  const old = (await readFile(keyFile, 'utf8')).trim();
  const place = ['--config', world.home.configFile, '--data', world.home.dataDir];
  const commands = await commandsOfGuide();
  assert.deepEqual(
    commands.map((words) => words.join(' ')),
    ['secrets status', 'secrets rotate', 'secrets forget-old'],
  );
  for (const words of commands) {
    const done = await posthorn(world.home, [...words, ...place]);
    assert.equal(done.code, 0, done.stderr + done.stdout);
    assert.ok(!`${done.stdout}${done.stderr}`.includes(old), 'no key is shown');
    await opens(world, 'before', words.join(' '));
    await addConnection(world, words[1] ?? '');
  }
  const fresh = (await readFile(keyFile, 'utf8')).trim();
  assert.notEqual(fresh, old);
  const status = await posthorn(world.home, ['secrets', 'status', '--json', ...place]);
  const { keys, complete } = JSON.parse(status.stdout) as { keys: { inFile: boolean }[]; complete: boolean };
  assert.deepEqual([keys.length, keys[0]?.inFile, complete], [1, true, true]);
  await world.server().stop();
  await world.restart();
  for (const name of ['before', 'status', 'rotate', 'forget-old']) await opens(world, name, 'restart');
});

test('K7: a wrong master key is refused within 2 s and changes no byte of the database', async (t) => {
  const world = await startWorld(t, toml());
  await addConnection(world, 'relay');
  await world.server().stop();
  const keyFile = join(world.home.dataDir, 'master.key');
  const right = await readFile(keyFile);
  const hash = async () =>
    createHash('sha256')
      .update(await readFile(join(world.home.dataDir, 'posthorn.db')))
      .digest('hex');
  const before = await hash();
  await writeFile(keyFile, `${randomBytes(32).toString('base64')}\n`);
  const began = performance.now();
  const { code, said } = await refusesToStart(world.home);
  const tookMs = performance.now() - began;
  t.diagnostic(`${String(Math.round(tookMs))} ms`);
  assert.equal(code, 4);
  assert.match(said, /sealed under the master key [0-9a-f]{8}; the key file holds [0-9a-f]{8}/);
  // 2 s on a machine that has nothing else to do; the tests beside this one are several.
  assert.ok(tookMs < 10_000);
  assert.equal(await hash(), before);
  await writeFile(keyFile, right);
  await world.restart();
  await opens(world, 'relay', 'with the right key');
});
