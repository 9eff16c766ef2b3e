/**
 * What every run of the tests stands on: system packages, one folder for everything temporary, one PostgreSQL.
 * All of it is taken down again, also after a failure or an interruption, and what a test left behind is named.
 * Next: test-run.ts
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTime, until } from '../e2e/child.ts';
import { ensurePackages } from './test-packages.ts';
import { startCluster } from './test-postgres.ts';

/**
 * Runs `work` with `POSTHORN_TEST_POSTGRES` (a superuser's URL), `POSTHORN_TEST_PIDS` and `TMPDIR` set for the
 * processes it starts. `signal` aborts when the run is interrupted. Answers the exit code for this process.
 */
export async function provisioned(work: (signal: AbortSignal) => Promise<boolean>): Promise<number> {
  const packages = await ensurePackages();
  if (!packages.ok) {
    process.stderr.write(`${packages.say}\n`);
    return 1;
  }
  const interrupted = new AbortController();
  const stop = (): void => {
    interrupted.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', stop);
  const root = mkdtempSync(join(tmpdir(), 'posthorn-test-'));
  chmodSync(root, 0o755); // Postfix and PostgreSQL run as users of their own
  try {
    return (await inFolder(root, interrupted.signal, work)) && !interrupted.signal.aborted ? 0 : 1;
  } finally {
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    process.off('SIGINT', stop).off('SIGTERM', stop).off('SIGHUP', stop);
  }
}

async function inFolder(
  root: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<boolean>,
): Promise<boolean> {
  forgetEnvironment();
  const cluster = await startCluster(root);
  const pids = join(root, 'pids');
  const temp = join(root, 't');
  process.env['POSTHORN_TEST_POSTGRES'] = cluster.url;
  process.env['POSTHORN_TEST_PIDS'] = pids;
  process.env['TMPDIR'] = temp;
  mkdirSync(temp);
  chmodSync(temp, 0o777); // like /tmp
  try {
    const passed = await work(signal);
    return (await nothingLeft(pids, temp, signal.aborted)) && passed;
  } finally {
    await endNoted(pids);
    await cluster.stop();
  }
}

/** The tests bring their own settings: those of whoever runs them must not leak in. */
function forgetEnvironment(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('POSTHORN_')) delete process.env[name];
}

/** Says which processes and folders the tests left; a test that does is wrong. */
async function nothingLeft(pids: string, temp: string, wasInterrupted: boolean): Promise<boolean> {
  if (wasInterrupted) return true;
  // A test file's process may have ended a moment before its last child was seen to end.
  const empty = (): true | undefined => (noted(pids).length === 0 ? true : undefined);
  await until('children to end', empty, { timeoutMs: 3000 }).catch(() => undefined);
  const left = [
    ...noted(pids).map(({ pid, command }) => `process ${String(pid)} ${command}`),
    ...readdirSync(temp).map((name) => `temporary ${name}`),
  ];
  for (const what of left) process.stderr.write(`left behind by a test: ${what}\n`);
  return left.length === 0;
}

interface Noted {
  readonly pid: number;
  readonly command: string;
}

/** The processes that were noted and are still the same processes. */
function noted(pids: string): Noted[] {
  if (!existsSync(pids)) return [];
  return readdirSync(pids).flatMap((name) => {
    const pid = Number(name);
    const note = readNote(join(pids, name));
    const space = note.indexOf(' ');
    const since = startTime(pid);
    return since !== '-' && note.slice(0, space) === since ? [{ pid, command: note.slice(space + 1) }] : [];
  });
}

/** A note may vanish between the listing and the reading: then its process has just ended. */
function readNote(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '- ';
  }
}

/** Ends the processes that the tests started and did not end, and only those. */
async function endNoted(pids: string): Promise<void> {
  for (const { pid } of noted(pids)) process.kill(pid, 'SIGTERM');
  const gone = (): true | undefined => (noted(pids).length === 0 ? true : undefined);
  await until('processes to end', gone, { timeoutMs: 5000 }).catch(() => {
    for (const { pid } of noted(pids)) process.kill(pid, 'SIGKILL');
  });
}
