/**
 * SQL of sessions; only this file names their table.
 * Next: sessions.ts
 */
import type { Db, Tx } from '../store/store.ts';
import type { Session } from './sessions.ts';

interface Tables {
  sessions: {
    id: string;
    person_id: string;
    token_hash: string;
    created_at: number;
    seen_at: number;
    expires_at: number;
    address: string;
    user_agent: string;
  };
}

const tables = (db: Db | Tx) => db.tables<Tables>();

export async function insertSession(tx: Tx, session: Session, tokenHash: string): Promise<void> {
  await tables(tx)
    .insertInto('sessions')
    .values({
      id: session.id,
      person_id: session.personId,
      token_hash: tokenHash,
      created_at: session.createdAt,
      seen_at: session.seenAt,
      expires_at: session.expiresAt,
      address: session.address,
      user_agent: session.userAgent,
    })
    .execute();
}

export async function sessionByHash(db: Db | Tx, tokenHash: string): Promise<Session | undefined> {
  const row = await tables(db)
    .selectFrom('sessions')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst();
  return row && sessionOf(row);
}

/** Newest first. */
export async function sessionsOfPerson(db: Db | Tx, personId: string): Promise<Session[]> {
  const rows = await tables(db)
    .selectFrom('sessions')
    .selectAll()
    .where('person_id', '=', personId)
    .orderBy('id', 'desc')
    .execute();
  return rows.map(sessionOf);
}

export async function touchSession(db: Db | Tx, id: string, now: number): Promise<void> {
  await tables(db).updateTable('sessions').set({ seen_at: now }).where('id', '=', id).execute();
}

/** One session of a person, or all but one, or all. Answers how many ended. */
export async function deleteSessions(
  db: Db | Tx,
  personId: string,
  which: { readonly only?: string; readonly except?: string } = {},
): Promise<number> {
  const { only, except } = which;
  const result = await tables(db)
    .deleteFrom('sessions')
    .where('person_id', '=', personId)
    .$if(only !== undefined, (query) => query.where('id', '=', only ?? ''))
    .$if(except !== undefined, (query) => query.where('id', '<>', except ?? ''))
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

export async function deleteByHash(tx: Tx, tokenHash: string): Promise<void> {
  await tables(tx).deleteFrom('sessions').where('token_hash', '=', tokenHash).execute();
}

export async function deleteEnded(db: Db, now: number, idleBefore: number): Promise<void> {
  await tables(db)
    .deleteFrom('sessions')
    .where((eb) => eb.or([eb('expires_at', '<=', now), eb('seen_at', '<=', idleBefore)]))
    .execute();
}

function sessionOf(row: Tables['sessions']): Session {
  return {
    id: row.id,
    personId: row.person_id,
    createdAt: row.created_at,
    seenAt: row.seen_at,
    expiresAt: row.expires_at,
    address: row.address,
    userAgent: row.user_agent,
  };
}
