/**
 * The database file: opened only when it is what it should be, and set so that every commit is on the disk when it
 * returns (D2), read back on every open and not only set.
 * Next: sqlite-bridge.ts
 */
import { closeSync, openSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreRefused } from './refused.ts';

const BUSY_TIMEOUT_MS = 5000;
const SQLITE_NOTADB = 26;

/** Versions with the WAL-reset bug can lose committed transactions (sqlite.org/wal.html, D3). */
export function sqliteVersionAllowed(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const number = major * 1_000_000 + minor * 1_000 + patch;
  if (number === 3_044_006 || number === 3_050_007) return true;
  return number < 3_007_000 || number > 3_051_002;
}

/** Opens (or makes) the file; `path` may be `:memory:` in tests. Throws `StoreRefused`. */
export function openSqliteFile(path: string): DatabaseSync {
  refuseLostFile(path);
  makePrivate(path);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
    settle(db, path);
    return db;
  } catch (error) {
    db?.close();
    throw error instanceof StoreRefused ? error : unusable(path, error);
  }
}

/**
 * A lost file must not be taken for a new one (D8): SQLite would throw the log of an empty database away.
 * Only sizes are asked for: opening and closing the file here would drop SQLite's own locks on it
 * (sqlite.org/howtocorrupt.html §2.2).
 */
function refuseLostFile(path: string): void {
  if (path === ':memory:') return;
  if (sizeOf(path) === 0 && sizeOf(`${path}-wal`) > 0) {
    throw new StoreRefused(
      `${path} is missing or empty, but its log ${path}-wal holds data. Put the file back from a backup, or move the log away to begin anew.`,
    );
  }
}

/** Mail is in there: a new file is its owner's alone, and SQLite gives its log and index the same mode. */
function makePrivate(path: string): void {
  if (path === ':memory:' || statSync(path, { throwIfNoEntry: false }) !== undefined) return;
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    // Another process made it between our look and our try; anything else SQLite will say better.
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** SQLite reads the header before it writes anything, so whatever stood there is as it was. */
function unusable(path: string, error: unknown): StoreRefused {
  const { errcode } = error as { errcode?: unknown };
  const why = error instanceof Error ? error.message : String(error);
  return new StoreRefused(
    errcode === SQLITE_NOTADB
      ? `${path} is not a SQLite database, or its header is damaged. It was left as it is.`
      : `${path} cannot be used as a database: ${why}. It was left as it is.`,
    { cause: error },
  );
}

function settle(db: DatabaseSync, path: string): void {
  const version = value(db, 'select sqlite_version() as v', 'v');
  if (!sqliteVersionAllowed(String(version))) {
    throw new StoreRefused(
      `SQLite ${String(version)} can lose committed data (WAL-reset bug). Use 3.51.3 or newer.`,
    );
  }
  db.exec('pragma schema_version'); // reads the header: a damaged one stops here, before any write
  db.exec('pragma journal_mode=wal');
  db.exec('pragma synchronous=full');
  db.exec('pragma wal_autocheckpoint=0'); // the bridge checkpoints after a commit
  db.exec('pragma temp_store=memory');
  db.exec('pragma cache_size=-65536');
  const journal = value(db, 'pragma journal_mode', 'journal_mode');
  const synchronous = value(db, 'pragma synchronous', 'synchronous');
  const durable = (journal === 'wal' || path === ':memory:') && synchronous === 2;
  if (!durable) {
    throw new StoreRefused(
      `SQLite would not sync every commit (journal ${String(journal)}, synchronous ${String(synchronous)}).`,
    );
  }
}

function value(db: DatabaseSync, sql: string, column: string): unknown {
  return db.prepare(sql).get()?.[column];
}
