/**
 * SQL of the `api_keys` table; only this file names it.
 * Next: keys.ts
 */
import type { Role } from '../http/http.ts';
import type { Db, Tx } from '../store/store.ts';
import type { ApiKey } from './keys.ts';

interface KeyRow {
  id: string;
  tenant_id: string;
  name: string;
  kind: 'live' | 'test'; // the table's CHECK
  role: Role; // written by `createKey` only
  secret_hash: string;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  last_used_at: number | null;
}

interface AccessTables {
  api_keys: KeyRow;
}

export interface StoredKey extends ApiKey {
  readonly secretHash: string;
}

export async function insertKey(db: Db | Tx, key: StoredKey): Promise<void> {
  await db
    .tables<AccessTables>()
    .insertInto('api_keys')
    .values({
      id: key.id,
      tenant_id: key.tenantId,
      name: key.name,
      kind: key.kind,
      role: key.role,
      secret_hash: key.secretHash,
      created_at: key.createdAt,
      expires_at: key.expiresAt,
      revoked_at: key.revokedAt,
      last_used_at: key.lastUsedAt,
    })
    .execute();
}

/** By id alone: which tenant it belongs to is what the key tells. */
export async function keyById(db: Db | Tx, id: string): Promise<StoredKey | undefined> {
  const row = await db
    .tables<AccessTables>()
    .selectFrom('api_keys')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  return row && { ...shown(row), secretHash: row.secret_hash };
}

/** Ids sort by the time they were made. */
export async function keysOfTenant(db: Db | Tx, tenantId: string): Promise<readonly ApiKey[]> {
  const rows = await db
    .tables<AccessTables>()
    .selectFrom('api_keys')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .orderBy('id', 'desc')
    .execute();
  return rows.map(shown);
}

/** The first time counts; a second call changes nothing. */
export async function markRevoked(db: Db | Tx, tenantId: string, id: string, now: number): Promise<boolean> {
  const result = await db
    .tables<AccessTables>()
    .updateTable('api_keys')
    .set((column) => ({ revoked_at: column.fn.coalesce('revoked_at', column.val(now)) }))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/**
 * Ends a key at that time, or when it would end anyway if that is sooner. `false` when it has ended.
 */
export async function limitKey(
  tx: Tx,
  key: ApiKey,
  { now, endsAt }: { now: number; endsAt: number },
): Promise<boolean> {
  const result = await tx
    .tables<AccessTables>()
    .updateTable('api_keys')
    .set({ expires_at: Math.min(endsAt, key.expiresAt ?? endsAt) })
    .where('tenant_id', '=', key.tenantId)
    .where('id', '=', key.id)
    .where('revoked_at', 'is', null)
    .where((row) => row.or([row('expires_at', 'is', null), row('expires_at', '>', now)]))
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Writes the time unless another node wrote one after `olderThan`. */
export async function markUsed(db: Db | Tx, id: string, now: number, olderThan: number): Promise<void> {
  await db
    .tables<AccessTables>()
    .updateTable('api_keys')
    .set({ last_used_at: now })
    .where('id', '=', id)
    .where((row) => row.or([row('last_used_at', 'is', null), row('last_used_at', '<', olderThan)]))
    .execute();
}

function shown(row: KeyRow): ApiKey {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    kind: row.kind,
    role: row.role,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  };
}
