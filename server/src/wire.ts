/**
 * Everything put together, top to bottom, in plain code: store, secrets, connections, delivery, doors.
 * Next: app.ts
 */
import { makeSetupCode, type SetupCode } from './accounts/accounts.ts';
import type { Clock } from './base/clock.ts';
import { newId } from './base/id.ts';
import type { Log } from './base/log.ts';
import type { Config, LoadedConfig } from './config/config.ts';
import { openConnections, type Connections, type ConnectionsOptions } from './connections/connections.ts';
import { createConnectionTests, isProved, type DiscoveryDeps } from './diagnosis/diagnosis.ts';
import { createDelivery, type Delivery, type DeliveryOptions } from './delivery/delivery.ts';
import { createVerifications } from './flows/flows.ts';
import { createAcceptor } from './messages/messages.ts';
import {
  createDialer,
  createHttps,
  createLookups,
  instanceEgress,
  tenantEgress,
  type EgressPolicy,
} from './net/net.ts';
import {
  createMetrics,
  databaseFolder,
  namedTenants,
  openMasterKeys,
  OperatorRefused,
  readMasterKeys,
  tidyHourly,
} from './operator/operator.ts';
import { createKeyRing, type KeyRing } from './secrets/secrets.ts';
import { databaseClock, type FreeSpace, openStore, watchFreeSpace, type Db } from './store/store.ts';
import {
  ensureTenants,
  INSTANCE_TENANT_ID,
  openTenants,
  purgeTenants,
  type Tenants,
} from './tenants/tenants.ts';
import { createApp } from './app.ts';

const HTTPS_PORTS = [443];

export interface RunningServer {
  /** `http://HOST:PORT` as it listens. */
  readonly url: string;
  /** For the first administrator, while there is none. */
  readonly setupCode: SetupCode | undefined;
  /** Takes over changed settings. */
  apply(loaded: LoadedConfig): Promise<void>;
  /** Stops accepting, lets running sends end, closes everything. */
  stop(): Promise<void>;
}

export interface WireOptions {
  readonly loaded: LoadedConfig;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
  /** The disk failed: the process must end. */
  readonly onBroken: (error: unknown) => void;
}

/** Starts a server; resolves when it answers. Throws what `isRefusal` of `main.ts` knows; nothing is left open then. */
export async function startServer(options: WireOptions): Promise<RunningServer> {
  const opened: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const step of opened.splice(0).reverse()) await step();
  };
  try {
    return await wire(options, opened, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** `opened` gets what must be closed, in the order of opening. */
async function wire(
  options: WireOptions,
  opened: (() => unknown)[],
  close: () => Promise<void>,
): Promise<RunningServer> {
  const { log, random } = options;
  let { loaded } = options;
  const config = () => loaded.config;
  let refusing: string | undefined = 'starting';
  let url = '';

  const { db, clock, isBroken } = await openDatabase(options, config().database.url, opened);
  const keyRing = await openKeyRing(db, () => loaded, clock);
  const lookups = createLookups({ clock });
  const tenants = openTenants({ db, clock, log, lookups });
  const { settings, standings, senders, senderFor, modeFor } = tenants;
  const dialer = createDialer({ clock });
  const connections = await openWays({ db, keyRing, clock, log, dialer, tenants }, config);
  opened.push(() => {
    tenants.stop();
    connections.stop();
  });
  const takeOver = inTurn(() => declare({ db, clock, tenants, connections }, loaded));
  await takeOver();

  const testMode = (tenantId: string) => modeFor(tenantId).mode;
  const tests = createConnectionTests({
    ...{ db, clock, log, connections, senderFor, senders, lookups },
    modeFor: testMode,
  });
  opened.push(() => tests.stop());
  const parts = { db, keyRing, clock, log, connections, random, tenants };
  const delivery = openDelivery(parts, config, (settlement) => {
    metrics.observe(settlement);
  });
  const metrics = createMetrics({ db, clock, connections, active: () => delivery.active });
  const space = watchFreeSpace(db, databaseFolder(loaded), clock, () => config().storage);
  const accepting = {
    ...{ db, clock, delivery, config, senderFor, senders, accepted: metrics.accepted },
    ...{ limitsFor: tenants.limitsFor, usesInstance: connections.usesInstance },
    ...{ hasConnection: connections.isUsableBy, refuseWhenFull: space.refuseWhenLow },
  };
  const declared = () => config().tenants.map(({ slug }) => slug);
  const acceptor = createAcceptor(accepting);
  const app = createApp({
    ...accepting,
    ...{ log, keyRing, connections, tests, metrics, settings, standings, declared, acceptor },
    verifications: createVerifications({ db, clock, config, keyRing, settings, acceptor }),
    localUrl: () => url,
    discovery: discoveryOf({ clock, dialer, connections, lookups }, config),
    askDatabase: connections.ask,
    refusing: () => (isBroken() ? 'the disk failed' : (refusing ?? whyLow(space))),
  });
  // The door first: a server that cannot have its address must not send a single message before it says so.
  opened.push(() => delivery.stop(config().delivery.stopGrace));
  opened.push(() => app.close());
  const { host, port } = config().server.http;
  url = await app.listen({ host, port });
  await delivery.start();
  refusing = undefined;
  const purge = () => purgeTenants({ db, clock, log }, declared(), takeOver);
  opened.push(tidyHourly({ db, clock, log, config, purgeTenants: purge }));
  return {
    url,
    setupCode: await makeSetupCode(db, clock),
    apply(next) {
      loaded = next;
      return takeOver();
    },
    async stop() {
      refusing = 'stopping';
      await close();
    },
  };
}

function whyLow(space: FreeSpace): string | undefined {
  return space.low() ? 'the disk is nearly full' : undefined;
}

/** What the configuration file says of tenants, settings and connections comes in force. */
async function declare(
  parts: { db: Db; clock: Clock; tenants: Tenants; connections: Connections },
  loaded: LoadedConfig,
): Promise<void> {
  await ensureTenants(parts.db, parts.clock, namedTenants(loaded.config.tenants));
  await parts.tenants.refresh(loaded);
  await parts.connections.declare(INSTANCE_TENANT_ID, loaded.config.connections);
}

/** One after another: the last file wins. */
function inTurn(work: () => Promise<void>): () => Promise<void> {
  let last = Promise.resolve();
  return () => (last = last.catch(() => undefined).then(work));
}

/** The connections, under the settings as they are at each use. */
function openWays(
  {
    tenants,
    ...base
  }: Pick<ConnectionsOptions, 'db' | 'keyRing' | 'clock' | 'log' | 'dialer'> & {
    tenants: Tenants;
  },
  config: () => Config,
): Promise<Connections> {
  return openConnections({
    ...base,
    egressFor: (tenantId, use) => egressOf(tenantId, use, config()),
    pickupFolders: () => config().pickup.folders,
    proofOf: (tenantId, fingerprint) => isProved(base.db, tenantId, fingerprint),
    trialMs: () => config().delivery.returnWindow,
    ownRefused: tenants.ownRefused,
  });
}

/** Delivery, under the settings as they are at each attempt. */
function openDelivery(
  base: Pick<DeliveryOptions, 'db' | 'keyRing' | 'clock' | 'log' | 'connections' | 'random'> & {
    tenants: Tenants;
  },
  config: () => Config,
  observe: DeliveryOptions['observe'],
): Delivery {
  const { tenants, ...parts } = base;
  const { activeMax, lease: leaseMs } = config().delivery;
  const delivery = createDelivery({
    ...{ ...parts, activeMax, leaseMs, observe, owner: newId('nod') },
    policy: (tenantId) => ({ ...config().delivery, ...tenants.modeFor(tenantId) }),
    stopped: tenants.standings.stopped,
  });
  tenants.standings.onChange(delivery.lookAtHeld);
  tenants.settings.onChange(() => {
    base.connections.recheck();
    delivery.lookAtHeld();
  });
  return delivery;
}

/** The database with the clock that its nodes share. */
async function openDatabase(
  { clock: localClock, onBroken }: WireOptions,
  url: string,
  opened: (() => unknown)[],
): Promise<{ db: Db; clock: Clock; isBroken: () => boolean }> {
  let broken = false;
  const store = await openStore({
    url,
    serve: true,
    onBroken: (error) => {
      broken = true;
      onBroken(error);
    },
  });
  opened.push(() => store.close());
  const { db } = store;
  const { clock, stop } = await databaseClock(db, localClock);
  opened.push(stop);
  return { db, clock, isBroken: () => broken };
}

/** The key ring, after the master keys have proved that they open what is stored. It follows a rotation by itself. */
async function openKeyRing(db: Db, loaded: () => LoadedConfig, clock: Clock): Promise<KeyRing> {
  const reread = async () => {
    const found = await readMasterKeys(loaded());
    return found.ok ? [found.masterKey, ...found.previous] : [];
  };
  const keyRing = createKeyRing({ db, ...(await openMasterKeys(loaded(), db)), reread, clock });
  const checked = await keyRing.verify();
  if (!checked.ok) throw new OperatorRefused(checked.message);
  return keyRing;
}

/** What looks at the servers of strangers. Where their DNS leads is no connection that anybody set up, so it is never private. */
function discoveryOf(
  parts: Pick<DiscoveryDeps, 'clock' | 'dialer' | 'connections' | 'lookups'>,
  config: () => Config,
): DiscoveryDeps {
  return {
    ...parts,
    https: createHttps(parts),
    egressFor: (tenantId) => egressOf(tenantId, 'mail', config()),
    publicEgress: (ports) => tenantEgress({ ports, own: ownAddresses(config()) }),
  };
}

function ownAddresses({ server }: Config) {
  return [{ address: server.http.host, port: server.http.port }];
}

/** The instance's own connections may reach internal networks unless that is switched off; a tenant's never by default (S3). */
function egressOf(tenantId: string, use: 'mail' | 'https', config: Config): EgressPolicy {
  const { egress } = config;
  const own = ownAddresses(config);
  if (tenantId === INSTANCE_TENANT_ID) return instanceEgress({ privateAllowed: egress.instancePrivate, own });
  return tenantEgress({ allow: egress.tenantAllow, own, ...(use === 'https' && { ports: HTTPS_PORTS }) });
}
