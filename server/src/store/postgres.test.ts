/** PostgreSQL alone: durability settings, broken connections, deadlocks between groups, several nodes migrating at once. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { sql } from 'kysely';
import { Client } from 'pg';
import { Problem } from '../base/problem.ts';
import { createPostgresDatabase, openTestPostgres, withoutPostgres } from '../../test/stores.ts';
import { createGroupCommit, openStore, StoreRefused, transaction, type Db } from './store.ts';

const options = { skip: withoutPostgres };
const open = (url: string) => openStore({ url, serve: true, onBroken: () => undefined });

async function asAdmin(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}

const away = (error: unknown): boolean =>
  error instanceof Problem && error.code === 'unavailable' && error.status === 503;

test('D2: a server that does not sync every commit is refused', options, async () => {
  const { url, drop } = await createPostgresDatabase();
  const name = new URL(url).pathname.slice(1);
  try {
    for (const setting of ['off', 'local']) {
      await asAdmin(url, `alter database ${name} set synchronous_commit = ${setting}`);
      await assert.rejects(
        open(url),
        (error) => error instanceof StoreRefused && /synchronous_commit must be on/.test(error.message),
      );
    }
    for (const setting of ['on', 'remote_write', 'remote_apply']) {
      await asAdmin(url, `alter database ${name} set synchronous_commit = ${setting}`);
      await (await open(url)).close();
    }
  } finally {
    await drop();
  }
});

test('D13: several nodes may open an empty database at once', options, async () => {
  const { url, drop } = await createPostgresDatabase();
  try {
    const stores = await Promise.all([open(url), open(url), open(url)]);
    for (const store of stores) await store.close();
  } finally {
    await drop();
  }
});

async function backend(db: Db): Promise<number> {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db.tables<unknown>());
  return rows[0]?.pid ?? 0;
}

test(
  'Z12: a connection that breaks inside a transaction is Problem 503, and the next transaction works',
  options,
  async () => {
    await using store = await openTestPostgres();
    for (const between of [true, false]) {
      await assert.rejects(
        transaction(store.db, async (tx) => {
          const pid = await backend(tx);
          if (!between)
            return void (await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx.tables()));
          // It dies while no statement is on its way: the driver reports that as an event, which must not end the process.
          await asAdmin(store.url, `select pg_terminate_backend(${String(pid)}, 5000)`);
          await backend(tx);
        }),
        away,
      );
    }
    const own = new Error('what the work threw, not what its rollback met');
    await assert.rejects(
      transaction(store.db, async (tx) => {
        await asAdmin(store.url, `select pg_terminate_backend(${String(await backend(tx))}, 5000)`);
        throw own;
      }),
      (error) => error === own,
    );
    assert.equal(await transaction(store.db, async (tx) => (await backend(tx)) > 0), true);
  },
);

test(
  'Z12: a server that is gone when it should commit is Problem 503 for the whole group, tried once',
  options,
  async () => {
    await using store = await openTestPostgres();
    let tries = 0;
    const group = createGroupCommit<number, number>({
      db: store.db,
      write: async (tx, items) => {
        tries += 1;
        const pid = await backend(tx);
        await asAdmin(store.url, `select pg_terminate_backend(${String(pid)}, 5000)`);
        return items;
      },
    });
    const answers = await Promise.allSettled([1, 2, 3].map((item) => group.commit(item)));
    assert.ok(answers.every((answer) => answer.status === 'rejected' && away(answer.reason)));
    assert.equal(tries, 1);
  },
);

test('two groups in each other’s way are both stored in the end', options, async () => {
  await using store = await openTestPostgres();
  const both = Promise.withResolvers<undefined>();
  let begun = 0;
  const insert = (id: string) => ({ id, slug: id, name: id, created_at: 1 });
  const group = (db: Db, first: string, second: string) =>
    createGroupCommit<string, boolean>({
      db,
      write: async (tx, items) => {
        const [one] = items;
        if (items.length === 1 && one !== undefined) {
          await sql`insert into tenants values (${one}, ${one}, ${one}, 1) on conflict do nothing`.execute(
            tx.tables(),
          );
          return [true];
        }
        await tx.dialect.insertRows(tx, 'tenants', [insert(first)]);
        begun += 1;
        if (begun === 2) both.resolve(undefined);
        await both.promise;
        await tx.dialect.insertRows(tx, 'tenants', [insert(second)]);
        return items.map(() => true);
      },
    });
  const left = group(store.db, 'a', 'b');
  const right = group(await store.another(), 'b', 'a');
  const answers = await Promise.all([
    left.commit('a'),
    left.commit('b'),
    right.commit('b'),
    right.commit('a'),
  ]);
  assert.deepEqual(answers, [true, true, true, true]);
});

test(
  'nodes hear each other, a broken ear harms nobody, and closing ends the connection',
  options,
  async () => {
    await using store = await openTestPostgres();
    const heard = Promise.withResolvers<undefined>();
    const stop = await store.db.dialect.listen('posthorn "test"', () => heard.resolve(undefined));
    await store.db.dialect.notify('posthorn "test"');
    await heard.promise;
    await stop();
    const second = await store.db.dialect.listen('x', () => assert.fail('nobody notified'));
    await asAdmin(
      store.url,
      "select pg_terminate_backend(pid, 5000) from pg_stat_activity where query like 'listen%'",
    );
    await second();
    const { rows } = await sql<{
      n: number;
    }>`select count(*) as n from pg_stat_activity where query like 'listen%'`.execute(
      store.db.tables<unknown>(),
    );
    assert.equal(rows[0]?.n, 0);
  },
);

test('a server that is not there, or not PostgreSQL, is refused without its password', options, async () => {
  const server = createServer((socket) => socket.resume().end('220 mail ESMTP\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const said = (error: unknown): boolean =>
    error instanceof StoreRefused &&
    /cannot be used/.test(error.message) &&
    !error.message.includes('hunter2');
  try {
    await assert.rejects(open(`postgres://u:hunter2@127.0.0.1:${String(port)}/x`), said);
  } finally {
    server.close();
    await once(server, 'close');
  }
  await assert.rejects(open(`postgres://u:hunter2@127.0.0.1:${String(port)}/x`), said);
});
