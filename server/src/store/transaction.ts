/**
 * One transaction. What is committed when `work` resolves is durable; when it throws, nothing of it is there.
 * A disk that fails to write or sync ends the process: a second sync may lie (D6).
 * Inside `work` only `tx` may be asked: `db` would wait for the transaction that waits for it.
 * Next: group-commit.ts
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Kysely } from 'kysely';
import { problemForStoreError } from './store-error.ts';
import type { Db, Tx } from './store.ts';

interface Scope {
  readonly kysely: unknown;
  open: boolean;
}
const scopes = new AsyncLocalStorage<Scope>();

/** Throws a `Problem` when the database is full or away (see `store-error.ts`), else what `work` or the database threw. */
export async function transaction<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  const kysely = db.tables<unknown>();
  const scope: Scope = { kysely, open: true };
  let failure: { readonly error: unknown } | undefined;
  try {
    return await scopes.run(scope, () =>
      kysely.transaction().execute(async (inner) => {
        try {
          return await work(asTx(db, inner));
        } catch (error) {
          failure = { error }; // the rollback may fail too and would hide it
          throw error;
        }
      }),
    );
  } catch (error) {
    throw problemForStoreError(db, failure === undefined ? error : failure.error);
  } finally {
    scope.open = false;
  }
}

/** Turns what would hang for ever (SQLite) or exhaust the pool (PostgreSQL) into an error that names the mistake. */
export function refuseInsideTransaction(kysely: unknown): void {
  const scope = scopes.getStore();
  if (scope?.open === true && scope.kysely === kysely) {
    throw new Error('assertion failed: inside a transaction ask its `tx`, never `db`');
  }
}

function asTx(db: Db, kysely: Kysely<unknown>): Tx {
  return {
    dialect: db.dialect,
    onBroken: db.onBroken,
    inTransaction: true,
    tables: <T>() => kysely as unknown as Kysely<T>,
  };
}
