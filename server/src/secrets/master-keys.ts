/**
 * The master keys that a process knows. A key that is met and not known is looked for in the files once more, so that a
 * running server follows a rotation without being told (K7).
 * Next: key-ring.ts
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';
import type { MasterKey } from './master-key.ts';

/** Reads the key files anew. Rejects when they cannot be read. */
export type RereadMasterKeys = () => Promise<readonly MasterKey[]>;

export interface MasterKeys {
  /** The key of this id, after a look into the files if need be. */
  find(id: string): Promise<MasterKey | undefined>;
  /** The first key of the first file: what to begin with in a database that has none. */
  readonly first: MasterKey;
  readonly ids: readonly string[];
}

/** A row whose key is nowhere must not make every request read files. Another key is looked for at once. */
const REREAD_EVERY_MS = 1_000;
const MISSED_MAX = 1_000;

export function createMasterKeys(
  known: readonly [MasterKey, ...MasterKey[]],
  clock: Clock,
  reread?: RereadMasterKeys,
): MasterKeys {
  let keys: readonly [MasterKey, ...MasterKey[]] = known;
  let reading: Promise<void> | undefined;
  const missed = new LRUCache<string, number>({ max: MISSED_MAX });

  async function readAnew(read: RereadMasterKeys): Promise<void> {
    try {
      const [first, ...more] = await read();
      if (first !== undefined) keys = [first, ...more];
    } catch {
      // The file is being replaced, or its mount is gone for a moment: what is known stays good.
    } finally {
      reading = undefined;
    }
  }

  return {
    async find(id) {
      const look = () => keys.find((key) => key.id === id);
      if (look() !== undefined || reread === undefined) return look();
      if (clock.monotonic() - (missed.get(id) ?? -Infinity) < REREAD_EVERY_MS) return undefined;
      await reading; // it may have read the file before this key came
      if (look() === undefined) await (reading ??= readAnew(reread));
      if (look() === undefined) missed.set(id, clock.monotonic());
      return look();
    },
    get first() {
      return keys[0];
    },
    get ids() {
      return keys.map((key) => key.id);
    },
  };
}
