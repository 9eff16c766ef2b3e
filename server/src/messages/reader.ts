/**
 * Messages read whole or in pages, as views: what the read operations and the answers of actions share.
 * Next: view.ts
 */
import { z } from 'zod';
import { isId } from '../base/id.ts';
import { readEvents } from '../events/events.ts';
import { problem } from '../http/http.ts';
import type { Db } from '../store/store.ts';
import { readAttempts, readMessage, readRecipients, readRunning, type MessageRow } from './read-queries.ts';
import { viewMessage, viewSummary, type messageView, type summaryView } from './view.ts';

/** The path's `{id}`. What does not have the form of one is not asked for: PostgreSQL would refuse a NUL. */
export const messageParams = z.strictObject({ id: z.string().refine((id) => isId('msg', id)) });

/** The row, or `not_found`. */
export async function mustRead(db: Db, tenantId: string, id: string): Promise<MessageRow> {
  const row = await readMessage(db, tenantId, id);
  if (row === undefined) throw problem('not_found', { detail: `There is no message ${id}.` });
  return row;
}

export async function readSummaries(
  db: Db,
  rows: readonly MessageRow[],
): Promise<z.input<typeof summaryView>[]> {
  const ids = rows.map((row) => row.id);
  const recipients = Map.groupBy(await readRecipients(db, ids), (recipient) => recipient.message_id);
  const running = await readRunning(db, ids);
  return rows.map((row) => viewSummary(row, recipients.get(row.id) ?? [], running.has(row.id)));
}

export async function readWhole(db: Db, tenantId: string, id: string): Promise<z.input<typeof messageView>> {
  const row = await mustRead(db, tenantId, id);
  const running = (await readRunning(db, [id])).has(id);
  // In this order: what led to a state that is shown must be shown with it.
  const recipients = await readRecipients(db, [id]);
  const attempts = await readAttempts(db, tenantId, id);
  return viewMessage(row, recipients, running, attempts, await readEvents(db, tenantId, id));
}
