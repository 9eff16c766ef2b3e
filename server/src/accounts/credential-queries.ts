/**
 * SQL of what people sign in with; only this file names these tables.
 * Next: throttle.ts
 */
import type { Db, Tx } from '../store/store.ts';

export type SecondStep = 'none' | 'email' | 'totp';

export interface Credentials {
  readonly personId: string;
  readonly passwordHash: string;
  /** Epoch ms. */
  readonly passwordSetAt: number;
  readonly secondStep: SecondStep;
  /** Sealed. */
  readonly totpSecret: string | null;
  /** Sealed; not confirmed yet. */
  readonly totpPending: string | null;
  /** The latest time step whose code was used: none is taken twice (RFC 6238 §5.2). */
  readonly totpUsedStep: number;
}

/** A password was right, and the second step is to come. */
export interface HalfSignIn {
  readonly personId: string;
  readonly verificationId: string | null;
  readonly expiresAt: number;
}

interface Tables {
  credentials: {
    person_id: string;
    password_hash: string;
    password_set_at: number;
    second_step: SecondStep;
    totp_secret: string | null;
    totp_pending: string | null;
    totp_used_step: number;
  };
  recovery_codes: { person_id: string; code_hash: string };
  known_devices: { person_id: string; token_hash: string; seen_at: number };
  half_sign_ins: {
    token_hash: string;
    person_id: string;
    verification_id: string | null;
    expires_at: number;
  };
}

const tables = (db: Db | Tx) => db.tables<Tables>();

export async function readCredentials(db: Db | Tx, personId: string): Promise<Credentials | undefined> {
  const row = await tables(db)
    .selectFrom('credentials')
    .selectAll()
    .where('person_id', '=', personId)
    .executeTakeFirst();
  return (
    row && {
      personId: row.person_id,
      passwordHash: row.password_hash,
      passwordSetAt: row.password_set_at,
      secondStep: row.second_step,
      totpSecret: row.totp_secret,
      totpPending: row.totp_pending,
      totpUsedStep: row.totp_used_step,
    }
  );
}

/** Sets the password, and makes the row of a person that has none. */
export async function savePassword(tx: Tx, personId: string, passwordHash: string, now: number) {
  const row = { password_hash: passwordHash, password_set_at: now };
  await tables(tx)
    .insertInto('credentials')
    .values({ person_id: personId, ...row, second_step: 'none', totp_used_step: 0 })
    .onConflict((conflict) => conflict.column('person_id').doUpdateSet(row))
    .execute();
}

export async function saveSecondStep(
  tx: Tx,
  personId: string,
  change: {
    readonly secondStep?: SecondStep;
    readonly totpSecret?: string | null;
    readonly totpPending?: string | null;
  },
): Promise<void> {
  await tables(tx)
    .updateTable('credentials')
    .set({
      ...(change.secondStep !== undefined && { second_step: change.secondStep }),
      ...(change.totpSecret !== undefined && { totp_secret: change.totpSecret }),
      ...(change.totpPending !== undefined && { totp_pending: change.totpPending }),
    })
    .where('person_id', '=', personId)
    .execute();
}

/** Whether the code of this time step is used now for the first time. */
export async function useTotpStep(tx: Tx, personId: string, step: number): Promise<boolean> {
  const result = await tables(tx)
    .updateTable('credentials')
    .set({ totp_used_step: step })
    .where('person_id', '=', personId)
    .where('totp_used_step', '<', step)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

export async function replaceRecoveryCodes(tx: Tx, personId: string, hashes: readonly string[]) {
  await tables(tx).deleteFrom('recovery_codes').where('person_id', '=', personId).execute();
  if (hashes.length === 0) return;
  await tables(tx)
    .insertInto('recovery_codes')
    .values(hashes.map((hash) => ({ person_id: personId, code_hash: hash })))
    .execute();
}

export async function countRecoveryCodes(db: Db | Tx, personId: string): Promise<number> {
  const rows = await tables(db)
    .selectFrom('recovery_codes')
    .select('code_hash')
    .where('person_id', '=', personId)
    .execute();
  return rows.length;
}

/** Of many who use one code at once, one has it. */
export async function useRecoveryCode(tx: Tx, personId: string, hash: string): Promise<boolean> {
  const result = await tables(tx)
    .deleteFrom('recovery_codes')
    .where('person_id', '=', personId)
    .where('code_hash', '=', hash)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

export async function isKnownDevice(db: Db | Tx, personId: string, tokenHash: string): Promise<boolean> {
  const row = await tables(db)
    .selectFrom('known_devices')
    .select('seen_at')
    .where('person_id', '=', personId)
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst();
  return row !== undefined;
}

export async function noteDevice(tx: Tx, personId: string, tokenHash: string, now: number): Promise<void> {
  await tables(tx)
    .insertInto('known_devices')
    .values({ person_id: personId, token_hash: tokenHash, seen_at: now })
    .onConflict((conflict) => conflict.columns(['person_id', 'token_hash']).doUpdateSet({ seen_at: now }))
    .execute();
}

export async function forgetDevices(db: Db | Tx, seenBefore: number): Promise<void> {
  await tables(db).deleteFrom('known_devices').where('seen_at', '<', seenBefore).execute();
}

export async function insertHalf(tx: Tx, tokenHash: string, half: HalfSignIn): Promise<void> {
  await tables(tx)
    .insertInto('half_sign_ins')
    .values({
      token_hash: tokenHash,
      person_id: half.personId,
      verification_id: half.verificationId,
      expires_at: half.expiresAt,
    })
    .execute();
}

export async function readHalf(db: Db | Tx, tokenHash: string, now: number): Promise<HalfSignIn | undefined> {
  const row = await tables(db)
    .selectFrom('half_sign_ins')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return (
    row && {
      personId: row.person_id,
      verificationId: row.verification_id,
      expiresAt: row.expires_at,
    }
  );
}

export async function noteVerification(tx: Tx, tokenHash: string, verificationId: string): Promise<void> {
  await tables(tx)
    .updateTable('half_sign_ins')
    .set({ verification_id: verificationId })
    .where('token_hash', '=', tokenHash)
    .execute();
}

/** Of many who finish one sign-in at once, one has it. */
export async function takeHalf(tx: Tx, tokenHash: string): Promise<boolean> {
  const result = await tables(tx)
    .deleteFrom('half_sign_ins')
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

export async function deleteHalvesOf(tx: Tx, personId: string): Promise<void> {
  await tables(tx).deleteFrom('half_sign_ins').where('person_id', '=', personId).execute();
}

export async function forgetHalves(db: Db, now: number): Promise<void> {
  await tables(db).deleteFrom('half_sign_ins').where('expires_at', '<=', now).execute();
}
