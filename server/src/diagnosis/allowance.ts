/**
 * How often somebody may make this server look at other people's servers: so often a minute with one key, so often an hour
 * for one tenant. Kept in memory: a restart forgives.
 * Next: probe.ts
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';
import { problem, type Principal } from '../http/http.ts';

export interface Allowance {
  /** Counts one use; throws `rate_limited` when there is none left. */
  take(principal: Principal): void;
}

export interface AllowanceLimits {
  readonly what: string;
  readonly perMinute: number;
  readonly perHour: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Keys and tenants remembered; beyond it the longest unused is forgotten. */
const REMEMBERED_MAX = 10_000;

export function createAllowance(clock: Clock, { what, perMinute, perHour }: AllowanceLimits): Allowance {
  const used = new LRUCache<string, number[]>({ max: REMEMBERED_MAX });
  const recent = (who: string, spanMs: number): number[] => {
    const since = clock.monotonic() - spanMs;
    const kept = (used.get(who) ?? []).filter((at) => at > since);
    used.set(who, kept);
    return kept;
  };
  return {
    take({ keyId, tenantId }) {
      const byKey = recent(`key ${keyId}`, MINUTE_MS);
      const byTenant = recent(`tenant ${tenantId}`, HOUR_MS);
      const now = clock.monotonic();
      const wait = Math.max(
        byKey.length < perMinute ? 0 : (byKey[0] ?? now) + MINUTE_MS - now,
        byTenant.length < perHour ? 0 : (byTenant[0] ?? now) + HOUR_MS - now,
      );
      if (wait > 0) {
        const detail = `At most ${String(perMinute)} ${what} in a minute with one key, and ${String(perHour)} in an hour in a tenant.`;
        throw problem('rate_limited', { detail, retryAfterSeconds: Math.ceil(wait / 1_000) });
      }
      byKey.push(now);
      byTenant.push(now);
    },
  };
}
