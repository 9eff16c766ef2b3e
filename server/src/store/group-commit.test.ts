/** Group commit on both databases: one transaction for many, each with its own answer, bad ones alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../base/problem.ts';
import { forEachStore } from '../../test/stores.ts';
import { createGroupCommit, isUniqueViolation, transaction, type GroupCommit, type Db } from './store.ts';

interface Written {
  readonly groups: number[];
  readonly commit: GroupCommit<string, string>;
}

/** Stores each item as a tenant with that slug and answers with it; notes the size of every transaction tried. */
function writer(db: Db): Written {
  const groups: number[] = [];
  const commit = createGroupCommit<string, string>({
    db,
    write: async (tx, items) => {
      groups.push(items.length);
      if (items.includes('refuse'))
        throw new Problem({ code: 'refused', status: 422, title: 'No', detail: 'no' });
      await tx.dialect.insertRows(
        tx,
        'tenants',
        items.map((slug) => ({ id: slug, slug, name: slug, created_at: 1 })),
      );
      return items.map((slug) => `stored ${slug}`);
    },
  });
  return { groups, commit };
}

async function slugs(db: Db): Promise<string[]> {
  interface Tables {
    tenants: { slug: string };
  }
  const rows = await db
    .tables<Tables>()
    .selectFrom('tenants')
    .select('slug')
    .where('slug', '!=', 'instance')
    .orderBy('slug')
    .execute();
  return rows.map((row) => row.slug);
}

forEachStore('group commit', (open) => {
  test('D11: 64 callers at once need at most 0.2 transactions each, and each gets its own answer', async () => {
    await using store = await open();
    const { groups, commit } = writer(store.db);
    const items = Array.from({ length: 64 }, (_, n) => `t${String(n)}`);
    const answers = await Promise.all(items.map((item) => commit.commit(item)));
    assert.deepEqual(
      answers,
      items.map((item) => `stored ${item}`),
    );
    assert.ok(groups.length <= 0.2 * 64, `${String(groups.length)} transactions`);
    assert.equal((await slugs(store.db)).length, 64);
    assert.equal(commit.pending, 0);
  });

  test('D11: more than a group, arriving over many turns, all get stored; what waits is counted', async () => {
    await using store = await open();
    const { groups, commit } = writer(store.db);
    const answers: Promise<string>[] = [];
    for (let turn = 0; turn < 20; turn += 1) {
      for (let n = 0; n < 25; n += 1) answers.push(commit.commit(`t${String(turn)}-${String(n)}`));
      assert.ok(commit.pending > 0);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(answers);
    assert.equal((await slugs(store.db)).length, 500);
    assert.ok(groups.every((size) => size <= 128));
    assert.ok(groups.length <= 100, `${String(groups.length)} transactions`);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(commit.pending, 0);
  });

  test('one bad item fails alone, the others of its group are stored', async () => {
    await using store = await open();
    const { commit } = writer(store.db);
    await commit.commit('there');
    const items = ['a', 'there', 'b', 'refuse', 'c'];
    const answers = await Promise.allSettled(items.map((item) => commit.commit(item)));
    assert.deepEqual(
      answers.map((answer) => answer.status),
      ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
    );
    assert.ok(answers[1]?.status === 'rejected' && isUniqueViolation(answers[1].reason));
    assert.ok(
      answers[3]?.status === 'rejected' &&
        answers[3].reason instanceof Problem &&
        answers[3].reason.status === 422,
    );
    assert.deepEqual(await slugs(store.db), ['a', 'b', 'c', 'there']);
  });

  test('a writer that answers too few is a bug: nothing is stored, nobody gets a wrong answer', async () => {
    await using store = await open();
    const commit = createGroupCommit<string, string>({
      db: store.db,
      write: async (tx, items) => {
        await tx.dialect.insertRows(
          tx,
          'tenants',
          items.map((slug) => ({ id: slug, slug, name: slug, created_at: 1 })),
        );
        return items.slice(1);
      },
    });
    const answers = await Promise.allSettled([commit.commit('a'), commit.commit('b')]);
    assert.ok(answers.every((answer) => answer.status === 'rejected'));
    assert.deepEqual(await slugs(store.db), []);
  });

  test('waiting for a group commit inside a transaction is an error, not a wait for ever', async () => {
    await using store = await open();
    const { commit } = writer(store.db);
    await assert.rejects(
      transaction(store.db, () => commit.commit('a')),
      /inside a transaction ask its `tx`/,
    );
    assert.equal(commit.pending, 0);
    assert.equal(await commit.commit('b'), 'stored b');
  });
});
