/**
 * The disk's reserve (D7): once it is touched, new mail is refused, because on a full disk not even an outcome can be
 * written, and every delivery done then would be repeated after a restart.
 * Next: ../messages/accept.ts
 */
import { statfsSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { storageFull } from './store-error.ts';
import type { Db } from './store.ts';

const LOOK_MS = 1_000;

export interface FreeSpace {
  /** Whether the reserve is touched, as of the last second. */
  low(): boolean;
  /** Throws `storage_full` while it is. */
  refuseWhenLow(): void;
}

/**
 * Watches the disk of `folder`, where an embedded database lives; a database server watches its own disk.
 * `reserve` is asked at every look, so that it can change while the server runs.
 */
export function watchFreeSpace(
  db: Db,
  folder: string,
  clock: Clock,
  reserve: () => { readonly minFreeBytes: number; readonly minFreePercent: number },
): FreeSpace {
  let lookedAt = -Infinity;
  let isLow = false;

  function low(): boolean {
    if (db.dialect.manyNodes) return false;
    const now = clock.monotonic();
    if (now - lookedAt < LOOK_MS) return isLow;
    lookedAt = now;
    const { bavail, blocks, bsize } = statfsSync(folder);
    const { minFreeBytes, minFreePercent } = reserve();
    isLow = bavail * bsize < Math.max(minFreeBytes, (blocks * bsize * minFreePercent) / 100);
    return isLow;
  }

  return {
    low,
    refuseWhenLow() {
      if (!low()) return;
      throw storageFull('the disk has less free space than the configured reserve');
    },
  };
}
