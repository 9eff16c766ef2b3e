/**
 * What a database error means for whoever asked: full, away, or broken beyond trust.
 * Next: transaction.ts
 */
import { Problem, problem } from '../base/problem.ts';
import type { Db } from './store.ts';

const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

type Meaning = 'full' | 'busy' | 'clash' | 'away' | 'broken' | 'other';

/** PostgreSQL error codes: 53100 disk full, class 57P/08 the server is going or gone, 58030 and XX001/2 storage is broken. */
export function meaningOf(error: unknown): Meaning {
  if (typeof error !== 'object' || error === null) return 'other';
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  if (typeof errcode === 'number') {
    switch (errcode & 0xff) {
      case SQLITE_FULL:
        return 'full';
      case SQLITE_BUSY:
        return 'busy';
      case SQLITE_READONLY: // the kernel does this to a file system that failed
      case SQLITE_IOERR:
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB:
        return 'broken';
      default:
        return 'other';
    }
  }
  if (typeof code !== 'string') return 'other';
  if (code === '53100') return 'full';
  if (code === '58030' || code === 'XX001' || code === 'XX002') return 'broken';
  if (/^(57P0|08|53300|25006|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)/.test(code))
    return 'away';
  if (code === '55P03' || code === '57014') return 'busy';
  if (code === '40P01' || code === '40001') return 'clash'; // two transactions in each other's way; either may try again
  return 'other';
}

/** Whether the statement failed because the row is already there (SQLite 1555/2067, PostgreSQL 23505). */
export function isUniqueViolation(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  return errcode === 1555 || errcode === 2067 || code === '23505';
}

/** Whether every other transaction would now fail alike: the database is full, away, blocked or broken, whatever was asked. */
export function concernsEverybody(error: unknown): boolean {
  const meaning = meaningOf(error instanceof Problem ? error.cause : error);
  if (meaning === 'other') return error instanceof Problem && error.code === 'unavailable';
  return meaning !== 'clash';
}

/** The error to throw on; a broken disk also ends the process, through `db.onBroken`. */
export function problemForStoreError(db: Pick<Db, 'onBroken'>, error: unknown): unknown {
  const meaning = meaningOf(error);
  switch (meaning) {
    case 'full':
      return storageFull('the database cannot grow', error);
    case 'busy':
    case 'clash':
    case 'away':
      return problem('unavailable', {
        detail:
          'The database did not answer. Nothing is known to be stored; try again with the same idempotency key.',
        cause: error,
      });
    case 'broken':
      db.onBroken(error);
      return error;
    case 'other':
      // A lost PostgreSQL connection has no code; its message is the driver's.
      if (
        error instanceof Error &&
        /Connection terminated|timeout exceeded when trying to connect|not queryable/.test(error.message)
      ) {
        return problemForStoreError(
          db,
          Object.assign(new Error(error.message, { cause: error }), { code: '08006' }),
        );
      }
      return error;
  }
}

/** There is no space to keep a message safely; `why` ends the sentence for the caller. */
export function storageFull(why: string, cause?: unknown): Problem {
  return problem('storage_full', {
    detail: `Nothing of this request was stored, because ${why}. Try again later.`,
    cause,
  });
}
