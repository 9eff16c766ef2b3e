/** What both databases promise through the store's face: transactions, rows, batches, migrations, refusals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql, type Generated } from 'kysely';
import { Problem } from '../base/problem.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { forEachStore } from '../../test/stores.ts';
import {
  databaseClock,
  isUniqueViolation,
  openStore,
  StoreRefused,
  transaction,
  type Db,
  type Row,
  type Tx,
} from './store.ts';

interface Tables {
  tenants: { id: string; slug: string; name: string; created_at: number };
  kysely_migration: { name: string; timestamp: Generated<string> };
}

const tenant = (n: number, slug = `tenant-${String(n)}`): Row => ({
  id: `ten_${String(n)}`,
  slug,
  name: 'T',
  created_at: n,
});

async function tenantIds(db: Db): Promise<string[]> {
  const rows = await db
    .tables<Tables>()
    .selectFrom('tenants')
    .select('id')
    .where('id', '!=', 'ten_instance')
    .orderBy('created_at')
    .execute();
  return rows.map((row) => row.id);
}

forEachStore('store', (open) => {
  test('a transaction keeps everything or nothing', async () => {
    await using store = await open();
    const insert = (tx: Tx, n: number): Promise<void> => tx.dialect.insertRows(tx, 'tenants', [tenant(n)]);
    assert.equal(await transaction(store.db, async (tx) => (await insert(tx, 1), 'answer')), 'answer');
    const failure = new Error('on purpose');
    await assert.rejects(
      transaction(store.db, async (tx) => {
        await insert(tx, 2);
        throw failure;
      }),
      (error) => error === failure,
    );
    assert.deepEqual(await tenantIds(store.db), ['ten_1']);
  });

  test('insertRows takes many rows, none, null and large numbers', async () => {
    await using store = await open();
    const rows = Array.from({ length: 6000 }, (_, index) => tenant(index + 1));
    await transaction(store.db, async (tx) => {
      await tx.dialect.insertRows(tx, 'tenants', []);
      await tx.dialect.insertRows(tx, 'tenants', rows);
      await tx.dialect.insertRows(tx, 'tenants', [tenant(2 ** 50)]);
    });
    const ids = await tenantIds(store.db);
    assert.equal(ids.length, 6001);
    assert.equal(ids.at(-1), `ten_${String(2 ** 50)}`);
    const row = await store.db
      .tables<Tables>()
      .selectFrom('tenants')
      .select('created_at')
      .where('id', '=', 'ten_5999')
      .executeTakeFirst();
    assert.equal(row?.created_at, 5999);
  });

  test('runEach runs once per list, in order, and tells what each changed', async () => {
    await using store = await open();
    const changed = await transaction(store.db, async (tx) => {
      await tx.dialect.insertRows(tx, 'tenants', [tenant(1), tenant(2)]);
      // $2 before $1: the numbers count, not the order of appearance.
      return tx.dialect.runEach(tx, 'update tenants set name = $2 where id = $1', [
        ['ten_1', 'one'],
        ['ten_9', 'nine'],
        ['ten_2', 'two'],
      ]);
    });
    assert.deepEqual(changed, [1, 0, 1]);
    const names = await store.db
      .tables<Tables>()
      .selectFrom('tenants')
      .select('name')
      .where('created_at', '>', 0)
      .orderBy('id')
      .execute();
    assert.deepEqual(
      names.map((row) => row.name),
      ['one', 'two'],
    );
  });

  test('a row that is there already is recognised, and a missing parent is not taken for it', async () => {
    await using store = await open();
    const add = (table: string, row: Row) =>
      transaction(store.db, (tx) => tx.dialect.insertRows(tx, table, [row]));
    await add('tenants', tenant(1));
    await assert.rejects(add('tenants', tenant(1, 'other')), isUniqueViolation);
    await assert.rejects(add('tenants', tenant(2, 'tenant-1')), isUniqueViolation);
    const orphan = { key_id: 'k', tenant_id: 'ten_none', wrapped: 'w', created_at: 1 };
    await assert.rejects(add('data_keys', orphan), (error) => !isUniqueViolation(error));
  });

  test('asking the database beside its open transaction is an error, not a wait for ever', async () => {
    await using store = await open();
    await assert.rejects(
      transaction(store.db, () => tenantIds(store.db)),
      /inside a transaction ask its `tx`/,
    );
    await assert.rejects(
      transaction(store.db, () => transaction(store.db, () => Promise.resolve())),
      /inside a transaction ask its `tx`/,
    );
    // What a transaction set going may ask once it is over, and others may ask meanwhile.
    const over = Promise.withResolvers<undefined>();
    let later: Promise<string[]> | undefined;
    await transaction(store.db, () => {
      later = over.promise.then(() => tenantIds(store.db));
      return Promise.resolve();
    });
    over.resolve(undefined);
    assert.deepEqual(await later, []);
  });

  test('D13: opening again keeps the data and changes nothing; a newer schema is refused', async () => {
    await using store = await open();
    await transaction(store.db, (tx) => tx.dialect.insertRows(tx, 'tenants', [tenant(1)]));
    const again = await openStore({ url: store.url, serve: false, onBroken: () => undefined });
    assert.deepEqual(await tenantIds(again.db), ['ten_1']);
    await again.close();
    await again.close();
    await store.db
      .tables<Tables>()
      .insertInto('kysely_migration')
      .values({ name: '9999-future', timestamp: 'x' })
      .execute();
    await assert.rejects(
      openStore({ url: store.url, serve: false, onBroken: () => undefined }),
      (error) => error instanceof StoreRefused && /newer Posthorn/.test(error.message),
    );
    assert.deepEqual(await tenantIds(store.db), ['ten_1']);
  });

  test('values that the database cannot hold are refused, and nothing is stored', async () => {
    await using store = await open();
    await assert.rejects(
      transaction(store.db, (tx) =>
        tx.dialect.insertRows(tx, 'tenants', [tenant(1), { ...tenant(2), name: null }]),
      ),
    );
    assert.deepEqual(await tenantIds(store.db), []);
  });

  test('the database clock follows a clock that all nodes share and stops measuring when told', async () => {
    await using store = await open();
    const local = createFakeClock(1000);
    const { clock, stop } = await databaseClock(store.db, local);
    const difference = Math.abs(clock.now() - (await store.db.dialect.now()));
    assert.ok(store.db.dialect.manyNodes ? difference < 60_000 : clock.now() === 1000);
    assert.equal(local.timers(), store.db.dialect.manyNodes ? 1 : 0);
    stop();
    await local.run(120_000);
    assert.equal(local.timers(), 0);
  });
});

test('a URL that names no database is refused with what to write', async () => {
  const options = { serve: false, onBroken: () => undefined };
  await assert.rejects(openStore({ ...options, url: 'mysql://x' }), /must begin with sqlite: or postgres/);
  await assert.rejects(
    openStore({ ...options, url: 'postgres://127.0.0.1:1/x' }),
    (error) => error instanceof StoreRefused,
  );
});

forEachStore('store errors', (open) => {
  test('a Problem thrown inside a transaction arrives as it was', async () => {
    await using store = await open();
    const problem = new Problem({ code: 'not_found', status: 404, title: 'Not found', detail: 'x' });
    await assert.rejects(
      transaction(store.db, async (tx) => {
        await sql`select 1`.execute(tx.tables());
        throw problem;
      }),
      (error) => error === problem,
    );
    assert.deepEqual(store.broken, []);
  });
});
