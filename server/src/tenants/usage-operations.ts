/**
 * What of its limits a tenant has used, over the API.
 * Next: limits.ts
 */
import { z } from 'zod';
import { toRfc3339, type Clock } from '../base/clock.ts';
import { operation, type Operation } from '../http/http.ts';
import { lookInto, type Db } from '../store/store.ts';
import { limitsOf, markWindow, monthOf } from './limits.ts';
import type { Settings } from './settings.ts';
import { INSTANCE_TENANT_ID } from './tenant.ts';

const usageView = z
  .object({
    month: z.string().describe('The calendar month (UTC) that is counted, such as `2026-11`.'),
    endsAt: z.string(),
    accepted: z.number().nullable().describe('Messages so far; counted while there is a monthly limit.'),
    monthly: z.number().nullable(),
    warned: z.boolean().describe('Whether 80 % were reached in this month.'),
    rate: z.array(
      z.object({
        messages: z.number(),
        seconds: z.number(),
        accepted: z.number(),
        resetsAt: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'Usage', description: 'What a tenant has sent over the connections of the instance.' });

export function usageOperations(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly settings: Settings;
}): Operation[] {
  return [
    operation({
      method: 'GET',
      path: '/usage',
      operationId: 'getUsage',
      summary: 'Show what of its limits the tenant has used',
      tags: ['Tenants'],
      permission: 'settings:read',
      answers: { 200: usageView },
      refusals: [],
      run: async ({ principal }) => ({ status: 200, body: await usage(deps, principal.tenantId) }),
    }),
  ];
}

async function usage(
  { db, clock, settings }: { readonly db: Db; readonly clock: Clock; readonly settings: Settings },
  tenantId: string,
): Promise<z.input<typeof usageView>> {
  const now = clock.now();
  const month = monthOf(now);
  const limits = tenantId === INSTANCE_TENANT_ID ? undefined : limitsOf(settings, tenantId, now);
  const monthly = limits?.monthly;
  const warning = markWindow(tenantId, month, 'tenant.quota_warning', now);
  const rate = [];
  for (const { name, messages, seconds } of limits?.rate ?? []) {
    const { count, closesAt } = await lookInto(db, name, now);
    const resetsAt = closesAt === undefined ? null : toRfc3339(closesAt);
    rate.push({ messages, seconds, accepted: count, resetsAt });
  }
  return {
    month: month.name,
    endsAt: toRfc3339(month.endsAt),
    accepted: monthly === undefined ? null : (await lookInto(db, monthly.name, now)).count,
    monthly: monthly?.max ?? null,
    warned: monthly !== undefined && (await lookInto(db, warning.name, now)).count > 0,
    rate,
  };
}
