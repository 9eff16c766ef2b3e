/**
 * All connections, at hand: read from the database, changed through here only, and told to whoever must know.
 * A change takes effect at once in this process and within seconds in others; what is being sent finishes as it began.
 * Next: channel.ts
 */
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import type { Log } from '../base/log.ts';
import {
  applyConnectionPatch,
  connectionSettings,
  SECRET_FIELDS,
  type ConnectionPatch,
  type ConnectionSettings,
  type SecretField,
} from '../config/config.ts';
import { problem } from '../http/http.ts';
import { isMaskedSecret, type KeyRing } from '../secrets/secrets.ts';
import { isUniqueViolation, transaction, type Db, type Tx } from '../store/store.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import { refuseForbidden, type AllowedPlaces } from './allowed.ts';
import type { Connection } from './connection.ts';
import {
  deleteConnection,
  deleteSecret,
  fingerprintOf,
  readConnections,
  readFingerprint,
  readSecrets,
  updateConnection,
  updatePaused,
  writeConnection,
  writeSecret,
} from './queries.ts';
import { bindingOf } from './target.ts';

const WATCH_MS = 2_000;
/** A patch that others were quicker than is made again this often. */
const PATCH_TRIES = 5;

export interface Registry {
  /** Reads everything anew and tells listeners what changed. */
  refresh(): Promise<void>;
  /** Connections of one tenant, as of the last refresh. */
  list(tenantId: string): readonly Connection[];
  /** Connections of all tenants. */
  everywhere(): readonly Connection[];
  /** What a tenant sends over: its own connections, or the instance's when it has none; replaced as one block. */
  usableBy(tenantId: string): readonly Connection[];
  /** Whether the tenant could send over a connection of this id or name. */
  isUsableBy(tenantId: string, idOrName: string): boolean;
  /** Rejects when the database does not answer. */
  ask(): Promise<void>;
  /** By id or by name. */
  find(tenantId: string, idOrName: string): Connection | undefined;
  byId(id: string): Connection | undefined;
  create(tenantId: string, input: ConnectionSettings): Promise<Connection>;
  /** Throws `secret_required` when the change moves a stored secret to another destination. */
  patch(tenantId: string, id: string, patch: ConnectionPatch): Promise<Connection>;
  remove(tenantId: string, id: string): Promise<void>;
  setPaused(tenantId: string, id: string, paused: boolean): Promise<Connection>;
  onChange(listener: (changed: readonly string[]) => void): void;
  stop(): void;
}

export function createRegistry(
  deps: { db: Db; keyRing: KeyRing; clock: Clock; log: Log } & AllowedPlaces,
): Registry {
  const { db, clock, log } = deps;
  let all: readonly Connection[] = [];
  let refreshed: Promise<void> = Promise.resolve();
  let stopped = false;
  let cancelWatch = (): void => undefined;
  const listeners: ((changed: readonly string[]) => void)[] = [];

  /** One after another: what was read first must not be taken for what is true last. */
  function refresh(): Promise<void> {
    const next = refreshed.catch(() => undefined).then(readAll);
    refreshed = next;
    return next;
  }

  async function readAll(): Promise<void> {
    const before = new Map(all.map((connection) => [connection.id, connection]));
    all = await readConnections(db);
    const changed = all.filter((now) => {
      const then = before.get(now.id);
      before.delete(now.id);
      return then === undefined || then.revision !== now.revision || then.paused !== now.paused;
    });
    const ids = [...changed.map((connection) => connection.id), ...before.keys()];
    if (ids.length > 0) for (const listener of listeners) listener(ids);
  }

  /** Other nodes change the same rows; asking is cheap. */
  function watch(): void {
    if (!db.dialect.manyNodes || stopped) return;
    cancelWatch = clock.after(WATCH_MS, () => {
      readFingerprint(db)
        .then((now) => (now === fingerprintOf(all) ? undefined : refresh()))
        .catch((error: unknown) => {
          if (!stopped) log.warn({ err: error }, 'connections could not be read; asking again');
        })
        .finally(watch);
    });
  }
  watch();

  const list = (tenantId: string): Connection[] =>
    all.filter((connection) => connection.tenantId === tenantId);

  function usableBy(tenantId: string): readonly Connection[] {
    const own = list(tenantId);
    return own.length > 0 ? own : list(INSTANCE_TENANT_ID);
  }

  function mustFind(tenantId: string, id: string): Connection {
    const found = find(tenantId, id);
    if (found === undefined) throw problem('not_found', { detail: `There is no connection ${id}.` });
    return found;
  }

  function find(tenantId: string, idOrName: string): Connection | undefined {
    return all.find(
      (connection) =>
        connection.tenantId === tenantId && (connection.id === idOrName || connection.name === idOrName),
    );
  }

  async function store(work: (tx: Tx) => Promise<void>, name: string): Promise<void> {
    try {
      await transaction(db, work);
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      throw problem('conflict', {
        detail: `There is already a connection named “${name}”.`,
        errors: [{ path: 'name', message: 'is taken' }],
      });
    }
    await refresh();
  }

  /** `false` when somebody else was quicker, here or on another node: then the patch is made anew of what they left. */
  async function change(current: Connection, patch: ConnectionPatch): Promise<boolean> {
    refuseFileManaged(current);
    const next = connectionSettings.safeParse(applyConnectionPatch(current.settings, patch));
    if (!next.success) throw invalidSettings(next.error.issues);
    refuseMasked(next.data);
    await refuseForbidden(current.tenantId, next.data, deps);
    const changed: Connection = {
      ...current,
      name: next.data.name,
      settings: withoutSecrets(next.data),
      revision: current.revision + 1,
      updatedAt: clock.now(),
    };
    const secrets = await moveSecrets(deps, current, changed, patch, givenSecrets(next.data));
    let ours = false;
    await store(async (tx) => {
      ours = await updateConnection(tx, changed, current.revision);
      if (ours) await secrets(tx);
    }, changed.name);
    return ours;
  }

  return {
    refresh,
    everywhere: () => all,
    list,
    usableBy,
    isUsableBy: (tenantId, name) => usableBy(tenantId).some((item) => item.id === name || item.name === name),
    async ask() {
      await readFingerprint(db);
    },
    find,
    byId: (id) => all.find((connection) => connection.id === id),
    async create(tenantId, input) {
      refuseMasked(input);
      await refuseForbidden(tenantId, input, deps);
      const now = clock.now();
      const connection: Connection = {
        id: newId('con'),
        tenantId,
        name: input.name,
        settings: withoutSecrets(input),
        revision: 1,
        paused: false,
        managedBy: 'api',
        secrets: {},
        createdAt: now,
        updatedAt: now,
      };
      const secrets = await moveSecrets(deps, undefined, connection, {}, givenSecrets(input));
      await store(async (tx) => {
        await writeConnection(tx, connection);
        await secrets(tx);
      }, input.name);
      return mustFind(tenantId, connection.id);
    },
    async patch(tenantId, id, patch) {
      for (let tries = 1; ; tries += 1) {
        const current = mustFind(tenantId, id);
        if (await change(current, patch)) return mustFind(tenantId, current.id);
        if (tries === PATCH_TRIES) throw problem('conflict', { detail: 'The connection is being changed.' });
      }
    },
    async remove(tenantId, id) {
      const current = mustFind(tenantId, id);
      refuseFileManaged(current);
      await store((tx) => deleteConnection(tx, current.id), current.name);
    },
    async setPaused(tenantId, id, paused) {
      const current = mustFind(tenantId, id);
      if (current.paused !== paused) {
        await store((tx) => updatePaused(tx, current.id, paused, clock.now()), current.name);
      }
      return mustFind(tenantId, current.id);
    },
    onChange(listener) {
      listeners.push(listener);
    },
    stop() {
      stopped = true;
      cancelWatch();
    },
  };
}

/**
 * Secrets of a changed connection: given ones are sealed anew, cleared ones go, and kept ones must still open for the
 * new destination. There is no list of fields to compare and to forget: the seal itself says whether it fits (K1).
 * Answers the writes, to be done in the transaction that changes the connection; the key ring has its own.
 */
async function moveSecrets(
  { db, keyRing }: { db: Db; keyRing: KeyRing },
  current: Connection | undefined,
  changed: Connection,
  patch: ConnectionPatch,
  given: ReadonlyMap<SecretField, string>,
): Promise<(tx: Tx) => Promise<void>> {
  const stored = current === undefined ? new Map<SecretField, string>() : await readSecrets(db, current.id);
  const steps: ((tx: Tx) => Promise<void>)[] = [];
  for (const field of SECRET_FIELDS) {
    const value = given.get(field);
    const sealed = stored.get(field);
    if (value !== undefined) {
      const fresh = await keyRing.seal(bindingOf(changed, field), value);
      const row = { connectionId: changed.id, field, sealed: fresh, rotatedAt: changed.updatedAt };
      steps.push((tx) => writeSecret(tx, row));
    } else if (patch[field] === null) {
      steps.push((tx) => deleteSecret(tx, changed.id, field));
    } else if (sealed !== undefined && !(await keyRing.open(bindingOf(changed, field), sealed)).ok) {
      throw problem('secret_required', {
        detail: `The change sends the stored ${field} somewhere else. Give it again, or clear it with null.`,
        errors: [{ path: field, message: 'must be given again, because where it is sent has changed' }],
      });
    }
  }
  return async (tx) => {
    for (const step of steps) await step(tx);
  };
}

export function withoutSecrets(settings: ConnectionSettings): ConnectionSettings {
  const rest: Record<string, unknown> = { ...settings };
  for (const field of SECRET_FIELDS) delete rest[field];
  return rest as ConnectionSettings; // secret fields are optional in the schema
}

export function givenSecrets(settings: ConnectionSettings): Map<SecretField, string> {
  const values: Readonly<Record<string, unknown>> = { ...settings };
  const given = new Map<SecretField, string>();
  for (const field of SECRET_FIELDS) {
    const value = values[field];
    if (typeof value === 'string') given.set(field, value);
  }
  return given;
}

/** K2: a mask that came back from a form must not become the password. */
export function refuseMasked(settings: ConnectionSettings): void {
  for (const [field, value] of givenSecrets(settings)) {
    if (!isMaskedSecret(value)) continue;
    throw problem('invalid_request', {
      detail: `${field} is a mask, not a secret. Leave the field out to keep what is stored.`,
      errors: [{ path: field, message: 'is a mask; leave it out to keep the stored secret' }],
    });
  }
}

function refuseFileManaged(connection: Connection): void {
  if (connection.managedBy !== 'file') return;
  throw problem('managed_by_file', {
    detail: `The connection “${connection.name}” is declared in the configuration file. Change it there.`,
  });
}

export function invalidSettings(issues: readonly { path: readonly PropertyKey[]; message: string }[]) {
  const errors = issues.map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message }));
  return problem('invalid_request', { detail: 'The settings do not fit together.', errors });
}
