/**
 * A step of the schema: verifications, and when mail for them was sent.
 * Next: store.ts
 */
import { sql, type Kysely } from 'kysely';

export async function verifications(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('verifications')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('tenant_id', 'text', (c) => c.notNull().references('tenants.id'))
    .addColumn('flow', 'text', (c) => c.notNull())
    .addColumn('address', 'text', (c) => c.notNull())
    .addColumn('address_key', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) =>
      c.notNull().check(sql`state in ('pending', 'approved', 'locked', 'superseded', 'revoked')`),
    )
    .addColumn('token_hash', 'text')
    .addColumn('code_hash', 'text')
    .addColumn('tries', 'integer', (c) => c.notNull())
    .addColumn('tries_max', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('message_id', 'text')
    .addColumn('data', 'text')
    .execute();
  await db.schema
    .createIndex('verifications_address')
    .on('verifications')
    .columns(['tenant_id', 'flow', 'address_key', 'subject'])
    .execute();
  await db.schema
    .createIndex('verifications_token')
    .on('verifications')
    .column('token_hash')
    .unique()
    .where(sql.ref('token_hash'), 'is not', null)
    .execute();
  await db.schema
    .createTable('verification_sends')
    .addColumn('tenant_id', 'text', (c) => c.notNull())
    .addColumn('flow', 'text', (c) => c.notNull())
    .addColumn('address_key', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('verification_id', 'text', (c) => c.notNull())
    .execute();
  await db.schema
    .createIndex('verification_sends_address')
    .on('verification_sends')
    .columns(['tenant_id', 'flow', 'address_key', 'at'])
    .execute();
}
