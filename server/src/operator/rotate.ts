/**
 * The master key, changed beside running servers: `posthorn secrets rotate`, `status` and `forget-old`. The first key of
 * the key file is the one to rotate to; the others open what is not wrapped anew yet.
 * Next: place.ts
 */
import { systemClock } from '../base/clock.ts';
import type { LoadedConfig } from '../config/config.ts';
import {
  createKeyRing,
  createMasterKey,
  forgetUnused,
  loadMasterKey,
  makeCurrent,
  masterKeyUse,
  newMasterKey,
  replaceMasterKeys,
  rewrapAll,
  type MasterKey,
} from '../secrets/secrets.ts';
import type { Db } from '../store/store.ts';
import {
  keyFile,
  mustLoadPlace,
  OperatorRefused,
  readMasterKeys,
  withStore,
  type Place,
  type PlaceKeys,
} from './place.ts';

export interface RotateRequest extends Place {
  /** Takes the new key from this file, and makes it there when it is missing. */
  readonly newKeyFile?: string;
  /** The caller says that no other server uses this database. */
  readonly onlyServer?: boolean;
}

export interface Rotation {
  /** Ids of the master keys. `from` is the same as `to` when an earlier rotation was finished. */
  readonly from: string;
  readonly to: string;
  readonly rewrapped: number;
  readonly verified: number;
  /** Data keys that no key of the files opens; they are as they were. */
  readonly failed: readonly string[];
  readonly keyFile: string;
  /** Keys that wrap nothing any more; they are needed for backups from before only. */
  readonly unused: readonly string[];
}

export interface KeyStatus {
  readonly id: string;
  readonly current: boolean;
  /** Data keys, one per tenant, that it wraps. */
  readonly dataKeys: number;
  readonly inFile: boolean;
}

export interface SecretsStatus {
  readonly keyFile: string;
  readonly keys: readonly KeyStatus[];
  /** Whether everything is wrapped by the current key. */
  readonly complete: boolean;
}

interface Scene {
  readonly db: Db;
  readonly loaded: LoadedConfig;
  readonly keys: PlaceKeys;
}

/** Which master key wraps how much, and whether this machine has it. Throws `OperatorRefused`. */
export function secretsStatusLocally(place: Place): Promise<SecretsStatus> {
  return atSecrets(place, async (scene) => {
    const known = idsOf(scene.keys);
    const uses = await masterKeyUse(scene.db);
    const used = uses.map((use) => ({ ...use, inFile: known.includes(use.id) }));
    const idle = known.filter((id) => !uses.some((use) => use.id === id));
    return {
      keyFile: keyFile(scene.loaded),
      keys: [...used, ...idle.map((id) => ({ id, current: false, dataKeys: 0, inFile: true }))],
      complete: uses.every((use) => use.current || use.dataKeys === 0),
    };
  });
}

/** Rotates the master key, or finishes a rotation that was interrupted. Throws `OperatorRefused`. */
export function rotateLocally(request: RotateRequest): Promise<Rotation> {
  return atSecrets(request, async (scene) => {
    const { db, loaded } = scene;
    const reread = async () => {
      const { masterKey, previous } = await keysNow(loaded);
      return [masterKey, ...previous];
    };
    const checked = await createKeyRing({ db, ...scene.keys, reread, clock: systemClock }).verify();
    if (!checked.ok) throw new OperatorRefused(checked.message);
    const keys = await keysNow(loaded); // again: another rotation may have added one since they were read
    const uses = await masterKeyUse(db);
    const from = uses.find((use) => use.current)?.id ?? keys.masterKey.id;
    const interrupted = uses.some((use) => !use.current && use.dataKeys > 0);
    const to = await targetOf(request, keys, from, interrupted);
    if (to.id !== from) await switchTo({ db, loaded, keys }, request, from, to);
    const done = await rewrapAll({ db, clock: systemClock }, [keys.masterKey, ...keys.previous, to], to);
    if (done === undefined)
      throw new OperatorRefused('Another rotation has begun meanwhile. Look: posthorn secrets status');
    const left = await masterKeyUse(db);
    const inUse = new Set(left.filter((use) => use.current || use.dataKeys > 0).map((use) => use.id));
    const unused = idsOf(keys).filter((id) => !inUse.has(id));
    return { from, to: to.id, ...done, keyFile: keyFile(loaded), unused };
  });
}

/** Takes keys that wrap nothing out of the key file; answers their ids. Throws `OperatorRefused` while one is needed. */
export function forgetOldKeysLocally(place: Place): Promise<{ keyFile: string; forgotten: string[] }> {
  return atSecrets(place, async ({ db, loaded }) => {
    const file = keyFile(loaded);
    const uses = await masterKeyUse(db);
    const current = uses.find((use) => use.current)?.id;
    const needed = uses.filter((use) => !use.current && use.dataKeys > 0);
    if (needed.length > 0) {
      const text = needed.map(({ id, dataKeys }) => `${String(dataKeys)} under ${id}`).join(', ');
      throw new OperatorRefused(
        `Old keys are still needed (${text}). Finish the rotation: posthorn secrets rotate`,
      );
    }
    if (current === undefined) return { keyFile: file, forgotten: [] };
    const forgotten: string[] = [];
    // The current key is held, so that no rotation can add one while the file is written.
    const ours = await makeCurrent({ db, clock: systemClock }, current, current, async () => {
      const found = await loadMasterKey(file);
      if (!found.ok) throw new OperatorRefused(found.message);
      const keep = [found.masterKey, ...found.previous].filter(({ id }) => id === current);
      if (keep.length === 0)
        throw new OperatorRefused(`${file} does not hold the current master key ${current}.`);
      forgotten.push(...idsOf(found).filter((id) => id !== current));
      if (forgotten.length > 0) await replaceKeys(file, keep);
    });
    if (!ours) throw new OperatorRefused('A rotation is under way. Look: posthorn secrets status');
    await forgetUnused(db);
    return { keyFile: file, forgotten };
  });
}

/** The key to rotate to. */
async function targetOf(
  { newKeyFile }: RotateRequest,
  keys: PlaceKeys,
  current: string,
  interrupted: boolean,
): Promise<MasterKey> {
  if (newKeyFile !== undefined) {
    const made = await createMasterKey(newKeyFile);
    const found = !made.ok && made.reason === 'exists' ? await loadMasterKey(newKeyFile) : made;
    if (!found.ok) throw new OperatorRefused(found.message);
    return found.masterKey;
  }
  // Whoever put another key first in the file wants that one; what was begun is finished before something new.
  if (keys.masterKey.id !== current && !interrupted) return keys.masterKey;
  const running = [keys.masterKey, ...keys.previous].find(({ id }) => id === current);
  return interrupted && running !== undefined ? running : newMasterKey();
}

async function switchTo(
  { db, loaded, keys }: Scene,
  { onlyServer }: RotateRequest,
  from: string,
  to: MasterKey,
): Promise<void> {
  const file = keyFile(loaded);
  const isThere = idsOf(keys).includes(to.id);
  if (!isThere && db.dialect.manyNodes && onlyServer !== true)
    throw new OperatorRefused(severalServers(file));
  const ours = await makeCurrent({ db, clock: systemClock }, from, to.id, async () => {
    if (isThere) return;
    const now = await loadMasterKey(file); // again: somebody may have added a key since
    if (!now.ok) throw new OperatorRefused(now.message);
    const others = [now.masterKey, ...now.previous].filter(({ id }) => id !== to.id);
    await replaceKeys(file, [to, ...others]);
  });
  if (!ours) throw new OperatorRefused('Another rotation has begun meanwhile. Look: posthorn secrets status');
}

async function replaceKeys(file: string, keys: readonly MasterKey[]): Promise<void> {
  const replaced = await replaceMasterKeys(file, keys);
  if (replaced.ok) return;
  throw new OperatorRefused(
    `${replaced.message} If it cannot be written here, change it where it comes from: the new key on the first line, the old one below it; then run this again.`,
  );
}

function severalServers(file: string): string {
  return (
    'Several servers may use this database, and each must have the new key before anything is wrapped by it. ' +
    `On each, put a new key (openssl rand -base64 32) on the first line of ${file}, above the old one, and run this again. ` +
    'If this is the only server: --only-server'
  );
}

function idsOf({ masterKey, previous }: PlaceKeys): string[] {
  return [masterKey, ...previous].map(({ id }) => id);
}

async function keysNow(loaded: LoadedConfig): Promise<PlaceKeys> {
  const found = await readMasterKeys(loaded);
  if (!found.ok) throw new OperatorRefused(found.message);
  return found;
}

async function atSecrets<T>(place: Place, work: (scene: Scene) => Promise<T>): Promise<T> {
  const loaded = mustLoadPlace(place);
  const keys = await keysNow(loaded); // before the store: a place without a key is left as it is
  return withStore(loaded, (db) => work({ db, loaded, keys }));
}
