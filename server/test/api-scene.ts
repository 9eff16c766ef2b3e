/**
 * What tests of the API start from: the whole application on a database of the test's own, asked without a socket.
 * Delivery, connections and the dialer are the server's own, so that a scripted peer can be the relay; `wire.ts` puts
 * the same parts together for the real program.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createKey, type NewKey } from '../src/access/access.ts';
import { createApp } from '../src/app.ts';
import type { Operation } from '../src/http/http.ts';
import { systemClock, type Clock } from '../src/base/clock.ts';
import { newId } from '../src/base/id.ts';
import { createLog } from '../src/base/log.ts';
import { loadConfig, type Config, type LoadedConfig } from '../src/config/config.ts';
import { openConnections, type Connections } from '../src/connections/connections.ts';
import { createConnectionTests, isProved, type DiscoveryDeps } from '../src/diagnosis/diagnosis.ts';
import { createDelivery, type Delivery } from '../src/delivery/delivery.ts';
import { createVerifications, type Verifications } from '../src/flows/flows.ts';
import { createAcceptor } from '../src/messages/messages.ts';
import {
  createDialer,
  createHttps,
  createLookups,
  instanceEgress,
  type Dialer,
  type EgressPolicy,
} from '../src/net/net.ts';
import { createMetrics } from '../src/operator/operator.ts';
import { createKeyRing, type MasterKey } from '../src/secrets/secrets.ts';
import type { Db } from '../src/store/store.ts';
import { ensureTenants, findTenantBySlug, INSTANCE_TENANT_ID, openTenants } from '../src/tenants/tenants.ts';
import { someMasterKey } from './delivery-scene.ts';
import type { TestStore } from './stores.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly bytes: Buffer;
  /** What stands at a path of the JSON, such as `recipients[0].state`; the whole without one. */
  at(path?: string): unknown;
}

export interface Asking {
  /** Sent as JSON, unless it is text already. */
  readonly body?: unknown;
  /** `Bearer` is put before it; `null` sends none. The scene's own key when absent. */
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where it comes from; 127.0.0.1 when absent. */
  readonly address?: string;
}

export interface Api {
  readonly db: Db;
  readonly config: () => Config;
  readonly delivery: Delivery;
  readonly connections: Connections;
  readonly verifications: Verifications;
  /** Log lines so far, at `debug`. */
  readonly log: readonly string[];
  /** Every operation of the API. */
  readonly operations: readonly Operation[];
  /** An instance admin's key. */
  readonly key: string;
  /** Makes a key; of the instance unless a tenant's slug is named. */
  makeKey(wanted?: Partial<NewKey> & { tenant?: string }): Promise<string>;
  /** Lets a tenant send as these addresses and `@domain`s; without any as `MESSAGE` does. */
  allow(tenant: string, ...senders: string[]): Promise<void>;
  /** `path` under `/api/v1`, or from the root when it begins with `//`. */
  ask(method: Operation['method'] | 'HEAD', path: string, asking?: Asking): Promise<Answer>;
  /** Listens on a port of this machine; answers `http://HOST:PORT`. */
  listen(): Promise<string>;
  /** Posts a message that must be accepted; answers its id. */
  send(message?: Readonly<Record<string, unknown>>, asking?: Omit<Asking, 'body'>): Promise<string>;
  /** Waits until the message is in this state; answers how it is shown then. */
  reaches(id: string, state: string, asking?: Asking): Promise<Answer>;
  /** Waits until the message is shown so. Looks again after every settled attempt. */
  until(id: string, holds: (shown: Answer) => boolean, asking?: Asking): Promise<Answer>;
}

export interface SceneOptions {
  /** The configuration file; capture mode without one. */
  readonly toml?: string;
  readonly clock?: Clock;
  readonly dialer?: Dialer;
  /** For what looks at other people's servers: name lookups and policies of a test's own. */
  readonly discovery?: Partial<DiscoveryDeps>;
  /** Whether the queue's worker runs: without it messages stay as they were accepted. */
  readonly working?: boolean;
  readonly refuseWhenFull?: () => void;
  readonly refusing?: () => string | undefined;
  /** Where connections of a tenant may go; everywhere when absent. */
  readonly egressFor?: (tenantId: string) => EgressPolicy;
  /** The same for several nodes on one database. */
  readonly masterKey?: MasterKey;
  /** In place of the store's own handle, for what a database does wrong. */
  readonly db?: (db: Db) => Db;
}

/** A message that is good, for tests that change one thing of it. */
export const MESSAGE = {
  from: 'app@example.com',
  to: ['ana@example.net'],
  subject: 'Hello',
  text: 'Hello Ana',
} as const;

/** Mail goes out, over one connection to this port of 127.0.0.1. */
export function relayToml(port: number, more = ''): string {
  return `[delivery]
mode = "live"
${more}
[[connections]]
name = "relay"
host = "127.0.0.1"
port = ${String(port)}
security = "none"
ehlo_name = "client.example.test"
`;
}

/** Opens the application on a fresh database of `open`; everything is closed at the end of the test. */
export async function openApi(
  t: TestContext,
  open: () => Promise<TestStore>,
  options: SceneOptions = {},
): Promise<Api> {
  const store = await open();
  const undo: (() => Promise<unknown>)[] = [() => store.close()];
  t.after(async () => {
    for (const step of undo.reverse()) await step();
  });
  const api = await openNode(options.db?.(store.db) ?? store.db, options);
  undo.push(api.close);
  return api;
}

/** One node on a database that is open; close it before the database. */
export async function openNode(
  db: Db,
  options: SceneOptions = {},
): Promise<Api & { close: () => Promise<void> }> {
  const { clock = systemClock, dialer = createDialer({ clock: systemClock }), working = true } = options;
  const loaded = readToml(options.toml ?? '');
  const { config } = loaded;
  const lines: string[] = [];
  const log = createLog('debug', { write: (line) => void lines.push(line) });
  const masterKey = options.masterKey ?? (await someMasterKey());
  await ensureTenants(
    db,
    clock,
    config.tenants.map(({ slug }) => ({ slug })),
  );
  const tenants = openTenants({
    db,
    clock,
    log,
    lookups: options.discovery?.lookups ?? createLookups({ clock }),
  });
  const { settings, standings, senders, senderFor, modeFor } = tenants;
  await tenants.refresh(loaded);
  const keyRing = createKeyRing({ db, masterKey, clock });
  const connections = await openConnections({
    ...{ db, clock, log, dialer, keyRing },
    egressFor: options.egressFor ?? (() => instanceEgress()),
    pickupFolders: () => config.pickup.folders,
    proofOf: (tenantId, fingerprint) => isProved(db, tenantId, fingerprint),
    trialMs: () => config.delivery.returnWindow,
    ownRefused: tenants.ownRefused,
  });
  await connections.declare(INSTANCE_TENANT_ID, config.connections);
  const lookups = options.discovery?.lookups;
  const tests = createConnectionTests({
    ...{ db, clock, log, connections, senderFor, senders, modeFor: () => config.delivery.mode },
    ...(lookups !== undefined && { lookups }),
  });
  const settled = createBell();
  const { activeMax, lease: leaseMs } = config.delivery;
  const delivery = createDelivery({
    ...{ db, keyRing, clock, log, connections, activeMax, leaseMs, random: () => 0.5, owner: newId('nod') },
    policy: (tenantId) => ({ ...config.delivery, ...modeFor(tenantId) }),
    stopped: standings.stopped,
    observe: (settlement) => {
      metrics.observe(settlement);
      settled.ring();
    },
  });
  standings.onChange(delivery.lookAtHeld);
  settings.onChange(() => {
    connections.recheck();
    delivery.lookAtHeld();
  });
  const metrics = createMetrics({ db, clock, connections, active: () => delivery.active });
  const accepting = {
    ...{ db, clock, delivery, config: () => config, accepted: metrics.accepted },
    ...{ senderFor, senders },
    ...{ limitsFor: tenants.limitsFor, usesInstance: connections.usesInstance },
    hasConnection: connections.isUsableBy,
    refuseWhenFull: options.refuseWhenFull ?? (() => undefined),
  };
  const discovery: DiscoveryDeps = {
    ...{ clock, dialer, connections, https: createHttps({ dialer, clock }) },
    lookups: createLookups({ clock }),
    egressFor: options.egressFor ?? (() => instanceEgress()),
    publicEgress: () => instanceEgress(),
    ...options.discovery,
  };
  const acceptor = createAcceptor(accepting);
  const verifications = createVerifications({ db, clock, config: () => config, keyRing, settings, acceptor });
  const app = createApp({
    ...accepting,
    ...{
      log,
      connections,
      tests,
      discovery,
      metrics,
      settings,
      standings,
      keyRing,
      acceptor,
      verifications,
      declared: () => config.tenants.map(({ slug }) => slug),
      localUrl: () => 'http://127.0.0.1:8025',
      askDatabase: connections.ask,
    },
    refusing: options.refusing ?? (() => undefined),
  });
  if (working) await delivery.start();

  const makeKey: Api['makeKey'] = async ({ tenant, ...wanted } = {}) => {
    const tenantId = tenant === undefined ? INSTANCE_TENANT_ID : (await findTenantBySlug(db, tenant))?.id;
    assert.ok(tenantId, `there is no tenant ${tenant ?? ''}`);
    const role = tenant === undefined ? 'instance_admin' : 'tenant_admin';
    return (await createKey(db, clock, { tenantId, name: 'test', kind: 'live', role, ...wanted })).key;
  };
  const key = await makeKey();

  const ask: Api['ask'] = async (method, path, asking = {}) => {
    const { body, key: given = key, headers, address } = asking;
    const answer = await app.inject({
      method,
      ...(address !== undefined && { remoteAddress: address }),
      url: path.startsWith('//') ? path.slice(1) : `/api/v1${path}`,
      headers: {
        ...(given !== null && { authorization: `Bearer ${given}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && {
        payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
      }),
    });
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: answer.body,
      bytes: answer.rawPayload,
      at: (where = '') => valueAt(JSON.parse(answer.body), where),
    };
  };
  async function until(
    id: string,
    holds: (shown: Answer) => boolean,
    asking: Asking = {},
    what = 'to change',
  ): Promise<Answer> {
    for (;;) {
      const next = settled.next(); // before the look, so that nothing falls between
      const shown = await ask('GET', `/messages/${id}`, asking);
      if (holds(shown)) return shown;
      await next(`${id} ${what}; it is ${shown.text}`);
    }
  }
  return {
    ...{ db, delivery, connections, verifications, key, makeKey, ask, log: lines },
    config: () => config,
    operations: app.kit.operations,
    async allow(tenant, ...named) {
      const allowed = named.length === 0 ? [MESSAGE.from] : named;
      const headers = { 'posthorn-tenant': tenant };
      const set = await ask('PATCH', '/settings', { headers, body: { senders: { allowed } } });
      assert.equal(set.status, 200, set.text);
    },
    listen: () => app.listen({ host: '127.0.0.1', port: 0 }),
    async send(message = {}, asking = {}) {
      const answer = await ask('POST', '/messages', { ...asking, body: { ...MESSAGE, ...message } });
      assert.equal(answer.status, 202, answer.text);
      return String(answer.at('id'));
    },
    reaches: (id, state, asking) =>
      until(id, (shown) => shown.at('state') === state, asking, `to be ${state}`),
    until,
    async close() {
      await app.close();
      tenants.stop();
      await tests.stop();
      if (working) await delivery.stop(0);
      else await connections.stopAll(0);
    },
  };
}

/** The configuration that a file with this text makes. */
export function readConfig(toml: string): Config {
  return readToml(toml).config;
}

/** The same, with what is known of where each setting comes from. */
export function readToml(toml: string): LoadedConfig {
  return withFolder((folder) => {
    const file = join(folder, 'posthorn.toml');
    writeFileSync(file, toml, { mode: 0o600 });
    const result = loadConfig({ file, env: {}, flags: {} });
    assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.errors));
    return result.loaded;
  });
}

function withFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-config-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const WAIT_MS = 60_000;

/** Lets several wait for the next time something happens. */
function createBell() {
  let heard = Promise.withResolvers<void>();
  return {
    ring() {
      heard.resolve();
      heard = Promise.withResolvers<void>();
    },
    next() {
      const { promise } = heard;
      return async (what: string): Promise<void> => {
        let stop = (): void => undefined;
        const late = new Promise<never>((_resolve, reject) => {
          const timer = setTimeout(() => {
            reject(new Error(`waited too long for ${what}`));
          }, WAIT_MS);
          stop = () => {
            clearTimeout(timer);
          };
        });
        await Promise.race([promise, late]).finally(stop);
      };
    },
  };
}

function valueAt(json: unknown, path: string): unknown {
  let value = json;
  for (const step of path.split(/[.[\]]+/).filter((word) => word !== '')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

/** `path message` of each field error of a refusal, after its status and code were checked. */
export function fieldErrors(answer: Answer, status = 422, code = 'invalid_request'): string[] {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.at('code'), code);
  assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
  const errors = answer.at('errors') ?? [];
  assert.ok(Array.isArray(errors));
  return errors.map(
    (error: unknown) => `${String(valueAt(error, 'path'))} ${String(valueAt(error, 'message'))}`,
  );
}

/** Checks status and code of a refusal; answers its detail. */
export function refusal(answer: Answer, status: number, code: string): string {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.at('code'), code);
  return String(answer.at('detail'));
}
