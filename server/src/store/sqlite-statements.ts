/**
 * Statements on an open database file, one after the other, in the calling thread.
 * Next: sqlite-bridge.ts
 */
import { Batch, Bridge } from './sqlite-bridge.ts';
import { openSqliteFile } from './sqlite-file.ts';

export interface Answer {
  readonly rows: unknown[];
  /** Rows changed; absent for statements that give rows. */
  readonly changes?: number;
}

export interface SqliteStatements {
  run(sql: string, parameters: readonly unknown[]): Answer;
  /** One statement once per list; rows changed by each. */
  runEach(sql: string, lists: readonly (readonly unknown[])[]): number[];
  close(): void;
}

/** Opens the file. `onBroken` hears of the first failed write or sync. Throws `StoreRefused`. */
export function openStatements(path: string, onBroken: (error: unknown) => void): SqliteStatements {
  const bridge = new Bridge(openSqliteFile(path), onBroken);
  return {
    run(sql, parameters) {
      const statement = bridge.prepare(sql);
      if (statement.reader) return { rows: statement.all(parameters) };
      return { rows: [], changes: Number(statement.run(parameters).changes) };
    },
    runEach(sql, lists) {
      const batch = new Batch(lists, true);
      bridge.prepare(sql).run([batch]);
      return batch.changes;
    },
    close() {
      bridge.close();
    },
  };
}
