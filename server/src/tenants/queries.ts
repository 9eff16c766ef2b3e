/**
 * SQL of the `tenants` table; only this file names it.
 * Next: tenants.ts
 */
import type { Db, Tx } from '../store/store.ts';
import type { Tenant } from './tenants.ts';

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

function select(db: Db | Tx) {
  return db.tables<TenantTables>().selectFrom('tenants').select(['id', 'slug', 'name', 'created_at']);
}

function one(row: TenantRow | undefined): Tenant | undefined {
  return row && { id: row.id, slug: row.slug, name: row.name, createdAt: row.created_at };
}
