/**
 * What a worker has in its hands, and until when it may keep it: one deadline for all, moved on by renewing.
 * Promises: only jobs in hand are renewed, so a job that was let go of, or got lost between the database and us, comes back
 * by itself; and a lease that lapsed even for a moment never counts again for the work begun under it, since another node may have taken it (Q2).
 * Next: worker.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Db } from '../store/store.ts';
import { renewLeases, rescueEnded } from './queries.ts';
import type { Claim } from './queue.ts';

/** A lease counts as lost this long before it ends, for the time between asking and writing. */
const LEASE_MARGIN_MS = 2_000;

export interface Leases {
  /** How many jobs are in hand. */
  readonly size: number;
  /** Takes claims in hand that were asked for at this monotonic time. */
  take(claims: readonly Claim[], askedAt: number): void;
  /** Leases of these jobs are being written now; they are taken in hand after the commit. */
  expect(jobs: readonly { readonly id: string }[]): void;
  /** Takes expected claims in hand: their leases run since they were written, however long ago that is (Q2). */
  takeExpected(claims: readonly Claim[]): void;
  has(claim: Claim): boolean;
  /** Lets go of a claim; `false` when it was not in hand. */
  drop(claim: Claim): boolean;
  /** A question for the run of claims taken together: does their lease surely hold still? */
  question(claims: readonly Claim[]): () => boolean;
  lapsed(): boolean;
  /** Renews what is in hand and rescues what ended elsewhere; answers how many were rescued. Never throws. */
  renew(): Promise<number>;
}

export function createLeases(options: {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly kind: string;
  readonly owner: string;
  readonly leaseMs: number;
}): Leases {
  const { db, clock, log, kind, owner, leaseMs } = options;
  const inHand = new Map<string, { readonly id: string; readonly born: number }>();
  const expected = new Map<string, { readonly at: number; readonly born: number }>(); // by job id
  let endsAt = -Infinity; // monotonic
  let generation = 0; // grows with every lapse

  const lapsed = (): boolean => clock.monotonic() >= endsAt - LEASE_MARGIN_MS;

  async function renew(): Promise<number> {
    const askedAt = clock.monotonic();
    try {
      const ids = [...inHand.values()].map(({ id }) => id);
      await renewLeases(db, { kind, owner, ids, leaseUntil: clock.now() + leaseMs });
      if (lapsed()) generation += 1; // asked after the write: somebody may have been faster
      endsAt = askedAt + leaseMs;
      return await rescueEnded(db, { kind, now: clock.now(), everyone: false });
    } catch (error) {
      log.warn({ err: error, kind }, 'leases could not be renewed');
      return 0;
    }
  }

  return {
    get size() {
      return inHand.size;
    },
    expect(jobs) {
      const now = clock.monotonic();
      // A commit that failed leaves its entries behind.
      for (const [id, { at }] of expected) if (at < now - leaseMs) expected.delete(id);
      for (const { id } of jobs) expected.set(id, { at: now, born: generation });
    },
    takeExpected(claims) {
      for (const claim of claims) {
        // What is not expected any more was expected longer ago than a lease lasts.
        const { at, born } = expected.get(claim.id) ?? { at: -Infinity, born: -1 };
        expected.delete(claim.id);
        inHand.set(nameOf(claim), { id: claim.id, born });
        if (born === generation) endsAt = Math.min(endsAt, at + leaseMs);
      }
    },
    take(claims, askedAt) {
      for (const claim of claims) inHand.set(nameOf(claim), { id: claim.id, born: generation });
      endsAt = Math.min(endsAt, askedAt + leaseMs);
    },
    has: (claim) => inHand.has(nameOf(claim)),
    drop: (claim) => inHand.delete(nameOf(claim)),
    question(claims) {
      // Since they were taken, not since the run began: a suspect waits between the two.
      const born = Math.min(...claims.map((claim) => inHand.get(nameOf(claim))?.born ?? -1));
      return () => born === generation && !lapsed();
    },
    lapsed,
    renew,
  };
}

/** With its fence: after a lost lease the same job can be in hand twice for a while. */
function nameOf(claim: Claim): string {
  return `${claim.id} ${String(claim.fence)}`;
}
