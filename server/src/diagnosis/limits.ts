/**
 * How often tests may be started (S7): counted in the database, inside the transaction that starts one, so that
 * parallel requests and several nodes share one count.
 * Next: queries.ts
 */
import { problem } from '../http/http.ts';
import type { Tx } from '../store/store.ts';
import { readStarts } from './queries.ts';

interface Limit {
  readonly max: number;
  readonly windowMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A test message is mail that somebody gets; a check only knocks at a server. */
const LIMITS: Readonly<Record<'mail' | 'check', { readonly key: Limit; readonly tenant: Limit }>> = {
  mail: { key: { max: 5, windowMs: MINUTE_MS }, tenant: { max: 20, windowMs: HOUR_MS } },
  check: { key: { max: 60, windowMs: MINUTE_MS }, tenant: { max: 600, windowMs: HOUR_MS } },
};

/** Throws `rate_limited` when one more would be too many. */
export async function refuseTooMany(
  tx: Tx,
  who: { readonly keyId: string; readonly tenantId: string },
  withMail: boolean,
  now: number,
): Promise<void> {
  const { key, tenant } = LIMITS[withMail ? 'mail' : 'check'];
  const byKey = await readStarts(tx, { keyId: who.keyId }, now - key.windowMs, withMail);
  const byTenant = await readStarts(tx, { tenantId: who.tenantId }, now - tenant.windowMs, withMail);
  const waitMs = Math.max(waitFor(byKey, key, now), waitFor(byTenant, tenant, now));
  if (waitMs <= 0) return;
  const what = withMail ? 'test messages' : 'connection tests';
  const detail =
    `At most ${String(key.max)} ${what} in ${span(key)} with one key, ` +
    `and ${String(tenant.max)} in ${span(tenant)} in a tenant.`;
  throw problem('rate_limited', { detail, retryAfterSeconds: Math.ceil(waitMs / 1000) });
}

/** Ms until one more fits; `starts` are those within the window, oldest first. */
function waitFor(starts: readonly number[], { max, windowMs }: Limit, now: number): number {
  const inTheWay = starts[starts.length - max];
  return inTheWay === undefined ? 0 : inTheWay + windowMs - now;
}

function span({ windowMs }: Limit): string {
  return windowMs === MINUTE_MS ? 'a minute' : 'an hour';
}
