/**
 * SQL of invitations; only this file names their table.
 * Next: invitations.ts
 */
import type { Role } from '../http/http.ts';
import type { Db, Tx } from '../store/store.ts';
import type { Invitation } from './invitations.ts';

interface Row {
  id: string;
  tenant_id: string;
  email: string;
  email_key: string;
  role: Role; // written by `invite` only
  state: 'pending' | 'accepted' | 'revoked'; // the table's CHECK
  sent_in: 'tenant' | 'instance' | 'nowhere';
  created_by: string;
  created_at: number;
  expires_at: number;
  ended_at: number | null;
}

interface Tables {
  invitations: Row;
}

const tables = (db: Db | Tx) => db.tables<Tables>();

export async function insertInvitation(tx: Tx, made: Invitation): Promise<void> {
  await tables(tx)
    .insertInto('invitations')
    .values({
      id: made.id,
      tenant_id: made.tenantId,
      email: made.email,
      email_key: made.emailKey,
      role: made.role,
      state: made.state,
      sent_in: made.sentIn,
      created_by: made.createdBy,
      created_at: made.createdAt,
      expires_at: made.expiresAt,
      ended_at: made.endedAt,
    })
    .execute();
}

/** Of whichever tenant: which one it is for is what the invitation tells. */
export async function invitationById(db: Db | Tx, id: string): Promise<Invitation | undefined> {
  const row = await tables(db).selectFrom('invitations').selectAll().where('id', '=', id).executeTakeFirst();
  return row && invitationOf(row);
}

/** Newest first, older than `before`. */
export async function invitationsOfTenant(
  db: Db | Tx,
  tenantId: string,
  before: string | undefined,
  limit: number,
): Promise<Invitation[]> {
  const rows = await tables(db)
    .selectFrom('invitations')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .$if(before !== undefined, (query) => query.where('id', '<', before ?? ''))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(invitationOf);
}

/** Pending → another state; `false` when somebody else was quicker. */
export async function endInvitation(
  tx: Tx,
  id: string,
  to: 'accepted' | 'revoked',
  now: number,
): Promise<boolean> {
  const result = await tables(tx)
    .updateTable('invitations')
    .set({ state: to, ended_at: now })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Ends what is open for the same address in the tenant; answers the ids. */
export async function revokeOpen(
  tx: Tx,
  tenantId: string,
  emailKey: string,
  now: number,
): Promise<readonly string[]> {
  const rows = await tables(tx)
    .updateTable('invitations')
    .set({ state: 'revoked', ended_at: now })
    .where('tenant_id', '=', tenantId)
    .where('email_key', '=', emailKey)
    .where('state', '=', 'pending')
    .returning('id')
    .execute();
  return rows.map(({ id }) => id);
}

/** What is known only after the mail was written. */
export async function noteSent(tx: Tx, id: string, sentIn: Row['sent_in'], expiresAt: number): Promise<void> {
  await tables(tx)
    .updateTable('invitations')
    .set({ sent_in: sentIn, expires_at: expiresAt })
    .where('id', '=', id)
    .execute();
}

function invitationOf(row: Row): Invitation {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    email: row.email,
    emailKey: row.email_key,
    role: row.role,
    state: row.state,
    sentIn: row.sent_in,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    endedAt: row.ended_at,
  };
}
