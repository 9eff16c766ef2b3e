/**
 * The SQL that writes messages, and what a repeated request finds.
 * Next: accept.ts
 */
import {
  DELIVERY,
  EIGHT_BIT,
  PART_BYTES,
  SEALED,
  SECRET,
  SENSITIVE,
  UTF8_HEADERS,
  type Letter,
} from '../delivery/delivery.ts';
import { serializeAddress } from '../mail/mail.ts';
import type { Db, Row, Tx } from '../store/store.ts';

interface IdempotencyTables {
  idempotency_keys: { tenant_id: string; key: string; body_hash: string; answer: string; created_at: number };
}

interface CollapseTables {
  messages: { tenant_id: string; id: string; collapse_key: string | null };
  jobs: { kind: string; id: string };
}

/** Each message supersedes those before it: what waits is among the latest. */
const COLLAPSIBLE_MAX = 100;

export interface NewMessage {
  readonly letter: Letter & { readonly content: Buffer };
  readonly fromName: string | null;
  readonly subject: string;
  readonly messageId: string;
  readonly sendAt: number | null;
  readonly collapseKey: string | null;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly keyId: string;
  readonly idempotencyKey: string | null;
  readonly resendOf: string | null;
  /**
   * It holds a code or a link for one person, so that its content is not shown and it is not sent again. What was captured
   * went to nobody and may be looked at, but for `always`: that would open this server itself.
   */
  readonly sensitive: false | 'unless-captured' | 'always';
  /** Stored in place of the content, from `sealContent`. */
  readonly sealed?: Buffer;
}

export async function insertMessages(tx: Tx, messages: readonly NewMessage[]): Promise<void> {
  await tx.dialect.insertRows(tx, 'messages', messages.map(messageRow));
  await tx.dialect.insertRows(tx, 'message_content', messages.flatMap(contentRows));
  await tx.dialect.insertRows(
    tx,
    'message_tags',
    messages.flatMap(({ letter, tags }) =>
      [...new Set(tags)].map((tag) => ({ tenant_id: letter.tenantId, tag, message_id: letter.id })),
    ),
  );
}

function messageRow(message: NewMessage): Row {
  const { letter } = message;
  return {
    tenant_id: letter.tenantId,
    id: letter.id,
    created_at: letter.createdAt,
    class: letter.class,
    from_address: serializeAddress(letter.from),
    from_name: message.fromName,
    subject: message.subject,
    message_id: message.messageId,
    connection: letter.wanted,
    send_at: message.sendAt,
    expires_at: letter.expiresAt,
    collapse_key: message.collapseKey,
    size_bytes: letter.sizeBytes,
    content_flags:
      (letter.utf8Headers ? UTF8_HEADERS : 0) |
      (letter.eightBit ? EIGHT_BIT : 0) |
      (message.sensitive === false ? 0 : SENSITIVE) |
      (message.sensitive === 'always' ? SECRET : 0) |
      (message.sealed === undefined ? 0 : SEALED),
    capture_only: letter.captureOnly ? 1 : 0,
    tags: message.tags.length === 0 ? null : JSON.stringify(message.tags),
    metadata: message.metadata === null ? null : JSON.stringify(message.metadata),
    key_id: message.keyId,
    idempotency_key: message.idempotencyKey,
    resend_of: message.resendOf,
  };
}

/** Ids of other messages of the tenant with this collapse key that are not sent yet; those far back are finished. */
export async function readCollapsible(
  tx: Tx,
  message: { tenantId: string; collapseKey: string; latest: string },
): Promise<string[]> {
  const rows = await tx
    .tables<CollapseTables>()
    .selectFrom((eb) =>
      eb
        .selectFrom('messages')
        .select('id')
        .where('tenant_id', '=', message.tenantId)
        .where('collapse_key', '=', message.collapseKey)
        .where('id', '<>', message.latest)
        .orderBy('id', 'desc')
        .limit(COLLAPSIBLE_MAX)
        .as('latest'),
    )
    .innerJoin('jobs', (join) => join.on('jobs.kind', '=', DELIVERY).onRef('jobs.id', '=', 'latest.id'))
    .select('latest.id')
    .execute();
  return rows.map((row) => row.id);
}

/** The content in parts, so that a large one can be read and sent piece by piece (Q13). */
function contentRows({ letter, sealed }: NewMessage): Row[] {
  const rows: Row[] = [];
  const content = sealed ?? letter.content;
  for (let start = 0; start < content.length; start += PART_BYTES) {
    rows.push({
      message_id: letter.id,
      part: rows.length,
      bytes: content.subarray(start, start + PART_BYTES),
    });
  }
  return rows;
}

export interface Remembered {
  readonly bodyHash: string;
  /** JSON of the answer that was given. */
  readonly answer: string;
}

/** What was answered to earlier requests, by `tenant key`. */
export async function readRemembered(
  tx: Db | Tx,
  wanted: readonly { tenantId: string; key: string }[],
): Promise<Map<string, Remembered>> {
  const found = new Map<string, Remembered>();
  if (wanted.length === 0) return found;
  const rows = await tx
    .tables<IdempotencyTables>()
    .selectFrom('idempotency_keys')
    .selectAll()
    .where('tenant_id', 'in', [...new Set(wanted.map((item) => item.tenantId))])
    .where('key', 'in', [...new Set(wanted.map((item) => item.key))])
    .execute();
  for (const row of rows)
    found.set(rememberedKey(row.tenant_id, row.key), { bodyHash: row.body_hash, answer: row.answer });
  return found;
}

export function rememberedKey(tenantId: string, key: string): string {
  return `${tenantId} ${key}`;
}

export async function remember(
  tx: Tx,
  answers: readonly { tenantId: string; key: string; bodyHash: string; answer: string; now: number }[],
): Promise<void> {
  const rows = answers.map((item) => ({
    tenant_id: item.tenantId,
    key: item.key,
    body_hash: item.bodyHash,
    answer: item.answer,
    created_at: item.now,
  }));
  await tx.dialect.insertRows(tx, 'idempotency_keys', rows);
}

/** Forgets answers older than this (epoch ms). */
export async function forgetRemembered(db: Db, before: number): Promise<void> {
  await db
    .tables<IdempotencyTables>()
    .deleteFrom('idempotency_keys')
    .where('created_at', '<', before)
    .execute();
}
