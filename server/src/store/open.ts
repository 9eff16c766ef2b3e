/**
 * Opens the store named by a URL, brings its schema up to date, and refuses rather than run on weaker promises.
 * Next: migrate.ts
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Kysely } from 'kysely';
import type { Dialect } from './dialect.ts';
import { migrate } from './migrate.ts';
import { openPostgres } from './postgres.ts';
import { StoreRefused } from './refused.ts';
import { meaningOf } from './store-error.ts';
import { openSqlite, type SqliteHandle } from './sqlite.ts';
import type { Db } from './store.ts';
import { refuseInsideTransaction } from './transaction.ts';

/** A server that is just stopping gets this long to let go of the data folder. */
const LOCK_WAIT_MS = 500;

export interface Store {
  readonly db: Db;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** `sqlite:PATH`, `sqlite::memory:` or `postgres://…`. */
  readonly url: string;
  /**
   * Whether this process will serve the queue: then it takes the lock that keeps a second server off a SQLite file (D3).
   * Short visits (`posthorn key create`) do not.
   */
  readonly serve: boolean;
  /** Called once when the disk failed; the caller ends the process. */
  readonly onBroken: (error: unknown) => void;
}

/** Opens and migrates. Throws `StoreRefused` with what to do about it. */
export async function openStore(options: OpenOptions): Promise<Store> {
  if (/^postgres(ql)?:\/\//.test(options.url)) return openPostgresStore(options);
  if (options.url.startsWith('sqlite:')) return openSqliteStore(options);
  throw new StoreRefused('database.url must begin with sqlite: or postgres://');
}

async function openPostgresStore(options: OpenOptions): Promise<Store> {
  // A broken idle connection is replaced by the pool; whoever needs it next gets the error.
  const handle = await openPostgres(options.url, () => undefined);
  const db = makeDb(handle.kysely, handle.dialect, once(options.onBroken));
  try {
    await migrate(db);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return { db, close: () => handle.close() };
}

async function openSqliteStore(options: OpenOptions): Promise<Store> {
  const path = options.url.slice('sqlite:'.length);
  const inMemory = path === ':memory:';
  if (!inMemory) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const unlock = options.serve && !inMemory ? lock(`${path}.lock`) : () => undefined;
  const onBroken = once(options.onBroken);
  let handle: SqliteHandle | undefined;
  try {
    handle = await openSqlite(path, options.serve && !inMemory, onBroken);
    const db = makeDb(handle.kysely, handle.dialect, onBroken);
    await migrate(db);
    return { db, close: () => closeSqlite(handle, unlock) };
  } catch (error) {
    await closeSqlite(handle, unlock);
    throw error;
  }
}

async function closeSqlite(handle: SqliteHandle | undefined, unlock: () => void): Promise<void> {
  await handle?.kysely.destroy();
  await handle?.close(); // Kysely leaves it open when it has not been used yet
  unlock();
}

/** The first failure ends the process; those that follow it say nothing new. */
function once(onBroken: (error: unknown) => void): (error: unknown) => void {
  let told = false;
  return (error) => {
    if (told) return;
    told = true;
    onBroken(error);
  };
}

function makeDb(kysely: Kysely<unknown>, dialect: Dialect, onBroken: (error: unknown) => void): Db {
  return {
    dialect,
    onBroken,
    tables: <T>() => {
      refuseInsideTransaction(kysely);
      return kysely as unknown as Kysely<T>;
    },
  };
}

/** An exclusive lock that the operating system takes back when the process dies: a transaction on a file of its own. */
function lock(path: string): () => void {
  let holder: DatabaseSync | undefined;
  try {
    holder = new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
    holder.exec('begin exclusive');
  } catch (error) {
    holder?.close();
    if (meaningOf(error) !== 'busy')
      throw new StoreRefused(`The lock ${path} cannot be made; check the data folder's rights.`, {
        cause: error,
      });
    throw new StoreRefused(
      `Another Posthorn server uses this data folder (${path} is locked). Stop it first.`,
      { cause: error },
    );
  }
  const held = holder;
  return () => {
    if (held.isOpen) held.close();
  };
}
