/**
 * SQL of the `tenants` table; only this file names it.
 * Next: tenants.ts
 */
import type { Db, Tx } from '../store/store.ts';
import type { TenantState } from './states.ts';
import { INSTANCE_SLUG, type Tenant } from './tenant.ts';

interface TenantRow {
  id: string;
  slug: string;
  name: string;
  created_at: number;
  state: TenantState;
  state_reason: string | null;
  suspended_at: number | null;
  deleted_at: number | null;
  gone_at: number | null;
}

interface TenantTables {
  tenants: TenantRow;
}

export async function tenantBySlug(db: Db | Tx, slug: string): Promise<Tenant | undefined> {
  return one(await select(db).where('slug', '=', slug).executeTakeFirst());
}

export async function tenantById(db: Db | Tx, id: string): Promise<Tenant | undefined> {
  return one(await select(db).where('id', '=', id).executeTakeFirst());
}

/** Those that exist of these slugs. */
export async function tenantsBySlug(
  db: Db | Tx,
  slugs: readonly string[],
): Promise<ReadonlyMap<string, Tenant>> {
  if (slugs.length === 0) return new Map();
  const rows = await select(db)
    .where('slug', 'in', [...slugs])
    .execute();
  return new Map(rows.map((row) => [row.slug, tenantOf(row)]));
}

/** Tenants after this id, in the order of their ids, without the instance; of one state only when it is named. */
export async function tenantsAfter(
  db: Db,
  after: string | undefined,
  limit: number,
  state?: TenantState,
): Promise<Tenant[]> {
  const rows = await select(db)
    .where('slug', '<>', INSTANCE_SLUG)
    .$if(state !== undefined, (query) => query.where('state', '=', state ?? 'active'))
    .$if(after !== undefined, (query) => query.where('id', '>', after ?? ''))
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(tenantOf);
}

/** Leaves a tenant that has the slug already as it is, also when another node makes it at this moment. */
export async function insertTenant(tx: Tx, tenant: Tenant): Promise<void> {
  await tx
    .tables<TenantTables>()
    .insertInto('tenants')
    .values({
      id: tenant.id,
      slug: tenant.slug,
      name: tenant.name,
      created_at: tenant.createdAt,
      state: tenant.state,
      state_reason: tenant.stateReason,
      suspended_at: tenant.suspendedAt,
      deleted_at: tenant.deletedAt,
      gone_at: tenant.goneAt,
    })
    .onConflict((conflict) => conflict.column('slug').doNothing())
    .execute();
}

export async function renameTenant(tx: Tx, slug: string, name: string): Promise<void> {
  await tx
    .tables<TenantTables>()
    .updateTable('tenants')
    .set({ name })
    .where('slug', '=', slug)
    .where('name', '<>', name)
    .execute();
}

/**
 * Moves a tenant that is in one of these states; `false` when it is not. One that is deleted must not be gone yet: its
 * rows may be being removed at this moment.
 */
export async function moveTenant(
  tx: Tx,
  id: string,
  move: { readonly from: readonly TenantState[]; readonly to: TenantState; readonly now: number },
  change: Partial<Pick<TenantRow, 'state_reason' | 'suspended_at' | 'deleted_at' | 'gone_at'>>,
): Promise<boolean> {
  const result = await tx
    .tables<TenantTables>()
    .updateTable('tenants')
    .set({ state: move.to, ...change })
    .where('id', '=', id)
    .where('state', 'in', [...move.from])
    .where((row) => row.or([row('gone_at', 'is', null), row('gone_at', '>', move.now)]))
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Those that may not send now, by id. */
export async function stoppedTenants(db: Db): Promise<ReadonlyMap<string, Exclude<TenantState, 'active'>>> {
  const rows = await db
    .tables<TenantTables>()
    .selectFrom('tenants')
    .select(['id', 'state'])
    .where('state', '<>', 'active')
    .orderBy('id')
    .execute();
  return new Map(rows.flatMap(({ id, state }) => (state === 'active' ? [] : [[id, state] as const])));
}

/** Those whose grace period is over. */
export async function goneTenants(db: Db, now: number): Promise<Tenant[]> {
  const rows = await select(db)
    .where('state', '=', 'deleted')
    .where('gone_at', '<=', now)
    .orderBy('id')
    .execute();
  return rows.map(tenantOf);
}

/** The last step: the slug is free then. */
export async function deleteTenantRow(db: Db, id: string): Promise<void> {
  await db
    .tables<TenantTables>()
    .deleteFrom('tenants')
    .where('id', '=', id)
    .where('state', '=', 'deleted')
    .execute();
}

/** Makes whoever else locks this tenant wait until the transaction ends; on SQLite writers wait anyway. */
export async function lockTenant(tx: Tx, tenantId: string): Promise<void> {
  await tx
    .tables<TenantTables>()
    .updateTable('tenants')
    .set((eb) => ({ name: eb.ref('name') }))
    .where('id', '=', tenantId)
    .execute();
}

function select(db: Db | Tx) {
  return db.tables<TenantTables>().selectFrom('tenants').selectAll();
}

function one(row: TenantRow | undefined): Tenant | undefined {
  return row && tenantOf(row);
}

function tenantOf(row: TenantRow): Tenant {
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    createdAt: row.created_at,
    state: row.state,
    stateReason: row.state_reason,
    suspendedAt: row.suspended_at,
    deletedAt: row.deleted_at,
    goneAt: row.gone_at,
  };
}
