/**
 * SQL of the `api_keys` table; only this file names it.
 * Next: keys.ts
 */
import type { KeyPermission, Role } from '../http/http.ts';
import type { Db, Tx } from '../store/store.ts';
import type { ApiKey, KeyChange } from './keys.ts';

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
  /** JSON, here and below. */
  permissions: string | null;
  networks: string | null;
  created_by: string | null;
  notes: string | null;
  last_used_address: string | null;
  last_used_agent: string | null;
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
      last_used_at: key.lastUse?.at ?? null,
      last_used_address: key.lastUse?.address ?? null,
      last_used_agent: key.lastUse?.userAgent ?? null,
      permissions: key.permissions === null ? null : JSON.stringify(key.permissions),
      networks: key.networks === null ? null : JSON.stringify(key.networks),
      created_by: key.createdBy === null ? null : JSON.stringify(key.createdBy),
      notes: key.notes,
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
export async function keysOfTenant(
  db: Db | Tx,
  tenantId: string,
  { before, limit }: { before?: string | undefined; limit?: number | undefined },
): Promise<readonly ApiKey[]> {
  let query = db
    .tables<AccessTables>()
    .selectFrom('api_keys')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .orderBy('id', 'desc');
  if (before !== undefined) query = query.where('id', '<', before);
  if (limit !== undefined) query = query.limit(limit);
  return (await query.execute()).map(shown);
}

/** Changes a key that has not ended; `false` when it has. */
export async function changeKey(
  db: Db | Tx,
  { tenantId, id }: { tenantId: string; id: string },
  { name, notes, networks, expiresAt }: KeyChange,
  now: number,
): Promise<boolean> {
  const result = await db
    .tables<AccessTables>()
    .updateTable('api_keys')
    .set({
      id, // so that there is something to set whatever is absent
      ...(name !== undefined && { name }),
      ...(notes !== undefined && { notes }),
      ...(networks !== undefined && { networks: networks === null ? null : JSON.stringify(networks) }),
      ...(expiresAt !== undefined && { expires_at: expiresAt }),
    })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where((row) => row.or([row('expires_at', 'is', null), row('expires_at', '>', now)]))
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
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

/** Writes when and from where, unless another node wrote a time after `olderThan`. */
export async function markUsed(
  db: Db | Tx,
  id: string,
  { at, address, userAgent }: { at: number; address: string; userAgent: string },
  olderThan: number,
): Promise<void> {
  await db
    .tables<AccessTables>()
    .updateTable('api_keys')
    .set({ last_used_at: at, last_used_address: address, last_used_agent: userAgent })
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
    lastUse:
      row.last_used_at === null
        ? null
        : { at: row.last_used_at, address: row.last_used_address, userAgent: row.last_used_agent },
    permissions: read<KeyPermission[]>(row.permissions),
    networks: read<string[]>(row.networks),
    createdBy: read<NonNullable<ApiKey['createdBy']>>(row.created_by),
    notes: row.notes,
  };
}

/** Our own writing. */
function read<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
}
