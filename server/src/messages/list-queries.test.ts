import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CompiledQuery, type KyselyPlugin } from 'kysely';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';
import { idAt } from '../base/id.ts';
import type { RecipientState } from '../delivery/delivery.ts';
import { transaction, type Db, type Row } from '../store/store.ts';
import { listMessages } from './list-queries.ts';
import { parseQuery } from './query-language.ts';

const TENANT = 'ten_list';
const NOW = Date.parse('2026-11-21T12:00:00Z');
const COUNT = 6_000;

interface Sample {
  readonly id: string;
  readonly at: number;
  readonly class: string;
  readonly subject: string;
  readonly tags: readonly string[];
  readonly recipients: readonly { readonly address: string; readonly state: RecipientState }[];
}

/** Message `n` of the sample, oldest first: a minute between two, and many kinds of everything. */
function sample(n: number): Sample {
  const at = NOW - (COUNT - n) * 60_000;
  const failed = n < COUNT / 2 && n % 2 === 0 ? 'failed' : 'accepted';
  const state: RecipientState = n === 11 ? 'expired' : n % 997 === 0 ? 'queued' : failed;
  return {
    id: idAt('msg', at),
    at,
    class: n === 40 ? 'otp' : 'notification',
    subject: n % 1_000 === 3 ? `Invoice ${String(n)}` : `Letter ${String(n)}`,
    tags: [...(n % 3 === 0 ? ['third'] : []), ...(n === 50 ? ['rare'] : [])],
    recipients: [
      { address: `big.example@u${String(n)}`, state },
      ...(n % 4 === 0 ? [{ address: 'small.example@ana', state }] : []),
      ...(n === 60 ? [{ address: 'one.example@bo', state: 'deferred' } as const] : []),
    ],
  };
}

async function fill(db: Db, tenantId: string, samples: readonly Sample[]): Promise<void> {
  const messages = samples.map((one): Row => ({
    ...{ tenant_id: tenantId, id: one.id, created_at: one.at, class: one.class, subject: one.subject },
    ...{ from_address: 'a@b.example', message_id: one.id, expires_at: NOW, size_bytes: 1, content_flags: 0 },
    ...{ capture_only: 0, key_id: 'key_1' },
  }));
  const recipients = samples.flatMap(({ id, recipients: all, at }) =>
    all.map(({ address, state }, position): Row => ({
      ...{ message_id: id, position, tenant_id: tenantId, kind: 'to', address, address_key: address, state },
      ...{ attempts: 0, updated_at: at },
    })),
  );
  const queued = samples.filter((one) => one.recipients.some(({ state }) => state === 'queued'));
  await transaction(db, async (tx) => {
    await tx.dialect.insertRows(tx, 'messages', messages);
    await tx.dialect.insertRows(tx, 'recipients', recipients);
    const tagged = samples.flatMap(({ id, tags }) =>
      tags.map((tag): Row => ({ tenant_id: tenantId, tag, message_id: id })),
    );
    await tx.dialect.insertRows(tx, 'message_tags', tagged);
    const jobs = queued.map(({ id, at }): Row => ({
      ...{
        kind: 'delivery',
        id,
        tenant_id: tenantId,
        lane: 2,
        state: 'ready',
        due_at: at,
        fence: 1,
        claims: 0,
      },
    }));
    await tx.dialect.insertRows(tx, 'jobs', jobs);
  });
}

const has = (one: Sample, ...states: RecipientState[]): boolean =>
  one.recipients.some(({ state }) => states.includes(state));
const to = (one: Sample, key: string): boolean =>
  one.recipients.some(({ address }) => address.startsWith(key));

const QUERIES: Readonly<Record<string, (one: Sample) => boolean>> = {
  '': () => true,
  'status:failed': (one) => has(one, 'failed'),
  'status:failed,expired,deferred': (one) => has(one, 'failed', 'expired', 'deferred'),
  'status:expired': (one) => has(one, 'expired'),
  'status:held': () => false,
  '-status:failed': (one) => !has(one, 'failed'),
  'status:queued': (one) => has(one, 'queued'),
  'status:queued,expired': (one) => has(one, 'queued', 'expired'),
  'status:sending': () => false,
  'status:accepted': (one) => has(one, 'accepted'),
  'status:accepted,expired': (one) => has(one, 'accepted', 'expired'),
  'to:ana@small.example': (one) => to(one, 'small.example@ana'),
  'to:ana@small.example,bo@one.example': (one) => to(one, 'small.example@') || to(one, 'one.example@'),
  'to:@small.example': (one) => to(one, 'small.example@'),
  'to:@one.example': (one) => to(one, 'one.example@'),
  'to:@big.example': () => true,
  '-to:@small.example': (one) => !to(one, 'small.example@'),
  'to:@none.example': () => false,
  'tag:third': (one) => one.tags.includes('third'),
  'tag:rare,third': (one) => one.tags.length > 0,
  'tag:rare': (one) => one.tags.includes('rare'),
  '-tag:third': (one) => !one.tags.includes('third'),
  'class:otp': (one) => one.class === 'otp',
  invoice: (one) => one.subject.startsWith('Invoice'),
  'since:40h': (one) => one.at >= NOW - 40 * 3_600_000,
  'until:40h': (one) => one.at <= NOW - 40 * 3_600_000,
  'status:failed since:90h until:80h': (one) =>
    has(one, 'failed') && one.at >= NOW - 90 * 3_600_000 && one.at <= NOW - 80 * 3_600_000,
  'status:failed tag:third -to:@small.example': (one) =>
    has(one, 'failed') && one.tags.includes('third') && !to(one, 'small.example@'),
  'tag:third class:otp': () => false,
  [`id:${sample(7).id},${sample(8).id},msg_none status:failed`]: (one) => one.id === sample(8).id,
  [`-id:${sample(5_999).id} since:1h`]: (one) => one.at >= NOW - 3_600_000 && one.id !== sample(5_999).id,
};

forEachStore('lists of many messages', (open) => {
  test('every page of every filter holds what it should, in order, however far the walk', async () => {
    await using store = await open();
    const { db } = store;
    const samples = Array.from({ length: COUNT }, (_, n) => sample(n));
    await fill(db, TENANT, samples);
    // The same again for a neighbour, at other times: nothing of it may be seen.
    await fill(
      db,
      'ten_other',
      samples.map((one) => ({ ...one, id: idAt('msg', one.at + 1) })),
    );
    for (const [q, wanted] of Object.entries(QUERIES)) {
      const { filters, complaints } = parseQuery(q, NOW);
      assert.deepEqual(complaints, []);
      const expected = samples
        .filter(wanted)
        .map(({ id }) => id)
        .reverse();
      const limit = expected.length > 1_000 ? 700 : 60;
      const seen: string[] = [];
      for (;;) {
        const rows = await listMessages(db, { tenantId: TENANT, filters, before: seen.at(-1), limit });
        seen.push(...rows.map(({ id }) => id));
        if (rows.length < limit) break;
      }
      assert.deepEqual(seen, expected, q);
    }
  });
});

test('on SQLite no filter reads a table from end to end, and a rare state is found by its index', async () => {
  await using store = await openTestSqlite();
  await fill(store.db, TENANT, [sample(1), sample(2)]);
  for (const q of Object.keys(QUERIES)) {
    const { filters } = parseQuery(q, NOW);
    const asked = recording(store.db);
    await listMessages(asked.db, { tenantId: TENANT, filters, before: sample(3).id, limit: 50 });
    for (const statement of asked.statements()) {
      const plan = await store.db
        .tables<unknown>()
        .executeQuery<{ detail: string }>(
          CompiledQuery.raw(`explain query plan ${statement.sql}`, [...statement.parameters]),
        );
      for (const { detail } of plan.rows) {
        assert.doesNotMatch(
          detail,
          /^SCAN (messages|recipients|message_tags|jobs)/,
          `${q}: ${statement.sql}`,
        );
        assert.doesNotMatch(detail, /TEMP B-TREE FOR ORDER BY/, `${q}: ${statement.sql}`);
      }
      if (q === 'status:failed' && statement.sql.startsWith('select distinct'))
        assert.match(plan.rows.map(({ detail }) => detail).join(), /USING COVERING INDEX recipients_trouble/);
    }
  }
});

test('on SQLite a page of a common state reads a bounded number of rows', async () => {
  await using store = await openTestSqlite();
  await fill(
    store.db,
    TENANT,
    Array.from({ length: COUNT }, (_, n) => sample(n)),
  );
  for (const [q, most] of Object.entries({
    'status:failed': 550,
    'tag:third': 550,
    '': 50,
    'to:@small.example': 1_550,
    'status:expired': 2,
  })) {
    const asked = recording(store.db);
    const { filters } = parseQuery(q, NOW);
    await listMessages(asked.db, { tenantId: TENANT, filters, before: undefined, limit: 50 });
    assert.ok(asked.rows() <= most, `${q}: ${String(asked.rows())}`);
  }
});

/** A handle that notes what is asked through it. */
function recording(db: Db): { db: Db; statements(): CompiledQuery[]; rows(): number } {
  const seen: CompiledQuery[] = [];
  let rows = 0;
  const plugin: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      seen.push(db.tables<unknown>().getExecutor().compileQuery(node, queryId));
      return node;
    },
    transformResult({ result }) {
      rows += result.rows.length;
      return Promise.resolve(result);
    },
  };
  return {
    db: { ...db, tables: <T>() => db.tables<T>().withPlugin(plugin) },
    statements: () => seen,
    rows: () => rows,
  };
}
