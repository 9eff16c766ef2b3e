/**
 * SQL of setup codes; only this file names their table.
 * Next: setup.ts
 */
import type { Db, Tx } from '../store/store.ts';

interface Tables {
  setup_codes: { code_hash: string; expires_at: number };
}

const tables = (db: Db | Tx) => db.tables<Tables>();

export async function insertSetupCode(tx: Tx, codeHash: string, expiresAt: number): Promise<void> {
  await tables(tx).insertInto('setup_codes').values({ code_hash: codeHash, expires_at: expiresAt }).execute();
}

export async function isSetupCode(db: Db | Tx, codeHash: string, now: number): Promise<boolean> {
  const row = await tables(db)
    .selectFrom('setup_codes')
    .select('expires_at')
    .where('code_hash', '=', codeHash)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row !== undefined;
}

export async function deleteSetupCodes(tx: Tx): Promise<void> {
  await tables(tx).deleteFrom('setup_codes').execute();
}
