/**
 * The worker: claims what is due, hands it to the kind's function, keeps the leases alive, rescues what dead workers left.
 *
 * It is woken by new work, by a timer for the next due job, and by a jittered look at least every 5 s: a lost
 * notification costs seconds, never a message (Q16). At most `activeMax` jobs are in its hands (Q13); the last tenth of
 * them is kept for the two urgent lanes, so that a code never waits behind bulk.
 * A job that two claims did not bring to an end is tried alone the third time, so that a poison job takes nobody along
 * (Q12); but neither waiting for solitude nor solitude itself may stop the queue for long.
 * Next: ../delivery/attempt.ts
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../base/clock.ts';
import { crashPoint } from '../base/crash-point.ts';
import type { Log } from '../base/log.ts';
import type { Db, Tx } from '../store/store.ts';
import { createHints } from './hints.ts';
import { createLeases } from './leases.ts';
import { claimReady, insertJobs, nextDueAt, rescueEnded, wakeHeldDue } from './queries.ts';
import type { Claim, NewJob } from './queue.ts';
import { createSolitude } from './solitude.ts';
import { LANES } from './states.ts';

const LOOK_MS = 5_000;
const CLAIM_AT_ONCE = 250;
/** Held jobs that one look makes ready; a million that come due together must not stop everything else. */
const WAKE_AT_ONCE = 500;
const URGENT_LANES = 2;

export interface WorkerOptions<Hint> {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly kind: string;
  /** Name of this worker in the rows it holds; new for every process. */
  readonly owner: string;
  readonly activeMax: number;
  readonly leaseMs: number;
  /** 0–1, for jitter. */
  readonly random: () => number;
  /**
   * Works on claims and settles every one of them; ends when the last is settled. `hints` holds what was handed over
   * with a fresh job. If it rejects, it no longer holds what is not settled: that is left to the end of its lease.
   */
  readonly run: (claims: readonly Claim[], hints: ReadonlyMap<string, Hint>, worker: Lease) => Promise<void>;
}

export interface Lease {
  /** Whether our leases surely hold still; ask right before what cannot be undone. */
  holds(): boolean;
  /** One claim is settled: its place is free. */
  settled(claim: Claim): void;
}

/** `Hint` is what the owner hands over with a fresh job, so that its first run needs no read. */
export interface Worker<Hint> {
  start(): Promise<void>;
  /** Stops claiming and waits up to `graceMs` for what is in hand; what is left is rescued by the end of its lease. */
  stop(graceMs: number): Promise<void>;
  /** Looks for due work now. */
  wake(): void;
  /** How many of `wanted` fresh due jobs this worker can take at once; takes those places. */
  reserve(wanted: number, lane: number): number;
  /** Writes new jobs in the caller's transaction; the first `handedOver` were reserved and are born running. */
  enqueue(tx: Tx, jobs: readonly NewJob[], handedOver: number): Promise<void>;
  /** After the commit: starts the handed-over jobs. */
  begin(jobs: readonly { job: NewJob; hint: Hint }[]): void;
  /** The commit failed: gives reserved places back. */
  unreserve(count: number): void;
  readonly active: number;
}

export function createWorker<Hint>(options: WorkerOptions<Hint>): Worker<Hint> {
  const { db, clock, log, kind, owner, activeMax, leaseMs, random } = options;
  const leases = createLeases({ db, clock, log, kind, owner, leaseMs });
  const solitude = createSolitude({ clock, start: (claim) => hand([claim], new Map()), ended: wake });
  const nodes = createHints({ db, clock, log, kind, heard: wake });
  const bulkMax = activeMax - Math.ceil(activeMax / 10);
  const worthALook = placesWorthALook(activeMax, bulkMax);
  /** Runs in the context the worker was made in: whoever wakes it may be inside a transaction. */
  const outside = AsyncLocalStorage.snapshot();
  let reserved = 0; // places taken for jobs that are on their way to us
  let running = false;
  let looking = false;
  let lookAgain = false;
  let looked: Promise<void> = Promise.resolve();
  let renewed: Promise<void> = Promise.resolve();
  const waits = { urgent: false, bulk: false }; // work was left for lack of room
  /** Monotonic; when jobs were last enqueued that nobody was handed. */
  const leftReadyAt = { urgent: -Infinity, bulk: -Infinity };
  let cancelLook = (): void => undefined;
  let cancelRenew = (): void => undefined;
  let idle: (() => void) | undefined;

  const active = (): number => reserved + leases.size;

  function room(lane: number): number {
    if (solitude.wanted) return 0;
    return Math.max(0, (lane < URGENT_LANES ? activeMax : bulkMax) - active());
  }

  /** Places became free. */
  function freed(): void {
    if (active() === 0) idle?.();
    if (active() <= 1) solitude.alone();
    refill();
  }

  function refill(): void {
    const urgent = waits.urgent && room(0) >= worthALook.urgent;
    if (urgent || (waits.bulk && room(URGENT_LANES) >= worthALook.bulk)) wake();
  }

  function settled(claim: Claim): void {
    if (!leases.drop(claim)) return; // let go of already, or told twice
    solitude.settled(claim);
    freed();
  }

  function hand(claims: readonly Claim[], hints: ReadonlyMap<string, Hint>): void {
    void runAll(claims, hints);
  }

  async function runAll(claims: readonly Claim[], hints: ReadonlyMap<string, Hint>): Promise<void> {
    let failure: unknown = new Error('the run ended before it settled all of its jobs');
    let over = false;
    const question = leases.question(claims);
    try {
      await options.run(claims, hints, { holds: () => !over && question(), settled });
    } catch (error) {
      failure = error;
    }
    over = true;
    const left = claims.filter((claim) => leases.has(claim));
    if (left.length === 0) return;
    // Not put back at once: something of the run may be at work still, and until the lease ends nobody else begins.
    log.error(
      { err: failure, kind, jobs: left.length },
      'a worker could not settle its jobs; their leases will end',
    );
    left.forEach(settled);
  }

  function wake(): void {
    if (!running) return;
    if (looking) {
      lookAgain = true;
      return;
    }
    looking = true;
    looked = outside(look);
  }

  async function look(): Promise<void> {
    cancelLook();
    lookAgain = false;
    let waitMs = LOOK_MS * (0.8 + 0.2 * random());
    try {
      const more = await claimDue();
      waitMs = more ? 0 : Math.min(waitMs, await untilNextDue());
      if (lookAgain) waitMs = 0;
    } catch (error) {
      log.warn({ err: error, kind }, 'the queue could not be read; looking again soon');
    }
    looking = false;
    // By a timer even at once: on SQLite nothing here waits for the event loop, and others need their turn.
    if (running) cancelLook = clock.after(waitMs, wake);
  }

  /** Claims what there is room for; answers whether there is surely more to do. */
  async function claimDue(): Promise<boolean> {
    if (leases.lapsed()) await leases.renew();
    if (leases.lapsed()) throw new Error('no lease can be held');
    Object.assign(waits, { urgent: false, bulk: false });
    const woken = await wakeHeldDue(db, clock.now(), WAKE_AT_ONCE);
    for (const lane of LANES) await claimLane(lane);
    if (solitude.possible && room(0) > 0) await claimReadyJobs(0, 1, true);
    return woken === WAKE_AT_ONCE;
  }

  async function claimLane(lane: number): Promise<void> {
    while (running) {
      const limit = Math.min(CLAIM_AT_ONCE, room(lane));
      if (limit === 0) {
        waits[urgency(lane)] = true;
        return;
      }
      if ((await claimReadyJobs(lane, limit, false)) < limit) return;
    }
  }

  async function claimReadyJobs(lane: number, limit: number, suspects: boolean): Promise<number> {
    const now = clock.now();
    const askedAt = clock.monotonic();
    reserved += limit; // nobody else may take these places meanwhile
    let claims: Claim[] = [];
    try {
      claims = await claimReady(db, { kind, lane, suspects, now, limit, owner, leaseUntil: now + leaseMs });
      crashPoint('after-claim');
    } finally {
      reserved -= limit;
    }
    leases.take(claims, askedAt);
    const [first] = claims;
    if (suspects && first !== undefined) solitude.want(first, active() <= 1);
    else if (first !== undefined) hand(claims, new Map());
    return claims.length;
  }

  /** How long until a job comes due that there is room for; `Infinity` when none is known. */
  async function untilNextDue(): Promise<number> {
    const lanes = LANES.filter((lane) => room(lane) > 0);
    const due = await Promise.all(lanes.map((lane) => nextDueAt(db, kind, lane)));
    const next = Math.min(...due.map((at) => (at === undefined ? Infinity : at - clock.now())));
    return Math.max(10, next); // due already: another node has it locked
  }

  function armRenew(): void {
    cancelRenew = clock.after(leaseMs / 3, () => {
      armRenew();
      renewed = outside(leases.renew).then((rescued) => {
        if (rescued > 0) wake();
      });
    });
  }

  function untilIdle(): Promise<void> {
    if (active() === 0) return Promise.resolve();
    return new Promise((resolve) => {
      idle = resolve;
    });
  }

  async function stop(graceMs: number): Promise<void> {
    running = false;
    cancelLook();
    const drained = looked.then(untilIdle).then(() => renewed);
    await new Promise<void>((resolve) => {
      const cancel = clock.after(graceMs, resolve);
      void drained.then(() => {
        cancel();
        resolve();
      });
    });
    solitude.stop();
    cancelRenew();
    await nodes.stop();
  }

  return {
    async start() {
      const rescued = await rescueEnded(db, { kind, now: clock.now(), everyone: !db.dialect.manyNodes });
      if (rescued > 0) log.info({ kind, jobs: rescued }, 'took up work that an earlier process left');
      running = true;
      await nodes.start();
      await leases.renew();
      armRenew();
      wake();
    },
    stop,
    wake,
    reserve(wanted, lane) {
      const taken = running && !leases.lapsed() ? Math.min(wanted, room(lane)) : 0;
      reserved += taken;
      return taken;
    },
    async enqueue(tx, newJobs, handedOver) {
      const rows = newJobs.map((job, index) => ({ job, handOver: index < handedOver }));
      for (const { lane } of newJobs.slice(handedOver)) leftReadyAt[urgency(lane)] = clock.monotonic();
      leases.expect(newJobs.slice(0, handedOver));
      await insertJobs(tx, rows, owner, clock.now() + leaseMs);
    },
    begin(started) {
      const claims = started.map(({ job }) => freshClaim(job, owner));
      reserved -= claims.length;
      leases.takeExpected(claims);
      if (claims.length > 0) hand(claims, new Map(started.map(({ job, hint }) => [job.id, hint])));
      // Which of the jobs left ready were committed just now is not known here; older ones the regular look has found.
      const recently = clock.monotonic() - LOOK_MS;
      waits.urgent ||= leftReadyAt.urgent > recently;
      waits.bulk ||= leftReadyAt.bulk > recently;
      if (waits.urgent || waits.bulk) nodes.workLeft();
      refill();
    },
    unreserve(count) {
      reserved -= count;
      freed();
    },
    get active() {
      return active();
    },
  };
}

/** Free places that are worth a look when work waits for room. */
function placesWorthALook(activeMax: number, bulkMax: number): { urgent: number; bulk: number } {
  return {
    urgent: Math.max(1, Math.floor(activeMax / 50)),
    bulk: Math.max(1, Math.min(CLAIM_AT_ONCE, Math.floor(bulkMax / 4))),
  };
}

function urgency(lane: number): 'urgent' | 'bulk' {
  return lane < URGENT_LANES ? 'urgent' : 'bulk';
}

function freshClaim(job: NewJob, owner: string): Claim {
  return {
    kind: job.kind,
    id: job.id,
    tenantId: job.tenantId,
    lane: job.lane,
    owner,
    fence: 1,
    claims: 1,
    note: null,
  };
}
