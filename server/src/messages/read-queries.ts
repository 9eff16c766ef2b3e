/**
 * The SQL that reads messages for people. Every statement that finds one names the tenant.
 * Next: list-queries.ts
 */
import type { MessageClass, RecipientKind, RecipientState } from '../delivery/delivery.ts';
import type { Db, Tx } from '../store/store.ts';

interface ReadTables {
  messages: {
    tenant_id: string;
    id: string;
    created_at: number;
    class: MessageClass;
    from_address: string;
    from_name: string | null;
    subject: string;
    message_id: string;
    connection: string | null;
    send_at: number | null;
    expires_at: number;
    size_bytes: number;
    tags: string | null;
    metadata: string | null;
    key_id: string;
    idempotency_key: string | null;
    collapse_key: string | null;
    resend_of: string | null;
    content_flags: number;
  };
  recipients: {
    message_id: string;
    position: number;
    tenant_id: string;
    kind: RecipientKind;
    address: string;
    address_key: string;
    state: RecipientState;
    attempts: number;
    error_id: string | null;
    reply: string | null;
    connection_id: string | null;
    next_at: number | null;
    updated_at: number;
  };
  attempts: {
    message_id: string;
    id: string;
    tenant_id: string;
    connection_id: string;
    connection_name: string;
    started_at: number;
    ended_at: number;
    outcome: string;
    error_id: string | null;
    reply: string | null;
    detail: string;
  };
  jobs: { kind: string; id: string; state: string };
}

export type MessageRow = ReadTables['messages'];
export type RecipientRow = ReadTables['recipients'];
export type AttemptReadRow = ReadTables['attempts'];

const tables = (db: Db | Tx) => db.tables<ReadTables>();

export async function readMessage(
  db: Db | Tx,
  tenantId: string,
  id: string,
): Promise<MessageRow | undefined> {
  return tables(db)
    .selectFrom('messages')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
}

export async function readRecipients(db: Db | Tx, messageIds: readonly string[]): Promise<RecipientRow[]> {
  if (messageIds.length === 0) return [];
  return tables(db)
    .selectFrom('recipients')
    .selectAll()
    .where('message_id', 'in', [...messageIds])
    .orderBy('message_id')
    .orderBy('position')
    .execute();
}

/** Messages that a worker has right now, among these. */
export async function readRunning(db: Db | Tx, messageIds: readonly string[]): Promise<Set<string>> {
  if (messageIds.length === 0) return new Set();
  const rows = await tables(db)
    .selectFrom('jobs')
    .select('id')
    .where('kind', '=', 'delivery')
    .where('id', 'in', [...messageIds])
    .where('state', '=', 'running')
    .execute();
  return new Set(rows.map((row) => row.id));
}

export async function readAttempts(db: Db, tenantId: string, messageId: string): Promise<AttemptReadRow[]> {
  return tables(db)
    .selectFrom('attempts')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('message_id', '=', messageId)
    .orderBy('id')
    .execute();
}
