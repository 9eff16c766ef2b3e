/**
 * SQL of the `tenants` table; only this file names it.
 * Next: tenants.ts
 */
import type { Db, Tx } from '../store/store.ts';
import { INSTANCE_SLUG, type Tenant } from './tenant.ts';

interface TenantRow {
  id: string;
  slug: string;
  name: string;
  created_at: number;
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

/** Tenants after this id, in the order of their ids, without the instance. */
export async function tenantsAfter(db: Db, after: string | undefined, limit: number): Promise<Tenant[]> {
  const rows = await select(db)
    .where('slug', '<>', INSTANCE_SLUG)
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
    .values({ id: tenant.id, slug: tenant.slug, name: tenant.name, created_at: tenant.createdAt })
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
  return db.tables<TenantTables>().selectFrom('tenants').select(['id', 'slug', 'name', 'created_at']);
}

function one(row: TenantRow | undefined): Tenant | undefined {
  return row && tenantOf(row);
}

function tenantOf(row: TenantRow): Tenant {
  return { id: row.id, slug: row.slug, name: row.name, createdAt: row.created_at };
}
