/**
 * A large backlog, made fast: one message is accepted through the door, and its rows are then copied under new ids with
 * the server stopped. Every row that names the message comes along, whatever the schema looks like by then.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createKey, startPosthorn, withKey, type Home } from '../e2e/server.ts';

/** Rows copied in one statement. */
const CHUNK = 100_000;
const ID_DIGITS = 26;
const HOUR_MS = 3_600_000;

/** Fills the home's database with `count` messages of 1 KB that are due in an hour. The server must not run. */
export async function fillBacklog(home: Home, count: number): Promise<void> {
  const server = await startPosthorn(home);
  const key = await createKey(home);
  const message = {
    from: 'bench@example.com',
    to: ['someone@example.net'],
    subject: 'One of many',
    text: 'All work and no play makes for a dull line of text, again and again.\n'.repeat(15),
  };
  const answer = await server.api('POST', '/api/v1/messages', message, withKey(key));
  if (answer.status !== 202) throw new Error(`the first message was not accepted: ${answer.text}`);
  const { id } = answer.json<{ id: string }>();
  await server.stop();
  const db = openDatabase(home);
  db.exec('pragma synchronous = off');
  for (const { table, columns } of tablesNaming(db, id)) copyRows(db, table, columns, id, count);
  const waiting = Number(db.prepare('select count(*) as n from jobs').get()?.['n']);
  if (waiting !== count) throw new Error(`${String(waiting)} messages wait instead of ${String(count)}`);
  db.exec('pragma synchronous = full; pragma wal_checkpoint(truncate); analyze');
  db.close();
  setDue(home, HOUR_MS);
}

/** Makes every waiting message due `inMs` from now. The server must not run. */
export function setDue(home: Home, inMs: number): void {
  const db = openDatabase(home);
  db.exec(`update jobs set state = 'ready', owner = null, held_by = null, lease_until = null, claims = 0,
    due_at = cast(unixepoch('subsec') * 1000 as integer) + ${String(inMs)}`);
  db.exec('pragma wal_checkpoint(truncate)');
  db.close();
}

function openDatabase(home: Home): DatabaseSync {
  return new DatabaseSync(join(home.dataDir, 'posthorn.db'));
}

interface Column {
  readonly name: string;
  /** Whether the new id goes here. */
  readonly isId: boolean;
}

/** The tables with rows of this message, and which of their columns name it. */
function tablesNaming(db: DatabaseSync, id: string): { table: string; columns: Column[] }[] {
  const tables = db
    .prepare(`select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'`)
    .all();
  return tables.flatMap((row) => {
    const table = String(row['name']);
    const names = db
      .prepare(`select name from pragma_table_info(?)`)
      .all(table)
      .map((column) => String(column['name']));
    const columns = names.map((name) => {
      const found = db.prepare(`select 1 from "${table}" where "${name}" = ? limit 1`).get(id);
      return { name, isId: found !== undefined };
    });
    return columns.some(({ isId }) => isId) ? [{ table, columns }] : [];
  });
}

function copyRows(
  db: DatabaseSync,
  table: string,
  columns: readonly Column[],
  id: string,
  count: number,
): void {
  const prefix = id.slice(0, id.indexOf('_') + 1);
  const names = columns.map(({ name }) => `"${name}"`).join(', ');
  const values = columns.map(({ name, isId }) =>
    isId ? `:prefix || printf('%0${String(ID_DIGITS)}d', n.i)` : `t."${name}"`,
  );
  const key = columns.find(({ isId }) => isId)?.name ?? '';
  const copy = db.prepare(`
    with recursive n (i) as (select :first union all select i + 1 from n where i < :last)
    insert into "${table}" (${names}) select ${values.join(', ')} from "${table}" t, n where t."${key}" = :id`);
  for (let first = 1; first < count; first += CHUNK) {
    copy.run({ prefix, first, last: Math.min(first + CHUNK, count) - 1, id });
  }
}
