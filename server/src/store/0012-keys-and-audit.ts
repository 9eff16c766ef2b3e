/**
 * A step of the schema: what narrows a key and where it was used last, and the audit log with the head of each chain.
 * Next: store.ts
 */
import { sql, type Kysely } from 'kysely';

export async function keysAndAudit(db: Kysely<unknown>): Promise<void> {
  for (const column of [
    'permissions',
    'networks',
    'notes',
    'created_by',
    'last_used_address',
    'last_used_agent',
  ])
    await db.schema.alterTable('api_keys').addColumn(column, 'text').execute();
  await db.schema
    .createIndex('api_keys_tenant')
    .ifNotExists()
    .on('api_keys')
    .columns(['tenant_id', 'id'])
    .execute();
  await db.schema
    .createTable('audit_log')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('tenant_id', 'text', (c) => c.notNull())
    .addColumn('seq', 'bigint', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('actor_id', 'text', (c) => c.notNull())
    .addColumn('actor_name', 'text', (c) => c.notNull())
    .addColumn('actor_kind', 'text', (c) =>
      c.notNull().check(sql`actor_kind in ('key', 'person', 'local', 'public')`),
    )
    .addColumn('actor_home', 'text')
    .addColumn('via', 'text', (c) => c.notNull().check(sql`via in ('api', 'console', 'cli', 'page')`))
    .addColumn('address', 'text')
    .addColumn('agent', 'text')
    .addColumn('operation', 'text', (c) => c.notNull())
    .addColumn('thing_type', 'text', (c) => c.notNull())
    .addColumn('thing_id', 'text')
    .addColumn('changes', 'text', (c) => c.notNull())
    .addColumn('reason', 'text')
    .addColumn('hash', 'text', (c) => c.notNull())
    .addUniqueConstraint('audit_log_chain', ['tenant_id', 'seq'])
    .execute();
  await db.schema.createIndex('audit_log_id').on('audit_log').columns(['tenant_id', 'id']).execute();
  await db.schema
    .createTable('audit_heads')
    .addColumn('tenant_id', 'text', (c) => c.primaryKey())
    .addColumn('seq', 'bigint', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull())
    .execute();
}
