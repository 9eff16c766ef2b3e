/**
 * Two processes on one PostgreSQL: when one dies, the other takes over what it had, within the lease.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../server/src/base/clock.ts';
import { describeJudgement, judge } from './crash/history.ts';
import { startLoad } from './crash/load.ts';
import { kill, makeScene } from './crash/scene.ts';
import { skipWithout } from './postgres.ts';
import { cleanupOf } from './world.ts';

const skip = skipWithout('postgres');

test(
  'Q3 D4: one of two nodes is killed under load: the other delivers everything that was accepted',
  { skip },
  async (t) => {
    const scene = await makeScene('postgres', 2);
    cleanupOf(t)(() => scene.close());
    const first = await scene.start({ node: 0 });
    await scene.start({ node: 1 });
    const key = await scene.key();
    using load = startLoad({ urls: scene.urls, key, history: scene.history, perSecond: 200, prefix: 't' });
    await scene.sink.waitUntil('some mail', () => scene.sink.arrivals.length > 200);
    await kill(scene, first);
    const had = scene.sink.arrivals.length;
    await scene.sink.waitUntil('mail through the other node', () => scene.sink.arrivals.length > had + 100);
    await load.stop();
    await scene.drain();
    const found = judge(scene.history);
    assert.ok(found.valid && found.unexplained.length === 0, describeJudgement(found));
    assert.deepEqual(load.refusals, []);
  },
);

test(
  'Q2: a node that is frozen for longer than its lease sends nothing twice when it wakes',
  { skip },
  async (t) => {
    const scene = await makeScene('postgres', 2);
    cleanupOf(t)(() => scene.close());
    const first = await scene.start({ node: 0 });
    await scene.start({ node: 1 });
    const key = await scene.key();
    using load = startLoad({ urls: scene.urls, key, history: scene.history, perSecond: 100, prefix: 'z' });
    await scene.sink.waitUntil('some mail', () => scene.sink.arrivals.length > 100);
    first.signal('SIGSTOP');
    scene.history.kills.push(systemClock.monotonic());
    const frozenAt = scene.sink.arrivals.length;
    // Three leases: the other node has taken over long before.
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    await scene.sink.waitUntil(
      'mail through the other node',
      () => scene.sink.arrivals.length > frozenAt + 100,
    );
    first.signal('SIGCONT');
    await load.stop();
    await scene.drain();
    const found = judge(scene.history);
    assert.ok(found.valid && found.unexplained.length === 0, describeJudgement(found));
  },
);
