/**
 * Tenants and settings over the API: the instance's people make tenants and lock settings; each tenant has its own.
 * Next: desk.ts
 */
import { z } from 'zod';
import { operation, pageAnswer, pageOf, pageQuery, readCursor, type Operation } from '../http/http.ts';
import { desk, slug, slugParams, tenantView, type TenantDeps } from './desk.ts';
import { lifecycleOperations } from './lifecycle-operations.ts';
import { tenantsAfter } from './queries.ts';
import { senderOperations } from './sender-operations.ts';
import { settingOperations } from './setting-operations.ts';
import { usageOperations } from './usage-operations.ts';
import { createTenant, nameTenant } from './tenants.ts';

export type { TenantDeps } from './desk.ts';

const tags = ['Tenants'];
const name = z.string().regex(/^[^\u0000-\u001f\u007f]{1,200}$/, {
  error: 'must be 1 to 200 characters without control characters',
});

export function tenantOperations(deps: TenantDeps): Operation[] {
  return [
    ...tenants(deps),
    ...lifecycleOperations(deps),
    ...settingOperations(deps),
    ...senderOperations(deps),
    ...usageOperations(deps),
  ];
}

function tenants(deps: TenantDeps): Operation[] {
  const { db, clock } = deps;
  const { view, mustFind, refuseDeclared, audit } = desk(deps);
  return [
    operation({
      method: 'GET',
      path: '/tenants',
      operationId: 'listTenants',
      summary: 'List the tenants',
      tags,
      permission: 'tenants:read',
      query: z.strictObject({ ...pageQuery, state: tenantView.shape.state.optional() }),
      answers: { 200: pageAnswer(tenantView) },
      refusals: [],
      async run({ query: { limit, cursor, state } }) {
        const rows = await tenantsAfter(db, readCursor(cursor, 'ten'), limit + 1, state);
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
      params: slugParams,
      answers: { 200: tenantView },
      refusals: ['not_found'],
      run: async ({ params }) => ({ status: 200, body: view(await mustFind(params.slug)) }),
    }),
    operation({
      method: 'PATCH',
      path: '/tenants/{slug}',
      operationId: 'patchTenant',
      summary: 'Give a tenant another name; its slug never changes',
      tags,
      permission: 'tenants:write',
      audit,
      params: slugParams,
      body: z.strictObject({ name }),
      answers: { 200: tenantView },
      refusals: ['not_found', 'managed_by_file'],
      async run({ params, body }) {
        const tenant = await mustFind(params.slug);
        refuseDeclared(tenant);
        return { status: 200, body: view(await nameTenant(db, tenant.slug, body.name)) };
      },
    }),
  ];
}
