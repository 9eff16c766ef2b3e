/** SQLite alone: settings read back, versions, damaged and lost files, one server per file, a full disk, a broken one. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { sql } from 'kysely';
import { Problem } from '../base/problem.ts';
import { openTestSqlite } from '../../test/stores.ts';
import { Bridge } from './sqlite-bridge.ts';
import { sqliteVersionAllowed } from './sqlite-file.ts';
import {
  createGroupCommit,
  isUniqueViolation,
  openStore,
  StoreRefused,
  transaction,
  type Db,
} from './store.ts';

const open = (path: string, serve = false) =>
  openStore({ url: `sqlite:${path}`, serve, onBroken: () => undefined });
const refused = (pattern: RegExp) => (error: unknown) =>
  error instanceof StoreRefused && pattern.test(error.message);

class TempFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'posthorn-sqlite-'));
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

async function pragma(db: Db, name: string): Promise<unknown> {
  const { rows } = await sql<Record<string, unknown>>`pragma ${sql.raw(name)}`.execute(db.tables<unknown>());
  return Object.values(rows[0] ?? {})[0];
}

test('D2: every open syncs every commit, the second open too', async () => {
  using folder = new TempFolder();
  for (const _ of ['fresh', 'again', 'and again']) {
    const store = await open(join(folder.path, 'p.db'));
    assert.equal(await pragma(store.db, 'journal_mode'), 'wal');
    assert.equal(await pragma(store.db, 'synchronous'), 2);
    assert.equal(await pragma(store.db, 'foreign_keys'), 1);
    await store.close();
  }
});

test('D3: versions that can lose committed data are refused', () => {
  const table: [version: string, allowed: boolean][] = [
    ['3.6.23', true],
    ['3.7.0', false],
    ['3.40.1', false],
    ['3.44.5', false],
    ['3.44.6', true],
    ['3.44.7', false],
    ['3.50.6', false],
    ['3.50.7', true],
    ['3.51.0', false],
    ['3.51.2', false],
    ['3.51.3', true],
    ['4.0.0', true],
  ];
  assert.deepEqual(
    table.map(([version]) => [version, sqliteVersionAllowed(version)]),
    table,
  );
});

test('D3: a second server is refused within 2 s, a short visit is not, and closing lets the next one in', async () => {
  using folder = new TempFolder();
  const path = join(folder.path, 'p.db');
  const first = await open(path, true);
  const before = performance.now();
  await assert.rejects(open(path, true), refused(/Another Posthorn server uses this data folder/));
  assert.ok(performance.now() - before < 2000);
  const visit = await open(path, false);
  await visit.close();
  await assert.rejects(open(path, true), StoreRefused); // the visit's end took nobody's lock away
  await first.close();
  await (await open(path, true)).close();
});

test('D8: a file that is no database, or has a damaged header, is refused and left as it is', async () => {
  using folder = new TempFolder();
  const path = join(folder.path, 'p.db');
  await (await open(path)).close();
  const good = readFileSync(path);
  const damaged: Buffer[] = [
    Buffer.from('hello'),
    Buffer.alloc(100_000),
    Buffer.from(good),
    Buffer.from(good),
  ];
  damaged[2]?.writeUInt8(0x58, 3); // in the magic words
  damaged[3]?.writeUInt16BE(3, 16); // a page size that cannot be
  for (const bytes of damaged) {
    writeFileSync(path, bytes);
    const { ino } = statSync(path);
    await assert.rejects(open(path, true), refused(/not a SQLite database, or its header is damaged/));
    assert.equal(statSync(path).ino, ino);
    assert.ok(readFileSync(path).equals(bytes), 'untouched');
  }
  assert.deepEqual(
    readdirSync(folder.path).filter((name) => /wal|shm/.test(name)),
    [],
  );
});

test('D8: a lost file whose log still holds data is not taken for a new one', async () => {
  using folder = new TempFolder();
  const path = join(folder.path, 'p.db');
  const store = await open(path);
  const log = readFileSync(`${path}-wal`);
  assert.ok(log.length > 0);
  await store.close();
  truncateSync(path);
  writeFileSync(`${path}-wal`, log);
  await assert.rejects(open(path), refused(/missing or empty, but its log/));
  rmSync(path);
  await assert.rejects(open(path), refused(/missing or empty, but its log/));
  assert.ok(readFileSync(`${path}-wal`).equals(log), 'the log is untouched');
  assert.ok(!existsSync(path));
});

test('a path that cannot be a database is refused in words', async () => {
  using folder = new TempFolder();
  await assert.rejects(open(folder.path), refused(/cannot be used as a database/));
});

const ROW = { name: 'x'.repeat(3000), created_at: 1 };
const fill = (db: Db, prefix: string, rows: number): Promise<void> =>
  transaction(db, async (tx) => {
    for (let n = 0; n < rows; n += 1) {
      await tx.dialect.insertRows(tx, 'tenants', [
        { id: `${prefix}${String(n)}`, slug: `${prefix}${String(n)}`, ...ROW },
      ]);
    }
  });
async function count(db: Db): Promise<number> {
  const { rows } = await sql<{
    n: number;
  }>`select count(*) as n from tenants where id <> 'ten_instance'`.execute(db.tables<unknown>());
  return rows[0]?.n ?? -1;
}

test('a full disk is Problem 507 storage_full, nothing is half stored, and it goes on when there is space again', async () => {
  await using store = await openTestSqlite();
  const { db } = store;
  await pragma(db, `max_page_count=${String(Number(await pragma(db, 'page_count')) + 20)}`);
  const full = (error: unknown): boolean =>
    error instanceof Problem && error.code === 'storage_full' && error.status === 507;
  await assert.rejects(fill(db, 'a', 100), full);
  assert.equal(await count(db), 0);
  const group = createGroupCommit<string, string>({
    db,
    write: async (tx, items) => {
      tries += 1;
      await tx.dialect.insertRows(
        tx,
        'tenants',
        items.flatMap((id) =>
          Array.from({ length: 50 }, (_, n) => ({
            id: `${id}${String(n)}`,
            slug: `${id}${String(n)}`,
            ...ROW,
          })),
        ),
      );
      return items;
    },
  });
  let tries = 0;
  const answers = await Promise.allSettled(['b', 'c', 'd'].map((id) => group.commit(id)));
  assert.ok(answers.every((answer) => answer.status === 'rejected' && full(answer.reason)));
  assert.equal(tries, 1, 'a full disk is not asked once more for each');
  assert.equal(await count(db), 0);
  await pragma(db, 'max_page_count=1000000');
  await fill(db, 'e', 50);
  assert.equal(await count(db), 50);
  assert.deepEqual(store.broken, []);
});

test('D6: after a damaged page nothing is trusted any more: onBroken hears of it once, and every later statement fails', async () => {
  await using store = await openTestSqlite();
  await fill(store.db, 'a', 200);
  const path = store.url.slice('sqlite:'.length);
  // A second handle moves the log into the file; then the file is damaged behind the store's back, header spared.
  const other = new DatabaseSync(path);
  other.exec('pragma wal_checkpoint(truncate)');
  other.close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, 4096);
  writeFileSync(path, bytes);
  await sql`pragma shrink_memory`.execute(store.db.tables<unknown>());
  await sql`pragma cache_size=0`.execute(store.db.tables<unknown>());
  await assert.rejects(
    sql`select max(length(name)) from tenants`.execute(store.db.tables<unknown>()),
    /malformed/,
  );
  assert.equal(store.broken.length, 1);
  await assert.rejects(
    transaction(store.db, () => Promise.resolve()),
    /malformed/,
  );
  await assert.rejects(sql`select 1`.execute(store.db.tables<unknown>()), /malformed/);
  assert.equal(store.broken.length, 1);
});

test('the log is copied into the file when it has grown, and does not grow without end', async () => {
  await using store = await openTestSqlite();
  const log = `${store.url.slice('sqlite:'.length)}-wal`;
  const sizes: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    for (let part = 0; part < 10; part += 1) await fill(store.db, `r${String(round)}-${String(part)}-`, 300);
    sizes.push(statSync(log).size);
  }
  assert.ok(Math.max(...sizes) < 45_000_000, `log sizes ${sizes.join(', ')}`);
  assert.equal(await count(store.db), 15_000);
});

test('a checkpoint that fails does not turn a stored commit into a failure', () => {
  using folder = new TempFolder();
  const db = new DatabaseSync(join(folder.path, 'p.db'));
  db.exec('pragma journal_mode=wal; pragma wal_autocheckpoint=0; create table t (a)');
  const bridge = new Bridge(db, () => assert.fail('not broken'));
  bridge.checkpoint = () => {
    checkpoints += 1;
    throw Object.assign(new Error('database or disk is full'), { errcode: 13 });
  };
  let checkpoints = 0;
  const insert = bridge.prepare('insert into t values (zeroblob(?))');
  assert.equal(insert.run([4097 * 4096]).changes, 1);
  for (let n = 0; n < 20; n += 1) assert.equal(insert.run([1]).changes, 1);
  assert.ok(checkpoints > 0);
  bridge.close();
});

test('a rollback after SQLite rolled back by itself is nothing, so that it hides no error', () => {
  const db = new DatabaseSync(':memory:');
  const bridge = new Bridge(db, () => assert.fail('not broken'));
  bridge.prepare('begin').run([]);
  bridge.prepare('rollback').run([]);
  bridge.prepare('rollback').run([]);
  bridge.close();
});

test('D1: a part of a transaction that fails unseen, in its thread, fails the commit; nothing of it stays', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-store-'));
  const store = await openStore({
    url: `sqlite:${join(folder, 'a.db')}`,
    serve: true,
    onBroken: () => assert.fail(),
  });
  const tenant = (id: string, slug: string) => ({ id, slug, name: slug, created_at: 1 });
  const insert = (...rows: ReturnType<typeof tenant>[]) =>
    transaction(store.db, async (tx) => {
      await tx.dialect.insertRows(tx, 'tenants', [
        tenant(`ten_before_${rows[0]?.id ?? ''}`, `b-${rows[0]?.id ?? ''}`),
      ]);
      await tx.dialect.insertRows(tx, 'tenants', rows);
    });
  try {
    await insert(tenant('ten_a', 'a'));
    await assert.rejects(insert(tenant('ten_b', 'a')), isUniqueViolation);
    await insert(tenant('ten_c', 'c'));
    const rows = await store.db
      .tables<{ tenants: { id: string } }>()
      .selectFrom('tenants')
      .select('id')
      .execute();
    assert.deepEqual(rows.map(({ id }) => id).sort(), [
      'ten_a',
      'ten_before_ten_a',
      'ten_before_ten_c',
      'ten_c',
      'ten_instance',
    ]);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
});
