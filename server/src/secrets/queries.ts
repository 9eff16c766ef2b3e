/**
 * The SQL of the tenants' wrapped data keys. Rows are only ever added.
 * Next: secrets.ts
 */
import type { Db, Tx } from '../store/store.ts';

export interface SecretTables {
  data_keys: { tenant_id: string; key_id: string; wrapped: string; created_at: number };
}

export type DataKeyRow = SecretTables['data_keys'];

const tables = (db: Db | Tx) => db.tables<SecretTables>();

/** The tenant's key to seal with: its newest. */
export async function readNewestDataKey(db: Db | Tx, tenantId: string): Promise<DataKeyRow | undefined> {
  return await tables(db)
    .selectFrom('data_keys')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .orderBy('created_at', 'desc')
    .orderBy('key_id')
    .limit(1)
    .executeTakeFirst();
}

/** One key of this tenant; another tenant's key is not found. */
export async function readDataKey(
  db: Db | Tx,
  tenantId: string,
  keyId: string,
): Promise<DataKeyRow | undefined> {
  return await tables(db)
    .selectFrom('data_keys')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('key_id', '=', keyId)
    .executeTakeFirst();
}

/** The oldest key of any tenant, to try a master key on. */
export async function readOldestDataKey(db: Db | Tx): Promise<DataKeyRow | undefined> {
  return await tables(db)
    .selectFrom('data_keys')
    .selectAll()
    .orderBy('created_at')
    .orderBy('key_id')
    .limit(1)
    .executeTakeFirst();
}

/** Adds a key unless one with this id is there: of several nodes that add a tenant's first key, one wins. */
export async function addDataKey(db: Db | Tx, row: DataKeyRow): Promise<void> {
  await tables(db)
    .insertInto('data_keys')
    .values(row)
    .onConflict((conflict) => conflict.column('key_id').doNothing())
    .execute();
}
