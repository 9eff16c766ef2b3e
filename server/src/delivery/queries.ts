/**
 * Delivery's SQL: recipients and attempts, and reading messages and their content for an attempt.
 * `messages/queries.ts` writes messages; here they are only read.
 * Next: settle.ts
 */
import type { Db, Tx } from '../store/store.ts';
import {
  INLINE_MAX_BYTES,
  storedAddress,
  type Letter,
  type LetterRecipient,
  type MessageClass,
} from './letter.ts';
import { PENDING_STATES, type RecipientState } from './states.ts';

interface DeliveryTables {
  messages: {
    tenant_id: string;
    id: string;
    created_at: number;
    class: MessageClass;
    from_address: string;
    connection: string | null;
    expires_at: number;
    size_bytes: number;
    content_flags: number;
    capture_only: number;
  };
  message_content: { message_id: string; part: number; bytes: Uint8Array };
  recipients: {
    message_id: string;
    position: number;
    tenant_id: string;
    address: string;
    state: RecipientState;
    attempts: number;
    error_id: string | null;
    reply: string | null;
    connection_id: string | null;
    next_at: number | null;
    updated_at: number;
  };
}

const tables = (db: Db | Tx) => db.tables<DeliveryTables>();

export const UTF8_HEADERS = 1;
export const EIGHT_BIT = 2;
/** Holds a code or a link that only its recipient may see. */
export const SENSITIVE = 4;
/** It opens this server itself: it is shown to nobody, captured or not. */
export const SECRET = 8;
/** Its content is stored sealed. */
export const SEALED = 16;

/** Letters by message id; small contents come along. A message whose row is gone is missing from the answer. */
export async function loadLetters(
  db: Db,
  wanted: readonly { tenantId: string; id: string }[],
): Promise<Map<string, Letter>> {
  if (wanted.length === 0) return new Map();
  const ids = wanted.map((item) => item.id);
  const tenantIds = [...new Set(wanted.map((item) => item.tenantId))];
  const messages = await tables(db)
    .selectFrom('messages')
    .select([
      'tenant_id',
      'id',
      'created_at',
      'class',
      'from_address',
      'connection',
      'expires_at',
      'size_bytes',
      'content_flags',
      'capture_only',
    ])
    .where('tenant_id', 'in', tenantIds)
    .where('id', 'in', ids)
    .execute();
  const recipients = await tables(db)
    .selectFrom('recipients')
    .select(['message_id', 'position', 'address', 'state', 'attempts', 'next_at', 'connection_id'])
    .where('message_id', 'in', ids)
    .where('state', 'in', [...PENDING_STATES])
    .orderBy('message_id')
    .orderBy('position')
    .execute();
  const small = messages
    .filter((row) => row.size_bytes <= INLINE_MAX_BYTES && (row.content_flags & SEALED) === 0)
    .map((message) => message.id);
  const contents = await readSmall(db, small);

  const byMessage = Map.groupBy(recipients, (row) => row.message_id);
  return new Map(
    messages.map((row) => [
      row.id,
      {
        id: row.id,
        tenantId: row.tenant_id,
        class: row.class,
        from: storedAddress(row.from_address),
        wanted: row.connection,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
        sizeBytes: row.size_bytes,
        utf8Headers: (row.content_flags & UTF8_HEADERS) !== 0,
        eightBit: (row.content_flags & EIGHT_BIT) !== 0,
        captureOnly: row.capture_only === 1,
        sealed: (row.content_flags & SEALED) !== 0,
        recipients: (byMessage.get(row.id) ?? []).map(letterRecipient),
        content: contents.get(row.id) ?? null,
      },
    ]),
  );
}

function letterRecipient(
  row: Pick<
    DeliveryTables['recipients'],
    'position' | 'address' | 'state' | 'attempts' | 'next_at' | 'connection_id'
  >,
): LetterRecipient {
  return {
    position: row.position,
    address: storedAddress(row.address),
    state: row.state,
    attempts: row.attempts,
    nextAt: row.next_at,
    connectionId: row.connection_id,
  };
}

async function readSmall(db: Db, ids: readonly string[]): Promise<Map<string, Buffer>> {
  if (ids.length === 0) return new Map();
  const rows = await tables(db)
    .selectFrom('message_content')
    .select(['message_id', 'bytes'])
    .where('message_id', 'in', [...ids])
    .where('part', '=', 0)
    .execute();
  return new Map(rows.map((row) => [row.message_id, asBuffer(row.bytes)]));
}

/** The content part by part, each read when the one before has been used. */
export async function* readContent(db: Db, messageId: string): AsyncGenerator<Buffer> {
  for (let part = 0; ; part += 1) {
    const row = await tables(db)
      .selectFrom('message_content')
      .select('bytes')
      .where('message_id', '=', messageId)
      .where('part', '=', part)
      .executeTakeFirst();
    if (row === undefined) return;
    yield asBuffer(row.bytes);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const SETTLE_RECIPIENT = `update recipients set state = $3, attempts = $4, error_id = $5, reply = $6, connection_id = $7,
  next_at = $8, updated_at = $9 where message_id = $1 and position = $2`;

export interface RecipientChange {
  readonly position: number;
  readonly state: RecipientState;
  readonly attempts: number;
  readonly errorId: string | null;
  readonly reply: string | null;
  readonly connectionId: string | null;
  readonly nextAt: number | null;
}

/** Writes recipients' new states. Only `settle.ts` calls this. */
export async function writeRecipients(
  tx: Tx,
  now: number,
  changes: readonly { messageId: string; change: RecipientChange }[],
): Promise<void> {
  const parameters = changes.map(({ messageId, change }) => [
    messageId,
    change.position,
    change.state,
    change.attempts,
    change.errorId,
    change.reply,
    change.connectionId,
    change.nextAt,
    now,
  ]);
  if (parameters.length > 0) await tx.dialect.doEach(tx, SETTLE_RECIPIENT, parameters);
}

export interface AttemptRow {
  readonly id: string;
  readonly messageId: string;
  readonly tenantId: string;
  readonly connectionId: string;
  readonly connectionName: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: string;
  readonly errorId: string | null;
  readonly reply: string | null;
  /** JSON: phases, transcript, peer, positions. */
  readonly detail: string;
}

export async function writeAttempts(tx: Tx, attempts: readonly AttemptRow[]): Promise<void> {
  const rows = attempts.map((attempt) => ({
    message_id: attempt.messageId,
    id: attempt.id,
    tenant_id: attempt.tenantId,
    connection_id: attempt.connectionId,
    connection_name: attempt.connectionName,
    started_at: attempt.startedAt,
    ended_at: attempt.endedAt,
    outcome: attempt.outcome,
    error_id: attempt.errorId,
    reply: attempt.reply,
    detail: attempt.detail,
  }));
  await tx.dialect.insertRows(tx, 'attempts', rows);
}

/** Recipients of one message that are not final, for a person's action inside a transaction. */
export async function readPending(tx: Tx, messageId: string): Promise<RecipientChange[]> {
  const rows = await tables(tx)
    .selectFrom('recipients')
    .select(['position', 'state', 'attempts', 'error_id', 'reply', 'connection_id', 'next_at'])
    .where('message_id', '=', messageId)
    .where('state', 'in', [...PENDING_STATES])
    .execute();
  return rows.map((row) => ({
    position: row.position,
    state: row.state,
    attempts: row.attempts,
    errorId: row.error_id,
    reply: row.reply,
    connectionId: row.connection_id,
    nextAt: row.next_at,
  }));
}
