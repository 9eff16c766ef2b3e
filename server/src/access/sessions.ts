/**
 * Sessions of people: a random token in a cookie that only this host gets, its digest in the database. It ends after
 * some idle time, at the latest after its lifetime, and at once when it is revoked: within a second on every node (W1).
 * Next: authenticate-session.ts
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import { cookieOf, type Caller } from '../http/http.ts';
import type { Db, Tx } from '../store/store.ts';
import {
  deleteByHash,
  deleteEnded,
  deleteSessions,
  insertSession,
  sessionsOfPerson,
} from './session-queries.ts';
import { isSecretToken, newSecretToken, sameDigest, secretDigest } from './secret-token.ts';

export interface Session {
  /** `ses_…`; says nothing of the token. */
  readonly id: string;
  readonly personId: string;
  /** Epoch ms. */
  readonly createdAt: number;
  /** Written at most once a minute. */
  readonly seenAt: number;
  readonly expiresAt: number;
  readonly address: string;
  readonly userAgent: string;
}

/** Ms. */
export interface SessionTimes {
  readonly idle: number;
  readonly lifetime: number;
}

/** RFC 6265bis §4.1.3.2: a name with this prefix is taken from a secure page of this very host only. */
export const SESSION_COOKIE = '__Host-posthorn';
/** What whoever holds the session sends beside the cookie: a page of another site cannot know it. */
export function csrfToken(sessionToken: string): string {
  return createHash('sha256').update(`posthorn csrf ${sessionToken}`).digest('base64url');
}

export function isCsrfToken(sessionToken: string, given: string | undefined): boolean {
  return sameDigest(csrfToken(sessionToken), given ?? '');
}

/** A cookie for this host alone, which scripts do not see and other sites' forms do not send. */
export function setCookie(name: string, value: string, seconds: number): string {
  return `${name}=${value}; Path=/; Max-Age=${String(seconds)}; Secure; HttpOnly; SameSite=Lax`;
}

export function clearCookie(name: string): string {
  return setCookie(name, '', 0);
}

/** Begins a session; the token is in the answer only. */
export async function beginSession(
  tx: Tx,
  clock: Clock,
  personId: string,
  { address, userAgent }: Pick<Caller, 'address' | 'userAgent'>,
  { lifetime }: SessionTimes,
): Promise<{ readonly session: Session; readonly token: string; readonly cookie: string }> {
  const token = newSecretToken();
  const now = clock.now();
  const session: Session = {
    id: newId('ses'),
    personId,
    createdAt: now,
    seenAt: now,
    expiresAt: now + lifetime,
    address,
    userAgent,
  };
  await insertSession(tx, session, secretDigest(token));
  return { session, token, cookie: setCookie(SESSION_COOKIE, token, Math.floor(lifetime / 1_000)) };
}

/** Those that go on, newest first. */
export async function listSessions(
  db: Db,
  clock: Clock,
  personId: string,
  { idle }: SessionTimes,
): Promise<readonly Session[]> {
  const now = clock.now();
  const all = await sessionsOfPerson(db, personId);
  return all.filter((session) => session.expiresAt > now && session.seenAt + idle > now);
}

/** Ends one session, all but one, or all of a person; answers how many. */
export function endSessions(
  db: Db | Tx,
  personId: string,
  which?: { readonly only?: string; readonly except?: string },
): Promise<number> {
  return deleteSessions(db, personId, which);
}

/** Ends the session whose cookie the caller holds, if there is one. */
export async function endSessionOf(tx: Tx, caller: Caller): Promise<void> {
  const token = cookieOf(caller, SESSION_COOKIE);
  if (isSecretToken(token)) await deleteByHash(tx, secretDigest(token));
}

export async function forgetSessions(db: Db, clock: Clock, { idle }: SessionTimes): Promise<void> {
  const now = clock.now();
  await deleteEnded(db, now, now - idle);
}
