/**
 * The ways along which a list of messages can be walked: an index that names few, the queue, or all messages.
 * Next: view.ts
 */
import { sql, type Expression, type ExpressionBuilder, type SqlBool } from 'kysely';
import { DELIVERY, type RecipientState } from '../delivery/delivery.ts';
import type { Db } from '../store/store.ts';
import type { Filter } from './query-language.ts';
import type { MessageRow } from './read-queries.ts';

export interface ListTables {
  messages: MessageRow;
  recipients: { message_id: string; tenant_id: string; address_key: string; state: RecipientState };
  message_tags: { tenant_id: string; tag: string; message_id: string };
  jobs: { kind: string; id: string; state: string };
}

/** Ids looked at in one step where an index names them, and where every message has to be looked at. */
const IDS_AT_ONCE = 500;
const ROWS_AT_ONCE = 5_000;
/** A domain with more recipients than this is so common that walking all messages finds its own soon. */
const RARE_MAX = 2_000;

const tables = (db: Db) => db.tables<ListTables>();

/** Part of the way: messages from `from` on, and of those only `ids` where the index names them. */
interface Stretch {
  readonly from: string;
  readonly ids?: readonly string[];
  /** Nothing comes after it. */
  readonly last: boolean;
}

/** The next stretch below an id, not reaching further than `from`. */
type Walk = (below: string | undefined, from: string) => Promise<Stretch>;

/** Up to `limit` different ids, newest first, of one value of one index. */
type Entries = (below: string | undefined, from: string, limit: number) => Promise<string[]>;

/** The shortest way to everything that could fit the filters. */
export async function chooseWalk(db: Db, tenantId: string, filters: readonly Filter[]): Promise<Walk> {
  const asked = filters.filter((filter) => !('not' in filter && filter.not));
  const ids = asked.find((filter) => filter.kind === 'id');
  if (ids !== undefined) return (_below, from) => Promise.resolve({ from, ids: ids.ids, last: true });
  for (const filter of asked) {
    const entries = entriesFor(db, tenantId, filter);
    if (entries !== undefined) return along(entries);
  }
  for (const filter of asked) {
    const rare = filter.kind === 'to' ? await rareRecipients(db, tenantId, filter.keys) : undefined;
    if (rare !== undefined) return (_below, from) => Promise.resolve({ from, ids: rare, last: true });
  }
  const unfiltered = filters.every((filter) => filter.kind === 'since' || filter.kind === 'until');
  if (unfiltered) return (_below, from) => Promise.resolve({ from, last: true });
  return alongAll(db, tenantId);
}

/** Merges the entries of several values. */
function along(values: readonly Entries[]): Walk {
  return async (below, from) => {
    const lists = await Promise.all(values.map((entries) => entries(below, from, IDS_AT_ONCE)));
    const full = lists.filter((list) => list.length === IDS_AT_ONCE);
    // Below the end of a list that was cut off nothing is known yet; `from` leaves it to the next stretch.
    const reached =
      full
        .map((list) => list.at(-1) ?? from)
        .sort()
        .at(-1) ?? from;
    return { from: reached, ids: [...new Set(lists.flat())], last: full.length === 0 };
  };
}

/** Every message of the tenant, so many at a time. */
function alongAll(db: Db, tenantId: string): Walk {
  return async (below, from) => {
    const end = await tables(db)
      .selectFrom('messages')
      .select('id')
      .where('tenant_id', '=', tenantId)
      .where('id', '>=', from)
      .$if(below !== undefined, (query) => query.where('id', '<', below ?? ''))
      .orderBy('id', 'desc')
      .offset(ROWS_AT_ONCE - 1)
      .limit(1)
      .executeTakeFirst();
    return end === undefined ? { from, last: true } : { from: end.id, last: false };
  };
}

/** The indexes that name what a filter asks for, newest first; `undefined` when there is none. */
function entriesFor(db: Db, tenantId: string, filter: Filter): Entries[] | undefined {
  switch (filter.kind) {
    case 'tag':
      return filter.tags.map((tag) => taggedWith(db, tenantId, tag));
    case 'to':
      if (filter.keys.some((key) => key.endsWith('@'))) return undefined;
      return filter.keys.map((key) => addressedTo(db, tenantId, key));
    case 'status': {
      const inQueue = filter.states.some((state) => UNSENT.has(state));
      const troubled = filter.states.filter(isTrouble);
      if (!filter.states.every((state) => UNSENT.has(state) || isTrouble(state))) return undefined;
      return [...troubled.map((state) => inState(db, tenantId, state)), ...(inQueue ? [queued(db)] : [])];
    }
    case 'class':
    case 'id':
    case 'since':
    case 'until':
    case 'subject':
      return undefined;
  }
}

/** States that the partial index `recipients_trouble` holds, as its definition lists them: few rows have them. */
const TROUBLE = [
  'deferred',
  'held',
  'in_doubt',
  'failed',
  'expired',
  'suppressed',
  'cancelled',
  'bounced',
  'complaint',
] as const satisfies readonly RecipientState[];
const isTrouble = (state: RecipientState): boolean => TROUBLE.some((known) => known === state);
/** SQLite uses a partial index only for a query that repeats the index's condition, word for word. */
const IN_TROUBLE = sql<SqlBool>`recipients.state in (${sql.join(TROUBLE.map((state) => sql.lit(state)))})`;

/** States of recipients whose message is in the queue. */
const UNSENT: ReadonlySet<RecipientState> = new Set<RecipientState>(['queued', 'scheduled', 'sending']);

function inState(db: Db, tenantId: string, state: RecipientState): Entries {
  return ofRecipients(db, tenantId, (eb) => eb.and([eb('recipients.state', '=', state), IN_TROUBLE]));
}

function addressedTo(db: Db, tenantId: string, key: string): Entries {
  return ofRecipients(db, tenantId, (eb) => eb('recipients.address_key', '=', key));
}

function ofRecipients(
  db: Db,
  tenantId: string,
  asked: (eb: ExpressionBuilder<ListTables, 'recipients'>) => Expression<SqlBool>,
): Entries {
  return async (below, from, limit) => {
    const rows = await tables(db)
      .selectFrom('recipients')
      .select('message_id')
      .distinct()
      .where('tenant_id', '=', tenantId)
      .where(asked)
      .where('message_id', '>=', from)
      .$if(below !== undefined, (query) => query.where('message_id', '<', below ?? ''))
      .orderBy('message_id', 'desc')
      .limit(limit)
      .execute();
    return rows.map((row) => row.message_id);
  };
}

function taggedWith(db: Db, tenantId: string, tag: string): Entries {
  return async (below, from, limit) => {
    const rows = await tables(db)
      .selectFrom('message_tags')
      .select('message_id')
      .where('tenant_id', '=', tenantId)
      .where('tag', '=', tag)
      .where('message_id', '>=', from)
      .$if(below !== undefined, (query) => query.where('message_id', '<', below ?? ''))
      .orderBy('message_id', 'desc')
      .limit(limit)
      .execute();
    return rows.map((row) => row.message_id);
  };
}

/** The queue, of all tenants: the filter on the messages leaves only the asking tenant's. */
function queued(db: Db): Entries {
  return async (below, from, limit) => {
    const rows = await tables(db)
      .selectFrom('jobs')
      .select('id')
      .where('kind', '=', DELIVERY)
      .where('id', '>=', from)
      .$if(below !== undefined, (query) => query.where('id', '<', below ?? ''))
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.map((row) => row.id);
  };
}

/** Ids of all messages to these addresses and domains, unless there are very many. */
async function rareRecipients(
  db: Db,
  tenantId: string,
  keys: readonly string[],
): Promise<string[] | undefined> {
  const ids = new Set<string>();
  for (const key of keys) {
    const rows = await tables(db)
      .selectFrom('recipients')
      .select('message_id')
      .where('tenant_id', '=', tenantId)
      .where((eb) => matchesKey(eb, key))
      .limit(RARE_MAX)
      .execute();
    if (rows.length === RARE_MAX) return undefined;
    for (const row of rows) ids.add(row.message_id);
  }
  return [...ids];
}

/** A key that ends in `@` means every address of the domain: a range of the index. */
export function matchesKey(
  eb: ExpressionBuilder<ListTables, 'recipients'>,
  key: string,
): Expression<SqlBool> {
  if (!key.endsWith('@')) return eb('recipients.address_key', '=', key);
  return eb.and([
    eb('recipients.address_key', '>=', key),
    eb('recipients.address_key', '<', `${key.slice(0, -1)}A`), // the octet after `@`
  ]);
}
