/**
 * What became of a connection's settings: its revisions, each with what it changed in the one it was made from.
 * Next: revision-routes.ts
 */
import { problem } from '../http/http.ts';
import type { Db } from '../store/store.ts';
import type { Connection } from './connection.ts';
import { readHistory, readNumbered, readRevision, readSecretsOf } from './revision-queries.ts';
import { changesBetween, type Change, type Revision, type SecretMark } from './revision.ts';

export interface Past {
  readonly revision: Revision;
  /** Which secrets it has, and whether they are still kept. */
  readonly secrets: readonly (SecretMark & { readonly kept: boolean })[];
  readonly changes: readonly Change[];
}

/** Newest first, those made before the revision with the id `after`; one more than `limit`, if there is one. */
export async function history(
  db: Db,
  connection: Connection,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<Past[]> {
  let from = connection.latest;
  if (after !== undefined) {
    const last = await readRevision(db, after);
    from = last?.connectionId === connection.id ? last.number - 1 : 0;
  }
  return withChanges(db, await readHistory(db, connection.id, from, limit + 1));
}

/** One of them, by number. */
export async function oneOf(db: Db, connection: Connection, number: number): Promise<Past> {
  const found = await readNumbered(db, connection.id, number);
  const [past] = found === undefined ? [] : await withChanges(db, [found]);
  if (past !== undefined) return past;
  throw problem('not_found', { detail: `The connection has no revision ${String(number)}.` });
}

async function withChanges(db: Db, shown: readonly Revision[]): Promise<Past[]> {
  const bases = new Map(shown.map((revision) => [revision.number, revision]));
  for (const { connectionId, basedOn } of shown) {
    if (basedOn === null || bases.has(basedOn)) continue;
    const base = await readNumbered(db, connectionId, basedOn);
    if (base !== undefined) bases.set(basedOn, base);
  }
  const secrets = await readSecretsOf(
    db,
    [...bases.values()].map(({ id }) => id),
  );
  const values = (revision: Revision) => ({
    settings: revision.settings,
    secrets: secrets.get(revision.id) ?? [],
  });
  return shown.map((revision) => {
    const base = revision.basedOn === null ? undefined : bases.get(revision.basedOn);
    return {
      revision,
      secrets: values(revision).secrets.map(({ sealed, ...mark }) => ({ ...mark, kept: sealed !== null })),
      changes: changesBetween(base && values(base), values(revision)),
    };
  });
}
