/**
 * Tenants and settings over the API: the instance's people make tenants and lock settings; each tenant has its own.
 */
import { z } from 'zod';
import { toRfc3339, type Clock } from '../base/clock.ts';
import {
  operation,
  pageAnswer,
  pageOf,
  pageQuery,
  problem,
  readCursor,
  type Audit,
  type Operation,
} from '../http/http.ts';
import type { Db } from '../store/store.ts';
import { tenantsAfter } from './queries.ts';
import { settingOperations } from './setting-operations.ts';
import type { Settings } from './settings.ts';
import {
  createTenant,
  findTenantBySlug,
  INSTANCE_TENANT_ID,
  nameTenant,
  noTenant,
  type Tenant,
} from './tenants.ts';

export interface TenantDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly settings: Settings;
  /** Slugs that the configuration file declares. */
  readonly declared: () => readonly string[];
}

const tags = ['Tenants'];
const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const slug = z.string().regex(SLUG, { error: 'must be 1 to 63 lower-case letters, digits and hyphens' });
const name = z.string().regex(/^[^\u0000-\u001f\u007f]{1,200}$/, {
  error: 'must be 1 to 200 characters without control characters',
});

const tenantView = z
  .object({
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    managedBy: z.enum(['api', 'file']),
    createdAt: z.string(),
  })
  .meta({ id: 'Tenant', description: 'One customer or organisation of the platform.' });

export function tenantOperations(deps: TenantDeps): Operation[] {
  return [...tenants(deps), ...settingOperations(deps)];
}

function tenants({ db, clock, declared }: TenantDeps): Operation[] {
  const view = (tenant: Tenant): z.input<typeof tenantView> => ({
    ...tenant,
    managedBy: declared().includes(tenant.slug) ? 'file' : 'api',
    createdAt: toRfc3339(tenant.createdAt),
  });
  const params = z.object({ slug });
  async function mustFind(wanted: string): Promise<Tenant> {
    const found = await findTenantBySlug(db, wanted);
    if (found === undefined || found.id === INSTANCE_TENANT_ID) throw noTenant(wanted);
    return found;
  }
  const audit: Audit = {
    thing: 'tenant',
    view: async (_principal, id) => view(await mustFind(id)),
  };
  return [
    operation({
      method: 'GET',
      path: '/tenants',
      operationId: 'listTenants',
      summary: 'List the tenants',
      tags,
      permission: 'tenants:read',
      query: z.strictObject(pageQuery),
      answers: { 200: pageAnswer(tenantView) },
      refusals: [],
      async run({ query: { limit, cursor } }) {
        const rows = await tenantsAfter(db, readCursor(cursor, 'ten'), limit + 1);
        const page = pageOf(rows, limit, ({ id }) => id);
        return { status: 200, body: { items: page.items.map(view), next: page.next } };
      },
    }),
    operation({
      method: 'POST',
      path: '/tenants',
      operationId: 'createTenant',
      summary: 'Make a tenant',
      tags,
      permission: 'tenants:write',
      audit,
      body: z.strictObject({ slug, name }),
      answers: { 201: tenantView },
      refusals: ['conflict'],
      run: async ({ body }) => ({ status: 201, body: view(await createTenant(db, clock, body)) }),
    }),
    operation({
      method: 'GET',
      path: '/tenants/{slug}',
      operationId: 'getTenant',
      summary: 'Show one tenant',
      tags,
      permission: 'tenants:read',
      params,
      answers: { 200: tenantView },
      refusals: ['not_found'],
      run: async ({ params: wanted }) => ({ status: 200, body: view(await mustFind(wanted.slug)) }),
    }),
    operation({
      method: 'PATCH',
      path: '/tenants/{slug}',
      operationId: 'patchTenant',
      summary: 'Give a tenant another name; its slug never changes',
      tags,
      permission: 'tenants:write',
      audit,
      params,
      body: z.strictObject({ name }),
      answers: { 200: tenantView },
      refusals: ['not_found', 'managed_by_file'],
      async run({ params: wanted, body }) {
        const tenant = await mustFind(wanted.slug);
        if (declared().includes(tenant.slug)) {
          throw problem('managed_by_file', {
            detail: `The tenant “${tenant.slug}” is declared in the configuration file. Change it there.`,
          });
        }
        return { status: 200, body: view(await nameTenant(db, tenant.slug, body.name)) };
      },
    }),
  ];
}
