/**
 * What grows by itself is cut back every hour; what fails is tried again an hour later.
 * Next: doctor.ts
 */
import { forgetSignIns, sessionTimesOf } from '../accounts/accounts.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import { forgetOldSecrets } from '../connections/connections.ts';
import { forgetOldTests } from '../diagnosis/diagnosis.ts';
import { forgetSends } from '../flows/flows.ts';
import { forgetRemembered } from '../messages/messages.ts';
import { forgetWindows, type Db } from '../store/store.ts';

/** Answers to idempotency keys are kept for two days; callers are promised one (D9). */
const REMEMBER_MS = 48 * 3_600_000;
const HOUR_MS = 3_600_000;

export interface TidyDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly config: () => Config;
  /** Removes tenants whose grace is over. */
  readonly purgeTenants: () => Promise<unknown>;
}

/** The answer stops it. */
export function tidyHourly(deps: TidyDeps): () => void {
  const { db, clock, log, config } = deps;
  const works: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['deleted tenants', deps.purgeTenants],
    ['idempotency keys', () => forgetRemembered(db, clock.now() - REMEMBER_MS)],
    ['mails of flows', () => forgetSends(db, clock.now() - REMEMBER_MS)],
    ['closed windows', () => forgetWindows(db, clock.now())],
    ['sign-ins', () => forgetSignIns(db, clock, sessionTimesOf(config()))],
    ['connection tests', () => forgetOldTests(db, clock)],
    ['secrets of old revisions', () => forgetOldSecrets(db, clock)],
  ];
  let cancel = (): void => undefined;
  const arm = (): void => {
    cancel = clock.after(HOUR_MS, () => {
      for (const [what, work] of works) {
        work().catch((error: unknown) => {
          log.warn({ err: error, what }, 'what is old could not be removed; trying again in an hour');
        });
      }
      arm();
    });
  };
  arm();
  return () => {
    cancel();
  };
}
