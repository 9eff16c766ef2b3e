/**
 * Settings as they could be: unsaved ones, a saved connection, or a saved one with changes on top, with the secrets that
 * may be used for them. A stored secret goes only where it was given for (K1): its seal says so, as when settings change.
 * Next: rehearsal.ts
 */
import { isDeepStrictEqual } from 'node:util';
import {
  applyConnectionPatch,
  connectionSettings,
  secretFieldsOf,
  type ConnectionPatch,
  type ConnectionSettings,
  type SecretField,
} from '../config/config.ts';
import { problem } from '../http/http.ts';
import type { KeyRing } from '../secrets/secrets.ts';
import type { Db } from '../store/store.ts';
import type { Connection } from './connection.ts';
import { fingerprintOf } from './fingerprint.ts';
import { givenSecrets, invalidSettings, refuseMasked, withoutSecrets } from './draft.ts';
import { readSecrets } from './revision-queries.ts';
import { bindingOf } from './target.ts';

export interface Candidate {
  readonly tenantId: string;
  /** The saved one that it is, or would become. */
  readonly connection: Connection | undefined;
  readonly settings: ConnectionSettings;
  /** Whether anything was given that is not saved. */
  readonly unsaved: boolean;
  /** In clear: lives only in memory. */
  readonly secrets: ReadonlyMap<SecretField, string>;
  readonly fingerprint: string;
}

export interface CandidateDeps {
  readonly db: Db;
  readonly keyRing: KeyRing;
  readonly find: (tenantId: string, idOrName: string) => Connection | undefined;
  /** What the file says the secrets of a connection are, read now. */
  readonly declared: (connection: Connection) => Promise<ReadonlyMap<SecretField, string>>;
}

/** What to make a candidate of; at least one of the two. */
export interface Wanted {
  /** Id or name. */
  readonly connection?: string | undefined;
  /** Everything, or what is different from the saved connection. */
  readonly settings?: ConnectionPatch | undefined;
}

/** Throws `not_found`, `invalid_request`, or `secret_required` when a stored secret would go somewhere else. */
export async function proposeCandidate(
  deps: CandidateDeps,
  tenantId: string,
  wanted: Wanted,
): Promise<Candidate> {
  const { connection: name, settings: patch } = wanted;
  const current = name === undefined ? undefined : deps.find(tenantId, name);
  if (name !== undefined && current === undefined) {
    throw problem('not_found', { detail: `There is no connection ${name}.` });
  }
  // What is newest: a draft is tested before it is in force.
  const base = current && newestOf(current);
  const proposed = propose(base?.settings, patch);
  refuseMasked(proposed);
  const settings = withoutSecrets(proposed);
  const secrets = givenSecrets(proposed);
  const kept = secretFieldsOf(settings.type).filter(
    (field) => !secrets.has(field) && patch?.[field] !== null,
  );
  if (base !== undefined) await addStored(deps, base, settings, kept, secrets);
  const fingerprint = await fingerprintOf(deps.keyRing, tenantId, settings, secrets);
  return { tenantId, connection: current, settings, unsaved: patch !== undefined, secrets, fingerprint };
}

/** The connection as its draft would make it; as it is when there is none. */
export function newestOf(connection: Connection): Connection {
  const { draft } = connection;
  if (draft === undefined) return connection;
  return { ...connection, revisionId: draft.id, revision: draft.number, settings: draft.settings };
}

function propose(
  current: ConnectionSettings | undefined,
  patch: ConnectionPatch | undefined,
): ConnectionSettings {
  if (current !== undefined && patch === undefined) return current;
  const start = current ?? NOTHING;
  const merged = applyConnectionPatch(
    start,
    current === undefined ? { type: 'smtp', ...patch } : (patch ?? {}),
  );
  const parsed = connectionSettings.safeParse(merged);
  if (parsed.success) return parsed.data;
  throw invalidSettings(
    parsed.error.issues.map(({ path, message }) => ({ path: ['settings', ...path], message })),
  );
}

/** What unsaved settings are put on: only fields that every kind of connection has. */
const NOTHING: ConnectionSettings = connectionSettings.parse({ type: 'mailbox', name: 'unsaved' });

async function addStored(
  { db, keyRing, declared }: CandidateDeps,
  current: Connection,
  settings: ConnectionSettings,
  kept: readonly SecretField[],
  secrets: Map<SecretField, string>,
): Promise<void> {
  const changed = { ...current, settings };
  if (current.managedBy === 'file') {
    const values = await declared(current);
    for (const field of kept) {
      const value = values.get(field);
      if (value === undefined) continue;
      if (!isDeepStrictEqual(bindingOf(current, field), bindingOf(changed, field))) throw elsewhere(field);
      secrets.set(field, value);
    }
    return;
  }
  const stored = await readSecrets(db, current.revisionId);
  for (const field of kept) {
    const sealed = stored.find((row) => row.field === field)?.sealed;
    if (sealed == null) continue;
    const opened = await keyRing.open(bindingOf(changed, field), sealed);
    if (opened.ok) secrets.set(field, opened.plaintext);
    else if (opened.reason === 'destination-changed') throw elsewhere(field);
  }
}

function elsewhere(field: SecretField) {
  return problem('secret_required', {
    detail: `The changed settings send the stored ${field} somewhere else. Give it again to test them.`,
    errors: [
      { path: `settings.${field}`, message: 'must be given again, because where it is sent has changed' },
    ],
  });
}
