/**
 * Who may not send now, at hand for every message and every request: tenants that are suspended or deleted. A change
 * counts at once in this process and within seconds in others; keys are looked at within a second everywhere.
 * Next: routes.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { problem } from '../http/http.ts';
import { followRows, type Db } from '../store/store.ts';
import { stoppedTenants } from './queries.ts';
import type { TenantState } from './states.ts';

export type Stopped = Exclude<TenantState, 'active'>;

export interface Standings {
  /** Why mail of this tenant does not go out now; `undefined` when it does. */
  stopped(tenantId: string): Stopped | undefined;
  /** Reads anew; who is told of changes hears of them before this resolves. */
  refresh(): Promise<void>;
  onChange(listener: () => void): void;
  stop(): void;
}

/** Knows nothing until the first `refresh`. */
export function createStandings(deps: { db: Db; clock: Clock; log: Log }): Standings {
  let known: ReadonlyMap<string, Stopped> = new Map();
  const listeners: (() => void)[] = [];
  const markOf = (all: ReadonlyMap<string, Stopped>): string => JSON.stringify([...all]);

  const rows = followRows(deps, {
    what: 'states of tenants',
    isCurrent: async () => markOf(await stoppedTenants(deps.db)) === markOf(known),
    async read() {
      known = await stoppedTenants(deps.db);
      for (const listener of listeners) listener();
    },
  });

  return {
    stopped: (tenantId) => known.get(tenantId),
    refresh: rows.refresh,
    onChange(listener) {
      listeners.push(listener);
    },
    stop: rows.stop,
  };
}

/** Throws `tenant_suspended` for whoever wants to send in a tenant that is not active. */
export function refuseStopped(stopped: Stopped | undefined): void {
  if (stopped === undefined) return;
  throw problem('tenant_suspended', {
    detail:
      stopped === 'deleted'
        ? 'The tenant is deleted. Nothing is sent in it.'
        : 'The tenant is suspended. Nothing is sent in it until it is resumed.',
  });
}
