/**
 * All connections, at hand: read from the database, changed through here only, and told to whoever must know.
 * A change takes effect at once in this process and within seconds in others; what is being sent finishes as it began.
 * Next: channel.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { ConnectionPatch, ConnectionSettings } from '../config/config.ts';
import { problem } from '../http/http.ts';
import { followRows, isUniqueViolation, transaction, type Db } from '../store/store.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import type { Connection } from './connection.ts';
import { deleteConnection, readConnections, readVersions, updatePaused, versionsOf } from './queries.ts';
import * as revisions from './revisions.ts';
import type { Activate, GivenSecrets, Proof, RevisionDeps, Saving } from './revisions.ts';
import { comeBack, isOnTrial, type Refusal } from './trial.ts';

/** A change that others were quicker than is made again this often. */
const TRIES = 5;

export interface Registry {
  /** Reads everything anew and tells listeners what changed. */
  refresh(): Promise<void>;
  /** Connections of one tenant, as of the last refresh, in whatever state. */
  list(tenantId: string): readonly Connection[];
  /** Connections of all tenants, in whatever state. */
  everywhere(): readonly Connection[];
  /**
   * What a tenant sends over, as one block: its own active connections where it may have some and does, or else the
   * instance's. One that is paused takes its place and no mail; drafts and those that are off are as if they were not
   * there.
   */
  blockOf(tenantId: string): ConnectionBlock;
  usableBy(tenantId: string): readonly Connection[];
  /** Whether mail of the tenant leaves over connections of the instance, asking for this one or for none. */
  usesInstance(tenantId: string, wanted: string | null): boolean;
  /** Whether the instance refuses the tenant connections of its own. */
  isOwnRefused(tenantId: string): boolean;
  /** Whether the tenant could send over a connection of this id or name. */
  isUsableBy(tenantId: string, idOrName: string): boolean;
  /** What the instance refuses may be another thing now: whoever keeps something of `everywhere` makes it anew. */
  recheck(): void;
  /** Rejects when the database does not answer. */
  ask(): Promise<void>;
  /** By id or by name. */
  find(tenantId: string, idOrName: string): Connection | undefined;
  byId(id: string): Connection | undefined;
  /** A draft, unless activation is asked for: then it throws `not_proved` when nothing lets it come in force. */
  create(tenantId: string, input: ConnectionSettings, saving: Saving): Promise<Connection>;
  /**
   * Saves a new draft on top of what is newest; what is in force goes on. A change that does not concern the
   * conversation with the server is in force at once, unless a draft waits.
   * Throws `secret_required` when the change moves a stored secret to another destination.
   */
  patch(tenantId: string, id: string, patch: ConnectionPatch, saving: Saving): Promise<Connection>;
  /** Puts the draft, or the revision of this number, in force. Throws `not_proved`. */
  activate(tenantId: string, id: string, what: Activation): Promise<Connection>;
  /** Takes it out of use; `activate` brings it back. */
  deactivate(tenantId: string, id: string, by: string): Promise<Connection>;
  /** Makes a new draft of the values of an earlier revision. */
  restore(tenantId: string, id: string, what: Restoring): Promise<Connection>;
  /** A test of values with this fingerprint passed: drafts of them are proved. */
  prove(fingerprint: string, proof: Proof): Promise<void>;
  /** What is in force failed for good: on trial, the last values come back. */
  refused(connection: Connection, refusal: Refusal): Promise<void>;
  remove(tenantId: string, id: string): Promise<void>;
  setPaused(tenantId: string, id: string, paused: boolean): Promise<Connection>;
  onChange(listener: (changed: readonly string[]) => void): void;
  stop(): void;
}

export interface ConnectionBlock {
  /** `none`: neither has an active connection. */
  readonly from: 'own' | 'inherited' | 'none';
  readonly connections: readonly Connection[];
}

export interface Activation extends Activate {
  readonly by: string;
  readonly revision?: number | undefined;
}

export interface Restoring extends Saving {
  /** Number of the revision whose values are wanted. */
  readonly of: number;
  /** Given anew, in place of those of that time. */
  readonly secrets: GivenSecrets;
}

export interface RegistryDeps extends RevisionDeps {
  /** Whether the instance refuses the tenant connections of its own; nobody is refused any when absent. */
  readonly ownRefused?: (tenantId: string) => boolean;
}

export function createRegistry(deps: RegistryDeps): Registry {
  const { db, clock, log } = deps;
  const isOwnRefused = (tenantId: string): boolean =>
    tenantId !== INSTANCE_TENANT_ID && deps.ownRefused?.(tenantId) === true;
  const kept = createCache(db, clock, log);
  const { refresh, all, find } = kept;

  const list = (tenantId: string): Connection[] =>
    all().filter((connection) => connection.tenantId === tenantId);

  function blockOf(tenantId: string): ConnectionBlock {
    const active = (id: string) => list(id).filter(({ status }) => status === 'active');
    const own = isOwnRefused(tenantId) ? [] : active(tenantId);
    if (own.length > 0) return { from: 'own', connections: own };
    const theirs = tenantId === INSTANCE_TENANT_ID ? [] : active(INSTANCE_TENANT_ID);
    return { from: theirs.length > 0 ? 'inherited' : 'none', connections: theirs };
  }
  const usableBy = (tenantId: string): readonly Connection[] => blockOf(tenantId).connections;

  function refuseOwn(tenantId: string): void {
    if (!isOwnRefused(tenantId)) return;
    throw problem('locked', {
      detail: 'The instance does not let this tenant have connections of its own (connections.own).',
    });
  }

  function mustFind(tenantId: string, id: string): Connection {
    const found = find(tenantId, id);
    if (found === undefined) throw problem('not_found', { detail: `There is no connection ${id}.` });
    return found;
  }

  /** Makes the change of what is there; again, when somebody else was quicker, here or on another node. */
  async function change(
    tenantId: string,
    id: string,
    work: (current: Connection) => Promise<boolean>,
  ): Promise<Connection> {
    const connection = mustFind(tenantId, id);
    for (let tries = 1; ; tries += 1) {
      const current = mustFind(tenantId, connection.id);
      const done = await uniquely(work(current));
      await refresh();
      if (done) return mustFind(tenantId, current.id);
      if (tries === TRIES) throw problem('conflict', { detail: 'The connection is being changed.' });
    }
  }

  /** The same for what the file does not manage. */
  function edit(
    tenantId: string,
    id: string,
    work: (current: Connection) => Promise<boolean>,
  ): Promise<Connection> {
    return change(tenantId, id, (current) => {
      refuseOwn(tenantId);
      refuseFileManaged(current);
      return work(current);
    });
  }

  return {
    refresh,
    everywhere: all,
    list,
    blockOf,
    usableBy,
    usesInstance(tenantId, wanted) {
      const { from, connections } = blockOf(tenantId);
      if (tenantId === INSTANCE_TENANT_ID || from === 'own') return false;
      const asked = connections.filter(({ id, name }) => wanted === null || id === wanted || name === wanted);
      // A local mailbox lets nothing leave; what waits for a connection leaves over the one that comes.
      return asked.length === 0 || asked.some(({ settings }) => settings.type !== 'mailbox');
    },
    isOwnRefused,
    isUsableBy: (tenantId, name) => usableBy(tenantId).some((item) => item.id === name || item.name === name),
    recheck: kept.recheck,
    async ask() {
      await readVersions(db);
    },
    find,
    byId: (id) => all().find((connection) => connection.id === id),
    async create(tenantId, input, saving) {
      refuseOwn(tenantId);
      const id = await uniquely(revisions.create(deps, tenantId, input, saving));
      await refresh();
      return mustFind(tenantId, id);
    },
    patch: (tenantId, id, patch, saving) =>
      edit(tenantId, id, (current) => {
        refuseTaken(list(tenantId), current, patch.name);
        return revisions.patch(deps, current, patch, saving);
      }),
    activate: (tenantId, id, { by, revision, force }) =>
      edit(tenantId, id, (current) => revisions.activate(deps, current, revision, { force }, by)),
    deactivate: (tenantId, id, by) =>
      edit(tenantId, id, (current) => revisions.deactivate(deps, current, by)),
    restore: (tenantId, id, { of, secrets, ...saving }) =>
      edit(tenantId, id, (current) => revisions.restore(deps, current, of, secrets, saving)),
    async prove(fingerprint, proof) {
      if (await revisions.prove(deps, fingerprint, proof)) await refresh();
    },
    async refused({ id, revisionId }, refusal) {
      for (let tries = 1; tries <= TRIES; tries += 1) {
        const current = all().find((connection) => connection.id === id);
        if (!isOnTrial(current, revisionId, refusal.since, deps.trialMs())) return;
        const done = await comeBack(deps, current, refusal);
        await refresh();
        if (done) return;
      }
    },
    async remove(tenantId, id) {
      const current = mustFind(tenantId, id);
      refuseFileManaged(current);
      await transaction(db, (tx) => deleteConnection(tx, current.id));
      await refresh();
    },
    async setPaused(tenantId, id, paused) {
      const current = mustFind(tenantId, id);
      if (current.paused !== paused) {
        await transaction(db, (tx) => updatePaused(tx, current.id, paused, clock.now()));
        await refresh();
      }
      return mustFind(tenantId, current.id);
    },
    onChange: kept.onChange,
    stop: kept.stop,
  };
}

/** All connections as of the last look, and who wants to know of changes. */
function createCache(db: Db, clock: Clock, log: Log) {
  let all: readonly Connection[] = [];
  const listeners: ((changed: readonly string[]) => void)[] = [];

  async function readAll(): Promise<void> {
    const before = new Map(all.map((connection) => [connection.id, connection]));
    all = await readConnections(db);
    const changed = all.filter((now) => {
      const then = before.get(now.id);
      before.delete(now.id);
      return then?.version !== now.version;
    });
    const ids = [...changed.map((connection) => connection.id), ...before.keys()];
    if (ids.length > 0) for (const listener of listeners) listener(ids);
  }

  const rows = followRows(
    { db, clock, log },
    {
      what: 'connections',
      isCurrent: async () => (await readVersions(db)) === versionsOf(all),
      read: readAll,
    },
  );

  return {
    ...rows,
    all: () => all,
    recheck() {
      all = [...all];
    },
    find: (tenantId: string, idOrName: string): Connection | undefined =>
      all.find(
        (connection) =>
          connection.tenantId === tenantId && (connection.id === idOrName || connection.name === idOrName),
      ),
    onChange(listener: (changed: readonly string[]) => void): void {
      listeners.push(listener);
    },
  };
}

/** Names are unique in a tenant; the database has the last word. */
async function uniquely<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isUniqueViolation(error)) throw taken('There is already a connection of this name.');
    throw error;
  }
}

/** A draft's name is taken when it comes in force; this says so while it is being saved. */
function refuseTaken(all: readonly Connection[], current: Connection, name: string | null | undefined): void {
  if (all.some((other) => other.id !== current.id && other.name === name))
    throw taken(`There is already a connection named “${name ?? ''}”.`);
}

function taken(detail: string) {
  return problem('conflict', { detail, errors: [{ path: 'name', message: 'is taken' }] });
}

function refuseFileManaged(connection: Connection): void {
  if (connection.managedBy !== 'file') return;
  throw problem('managed_by_file', {
    detail: `The connection “${connection.name}” is declared in the configuration file. Change it there.`,
  });
}
