import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededRandom } from '../../../e2e/crash/random.ts';
import { makeRotationScene, rehearseRotation, type RotationScene } from '../../test/rotation-scene.ts';
import { createPostgresDatabase, withoutPostgres } from '../../test/stores.ts';
import { forgetOldKeysLocally, rotateLocally, secretsStatusLocally } from './operator.ts';

const newKey = (): string => randomBytes(32).toString('base64');

function keyLines(scene: RotationScene): string[] {
  return readFileSync(scene.keyFile, 'utf8').trim().split('\n');
}

test('K7: the master key is rotated beside a running key ring, and the old key can be taken away', async () => {
  await using scene = await makeRotationScene();
  const serving = await scene.ring();
  await scene.fill(serving, 120);
  const [old = ''] = keyLines(scene);
  const { mode } = statSync(scene.keyFile);
  const done = await rotateLocally(scene.place);
  assert.notEqual(done.from, done.to);
  assert.deepEqual([done.rewrapped, done.verified, done.failed], [120, 120, []]);
  assert.deepEqual(done.unused, [done.from]);
  assert.equal(keyLines(scene).length, 2);
  assert.equal(keyLines(scene)[1], old);
  assert.equal(statSync(scene.keyFile).mode, mode);
  assert.deepEqual(await secretsStatusLocally(scene.place), {
    keyFile: scene.keyFile,
    keys: [
      { id: done.to, current: true, dataKeys: 120, inFile: true },
      { id: done.from, current: false, dataKeys: 0, inFile: true },
    ],
    complete: true,
  });
  await scene.fill(serving, 3); // by a ring that was there before and knows the old key only
  assert.deepEqual(await forgetOldKeysLocally(scene.place), {
    keyFile: scene.keyFile,
    forgotten: [done.from],
  });
  assert.equal(keyLines(scene).length, 1);
  assert.deepEqual(await scene.openAll(), { right: 123, all: 123 });
  await scene.fill(serving, 1);
  const { keys } = await secretsStatusLocally(scene.place);
  assert.deepEqual(keys, [{ id: done.to, current: true, dataKeys: 124, inFile: true }]);
  assert.deepEqual(await forgetOldKeysLocally(scene.place), { keyFile: scene.keyFile, forgotten: [] });
});

test('K7: the new key comes from a file, or is the one that somebody put first', async () => {
  await using scene = await makeRotationScene();
  await scene.fill(await scene.ring(), 3);
  const file = join(scene.place.data, 'second.key');
  const second = await rotateLocally({ ...scene.place, newKeyFile: file });
  assert.equal(keyLines(scene)[0], readFileSync(file, 'utf8').trim());
  assert.equal((await rotateLocally({ ...scene.place, newKeyFile: file })).to, second.to, 'again is no harm');
  const third = newKey();
  writeFileSync(scene.keyFile, [third, ...keyLines(scene)].join('\n'));
  const done = await rotateLocally(scene.place);
  assert.equal(done.from, second.to);
  assert.equal(keyLines(scene)[0], third);
  assert.deepEqual(await scene.openAll(), { right: 3, all: 3 });
});

test('K7: keys of several files; without the old one nothing is done', async () => {
  await using scene = await makeRotationScene();
  await scene.fill(await scene.ring(), 2);
  const fresh = join(scene.place.data, 'new.key');
  writeFileSync(fresh, newKey(), { mode: 0o600 });
  const alone = { ...scene.place, env: { POSTHORN_SECRETS__KEY_FILE: fresh } };
  await assert.rejects(rotateLocally(alone), /sealed under the master key/);
  const both = { ...alone, env: { ...alone.env, POSTHORN_SECRETS__PREVIOUS_KEY_FILES: scene.keyFile } };
  const before = readFileSync(fresh, 'utf8');
  const done = await rotateLocally(both);
  assert.equal(done.verified, 2);
  assert.equal(readFileSync(fresh, 'utf8'), before, 'a file that holds the key is not written');
  assert.ok((await secretsStatusLocally(alone)).complete, 'the old file is not needed any more');
  const gone = { ...both, env: { ...both.env, POSTHORN_SECRETS__PREVIOUS_KEY_FILES: '/nowhere/old.key' } };
  await assert.rejects(rotateLocally(gone), /no master key file \/nowhere\/old\.key/);
});

test('K7: of two rotations at once one wins, and no key is lost', async () => {
  await using scene = await makeRotationScene();
  await scene.fill(await scene.ring(), 150);
  const results = await Promise.allSettled([1, 2, 3].map(() => scene.rotate()));
  for (const result of results)
    // The second message: it read the key file before another rotation wrote it, and the database after.
    if (result.status === 'rejected')
      assert.match(String(result.reason), /Another rotation has begun|sealed under the master key/);
  assert.ok(results.some(({ status }) => status === 'fulfilled'));
  await rotateLocally(scene.place);
  assert.ok((await secretsStatusLocally(scene.place)).complete);
  assert.deepEqual(await scene.openAll(), { right: 150, all: 150 });
});

test('K7: a rotation that was killed keeps both keys until it is finished', async () => {
  await using scene = await makeRotationScene();
  await scene.fill(await scene.ring(), 120);
  assert.equal(await scene.rotate({ point: 'rotation-after-commit', pass: 1 }), undefined);
  const half = await secretsStatusLocally(scene.place);
  assert.deepEqual(
    half.keys.map(({ dataKeys }) => dataKeys),
    [50, 70],
  );
  assert.equal(half.complete, false);
  await assert.rejects(forgetOldKeysLocally(scene.place), /70 under [0-9a-f]{8}.*posthorn secrets rotate/);
  const done = await rotateLocally(scene.place);
  assert.deepEqual([done.rewrapped, done.verified], [70, 120]);
  assert.equal(keyLines(scene).length, 2, 'it went on with the key it had, and made no third one');
});

test('K7: a damaged data key is named and left as it is; the old keys stay', async () => {
  await using scene = await makeRotationScene();
  await scene.fill(await scene.ring(), 3);
  const tables = scene.db.tables<{ data_keys: { key_id: string; wrapped: string } }>();
  const rows = await tables.selectFrom('data_keys').selectAll().orderBy('key_id').execute();
  const bad = rows.at(-1);
  assert.ok(bad);
  const wrapped = `${bad.wrapped.slice(0, -4)}AAAA`;
  await tables.updateTable('data_keys').set({ wrapped }).where('key_id', '=', bad.key_id).execute();
  const done = await rotateLocally(scene.place);
  assert.deepEqual([done.verified, done.failed, done.unused], [2, [bad.key_id], []]);
  await assert.rejects(forgetOldKeysLocally(scene.place), /still needed/);
});

test('K7: what a killed rotation left of a key file is no obstacle, and a file that cannot be written is', async () => {
  await using scene = await makeRotationScene();
  await scene.fill(await scene.ring(), 1);
  writeFileSync(`${scene.keyFile}.new`, 'half a k', { mode: 0o600 });
  await rotateLocally(scene.place);
  assert.equal(existsSync(`${scene.keyFile}.new`), false);
  rmSync(scene.keyFile);
  await assert.rejects(rotateLocally(scene.place), /no master key file/);
  await assert.rejects(secretsStatusLocally(scene.place), /no master key file/);
});

test('K7: a wrong key is refused, and no byte of the database is changed', async () => {
  await using scene = await makeRotationScene();
  await scene.fill(await scene.ring(), 2);
  const right = readFileSync(scene.keyFile);
  writeFileSync(scene.keyFile, newKey(), { mode: 0o600 });
  const file = join(scene.place.data, 'posthorn.db');
  const hash = () => createHash('sha256').update(readFileSync(file)).digest('hex');
  const before = hash();
  await assert.rejects(rotateLocally(scene.place), /sealed under the master key [0-9a-f]{8}/);
  assert.equal(hash(), before);
  writeFileSync(scene.keyFile, right);
  assert.deepEqual(await scene.openAll(), { right: 2, all: 2 });
});

/** The full rehearsal is `npm run prove -- secrets`: 10,000 secrets, 100 kills. */
const SECRETS = 300;
const KILLS = 12;

test(`K7: ${String(KILLS)} kills on the way: ${String(SECRETS)} secrets open, none under an old key`, async (t) => {
  await using scene = await makeRotationScene();
  const seed = Math.floor(Math.random() * 1e6);
  t.diagnostic(`seed ${String(seed)}`);
  const wanted = { secrets: SECRETS, kills: KILLS, random: seededRandom(seed) };
  const { right, all, masterKeys, troubles, kills } = await rehearseRotation(scene, wanted);
  assert.deepEqual(troubles, []);
  assert.ok(all >= SECRETS);
  assert.deepEqual([right, masterKeys, kills], [all, 1, KILLS]);
});

test('K7: the same on PostgreSQL', { skip: withoutPostgres }, async () => {
  const { url, drop } = await createPostgresDatabase();
  try {
    await using scene = await makeRotationScene(url);
    await scene.fill(await scene.ring(), 2);
    await assert.rejects(rotateLocally(scene.place), /--only-server/);
    const wanted = { secrets: 150, kills: 4, random: seededRandom(7) };
    const { right, all, masterKeys, troubles } = await rehearseRotation(scene, wanted);
    assert.deepEqual(troubles, []);
    assert.deepEqual([right, masterKeys], [all, 1]);
    const third = newKey();
    writeFileSync(scene.keyFile, [third, ...keyLines(scene)].join('\n'));
    assert.equal((await rotateLocally(scene.place)).verified, all, 'a key that is there needs no leave');
  } finally {
    await drop();
  }
});
