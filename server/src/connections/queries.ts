/**
 * The SQL of connections, their sealed secrets and what is known about their health.
 * Next: registry.ts
 */
import {
  connectionSettings,
  SECRET_FIELDS,
  type ConnectionSettings,
  type SecretField,
} from '../config/config.ts';
import type { Db, Tx } from '../store/store.ts';
import type { Trouble } from './breaker.ts';
import type { Connection } from './connection.ts';

interface ConnectionTables {
  connections: {
    id: string;
    tenant_id: string;
    name: string;
    settings: string;
    revision: number;
    paused: number;
    managed_by: 'api' | 'file';
    created_at: number;
    updated_at: number;
  };
  connection_secrets: { connection_id: string; field: string; sealed: string; rotated_at: number };
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
  const secrets = await tables(db)
    .selectFrom('connection_secrets')
    .select(['connection_id', 'field', 'rotated_at'])
    .execute();
  return rows.map((row) => ({
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    settings: parseSettings(row.id, row.settings),
    revision: row.revision,
    paused: row.paused === 1,
    managedBy: row.managed_by,
    secrets: Object.fromEntries(
      secrets
        .filter((secret) => secret.connection_id === row.id)
        .map((secret) => [secret.field, secret.rotated_at]),
    ),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }));
}

/** Ids with revisions and pauses: cheap to ask often, different whenever something changed. */
export async function readFingerprint(db: Db): Promise<string> {
  const rows = await tables(db)
    .selectFrom('connections')
    .select(['id', 'revision', 'paused'])
    .orderBy('id')
    .execute();
  return fingerprintOf(rows.map((row) => ({ ...row, paused: row.paused === 1 })));
}

/** What `readFingerprint` answers as long as the database holds exactly these connections. */
export function fingerprintOf(all: readonly Pick<Connection, 'id' | 'revision' | 'paused'>[]): string {
  return all.map(({ id, revision, paused }) => `${id}:${String(revision)}:${String(paused)}`).join(',');
}

export async function writeConnection(tx: Tx, connection: Connection): Promise<void> {
  const row = {
    tenant_id: connection.tenantId,
    name: connection.name,
    settings: JSON.stringify(connection.settings),
    revision: connection.revision,
    paused: connection.paused ? 1 : 0,
    managed_by: connection.managedBy,
    created_at: connection.createdAt,
    updated_at: connection.updatedAt,
  };
  await tables(tx)
    .insertInto('connections')
    .values({ id: connection.id, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
}

/** Stores a changed connection, if nobody else changed it since that revision; answers whether it did. */
export async function updateConnection(
  tx: Tx,
  connection: Connection,
  fromRevision: number,
): Promise<boolean> {
  const result = await tables(tx)
    .updateTable('connections')
    .set({
      name: connection.name,
      settings: JSON.stringify(connection.settings),
      revision: connection.revision,
      updated_at: connection.updatedAt,
    })
    .where('id', '=', connection.id)
    .where('revision', '=', fromRevision)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** Pauses or resumes, and touches nothing else: somebody may be changing the settings. */
export async function updatePaused(tx: Tx, id: string, paused: boolean, now: number): Promise<void> {
  await tables(tx)
    .updateTable('connections')
    .set({ paused: paused ? 1 : 0, updated_at: now })
    .where('id', '=', id)
    .execute();
}

export async function deleteConnection(tx: Tx, id: string): Promise<void> {
  await tables(tx).deleteFrom('connections').where('id', '=', id).execute();
}

/** Sealed secrets of one connection by field. */
export async function readSecrets(db: Db | Tx, connectionId: string): Promise<Map<SecretField, string>> {
  const rows = await tables(db)
    .selectFrom('connection_secrets')
    .select(['field', 'sealed'])
    .where('connection_id', '=', connectionId)
    .execute();
  const found = new Map<SecretField, string>();
  for (const field of SECRET_FIELDS) {
    const row = rows.find((candidate) => candidate.field === field);
    if (row !== undefined) found.set(field, row.sealed);
  }
  return found;
}

export async function writeSecret(
  tx: Tx,
  secret: { connectionId: string; field: SecretField; sealed: string; rotatedAt: number },
): Promise<void> {
  const row = { sealed: secret.sealed, rotated_at: secret.rotatedAt };
  await tables(tx)
    .insertInto('connection_secrets')
    .values({ connection_id: secret.connectionId, field: secret.field, ...row })
    .onConflict((conflict) => conflict.columns(['connection_id', 'field']).doUpdateSet(row))
    .execute();
}

export async function deleteSecret(tx: Tx, connectionId: string, field: SecretField): Promise<void> {
  await tables(tx)
    .deleteFrom('connection_secrets')
    .where('connection_id', '=', connectionId)
    .where('field', '=', field)
    .execute();
}

/** Known trouble by connection id, from this or an earlier process. */
export async function readTroubles(db: Db): Promise<Map<string, Trouble>> {
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

/**
 * Settings were checked when they were stored. An earlier version may have stored less (defaults fill it in), a later
 * one more: what this version does not know it cannot obey, and one such row must not stop every connection.
 */
function parseSettings(id: string, text: string): ConnectionSettings {
  const written: unknown = JSON.parse(text);
  const parsed = connectionSettings.safeParse(written);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    if (issue.code === 'unrecognized_keys') forget(written, issue.path, issue.keys);
  }
  const known = connectionSettings.safeParse(written);
  if (known.success) return known.data;
  const [issue] = known.error.issues;
  throw new Error(
    `the stored settings of ${id} cannot be read: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
  );
}

function forget(written: unknown, path: readonly PropertyKey[], keys: readonly string[]): void {
  const table: unknown = path.reduce<unknown>(
    (inner, name) => (isTable(inner) ? inner[String(name)] : undefined),
    written,
  );
  if (isTable(table)) for (const key of keys) delete table[key];
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
