/**
 * What tests of delivery start from: a real database, real connections over a dialer that the test owns, and time that
 * passes only while a test waits for something. Peers are real servers on this machine (`smtp-peer.ts`) or numbers that
 * nobody listens on.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after } from 'node:test';
import { newId } from '../src/base/id.ts';
import { createLog, type Log } from '../src/base/log.ts';
import { connectionSettings, type ConnectionSettings } from '../src/config/config.ts';
import { openConnections, type Connection, type Connections } from '../src/connections/connections.ts';
import {
  createDelivery,
  type Delivery,
  type DeliveryPolicy,
  type Settlement,
} from '../src/delivery/delivery.ts';
import { instanceEgress } from '../src/net/net.ts';
import { createKeyRing, createMasterKey, type KeyRing, type MasterKey } from '../src/secrets/secrets.ts';
import { transaction, type Db } from '../src/store/store.ts';
import { INSTANCE_TENANT_ID } from '../src/tenants/tenants.ts';
import { countingDialer, type CountingDialer } from './counting-dialer.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { messageRow, newDelivery, type Mail } from './new-delivery.ts';
import { closePeers, type Peer } from './smtp-peer.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

after(closePeers);

export const TENANT = INSTANCE_TENANT_ID;
/** Saves and puts in force at once, without a test. */
export const FORCED = { by: 'key_test', activate: { force: 'for a test' } } as const;
export const NOTHING_PROVED = { proofOf: () => Promise.resolve(undefined), trialMs: () => 0 } as const;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Real time that a test waits for something before it fails. */
const PATIENCE_MS = 60_000;

export const LIVE: DeliveryPolicy = {
  mode: 'live',
  allowList: [],
  retry: [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR],
  inDoubt: { otp: 'retry', account: 'retry', notification: 'retry', bulk: 'hold' },
  inDoubtWait: { otp: MINUTE, account: 10 * MINUTE, notification: 10 * MINUTE, bulk: 10 * MINUTE },
};

export interface RecipientRow {
  readonly address: string;
  readonly state: string;
  readonly attempts: number;
  readonly error_id: string | null;
  readonly reply: string | null;
  readonly connection_id: string | null;
  readonly next_at: number | null;
}
export interface JobRow {
  readonly id: string;
  readonly state: string;
  readonly due_at: number;
  readonly held_by: string | null;
  readonly claims: number;
}
interface AttemptRow {
  readonly message_id: string;
  readonly connection_name: string;
  readonly outcome: string;
  readonly error_id: string | null;
  readonly started_at: number;
}
interface Tables {
  recipients: RecipientRow & { message_id: string; position: number };
  jobs: JobRow;
  attempts: AttemptRow & { id: string };
  events: { subject_id: string; id: string; type: string };
  messages: { id: string };
}

export interface Scene extends AsyncDisposable {
  readonly db: Db;
  readonly clock: FakeClock;
  readonly dialer: CountingDialer;
  readonly connections: Connections;
  readonly delivery: Delivery;
  readonly keyRing: KeyRing;
  policy: DeliveryPolicy;
  /** Every settlement that was written. */
  readonly settlements: Settlement[];
  /** Adds a connection to this port; the name decides its rank unless `priority` is given. */
  connect(name: string, port: number, settings?: Readonly<Record<string, unknown>>): Promise<Connection>;
  accept(mail?: Mail): Promise<string>;
  acceptMany(count: number, mail?: Mail): Promise<string[]>;
  recipients(id: string): Promise<RecipientRow[]>;
  states(id: string): Promise<string[]>;
  /** How many recipients of all messages are in each state. */
  tally(): Promise<Record<string, number>>;
  job(id: string): Promise<JobRow | undefined>;
  jobs(): Promise<JobRow[]>;
  attempts(id: string): Promise<AttemptRow[]>;
  events(id: string): Promise<string[]>;
  /** Lets time pass in small steps until this holds. */
  until(what: string, holds: () => boolean | Promise<boolean>, stepMs?: number): Promise<void>;
  /** Until every recipient of the message is in one of these states. */
  untilState(id: string, ...states: string[]): Promise<void>;
  /** Lets this much time pass in steps, with real turns of the event loop in between. */
  pass(ms: number, stepMs?: number): Promise<void>;
  stop(graceMs?: number): Promise<void>;
}

export interface SceneOptions {
  readonly policy?: Partial<DeliveryPolicy>;
  readonly clock?: FakeClock;
  readonly log?: Log;
  /** How long new settings are on trial; not at all when absent. */
  readonly trialMs?: number;
  /** Does not start the worker. */
  readonly idle?: boolean;
  readonly activeMax?: number;
  readonly leaseMs?: number;
  readonly pickupFolders?: readonly string[];
  /** Stands between delivery and its connections. */
  readonly around?: (connections: Connections) => Connections;
}

/** Settings of a plain connection to a port of this machine. */
export function settingsFor(
  name: string,
  port: number,
  settings: Readonly<Record<string, unknown>> = {},
): ConnectionSettings {
  return connectionSettings.parse({
    name,
    host: '127.0.0.1',
    port,
    security: 'none',
    timeouts: { connectMs: 30_000, greetingMs: 30_000, commandMs: 30_000, dataMs: 60_000 },
    ...settings,
  });
}

/** A key ring with a master key of its own. */
export async function keyRingFor(db: Db, clock: FakeClock): Promise<KeyRing> {
  return createKeyRing({ db, masterKey: await someMasterKey(), clock });
}

/** A master key that nobody else has. */
export async function someMasterKey(): Promise<MasterKey> {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-key-'));
  try {
    const made = await createMasterKey(join(folder, randomBytes(4).toString('hex')));
    assert.ok(made.ok);
    return made.masterKey;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Delivery on this database, started. */
export async function openScene(db: Db, options: SceneOptions = {}): Promise<Scene> {
  const clock = options.clock ?? createFakeClock();
  const log = options.log ?? createLog('silent');
  const dialer = countingDialer();
  const keyRing = await keyRingFor(db, clock);
  const egress = instanceEgress();
  const opened = await openConnections({
    ...{ db, keyRing, clock, log, dialer },
    egressFor: () => egress,
    pickupFolders: () => options.pickupFolders ?? [],
    ...NOTHING_PROVED,
    trialMs: () => options.trialMs ?? 0,
  });
  const connections = options.around?.(opened) ?? opened;
  const settlements: Settlement[] = [];
  const delivery = createDelivery({
    db,
    keyRing,
    clock,
    log,
    connections,
    policy: () => scene.policy,
    stopped: () => undefined,
    owner: newId('nod'),
    activeMax: options.activeMax ?? 1_000,
    leaseMs: options.leaseMs ?? 60_000,
    random: () => 0.5,
    observe: (settlement) => settlements.push(settlement),
  });
  let stopped: Promise<void> | undefined;
  const tables = () => db.tables<Tables>();

  /**
   * Lets sockets and the database finish what the passing time has begun, so that time does not run ahead of them: until
   * nothing moves for this many rounds, each with a question to the database behind all earlier ones.
   */
  async function rest(rounds: number): Promise<void> {
    let before = '';
    for (let quiet = 0, round = 0; quiet < rounds && round < 500; round += 1) {
      await turn();
      await db.dialect.now();
      const now = `${String(delivery.active)} ${String(settlements.length)}`;
      quiet = now === before ? quiet + 1 : 0;
      before = now;
    }
  }

  const scene: Scene = {
    db,
    clock,
    dialer,
    connections,
    delivery,
    keyRing,
    policy: { ...LIVE, ...options.policy },
    settlements,
    connect: (name, port, settings) => connections.create(TENANT, settingsFor(name, port, settings), FORCED),
    async accept(mail = {}) {
      const [id = ''] = await scene.acceptMany(1, mail);
      return id;
    },
    async acceptMany(count, mail = {}) {
      const made = Array.from({ length: count }, () => newDelivery(clock.now(), mail));
      const reserved = made.map((item) => mail.atOnce === true && delivery.reserve(item));
      await transaction(db, async (tx) => {
        await tx.dialect.insertRows(tx, 'messages', made.map(messageRow));
        await tx.dialect.insertRows(
          tx,
          'message_content',
          made.map(({ letter }) => ({
            message_id: letter.id,
            part: 0,
            bytes: letter.content ?? Buffer.alloc(0),
          })),
        );
        await delivery.schedule(
          tx,
          made.map((item, index) => ({ delivery: item, reserved: reserved[index] === true })),
        );
      });
      delivery.begin(made.filter((_, index) => reserved[index] === true));
      delivery.wake();
      return made.map(({ letter }) => letter.id);
    },
    recipients: (id) =>
      tables()
        .selectFrom('recipients')
        .select(['address', 'state', 'attempts', 'error_id', 'reply', 'connection_id', 'next_at'])
        .where('message_id', '=', id)
        .orderBy('position')
        .execute(),
    states: async (id) => (await scene.recipients(id)).map(({ state }) => state),
    async tally() {
      const rows = await tables()
        .selectFrom('recipients')
        .select((eb) => ['state', eb.fn.countAll<number | string>().as('count')])
        .groupBy('state')
        .execute();
      return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]));
    },
    job: (id) =>
      tables()
        .selectFrom('jobs')
        .select(['id', 'state', 'due_at', 'held_by', 'claims'])
        .where('id', '=', id)
        .executeTakeFirst(),
    jobs: () =>
      tables()
        .selectFrom('jobs')
        .select(['id', 'state', 'due_at', 'held_by', 'claims'])
        .orderBy('id')
        .execute(),
    attempts: (id) =>
      tables()
        .selectFrom('attempts')
        .select(['message_id', 'connection_name', 'outcome', 'error_id', 'started_at'])
        .where('message_id', '=', id)
        .orderBy('id')
        .execute(),
    async events(id) {
      const rows = await tables()
        .selectFrom('events')
        .select('type')
        .where('subject_id', '=', id)
        .orderBy('id')
        .execute();
      return rows.map(({ type }) => type.replace(/^message\./, ''));
    },
    async until(what, holds, stepMs = 5) {
      const end = performance.now() + PATIENCE_MS;
      while (!(await holds())) {
        if (performance.now() > end) assert.fail(`waited in vain until ${what}`);
        await clock.run(stepMs);
        // A long step takes the time limits of what is on the wire with it: nothing may be moving when it is taken.
        await rest(delivery.active === 0 ? 1 : Math.max(1, Math.min(20, stepMs / 25)));
      }
    },
    untilState: (id, ...states) =>
      scene.until(`${id} is ${states.join(' or ')}`, async () => {
        const now = await scene.states(id);
        return now.length > 0 && now.every((state) => states.includes(state));
      }),
    async pass(ms, stepMs = 1_000) {
      for (let left = ms; left > 0; left -= stepMs) {
        await clock.run(Math.min(stepMs, left));
        await rest(3);
      }
    },
    stop(graceMs = 1_000) {
      stopped ??= delivery.stop(graceMs);
      return drive(clock, stopped);
    },
    [Symbol.asyncDispose]: () => scene.stop(0),
  };
  if (options.idle !== true) await delivery.start();
  return scene;
}

/** Lets time pass until this is done. */
export async function drive<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  let done = false;
  void work.finally(() => (done = true)).catch(() => undefined);
  const end = performance.now() + PATIENCE_MS;
  while (!done) {
    if (performance.now() > end) assert.fail('waited in vain for the end');
    await clock.run(20);
    await turn();
  }
  return work;
}

/** A turn in which sockets and the database get to speak. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1);
  });
}

/** Message-IDs that a peer holds complete, in the order in which they came. */
export function receivedIds(peer: Peer): string[] {
  return peer.messages.map(
    ({ wire }) => /^Message-ID: <(msg_\w+)@/.exec(wire.toString('latin1'))?.[1] ?? '?',
  );
}
