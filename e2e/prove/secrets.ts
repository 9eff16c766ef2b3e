/**
 * The full proofs of stored secrets: 5,000 changed settings (K1), a million initialisation vectors (K6), and a master key
 * that is rotated under 10,000 secrets and killed 100 times (K7).
 */
import assert from 'node:assert/strict';
import { createSecretKey, randomBytes, randomInt } from 'node:crypto';
import { test } from 'node:test';
import { encrypt } from '../../server/src/secrets/cipher.ts';
import { makeRotationScene, rehearseRotation } from '../../server/test/rotation-scene.ts';
import { tryDoors } from '../../server/test/secret-doors.ts';
import { openStage } from '../../server/test/secret-stage.ts';
import { seededRandom } from '../crash/random.ts';

const MUTATIONS = 5_000;
const VECTORS = 1_000_000;
const SECRETS = 10_000;
const KILLS = 100;

test(`K1: ${String(MUTATIONS)} changed settings: no secret arrives where it should not`, async (t) => {
  const seed = randomInt(1e9);
  t.diagnostic(`seed ${String(seed)}`);
  const proof = await tryDoors(await openStage(t), MUTATIONS, seededRandom(seed));
  t.diagnostic(JSON.stringify(proof));
  assert.deepEqual(proof.leaks, []);
  assert.ok(proof.delivered > 0);
});

test(`K6: ${String(VECTORS)} initialisation vectors are distinct`, () => {
  const key = createSecretKey(randomBytes(32));
  const nothing = Buffer.alloc(0);
  const seen = new Set<string>();
  for (let n = 0; n < VECTORS; n += 1) seen.add(encrypt(key, nothing, nothing).split('.')[0] ?? '');
  assert.equal(seen.size, VECTORS);
});

test(`K7: ${String(SECRETS)} secrets, ${String(KILLS)} kills: all open, none under an old key`, async (t) => {
  const seed = randomInt(1e9);
  t.diagnostic(`seed ${String(seed)}`);
  await using scene = await makeRotationScene();
  const wanted = { secrets: SECRETS, kills: KILLS, random: seededRandom(seed) };
  const done = await rehearseRotation(scene, wanted);
  t.diagnostic(JSON.stringify(done));
  assert.deepEqual(done.troubles, []);
  assert.ok(done.all >= SECRETS);
  assert.deepEqual([done.right, done.masterKeys, done.kills], [done.all, 1, KILLS]);
});
