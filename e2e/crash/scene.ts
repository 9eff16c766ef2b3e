/**
 * What a rehearsal plays in: a relay that remembers, a home on one of the databases, and a server that is started,
 * killed and started again on the same port. Next: load.ts
 */
import { freePorts, until, type Child } from '../child.ts';
import { createDatabase, type Database, type DatabaseKind } from '../postgres.ts';
import { startRecordingSink, type RecordingSink } from '../recording-sink.ts';
import { createKey, makeHome, readyUrl, spawnServe, withKey, type Home } from '../server.ts';
import { systemClock } from '../../server/src/base/clock.ts';
import { toml } from '../toml.ts';
import { newHistory, noteArrival, type History } from './history.ts';
import { idOf, recipientOf } from './load.ts';

export interface Scene {
  readonly home: Home;
  readonly sink: RecordingSink;
  readonly history: History;
  /** The API of each node. */
  readonly urls: readonly string[];
  /** Starts the server and waits for READY; answers the process. */
  start(options?: StartOptions): Promise<Child>;
  /** Starts it without waiting: it may die before it is ready. */
  spawn(options?: StartOptions): Promise<Child>;
  key(): Promise<string>;
  /**
   * Waits until what was acknowledged has arrived and nothing more comes. With a key it also does what a person would:
   * lets messages go that are held because too many crashes happened around them (Q12).
   */
  drain(options?: { readonly key?: string; readonly timeoutMs?: number }): Promise<void>;
  close(): Promise<void>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Which of the nodes, from 0. */
  readonly node?: number;
}

/** Ids that begin so are told to come later at their first try: they are claimed from the database then. */
export const LATER = 'later';

const LEASE_S = 5;
const IN_DOUBT_WAIT_S = 1;
/**
 * After this long without an arrival nothing is due any more: a wait, and time to spare; on PostgreSQL a lease before that
 * (on SQLite nobody else can hold one, so a new process takes everything up at once).
 */
const QUIET_MS: Readonly<Record<DatabaseKind, number>> = {
  sqlite: IN_DOUBT_WAIT_S * 1_000 + 1_500,
  postgres: (LEASE_S + IN_DOUBT_WAIT_S) * 1_000 + 1_500,
};

/** Several `nodes` share one database, which then has to be PostgreSQL, and the master key. */
export async function makeScene(kind: DatabaseKind, nodes = 1): Promise<Scene> {
  const history = newHistory();
  const waited = new Set<string>();
  const sink = await startRecordingSink({
    answerRecipient: (address) => {
      if (!address.startsWith(LATER) || waited.has(address)) return '250 2.1.5 Ok';
      waited.add(address);
      return '451 4.3.0 Not now';
    },
  });
  sink.onArrival((arrival) => {
    for (const recipient of arrival.recipients) noteArrival(history, idOf(recipient), arrival.at);
  });
  const database: Database | undefined = kind === 'postgres' ? await createDatabase() : undefined;
  const home = await makeHome(configuration(sink.port, database?.url));
  const ports = await freePorts(nodes);
  const urls = ports.map((port) => `http://127.0.0.1:${String(port)}`);
  const running = new Set<Child>();
  const spawn = async ({ env = {}, node = 0 }: StartOptions = {}): Promise<Child> => {
    const child = await spawnServe(home, { env, args: ['--http', `127.0.0.1:${String(ports[node])}`] });
    running.add(child);
    void child.exited.then(() => running.delete(child));
    return child;
  };
  return {
    ...{ home, sink, history, spawn, urls },
    start: async (options) => {
      const child = await spawn(options);
      await readyUrl(child);
      return child;
    },
    key: () => createKey(home),
    drain: async ({ key, timeoutMs = 120_000 } = {}) => {
      const isHere = (): boolean => [...history.acknowledged].every((id) => history.arrivals.has(id));
      const arrive = (withinMs: number): Promise<boolean> =>
        sink.waitUntil('acknowledged messages to arrive', isHere, withinMs).then(
          () => true,
          () => false, // the judge says it
        );
      const deadline = systemClock.monotonic() + timeoutMs;
      while (!(await arrive(RELEASE_EVERY_MS)) && systemClock.monotonic() < deadline) {
        if (key !== undefined) await releaseHeld(urls[0] ?? '', key);
      }
      const isQuiet = (): true | undefined => {
        const last = sink.arrivals.at(-1)?.at ?? 0;
        return systemClock.monotonic() - Math.max(last, history.kills.at(-1) ?? 0) > QUIET_MS[kind]
          ? true
          : undefined;
      };
      await until('the relay to be quiet', isQuiet, { timeoutMs: 180_000 });
    },
    close: async () => {
      await Promise.all([...running].map((child) => child.stop()));
      await sink.close();
      await database?.drop();
      await home.remove();
    },
  };
}

/** Kills the process as the kernel would, and writes down when. */
export async function kill(scene: Scene, child: Child): Promise<void> {
  child.signal('SIGKILL');
  scene.history.kills.push(systemClock.monotonic());
  await child.exited;
}

const RELEASE_EVERY_MS = 15_000;

/** What the server says of a message that has not arrived: its state, or that it does not know it. */
export async function whereabouts(scene: Scene, key: string, id: string): Promise<string> {
  const query = new URLSearchParams({ q: `to:${recipientOf(id)}` });
  const answer = await fetch(`${scene.urls[0] ?? ''}/api/v1/messages?${query.toString()}`, {
    headers: withKey(key),
  });
  const { items } = (await answer.json()) as { readonly items: readonly { readonly state: string }[] };
  return items[0]?.state ?? 'unknown to the server';
}

/** Asks for every held message to be tried again. */
async function releaseHeld(url: string, key: string): Promise<void> {
  const headers = withKey(key);
  const answer = await fetch(`${url}/api/v1/messages?q=status:held&limit=100`, { headers });
  const { items } = (await answer.json()) as { readonly items: readonly { readonly id: string }[] };
  for (const { id } of items) await fetch(`${url}/api/v1/messages/${id}/retry`, { method: 'POST', headers });
  if (items.length > 0) process.stdout.write(`  let ${String(items.length)} held messages go\n`);
}

function configuration(sinkPort: number, databaseUrl: string | undefined): string {
  const database = databaseUrl === undefined ? '' : `[database]\nurl = ${JSON.stringify(databaseUrl)}\n`;
  const connections = [{ name: 'primary', host: '127.0.0.1', port: sinkPort }];
  const waits = { leaseSeconds: LEASE_S, inDoubtSeconds: IN_DOUBT_WAIT_S };
  return database + toml({ logLevel: 'warn', connections, ...waits });
}
