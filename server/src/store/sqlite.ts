/**
 * SQLite behind Kysely: one connection, one writer, full sync. In a server it has a thread of its own, because a commit
 * waits for the disk and nobody else should wait with it.
 * Next: sqlite-remote.ts
 */
import { LRUCache } from 'lru-cache';
import {
  CompiledQuery,
  Kysely,
  SqliteAdapter,
  SqliteDialect,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
} from 'kysely';
import { systemClock } from '../base/clock.ts';
import type { Dialect, Row } from './dialect.ts';
import { Batch } from './sqlite-bridge.ts';
import { startSqliteThread } from './sqlite-remote.ts';
import { openStatements, type Answer } from './sqlite-statements.ts';
import type { Tx } from './store.ts';

export interface SqliteHandle {
  readonly kysely: Kysely<unknown>;
  readonly dialect: Dialect;
  close(): Promise<void>;
}

/** Statements on the file, wherever they are run: in order, one at a time. */
export interface SqliteAccess {
  run(sql: string, parameters: readonly unknown[]): Promise<Answer>;
  /** One statement once per list; rows changed by each. */
  runEach(sql: string, lists: readonly (readonly unknown[])[]): Promise<number[]>;
  /**
   * Part of a transaction whose answer nobody needs: done in order, and not waited for. A failure rejects the next
   * statement, at the latest the commit.
   */
  post(sql: string, lists: readonly (readonly unknown[])[]): void;
  /** After what was asked before; may be called again. */
  close(): Promise<void>;
}

/**
 * Opens (or makes) the database file; `path` may be `:memory:` in tests. A server takes a thread of its own for it, a
 * short visit does its few statements where it is. `onBroken` hears of the first failed write or sync.
 * Rejects with `StoreRefused`.
 */
export async function openSqlite(
  path: string,
  ownThread: boolean,
  onBroken: (error: unknown) => void,
): Promise<SqliteHandle> {
  const access = ownThread ? await startSqliteThread(path, onBroken) : openHere(path, onBroken);
  return {
    kysely: new Kysely<unknown>({ dialect: new AccessDialect(access) }),
    dialect: sqliteDialect(),
    close: () => access.close(),
  };
}

function openHere(path: string, onBroken: (error: unknown) => void): SqliteAccess {
  const statements = openStatements(path, onBroken);
  return {
    run: async (sql, parameters) => statements.run(sql, parameters),
    runEach: async (sql, lists) => statements.runEach(sql, lists),
    post: (sql, lists) => {
      statements.runEach(sql, lists);
    },
    close: async () => {
      statements.close();
    },
  };
}

class AccessDialect extends SqliteDialect {
  readonly #access: SqliteAccess;
  constructor(access: SqliteAccess) {
    super({ database: () => Promise.reject(new Error('the file is open already')) });
    this.#access = access;
  }

  override createDriver(): Driver {
    return driverOf(this.#access);
  }

  /** Kysely is careful and runs SQLite's schema changes outside a transaction; SQLite does not need that care. */
  override createAdapter(): SqliteAdapter {
    return new (class extends SqliteAdapter {
      override get supportsTransactionalDdl(): boolean {
        return true;
      }
    })();
  }
}

/** Kysely hands its one connection to one caller at a time. */
function driverOf(access: SqliteAccess): Driver {
  const connection: DatabaseConnection = {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      const [first] = parameters;
      if (first instanceof Batch) {
        if (first.awaited) first.changes = await access.runEach(sql, first.lists);
        else access.post(sql, first.lists);
        return { rows: [] };
      }
      const { rows, changes } = await access.run(sql, parameters);
      // The rows are what the statement selects; its caller typed it.
      return { rows: rows as R[], ...(changes !== undefined && { numAffectedRows: BigInt(changes) }) };
    },
    streamQuery() {
      throw new Error('rows are read at once');
    },
  };
  const simple = (sql: string) => async () => {
    await connection.executeQuery(CompiledQuery.raw(sql));
  };
  return {
    init: () => Promise.resolve(),
    acquireConnection: () => Promise.resolve(connection),
    beginTransaction: async () => {
      access.post('begin', [[]]);
    },
    commitTransaction: simple('commit'),
    rollbackTransaction: simple('rollback'),
    releaseConnection: () => Promise.resolve(),
    destroy: () => access.close(),
  };
}

function sqliteDialect(): Dialect {
  const runBatch = async (tx: Tx, sql: string, batch: Batch) => {
    await tx.tables<unknown>().executeQuery(CompiledQuery.raw(numbered(sql), [batch]));
    return batch.changes;
  };
  return {
    name: 'sqlite',
    manyNodes: false,
    commitsAtOnce: 1,
    runEach: (tx, sql, parameters) => runBatch(tx, sql, new Batch(parameters, true)),
    async doEach(tx, sql, parameters) {
      await runBatch(tx, sql, new Batch(parameters, false));
    },
    async insertRows(tx, table, rows) {
      const [first] = rows;
      if (first === undefined) return;
      const columns = Object.keys(first);
      const lists = rows.map((row: Row) => columns.map((column) => row[column]));
      await runBatch(tx, insertSql(table, columns), new Batch(lists, false));
    },
    lockForClaim: (query) => query,
    now: () => Promise.resolve(systemClock.now()),
    notify: () => Promise.resolve(),
    listen: () => Promise.resolve(() => Promise.resolve()),
  };
}

const numberedSql = new LRUCache<string, string>({ max: 200 });

/** `$1` as `?1`: SQLite counts `$1` as a name, in order of appearance, and `?1` as a number. */
function numbered(sql: string): string {
  let text = numberedSql.get(sql);
  if (text === undefined) {
    text = sql.replace(/\$(\d+)/g, '?$1');
    numberedSql.set(sql, text);
  }
  return text;
}

function insertSql(table: string, columns: readonly string[]): string {
  const places = columns.map((_, index) => `$${String(index + 1)}`).join(', ');
  return `insert into ${table} (${columns.join(', ')}) values (${places})`;
}
