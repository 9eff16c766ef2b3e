/**
 * The handful of places where SQLite and PostgreSQL differ, as verbs. Nothing outside `store/` asks which one it is on.
 * Next: open.ts
 */
import type { SelectQueryBuilder } from 'kysely';
import type { Tx } from './store.ts';

/** One row to insert: column → value. All rows of one call have the same columns. */
export type Row = Readonly<Record<string, string | number | Uint8Array | null>>;

export interface Dialect {
  readonly name: 'sqlite' | 'postgres';
  /** Whether other processes may work on the same queue. SQLite's queue belongs to the one process that serves. */
  readonly manyNodes: boolean;
  /** How many group commits may be on their way at once. */
  readonly commitsAtOnce: number;
  /** Inserts many rows in as few steps as the database allows. */
  insertRows(tx: Tx, table: string, rows: readonly Row[]): Promise<void>;
  /**
   * Runs one statement once per parameter list and tells how many rows each changed. Parameters are `$1`, `$2` …
   */
  runEach(tx: Tx, sql: string, parameters: readonly (readonly unknown[])[]): Promise<readonly number[]>;
  /** Like `runEach` where nobody needs to know what changed; a failure shows at the latest at the commit. */
  doEach(tx: Tx, sql: string, parameters: readonly (readonly unknown[])[]): Promise<void>;
  /** Locks picked rows for a claim and passes over those that another node has locked (PostgreSQL); nothing on SQLite. */
  lockForClaim<DB, TB extends keyof DB, O>(
    query: SelectQueryBuilder<DB, TB, O>,
  ): SelectQueryBuilder<DB, TB, O>;
  /** The database's own clock, epoch ms: what several nodes agree on. */
  now(): Promise<number>;
  /** Tells other nodes that there is work; a hint, never relied on. */
  notify(channel: string): Promise<void>;
  /** Calls `heard` when another node notifies. The answer stops listening. */
  listen(channel: string, heard: () => void): Promise<() => Promise<void>>;
}
