/**
 * A step of the schema: settings that tenants and the instance have of their own.
 * Next: store.ts
 */
import type { Kysely } from 'kysely';

/** One row per setting that is set; what is not set has no row. */
export async function settings(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('settings')
    .addColumn('tenant_id', 'text', (c) => c.notNull().references('tenants.id'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('value', 'text', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_by', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('settings_key', ['tenant_id', 'name'])
    .execute();
}
