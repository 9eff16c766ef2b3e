/**
 * The database: open it, check that it keeps its promises, run transactions, share commits.
 * SQLite (embedded) and PostgreSQL behind one handle; SQL itself lives in each feature's `queries.ts`.
 * Next: open.ts
 */
import type { Kysely } from 'kysely';
import type { Dialect } from './dialect.ts';

export type { Dialect, Row } from './dialect.ts';
export { openStore, type Store } from './open.ts';
export { StoreRefused } from './refused.ts';
export { transaction } from './transaction.ts';
export { createGroupCommit, type GroupCommit } from './group-commit.ts';
export { concernsEverybody, isUniqueViolation, problemForStoreError } from './store-error.ts';
export {
  emptyWindow,
  forgetWindows,
  lookInto,
  takeFrom,
  takeFromAll,
  type CountedWindow,
  type Taken,
} from './counted-windows.ts';
export { databaseClock } from './database-clock.ts';
export { deleteTenantRows, TENANT_TABLES } from './tenant-rows.ts';
export { followRows, type FollowedRows } from './follow-rows.ts';
export { watchFreeSpace, type FreeSpace } from './free-space.ts';

/** A handle outside any transaction. */
export interface Db {
  readonly dialect: Dialect;
  /** Kysely, typed with the tables that the calling feature declares in its `queries.ts`. */
  tables<T>(): Kysely<T>;
  /** Called when the disk failed to write or sync: the process must end, since a second sync may lie (D6). */
  readonly onBroken: (error: unknown) => void;
}

/** A handle inside a transaction: everything done with it commits together or not at all. */
export interface Tx extends Db {
  readonly inTransaction: true;
}
