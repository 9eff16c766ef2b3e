/**
 * A step of the schema: messages are found by their collapse key.
 * Next: store.ts
 */
import { sql, type Kysely } from 'kysely';

export async function collapse(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex('messages_collapse')
    .on('messages')
    .columns(['tenant_id', 'collapse_key', 'id'])
    .where(sql.ref('collapse_key'), 'is not', null)
    .execute();
}
