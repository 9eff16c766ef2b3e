/**
 * The bridge between `node:sqlite` and the shape that Kysely's dialect expects: cached statements, batches of parameter
 * lists, checkpoints after commits, and one rule about disks: after the first failed write or sync nothing runs any more (D6).
 * Next: postgres.ts
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';
import type { SqliteDatabase, SqliteStatement } from 'kysely';
import { crashWithin } from '../base/crash-point.ts';
import { meaningOf } from './store-error.ts';

/** Pages in the log after which a commit is followed by a checkpoint (4 KiB each: 16 MiB). */
const CHECKPOINT_PAGES = 4096;
/** The log's size is asked for after this many commits: asking costs as much as a small statement. */
const LOG_LOOK_COMMITS = 16;

/** Parameter lists for one statement, run in one go without a trip through Kysely for each. */
export class Batch {
  readonly lists: readonly (readonly unknown[])[];
  /** Filled by the bridge: rows changed per list. */
  changes: number[] = [];
  /** Whether somebody wants to know the changes before going on. */
  readonly awaited: boolean;
  constructor(lists: readonly (readonly unknown[])[], awaited: boolean) {
    this.lists = lists;
    this.awaited = awaited;
  }
}

export class Bridge implements SqliteDatabase {
  readonly #db: DatabaseSync;
  readonly #onBroken: (error: unknown) => void;
  readonly #logSize: StatementSync;
  readonly #statements = new LRUCache<string, SqliteStatement>({ max: 500 });
  #commits = 0;
  #checkpointAt = CHECKPOINT_PAGES;
  #broken: { readonly error: unknown } | undefined;

  constructor(db: DatabaseSync, onBroken: (error: unknown) => void) {
    this.#db = db;
    this.#onBroken = onBroken;
    this.#logSize = db.prepare('pragma wal_checkpoint(noop)');
  }

  prepare(sql: string): SqliteStatement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#trusted(() => this.#bridge(sql));
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Copies what it can of the log into the database file, without waiting for readers. */
  checkpoint(): void {
    crashWithin('during-checkpoint', 1);
    const after = this.#trusted(() => this.#db.prepare('pragma wal_checkpoint(passive)').get());
    // A long reader can keep the log: try again when it has grown by as much again, not after every commit.
    this.#checkpointAt = CHECKPOINT_PAGES + pagesToCopy(after);
  }

  close(): void {
    this.#statements.clear();
    if (this.#db.isOpen) this.#db.close();
  }

  #bridge(sql: string): SqliteStatement {
    // A deferred transaction that reads first can fail on its first write when another process wrote meanwhile.
    const prepared = this.#db.prepare(sql === 'begin' ? 'begin immediate' : sql);
    const reads = /^\s*(select|pragma|begin)\b/i.test(sql);
    return {
      reader: prepared.columns().length > 0,
      all: (parameters) => {
        const rows = this.#trusted(() => prepared.all(...parameters.map(bind)));
        if (!reads) this.#afterWrite();
        return rows;
      },
      run: (parameters) => {
        // SQLite itself rolls back when the disk is full or fails; a second rollback must not hide that error.
        if (sql === 'rollback' && this.#broken === undefined && !this.#db.isTransaction)
          return { changes: 0, lastInsertRowid: 0 };
        const result = this.#trusted(() => runOnce(prepared, parameters));
        if (!reads) this.#afterWrite();
        return result;
      },
      iterate: (parameters) => this.#trusted(() => prepared.iterate(...parameters.map(bind))),
    };
  }

  /** Runs a step unless the disk has failed before, and remembers when it fails now: a second sync may lie (D6). */
  #trusted<T>(step: () => T): T {
    if (this.#broken !== undefined) throw this.#broken.error;
    try {
      return step();
    } catch (error) {
      if (meaningOf(error) === 'broken') {
        this.#broken = { error };
        this.#onBroken(error);
      }
      throw error;
    }
  }

  #afterWrite(): void {
    if (this.#db.isTransaction || (this.#commits += 1) % LOG_LOOK_COMMITS !== 0) return;
    if (pagesToCopy(this.#logSize.get()) < this.#checkpointAt) return;
    try {
      this.checkpoint();
    } catch {
      // The commit is in the synced log, so its caller is told the truth: stored. A full disk lets the log wait;
      // a broken one has been told to `onBroken`, and nothing runs after it.
    }
  }
}

/** Pages of the log that are not in the database file yet. */
function pagesToCopy(row: Record<string, unknown> | undefined): number {
  return Number(row?.['log'] ?? 0) - Number(row?.['checkpointed'] ?? 0);
}

function runOnce(
  statement: StatementSync,
  parameters: readonly unknown[],
): { changes: number | bigint; lastInsertRowid: number | bigint } {
  const [first] = parameters;
  if (!(first instanceof Batch)) return statement.run(...parameters.map(bind));
  first.changes = first.lists.map((list) => Number(statement.run(...list.map(bind)).changes));
  return { changes: first.lists.length, lastInsertRowid: 0 };
}

function bind(value: unknown): SQLInputValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`a ${typeof value} cannot be stored`);
}
