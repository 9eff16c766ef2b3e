/**
 * A step of the schema: tenants can be suspended and deleted, and claim the addresses that they may send as.
 * The CHECKs repeat `tenants/states.ts`.
 */
import { sql, type Kysely } from 'kysely';

export async function tenants(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('tenants')
    .addColumn('state', 'text', (c) =>
      c
        .notNull()
        .defaultTo('active')
        .check(sql`state in ('active', 'suspended', 'deleted')`),
    )
    .execute();
  for (const name of ['suspended_at', 'deleted_at', 'gone_at'])
    await db.schema.alterTable('tenants').addColumn(name, 'bigint').execute();
  await db.schema.alterTable('tenants').addColumn('state_reason', 'text').execute();
  // Few rows, looked at every moment: who may not send now.
  await sql`create index tenants_stopped on tenants (state) where state <> 'active'`.execute(db);

  await db.schema
    .createTable('sender_claims')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('tenant_id', 'text', (c) => c.notNull().references('tenants.id'))
    // An address, or `@domain`, as `senderKey` of `mail/` writes it.
    .addColumn('sender', 'text', (c) => c.notNull())
    .addColumn('domain', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull().check(sql`state in ('pending', 'verified')`))
    .addColumn('token', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('created_by', 'text', (c) => c.notNull())
    .addColumn('checked_at', 'bigint')
    .addColumn('found', 'text')
    .addColumn('verified_at', 'bigint')
    .addColumn('verified_by', 'text')
    .addUniqueConstraint('sender_claims_once', ['tenant_id', 'sender'])
    .execute();
  // Whatever two nodes do at the same time, a sender is one tenant's.
  await sql`create unique index sender_claims_verified on sender_claims (sender) where state = 'verified'`.execute(
    db,
  );
  await db.schema.createIndex('sender_claims_domain').on('sender_claims').columns(['domain']).execute();
}
