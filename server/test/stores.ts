/**
 * The same tests on both databases: SQLite in a temporary folder, and PostgreSQL in a fresh database of the server that
 * POSTHORN_TEST_POSTGRES names (a URL with the right to create databases; `npm test` starts one and sets it).
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Client } from 'pg';
import { openStore, type Db, type Store } from '../src/store/store.ts';

const SERVER = process.env['POSTHORN_TEST_POSTGRES'];

/** Why PostgreSQL tests are skipped, or `false`: the `skip` option of a test that needs PostgreSQL alone. */
export const withoutPostgres: string | false =
  SERVER === undefined || SERVER === '' ? 'POSTHORN_TEST_POSTGRES is not set' : false;

export interface TestStore extends AsyncDisposable {
  readonly name: 'sqlite' | 'postgres';
  readonly url: string;
  readonly db: Db;
  /** What `onBroken` was told. */
  readonly broken: readonly unknown[];
  /** Another handle to the same database, with connections of its own; on SQLite, which has one writer, the same handle. */
  another(): Promise<Db>;
  /** Closes and removes the database; `await using` does it too. */
  close(): Promise<void>;
}

/** Runs `tests` once for each database, as two suites called `name`. They open a fresh database by `await using store = await open()`. */
export function forEachStore(name: string, tests: (open: () => Promise<TestStore>) => void): void {
  describe(`${name} (SQLite)`, () => {
    tests(openTestSqlite);
  });
  if (withoutPostgres !== false) {
    test(`${name} (PostgreSQL)`, { skip: withoutPostgres }, () => undefined);
    return;
  }
  describe(`${name} (PostgreSQL)`, () => {
    tests(openTestPostgres);
  });
}

/** A fresh SQLite database in a folder of its own. */
export async function openTestSqlite(): Promise<TestStore> {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-store-'));
  const remove = (): Promise<void> => {
    rmSync(folder, { recursive: true, force: true });
    return Promise.resolve();
  };
  return opened('sqlite', `sqlite:${join(folder, 'posthorn.db')}`, remove);
}

/** A fresh PostgreSQL database. */
export async function openTestPostgres(): Promise<TestStore> {
  const { url, drop } = await createPostgresDatabase();
  return opened('postgres', url, drop);
}

/** An empty PostgreSQL database, not opened. */
export async function createPostgresDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `posthorn_test_${randomBytes(6).toString('hex')}`;
  await onServer(`create database ${name}`);
  const url = new URL(SERVER ?? '');
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(`drop database if exists ${name} with (force)`) };
}

/** Every value of every table, as text: to look for what must not be there. Octets as hex and as text. */
export async function wholeDatabase(db: Db): Promise<string> {
  const tables = await db.tables<unknown>().introspection.getTables();
  const texts: string[] = [];
  for (const { name } of tables) {
    const rows = await db.tables<Record<string, object>>().selectFrom(name).selectAll().execute();
    texts.push(...rows.map((row) => JSON.stringify(Object.values(row).map(plain))));
  }
  return texts.join('\n');
}

function plain(value: unknown): unknown {
  return value instanceof Uint8Array
    ? `${Buffer.from(value).toString('latin1')} ${Buffer.from(value).toString('hex')}`
    : value;
}

async function onServer(statement: string): Promise<void> {
  const client = new Client({ connectionString: SERVER });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function opened(name: TestStore['name'], url: string, remove: () => Promise<void>): Promise<TestStore> {
  const broken: unknown[] = [];
  const stores: Store[] = [];
  const open = async (): Promise<Store> => {
    const store = await openStore({ url, serve: false, onBroken: (error) => broken.push(error) });
    stores.push(store);
    return store;
  };
  const close = async (): Promise<void> => {
    for (const store of stores.splice(0)) await store.close();
    await remove();
  };
  try {
    const { db } = await open();
    const another = async (): Promise<Db> => (name === 'sqlite' ? db : (await open()).db);
    return { name, url, db, broken, another, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}
