/**
 * A step of the schema: how often something happened within a span of time.
 * Next: counted-windows.ts
 */
import type { Kysely } from 'kysely';

export async function countedWindows(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('counted_windows')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('closes_at', 'bigint', (c) => c.notNull())
    .addColumn('count', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('counted_windows_closed').on('counted_windows').column('closes_at').execute();
}
