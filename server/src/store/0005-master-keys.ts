/**
 * Which master key wraps new data keys. A database that has data keys already names the key of the oldest.
 * The row of the current key is also the lock between a rotation and the making of a data key (K7).
 */
import { sql, type Kysely } from 'kysely';

export async function masterKeys(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('master_keys')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('state', 'text', (c) => c.notNull().check(sql`state in ('current', 'previous')`))
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute();
  await sql`create unique index master_keys_current on master_keys (state) where state = 'current'`.execute(
    db,
  );
  // `wrapped` is `v1.<8 digits of the master key's id>.…`
  await sql`insert into master_keys (id, state, created_at)
    select substr(wrapped, 4, 8), 'current', created_at from data_keys order by created_at, key_id limit 1`.execute(
    db,
  );
}
