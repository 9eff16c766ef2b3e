/**
 * A database that does not keep what it says is not worked with.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DatabaseSync } from 'node:sqlite';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../server/src/base/clock.ts';
import { createDatabase, skipWithout } from './postgres.ts';
import { makeHome, refusesToStart, startPosthorn } from './server.ts';
import { toml } from './toml.ts';
import { cleanupOf, startWorld } from './world.ts';

test(
  'D2: a PostgreSQL that commits without syncing is refused, with the name of the setting',
  { skip: skipWithout('postgres') },
  async (t) => {
    const cleanup = cleanupOf(t);
    const database = await createDatabase();
    cleanup(() => database.drop());
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`alter database ${name} set synchronous_commit = off`);
    const home = await makeHome(`[database]\nurl = ${JSON.stringify(database.url)}\n${toml()}`);
    cleanup(() => home.remove());
    assert.match((await refusesToStart(home)).said, /synchronous_commit/);
  },
);

test('D3: a second server on the same SQLite file ends at once and says why', async (t) => {
  const world = await startWorld(t, toml());
  const startedAt = systemClock.monotonic();
  const { said } = await refusesToStart(world.home);
  assert.ok(systemClock.monotonic() - startedAt < 5_000);
  assert.match(said, /posthorn\.db|in use|another/i);
  assert.equal((await world.server().api('GET', '/readyz')).status, 200, 'the first is not disturbed');
});

test('D8: a damaged database file is refused and left as it is', async (t) => {
  const cleanup = cleanupOf(t);
  const home = await makeHome(toml());
  cleanup(() => home.remove());
  await (await startPosthorn(home)).stop();
  const path = join(home.dataDir, 'posthorn.db');
  const db = new DatabaseSync(path);
  db.exec('pragma wal_checkpoint(truncate)'); // a page that is still in the log would hide the damage
  db.close();
  const bytes = await readFile(path);
  bytes.write('this is not a database', 0);
  await writeFile(path, bytes);
  const { ino } = await stat(path);
  await refusesToStart(home);
  assert.equal((await stat(path)).ino, ino);
  assert.ok((await readFile(path)).equals(bytes), 'not overwritten');
});
