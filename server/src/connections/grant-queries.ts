/**
 * The SQL of grants: refresh tokens as providers replace them, and sign-ins in a browser that are under way.
 * Next: grants.ts
 */
import type { Db, Tx } from '../store/store.ts';

interface GrantTables {
  connections: { id: string; tenant_id: string };
  connection_grants: {
    connection_id: string;
    destination: string;
    sealed: string | null;
    connected: number;
    account: string | null;
    scopes: string | null;
    connected_by: string | null;
    connected_by_name: string | null;
    connected_at: number | null;
    renewed_at: number | null;
    ends_at: number | null;
    trouble: string | null;
    lease_by: string | null;
    lease_until: number;
  };
  oauth_states: {
    state_hash: string;
    tenant_id: string;
    connection_id: string;
    key_id: string;
    key_name: string;
    sealed_verifier: string;
    redirect_uri: string;
    expires_at: number;
  };
}

export type GrantRow = GrantTables['connection_grants'];
export type StateRow = GrantTables['oauth_states'];
/** A connection's id with the digest of its destination. */
export interface GrantKey {
  readonly connectionId: string;
  readonly destination: string;
}

const tables = (db: Db | Tx) => db.tables<GrantTables>();

export async function readGrant(db: Db | Tx, key: GrantKey): Promise<GrantRow | undefined> {
  return await tables(db)
    .selectFrom('connection_grants')
    .selectAll()
    .where('connection_id', '=', key.connectionId)
    .where('destination', '=', key.destination)
    .executeTakeFirst();
}

/** Makes sure that there is a row to lease; answers whether the connection exists in that tenant at all. */
export async function ensureGrant(db: Db | Tx, tenantId: string, key: GrantKey): Promise<boolean> {
  const owner = await tables(db)
    .selectFrom('connections')
    .select('id')
    .where('id', '=', key.connectionId)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst();
  if (owner === undefined) return false;
  await tables(db)
    .insertInto('connection_grants')
    .values({ ...EMPTY, connection_id: key.connectionId, destination: key.destination })
    .onConflict((conflict) => conflict.columns(['connection_id', 'destination']).doNothing())
    .execute();
  return true;
}

const EMPTY = {
  sealed: null,
  connected: 0,
  account: null,
  scopes: null,
  connected_by: null,
  connected_by_name: null,
  connected_at: null,
  renewed_at: null,
  ends_at: null,
  trouble: null,
  lease_by: null,
  lease_until: 0,
} as const;

/** Takes the lease if nobody holds it: of several nodes that want to renew one token, one may (K9). */
export async function leaseGrant(
  db: Db | Tx,
  key: GrantKey,
  lease: { by: string; now: number; until: number },
): Promise<boolean> {
  const result = await tables(db)
    .updateTable('connection_grants')
    .set({ lease_by: lease.by, lease_until: lease.until })
    .where('connection_id', '=', key.connectionId)
    .where('destination', '=', key.destination)
    .where('lease_until', '<=', lease.now)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** Writes what the holder of the lease found out and gives the lease back; answers whether it still held it. */
export async function settleGrant(
  db: Db | Tx,
  key: GrantKey,
  by: string,
  changes: Partial<Pick<GrantRow, 'sealed' | 'connected' | 'renewed_at' | 'ends_at' | 'trouble'>>,
): Promise<boolean> {
  const result = await tables(db)
    .updateTable('connection_grants')
    .set({ ...changes, lease_by: null, lease_until: 0 })
    .where('connection_id', '=', key.connectionId)
    .where('destination', '=', key.destination)
    .where('lease_by', '=', by)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** A sign-in in a browser has come to its end: what was there before is replaced, a renewal under way included. */
export async function writeConnected(
  tx: Tx,
  key: GrantKey,
  row: Pick<
    GrantRow,
    | 'sealed'
    | 'account'
    | 'scopes'
    | 'connected_by'
    | 'connected_by_name'
    | 'connected_at'
    | 'renewed_at'
    | 'ends_at'
  >,
): Promise<void> {
  const all = { ...EMPTY, ...row, connected: 1 };
  await tables(tx)
    .insertInto('connection_grants')
    .values({ ...all, connection_id: key.connectionId, destination: key.destination })
    .onConflict((conflict) => conflict.columns(['connection_id', 'destination']).doUpdateSet(all))
    .execute();
}

/** Remembers why a sign-in in a browser came to nothing; what was connected before stays. */
export async function writeGrantTrouble(db: Db | Tx, key: GrantKey, trouble: string): Promise<void> {
  await tables(db)
    .updateTable('connection_grants')
    .set({ trouble })
    .where('connection_id', '=', key.connectionId)
    .where('destination', '=', key.destination)
    .execute();
}

/** Forgets all tokens that were kept for a connection, whatever its settings were then. */
export async function deleteGrants(tx: Tx, connectionId: string): Promise<void> {
  await tables(tx).deleteFrom('connection_grants').where('connection_id', '=', connectionId).execute();
}

/** All grants of these connections. */
export async function readGrants(db: Db, connectionIds: readonly string[]): Promise<GrantRow[]> {
  return await tables(db)
    .selectFrom('connection_grants')
    .selectAll()
    .where('connection_id', 'in', connectionIds)
    .execute();
}

/** Rows that nobody has renewed since then belong to settings that are gone. */
export async function pruneGrants(db: Db, before: number): Promise<void> {
  await tables(db).deleteFrom('connection_grants').where('renewed_at', '<', before).execute();
}

export async function writeState(tx: Tx, row: StateRow): Promise<void> {
  await tables(tx).insertInto('oauth_states').values(row).execute();
}

/** Sign-ins of a connection that are under way and not yet too old. */
export async function countStates(tx: Tx, connectionId: string, now: number): Promise<number> {
  const row = await tables(tx)
    .selectFrom('oauth_states')
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .where('connection_id', '=', connectionId)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Takes a state out: whoever gets the row is the only one who ever will. */
export async function takeState(tx: Tx, stateHash: string): Promise<StateRow | undefined> {
  return await tables(tx)
    .deleteFrom('oauth_states')
    .where('state_hash', '=', stateHash)
    .returningAll()
    .executeTakeFirst();
}

export async function deleteStates(
  tx: Db | Tx,
  which: { connectionId: string } | { before: number },
): Promise<void> {
  const all = tables(tx).deleteFrom('oauth_states');
  await (
    'before' in which
      ? all.where('expires_at', '<=', which.before)
      : all.where('connection_id', '=', which.connectionId)
  ).execute();
}
