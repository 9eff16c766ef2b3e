/**
 * The SQL of message lists. A page is found by walking ids, newest first, along the index that the filters make the
 * shortest, a stretch at a time; each stretch is then filtered by everything that was asked for. So a page reads few
 * rows however many messages there are, and a search for what no index holds (words, negations) reads them all but
 * lets other work run in between. Planners are not relied on: they do not know how rare a state is.
 * Next: walk-queries.ts
 */
import { sql, type Expression, type ExpressionBuilder, type SqlBool } from 'kysely';
import { idAt } from '../base/id.ts';
import { DELIVERY, type MessageClass, type RecipientState } from '../delivery/delivery.ts';
import type { Db } from '../store/store.ts';
import type { Filter } from './query-language.ts';
import type { MessageRow } from './read-queries.ts';
import { chooseWalk, matchesKey, type ListTables } from './walk-queries.ts';

export interface ListPage {
  readonly tenantId: string;
  readonly filters: readonly Filter[];
  /** The last id of the page before. */
  readonly before: string | undefined;
  readonly limit: number;
}

/** Newest first, at most `limit`. */
export async function listMessages(db: Db, page: ListPage): Promise<MessageRow[]> {
  const { tenantId, filters, limit } = page;
  const bounds = boundsOf(page);
  const walk = await chooseWalk(db, tenantId, filters);
  const found: MessageRow[] = [];
  for (let below = bounds.below; ; await turn()) {
    const stretch = await walk(below, bounds.from);
    const rows = tables(db)
      .selectFrom('messages')
      .selectAll('messages')
      .where('messages.tenant_id', '=', tenantId)
      .$if(below !== undefined, (query) => query.where('messages.id', '<', below ?? ''))
      .where('messages.id', '>=', stretch.from)
      .$if(stretch.ids !== undefined, (query) => query.where('messages.id', 'in', [...(stretch.ids ?? [])]))
      .where((eb) => eb.and(filters.flatMap((filter) => condition(eb, tenantId, filter))))
      .orderBy('messages.id', 'desc')
      .limit(limit - found.length);
    if (stretch.ids?.length !== 0) found.push(...(await rows.execute()));
    if (found.length >= limit || stretch.last) return found;
    below = stretch.from;
  }
}

const tables = (db: Db) => db.tables<ListTables>();

/** Lets others have the event loop: on SQLite an awaited statement does not. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Ids begin with their time, so a span of time is a range of ids: from `from`, included, to `below`, excluded. */
function boundsOf({ filters, before }: ListPage): { from: string; below: string | undefined } {
  let from = '';
  let below = before;
  for (const filter of filters) {
    if (filter.kind === 'since' && idAt('msg', filter.at) > from) from = idAt('msg', filter.at);
    if (filter.kind !== 'until') continue;
    const end = idAt('msg', filter.at + 1);
    if (below === undefined || end < below) below = end;
  }
  return { from, below };
}

type Builder = ExpressionBuilder<ListTables, 'messages'>;

/** What a filter asks of one message, by looking at that message's own rows. */
function condition(eb: Builder, tenantId: string, filter: Filter): Expression<SqlBool>[] {
  switch (filter.kind) {
    case 'since':
    case 'until':
      return []; // the bounds of the walk
    case 'id':
      return [maybeNot(eb, filter.not, eb('messages.id', 'in', [...filter.ids]))];
    case 'class':
      return [maybeNot(eb, filter.not, eb('messages.class', 'in', [...filter.classes] as MessageClass[]))];
    case 'status':
      return [maybeNot(eb, filter.not, hasState(eb, filter.states))];
    case 'to':
      return [maybeNot(eb, filter.not, hasRecipient(eb, filter.keys))];
    case 'tag':
      return [maybeNot(eb, filter.not, hasTag(eb, tenantId, filter.tags))];
    case 'subject':
      return [
        maybeNot(
          eb,
          filter.not,
          eb.or(
            likePatterns(filter.words).map(
              (pattern) => sql<SqlBool>`lower(messages.subject) like ${pattern} escape '\\'`,
            ),
          ),
        ),
      ];
  }
}

function maybeNot(eb: Builder, not: boolean, expression: Expression<SqlBool>): Expression<SqlBool> {
  return not ? eb.not(expression) : expression;
}

function hasState(eb: Builder, states: readonly RecipientState[]): Expression<SqlBool> {
  const alternatives: Expression<SqlBool>[] = [];
  const stored = states.filter((state) => state !== 'sending');
  if (stored.length > 0) {
    alternatives.push(
      eb.exists(
        eb
          .selectFrom('recipients')
          .select(sql`1`.as('one'))
          .whereRef('recipients.message_id', '=', 'messages.id')
          .where('recipients.state', 'in', stored),
      ),
    );
  }
  if (states.includes('sending')) {
    alternatives.push(
      eb.exists(
        eb
          .selectFrom('jobs')
          .select(sql`1`.as('one'))
          .where('jobs.kind', '=', DELIVERY)
          .whereRef('jobs.id', '=', 'messages.id')
          .where('jobs.state', '=', 'running'),
      ),
    );
  }
  return eb.or(alternatives);
}

function hasRecipient(eb: Builder, keys: readonly string[]): Expression<SqlBool> {
  return eb.exists(
    eb
      .selectFrom('recipients')
      .select(sql`1`.as('one'))
      .whereRef('recipients.message_id', '=', 'messages.id')
      .where((recipient) => recipient.or(keys.map((key) => matchesKey(recipient, key)))),
  );
}

function hasTag(eb: Builder, tenantId: string, tags: readonly string[]): Expression<SqlBool> {
  return eb.exists(
    eb
      .selectFrom('message_tags')
      .select(sql`1`.as('one'))
      .where('message_tags.tenant_id', '=', tenantId)
      .whereRef('message_tags.message_id', '=', 'messages.id')
      .where('message_tags.tag', 'in', [...tags]),
  );
}

/** SQLite's `lower` knows ASCII only, PostgreSQL's what its locale knows: other letters are looked for in both cases. */
function likePatterns(words: string): string[] {
  const spellings = [words, words.toLowerCase(), words.toUpperCase()];
  const patterns = spellings.map((spelling) => {
    const lower = spelling.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
    return `%${lower.replace(/[\\%_]/g, '\\$&')}%`;
  });
  return [...new Set(patterns)];
}
