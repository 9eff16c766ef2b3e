/**
 * One PostgreSQL for one run of the tests, in a folder of its own, with full durability as the product demands it.
 * Trusts whoever reaches it: it listens on 127.0.0.1 only, on a port of the moment. Next: test-run.ts
 */
import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts, must, startChild } from '../e2e/child.ts';
import { postgresBin } from './test-packages.ts';

export interface Cluster {
  /** `postgres://…/postgres`, a superuser's: each test makes a database of its own from here. */
  readonly url: string;
  stop(): Promise<void>;
}

const USER = 'posthorn';

/** Starts a cluster under `folder`; about two seconds. As root it runs as the system's `postgres` user: it refuses root. */
export async function startCluster(folder: string): Promise<Cluster> {
  const bin = postgresBin();
  if (bin === undefined) throw new Error('PostgreSQL is not installed');
  const root = join(folder, 'postgres');
  const data = join(root, 'data');
  await mkdir(root, { mode: 0o755 });
  const asUser = await otherUser(root);
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  const initdb = [join(bin, 'initdb'), '-D', data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--no-sync'];
  const [first = '', ...rest] = [...asUser, ...initdb];
  await must(first, rest, { env, cwd: root });
  const [port = 0] = await freePorts(1);
  const options = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: root,
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    max_connections: '200',
  };
  const settings = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [program = '', ...args] = [...asUser, join(bin, 'postgres'), '-D', data, ...settings];
  const child = await startChild(program, args, { env, cwd: root });
  const isReady = (line: string): true | undefined =>
    line.includes('ready to accept connections') ? true : undefined;
  await child.line(isReady, 60_000);
  return {
    url: `postgres://${USER}@127.0.0.1:${String(port)}/postgres`,
    stop: async () => {
      child.signal('SIGINT'); // PostgreSQL's fast shutdown: ends sessions, does not wait for them
      await Promise.race([child.exited, new Promise((resolve) => setTimeout(resolve, 10_000).unref())]);
      await child.stop();
    },
  };
}

/** The words before a command that make it run as `postgres`, when we are root; `folder` becomes that user's. */
async function otherUser(folder: string): Promise<string[]> {
  if (process.getuid?.() !== 0) return [];
  const uid = (await must('id', ['-u', 'postgres'])).trim();
  const gid = (await must('id', ['-g', 'postgres'])).trim();
  await chown(folder, Number(uid), Number(gid));
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--init-groups'];
}
