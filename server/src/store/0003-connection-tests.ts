/**
 * Tests of connections: one row a run, kept for 30 days. What a run found is one JSON text, its events in order.
 */
import { sql, type Kysely } from 'kysely';

export async function connectionTests(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('connection_tests')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('tenant_id', 'text', (c) => c.notNull().references('tenants.id'))
    // No reference: what was found outlives the connection, and unsaved settings have none.
    .addColumn('connection_id', 'text')
    .addColumn('run_key', 'text', (c) => c.notNull())
    .addColumn('key_id', 'text', (c) => c.notNull())
    .addColumn('with_mail', 'smallint', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull().check(sql`status in ('running', 'passed', 'failed')`))
    .addColumn('fingerprint', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('started_at', 'bigint', (c) => c.notNull())
    .addColumn('seen_at', 'bigint', (c) => c.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('failed_stage', 'text')
    .addColumn('events', 'text', (c) => c.notNull())
    .addCheckConstraint('connection_tests_end', sql`(status = 'running') = (ended_at is null)`)
    .execute();
  const index = (name: string) => db.schema.createIndex(name).on('connection_tests');
  await index('connection_tests_list').columns(['tenant_id', 'id']).execute();
  await index('connection_tests_of').columns(['tenant_id', 'connection_id', 'id']).execute();
  await index('connection_tests_by').columns(['key_id', 'started_at']).execute();
  await index('connection_tests_in').columns(['tenant_id', 'started_at']).execute();
  await index('connection_tests_proof').columns(['tenant_id', 'fingerprint', 'status']).execute();
  // One run at a time of one connection, on however many nodes.
  await sql`create unique index connection_tests_running on connection_tests (tenant_id, run_key) where status = 'running'`.execute(
    db,
  );
}
