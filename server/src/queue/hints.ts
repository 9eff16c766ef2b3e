/**
 * Telling other nodes that there is work, and hearing it from them. Only a hint: whoever hears nothing looks every 5 s
 * anyway (Q16), so nothing here is repeated, repaired or waited for.
 * Next: worker.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Db } from '../store/store.ts';

/** One hint stands for all work of this time, ms. */
const QUIET_MS = 250;

export interface Hints {
  start(): Promise<void>;
  /** Work was committed that this node could not take. */
  workLeft(): void;
  stop(): Promise<void>;
}

export function createHints(options: {
  db: Db;
  clock: Clock;
  log: Log;
  kind: string;
  heard: () => void;
}): Hints {
  const { db, clock, log, kind, heard } = options;
  const channel = `posthorn_${kind}`;
  let toldAt = -Infinity;
  let unlisten: (() => Promise<void>) | undefined;

  return {
    async start() {
      if (!db.dialect.manyNodes) return;
      unlisten = await db.dialect.listen(channel, heard).catch((error: unknown) => {
        log.info(
          { err: error, kind },
          'hints from other nodes cannot be heard; the regular look finds their work',
        );
        return undefined;
      });
    },
    workLeft() {
      if (!db.dialect.manyNodes || clock.monotonic() - toldAt < QUIET_MS) return;
      toldAt = clock.monotonic();
      db.dialect.notify(channel).catch((error: unknown) => {
        log.debug({ err: error, kind }, 'a hint could not be given');
      });
    },
    stop: async () => unlisten?.(),
  };
}
