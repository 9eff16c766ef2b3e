/**
 * A step of the schema: whose verifications they are, in which language, where their link leads, who asked for them,
 * and how long their code counts.
 * Next: store.ts
 */
import { sql, type Kysely } from 'kysely';

export async function flows(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('verifications')
    .addColumn('audience', 'text', (c) =>
      c
        .notNull()
        .defaultTo('application')
        .check(sql`audience in ('application', 'posthorn')`),
    )
    .execute();
  await db.schema
    .alterTable('verifications')
    .addColumn('locale', 'text', (c) => c.notNull().defaultTo('en'))
    .execute();
  await db.schema
    .alterTable('verifications')
    .addColumn('landing', 'text', (c) =>
      c
        .notNull()
        .defaultTo('caller')
        .check(sql`landing in ('caller', 'hosted')`),
    )
    .execute();
  await db.schema
    .alterTable('verifications')
    .addColumn('asked_by', 'text', (c) =>
      c
        .notNull()
        .defaultTo('caller')
        .check(sql`asked_by in ('caller', 'stranger')`),
    )
    .execute();
  await db.schema.alterTable('verifications').addColumn('code_expires_at', 'bigint').execute();
  // Codes that were mailed before this step count as long as was promised then.
  await sql`update verifications set code_expires_at = expires_at where code_hash is not null`.execute(db);
  await db.schema
    .alterTable('verification_sends')
    .addColumn('audience', 'text', (c) => c.notNull().defaultTo('application'))
    .execute();
}
