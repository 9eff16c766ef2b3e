/**
 * Connections that the configuration file declares: written as rows, so that attempts can name them, but changed by the
 * file only, and with their secrets left where the file says they are.
 * Next: registry.ts
 */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import {
  resolveSecret,
  SECRET_FIELDS,
  type ConnectionSettings,
  type Config,
  type SecretField,
  type SecretReference,
} from '../config/config.ts';
import { problem, Problem } from '../base/problem.ts';
import { isUniqueViolation, transaction, type Db, type Tx } from '../store/store.ts';
import type { Connection } from './connection.ts';
import { declaredRevision } from './draft.ts';
import { deleteConnection, insertConnection, readConnections, takeConnection } from './queries.ts';
import { deleteSecrets, insertRevision, supersede } from './revision-queries.ts';

type References = ReadonlyMap<SecretField, SecretReference>;

/** Secrets of file-managed connections by connection id: where to read them, never what they are. */
export type DeclaredSecrets = Map<string, References>;

/**
 * Makes the rows agree with the file: declared ones are made or updated, vanished ones removed. A connection of the same
 * name that was made over the API is taken over by the file. Answers where the secrets are.
 */
export async function applyDeclared(
  deps: { db: Db; clock: Clock },
  tenantId: string,
  declared: Config['connections'],
  before: DeclaredSecrets,
): Promise<DeclaredSecrets> {
  try {
    return await writeDeclared(deps, tenantId, declared, before);
  } catch (error) {
    const raced = isUniqueViolation(error) || (error instanceof Problem && error.code === 'conflict');
    if (!raced) throw error;
    return await writeDeclared(deps, tenantId, declared, before); // another node made the same ones just now
  }
}

async function writeDeclared(
  { db, clock }: { db: Db; clock: Clock },
  tenantId: string,
  declared: Config['connections'],
  before: DeclaredSecrets,
): Promise<DeclaredSecrets> {
  const secrets: DeclaredSecrets = new Map();
  await transaction(db, async (tx) => {
    const existing = (await readConnections(tx)).filter((connection) => connection.tenantId === tenantId);
    for (const entry of declared) {
      const { settings, references } = splitDeclared(entry);
      const current = existing.find((connection) => connection.name === settings.name);
      const id = current?.id ?? newId('con');
      secrets.set(id, references);
      const moved = !isDeepStrictEqual(before.get(id), references) && before.size > 0;
      if (current === undefined) await add(tx, { id, tenantId }, settings, clock.now());
      else if (moved || !agrees(current, settings)) await replace(tx, current, settings, clock.now());
    }
    const names = new Set(declared.map((entry) => entry.name));
    for (const connection of existing) {
      if (connection.managedBy === 'file' && !names.has(connection.name))
        await deleteConnection(tx, connection.id);
    }
  });
  return secrets;
}

function agrees(current: Connection, settings: ConnectionSettings): boolean {
  return current.managedBy === 'file' && isDeepStrictEqual(current.settings, settings);
}

async function add(
  tx: Tx,
  connection: { id: string; tenantId: string },
  settings: ConnectionSettings,
  now: number,
): Promise<void> {
  const unversioned = { status: 'active', managedBy: 'file', createdAt: now, updatedAt: now } as const;
  await insertConnection(tx, { ...connection, ...unversioned, name: settings.name });
  await insertRevision(tx, declaredRevision({ connection, settings, number: 1, basedOn: null, now }), []);
}

/** The file is the activation: what it declares is in force at once, and what waited is not waited for any more. */
async function replace(
  tx: Tx,
  current: Connection,
  settings: ConnectionSettings,
  now: number,
): Promise<void> {
  const change = { status: 'active', managedBy: 'file', updatedAt: now } as const;
  if (!(await takeConnection(tx, current.id, current.version, change))) {
    throw problem('conflict', { detail: `The connection ${current.name} is being changed.` });
  }
  await supersede(tx, current.id, ['draft', 'proved', 'active'], now);
  // Secrets that were set over the API are not used any more, so they do not stay.
  if (current.managedBy === 'api') await deleteSecrets(tx, current.id);
  const place = { connection: current, number: current.latest + 1, basedOn: current.revision };
  await insertRevision(tx, declaredRevision({ ...place, settings, now }), []);
}

/** What the file says of one connection: settings, and where its secrets are. */
export function splitDeclared(entry: Config['connections'][number]): {
  settings: ConnectionSettings;
  references: References;
} {
  const settings: Record<string, unknown> = { ...entry };
  const references = new Map<SecretField, SecretReference>();
  for (const field of SECRET_FIELDS) {
    const reference = field in entry ? (Reflect.get(entry, field) as SecretReference | undefined) : undefined;
    if (reference !== undefined) references.set(field, reference);
    delete settings[field];
  }
  return { settings: settings as ConnectionSettings, references }; // only secret fields differ between the two types
}

/** Reads the secrets now; the message names what could not be read. */
export async function resolveDeclared(
  references: References,
): Promise<{ ok: true; secrets: Map<SecretField, string> } | { ok: false; message: string }> {
  const secrets = new Map<SecretField, string>();
  for (const [field, reference] of references) {
    const resolved = await resolveSecret(reference);
    if (!resolved.ok) return { ok: false, message: `${field}: ${resolved.message}` };
    secrets.set(field, resolved.value);
  }
  return { ok: true, secrets };
}

/** The files that declared secrets are in, and the connections that use each. */
export function secretFilesOf(declared: Iterable<DeclaredSecrets>): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const byConnection of declared) {
    for (const [id, references] of byConnection) {
      for (const reference of references.values()) {
        if (reference.kind === 'file') users.set(reference.path, [...(users.get(reference.path) ?? []), id]);
      }
    }
  }
  return users;
}
