/**
 * What of tenants is at hand while the server runs, opened and followed together: their settings, who is stopped, and who
 * may send as whom.
 * Next: settings.ts, standing.ts, senders.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Lookups } from '../net/net.ts';
import type { Db } from '../store/store.ts';
import { limitsOf } from './limits.ts';
import { modeFrom, senderFrom } from './outgoing.ts';
import { createSenders } from './senders.ts';
import { createSettings, type SettingsConfig } from './settings.ts';
import { createStandings } from './standing.ts';
import { INSTANCE_TENANT_ID } from './tenant.ts';

export interface TenantsOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly lookups: Pick<Lookups, 'txt'>;
}

export type Tenants = ReturnType<typeof openTenants>;

/** Knows nothing until the first `refresh`. */
export function openTenants(options: TenantsOptions) {
  const settings = createSettings(options);
  const standings = createStandings(options);
  const senders = createSenders({ ...options, settings });
  return {
    settings,
    standings,
    senders,
    senderFor: (tenantId: string) => senderFrom(settings, tenantId),
    modeFor: (tenantId: string) => modeFrom(settings, tenantId),
    /** Whether the tenant is refused connections of its own. */
    ownRefused: (tenantId: string) => settings.get(tenantId, 'connections.own') === 'refused',
    /** What the tenant is held to now; the instance's own limits are those of its tenants. */
    limitsFor: (tenantId: string, now: number) =>
      tenantId === INSTANCE_TENANT_ID ? undefined : limitsOf(settings, tenantId, now),
    /** Takes over what the configuration says now, and reads the rest anew. */
    async refresh(loaded: SettingsConfig): Promise<void> {
      await settings.refresh(loaded);
      await standings.refresh();
      await senders.refresh();
    },
    stop(): void {
      settings.stop();
      standings.stop();
      senders.stop();
    },
  };
}
