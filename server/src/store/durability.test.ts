/**
 * Durability seen from outside the process: a child commits through the store and says so, and the test watches its
 * system calls, fails its disk, or kills it. This file is its own child.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { test } from 'node:test';
import { armCrashPoint } from '../base/crash-point.ts';
import { createGroupCommit, openStore, StoreRefused, type Db } from './store.ts';

interface Tables {
  tenants: { id: string };
}

if (process.argv[2] === 'child')
  await child(process.argv[3] ?? '', process.argv[4] ?? '', Number(process.argv[5]));
else tests();

/** Says each stored id on standard output, with one write after the commit resolved. */
async function child(role: string, path: string, number: number): Promise<void> {
  const say = (line: string): number => writeSync(1, `${line}\n`);
  if (role === 'migrate') armCrashPoint('during-migration', number);
  let store;
  try {
    store = await openStore({ url: `sqlite:${path}`, serve: true, onBroken: () => say('broken') });
  } catch (error) {
    say(error instanceof StoreRefused ? `refused ${error.message}` : String(error));
    process.exit(3);
  }
  const { commit } = createGroupCommit<string, string>({
    db: store.db,
    write: async (tx, items) => {
      await tx.dialect.insertRows(
        tx,
        'tenants',
        items.map((id) => ({ id, slug: id, name: id, created_at: 1 })),
      );
      return items;
    },
  });
  say('open');
  // One by one for the trace; three at a time otherwise, so that groups of more than one are cut down too.
  const atOnce = role === 'trace' ? 1 : 3;
  for (let n = 0; n < number; n += 1) {
    const together = Array.from(
      { length: atOnce },
      (_, k) => `${role}-${String(process.pid)}-${String(n)}-${String(k)}`,
    );
    await Promise.all(
      together.map((id) =>
        commit(id).then(
          () => say(`stored ${id}`),
          () => say(`failed ${id}`),
        ),
      ),
    );
  }
  process.exit(0);
}

function tests(): void {
  const command = (role: string, path: string, number: number): string[] => [
    process.execPath,
    import.meta.filename,
    'child',
    role,
    path,
    String(number),
  ];
  const straced = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
  const needsStrace = { skip: straced ? false : 'strace is not installed or not allowed' };

  test('D1: a sync returns before each commit is told', needsStrace, async () => {
    using folder = new TempFolder();
    await migrated(folder.database);
    const trace = join(folder.path, 'trace');
    strace(
      ['-f', '-y', '-e', 'trace=fsync,fdatasync,write', '-o', trace],
      command('trace', folder.database, 100),
    );
    let synced = 0;
    let told = 0;
    for (const line of readFileSync(trace, 'utf8').split('\n')) {
      if (/f(data)?sync(\(\S+p\.db-wal>\)| resumed).* = 0$/.test(line)) synced += 1;
      if (/write\(1\b.*"stored /.test(line)) {
        assert.ok(synced > 0, `told without a sync: ${line}`);
        told += 1;
        synced = 0;
      }
    }
    assert.equal(told, 100);
  });

  test(
    'D6: when a sync fails, nothing more is told as stored, and nothing told is missing',
    needsStrace,
    async () => {
      for (const failing of [1, 7, 20]) {
        using folder = new TempFolder();
        await migrated(folder.database);
        const { lines } = strace(
          [
            '-f',
            '-o',
            '/dev/null',
            '-e',
            'trace=fsync,fdatasync',
            '-e',
            `inject=fsync,fdatasync:error=EIO:when=${String(failing)}`,
          ],
          command('fail', folder.database, 30),
        );
        const told = lines.filter((line) => line.startsWith('stored '));
        const broken = lines.indexOf('broken');
        if (failing > 1) assert.ok(told.length > 0);
        assert.ok(
          broken >= 0 || lines[0]?.startsWith('refused'),
          `the failure is noticed: ${lines.join(' | ')}`,
        );
        // Later syncs succeed again, and must not be believed.
        assert.ok(
          !lines.slice(broken + 1).some((line) => broken >= 0 && line.startsWith('stored ')),
          'told after the failure',
        );
        await nothingMissing(folder.database, lines);
      }
    },
  );

  test('D4: kill -9 while it commits loses nothing that was told', async () => {
    using folder = new TempFolder();
    const lines: string[] = [];
    for (let round = 1; round <= 4; round += 1) {
      const [file = '', ...args] = command('kill', folder.database, 1_000_000);
      const victim = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const exited = once(victim, 'exit');
      let output = '';
      for await (const chunk of victim.stdout) {
        output += String(chunk);
        if (output.split('\n').length > round * 150) victim.kill('SIGKILL');
      }
      await exited;
      lines.push(...output.split('\n').slice(0, -1));
    }
    assert.ok(lines.filter((line) => line.startsWith('stored ')).length >= 1000);
    await nothingMissing(folder.database, lines);
  });

  test('D13: killed anywhere in a migration, the next start finishes it', async () => {
    using folder = new TempFolder();
    let killed = 0;
    for (let pass = 1; pass < 10; pass += 1) {
      const [file = '', ...args] = command('migrate', folder.path + `/m${String(pass)}.db`, pass);
      const ended = spawnSync(file, args);
      if (ended.signal !== 'SIGKILL') break;
      killed += 1;
      await nothingMissing(folder.path + `/m${String(pass)}.db`, []);
    }
    assert.ok(killed >= 2, 'before the migration and within it');
  });

  test('D3: a second server process is refused within 2 s and says why', async () => {
    using folder = new TempFolder();
    const first = await openStore({
      url: `sqlite:${folder.database}`,
      serve: true,
      onBroken: () => undefined,
    });
    const [file = '', ...args] = command('second', folder.database, 1);
    const begun = performance.now();
    const second = spawnSync(file, args, { encoding: 'utf8' });
    const tookMs = performance.now() - begun;
    await first.close();
    assert.equal(second.status, 3);
    assert.match(second.stdout, /^refused Another Posthorn server uses this data folder/);
    assert.ok(tookMs < 2000, `${String(tookMs)} ms`);
  });
}

class TempFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'posthorn-durability-'));
  readonly database = join(this.path, 'p.db');
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function strace(options: readonly string[], command: readonly string[]): { lines: string[] } {
  const ended = spawnSync('strace', ['-qq', ...options, ...command], { encoding: 'utf8', timeout: 60_000 });
  assert.ok(ended.status === 0 || ended.status === 3, `exit ${String(ended.status)}: ${ended.stderr}`);
  return { lines: ended.stdout.split('\n').slice(0, -1) };
}

async function migrated(path: string): Promise<void> {
  await (await openStore({ url: `sqlite:${path}`, serve: false, onBroken: () => undefined })).close();
}

/** Opens the database as the next process would and compares it with what was told. */
async function nothingMissing(path: string, lines: readonly string[]): Promise<void> {
  const store = await openStore({ url: `sqlite:${path}`, serve: true, onBroken: () => undefined });
  try {
    const there = new Set((await ids(store.db)).map((row) => row.id));
    const missing = lines.filter(
      (line) => line.startsWith('stored ') && !there.has(line.slice('stored '.length)),
    );
    assert.deepEqual(missing, []);
  } finally {
    await store.close();
  }
}

function ids(db: Db): Promise<{ id: string }[]> {
  return db.tables<Tables>().selectFrom('tenants').select('id').execute();
}
