/**
 * Settings of connections become revisions, and sealed secrets belong to one of them: what was in force stays so as the
 * first recorded revision. `connections` keeps what is not versioned, and a version that grows with every change.
 */
import { sql, type Kysely } from 'kysely';
import { newId } from '../base/id.ts';

interface Before {
  connections: { id: string; settings: string; revision: number; managed_by: string; updated_at: number };
  connection_secrets: { connection_id: string; field: string; sealed: string; rotated_at: number };
}
interface Made {
  connection_revisions: Record<string, string | number | null>;
  revision_secrets: Record<string, string | number | null>;
}

export async function revisions(db: Kysely<unknown>): Promise<void> {
  await tables(db);
  await carryOver(db);
  await db.schema.dropTable('connection_secrets').execute();
  await db.schema.alterTable('revision_secrets').renameTo('connection_secrets').execute();

  const status = sql`status in ('draft', 'active', 'off')`;
  await db.schema
    .alterTable('connections')
    .addColumn('status', 'text', (c) => c.notNull().defaultTo('active').check(status))
    .execute();
  await db.schema
    .alterTable('connections')
    .addColumn('version', 'bigint', (c) => c.notNull().defaultTo(1))
    .execute();
  await db.schema.alterTable('connections').dropColumn('settings').execute();
  await db.schema.alterTable('connections').dropColumn('revision').execute();
}

async function tables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('connection_revisions')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('connection_id', 'text', (c) => c.notNull().references('connections.id').onDelete('cascade'))
    .addColumn('number', 'bigint', (c) => c.notNull())
    .addColumn('state', 'text', (c) =>
      c.notNull().check(sql`state in ('draft', 'proved', 'active', 'superseded')`),
    )
    .addColumn('settings', 'text', (c) => c.notNull())
    .addColumn('fingerprint', 'text')
    .addColumn('origin', 'text', (c) =>
      c.notNull().check(sql`origin in ('saved', 'restored', 'returned', 'file')`),
    )
    .addColumn('based_on', 'bigint')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('created_by', 'text', (c) => c.notNull())
    .addColumn('proved_at', 'bigint')
    .addColumn('proved_by', 'text')
    .addColumn('activated_at', 'bigint')
    .addColumn('activated_by', 'text')
    .addColumn('force_reason', 'text')
    .addColumn('superseded_at', 'bigint')
    .addColumn('returned', 'text')
    .addColumn('trial_since', 'bigint')
    .addColumn('returns_to', 'text')
    .addUniqueConstraint('connection_revisions_number', ['connection_id', 'number'])
    .execute();
  // One in force and one that waits, whoever writes at the same time.
  await sql`create unique index connection_revisions_active on connection_revisions (connection_id)
    where state = 'active'`.execute(db);
  await sql`create unique index connection_revisions_open on connection_revisions (connection_id)
    where state in ('draft', 'proved')`.execute(db);
  await db.schema
    .createTable('revision_secrets')
    .addColumn('revision_id', 'text', (c) =>
      c.notNull().references('connection_revisions.id').onDelete('cascade'),
    )
    .addColumn('field', 'text', (c) => c.notNull())
    .addColumn('sealed', 'text')
    .addColumn('since', 'bigint', (c) => c.notNull())
    .addColumn('rotated_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('revision_secrets_key', ['revision_id', 'field'])
    .execute();
}

async function carryOver(db: Kysely<Before & Made>): Promise<void> {
  const connections = await db.selectFrom('connections').selectAll().execute();
  for (const { id, settings, revision, managed_by, updated_at } of connections) {
    const made = newId('rev');
    const by = managed_by === 'file' ? 'file' : 'unknown';
    await db
      .insertInto('connection_revisions')
      .values({
        ...{ id: made, connection_id: id, number: revision, state: 'active', settings },
        ...{ origin: managed_by === 'file' ? 'file' : 'saved', created_at: updated_at, created_by: by },
        ...{ activated_at: updated_at, activated_by: by },
      })
      .execute();
    const secrets = await db
      .selectFrom('connection_secrets')
      .selectAll()
      .where('connection_id', '=', id)
      .execute();
    for (const { field, sealed, rotated_at } of secrets) {
      await db
        .insertInto('revision_secrets')
        .values({ revision_id: made, field, sealed, since: revision, rotated_at })
        .execute();
    }
  }
}
