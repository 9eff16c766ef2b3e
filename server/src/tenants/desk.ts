/**
 * How a tenant is named, found and shown over the API.
 * Next: lifecycle-operations.ts
 */
import { z } from 'zod';
import { toRfc3339, type Clock } from '../base/clock.ts';
import { problem, type Audit } from '../http/http.ts';
import type { Db } from '../store/store.ts';
import type { BlockShown } from './setting-operations.ts';
import type { Senders } from './senders.ts';
import type { Settings } from './settings.ts';
import type { Standings } from './standing.ts';
import { TENANT_STATES, type TenantState } from './states.ts';
import { INSTANCE_TENANT_ID, noTenant, type Tenant } from './tenant.ts';
import { findTenantBySlug } from './tenants.ts';

export interface TenantDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly settings: Settings;
  /** Slugs that the configuration file declares. */
  readonly declared: () => readonly string[];
  readonly standings: Standings;
  readonly senders: Senders;
  /** What a tenant sends over now. */
  readonly connectionBlock: (tenantId: string) => BlockShown;
  /** How long a deleted tenant can be restored, ms. */
  readonly graceMs: () => number;
}

const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
export const slug = z
  .string()
  .regex(SLUG, { error: 'must be 1 to 63 lower-case letters, digits and hyphens' });

export const tenantView = z
  .object({
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    managedBy: z.enum(['api', 'file']),
    state: z.enum(Object.keys(TENANT_STATES) as [TenantState, ...TenantState[]]), // a non-empty object's keys
    stateReason: z.string().nullable().describe('Why it is suspended, in the words of who did it.'),
    deletedAt: z.string().nullable(),
    goneAt: z
      .string()
      .nullable()
      .describe('Until then a deleted tenant can be restored; then it is removed.'),
    createdAt: z.string(),
  })
  .meta({ id: 'Tenant', description: 'One customer or organisation of the platform.' });

/** How a tenant is found and shown. */
export function desk({ db, declared }: TenantDeps) {
  const isDeclared = (tenant: Tenant): boolean => declared().includes(tenant.slug);
  const at = (time: number | null) => (time === null ? null : toRfc3339(time));
  const view = (tenant: Tenant): z.input<typeof tenantView> => ({
    ...tenant,
    managedBy: isDeclared(tenant) ? 'file' : 'api',
    createdAt: toRfc3339(tenant.createdAt),
    deletedAt: at(tenant.deletedAt),
    goneAt: at(tenant.goneAt),
  });
  async function mustFind(wanted: string): Promise<Tenant> {
    const found = await findTenantBySlug(db, wanted);
    if (found === undefined || found.id === INSTANCE_TENANT_ID) throw noTenant(wanted);
    return found;
  }
  const audit: Audit = { thing: 'tenant', view: async (_principal, id) => view(await mustFind(id)) };
  return {
    view,
    mustFind,
    audit,
    refuseDeclared(tenant: Tenant): void {
      if (!isDeclared(tenant)) return;
      throw problem('managed_by_file', {
        detail: `The tenant “${tenant.slug}” is declared in the configuration file. Change it there.`,
      });
    },
  };
}

export const slugParams = z.object({ slug });
