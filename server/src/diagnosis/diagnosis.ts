/**
 * Diagnosis: tests of connections that explain themselves. A test walks the way of a message, tells of every stage as it
 * happens, and says what to do where it ends. One that passed proves its settings.
 * Next: runs.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Db } from '../store/store.ts';
import { deleteTests, readProof } from './queries.ts';

export type { DiscoveryDeps } from './discovery-operations.ts';
export { createConnectionTests, type ConnectionTests } from './runs.ts';

/** What was found is kept this long. */
const KEEP_MS = 30 * 86_400_000;

/** The newest test of the last 30 days that passed with exactly these settings and secrets. */
export function isProved(
  db: Db,
  tenantId: string,
  fingerprint: string,
): Promise<{ readonly testId: string; readonly at: number } | undefined> {
  return readProof(db, tenantId, fingerprint);
}

/** Removes what is old. */
export function forgetOldTests(db: Db, clock: Clock): Promise<void> {
  return deleteTests(db, clock.now() - KEEP_MS);
}
