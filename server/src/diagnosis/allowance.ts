/**
 * How often somebody may make this server look at other people's servers: so often a minute with one key, so often an hour
 * for one tenant. Kept in memory: a restart forgives.
 * Next: probe.ts
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';
import type { Principal } from '../http/http.ts';
import { HOUR_MS, MINUTE_MS, refuseBeyond } from './limits.ts';

export interface Allowance {
  /** Counts one use; throws `rate_limited` when there is none left. */
  take(principal: Principal): void;
}

export interface AllowanceLimits {
  readonly what: string;
  readonly perMinute: number;
  readonly perHour: number;
}

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
    take({ actorId, tenantId }) {
      const byKey = recent(`actor ${actorId}`, MINUTE_MS);
      const byTenant = recent(`tenant ${tenantId}`, HOUR_MS);
      const now = clock.monotonic();
      refuseBeyond(
        what,
        { max: perMinute, windowMs: MINUTE_MS, starts: byKey },
        { max: perHour, windowMs: HOUR_MS, starts: byTenant },
        now,
      );
      byKey.push(now);
      byTenant.push(now);
    },
  };
}
