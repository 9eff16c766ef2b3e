/**
 * Held mail: what it waits for, written into the key under which the queue holds it, and letting it go when that has come.
 *
 * A key says all that must change, so any process can tell at any time whether its mail may go: nothing depends on
 * having heard of a change, and a message that is held a moment after its connection returned does not stay. A key that
 * concerns connections ends with the state of all of them when it was made; when they changed since, its mail looks for its way anew.
 * Next: delivery.ts
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Connection, Connections } from '../connections/connections.ts';
import { heldKeys, release } from '../queue/queue.ts';
import type { Db } from '../store/store.ts';
import type { Stopped } from '../tenants/tenants.ts';
import { DELIVERY } from './schedule.ts';

const OF_TENANT = 'tenant:';
/** Waits for a person. */
export const HELD_BY_PERSON = 'person';
/** Its tenant is suspended, whatever the connections are. */
export const heldForTenant = (tenantId: string): string => `${OF_TENANT}${tenantId}`;
/** No connection, however well, takes this message. */
export const heldForRoute = (world: string): string => `route@${world}`;
/** One of these connections would take it, as soon as it can send. */
export const heldForConnections = (ids: readonly string[], world: string): string =>
  `connection:${[...ids].sort().join('+')}@${world}`;
/** The connection can send, but its server refused this message for what concerns more than one message. */
export const heldByRefusal = (id: string, world: string): string => `refused:${id}@${world}`;

const KEY = /^(route|connection|refused):?([^@]*)@(.*)$/;

/** Held messages let go at once; the worker takes them at its own speed. */
const RELEASE_AT_ONCE = 500;
const RELEASE_PAUSE_MS = 100;
const LOOK_MS = 5_000;

export interface HeldMail {
  /** The state of all connections, in short: differs whenever one is made, changed, paused, resumed or removed. */
  world(): string;
  /** Starts looking. */
  start(): void;
  /** Looks soon for mail that may go. `healed` is a connection that was just proved to work again. */
  look(healed?: string): void;
  /** A message was held under this key just now; looks if it may go already. */
  held(key: string): void;
  stop(): Promise<void>;
}

export function createHeldMail(options: {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly connections: Connections;
  /** Why mail of this tenant does not go out now, if it does not. */
  readonly stopped: (tenantId: string) => Stopped | undefined;
  /** Mail was let go: the worker should look. */
  readonly wake: () => void;
}): HeldMail {
  const { db, clock, log, connections, stopped, wake } = options;
  let running = false;
  let looking: Promise<void> | undefined;
  let lookAgain = false;
  let cancel = (): void => undefined;
  let healed = new Set<string>();
  let known: { readonly of: unknown; readonly world: string } | undefined;

  function world(): string {
    const all = connections.everywhere();
    if (known?.of !== all) known = { of: all, world: digest(all, connections) };
    return known.world;
  }

  function mayGo(key: string, proved: ReadonlySet<string>): Permit {
    if (key === HELD_BY_PERSON) return NONE;
    if (key.startsWith(OF_TENANT))
      return stopped(key.slice(OF_TENANT.length)) === undefined ? { kind: 'all' } : NONE;
    const [, what, ids = '', then] = KEY.exec(key) ?? [];
    if (what === undefined || then !== world()) return { kind: 'all' };
    switch (what) {
      case 'connection':
        return best(ids.split('+').map((id) => doorOf(id, connections)));
      case 'refused': {
        if (proved.has(ids)) return { kind: 'some' };
        const door = doorOf(ids, connections);
        return door.kind === 'probe' ? door : NONE;
      }
      default:
        return NONE;
    }
  }

  /** Goes through all keys once; a probe per connection, everything where the door is open. */
  async function lookOnce(): Promise<void> {
    const proved = healed;
    healed = new Set();
    const probed = new Set<string>();
    for (const key of await heldKeys(db, DELIVERY)) {
      const permit = mayGo(key, proved);
      if (permit.kind === 'all') await letGo(key, proved);
      else if (permit.kind === 'some') await releaseSome(key, RELEASE_AT_ONCE);
      else if (permit.kind === 'probe' && !probed.has(permit.id)) {
        if ((await releaseSome(key, 1)) > 0) probed.add(permit.id);
      }
    }
  }

  /** In portions, and only as long as the way is open: what is held again meanwhile must not go round in circles. */
  async function letGo(key: string, proved: ReadonlySet<string>): Promise<void> {
    while (running && mayGo(key, proved).kind === 'all') {
      if ((await releaseSome(key, RELEASE_AT_ONCE)) < RELEASE_AT_ONCE) return;
      await new Promise<void>((resolve) => {
        clock.after(RELEASE_PAUSE_MS, resolve);
      });
    }
  }

  async function releaseSome(heldBy: string, limit: number): Promise<number> {
    const released = await release(db, { kind: DELIVERY, heldBy, now: clock.now(), limit });
    if (released > 0) wake();
    return released;
  }

  function look(): void {
    if (!running) return;
    if (looking !== undefined) {
      lookAgain = true;
      return;
    }
    cancel();
    lookAgain = false;
    looking = lookOnce()
      .catch((error: unknown) => {
        log.warn({ err: error }, 'held mail could not be let go; looking again soon');
      })
      .then(() => {
        looking = undefined;
        if (running) cancel = clock.after(lookAgain ? 0 : LOOK_MS, look);
      });
  }

  return {
    world,
    start() {
      running = true;
      look();
    },
    look(id) {
      if (id !== undefined) healed.add(id);
      look();
    },
    held(key) {
      if (mayGo(key, healed).kind !== 'none') look();
    },
    async stop() {
      running = false;
      cancel();
      await looking;
    },
  };
}

type Permit =
  | { readonly kind: 'all' }
  /** One portion: they are likely to come back under the same key, and must not go round in circles. */
  | { readonly kind: 'some' }
  /** One message, to find out whether this connection works again. */
  | { readonly kind: 'probe'; readonly id: string }
  | { readonly kind: 'none' };

const NONE: Permit = { kind: 'none' };

function doorOf(id: string, connections: Connections): Permit {
  const connection = connections.byId(id);
  if (connection?.status !== 'active' || connection.paused) return NONE;
  const breaker = connections.channel(id)?.breaker;
  if (breaker === undefined || breaker.state === 'closed') return { kind: 'all' };
  return breaker.accepts ? { kind: 'probe', id } : NONE;
}

function best(permits: readonly Permit[]): Permit {
  return permits.find(({ kind }) => kind === 'all') ?? permits.find(({ kind }) => kind === 'probe') ?? NONE;
}

/** What decides where mail may go; a draft does not. */
function digest(
  all: readonly Pick<Connection, 'id' | 'tenantId' | 'revision' | 'status' | 'paused'>[],
  { isOwnRefused }: Pick<Connections, 'isOwnRefused'>,
): string {
  const hash = createHash('sha256');
  for (const { id, tenantId, revision, status, paused } of all)
    hash.update(
      `${id} ${String(revision)} ${status} ${String(paused)}${isOwnRefused(tenantId) ? ' refused' : ''}\n`,
    );
  return hash.digest('hex').slice(0, 12);
}
