/**
 * Devices that have signed in before: a random token in a cookie that lives long and opens nothing. It only tells the
 * owner from a stranger when somebody guesses at the account (W9).
 * Next: sign-in.ts
 */
import { cookieOf, type Caller } from '../http/http.ts';
import { isSecretToken, newSecretToken, secretDigest, setCookie } from '../access/access.ts';
import type { Db, Tx } from '../store/store.ts';
import { isKnownDevice, noteDevice } from './credential-queries.ts';

const COOKIE = '__Host-posthorn-device';
const YEAR_SECONDS = 365 * 24 * 3_600;

/** The digest of the caller's device, when it is one of this person's. Asks the database in any case (F4). */
export async function knownDevice(db: Db, caller: Caller, personId: string | undefined) {
  const token = cookieOf(caller, COOKIE);
  const digest = secretDigest(isSecretToken(token) ? token : '');
  return (await isKnownDevice(db, personId ?? '', digest)) ? digest : undefined;
}

/** Remembers the caller's device; answers the cookie for it. */
export async function rememberDevice(tx: Tx, caller: Caller, personId: string, now: number): Promise<string> {
  const given = cookieOf(caller, COOKIE);
  const token = isSecretToken(given) ? given : newSecretToken();
  await noteDevice(tx, personId, secretDigest(token), now);
  return setCookie(COOKIE, token, YEAR_SECONDS);
}
