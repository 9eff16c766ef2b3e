/** The queue against a model of it in memory: 10,000 random commands, compared row by row after each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openStore, transaction, type Db } from '../store/store.ts';
import { claimReady, insertJobs, renewLeases, rescueEnded, wakeHeldDue } from './queries.ts';
import {
  CLAIMS_MAX,
  countByState,
  hasten,
  JOB_MOVES,
  release,
  remove,
  settle,
  type Claim,
  type Verdict,
} from './queue.ts';

const RUNS = 100;
const COMMANDS = 100;
const LEASE_MS = 50;

interface Row {
  id: string;
  lane: number;
  state: 'ready' | 'running' | 'held';
  due_at: number;
  held_by: string | null;
  owner: string | null;
  lease_until: number | null;
  fence: number;
  claims: number;
  note: string | null;
}

const id = fc.integer({ min: 0, max: 9 }).map((n) => `j${String(n)}`);
const owner = fc.constantFrom('w1', 'w2');
const limit = fc.integer({ min: 1, max: 4 });
const note = fc.constantFrom(null, 'a', 'b');
const delay = fc.integer({ min: 0, max: 40 });
const holder = fc.constantFrom('x', 'y');
const verdict = fc.oneof(
  fc.record({ kind: fc.constant('done' as const) }),
  fc.record({ kind: fc.constant('keep' as const), note }),
  fc.record({ kind: fc.constant('again' as const), delay, note, counts: fc.boolean() }),
  fc.record({ kind: fc.constant('hold' as const), by: holder, delay, note }),
);
const command = fc.oneof(
  fc.record({
    do: fc.constant('enqueue' as const),
    id,
    owner,
    delay,
    lane: fc.integer({ min: 0, max: 1 }),
    handOver: fc.boolean(),
  }),
  fc.record({
    do: fc.constant('claim' as const),
    owner,
    limit,
    lane: fc.integer({ min: 0, max: 1 }),
    suspects: fc.boolean(),
  }),
  fc.record({ do: fc.constant('settle' as const), which: fc.nat(), verdict }),
  fc.record({ do: fc.constant('settle' as const), which: fc.constant(0), verdict }),
  fc.record({ do: fc.constant('rescue' as const), everyone: fc.boolean() }),
  fc.record({ do: fc.constant('renew' as const), owner, ids: fc.array(id, { maxLength: 3 }) }),
  fc.record({ do: fc.constant('release' as const), by: holder, limit }),
  fc.record({ do: fc.constant('wakeHeld' as const) }),
  fc.record({ do: fc.constant('remove' as const), id }),
  fc.record({ do: fc.constant('hasten' as const), id, note }),
  fc.record({ do: fc.constant('wait' as const), delay }),
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

const legal = new Set(JOB_MOVES.map((move) => `${move.from}>${move.to}`));

/** The model: plain rows, and every claim ever given out, newest first. */
class Model {
  rows = new Map<string, Row>();
  claims: Claim[] = [];
  now = 1000;
  enqueued = 0;
  gone = 0;
  readonly kind: string;
  constructor(kind: string) {
    this.kind = kind;
  }

  change(row: Row, change: Partial<Row>): void {
    const to = change.state ?? row.state;
    assert.ok(to === row.state || legal.has(`${row.state}>${to}`), `${row.state} to ${to} is in no table`);
    Object.assign(row, change);
  }

  drop(row: Row): void {
    assert.ok(legal.has(`${row.state}>gone`));
    this.rows.delete(row.id);
    this.gone += 1;
  }

  /** The row of this claim if the claim still holds. */
  ours(claim: Claim): Row | undefined {
    const row = this.rows.get(claim.id);
    return row?.state === 'running' && row.owner === claim.owner && row.fence === claim.fence
      ? row
      : undefined;
  }

  where(filter: (row: Row) => boolean): Row[] {
    return [...this.rows.values()].filter(filter);
  }
}

const IDLE = { owner: null, lease_until: null } as const;

async function step(db: Db, model: Model, it: Command): Promise<void> {
  const { kind, now } = model;
  switch (it.do) {
    case 'enqueue':
      return enqueue(db, model, it);
    case 'claim':
      return claimSome(db, model, it);
    case 'settle':
      return settleOne(db, model, it);
    case 'rescue': {
      const ended = model.where(
        (row) => row.state === 'running' && (it.everyone || (row.lease_until ?? 0) < now),
      );
      assert.equal(await rescueEnded(db, { kind, now, everyone: it.everyone }), ended.length);
      for (const row of ended) model.change(row, { state: 'ready', due_at: now, ...IDLE });
      return;
    }
    case 'renew': {
      await renewLeases(db, { kind, owner: it.owner, ids: it.ids, leaseUntil: now + LEASE_MS });
      for (const row of model.where((one) => one.owner === it.owner && it.ids.includes(one.id)))
        row.lease_until = now + LEASE_MS;
      return;
    }
    case 'release': {
      const held = model.where((row) => row.state === 'held' && row.held_by === it.by);
      held.sort((a, b) => a.lane - b.lane || (a.id < b.id ? -1 : 1));
      const freed = held.slice(0, it.limit);
      assert.equal(await release(db, { kind, heldBy: it.by, now, limit: it.limit }), freed.length);
      for (const row of freed) model.change(row, { state: 'ready', held_by: null, due_at: now });
      return;
    }
    case 'wakeHeld': {
      const due = model.where((row) => row.state === 'held' && row.due_at <= now);
      assert.equal(await wakeHeldDue(db, now, 1000), due.length);
      for (const row of due) model.change(row, { state: 'ready', held_by: null });
      return;
    }
    case 'remove': {
      const row = model.rows.get(it.id);
      const idle = row !== undefined && row.state !== 'running';
      assert.equal(await transaction(db, (tx) => remove(tx, kind, it.id)), idle);
      if (idle) model.drop(row);
      return;
    }
    case 'hasten': {
      const row = model.rows.get(it.id);
      const idle = row !== undefined && row.state !== 'running';
      assert.equal(await transaction(db, (tx) => hasten(tx, { kind, id: it.id, now, note: it.note })), idle);
      if (idle) model.change(row, { state: 'ready', held_by: null, due_at: now, note: it.note, claims: 0 });
      return;
    }
    case 'wait':
      model.now += it.delay;
  }
}

async function enqueue(db: Db, model: Model, it: Command & { do: 'enqueue' }): Promise<void> {
  if (model.rows.has(it.id)) return;
  const { kind, now } = model;
  const job = { kind, id: it.id, tenantId: 't', lane: it.lane, dueAt: now + it.delay };
  await transaction(db, (tx) => insertJobs(tx, [{ job, handOver: it.handOver }], it.owner, now + LEASE_MS));
  const common = { id: it.id, lane: it.lane, due_at: job.dueAt, held_by: null, fence: 1, note: null };
  model.rows.set(
    it.id,
    it.handOver
      ? { ...common, state: 'running', owner: it.owner, lease_until: now + LEASE_MS, claims: 1 }
      : { ...common, state: 'ready', ...IDLE, claims: 0 },
  );
  if (it.handOver)
    model.claims.unshift({
      ...{ kind, id: it.id, tenantId: 't', lane: it.lane },
      ...{ owner: it.owner, fence: 1, claims: 1, note: null },
    });
  model.enqueued += 1;
}

async function claimSome(db: Db, model: Model, it: Command & { do: 'claim' }): Promise<void> {
  const { kind, now } = model;
  const suspect = (row: Row): boolean => row.claims >= CLAIMS_MAX - 1;
  const due = model.where(
    (row) =>
      row.state === 'ready' &&
      row.due_at <= now &&
      (it.suspects ? suspect(row) : row.lane === it.lane && !suspect(row)),
  );
  due.sort((a, b) => a.due_at - b.due_at);
  const taken = await claimReady(db, { ...it, kind, now, leaseUntil: now + LEASE_MS });
  // Which of those that came due together is left open; that the oldest come first is not.
  const dues = taken.map((claim) => model.rows.get(claim.id)?.due_at ?? -1).toSorted((a, b) => a - b);
  assert.deepEqual(
    dues,
    due.slice(0, it.limit).map((row) => row.due_at),
  );
  for (const claim of taken) {
    const row = due.find((one) => one.id === claim.id);
    assert.ok(row, `${claim.id} could not be claimed`);
    model.change(row, {
      state: 'running',
      owner: it.owner,
      lease_until: now + LEASE_MS,
      fence: row.fence + 1,
      claims: row.claims + 1,
    });
    assert.deepEqual(claim, {
      ...{ kind, id: row.id, tenantId: 't', lane: row.lane, owner: it.owner },
      ...{ fence: row.fence, claims: row.claims, note: row.note },
    });
  }
  model.claims.unshift(...taken);
}

async function settleOne(db: Db, model: Model, it: Command & { do: 'settle' }): Promise<void> {
  const given = model.claims[it.which % Math.max(1, model.claims.length)];
  if (given === undefined) return;
  const { verdict: asked } = it;
  const dueAt = 'delay' in asked ? model.now + asked.delay : 0;
  const real: Verdict =
    asked.kind === 'again' ? { ...asked, dueAt } : asked.kind === 'hold' ? { ...asked, until: dueAt } : asked;
  const row = model.ours(given);
  assert.deepEqual(await transaction(db, (tx) => settle(tx, [{ claim: given, verdict: real }])), [
    row !== undefined,
  ]);
  if (row === undefined) return;
  if (asked.kind === 'done') return model.drop(row);
  if (asked.kind === 'keep') return model.change(row, { note: asked.note });
  if (asked.kind === 'hold') {
    return model.change(row, {
      state: 'held',
      held_by: asked.by,
      due_at: dueAt,
      note: asked.note,
      claims: 0,
      ...IDLE,
    });
  }
  model.change(row, {
    state: 'ready',
    due_at: dueAt,
    note: asked.note,
    claims: asked.counts ? given.claims : 0,
    ...IDLE,
  });
}

const COLUMNS = [
  'id',
  'lane',
  'state',
  'due_at',
  'held_by',
  'owner',
  'lease_until',
  'fence',
  'claims',
  'note',
] as const;

async function compare(db: Db, model: Model): Promise<void> {
  const rows = await db
    .tables<{ jobs: Row & { kind: string } }>()
    .selectFrom('jobs')
    .select(COLUMNS)
    .where('kind', '=', model.kind)
    .orderBy('id')
    .execute();
  const expected = [...model.rows.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    expected.map((row) => ({ ...row })),
  );
  const counted = (await countByState(db, model.kind)).reduce((sum, { count }) => sum + count, 0);
  assert.equal(counted, model.enqueued - model.gone, 'nothing is lost and nothing comes from nowhere');
}

test('Q1: 10,000 random commands leave the queue exactly as the model says', async () => {
  const store = await openStore({ url: 'sqlite::memory:', serve: true, onBroken: () => assert.fail() });
  let run = 0;
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: COMMANDS, maxLength: COMMANDS }), async (commands) => {
        await transaction(store.db, (tx) =>
          tx.dialect.runEach(tx, 'delete from jobs where kind <> $1', [['']]),
        );
        const model = new Model(`k${String((run += 1))}`);
        for (const it of commands) {
          await step(store.db, model, it);
          await compare(store.db, model);
        }
      }),
      { numRuns: RUNS },
    );
  } finally {
    await store.close();
  }
});
