/**
 * The SQL of connections, but for what is versioned of them (`revision-queries.ts`), and of what is known about their health.
 * Next: registry.ts
 */
import type { Db, Tx } from '../store/store.ts';
import type { Trouble } from './breaker.ts';
import type { Connection, Draft } from './connection.ts';
import { changesBetween, type Revision, type SecretMark } from './revision.ts';
import { readLatest, readStanding } from './revision-queries.ts';

interface ConnectionTables {
  connections: {
    id: string;
    tenant_id: string;
    name: string;
    status: Connection['status'];
    version: number;
    paused: number;
    managed_by: 'api' | 'file';
    created_at: number;
    updated_at: number;
  };
  connection_health: {
    connection_id: string;
    error_id: string;
    detail: string;
    since: number;
    failures: number;
    next_probe_at: number;
  };
}

const tables = (db: Db | Tx) => db.tables<ConnectionTables>();

/** All connections of all tenants: there are few, and routing needs them at hand. */
export async function readConnections(db: Db | Tx): Promise<Connection[]> {
  const rows = await tables(db).selectFrom('connections').selectAll().orderBy('id').execute();
  const standing = Map.groupBy(await readStanding(db), ({ revision }) => revision.connectionId);
  const latest = await readLatest(db);
  return rows.flatMap((row) => {
    const revisions = standing.get(row.id) ?? [];
    const active = revisions.find(({ revision }) => revision.state === 'active');
    const open = revisions.find(({ revision }) => revision.state !== 'active');
    const shown = active ?? open;
    if (shown === undefined) return []; // written by another node between the two reads: the next look has it
    const { revision } = shown;
    return [
      {
        id: row.id,
        tenantId: row.tenant_id,
        name: row.name,
        status: row.status,
        settings: revision.settings,
        revision: revision.number,
        revisionId: revision.id,
        draft: open && draftOf(open, active),
        trial: trialOf(revision),
        paused: row.paused === 1,
        managedBy: row.managed_by,
        secrets: Object.fromEntries(shown.secrets.map(({ field, rotatedAt }) => [field, rotatedAt])),
        createdAt: row.created_at,
        updatedAt: row.updated_at,
        version: row.version,
        latest: latest.get(row.id) ?? revision.number,
      },
    ];
  });
}

type Standing = { readonly revision: Revision; readonly secrets: readonly SecretMark[] };

function draftOf(open: Standing, active: Standing | undefined): Draft {
  const { revision, secrets } = open;
  const { id, number, settings, createdAt, createdBy, provedAt, origin } = revision;
  const state = revision.state === 'proved' ? 'proved' : 'draft';
  const before = active && { settings: active.revision.settings, secrets: active.secrets };
  const changes = changesBetween(before, { settings, secrets });
  return { id, number, state, settings, createdAt, createdBy, provedAt, origin, changes };
}

function trialOf({ trialSince, returnsTo }: Revision): Connection['trial'] {
  return trialSince === null || returnsTo === null ? undefined : { since: trialSince, returnsTo };
}

/** Ids with versions: cheap to ask often, different whenever something changed. */
export async function readVersions(db: Db): Promise<string> {
  return versionsOf(
    await tables(db).selectFrom('connections').select(['id', 'version']).orderBy('id').execute(),
  );
}

/** What `readVersions` answers as long as the database holds exactly these connections. */
export function versionsOf(all: readonly Pick<Connection, 'id' | 'version'>[]): string {
  return all.map(({ id, version }) => `${id}:${String(version)}`).join(',');
}

/** What is not versioned of a connection. */
export type ConnectionRow = Pick<
  Connection,
  'id' | 'tenantId' | 'name' | 'status' | 'managedBy' | 'createdAt' | 'updatedAt'
>;

export async function insertConnection(tx: Tx, connection: ConnectionRow): Promise<void> {
  const row = {
    id: connection.id,
    tenant_id: connection.tenantId,
    name: connection.name,
    status: connection.status,
    version: 1,
    paused: 0,
    managed_by: connection.managedBy,
    created_at: connection.createdAt,
    updated_at: connection.updatedAt,
  };
  await tables(tx).insertInto('connections').values(row).execute();
}

/**
 * Takes a connection for a change, if nobody else changed it since that version; answers whether it did. The row is
 * locked from then on, so do this first.
 */
export async function takeConnection(
  tx: Tx,
  id: string,
  fromVersion: number,
  change: Partial<Pick<Connection, 'name' | 'status' | 'managedBy'>> & { updatedAt: number },
): Promise<boolean> {
  const { name, status, managedBy, updatedAt } = change;
  const result = await tables(tx)
    .updateTable('connections')
    .set({
      version: fromVersion + 1,
      updated_at: updatedAt,
      ...(name !== undefined && { name }),
      ...(status !== undefined && { status }),
      ...(managedBy !== undefined && { managed_by: managedBy }),
    })
    .where('id', '=', id)
    .where('version', '=', fromVersion)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** Pauses or resumes, and touches nothing else: somebody may be changing the settings. */
export async function updatePaused(tx: Tx, id: string, paused: boolean, now: number): Promise<void> {
  await tables(tx)
    .updateTable('connections')
    .set((eb) => ({ paused: paused ? 1 : 0, updated_at: now, version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .execute();
}

/** Locks a connection and says that something of it changed. */
export async function touchConnection(tx: Tx, id: string, now: number): Promise<void> {
  await tables(tx)
    .updateTable('connections')
    .set((eb) => ({ updated_at: now, version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .execute();
}

export async function deleteConnection(tx: Tx, id: string): Promise<void> {
  await tables(tx).deleteFrom('connections').where('id', '=', id).execute();
}

/** What is known against one connection; `undefined` when nothing is. */
export async function readTrouble(tx: Tx, connectionId: string): Promise<Trouble | undefined> {
  return (await readTroubles(tx)).get(connectionId);
}

/** Known trouble by connection id, from this or an earlier process. */
export async function readTroubles(db: Db | Tx): Promise<Map<string, Trouble>> {
  const rows = await tables(db).selectFrom('connection_health').selectAll().execute();
  return new Map(
    rows.map((row) => [
      row.connection_id,
      {
        errorId: row.error_id,
        detail: row.detail,
        since: row.since,
        failures: row.failures,
        nextProbeAt: row.next_probe_at,
      },
    ]),
  );
}

export async function writeTrouble(
  db: Db,
  connectionId: string,
  trouble: Trouble | undefined,
): Promise<void> {
  if (trouble === undefined) {
    await tables(db).deleteFrom('connection_health').where('connection_id', '=', connectionId).execute();
    return;
  }
  const row = {
    error_id: trouble.errorId,
    detail: trouble.detail,
    since: trouble.since,
    failures: trouble.failures,
    next_probe_at: trouble.nextProbeAt,
  };
  await tables(db)
    .insertInto('connection_health')
    .values({ connection_id: connectionId, ...row })
    .onConflict((conflict) => conflict.column('connection_id').doUpdateSet(row))
    .execute();
}
