/**
 * PostgreSQL by `pg`: a small pool, times as numbers, JSON as text, and the durability settings held to (D2).
 * Next: group-commit.ts
 */
import { systemClock } from '../base/clock.ts';
import { Client, Pool, types } from 'pg';
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import type { Dialect, Row } from './dialect.ts';
import { StoreRefused } from './refused.ts';
import { meaningOf } from './store-error.ts';
import type { Tx } from './store.ts';

const POOL_SIZE = 12;
/** PostgreSQL's limit of parameters in one statement is 65,535; stay well below. */
const PARAMETERS_MAX = 20_000;

export interface PostgresHandle {
  readonly kysely: Kysely<unknown>;
  readonly dialect: Dialect;
  close(): Promise<void>;
}

/** Connects and checks the durability settings. Throws `StoreRefused` when the server does not sync commits. */
export async function openPostgres(
  url: string,
  onIdleError: (error: Error) => void,
): Promise<PostgresHandle> {
  const pool = new Pool({
    connectionString: url,
    max: POOL_SIZE,
    connectionTimeoutMillis: 10_000,
    // Q17: nothing of ours may sit in a transaction, wait for ever on a lock, or run away.
    options: '-c idle_in_transaction_session_timeout=10000 -c statement_timeout=60000 -c lock_timeout=20000',
    types: {
      getTypeParser: (oid, format): unknown =>
        oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format),
    },
  });
  pool.on('error', onIdleError);
  // The pool listens to idle connections only. One that breaks between two statements of a transaction would
  // otherwise end the process; the next statement on it fails, which is enough.
  pool.on('connect', (client) => client.on('error', () => undefined));
  try {
    await refuseUndurable(pool);
  } catch (error) {
    await pool.end();
    if (error instanceof StoreRefused) throw error;
    const why = error instanceof Error && error.message !== '' ? error.message : meaningOf(error);
    throw new StoreRefused(
      `PostgreSQL cannot be used (${why}). Check database.url and that the server is up.`,
      { cause: error },
    );
  }
  const kysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  return { kysely, dialect: postgresDialect(url, pool), close: () => kysely.destroy() };
}

async function refuseUndurable(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ name: string; setting: string }>(
    "select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit')",
  );
  const settings = new Map(rows.map((row) => [row.name, row.setting]));
  const wrong = [
    settings.get('fsync') === 'on' ? '' : 'fsync',
    settings.get('full_page_writes') === 'on' ? '' : 'full_page_writes',
    ['on', 'remote_write', 'remote_apply'].includes(settings.get('synchronous_commit') ?? '')
      ? ''
      : 'synchronous_commit',
  ].filter((name) => name !== '');
  if (wrong.length > 0) {
    throw new StoreRefused(`PostgreSQL would not sync every commit: ${wrong.join(', ')} must be on.`);
  }
}

function postgresDialect(url: string, pool: Pool): Dialect {
  const runEach = async (tx: Tx, sql: string, parameters: readonly (readonly unknown[])[]) => {
    const changes: number[] = [];
    for (const list of parameters) {
      const result = await tx.tables<unknown>().executeQuery(CompiledQuery.raw(sql, [...list]));
      changes.push(Number(result.numAffectedRows ?? 0));
    }
    return changes;
  };
  return {
    name: 'postgres',
    manyNodes: true,
    commitsAtOnce: 4,
    runEach,
    async doEach(tx, sql, parameters) {
      await runEach(tx, sql, parameters);
    },
    async insertRows(tx, table, rows) {
      const [first] = rows;
      if (first === undefined) return;
      const columns = Object.keys(first);
      const rowsAtOnce = Math.max(1, Math.floor(PARAMETERS_MAX / columns.length));
      for (let start = 0; start < rows.length; start += rowsAtOnce) {
        const part = rows.slice(start, start + rowsAtOnce);
        await tx
          .tables<unknown>()
          .executeQuery(CompiledQuery.raw(insertSql(table, columns, part.length), flat(columns, part)));
      }
    },
    lockForClaim: (query) => query.forUpdate().skipLocked(),
    async now() {
      const { rows } = await pool.query<{ now: number }>(
        'select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now',
      );
      return rows[0]?.now ?? systemClock.now();
    },
    async notify(channel) {
      await pool.query('select pg_notify($1, $2)', [channel, '']);
    },
    listen: (channel, heard) => listen(url, channel, heard),
  };
}

function insertSql(table: string, columns: readonly string[], rowCount: number): string {
  const tuples = Array.from({ length: rowCount }, (_row, row) => {
    const places = columns.map((_column, column) => `$${String(row * columns.length + column + 1)}`);
    return `(${places.join(', ')})`;
  });
  return `insert into ${table} (${columns.join(', ')}) values ${tuples.join(', ')}`;
}

function flat(columns: readonly string[], rows: readonly Row[]): unknown[] {
  return rows.flatMap((row) => columns.map((column) => row[column]));
}

/**
 * Listens on a connection of its own. When that breaks it is not repaired: hearing is only a hint, everybody polls (Q16).
 */
async function listen(url: string, channel: string, heard: () => void): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {
    client.removeAllListeners('notification');
  });
  client.on('notification', heard);
  try {
    await client.connect();
    await client.query(`listen ${client.escapeIdentifier(channel)}`);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  return async () => {
    client.removeAllListeners('notification');
    await client.end().catch(() => undefined);
  };
}
