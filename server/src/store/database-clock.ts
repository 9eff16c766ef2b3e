/**
 * One clock for all nodes of a database: the local clock, shifted to agree with the database's, so that leases hold
 * although two machines disagree about the time. On SQLite it is the local clock itself.
 * Next: ../queue/queue.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Db } from './store.ts';

const RESYNC_MS = 30_000;

/** Measures the difference now and every 30 s. `stop` ends the measuring. */
export async function databaseClock(db: Db, local: Clock): Promise<{ clock: Clock; stop(): void }> {
  if (!db.dialect.manyNodes) return { clock: local, stop: () => undefined };
  let originMs = 0; // database time at monotonic zero
  const measure = async (): Promise<void> => {
    const before = local.monotonic();
    const databaseNow = await db.dialect.now();
    originMs = databaseNow - (before + local.monotonic()) / 2;
  };
  await measure();
  let cancel = (): void => undefined;
  let stopped = false;
  const arm = (): void => {
    if (stopped) return;
    cancel = local.after(RESYNC_MS, () => {
      // An unreachable database is noticed by everything else; the last difference stays good meanwhile.
      measure()
        .catch(() => undefined)
        .finally(arm);
    });
  };
  arm();
  return {
    clock: {
      now: () => Math.round(originMs + local.monotonic()),
      monotonic: local.monotonic,
      after: local.after,
    },
    stop: () => {
      stopped = true;
      cancel();
    },
  };
}
