/**
 * Q15: stopping in order, under load, again and again: nothing lost, nothing twice, and nobody is refused for good.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeJudgement, judge } from './crash/history.ts';
import { startLoad } from './crash/load.ts';
import { makeScene, type Scene } from './crash/scene.ts';
import { skipWithout } from './postgres.ts';
import { cleanupOf } from './world.ts';

const RESTARTS = 6;
const LIFE_MS = 500;

test('Q15: SIGTERM under load, one server after the other: 0 lost, 0 duplicates', async (t) => {
  const scene = await makeScene('sqlite');
  cleanupOf(t)(() => scene.close());
  let child = await scene.start();
  using load = startLoad({
    urls: scene.urls,
    key: await scene.key(),
    history: scene.history,
    perSecond: 200,
    prefix: 'g',
  });
  for (let restart = 0; restart < RESTARTS; restart += 1) {
    await new Promise((resolve) => setTimeout(resolve, LIFE_MS));
    const exit = await child.stop(40_000);
    assert.deepEqual(exit, { code: 0, signal: null });
    child = await scene.start();
  }
  await load.stop();
  await assertOnce(scene, load.refusals);
});

test(
  'Q15: rolling restarts of two nodes on one database: 0 lost, 0 duplicates',
  { skip: skipWithout('postgres') },
  async (t) => {
    const scene = await makeScene('postgres', 2);
    cleanupOf(t)(() => scene.close());
    const nodes = [await scene.start({ node: 0 }), await scene.start({ node: 1 })];
    using load = startLoad({
      urls: scene.urls,
      key: await scene.key(),
      history: scene.history,
      perSecond: 200,
      prefix: 'g',
    });
    for (let restart = 0; restart < RESTARTS; restart += 1) {
      await new Promise((resolve) => setTimeout(resolve, LIFE_MS));
      const node = restart % 2;
      const exit = await nodes[node]?.stop(40_000);
      assert.deepEqual(exit, { code: 0, signal: null });
      nodes[node] = await scene.start({ node });
    }
    await load.stop();
    await assertOnce(scene, load.refusals);
  },
);

async function assertOnce(scene: Scene, refusals: readonly string[]): Promise<void> {
  await scene.drain();
  const found = judge(scene.history);
  assert.deepEqual([found.valid, found.duplicates], [true, 0], describeJudgement(found));
  assert.deepEqual(refusals, []);
  assert.ok(found.acknowledged > 100, describeJudgement(found));
}
