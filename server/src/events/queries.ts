/** The SQL of events. */
import { newId } from '../base/id.ts';
import type { Db, Tx } from '../store/store.ts';

interface EventTables {
  events: {
    subject_id: string;
    id: string;
    tenant_id: string;
    type: string;
    at: number;
    data: string | null;
  };
}

export interface NewEvent {
  readonly tenantId: string;
  /** Id of what it happened to, such as a message. */
  readonly subjectId: string;
  /** Epoch ms. */
  readonly at: number;
  /** `noun.verb`, such as `message.accepted`. */
  readonly type: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface EventRow {
  readonly id: string;
  readonly at: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export async function appendEvents(tx: Tx, events: readonly NewEvent[]): Promise<void> {
  const rows = events.map((event) => ({
    subject_id: event.subjectId,
    id: newId('evt'),
    tenant_id: event.tenantId,
    type: event.type,
    at: event.at,
    data: event.data === undefined ? null : JSON.stringify(event.data),
  }));
  await tx.dialect.insertRows(tx, 'events', rows);
}

/** Events of one subject, oldest first. */
export async function readEvents(db: Db | Tx, tenantId: string, subjectId: string): Promise<EventRow[]> {
  const rows = await db
    .tables<EventTables>()
    .selectFrom('events')
    .select(['id', 'at', 'type', 'data'])
    .where('tenant_id', '=', tenantId)
    .where('subject_id', '=', subjectId)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    at: row.at,
    type: row.type,
    data: row.data === null ? {} : (JSON.parse(row.data) as Record<string, unknown>), // our own writing
  }));
}
