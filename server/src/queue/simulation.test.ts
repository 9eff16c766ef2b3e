/**
 * A seeded simulation: workers that take random time, fail, hang, stand still and die, on one queue, under clocks that the
 * seed moves. Promises that must hold for every seed: each job is finished exactly once by a claim that still held, none is
 * lost, no two workers believe in the same job at once, and nobody has more in hand than allowed.
 * POSTHORN_SIMULATION_SEEDS runs more seeds; a failure names its seed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../base/log.ts';
import { createFakeClock, type FakeClock } from '../../test/fake-clock.ts';
import { openStore, transaction, type Db } from '../store/store.ts';
import { insertJobs } from './queries.ts';
import {
  countByState,
  createWorker,
  release,
  settle,
  type Claim,
  type Lease,
  type NewJob,
  type Verdict,
  type Worker,
} from './queue.ts';

const SEEDS = Number(process.env['POSTHORN_SIMULATION_SEEDS'] ?? 30);
const FIRST_SEED = Number(process.env['POSTHORN_SIMULATION_FIRST'] ?? 1);
const JOBS = 60;
const STEPS = 150;
const ACTIVE_MAX = 8;
const LEASE_MS = 15_000;
const KIND = 'mail';
const log = createLog('silent');

/** mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Node {
  readonly name: string;
  readonly clock: FakeClock;
  readonly worker: Worker<string>;
  /** Runs that are not over: for the promise that no two believe in the same job. */
  readonly runs: Map<Claim, Lease>;
  /** Time that passed while it stood still. */
  frozenMs: number;
  frozen: boolean;
}

class World {
  readonly random: () => number;
  readonly db: Db;
  /** Several nodes on one database whose clock they share, or one node with a clock of its own, which may jump. */
  readonly nodesMax: number;
  nodes: Node[] = [];
  readonly finished = new Map<string, number>();
  enqueued = 0;
  born = 0;
  elapsed = 0;
  /** While true, work may go wrong. */
  wild = true;

  constructor(db: Db, seed: number) {
    this.random = randomFrom(seed);
    this.nodesMax = seed % 2 === 0 ? 3 : 1;
    this.db = this.nodesMax === 1 ? db : { ...db, dialect: { ...db.dialect, manyNodes: true } };
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  async addNode(): Promise<void> {
    const clock = createFakeClock();
    clock.freeze(this.elapsed);
    const runs = new Map<Claim, Lease>();
    this.born += 1;
    const name = `n${String(this.born)}`;
    const worker = createWorker<string>({
      db: this.db,
      clock,
      log,
      kind: KIND,
      owner: name,
      activeMax: ACTIVE_MAX,
      leaseMs: LEASE_MS,
      random: this.random,
      run: async (claims, _hints, lease) => {
        await Promise.all(claims.map((claim) => this.work(clock, runs, claim, lease)));
      },
    });
    this.nodes.push({ name, clock, worker, runs, frozenMs: 0, frozen: false });
    await worker.start();
  }

  async work(clock: FakeClock, runs: Map<Claim, Lease>, claim: Claim, lease: Lease): Promise<void> {
    runs.set(claim, lease);
    const takesMs = this.random() * 4000;
    const hangs = this.wild && this.chance(0.03);
    await new Promise<void>((resolve) => {
      clock.after(hangs ? 60_000 : takesMs, resolve);
    });
    if (this.wild && this.chance(0.04)) {
      runs.delete(claim);
      throw new Error('on purpose');
    }
    const verdict = this.verdict(clock);
    const [ours] = await transaction(this.db, (tx) => settle(tx, [{ claim, verdict }]));
    if (ours === true && verdict.kind === 'done')
      this.finished.set(claim.id, (this.finished.get(claim.id) ?? 0) + 1);
    runs.delete(claim);
    lease.settled(claim);
  }

  verdict(clock: FakeClock): Verdict {
    const dice = this.wild ? this.random() : 0;
    if (dice < 0.6) return { kind: 'done' };
    if (dice < 0.85)
      return {
        kind: 'again',
        dueAt: clock.now() + this.random() * 20_000,
        note: null,
        counts: this.chance(0.5),
      };
    return { kind: 'hold', by: 'x', until: clock.now() + 60_000, note: null };
  }

  /** Accepts a few jobs at one node, as its door would: some handed over, some only written, some by a commit that fails. */
  async accept(node: Node): Promise<void> {
    const lane = Math.floor(this.random() * 4);
    const count = Math.min(1 + Math.floor(this.random() * 5), JOBS - this.enqueued);
    if (count <= 0) return;
    const jobs: NewJob[] = Array.from({ length: count }, () => {
      this.enqueued += 1;
      return {
        kind: KIND,
        id: `j${String(this.enqueued)}`,
        tenantId: 't',
        lane,
        dueAt: Math.floor(node.clock.now() + (this.chance(0.3) ? 5000 : 0)),
      };
    });
    if (this.chance(0.2)) {
      // By a process that only visits: nobody is told.
      await transaction(this.db, (tx) =>
        insertJobs(
          tx,
          jobs.map((job) => ({ job, handOver: false })),
          'visit',
          0,
        ),
      );
      return;
    }
    const reserved = node.worker.reserve(count, lane);
    const fails = this.chance(0.1);
    try {
      await transaction(this.db, async (tx) => {
        await node.worker.enqueue(tx, jobs, reserved);
        if (fails) throw new Error('on purpose');
      });
    } catch {
      node.worker.unreserve(reserved);
      this.enqueued -= count;
      return;
    }
    if (this.wild && this.chance(0.05)) return this.kill(node); // between the commit and the beginning
    node.worker.begin(jobs.slice(0, reserved).map((job) => ({ job, hint: 'h' })));
  }

  /** The process is gone: its timers never fire again, and what it had in hand is nobody's. */
  kill(node: Node): void {
    this.nodes = this.nodes.filter((it) => it !== node);
  }

  async step(): Promise<void> {
    if (this.nodes.length < this.nodesMax) await this.addNode();
    const node = this.nodes[Math.floor(this.random() * this.nodes.length)];
    if (node !== undefined && !node.frozen && this.chance(0.5)) await this.accept(node);
    if (this.wild && node !== undefined) {
      if (this.chance(0.03)) this.kill(node);
      else if (this.nodesMax > 1 && this.chance(0.05)) node.frozen = true;
      else if (this.nodesMax === 1 && this.chance(0.05)) node.clock.jump((this.random() - 0.5) * 240_000);
    }
    if (this.chance(0.1))
      await release(this.db, { kind: KIND, heldBy: 'x', now: node?.clock.now() ?? 0, limit: 3 });
    await this.pass(this.random() * 1000);
  }

  /** Time passes for every node, in the order of the moment. */
  async pass(ms: number): Promise<void> {
    this.elapsed += ms;
    for (const node of this.nodes.toSorted(() => this.random() - 0.5)) {
      if (node.frozen && this.wild && !this.chance(0.03)) {
        node.frozenMs += ms;
        continue;
      }
      if (node.frozen) {
        node.clock.freeze(node.frozenMs);
        node.frozenMs = 0;
        node.frozen = false;
      }
      await node.clock.run(ms);
      this.check();
    }
  }

  check(): void {
    const believed = new Set<string>();
    for (const node of this.nodes) {
      assert.ok(
        node.worker.active <= ACTIVE_MAX && node.worker.active >= 0,
        `${node.name} has ${String(node.worker.active)} in hand`,
      );
      if (node.frozen) continue; // it asks nothing while it stands still
      for (const [claim, lease] of node.runs) {
        if (!lease.holds()) continue;
        assert.ok(!believed.has(claim.id), `${claim.id} is believed in twice`);
        believed.add(claim.id);
      }
    }
    for (const [id, times] of this.finished)
      assert.equal(times, 1, `${id} was finished ${String(times)} times`);
  }

  async left(): Promise<number> {
    return (await countByState(this.db, KIND)).reduce((sum, row) => sum + row.count, 0);
  }
}

async function simulate(db: Db, seed: number): Promise<void> {
  await transaction(db, (tx) => tx.dialect.runEach(tx, 'delete from jobs where kind = $1', [[KIND]]));
  const world = new World(db, seed);
  for (let step = 0; step < STEPS; step += 1) {
    await world.step();
    assert.equal(
      await world.left(),
      world.enqueued - world.finished.size,
      'every job is either in the queue or finished',
    );
  }
  world.wild = false;
  const deadline = world.elapsed + 900_000;
  while (world.elapsed < deadline && (world.finished.size < world.enqueued || world.enqueued < JOBS))
    await world.step();
  assert.equal(
    world.finished.size,
    JOBS,
    `finished in the end: ${JSON.stringify(await countByState(db, KIND))}`,
  );
  assert.equal(await world.left(), 0);
  for (const node of world.nodes) {
    const stopping = node.worker.stop(60_000);
    await node.clock.run(60_000);
    await stopping;
    assert.equal(node.worker.active, 0, 'no place leaked');
    assert.equal(node.clock.timers(), 0, 'no timer left');
  }
}

test(`Y1: ${String(SEEDS)} seeds of crashes, freezes, jumps and failures finish every job exactly once`, async () => {
  const store = await openStore({ url: 'sqlite::memory:', serve: true, onBroken: () => assert.fail() });
  try {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) {
      try {
        await simulate(store.db, seed);
      } catch (error) {
        throw new Error(`seed ${String(seed)}: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        });
      }
    }
  } finally {
    await store.close();
  }
});
