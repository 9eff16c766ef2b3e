/**
 * Posthorn's own people: the first administrator, invitations, signing in with a second step, forgotten passwords, the
 * own account, and who may what. Its mails go through `flows/` and `messages/` as those of any application do.
 * Next: account-deps.ts
 */
import { forgetSessions, type SessionTimes } from '../access/access.ts';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { Db } from '../store/store.ts';
import type { AccountDeps } from './account-deps.ts';
import { forgetDevices, forgetHalves } from './credential-queries.ts';
import type { Notifying } from './own-mails.ts';
import { createPasswords } from './passwords.ts';
import { createThrottle } from './throttle.ts';

export { makeSetupCode, type SetupCode } from './setup.ts';

/** What the operations of accounts are made of. */
export interface Accounts extends AccountDeps, Notifying {}

export function createAccounts(deps: Omit<Accounts, 'passwords' | 'throttle'>): Accounts {
  return { ...deps, passwords: createPasswords(), throttle: createThrottle(deps) };
}

/** What the configuration says of sessions. */
export function sessionTimesOf({ accounts }: Pick<Config, 'accounts'>): SessionTimes {
  return { idle: accounts.sessionIdle, lifetime: accounts.sessionLifetime };
}

const DEVICE_MS = 365 * 24 * 3_600_000;

/** Forgets sessions that are over, halves of sign-ins, and devices that nobody has used for a year. */
export async function forgetSignIns(db: Db, clock: Clock, times: SessionTimes): Promise<void> {
  await forgetSessions(db, clock, times);
  await forgetHalves(db, clock.now());
  await forgetDevices(db, clock.now() - DEVICE_MS);
}
