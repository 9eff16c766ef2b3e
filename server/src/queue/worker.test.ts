/** The worker, with a clock that the test moves and runs that the test ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../base/log.ts';
import { createFakeClock, type FakeClock } from '../../test/fake-clock.ts';
import { openTestSqlite } from '../../test/stores.ts';
import { transaction, type Db } from '../store/store.ts';
import { insertJobs } from './queries.ts';
import {
  CLAIMS_MAX,
  countByState,
  createWorker,
  settle,
  type Claim,
  type Lease,
  type NewJob,
  type Verdict,
  type Worker,
} from './queue.ts';

const KIND = 'mail';
const LEASE_MS = 30_000;
const log = createLog('silent');

const job = (id: string, lane = 2, dueAt = 0): NewJob => ({ kind: KIND, id, tenantId: 'ten_1', lane, dueAt });
const many = (count: number, prefix: string, lane = 2): NewJob[] =>
  Array.from({ length: count }, (_, n) => job(`${prefix}${String(n)}`, lane));
const add = (db: Db, ...jobs: NewJob[]): Promise<void> =>
  transaction(db, (tx) =>
    insertJobs(
      tx,
      jobs.map((it) => ({ job: it, handOver: false })),
      'nobody',
      0,
    ),
  );

/** SQLite that believes it has other nodes, so that two workers can share it. */
const shared = (db: Db): Db => ({ ...db, dialect: { ...db.dialect, manyNodes: true } });

interface Started {
  readonly claim: Claim;
  readonly hint: string | undefined;
  readonly lease: Lease;
  readonly together: number;
}

interface Rig {
  readonly worker: Worker<string>;
  /** Every claim that was handed to `run`, in order. */
  readonly started: Started[];
  /** Settles a started job that is not settled yet and tells the worker; answers whether the claim still held. */
  finish(id: string, verdict?: Verdict): Promise<boolean>;
  finishAll(): Promise<void>;
  /** Makes the run that holds this job reject. */
  fail(id: string): void;
  inHand(): string[];
}

function rig(
  db: Db,
  clock: FakeClock,
  options: { owner?: string; activeMax?: number; auto?: boolean } = {},
): Rig {
  const started: Started[] = [];
  const open = new Map<string, { started: Started; end: PromiseWithResolvers<undefined> }>();
  const finish = async (id: string, verdict: Verdict = { kind: 'done' }): Promise<boolean> => {
    const it = open.get(id);
    assert.ok(it, `${id} is not in hand`);
    open.delete(id);
    const [ours] = await transaction(db, (tx) => settle(tx, [{ claim: it.started.claim, verdict }]));
    it.started.lease.settled(it.started.claim);
    it.end.resolve(undefined);
    return ours === true;
  };
  const worker = createWorker<string>({
    db,
    clock,
    log,
    kind: KIND,
    owner: options.owner ?? 'w1',
    activeMax: options.activeMax ?? 10,
    leaseMs: LEASE_MS,
    random: () => 1,
    run: async (claims, hints, lease) => {
      const ends = claims.map((claim) => {
        const it = { claim, hint: hints.get(claim.id), lease, together: claims.length };
        started.push(it);
        const end = Promise.withResolvers<undefined>();
        open.set(claim.id, { started: it, end });
        return end.promise;
      });
      if (options.auto === true) for (const claim of claims) await finish(claim.id);
      await Promise.all(ends);
    },
  });
  return {
    worker,
    started,
    finish,
    finishAll: async () => {
      for (const id of [...open.keys()]) await finish(id);
    },
    fail: (id) => {
      open.get(id)?.end.reject(new Error('on purpose'));
      open.delete(id);
    },
    inHand: () => [...open.keys()].toSorted(),
  };
}

/** Stops without waiting for what is in hand. */
async function abandon({ worker }: Rig, clock: FakeClock): Promise<void> {
  const stop = worker.stop(0);
  await clock.run(0);
  await stop;
}

async function left(db: Db): Promise<number> {
  return (await countByState(db, KIND)).reduce((sum, row) => sum + row.count, 0);
}

test('fresh jobs are reserved, written, and begun with their hints, without a claim', async () => {
  await using store = await openTestSqlite();
  const clock = createFakeClock();
  const it = rig(store.db, clock);
  const { worker, started, finishAll } = it;
  assert.equal(worker.reserve(1, 0), 0, 'not before it runs');
  await worker.start();
  await clock.run(0);
  assert.equal(worker.reserve(2, 0), 2);
  assert.equal(worker.active, 2);
  await transaction(store.db, (tx) => worker.enqueue(tx, [job('a'), job('b')], 2));
  worker.begin([
    { job: job('a'), hint: 'A' },
    { job: job('b'), hint: 'B' },
  ]);
  assert.deepEqual(
    started.map((that) => [that.claim.id, that.hint, that.claim.claims, that.lease.holds()]),
    [
      ['a', 'A', 1, true],
      ['b', 'B', 1, true],
    ],
  );
  await finishAll();
  assert.equal(worker.reserve(3, 0), 3);
  worker.unreserve(3);
  assert.equal(worker.active, 0);
  assert.equal(await left(store.db), 0);
  await abandon(it, clock);
});

test('Q2: a fresh job whose node stood still between its commit and its start is begun without a lease', async () => {
  await using store = await openTestSqlite();
  const clock = createFakeClock();
  const it = rig(store.db, clock);
  const { worker, started } = it;
  await worker.start();
  await clock.run(0);
  assert.equal(worker.reserve(1, 0), 1);
  await transaction(store.db, (tx) => worker.enqueue(tx, [job('a')], 1));
  clock.freeze(600_000); // another node may have taken it over by now
  await clock.run(1); // and the renewal that is overdue comes first
  worker.begin([{ job: job('a'), hint: 'A' }]);
  const stale = started.filter(({ claim }) => claim.fence === 1);
  assert.deepEqual(
    stale.map((that) => that.lease.holds()),
    [false],
  );
  await abandon(it, clock);
});

test('Q10: bulk fills nine tenths, the rest is kept for the two urgent lanes', async () => {
  await using store = await openTestSqlite();
  const clock = createFakeClock();
  const it = rig(store.db, clock);
  const { worker, inHand, finish } = it;
  await add(store.db, ...many(20, 'bulk', 3));
  await worker.start();
  await clock.run(0);
  assert.equal(worker.active, 9);
  assert.equal(worker.reserve(5, 2), 0);
  assert.equal(worker.reserve(5, 1), 1);
  worker.unreserve(1);
  await add(store.db, ...many(3, 'code', 0));
  await clock.run(5000);
  assert.deepEqual(
    inHand().filter((id) => id.startsWith('code')),
    ['code0'],
  );
  // The next code is taken as soon as there is one free place; bulk waits for its own share.
  await finish('code0');
  await clock.run(100);
  assert.deepEqual(
    inHand().filter((id) => id.startsWith('code')),
    ['code1'],
  );
  assert.equal(worker.active, 10);
  await abandon(it, clock);
});

test('Q13: never more than activeMax in hand, also when places are reserved while a claim is on its way', async () => {
  await using store = await openTestSqlite();
  const clock = createFakeClock();
  const it = rig(store.db, clock, { activeMax: 20 });
  const { worker, finishAll } = it;
  await add(store.db, ...many(200, 'a', 1));
  let most = 0;
  await worker.start();
  for (let round = 0; round < 30; round += 1) {
    worker.wake();
    const taken = worker.reserve(20, 0); // between the claim's question and its answer
    most = Math.max(most, worker.active);
    await clock.run(round % 3);
    most = Math.max(most, worker.active);
    worker.unreserve(taken);
    await finishAll();
    await clock.run(1);
    most = Math.max(most, worker.active);
  }
  assert.ok(most <= 20, `${String(most)} in hand`);
  assert.ok(most >= 15);
  await abandon(it, clock);
});

test('Q16: work that nobody told of is found within 5 s', async () => {
  await using store = await openTestSqlite();
  const clock = createFakeClock();
  const it = rig(store.db, clock);
  const { worker, inHand } = it;
  await worker.start();
  await clock.run(60_000);
  await add(store.db, job('a'));
  await clock.run(5000);
  assert.deepEqual(inHand(), ['a']);
  await abandon(it, clock);
});

test('a job starts when it comes due, not at the next regular look', async () => {
  await using store = await openTestSqlite();
  const clock = createFakeClock();
  const it = rig(store.db, clock);
  const { worker, inHand } = it;
  await worker.start();
  await transaction(store.db, (tx) => worker.enqueue(tx, [job('a', 2, clock.now() + 1500)], 0));
  worker.begin([]); // the commit of what was left ready makes it look
  await clock.run(1499);
  assert.deepEqual(inHand(), []);
  await clock.run(1);
  assert.deepEqual(inHand(), ['a']);
  await abandon(it, clock);
});

test('a backlog flows though half of all places are taken by jobs that hang', async () => {
  await using store = await openTestSqlite();
  const clock = createFakeClock();
  const it = rig(store.db, clock, { activeMax: 40 });
  const { worker, inHand, finish, started } = it;
  await add(store.db, ...many(24, 'hang'));
  await worker.start();
  await clock.run(0);
  await add(store.db, ...many(200, 'quick'));
  const quick = (): string[] => inHand().filter((id) => id.startsWith('quick'));
  const begun = clock.now();
  while (started.length < 224 && clock.now() - begun < 60_000) {
    for (const id of quick()) await finish(id);
    await clock.run(10);
  }
  assert.equal(started.length, 224);
  assert.ok(
    clock.now() - begun < 6000,
    `took ${String(clock.now() - begun)} ms: one regular look for the first, then at once`,
  );
  await abandon(it, clock);
});

test('waking it inside a transaction is harmless', async () => {
  await using store = await openTestSqlite();
  const clock = createFakeClock();
  const it = rig(store.db, clock);
  const { worker, inHand } = it;
  await worker.start();
  await clock.run(100);
  await transaction(store.db, async (tx) => {
    await worker.enqueue(tx, [job('a')], 0);
    worker.wake();
  });
  await clock.run(0);
  assert.deepEqual(inHand(), ['a']);
  await abandon(it, clock);
});

test('Q15: stopping takes nothing new, waits for what is in hand, keeps its leases, and leaves no timer', async () => {
  await using store = await openTestSqlite();
  const clock = createFakeClock();
  const { worker, inHand, finish, started } = rig(store.db, clock);
  await add(store.db, job('a'), job('b'));
  await worker.start();
  await clock.run(0);
  assert.deepEqual(inHand(), ['a', 'b']);
  let stopped = false;
  const stop = worker.stop(300_000).then(() => {
    stopped = true;
  });
  await add(store.db, job('c'));
  worker.wake();
  assert.equal(worker.reserve(1, 0), 0);
  await clock.run(200_000); // many leases long
  assert.equal(stopped, false);
  assert.ok(started.every((it) => it.lease.holds()));
  await finish('a');
  await finish('b', { kind: 'again', dueAt: 5, note: null });
  await stop;
  assert.equal(started.length, 2);
  assert.equal(clock.timers(), 0);
  assert.equal(await left(store.db), 2);
  await worker.stop(1000); // again is harmless
});

test('Q15: a look that is on its way when it stops is waited for too, and nothing asks the database afterwards', async () => {
  await using store = await openTestSqlite();
  const clock = createFakeClock();
  let asked = 0;
  const db: Db = {
    ...store.db,
    tables: <T>() => {
      asked += 1;
      return store.db.tables<T>();
    },
  };
  const { worker, started } = rig(db, clock);
  await worker.start();
  await clock.run(100);
  await add(store.db, job('a'));
  worker.wake();
  assert.ok(asked > 0);
  await worker.stop(1000);
  asked = 0;
  await clock.run(10_000);
  assert.equal(asked, 0);
  assert.equal(worker.active, 0);
  assert.deepEqual(started, []);
  assert.equal(clock.timers(), 0);
});

test('Q15: when the grace is over it stops waiting; the next process takes the job up', async () => {
  await using store = await openTestSqlite();
  const clock = createFakeClock();
  const first = rig(store.db, clock);
  await add(store.db, job('a'));
  await first.worker.start();
  await clock.run(0);
  const stop = first.worker.stop(1000);
  await clock.run(1000);
  await stop;
  assert.equal(clock.timers(), 0);
  const next = rig(store.db, clock, { owner: 'w2' });
  await next.worker.start();
  await clock.run(0);
  assert.deepEqual(next.inHand(), ['a']);
  assert.equal(await first.finish('a'), false);
  assert.equal(await next.finish('a'), true);
  await abandon(next, clock);
});

test('Q3: the work of a dead node is taken over when its leases end', async () => {
  await using store = await openTestSqlite();
  const [deadClock, clock] = [createFakeClock(), createFakeClock()];
  const dead = rig(shared(store.db), deadClock, { owner: 'dead' });
  await add(store.db, ...many(5, 'a'));
  await dead.worker.start();
  await deadClock.run(0);
  const alive = rig(shared(store.db), clock, { owner: 'alive' });
  await alive.worker.start();
  await clock.run(LEASE_MS - 1);
  assert.equal(alive.started.length, 0);
  await clock.run(LEASE_MS / 3 + 1);
  assert.equal(alive.started.length, 5);
  assert.equal(await dead.finish('a0'), false);
  assert.equal(await alive.finish('a0'), true);
  await abandon(alive, clock);
});

test('Q2: a node that stood still for three leases knows that it lost them, also after it could renew again', async () => {
  await using store = await openTestSqlite();
  const [clock, otherClock] = [createFakeClock(), createFakeClock()];
  const paused = rig(shared(store.db), clock, { owner: 'paused' });
  const other = rig(shared(store.db), otherClock, { owner: 'other' });
  await add(store.db, job('a'));
  await paused.worker.start();
  await clock.run(0);
  const [old] = paused.started;
  assert.equal(old?.lease.holds(), true);
  await other.worker.start();
  clock.freeze(3 * LEASE_MS);
  await otherClock.run(3 * LEASE_MS);
  assert.deepEqual(other.inHand(), ['a']);
  assert.equal(old?.lease.holds(), false, 'at once, before any timer ran');
  await clock.run(LEASE_MS); // it renews, and looks, and others come
  await add(store.db, job('b', 0));
  await clock.run(5000);
  const young = paused.started.find((it) => it.claim.id === 'b');
  assert.equal(young?.lease.holds(), true, 'new work is fine');
  assert.equal(old.lease.holds(), false, 'old work stays lost');
  assert.equal(await paused.finish('a'), false);
  assert.equal(await other.finish('a'), true);
  await abandon(paused, clock);
  await abandon(other, otherClock);
});

test('Q2: a suspect that waited to be alone while its node stood still is begun without a lease', async () => {
  await using store = await openTestSqlite();
  const [clock, otherClock] = [createFakeClock(), createFakeClock()];
  const paused = rig(shared(store.db), clock, { owner: 'paused' });
  const other = rig(shared(store.db), otherClock, { owner: 'other' });
  await add(store.db, job('slow'), job('suspect'));
  await transaction(store.db, (tx) =>
    tx.dialect.runEach(tx, 'update jobs set claims = $1 where id = $2', [[CLAIMS_MAX - 1, 'suspect']]),
  );
  await paused.worker.start();
  await clock.run(0);
  assert.deepEqual(paused.inHand(), ['slow']);
  await other.worker.start();
  clock.freeze(2 * LEASE_MS);
  await otherClock.run(2 * LEASE_MS);
  assert.deepEqual(other.inHand(), ['slow', 'suspect']);
  await clock.run(LEASE_MS);
  const late = paused.started.find((that) => that.claim.id === 'suspect');
  assert.equal(late?.lease.holds(), false);
  await abandon(paused, clock);
  await abandon(other, otherClock);
});

test('Q2: without renewal a lease counts as lost before it ends', async () => {
  await using store = await openTestSqlite();
  const clock = createFakeClock();
  const it = rig(store.db, clock);
  const { worker, started } = it;
  await add(store.db, job('a'));
  await worker.start();
  await clock.run(0);
  clock.freeze(LEASE_MS - 2001);
  assert.equal(started[0]?.lease.holds(), true);
  clock.freeze(1);
  assert.equal(started[0]?.lease.holds(), false);
  assert.equal(worker.reserve(1, 0), 0, 'nothing is promised without a lease');
  await abandon(it, clock);
});

test('Q2: a wall clock that jumps neither loses nor doubles what is in hand', async () => {
  await using store = await openTestSqlite();
  const clock = createFakeClock();
  const it = rig(store.db, clock);
  const { worker, started, inHand, finish } = it;
  await add(store.db, job('a'));
  await worker.start();
  for (const jumpMs of [3_600_000, -7_200_000, 86_400_000]) {
    clock.jump(jumpMs);
    await clock.run(LEASE_MS);
  }
  assert.equal(started.length, 1);
  assert.deepEqual(inHand(), ['a']);
  assert.equal(await finish('a'), true);
  await abandon(it, clock);
});

test('Q3: a claim whose answer got lost comes back, although its owner lives', async () => {
  await using store = await openTestSqlite();
  const clock = createFakeClock();
  const it = rig(store.db, clock);
  const { worker, inHand } = it;
  await worker.start();
  await transaction(store.db, (tx) =>
    insertJobs(tx, [{ job: job('a'), handOver: true }], 'w1', clock.now() + LEASE_MS),
  );
  await clock.run(LEASE_MS + LEASE_MS / 3 + 1);
  assert.deepEqual(inHand(), ['a']);
  await abandon(it, clock);
});

test('Q12: what kills its worker three times is tried alone, then given with too many claims; nobody else is taken along', async () => {
  await using store = await openTestSqlite();
  await add(store.db, ...many(5, 'good'), job('poison'), ...many(5, 'late', 3));
  const claimsSeen = new Map<string, number>();
  let poison: Started | undefined;
  let crashes = 0;
  // Every round is a process: it settles what is good at its third try or when others are done, and dies with the poison.
  while (crashes < 10 && poison?.claim.claims !== CLAIMS_MAX + 1) {
    const clock = createFakeClock();
    const { worker, started, inHand, finish } = rig(store.db, clock, {
      owner: `p${String(crashes)}`,
      activeMax: 20,
    });
    await worker.start();
    for (let step = 0; step < 200; step += 1) {
      await clock.run(100);
      poison = started.find((it) => it.claim.id === 'poison');
      if (poison !== undefined) break; // dies: this worker is never heard of again
      for (const id of inHand()) await finish(id);
    }
    assert.ok(poison, 'the poison is tried in every process');
    for (const it of started)
      claimsSeen.set(it.claim.id, Math.max(it.claim.claims, claimsSeen.get(it.claim.id) ?? 0));
    if (poison.claim.claims >= CLAIMS_MAX) {
      assert.equal(poison.together, 1);
      assert.equal(inHand().length, 1, 'alone');
    }
    crashes += 1;
  }
  assert.equal(crashes, CLAIMS_MAX + 1, 'three deaths, and the fourth claim says so');
  for (const [id, claims] of claimsSeen)
    if (id !== 'poison') assert.ok(claims <= CLAIMS_MAX, `${id} was claimed ${String(claims)} times`);
});

test('Q12: a suspect that takes long holds the others up for a bounded time only', async () => {
  await using store = await openTestSqlite();
  const clock = createFakeClock();
  const it = rig(store.db, clock);
  const { worker, inHand, finish } = it;
  await add(store.db, job('slow'), job('suspect'));
  await transaction(store.db, (tx) =>
    tx.dialect.runEach(tx, 'update jobs set claims = $1 where id = $2', [[CLAIMS_MAX - 1, 'suspect']]),
  );
  await worker.start();
  await clock.run(0);
  assert.deepEqual(inHand(), ['slow'], 'the suspect waits to be alone');
  assert.equal(worker.reserve(1, 0), 0);
  await clock.run(10_000);
  assert.deepEqual(inHand(), ['slow', 'suspect']);
  await add(store.db, job('code', 0));
  await clock.run(10_000);
  assert.deepEqual(inHand(), ['code', 'slow', 'suspect']);
  for (const id of inHand()) await finish(id);
  await abandon(it, clock);
  assert.equal(clock.timers(), 0);
});

test('Q12: jobs of a run that failed come back when their leases end, counted; their places are free at once', async () => {
  await using store = await openTestSqlite();
  const clock = createFakeClock();
  const it = rig(store.db, clock);
  const { worker, started, inHand, fail, finish } = it;
  await add(store.db, job('a'), job('b'));
  await worker.start();
  await clock.run(0);
  await finish('a');
  for (let turn = 1; turn <= 3; turn += 1) {
    assert.equal(started.at(-1)?.claim.claims, turn);
    fail('b');
    await clock.run(0);
    assert.equal(started.at(-1)?.lease.holds(), false, 'what still runs of it must not begin anything final');
    assert.equal(worker.active, 0);
    await clock.run(2 * LEASE_MS);
    assert.deepEqual(inHand(), ['b']);
  }
  assert.equal(started.at(-1)?.claim.claims, CLAIMS_MAX + 1);
  await finish('b');
  await abandon(it, clock);
  assert.equal(await left(store.db), 0);
});

test('Z12: while the database fails nothing is claimed; when it is back, work goes on without a restart', async () => {
  await using store = await openTestSqlite();
  const clock = createFakeClock();
  let down = false;
  const db: Db = {
    ...store.db,
    tables: <T>() => {
      if (down) throw Object.assign(new Error('Connection terminated'), { code: '08006' });
      return store.db.tables<T>();
    },
  };
  const it = rig(db, clock);
  const { worker, started, inHand, finish } = it;
  await add(store.db, job('a'));
  await worker.start();
  await clock.run(0);
  down = true;
  await clock.run(5 * LEASE_MS);
  assert.equal(started[0]?.lease.holds(), false);
  await add(store.db, job('b'));
  down = false;
  await clock.run(5000);
  assert.deepEqual(inHand(), ['a', 'b']);
  assert.equal(started[1]?.lease.holds(), true);
  assert.equal(await finish('a'), true, 'nobody else took it');
  await finish('b');
  await abandon(it, clock);
});
