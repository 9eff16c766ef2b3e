/**
 * Stopping tenants and letting them go on, over the API. What the file declares is not stopped here; but what was stopped
 * before the file named it can be let go on.
 * Next: setting-operations.ts
 */
import { z } from 'zod';
import { operation, type Operation } from '../http/http.ts';
import { desk, slugParams, tenantView, type TenantDeps } from './desk.ts';
import { deleteTenant, restoreTenant, resumeTenant, suspendTenant } from './lifecycle.ts';

const tags = ['Tenants'];

export function lifecycleOperations(deps: TenantDeps): Operation[] {
  const { db, clock, standings, graceMs } = deps;
  const { view, mustFind, refuseDeclared, audit } = desk(deps);
  const acting = { db, clock, changed: () => standings.refresh() };
  const common = {
    tags,
    permission: 'tenants:write',
    audit,
    params: slugParams,
    answers: { 200: tenantView },
  } as const;
  return [
    operation({
      ...common,
      method: 'POST',
      path: '/tenants/{slug}/suspend',
      operationId: 'suspendTenant',
      summary: 'Stop a tenant: its keys are refused and its mail is held until it is resumed',
      body: z.strictObject({
        reason: z.string().regex(/^[^\u0000-\u001f\u007f]{1,500}$/, {
          error: 'must be 1 to 500 characters without control characters',
        }),
      }),
      refusals: ['not_found', 'conflict', 'managed_by_file'],
      async run({ params, body }) {
        const tenant = await mustFind(params.slug);
        refuseDeclared(tenant);
        return { status: 200, body: view(await suspendTenant(acting, tenant, body.reason)) };
      },
    }),
    operation({
      ...common,
      method: 'POST',
      path: '/tenants/{slug}/resume',
      operationId: 'resumeTenant',
      summary: 'Let a suspended tenant go on; its held mail goes out',
      refusals: ['not_found', 'conflict'],
      async run({ params }) {
        return { status: 200, body: view(await resumeTenant(acting, await mustFind(params.slug))) };
      },
    }),
    operation({
      ...common,
      method: 'DELETE',
      path: '/tenants/{slug}',
      operationId: 'deleteTenant',
      summary: 'Delete a tenant; until `goneAt` it can be restored',
      refusals: ['not_found', 'conflict', 'managed_by_file'],
      async run({ params }) {
        const tenant = await mustFind(params.slug);
        refuseDeclared(tenant);
        return { status: 200, body: view(await deleteTenant(acting, tenant, graceMs())) };
      },
    }),
    operation({
      ...common,
      method: 'POST',
      path: '/tenants/{slug}/restore',
      operationId: 'restoreTenant',
      summary: 'Bring a deleted tenant back as it was',
      refusals: ['not_found', 'conflict'],
      async run({ params }) {
        return { status: 200, body: view(await restoreTenant(acting, await mustFind(params.slug))) };
      },
    }),
  ];
}
