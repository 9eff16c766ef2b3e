/**
 * Every row of a tenant, for when it is removed for good. The list is held against the schema by a test: a new table with
 * a `tenant_id` has to be named here. Rows without one go with what they belong to, by cascade or by the message's id.
 */
import { sql } from 'kysely';
import type { Db } from './store.ts';
import { transaction } from './transaction.ts';

/** Tables with rows of a message, and the column that holds its id. */
const OF_MESSAGE = {
  message_content: 'message_id',
  recipients: 'message_id',
  message_tags: 'message_id',
  attempts: 'message_id',
  events: 'subject_id',
  jobs: 'id',
} as const;

/** Tables with a `tenant_id`; what others refer to comes after them. */
export const TENANT_TABLES = [
  'jobs',
  'attempts',
  'events',
  'recipients',
  'message_tags',
  'messages',
  'idempotency_keys',
  'verifications',
  'verification_sends',
  'oauth_states',
  'connection_tests',
  'connections',
  'sender_claims',
  'settings',
  'memberships',
  'invitations',
  'audit_log',
  'audit_heads',
  'api_keys',
  'data_keys',
] as const;

/** A transaction of this size keeps other writers waiting for a moment only. */
const MESSAGES_AT_ONCE = 200;

/** Removes all of them but the tenant itself: messages in portions, and then whatever is left. */
export async function deleteTenantRows(db: Db, tenantId: string): Promise<void> {
  for (;;) {
    const ids = await someMessages(db, tenantId);
    if (ids.length === 0) break;
    await transaction(db, async (tx) => {
      const list = sql.join(ids);
      for (const [table, column] of Object.entries(OF_MESSAGE))
        await sql`delete from ${sql.table(table)} where ${sql.ref(column)} in (${list})`.execute(tx.tables());
      await sql`delete from messages where tenant_id = ${tenantId} and id in (${list})`.execute(tx.tables());
    });
  }
  await transaction(db, async (tx) => {
    for (const table of TENANT_TABLES)
      await sql`delete from ${sql.table(table)} where tenant_id = ${tenantId}`.execute(tx.tables());
  });
}

async function someMessages(db: Db, tenantId: string): Promise<string[]> {
  const found = await sql<{ id: string }>`select id from messages where tenant_id = ${tenantId}
    limit ${sql.lit(MESSAGES_AT_ONCE)}`.execute(db.tables());
  return found.rows.map(({ id }) => id);
}
