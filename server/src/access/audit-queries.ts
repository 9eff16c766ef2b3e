/**
 * SQL of the audit log. Rows are added and never changed; the head of a chain is one row per tenant, which makes writers
 * of one chain wait for each other. Next: audit.ts
 */
import type { Db, Tx } from '../store/store.ts';

export interface AuditRow {
  readonly id: string;
  readonly tenant_id: string;
  /** From 1, without a gap. */
  readonly seq: number;
  readonly at: number;
  readonly actor_id: string;
  readonly actor_name: string;
  readonly actor_kind: 'key' | 'person' | 'local' | 'public'; // the table's CHECK, as `via`
  /** The tenant that key or role belong to. */
  readonly actor_home: string | null;
  readonly via: 'api' | 'console' | 'cli' | 'page';
  readonly address: string | null;
  readonly agent: string | null;
  readonly operation: string;
  readonly thing_type: string;
  readonly thing_id: string | null;
  /** JSON. */
  readonly changes: string;
  readonly reason: string | null;
  readonly hash: string;
}

export interface Head {
  readonly seq: number;
  readonly hash: string;
}

interface Tables {
  audit_log: AuditRow;
  audit_heads: Head & { readonly tenant_id: string };
}

/** Takes the next place in a chain, and answers the hash of the entry before it. Held until the transaction ends. */
export async function takePlace(tx: Tx, tenantId: string, first: string): Promise<Head> {
  return tx
    .tables<Tables>()
    .insertInto('audit_heads')
    .values({ tenant_id: tenantId, seq: 1, hash: first })
    .onConflict((conflict) =>
      conflict.column('tenant_id').doUpdateSet((row) => ({ seq: row('audit_heads.seq', '+', 1) })),
    )
    .returning(['seq', 'hash'])
    .executeTakeFirstOrThrow();
}

export async function insertEntry(tx: Tx, row: AuditRow): Promise<void> {
  await tx.tables<Tables>().insertInto('audit_log').values(row).execute();
  await tx
    .tables<Tables>()
    .updateTable('audit_heads')
    .set({ hash: row.hash })
    .where('tenant_id', '=', row.tenant_id)
    .execute();
}

export async function headOf(db: Db | Tx, tenantId: string): Promise<Head | undefined> {
  return db
    .tables<Tables>()
    .selectFrom('audit_heads')
    .select(['seq', 'hash'])
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst();
}

/** Tenants that have a chain, or rows without one. */
export async function chains(db: Db): Promise<readonly string[]> {
  const rows = await db
    .tables<Tables>()
    .selectFrom('audit_heads')
    .select('tenant_id')
    .union(db.tables<Tables>().selectFrom('audit_log').select('tenant_id'))
    .execute();
  return rows.map((row) => row.tenant_id).toSorted();
}

export interface AuditFilter {
  readonly actor?: string | undefined;
  /** The tenant that the actor belongs to. */
  readonly home?: string | undefined;
  readonly operation?: string | undefined;
  /** A kind of thing, or the id of one. */
  readonly thing?: string | undefined;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

function filtered(db: Db | Tx, tenantId: string, filter: AuditFilter) {
  const { actor, home, operation, thing, since, until } = filter;
  let query = db.tables<Tables>().selectFrom('audit_log').selectAll().where('tenant_id', '=', tenantId);
  if (home !== undefined) query = query.where('actor_home', '=', home);
  if (actor !== undefined) query = query.where('actor_id', '=', actor);
  if (operation !== undefined) query = query.where('operation', '=', operation);
  if (thing !== undefined)
    query = query.where((row) => row.or([row('thing_type', '=', thing), row('thing_id', '=', thing)]));
  if (since !== undefined) query = query.where('at', '>=', since);
  if (until !== undefined) query = query.where('at', '<', until);
  return query;
}

/** Newest first. */
export async function entriesBefore(
  db: Db,
  tenantId: string,
  filter: AuditFilter,
  { before, limit }: { readonly before: string | undefined; readonly limit: number },
): Promise<AuditRow[]> {
  let query = filtered(db, tenantId, filter).orderBy('id', 'desc').limit(limit);
  if (before !== undefined) query = query.where('id', '<', before);
  return query.execute();
}

/** In the order of the chain. */
export async function entriesAfter(
  db: Db,
  tenantId: string,
  filter: AuditFilter,
  { after, upTo, limit }: { readonly after: number; readonly upTo: number; readonly limit: number },
): Promise<AuditRow[]> {
  return filtered(db, tenantId, filter)
    .where('seq', '>', after)
    .where('seq', '<=', upTo)
    .orderBy('seq')
    .limit(limit)
    .execute();
}

export async function entryById(db: Db, tenantId: string, id: string): Promise<AuditRow | undefined> {
  return filtered(db, tenantId, {}).where('id', '=', id).executeTakeFirst();
}
