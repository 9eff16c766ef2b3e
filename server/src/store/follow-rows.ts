/**
 * Rows that are kept in memory because they are few and asked for often: read anew one time after another, and looked
 * after while other nodes may change them.
 * Next: ../connections/registry.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Db } from './store.ts';

const LOOK_MS = 2_000;

export interface FollowedRows {
  /** Reads everything anew; resolves when what was asked for before and this is read. */
  refresh(): Promise<void>;
  stop(): void;
}

/** `isCurrent` is asked every 2 s where there are other nodes: it must be cheap. `what` names the rows in the log. */
export function followRows(
  { db, clock, log }: { readonly db: Db; readonly clock: Clock; readonly log: Log },
  rows: { readonly what: string; isCurrent(): Promise<boolean>; read(): Promise<void> },
): FollowedRows {
  let refreshed: Promise<void> = Promise.resolve();
  let stopped = false;
  let cancelLook = (): void => undefined;

  /** One after another: what was read first must not be taken for what is true last. */
  function refresh(): Promise<void> {
    const next = refreshed.catch(() => undefined).then(() => rows.read());
    refreshed = next;
    return next;
  }

  function look(): void {
    if (!db.dialect.manyNodes || stopped) return;
    cancelLook = clock.after(LOOK_MS, () => {
      rows
        .isCurrent()
        .then((current) => (current ? undefined : refresh()))
        .catch((error: unknown) => {
          if (!stopped) log.warn({ err: error }, `${rows.what} could not be read; asking again`);
        })
        .finally(look);
    });
  }
  look();

  return {
    refresh,
    stop() {
      stopped = true;
      cancelLook();
    },
  };
}
