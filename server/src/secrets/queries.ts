/**
 * The SQL of the tenants' wrapped data keys and of which master key is the current one.
 * Next: rotation.ts
 */
import { sql } from 'kysely';
import type { Db, Tx } from '../store/store.ts';

export interface SecretTables {
  data_keys: { tenant_id: string; key_id: string; wrapped: string; created_at: number };
  master_keys: { id: string; state: 'current' | 'previous'; created_at: number };
}

export type DataKeyRow = SecretTables['data_keys'];

const tables = (db: Db | Tx) => db.tables<SecretTables>();

/** Id of the master key that a row is wrapped under: `v1.<id>.…`. */
const wrappedUnder = sql<string>`substr(wrapped, 4, 8)`;

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

/** Whether any data key was ever made here. */
export async function hasDataKey(db: Db | Tx): Promise<boolean> {
  return (
    (await tables(db).selectFrom('data_keys').select('key_id').limit(1).executeTakeFirst()) !== undefined
  );
}

/** Adds a key unless one with this id is there: of several nodes that add a tenant's first key, one wins. */
export async function addDataKey(tx: Tx, row: DataKeyRow): Promise<void> {
  await tables(tx)
    .insertInto('data_keys')
    .values(row)
    .onConflict((conflict) => conflict.column('key_id').doNothing())
    .execute();
}

/** How many data keys each master key wraps, with one of them to try the master key on. */
export async function countWrapped(
  db: Db | Tx,
): Promise<{ masterKeyId: string; count: number; sampleKeyId: string }[]> {
  const rows = await tables(db)
    .selectFrom('data_keys')
    .select([
      wrappedUnder.as('masterKeyId'),
      (e) => e.fn.countAll<number | string>().as('count'),
      (e) => e.fn.min('key_id').as('sampleKeyId'),
    ])
    .groupBy(wrappedUnder)
    .orderBy(wrappedUnder)
    .execute();
  return rows.map((row) => ({ ...row, count: Number(row.count) }));
}

export async function readAnyDataKey(db: Db | Tx, keyId: string): Promise<DataKeyRow | undefined> {
  return await tables(db).selectFrom('data_keys').selectAll().where('key_id', '=', keyId).executeTakeFirst();
}

/** Keys after `after`, in the order of their ids. */
export async function readDataKeys(db: Db | Tx, after: string, max: number): Promise<DataKeyRow[]> {
  return await tables(db)
    .selectFrom('data_keys')
    .selectAll()
    .where('key_id', '>', after)
    .orderBy('key_id')
    .limit(max)
    .execute();
}

/** Those of them that another master key than `masterKeyId` wraps. */
export async function readDataKeysUnderOthers(
  db: Db | Tx,
  masterKeyId: string,
  after: string,
  max: number,
): Promise<DataKeyRow[]> {
  return await tables(db)
    .selectFrom('data_keys')
    .selectAll()
    .where(wrappedUnder, '<>', masterKeyId)
    .where('key_id', '>', after)
    .orderBy('key_id')
    .limit(max)
    .execute();
}

/** Replaces a wrapping, if it is still the one that was read. */
export async function rewrapDataKey(tx: Tx, row: DataKeyRow, wrapped: string): Promise<void> {
  await tables(tx)
    .updateTable('data_keys')
    .set({ wrapped })
    .where('key_id', '=', row.key_id)
    .where('wrapped', '=', row.wrapped)
    .execute();
}

export async function readCurrentMasterKeyId(db: Db | Tx): Promise<string | undefined> {
  const row = await tables(db)
    .selectFrom('master_keys')
    .select('id')
    .where('state', '=', 'current')
    .executeTakeFirst();
  return row?.id;
}

/**
 * Whether this is the current master key, and keeps it so until the transaction ends: the update locks the row. The
 * first key that is asked for in a database without any becomes the current one.
 */
export async function holdCurrentMasterKey(tx: Tx, id: string, now: number): Promise<boolean> {
  if (await lockCurrent(tx, id)) return true;
  await tables(tx)
    .insertInto('master_keys')
    .values({ id, state: 'current', created_at: now })
    .onConflict((conflict) => conflict.doNothing()) // there is a current one already, and this is not it
    .execute();
  return await lockCurrent(tx, id);
}

async function lockCurrent(tx: Tx, id: string): Promise<boolean> {
  const result = await tables(tx)
    .updateTable('master_keys')
    .set({ state: 'current' })
    .where('id', '=', id)
    .where('state', '=', 'current')
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** Makes another key the current one. The caller holds the one that is. */
export async function switchMasterKey(tx: Tx, from: string, to: string, now: number): Promise<void> {
  if (from === to) return;
  await tables(tx).updateTable('master_keys').set({ state: 'previous' }).where('id', '=', from).execute();
  await tables(tx)
    .insertInto('master_keys')
    .values({ id: to, state: 'current', created_at: now })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ state: 'current' }))
    .execute();
}

/** Forgets keys that wrap nothing and are not the current one. */
export async function forgetMasterKeys(tx: Tx): Promise<void> {
  await tables(tx)
    .deleteFrom('master_keys')
    .where('state', '=', 'previous')
    .where('id', 'not in', (e) => e.selectFrom('data_keys').select(wrappedUnder.as('id')))
    .execute();
}
