/**
 * Durable jobs of any kind: the row is the queue. Knows nothing of mail.
 * A job is enqueued in its owner's transaction, claimed under a lease, and settled in its owner's transaction,
 * only if the lease is still held. Moves between states are listed in `states.ts`.
 * Next: states.ts
 */
import type { Db, Tx } from '../store/store.ts';
import { makeDue, releaseHeld, removeIdle, settleClaims } from './queries.ts';

export { countByState, heldKeys } from './queries.ts';
export { CLAIMS_MAX, JOB_MOVES, JOB_STATES, LANES } from './states.ts';
export { createWorker, type Lease, type Worker, type WorkerOptions } from './worker.ts';

export interface NewJob {
  readonly kind: string;
  /** Id of what the job is about; one job per kind and id. */
  readonly id: string;
  readonly tenantId: string;
  readonly lane: number;
  /** Epoch ms. */
  readonly dueAt: number;
}

/** The right to work on a job until the lease ends. */
export interface Claim {
  readonly kind: string;
  readonly id: string;
  readonly tenantId: string;
  readonly lane: number;
  readonly owner: string;
  /** Grows with every claim: what an older claim writes is refused. */
  readonly fence: number;
  /** Claims since the job was last settled, this one included; above 1 an earlier worker died with it. */
  readonly claims: number;
  /** What the owner left for itself at the last settling. */
  readonly note: string | null;
}

export type Verdict =
  | { readonly kind: 'done' }
  /** Stays claimed: more steps of the same claim follow. */
  | { readonly kind: 'keep'; readonly note: string | null }
  /** Again at `dueAt`; `counts` keeps counting towards `CLAIMS_MAX` (the work itself failed to finish). */
  | {
      readonly kind: 'again';
      readonly dueAt: number;
      readonly note: string | null;
      readonly counts?: boolean;
    }
  /** Waits for `release(by)`, at the latest until `until`. */
  | { readonly kind: 'hold'; readonly by: string; readonly until: number; readonly note: string | null };

export interface Settled {
  readonly claim: Claim;
  readonly verdict: Verdict;
}

/** Settles claims inside the owner's transaction. Answers, in order, whether each claim was still held; if not, the owner must write nothing for it. */
export function settle(tx: Tx, settled: readonly Settled[]): Promise<boolean[]> {
  return settleClaims(tx, settled);
}

/** Makes held jobs ready; at most `limit`. Wake the worker afterwards. */
export function release(
  db: Db | Tx,
  what: { kind: string; heldBy: string; now: number; limit: number },
): Promise<number> {
  return releaseHeld(db, what);
}

/** Takes an idle job out of the queue; `false` when a worker has it or it is gone. */
export function remove(tx: Tx, kind: string, id: string): Promise<boolean> {
  return removeIdle(tx, kind, id);
}

/** Makes an idle job due now, held or not; `false` when a worker has it or it is gone. */
export function hasten(
  tx: Tx,
  job: { kind: string; id: string; now: number; note: string | null },
): Promise<boolean> {
  return makeDue(tx, job);
}
