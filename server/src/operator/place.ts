/**
 * From what the command line names to an open store: shared by every verb that works on the data folder itself.
 * Next: keys.ts
 */
import { dirname, join } from 'node:path';
import { loadConfig, type LoadedConfig, type LoadResult } from '../config/config.ts';
import { createMasterKey, hasDataKeys, loadMasterKey, type MasterKey } from '../secrets/secrets.ts';
import type { Db } from '../store/store.ts';

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

/**
 * Reads the master key; makes it when it is missing and no file was named. Throws `OperatorRefused`.
 * A key that was lost is not replaced: the new one would open nothing, and would look as if it were the right one.
 */
export async function openMasterKey(loaded: LoadedConfig, db: Db): Promise<MasterKey> {
  const file = keyFile(loaded);
  const found = await loadMasterKey(file);
  if (found.ok) return found.masterKey;
  const mayMake = found.reason === 'missing' && loaded.config.secrets.keyFile === undefined;
  if (mayMake && (await hasDataKeys(db))) throw new OperatorRefused(lostKey(file));
  const made = mayMake ? await createMasterKey(file) : found;
  if (made.ok) return made.masterKey;
  // Another process made it between our look and our try.
  const again = made.reason === 'exists' ? await loadMasterKey(file) : made;
  if (again.ok) return again.masterKey;
  throw new OperatorRefused(again.message);
}

export function lostKey(file: string): string {
  return `The master key file ${file} is missing, but the database holds secrets that were sealed under one. Put it back from your copy.`;
}
