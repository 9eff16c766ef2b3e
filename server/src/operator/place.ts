/**
 * From what the command line names to an open store: shared by every verb that works on the data folder itself.
 * Next: keys.ts
 */
import { dirname, join } from 'node:path';
import { formatConfigProblem, loadConfig, type LoadedConfig, type LoadResult } from '../config/config.ts';
import {
  createMasterKey,
  hasDataKeys,
  loadMasterKey,
  type MasterKey,
  type MasterKeyResult,
} from '../secrets/secrets.ts';
import { openStore, type Db } from '../store/store.ts';

export interface Place {
  /** The configuration file; `./posthorn.toml` if it is there. */
  readonly config?: string;
  /** The data folder; `./data`. */
  readonly data?: string;
  /** `HOST:PORT` for HTTP. */
  readonly http?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A verb cannot do its work; the message is for a person and says what to do. */
export class OperatorRefused extends Error {
  override readonly name = 'OperatorRefused';
}

export function loadPlace(place: Place): LoadResult {
  return loadConfig({
    env: place.env,
    flags: {
      ...(place.data !== undefined && { data: place.data }),
      ...(place.http !== undefined && { http: place.http }),
    },
    ...(place.config !== undefined && { file: place.config }),
  });
}

/** As `loadPlace`; throws `OperatorRefused` with every reason why not. */
export function mustLoadPlace(place: Place): LoadedConfig {
  const found = loadPlace(place);
  if (!found.ok) throw new OperatorRefused(found.errors.map(formatConfigProblem).join('\n'));
  return found.loaded;
}

/** Runs `work` on the store of a place, beside a running server or without one. */
export async function withStore<T>({ config }: LoadedConfig, work: (db: Db) => Promise<T>): Promise<T> {
  const store = await openStore({ url: config.database.url, serve: false, onBroken: () => undefined });
  try {
    return await work(store.db);
  } finally {
    await store.close();
  }
}

/** Where the master key is: the configured file, or one of ours in the data folder. */
export function keyFile({ config, dataDir }: LoadedConfig): string {
  return config.secrets.keyFile ?? join(dataDir, 'master.key');
}

/** The file of an embedded database; `undefined` for one in memory and for a server. */
export function databaseFile({ config }: LoadedConfig): string | undefined {
  const path = /^sqlite:(.+)$/.exec(config.database.url)?.[1];
  return path === ':memory:' ? undefined : path;
}

/** The folder whose disk an embedded database fills. */
export function databaseFolder(loaded: LoadedConfig): string {
  const file = databaseFile(loaded);
  return file === undefined ? loaded.dataDir : dirname(file);
}

/** The master keys of all files that are named: the one to use first, then those that only open. */
export interface PlaceKeys {
  readonly masterKey: MasterKey;
  readonly previous: readonly MasterKey[];
}

export async function readMasterKeys(loaded: LoadedConfig): Promise<MasterKeyResult> {
  const found = await loadMasterKey(keyFile(loaded));
  return found.ok ? withPrevious(loaded, found) : found;
}

/**
 * Reads the master keys; makes one when it is missing and no file was named. Throws `OperatorRefused`.
 * A key that was lost is not replaced: the new one would open nothing, and would look as if it were the right one.
 */
export async function openMasterKeys(loaded: LoadedConfig, db: Db): Promise<PlaceKeys> {
  const file = keyFile(loaded);
  let found = await loadMasterKey(file);
  const mayMake = !found.ok && found.reason === 'missing' && loaded.config.secrets.keyFile === undefined;
  if (mayMake) {
    if (await hasDataKeys(db)) throw new OperatorRefused(lostKey(file));
    found = await createMasterKey(file);
    // Another process made it between our look and our try.
    if (!found.ok && found.reason === 'exists') found = await loadMasterKey(file);
  }
  const all = found.ok ? await withPrevious(loaded, found) : found;
  if (!all.ok) throw new OperatorRefused(all.message);
  return all;
}

async function withPrevious({ config }: LoadedConfig, first: PlaceKeys): Promise<MasterKeyResult> {
  const keys = new Map([first.masterKey, ...first.previous].map((key) => [key.id, key]));
  for (const file of config.secrets.previousKeyFiles) {
    const more = await loadMasterKey(file);
    if (!more.ok) return { ...more, reason: 'unreadable' }; // missing is said of the key file itself
    for (const key of [more.masterKey, ...more.previous]) if (!keys.has(key.id)) keys.set(key.id, key);
  }
  keys.delete(first.masterKey.id);
  return { ok: true, masterKey: first.masterKey, previous: [...keys.values()] };
}

export function lostKey(file: string): string {
  return `The master key file ${file} is missing, but the database holds secrets that were sealed under one. Put it back from your copy.`;
}
