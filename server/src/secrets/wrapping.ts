/**
 * A data key wrapped by a master key, as text: `v1.<master key id>.<iv>.<ciphertext and tag>`. The ids of tenant and
 * data key are authenticated with it, so that a row of one tenant is of no use in another's place.
 * Next: key-ring.ts
 */
import { createHash, createSecretKey, randomBytes } from 'node:crypto';
import { decrypt, encrypt } from './cipher.ts';
import type { MasterKey } from './master-key.ts';
import type { DataKeyRow } from './queries.ts';
import type { DataKey } from './seal.ts';

const KEY_BYTES = 32;

/** A tenant's first data key, wrapped. */
export function wrapNewDataKey(masterKey: MasterKey, tenantId: string, now: number): DataKeyRow {
  const row = { tenant_id: tenantId, key_id: firstKeyId(tenantId), wrapped: '', created_at: now };
  return { ...row, wrapped: wrap(masterKey, row, randomBytes(KEY_BYTES)) };
}

/** The same on every node, so that the table's primary key lets only one first key of a tenant in. */
export function firstKeyId(tenantId: string): string {
  return createHash('sha256').update(`posthorn data key 1 ${tenantId}`).digest('hex').slice(0, 32);
}

/** Id of the master key that a wrapping needs. */
export function masterKeyIdOf(row: DataKeyRow): string {
  return row.wrapped.split('.')[1] ?? '';
}

/** `undefined` if the key is another one, or any bit of the row is not as it was. */
export function unwrap(masterKey: MasterKey, row: DataKeyRow): DataKey | undefined {
  const prefix = `v1.${masterKey.id}.`;
  if (!row.wrapped.startsWith(prefix)) return undefined;
  const bytes = decrypt(masterKey.key, wrapAad(row), row.wrapped.slice(prefix.length));
  return bytes?.length === KEY_BYTES ? { id: row.key_id, key: createSecretKey(bytes) } : undefined;
}

/** The text of `row.wrapped` under another master key; `undefined` if `from` does not open it. */
export function rewrap(from: MasterKey, to: MasterKey, row: DataKeyRow): string | undefined {
  const dataKey = unwrap(from, row);
  return dataKey && wrap(to, row, dataKey.key.export());
}

function wrap(masterKey: MasterKey, row: DataKeyRow, bytes: Buffer): string {
  return `v1.${masterKey.id}.${encrypt(masterKey.key, wrapAad(row), bytes)}`;
}

function wrapAad(row: DataKeyRow): Buffer {
  return Buffer.from(`posthorn data key v1 ${JSON.stringify([row.tenant_id, row.key_id])}`);
}
