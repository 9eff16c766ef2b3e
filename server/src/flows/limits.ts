/**
 * How often one address gets mail of one flow: asked inside the transaction that sends, behind the tenant's lock, so
 * that parallel requests and several nodes share one count.
 * Next: verifications.ts
 */
import { problem, waitForRoom } from '../http/http.ts';
import type { Tx } from '../store/store.ts';
import type { FlowSettings } from './flow-settings.ts';
import { readLockedAt, readSends, type Where } from './queries.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;
const DAY_MS = 24 * HOUR_MS;

/** Throws `rate_limited` when one more would be too soon or too many. */
export async function refuseTooMany(tx: Tx, where: Where, own: FlowSettings, now: number): Promise<void> {
  const sends = await readSends(tx, where, now - DAY_MS);
  const lockedAt = await readLockedAt(tx, where, now - own.blockSeconds * SECOND_MS);
  const waits = [
    afterLatest(sends, own.resendSeconds * SECOND_MS, now),
    waitForRoom(
      sends.filter((at) => at > now - HOUR_MS),
      { max: own.perHour, windowMs: HOUR_MS },
      now,
    ),
    waitForRoom(sends, { max: own.perDay, windowMs: DAY_MS }, now),
    lockedAt === undefined ? 0 : lockedAt + own.blockSeconds * SECOND_MS - now,
  ];
  const waitMs = Math.max(...waits);
  if (waitMs <= 0) return;
  throw problem('rate_limited', {
    detail: 'This address has had as much mail of this flow as it may have for now.',
    retryAfterSeconds: Math.ceil(waitMs / SECOND_MS),
  });
}

function afterLatest(sends: readonly number[], waitMs: number, now: number): number {
  const latest = sends.at(-1);
  return latest === undefined ? 0 : latest + waitMs - now;
}
