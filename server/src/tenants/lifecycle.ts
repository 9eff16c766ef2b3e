/**
 * Suspending, resuming, deleting, restoring a tenant, and removing what is left of it after its grace period: the only
 * writer of its state.
 * Next: standing.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { problem } from '../http/http.ts';
import { deleteTenantRows, transaction, type Db } from '../store/store.ts';
import { deleteTenantRow, goneTenants, moveTenant, tenantById } from './queries.ts';
import type { TenantState } from './states.ts';
import { noTenant, type Tenant } from './tenant.ts';

export interface LifecycleDeps {
  readonly db: Db;
  readonly clock: Clock;
  /** Called after a change, before the answer: in this process it counts at once. */
  readonly changed: () => Promise<void>;
}

/** One that is suspended already gets the new reason. Throws `conflict`. */
export function suspendTenant(deps: LifecycleDeps, tenant: Tenant, reason: string): Promise<Tenant> {
  return move(deps, tenant, ['active', 'suspended'], 'suspended', (now) => ({
    state_reason: reason,
    suspended_at: tenant.suspendedAt ?? now,
  }));
}

/** Throws `conflict`. */
export function resumeTenant(deps: LifecycleDeps, tenant: Tenant): Promise<Tenant> {
  return move(deps, tenant, ['active', 'suspended'], 'active', () => ({
    state_reason: null,
    suspended_at: null,
  }));
}

/** One that is deleted already stays as it is: asking twice does not make its grace period longer. */
export function deleteTenant(deps: LifecycleDeps, tenant: Tenant, graceMs: number): Promise<Tenant> {
  if (tenant.state === 'deleted') return Promise.resolve(tenant);
  return move(deps, tenant, ['active', 'suspended'], 'deleted', (now) => ({
    deleted_at: now,
    gone_at: now + graceMs,
  }));
}

/** Brings it back as it was, suspended or not. Throws `conflict`. */
export function restoreTenant(deps: LifecycleDeps, tenant: Tenant): Promise<Tenant> {
  const before = tenant.suspendedAt === null ? 'active' : 'suspended';
  return move(deps, tenant, ['deleted'], before, () => ({ deleted_at: null, gone_at: null }));
}

async function move(
  { db, clock, changed }: LifecycleDeps,
  { id, slug }: Tenant,
  from: readonly TenantState[],
  to: TenantState,
  change: (now: number) => Parameters<typeof moveTenant>[3],
): Promise<Tenant> {
  const now = clock.now();
  const { moved, tenant } = await transaction(db, async (tx) => ({
    moved: await moveTenant(tx, id, { from, to, now }, change(now)),
    tenant: await tenantById(tx, id),
  }));
  if (tenant === undefined) throw noTenant(slug);
  if (!moved) throw wrongState(tenant, now);
  await changed();
  return tenant;
}

function wrongState({ slug, state, goneAt }: Tenant, now: number) {
  const over = goneAt !== null && goneAt <= now;
  const detail = over
    ? `The grace period of the tenant “${slug}” is over; it is being removed.`
    : `The tenant “${slug}” is ${state}.${state === 'deleted' ? ' Restore it first.' : ''}`;
  return problem('conflict', { detail });
}

/**
 * Removes every row of the tenants whose grace period is over, and with the last their slug is free. Safe to be stopped
 * anywhere and to run on several nodes. Answers how many went. `keep` are slugs that the configuration file declares:
 * what a file names is not thrown away. `changed` is called when something went.
 */
export async function purgeTenants(
  { db, clock, log }: { readonly db: Db; readonly clock: Clock; readonly log: Log },
  keep: readonly string[],
  changed: () => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  const gone = (await goneTenants(db, clock.now())).filter(({ slug }) => !keep.includes(slug));
  for (const { id, slug } of gone) {
    await deleteTenantRows(db, id);
    await deleteTenantRow(db, id);
    log.info({ tenant: slug }, 'a deleted tenant is gone with everything that it had');
  }
  if (gone.length > 0) await changed();
  return gone.length;
}
