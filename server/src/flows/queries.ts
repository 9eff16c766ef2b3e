/**
 * SQL of verifications; only this file names their tables. Every change of state says which state it is made from, so
 * that of many at once one wins.
 * Next: verifications.ts
 */
import type { FlowName, Locale, NoticeName } from '../tenants/tenants.ts';
import type { Db, Tx } from '../store/store.ts';

export type VerificationState = 'pending' | 'approved' | 'locked' | 'superseded' | 'revoked';

/** Whose people are asked: those of an application, or our own. What counts for one never counts for the other (F1). */
export type Audience = 'application' | 'posthorn';

export interface Verification {
  readonly id: string;
  readonly tenantId: string;
  readonly audience: Audience;
  readonly flow: FlowName;
  readonly address: string;
  readonly addressKey: string;
  /** Whom the application means; empty when it named nobody. */
  readonly subject: string;
  /** As stored: one that is pending may have expired. */
  readonly state: VerificationState;
  readonly tokenHash: string | null;
  readonly codeHash: string | null;
  readonly tries: number;
  readonly triesMax: number;
  /** Epoch ms. */
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly endedAt: number | null;
  readonly messageId: string | null;
  readonly data: Readonly<Record<string, string>>;
  /** Language of its mail and page. */
  readonly locale: Locale;
  /** Whether its link leads to an address of the caller, or to our own page. */
  readonly landing: 'caller' | 'hosted';
  /** Somebody whom nobody knows yet asks by himself; the caps per address hold for those (A2). */
  readonly askedBy: 'caller' | 'stranger';
  /** A code counts shorter than a link (F7); `null` when there is none. */
  readonly codeExpiresAt: number | null;
}

interface Row {
  id: string;
  tenant_id: string;
  flow: string;
  address: string;
  address_key: string;
  subject: string;
  state: VerificationState;
  token_hash: string | null;
  code_hash: string | null;
  tries: number;
  tries_max: number;
  created_at: number;
  expires_at: number;
  ended_at: number | null;
  message_id: string | null;
  data: string | null;
  audience: Audience;
  locale: Locale;
  landing: Verification['landing'];
  asked_by: Verification['askedBy'];
  code_expires_at: number | null;
}

interface Tables {
  verifications: Row;
  verification_sends: {
    audience: Audience;
    tenant_id: string;
    flow: string;
    address_key: string;
    at: number;
    verification_id: string;
  };
}

const tables = (db: Db | Tx) => db.tables<Tables>();

/** One address in one flow of one tenant. */
export interface Where {
  readonly audience: Audience;
  readonly tenantId: string;
  readonly flow: FlowName | NoticeName;
  readonly addressKey: string;
}

export async function insertVerification(tx: Tx, made: Verification): Promise<void> {
  await tables(tx)
    .insertInto('verifications')
    .values({
      id: made.id,
      tenant_id: made.tenantId,
      flow: made.flow,
      address: made.address,
      address_key: made.addressKey,
      subject: made.subject,
      state: made.state,
      token_hash: made.tokenHash,
      code_hash: made.codeHash,
      tries: made.tries,
      tries_max: made.triesMax,
      created_at: made.createdAt,
      expires_at: made.expiresAt,
      ended_at: made.endedAt,
      message_id: made.messageId,
      data: Object.keys(made.data).length === 0 ? null : JSON.stringify(made.data),
      audience: made.audience,
      locale: made.locale,
      landing: made.landing,
      asked_by: made.askedBy,
      code_expires_at: made.codeExpiresAt,
    })
    .execute();
}

/** One audience in one tenant: no read and no change goes beyond it. */
export interface Whose {
  readonly tenantId: string;
  readonly audience: Audience;
}

export async function readVerification(
  db: Db | Tx,
  { tenantId, audience }: Whose,
  id: string,
): Promise<Verification | undefined> {
  const row = await tables(db)
    .selectFrom('verifications')
    .selectAll()
    .where('audience', '=', audience)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row && verificationOf(row);
}

export async function readByToken(
  db: Db | Tx,
  { tenantId, audience }: Whose,
  tokenHash: string,
): Promise<Verification | undefined> {
  const row = await tables(db)
    .selectFrom('verifications')
    .selectAll()
    .where('audience', '=', audience)
    .where('token_hash', '=', tokenHash)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst();
  return row && verificationOf(row);
}

/** By the token of a link that leads to our own page: the token is all that its visitor brings. */
export async function readHosted(db: Db, tokenHash: string): Promise<Verification | undefined> {
  const row = await tables(db)
    .selectFrom('verifications')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .where('audience', '=', 'application')
    .where('landing', '=', 'hosted')
    .executeTakeFirst();
  return row && verificationOf(row);
}

/** Ends what is pending for the same address and subject; answers their ids. */
export async function supersede(
  tx: Tx,
  { audience, tenantId, flow, addressKey }: Where,
  subject: string,
  now: number,
): Promise<string[]> {
  const rows = await tables(tx)
    .updateTable('verifications')
    .set({ state: 'superseded', ended_at: now })
    .where('audience', '=', audience)
    .where('tenant_id', '=', tenantId)
    .where('flow', '=', flow)
    .where('address_key', '=', addressKey)
    .where('subject', '=', subject)
    .where('state', '=', 'pending')
    .returning('id')
    .execute();
  return rows.map((row) => row.id);
}

/** Revokes what is pending for one subject, in one flow or in all of them; answers their ids. */
export async function revokeSubject(
  tx: Tx,
  { audience, tenantId }: Whose,
  { flow, subject }: { readonly flow: FlowName | undefined; readonly subject: string },
  now: number,
): Promise<string[]> {
  let update = tables(tx)
    .updateTable('verifications')
    .set({ state: 'revoked', ended_at: now })
    .where('audience', '=', audience)
    .where('tenant_id', '=', tenantId)
    .where('subject', '=', subject)
    .where('state', '=', 'pending');
  if (flow !== undefined) update = update.where('flow', '=', flow);
  const rows = await update.returning('id').execute();
  return rows.map((row) => row.id);
}

/** Pending → another state; `false` when somebody else was quicker, or it has expired. */
export async function end(
  tx: Tx,
  id: string,
  to: Exclude<VerificationState, 'pending'>,
  now: number,
): Promise<boolean> {
  const result = await tables(tx)
    .updateTable('verifications')
    .set({ state: to, ended_at: now })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** Counts one try of a code, as long as there are tries left: however many come at once, no more are evaluated. */
export async function countTry(
  tx: Tx,
  { tenantId, audience }: Whose,
  id: string,
  now: number,
): Promise<number | undefined> {
  const row = await tables(tx)
    .updateTable('verifications')
    .set((eb) => ({ tries: eb('tries', '+', 1) }))
    .where('audience', '=', audience)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .where('expires_at', '>', now)
    .where('code_expires_at', '>', now)
    .whereRef('tries', '<', 'tries_max')
    .returning('tries')
    .executeTakeFirst();
  return row?.tries;
}

/** A new proof in place of the old one. */
export async function replaceProof(
  tx: Tx,
  id: string,
  proof: Pick<Verification, 'tokenHash' | 'codeHash' | 'expiresAt' | 'codeExpiresAt' | 'landing'>,
): Promise<boolean> {
  const result = await tables(tx)
    .updateTable('verifications')
    .set({
      token_hash: proof.tokenHash,
      code_hash: proof.codeHash,
      expires_at: proof.expiresAt,
      code_expires_at: proof.codeExpiresAt,
      landing: proof.landing,
      tries: 0,
    })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

export async function noteMessage(tx: Tx, id: string, messageId: string): Promise<void> {
  await tables(tx).updateTable('verifications').set({ message_id: messageId }).where('id', '=', id).execute();
}

/** `of` is the verification that was mailed, or the notice's message. */
export async function noteSend(tx: Tx, where: Where, at: number, of: string): Promise<void> {
  await tables(tx)
    .insertInto('verification_sends')
    .values({
      audience: where.audience,
      tenant_id: where.tenantId,
      flow: where.flow,
      address_key: where.addressKey,
      at,
      verification_id: of,
    })
    .execute();
}

/** Times of mails to this address since then, oldest first. */
export async function readSends(tx: Tx, where: Where, since: number): Promise<number[]> {
  const rows = await tables(tx)
    .selectFrom('verification_sends')
    .select('at')
    .where('audience', '=', where.audience)
    .where('tenant_id', '=', where.tenantId)
    .where('flow', '=', where.flow)
    .where('address_key', '=', where.addressKey)
    .where('at', '>', since)
    .orderBy('at')
    .execute();
  return rows.map((row) => row.at);
}

/** When the latest verification of this address was locked, if after this time. */
export async function readLockedAt(tx: Tx, where: Where, since: number): Promise<number | undefined> {
  const row = await tables(tx)
    .selectFrom('verifications')
    .select((eb) => eb.fn.max('ended_at').as('at'))
    .where('audience', '=', where.audience)
    .where('tenant_id', '=', where.tenantId)
    .where('flow', '=', where.flow)
    .where('address_key', '=', where.addressKey)
    .where('state', '=', 'locked')
    .where('ended_at', '>', since)
    .executeTakeFirst();
  return row?.at ?? undefined;
}

/** As if it had never been: its mail could not be accepted. */
export async function removeVerification(tx: Tx, id: string): Promise<void> {
  await tables(tx).deleteFrom('verifications').where('id', '=', id).execute();
  await tables(tx).deleteFrom('verification_sends').where('verification_id', '=', id).execute();
}

/** Forgets mails of long ago: no limit looks back so far. */
export async function forgetSends(db: Db, before: number): Promise<void> {
  await tables(db).deleteFrom('verification_sends').where('at', '<', before).execute();
}

function verificationOf(row: Row): Verification {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    flow: row.flow as FlowName, // our own writing
    address: row.address,
    addressKey: row.address_key,
    subject: row.subject,
    state: row.state,
    tokenHash: row.token_hash,
    codeHash: row.code_hash,
    tries: row.tries,
    triesMax: row.tries_max,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    endedAt: row.ended_at,
    messageId: row.message_id,
    data: row.data === null ? {} : (JSON.parse(row.data) as Record<string, string>), // our own writing
    audience: row.audience,
    locale: row.locale,
    landing: row.landing,
    askedBy: row.asked_by,
    codeExpiresAt: row.code_expires_at,
  };
}
