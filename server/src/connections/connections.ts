/**
 * Connections: the ways mail leaves. Their settings and secrets (`registry.ts`), what the file declares (`declared.ts`),
 * and the live side that sends (`channel.ts`), put together.
 * Next: registry.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { followSecretFiles, type Config, type SecretField } from '../config/config.ts';
import { createHttps, type Dialer } from '../net/net.ts';
import type { KeyRing } from '../secrets/secrets.ts';
import type { Db } from '../store/store.ts';
import type { Breaker, Trouble } from './breaker.ts';
import { createChannel, limitsOf, type Channel, type Opened } from './channel.ts';
import { shownState, type Connection, type ShownState } from './connection.ts';
import { applyDeclared, resolveDeclared, secretFilesOf, type DeclaredSecrets } from './declared.ts';
import { openSecrets } from './draft.ts';
import { history, oneOf, type Past } from './history.ts';
import { readConnections, readTroubles, writeTrouble } from './queries.ts';
import { proposeCandidate, type Candidate, type Wanted } from './candidate.ts';
import { rehearse, type Rehearsal, type Rehearsed } from './rehearsal.ts';
import { createConnect, type Connect } from './connect.ts';
import { viewGrants, type GrantView } from './grant-view.ts';
import { createGrants } from './grants.ts';
import { keepGrantsAlive } from './keep-alive.ts';
import { createRegistry, type Registry } from './registry.ts';
import { forgetSecrets, readSecrets } from './revision-queries.ts';
import type { Proof } from './revisions.ts';
import { secretStates, type SecretState } from './secret-ages.ts';
import type { Refusal } from './trial.ts';
import { createTokens } from './token.ts';
import { openSender, secretMissing, type EgressFor, type WayOptions } from './way.ts';

export type { Breaker, Trouble } from './breaker.ts';
export type { Channel } from './channel.ts';
export type { Connect } from './connect.ts';
export type { GrantView } from './grant-view.ts';
export type { Connection } from './connection.ts';
export type { Candidate, Wanted } from './candidate.ts';
export { fingerprintOf } from './fingerprint.ts';
export { graphPlace } from './graph.ts';
export { planRehearsal, type Rehearsal, type Rehearsed } from './rehearsal.ts';
export { refuseUnverified } from './unverified.ts';
export type { ConnectionBlock, Registry } from './registry.ts';
export { readSecretAttention, type SecretAttention } from './secret-check.ts';

/** Every connection with its last known trouble, for a look without a running server. */
export async function readHealth(
  db: Db,
): Promise<{ name: string; status: Connection['status']; paused: boolean; trouble: Trouble | undefined }[]> {
  const troubles = await readTroubles(db);
  return (await readConnections(db)).map(({ id, name, status, paused }) => ({
    ...{ name, status, paused, trouble: troubles.get(id) },
  }));
}

/** Secrets of a replaced revision are kept this long, so that going back works. */
const KEEP_SECRETS_MS = 7 * 86_400_000;

/** Forgets secrets that nobody can go back to any more. */
export async function forgetOldSecrets(db: Db, clock: Clock): Promise<void> {
  await forgetSecrets(db, clock.now() - KEEP_SECRETS_MS);
}

export interface ConnectionsOptions {
  readonly db: Db;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly log: Log;
  readonly dialer: Dialer;
  readonly egressFor: EgressFor;
  /** Folders that pickup connections may write to, as of now. */
  readonly pickupFolders: () => readonly string[];
  /** The last passing test of values with this fingerprint. */
  readonly proofOf: (tenantId: string, fingerprint: string) => Promise<Proof | undefined>;
  /** Whether the instance refuses the tenant connections of its own; nobody is refused any when absent. */
  readonly ownRefused?: (tenantId: string) => boolean;
  /** How long new settings are on trial, ms; 0 switches it off. */
  readonly trialMs: () => number;
}

export interface Connections extends Registry {
  /** The live side of a connection; `undefined` for a mailbox or an unknown id. */
  channel(id: string): Channel | undefined;
  /** Settings as they could be, with the secrets that may be used for them. Throws what is wrong with them. */
  propose(tenantId: string, wanted: Wanted): Promise<Candidate>;
  /** Walks the way of a message by hand, watched. Never rejects. */
  rehearse(rehearsal: Omit<Rehearsal, 'egress' | 'tokenEgress'>): Promise<Rehearsed>;
  /** Mailboxes that are connected in a browser. */
  readonly connect: Connect;
  /** What mailboxes of these connections allow, by connection id. */
  grants(of: readonly Connection[]): Promise<ReadonlyMap<string, GrantView>>;
  /** Takes over what the file declares for a tenant. */
  declare(tenantId: string, declared: Config['connections']): Promise<void>;
  /** Each secret that the connection can have: whether it is set, where, since when, until when. */
  secretStates(connection: Connection): Map<SecretField, SecretState>;
  /** Its revisions, newest first, those before the one with the id `after`; one more than `limit`, if there is one. */
  history(connection: Connection, page: { after: string | undefined; limit: number }): Promise<Past[]>;
  /** One of them by number. Throws `not_found`. */
  past(connection: Connection, number: number): Promise<Past>;
  /** Until when, epoch ms, the last settings come back when those in force fail; `undefined` when they do not. */
  trialEnds(connection: Connection): number | undefined;
  /** A connection in as few words as say whether it sends: of one that is not the caller's no more is shown. */
  brief(connection: Connection): { name: string; type: Connection['settings']['type']; state: ShownState };
  /** A channel's breaker changed its state. */
  onBreaker(listener: (connection: Connection, state: Breaker['state']) => void): void;
  /** Lets running sends end, then closes every line. */
  stopAll(graceMs: number): Promise<void>;
}

/** Reads all connections; nothing is dialled until the first message. */
export async function openConnections(options: ConnectionsOptions): Promise<Connections> {
  const { db, keyRing, log, clock, egressFor } = options;
  const https = createHttps(options);
  const tokens = createTokens({ https, grants: createGrants(options), clock, log });
  const registry = createRegistry(options);
  const ways: WayOptions = { ...options, https, tokens };
  const channels = new Map<string, Channel>();
  const retiring = new Set<Channel>();
  const inForce = new Map<string, string>();
  const returning = new Set<string>();
  const breakerListeners: ((connection: Connection, state: Breaker['state']) => void)[] = [];
  const declaredSecrets = new Map<string, DeclaredSecrets>();
  const troubles = await readTroubles(db);
  let stored: Promise<void> = Promise.resolve();

  async function openWay(connection: Connection, atOnce: number): Promise<Opened> {
    const found = await secretsOf(connection);
    if (!found.ok) return { ok: false, failure: secretMissing(found.message) };
    return openSender({ connection, secrets: found.secrets, atOnce }, ways);
  }

  async function secretsOf(
    connection: Connection,
  ): Promise<{ ok: true; secrets: Map<SecretField, string> } | { ok: false; message: string }> {
    const references = declaredSecrets.get(connection.tenantId)?.get(connection.id);
    if (connection.managedBy === 'file') return resolveDeclared(references ?? new Map());
    return openSecrets(keyRing, connection, await readSecrets(db, connection.revisionId));
  }

  async function readDeclared(connection: Connection): Promise<ReadonlyMap<SecretField, string>> {
    const found = await secretsOf(connection);
    return found.ok ? found.secrets : new Map();
  }

  /** One after another, so that what is stored last is what happened last. */
  function storeTrouble({ id, name }: { id: string; name: string }, trouble: Trouble | undefined): void {
    stored = stored
      .then(() => writeTrouble(db, id, trouble))
      .catch((error: unknown) => {
        if (registry.byId(id) === undefined) return; // removed meanwhile, and its health with it
        log.warn({ err: error, connection: name }, 'health of the connection could not be stored');
      });
  }

  function breakerChanged(connection: Connection, state: Breaker['state'], breaker: Breaker): void {
    log[state === 'open' ? 'warn' : 'info'](
      {
        connection: connection.name,
        state,
        errorId: breaker.trouble?.errorId,
        detail: breaker.trouble?.detail,
      },
      state === 'open'
        ? 'connection cannot send; its mail is held'
        : state === 'half-open'
          ? 'connection is being tried again'
          : 'connection sends again',
    );
    if (state !== 'half-open') storeTrouble(connection, breaker.trouble);
    for (const listener of breakerListeners) listener(connection, state);
  }

  /** Hundreds may be refused at once; the first of them is enough. */
  function refused(connection: Connection, refusal: Refusal): void {
    if (returning.has(connection.revisionId)) return;
    returning.add(connection.revisionId);
    stored = stored
      .then(() => registry.refused(connection, refusal))
      .catch((error: unknown) => {
        log.warn(
          { err: error, connection: connection.name },
          'the last settings could not be brought back yet',
        );
      })
      .finally(() => returning.delete(connection.revisionId));
  }

  function channel(id: string): Channel | undefined {
    const existing = channels.get(id);
    if (existing !== undefined) return existing;
    const connection = registry.byId(id);
    if (connection?.status !== 'active' || connection.settings.type === 'mailbox') return undefined;
    const made = createChannel({
      connection,
      clock,
      known: troubles.get(id),
      open: (atOnce) => openWay(connection, atOnce),
      changed: (state, breaker) => {
        breakerChanged(connection, state, breaker);
      },
      refused: (refusal) => {
        refused(connection, refusal);
      },
    });
    troubles.delete(id);
    channels.set(id, made);
    return made;
  }

  /** What old settings still find out says nothing about the new ones: a stopped channel tells nobody. */
  function retire(old: Channel): void {
    channels.delete(old.connection.id);
    retiring.add(old);
    void old.stop(limitsOf(old.connection.settings).graceMs).finally(() => retiring.delete(old));
  }

  /** New settings deserve a new try: nothing is known against them. */
  function takeOver(id: string): void {
    const now = registry.byId(id);
    const before = inForce.get(id);
    if (now === undefined) inForce.delete(id);
    else inForce.set(id, stateOf(now));
    if (inForce.get(id) === before) return;
    renew(id);
  }

  /** Forgets what was known against the connection, and sends over new lines. */
  function renew(id: string): void {
    const now = registry.byId(id);
    const old = channels.get(id);
    const known = troubles.delete(id) || old?.breaker.trouble !== undefined;
    if (now !== undefined && known) storeTrouble(now, undefined);
    if (old !== undefined) retire(old);
  }

  let stopFollowing: (() => void) | undefined;

  /** A secret in a file is another one now: lines that are opened from here on use it, and held mail may go. */
  function followFiles(): void {
    if (stopFollowing !== undefined || secretFilesOf(declaredSecrets.values()).size === 0) return;
    stopFollowing = followSecretFiles({
      clock: options.clock,
      paths: () => secretFilesOf(declaredSecrets.values()).keys(),
      changed(paths) {
        const users = secretFilesOf(declaredSecrets.values());
        for (const id of new Set(paths.flatMap((path) => users.get(path) ?? []))) {
          const connection = registry.byId(id);
          if (connection === undefined) continue;
          log.info({ connection: connection.name }, 'a secret file has changed; new lines use it');
          renew(id);
          for (const listener of breakerListeners) listener(connection, 'closed');
        }
      },
    });
  }

  await registry.refresh();
  for (const connection of registry.everywhere()) inForce.set(connection.id, stateOf(connection));
  registry.onChange((changed) => {
    changed.forEach(takeOver);
  });

  const granting = { ...options, https, tokens, secretsOf, byId: registry.byId, changed: renew };
  const stopKeeping = keepGrantsAlive({ ...granting, everywhere: registry.everywhere });

  return {
    ...{ ...registry, channel },
    connect: createConnect(granting),
    grants: (of) => viewGrants(db, of),
    propose: (tenantId, wanted) =>
      proposeCandidate({ db, keyRing, find: registry.find, declared: readDeclared }, tenantId, wanted),
    rehearse(rehearsal) {
      const { tenantId } = rehearsal.connection;
      const places = { egress: egressFor(tenantId, 'mail'), tokenEgress: egressFor(tenantId, 'https') };
      return rehearse(ways, { ...rehearsal, ...places });
    },
    async declare(tenantId, declared) {
      const before = declaredSecrets.get(tenantId) ?? new Map();
      declaredSecrets.set(tenantId, await applyDeclared(options, tenantId, declared, before));
      await registry.refresh();
      followFiles();
    },
    secretStates(connection) {
      const references = declaredSecrets.get(connection.tenantId)?.get(connection.id);
      return secretStates(connection, (field) => references?.get(field), options.clock.now());
    },
    brief: (connection) => briefly(connection, channels.get(connection.id)),
    history: (connection, page) => history(db, connection, page),
    past: (connection, number) => oneOf(db, connection, number),
    trialEnds({ status, trial }) {
      const ends = (trial?.since ?? -Infinity) + options.trialMs();
      return status === 'active' && ends > options.clock.now() ? ends : undefined;
    },
    onBreaker(listener) {
      breakerListeners.push(listener);
    },
    async stopAll(graceMs) {
      registry.stop();
      stopKeeping();
      stopFollowing?.();
      await Promise.all([...channels.values(), ...retiring].map((open) => open.stop(graceMs)));
      await tokens.stop();
      await stored;
    },
  };
}

function briefly(connection: Connection, open: Channel | undefined) {
  const { name, settings } = connection;
  return { name, type: settings.type, state: shownState(connection, open?.breaker.trouble !== undefined) };
}

/** Differs when other settings are in force, or none. */
function stateOf({ revisionId, status }: Connection): string {
  return `${revisionId} ${status}`;
}
