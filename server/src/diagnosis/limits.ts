/**
 * How often tests may be started (S7): counted in the database, inside the transaction that starts one, so that
 * parallel requests and several nodes share one count.
 * Next: queries.ts
 */
import { rateLimited, waitForRoom, type RateLimit } from '../http/http.ts';
import type { Tx } from '../store/store.ts';
import { readStarts } from './queries.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** A test message is mail that somebody gets; a check only knocks at a server. */
const LIMITS: Readonly<Record<'mail' | 'check', { readonly key: RateLimit; readonly tenant: RateLimit }>> = {
  mail: { key: { max: 5, windowMs: MINUTE_MS }, tenant: { max: 20, windowMs: HOUR_MS } },
  check: { key: { max: 60, windowMs: MINUTE_MS }, tenant: { max: 600, windowMs: HOUR_MS } },
};

/** Throws `rate_limited` when one more would be too many. */
export async function refuseTooMany(
  tx: Tx,
  who: { readonly actorId: string; readonly tenantId: string },
  withMail: boolean,
  now: number,
): Promise<void> {
  const { key, tenant } = LIMITS[withMail ? 'mail' : 'check'];
  const byKey = await readStarts(tx, { keyId: who.actorId }, now - key.windowMs, withMail);
  const byTenant = await readStarts(tx, { tenantId: who.tenantId }, now - tenant.windowMs, withMail);
  const what = withMail ? 'test messages' : 'connection tests';
  refuseBeyond(what, { ...key, starts: byKey }, { ...tenant, starts: byTenant }, now);
}

/** A limit with what counts against it, oldest first. */
type Used = RateLimit & { readonly starts: readonly number[] };

/** Throws `rate_limited` when one more with this key or in this tenant would be too many. */
export function refuseBeyond(what: string, key: Used, tenant: Used, now: number): void {
  const waitMs = Math.max(waitForRoom(key.starts, key, now), waitForRoom(tenant.starts, tenant, now));
  if (waitMs <= 0) return;
  const detail =
    `At most ${String(key.max)} ${what} in ${span(key)} with one key, ` +
    `and ${String(tenant.max)} in ${span(tenant)} in a tenant.`;
  throw rateLimited(detail, waitMs);
}

function span({ windowMs }: RateLimit): string {
  return windowMs === MINUTE_MS ? 'a minute' : 'an hour';
}
