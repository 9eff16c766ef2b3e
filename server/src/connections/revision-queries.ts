/**
 * The SQL of revisions and of the sealed secrets that belong to each.
 * Next: revisions.ts
 */
import { SECRET_FIELDS, type SecretField } from '../config/config.ts';
import type { Db, Tx } from '../store/store.ts';
import type { Revision, RevisionState, SecretMark, SecretRow } from './revision.ts';
import { parseSettings } from './stored-settings.ts';

interface RevisionTables {
  connection_revisions: {
    id: string;
    connection_id: string;
    number: number;
    state: RevisionState;
    settings: string;
    fingerprint: string | null;
    origin: Revision['origin'];
    based_on: number | null;
    created_at: number;
    created_by: string;
    proved_at: number | null;
    proved_by: string | null;
    activated_at: number | null;
    activated_by: string | null;
    force_reason: string | null;
    superseded_at: number | null;
    returned: string | null;
    trial_since: number | null;
    returns_to: string | null;
  };
  connection_secrets: {
    revision_id: string;
    field: string;
    sealed: string | null;
    since: number;
    rotated_at: number;
  };
}

const tables = (db: Db | Tx) => db.tables<RevisionTables>();
const STANDING: readonly RevisionState[] = ['draft', 'proved', 'active'];

/** Of every connection what is in force and what waits, with marks of the secrets. */
export async function readStanding(
  db: Db | Tx,
): Promise<{ revision: Revision; secrets: readonly SecretMark[] }[]> {
  const rows = await tables(db)
    .selectFrom('connection_revisions')
    .selectAll()
    .where('state', 'in', STANDING)
    .execute();
  const secrets = await tables(db)
    .selectFrom('connection_secrets')
    .innerJoin('connection_revisions', 'connection_revisions.id', 'connection_secrets.revision_id')
    .select(['revision_id', 'field', 'since', 'rotated_at'])
    .where('state', 'in', STANDING)
    .execute();
  const byRevision = Map.groupBy(secrets, (row) => row.revision_id);
  return rows.map((row) => ({
    revision: revisionOf(row),
    secrets: (byRevision.get(row.id) ?? []).flatMap((secret) => {
      const field = SECRET_FIELDS.find((name) => name === secret.field);
      return field === undefined ? [] : [{ field, since: secret.since, rotatedAt: secret.rotated_at }];
    }),
  }));
}

/** The highest number by connection id. */
export async function readLatest(db: Db | Tx): Promise<Map<string, number>> {
  const rows = await tables(db)
    .selectFrom('connection_revisions')
    .select((eb) => ['connection_id', eb.fn.max('number').as('latest')])
    .groupBy('connection_id')
    .execute();
  return new Map(rows.map((row) => [row.connection_id, row.latest]));
}

export async function readRevision(db: Db | Tx, id: string): Promise<Revision | undefined> {
  const row = await tables(db)
    .selectFrom('connection_revisions')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  return row && revisionOf(row);
}

/** Of one connection, from this number down, newest first. */
export async function readHistory(
  db: Db | Tx,
  connectionId: string,
  from: number,
  limit: number,
): Promise<Revision[]> {
  const rows = await tables(db)
    .selectFrom('connection_revisions')
    .selectAll()
    .where('connection_id', '=', connectionId)
    .where('number', '<=', from)
    .orderBy('number', 'desc')
    .limit(limit)
    .execute();
  return rows.map(revisionOf);
}

/** One revision of a connection by its number. */
export async function readNumbered(
  db: Db | Tx,
  connectionId: string,
  number: number,
): Promise<Revision | undefined> {
  const [found] = await readHistory(db, connectionId, number, 1);
  return found?.number === number ? found : undefined;
}

export async function insertRevision(
  tx: Tx,
  revision: Revision,
  secrets: readonly SecretRow[],
): Promise<void> {
  const row = {
    id: revision.id,
    connection_id: revision.connectionId,
    number: revision.number,
    state: revision.state,
    settings: JSON.stringify(revision.settings),
    fingerprint: revision.fingerprint,
    origin: revision.origin,
    based_on: revision.basedOn,
    created_at: revision.createdAt,
    created_by: revision.createdBy,
    proved_at: revision.provedAt,
    proved_by: revision.provedBy,
    activated_at: revision.activatedAt,
    activated_by: revision.activatedBy,
    force_reason: revision.forceReason,
    superseded_at: revision.supersededAt,
    returned: revision.returned,
    trial_since: revision.trialSince,
    returns_to: revision.returnsTo,
  };
  await tables(tx).insertInto('connection_revisions').values(row).execute();
  for (const secret of secrets) {
    await tables(tx)
      .insertInto('connection_secrets')
      .values({
        revision_id: revision.id,
        field: secret.field,
        sealed: secret.sealed,
        since: secret.since,
        rotated_at: secret.rotatedAt,
      })
      .execute();
  }
}

export type RevisionChange = Partial<
  Pick<
    Revision,
    | 'provedAt'
    | 'provedBy'
    | 'activatedAt'
    | 'activatedBy'
    | 'forceReason'
    | 'supersededAt'
    | 'returned'
    | 'trialSince'
    | 'returnsTo'
  >
>;

/** Moves a revision to another state, if it is in one of those; answers whether it was. */
export async function moveRevision(
  tx: Tx,
  id: string,
  from: readonly RevisionState[],
  to: RevisionState,
  change: RevisionChange,
): Promise<boolean> {
  const result = await tables(tx)
    .updateTable('connection_revisions')
    .set({
      state: to,
      ...(change.provedAt !== undefined && { proved_at: change.provedAt }),
      ...(change.provedBy !== undefined && { proved_by: change.provedBy }),
      ...(change.activatedAt !== undefined && { activated_at: change.activatedAt }),
      ...(change.activatedBy !== undefined && { activated_by: change.activatedBy }),
      ...(change.forceReason !== undefined && { force_reason: change.forceReason }),
      ...(change.supersededAt !== undefined && { superseded_at: change.supersededAt }),
      ...(change.returned !== undefined && { returned: change.returned }),
      ...(change.trialSince !== undefined && { trial_since: change.trialSince }),
      ...(change.returnsTo !== undefined && { returns_to: change.returnsTo }),
    })
    .where('id', '=', id)
    .where('state', 'in', [...from])
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** Replaces whatever of a connection is in one of these states. */
export async function supersede(
  tx: Tx,
  connectionId: string,
  states: readonly RevisionState[],
  now: number,
  returned: string | null = null,
): Promise<void> {
  await tables(tx)
    .updateTable('connection_revisions')
    .set({ state: 'superseded', superseded_at: now, ...(returned !== null && { returned }) })
    .where('connection_id', '=', connectionId)
    .where('state', 'in', [...states])
    .execute();
}

/** When these values last failed on trial, epoch ms; `undefined` when they never did. */
export async function readFailed(
  db: Db | Tx,
  connectionId: string,
  fingerprint: string,
): Promise<number | undefined> {
  const row = await tables(db)
    .selectFrom('connection_revisions')
    .select((eb) => eb.fn.max('superseded_at').as('at'))
    .where('connection_id', '=', connectionId)
    .where('fingerprint', '=', fingerprint)
    .where('returned', 'is not', null)
    .executeTakeFirst();
  return row?.at ?? undefined;
}

/** Ids of drafts with this fingerprint, and their connections. */
export async function readDraftsLike(
  db: Db | Tx,
  fingerprint: string,
): Promise<{ id: string; connectionId: string }[]> {
  const rows = await tables(db)
    .selectFrom('connection_revisions')
    .select(['id', 'connection_id'])
    .where('state', '=', 'draft')
    .where('fingerprint', '=', fingerprint)
    .execute();
  return rows.map((row) => ({ id: row.id, connectionId: row.connection_id }));
}

/** Sealed secrets of one revision. */
export async function readSecrets(db: Db | Tx, revisionId: string): Promise<SecretRow[]> {
  return (await readSecretsOf(db, [revisionId])).get(revisionId) ?? [];
}

/** Sealed secrets of many revisions, by revision id. */
export async function readSecretsOf(
  db: Db | Tx,
  revisionIds: readonly string[],
): Promise<Map<string, SecretRow[]>> {
  if (revisionIds.length === 0) return new Map();
  const rows = await tables(db)
    .selectFrom('connection_secrets')
    .selectAll()
    .where('revision_id', 'in', [...revisionIds])
    .execute();
  const grouped = Map.groupBy(rows, (row) => row.revision_id);
  return new Map(
    [...grouped].map(([id, some]) => [
      id,
      SECRET_FIELDS.flatMap((field) => {
        const row = some.find((candidate) => candidate.field === field);
        return row === undefined ? [] : [secretOf(field, row)];
      }),
    ]),
  );
}

function secretOf(
  field: SecretField,
  row: { sealed: string | null; since: number; rotated_at: number },
): SecretRow {
  return { field, sealed: row.sealed, since: row.since, rotatedAt: row.rotated_at };
}

/** A kept secret of this connection that was given in this revision, wherever a copy of it is. */
export async function readKept(
  db: Db | Tx,
  connectionId: string,
  field: SecretField,
  since: number,
): Promise<string | undefined> {
  const row = await tables(db)
    .selectFrom('connection_secrets')
    .innerJoin('connection_revisions', 'connection_revisions.id', 'connection_secrets.revision_id')
    .select('sealed')
    .where('connection_id', '=', connectionId)
    .where('field', '=', field)
    .where('since', '=', since)
    .where('sealed', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return row?.sealed ?? undefined;
}

/** Forgets the secrets of revisions that were replaced before this time; that there were some stays known. */
export async function forgetSecrets(db: Db | Tx, before: number): Promise<void> {
  await tables(db)
    .updateTable('connection_secrets')
    .set({ sealed: null })
    .where('sealed', 'is not', null)
    .where('revision_id', 'in', (eb) =>
      eb
        .selectFrom('connection_revisions')
        .select('id')
        .where('state', '=', 'superseded')
        .where('superseded_at', '<', before),
    )
    .execute();
}

/** Removes every secret of a connection, of whatever revision. */
export async function deleteSecrets(tx: Tx, connectionId: string): Promise<void> {
  await tables(tx)
    .deleteFrom('connection_secrets')
    .where('revision_id', 'in', (eb) =>
      eb.selectFrom('connection_revisions').select('id').where('connection_id', '=', connectionId),
    )
    .execute();
}

function revisionOf(row: RevisionTables['connection_revisions']): Revision {
  return {
    id: row.id,
    connectionId: row.connection_id,
    number: row.number,
    state: row.state,
    settings: parseSettings(row.connection_id, row.settings),
    fingerprint: row.fingerprint,
    origin: row.origin,
    basedOn: row.based_on,
    createdAt: row.created_at,
    createdBy: row.created_by,
    provedAt: row.proved_at,
    provedBy: row.proved_by,
    activatedAt: row.activated_at,
    activatedBy: row.activated_by,
    forceReason: row.force_reason,
    supersededAt: row.superseded_at,
    returned: row.returned,
    trialSince: row.trial_since,
    returnsTo: row.returns_to,
  };
}
