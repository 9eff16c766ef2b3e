import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { inspect } from 'node:util';
import { createMasterKey, loadMasterKey } from './master-key.ts';

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'posthorn-key-'));
  t.after(() => rm(made, { recursive: true }));
  return made;
}

test('K6: a made key is private, is read back, and is never replaced', async (t) => {
  const file = join(await folder(t), 'master.key');
  const made = await createMasterKey(file);
  assert(made.ok);
  assert.match(made.masterKey.id, /^[0-9a-f]{8}$/);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const text = await readFile(file, 'utf8');
  assert.equal(Buffer.from(text, 'base64').length, 32);

  const loaded = await loadMasterKey(file);
  assert(loaded.ok);
  assert.equal(loaded.masterKey.id, made.masterKey.id);
  assert(loaded.masterKey.key.equals(made.masterKey.key));

  const again = await createMasterKey(file);
  assert.equal(!again.ok && again.reason, 'exists');
  assert.equal(await readFile(file, 'utf8'), text);
});

test('K5: the key is not shown when it is printed', async (t) => {
  const file = join(await folder(t), 'master.key');
  const made = await createMasterKey(file);
  const text = (await readFile(file, 'utf8')).trim();
  const shown = `${inspect(made, { depth: 9, showHidden: true })} ${JSON.stringify(made)}`;
  for (const encoding of ['base64', 'hex', 'base64url', 'latin1'] as const) {
    assert(!shown.includes(Buffer.from(text, 'base64').toString(encoding)), encoding);
  }
});

test('K6: a file that others can touch is refused, with the remedy', async (t) => {
  const file = join(await folder(t), 'master.key');
  await createMasterKey(file);
  for (const mode of [0o644, 0o640, 0o604, 0o660, 0o620, 0o602, 0o601, 0o610, 0o666, 0o777]) {
    await chmod(file, mode);
    const result = await loadMasterKey(file);
    assert(!result.ok);
    assert.equal(result.reason, 'open-to-others', mode.toString(8));
    assert.match(result.message, /chmod 600 .*master\.key$/);
  }
  await chmod(file, 0o400);
  assert((await loadMasterKey(file)).ok);
});

test('K6: anything but one key of 32 bytes is refused', async (t) => {
  const file = join(await folder(t), 'master.key');
  const key = Buffer.alloc(32, 7).toString('base64');
  const bad = [
    '',
    '\n',
    'secret',
    key.slice(0, -2),
    Buffer.alloc(31).toString('base64'),
    Buffer.alloc(33).toString('base64'),
  ];
  for (const text of [
    ...bad,
    Buffer.alloc(32, 7).toString('hex'),
    `${key}\n${key}`,
    `${key}x`,
    `"${key}"`,
    'A'.repeat(5000),
  ]) {
    await writeFile(file, text, { mode: 0o600 });
    const result = await loadMasterKey(file);
    assert.equal(!result.ok && result.reason, 'not-a-key', JSON.stringify(text));
  }
  for (const text of [key, `${key}\n`, `${key}\r\n`]) {
    await writeFile(file, text, { mode: 0o600 });
    assert((await loadMasterKey(file)).ok, JSON.stringify(text));
  }
});

test('a file that is not there, or is a folder, is told apart', async (t) => {
  const made = await folder(t);
  const missing = await loadMasterKey(join(made, 'none'));
  assert.equal(!missing.ok && missing.reason, 'missing');
  const noFolder = await createMasterKey(join(made, 'none', 'master.key'));
  assert.equal(!noFolder.ok && noFolder.reason, 'missing');
  await chmod(made, 0o700);
  const directory = await loadMasterKey(made);
  assert.equal(!directory.ok && directory.reason, 'unreadable');
});
