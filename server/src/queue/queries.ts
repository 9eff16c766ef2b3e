/**
 * The queue's SQL: one statement per move of `states.ts`. Only this file names the `jobs` table.
 * Every statement that ends a claim is conditional on owner and fence, so that a worker which lost its lease changes nothing (Q2).
 * Next: worker.ts
 */
import { sql, type ExpressionBuilder, type Generated } from 'kysely';
import type { Db, Tx } from '../store/store.ts';
import type { Claim, NewJob, Settled } from './queue.ts';
import { CLAIMS_MAX, type JobState } from './states.ts';

interface JobTable {
  kind: string;
  id: string;
  tenant_id: string;
  lane: number;
  state: string;
  due_at: number;
  held_by: string | null;
  owner: string | null;
  lease_until: number | null;
  fence: Generated<number>;
  claims: number;
  note: string | null;
}
interface QueueTables {
  jobs: JobTable;
}

/** A state as part of the statement: with a parameter SQLite would plan the statement anew each time to use a partial index. */
const is = (state: JobState) => sql.lit<string>(state);
/** From this many failed claims on a job is suspect. */
const SUSPECT_CLAIMS = sql.lit(CLAIMS_MAX - 1);

const jobs = (db: Db | Tx) => db.tables<QueueTables>();

/**
 * The rows that a `picked` part has chosen and, on PostgreSQL, locked: nothing can change them before the update. Picked
 * apart and once, because PostgreSQL may run a plain subquery again for each row; and found by their key alone, because
 * a condition on `state` tempts it, while its statistics are old, to read the whole backlog.
 */
const inPicked = (eb: ExpressionBuilder<QueueTables & { picked: Pick<JobTable, 'kind' | 'id'> }, 'jobs'>) =>
  eb(eb.refTuple('kind', 'id'), 'in', eb.selectFrom('picked').select(['kind', 'id']).$asTuple('kind', 'id'));

/** Inserts jobs: `running` for this owner where `handOver` says so, else `ready`. */
export async function insertJobs(
  tx: Tx,
  rows: readonly { job: NewJob; handOver: boolean }[],
  owner: string,
  leaseUntil: number,
): Promise<void> {
  await tx.dialect.insertRows(
    tx,
    'jobs',
    rows.map(({ job, handOver }) => ({
      kind: job.kind,
      id: job.id,
      tenant_id: job.tenantId,
      lane: job.lane,
      state: handOver ? 'running' : 'ready',
      due_at: job.dueAt,
      held_by: null,
      owner: handOver ? owner : null,
      lease_until: handOver ? leaseUntil : null,
      fence: 1,
      claims: handOver ? 1 : 0,
      note: null,
    })),
  );
}

/**
 * Takes up to `limit` due jobs of one lane, oldest due first; or, of any lane, those that earlier claims did not bring
 * to an end (`suspects`), which are never among the others.
 */
export async function claimReady(
  db: Db,
  pick: {
    kind: string;
    lane: number;
    suspects: boolean;
    now: number;
    limit: number;
    owner: string;
    leaseUntil: number;
  },
): Promise<Claim[]> {
  const rows = await jobs(db)
    .with(
      (cte) => cte('picked').materialized(),
      (query) => {
        const due = query
          .selectFrom('jobs')
          .select(['kind', 'id'])
          .where('kind', '=', pick.kind)
          .where('state', '=', is('ready'))
          .$if(pick.suspects, (all) => all.where('claims', '>=', SUSPECT_CLAIMS))
          .$if(!pick.suspects, (all) =>
            all.where('lane', '=', pick.lane).where('claims', '<', SUSPECT_CLAIMS),
          )
          .where('due_at', '<=', pick.now)
          .orderBy('due_at')
          .limit(pick.limit);
        return db.dialect.lockForClaim(due);
      },
    )
    .updateTable('jobs')
    .set((eb) => ({
      state: 'running',
      owner: pick.owner,
      lease_until: pick.leaseUntil,
      fence: eb('fence', '+', 1),
      claims: eb('claims', '+', 1),
    }))
    .where(inPicked)
    .returning(['kind', 'id', 'tenant_id', 'lane', 'owner', 'fence', 'claims', 'note'])
    .execute();
  return rows.map((row) => ({
    kind: row.kind,
    id: row.id,
    tenantId: row.tenant_id,
    lane: row.lane,
    owner: pick.owner,
    fence: row.fence,
    claims: row.claims,
    note: row.note,
  }));
}

const STILL_OURS = `kind = $1 and id = $2 and owner = $3 and fence = $4 and state = 'running'`;

const DELETE_DONE = `delete from jobs where ${STILL_OURS}`;
const KEEP = `update jobs set note = $5 where ${STILL_OURS}`;
const AGAIN = `update jobs set state = 'ready', owner = null, lease_until = null, due_at = $5, note = $6, claims = $7 where ${STILL_OURS}`;
const HOLD = `update jobs set state = 'held', owner = null, lease_until = null, held_by = $5, due_at = $6, note = $7, claims = 0 where ${STILL_OURS}`;

/** Ends claims; answers, in order, whether each was still ours. */
export async function settleClaims(tx: Tx, settled: readonly Settled[]): Promise<boolean[]> {
  const ours = new Array<boolean>(settled.length).fill(false);
  const run = async (
    statement: string,
    kind: Settled['verdict']['kind'],
    rest: (item: Settled) => unknown[],
  ): Promise<void> => {
    const chosen = settled.flatMap((item, index) => (item.verdict.kind === kind ? [{ item, index }] : []));
    if (chosen.length === 0) return;
    const parameters = chosen.map(({ item }) => [
      item.claim.kind,
      item.claim.id,
      item.claim.owner,
      item.claim.fence,
      ...rest(item),
    ]);
    const changes = await tx.dialect.runEach(tx, statement, parameters);
    chosen.forEach(({ index }, at) => {
      ours[index] = changes[at] === 1;
    });
  };
  await run(DELETE_DONE, 'done', () => []);
  await run(KEEP, 'keep', ({ verdict }) => (verdict.kind === 'keep' ? [verdict.note] : []));
  await run(AGAIN, 'again', ({ verdict, claim }) =>
    verdict.kind === 'again' ? [verdict.dueAt, verdict.note, verdict.counts ? claim.claims : 0] : [],
  );
  await run(HOLD, 'hold', ({ verdict }) =>
    verdict.kind === 'hold' ? [verdict.by, verdict.until, verdict.note] : [],
  );
  return ours;
}

/** Statements stay well below the parameter limits of both databases. */
const IDS_AT_ONCE = 1000;

/** Gives the leases of these jobs more time, as far as the owner still has them. */
export async function renewLeases(
  db: Db,
  lease: { kind: string; owner: string; ids: readonly string[]; leaseUntil: number },
): Promise<void> {
  for (let start = 0; start < lease.ids.length; start += IDS_AT_ONCE) {
    await jobs(db)
      .updateTable('jobs')
      .set({ lease_until: lease.leaseUntil })
      .where('kind', '=', lease.kind)
      .where('id', 'in', lease.ids.slice(start, start + IDS_AT_ONCE))
      .where('state', '=', is('running'))
      .where('owner', '=', lease.owner)
      .execute();
  }
}

/**
 * Makes jobs of this kind whose lease ended ready again; with `everyone`, all running ones (SQLite: their owner died with
 * its process). Other kinds have workers of their own, which may be alive. What somebody is settling at this moment is
 * passed over: to wait for it, with other jobs locked, could be a deadlock.
 */
export async function rescueEnded(
  db: Db,
  rescue: { kind: string; now: number; everyone: boolean },
): Promise<number> {
  const result = await jobs(db)
    .with(
      (cte) => cte('picked').materialized(),
      (query) =>
        db.dialect.lockForClaim(
          query
            .selectFrom('jobs')
            .select(['kind', 'id'])
            .where('kind', '=', rescue.kind)
            .where('state', '=', is('running'))
            .$if(!rescue.everyone, (ended) => ended.where('lease_until', '<', rescue.now)),
        ),
    )
    .updateTable('jobs')
    .set({ state: 'ready', owner: null, lease_until: null, due_at: rescue.now })
    .where(inPicked)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/** Makes up to `limit` jobs ready that `heldBy` holds, the longest waiting first; answers how many. */
export async function releaseHeld(
  db: Db | Tx,
  release: { kind: string; heldBy: string; now: number; limit: number },
): Promise<number> {
  const result = await jobs(db)
    .with(
      (cte) => cte('picked').materialized(),
      (query) =>
        db.dialect.lockForClaim(
          query
            .selectFrom('jobs')
            .select(['kind', 'id'])
            .where('kind', '=', release.kind)
            .where('state', '=', is('held'))
            .where('held_by', '=', release.heldBy)
            .orderBy('lane')
            .orderBy('id')
            .limit(release.limit),
        ),
    )
    .updateTable('jobs')
    .set({ state: 'ready', held_by: null, due_at: release.now })
    .where(inPicked)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/** Makes up to `limit` held jobs ready whose `due_at` has come, whoever holds them; answers how many. */
export async function wakeHeldDue(db: Db, now: number, limit: number): Promise<number> {
  const due = await jobs(db)
    .with(
      (cte) => cte('picked').materialized(),
      (query) =>
        db.dialect.lockForClaim(
          query
            .selectFrom('jobs')
            .select(['kind', 'id'])
            .where('state', '=', is('held'))
            .where('due_at', '<=', now)
            .limit(limit),
        ),
    )
    .updateTable('jobs')
    .set({ state: 'ready', held_by: null })
    .where(inPicked)
    .executeTakeFirst();
  return Number(due.numUpdatedRows);
}

/** Who holds jobs of this kind, each once. Steps from one to the next, so that it reads few rows however many are held. */
export async function heldKeys(db: Db, kind: string): Promise<string[]> {
  const keys: string[] = [];
  for (;;) {
    const last = keys.at(-1);
    const row = await jobs(db)
      .selectFrom('jobs')
      .select('held_by')
      .where('kind', '=', kind)
      .where('state', '=', is('held'))
      .$if(last !== undefined, (query) => query.where('held_by', '>', last ?? ''))
      .orderBy('held_by')
      .limit(1)
      .executeTakeFirst();
    if (row === undefined || row.held_by === null) return keys;
    keys.push(row.held_by);
  }
}

/** Removes a job that nobody works on; `false` when it is running or gone. */
export async function removeIdle(tx: Tx, kind: string, id: string): Promise<boolean> {
  const result = await jobs(tx)
    .deleteFrom('jobs')
    .where('kind', '=', kind)
    .where('id', '=', id)
    .where('state', '!=', 'running')
    .executeTakeFirst();
  return Number(result.numDeletedRows) === 1;
}

/** Makes an idle job due now and clears what it waited for; `false` when it is running or gone. */
export async function makeDue(
  tx: Tx,
  job: { kind: string; id: string; now: number; note: string | null },
): Promise<boolean> {
  const result = await jobs(tx)
    .updateTable('jobs')
    .set({ state: 'ready', held_by: null, due_at: job.now, note: job.note, claims: 0 })
    .where('kind', '=', job.kind)
    .where('id', '=', job.id)
    .where('state', '!=', 'running')
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** When the next ready job of this lane is due, suspects aside; `undefined` when there is none. */
export async function nextDueAt(db: Db, kind: string, lane: number): Promise<number | undefined> {
  const row = await jobs(db)
    .selectFrom('jobs')
    .select('due_at')
    .where('kind', '=', kind)
    .where('state', '=', is('ready'))
    .where('lane', '=', lane)
    .where('claims', '<', SUSPECT_CLAIMS)
    .orderBy('due_at')
    .limit(1)
    .executeTakeFirst();
  return row?.due_at;
}

/** Jobs of this kind by state. Counts rows: for metrics and a person's look, not for the hot path. */
export async function countByState(
  db: Db,
  kind: string,
): Promise<{ state: string; lane: number; count: number }[]> {
  const rows = await jobs(db)
    .selectFrom('jobs')
    .select((eb) => ['state', 'lane', eb.fn.countAll<number | string>().as('count')])
    .where('kind', '=', kind)
    .groupBy(['state', 'lane'])
    .execute();
  return rows.map((row) => ({ state: row.state, lane: row.lane, count: Number(row.count) }));
}
