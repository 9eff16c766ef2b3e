/**
 * How often somebody may try to sign in: per account and network address, per account, and per address. Who guesses at
 * an account from everywhere shuts out strangers for a while, and not its owner, whose device is known (W9). All is
 * counted by the address that was typed, whether there is an account or not (F4).
 * Next: sign-in.ts
 */
import type { Clock } from '../base/clock.ts';
import { rateLimited } from '../http/http.ts';
import { emptyWindow, takeFrom, type CountedWindow, type Db } from '../store/store.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const YEAR_MS = 365 * 24 * HOUR_MS;

export interface Trying {
  /** A digest of the address that was typed. */
  readonly who: string;
  readonly address: string;
  /** A digest of the device's own token, when it has signed in to this account before. */
  readonly device: string | undefined;
}

const perPair = ({ who, address }: Trying): CountedWindow => ({
  name: `sign-in ${who} ${address}`,
  max: 5,
  windowMs: 15 * MINUTE_MS,
});
const perAccount = ({ who }: Trying): CountedWindow => ({
  name: `sign-in ${who}`,
  max: 20,
  windowMs: HOUR_MS,
});
const perDevice = ({ who, device = '' }: Trying): CountedWindow => ({
  name: `sign-in ${who} device ${device}`,
  max: 10,
  windowMs: 15 * MINUTE_MS,
});
const perAddress = ({ address }: Trying): CountedWindow => ({
  name: `sign-in from ${address}`,
  max: 100,
  windowMs: 15 * MINUTE_MS,
});
/** NIST SP 800-63B-4 §3.2.2: no more than 100 failures in a row, over all codes and sessions. */
const perPerson = (personId: string): CountedWindow => ({
  name: `second step ${personId}`,
  max: 100,
  windowMs: YEAR_MS,
});

export interface Throttle {
  /** Counts a try before the password is looked at: of many at once no more are. Throws `rate_limited`. */
  takeTry(trying: Trying): Promise<void>;
  /** The password was right: what was counted for the pair and the device is forgotten. */
  forgive(trying: Trying): Promise<void>;
  /** The same for the second step. */
  takeSecond(personId: string): Promise<void>;
  forgiveSecond(personId: string): Promise<void>;
  /** A new password was set by mail: whoever holds the mailbox may try again at once. */
  reset(who: string, address: string): Promise<void>;
  /** Any other thing that a stranger may do so often. Throws `rate_limited`. */
  take(window: CountedWindow): Promise<void>;
}

export function createThrottle({ db, clock }: { readonly db: Db; readonly clock: Clock }): Throttle {
  async function take(window: CountedWindow): Promise<void> {
    const now = clock.now();
    const taken = await takeFrom(db, window, now);
    if (taken.ok) return;
    throw rateLimited('Too many tries. Wait, or set a new password by mail.', taken.retryAt - now);
  }
  return {
    take,
    async takeTry(trying) {
      await take(perAddress(trying));
      if (trying.device !== undefined) {
        await take(perDevice(trying));
        return;
      }
      await take(perPair(trying));
      await take(perAccount(trying));
    },
    async forgive(trying) {
      if (trying.device !== undefined) await emptyWindow(db, perDevice(trying).name);
      else await emptyWindow(db, perPair(trying).name);
    },
    takeSecond: (personId) => take(perPerson(personId)),
    forgiveSecond: (personId) => emptyWindow(db, perPerson(personId).name),
    async reset(who, address) {
      const trying = { who, address, device: undefined };
      await emptyWindow(db, perPair(trying).name);
      await emptyWindow(db, perAccount(trying).name);
    },
  };
}
