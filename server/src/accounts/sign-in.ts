/**
 * Signing in: a password, and where there is a second step, half a sign-in that waits for it. Wrong address, wrong
 * password and a disabled account are one answer after the same work (F4). Every sign-in has a session of its own; one
 * that was there before ends (W1).
 * Next: second-step.ts
 */
import {
  beginSession,
  clearCookie,
  csrfToken,
  endSessionOf,
  isSecretToken,
  newSecretToken,
  personByEmail,
  personById,
  secretDigest,
  SESSION_COOKIE,
  setCookie,
  type Person,
  type Session,
} from '../access/access.ts';
import { Problem } from '../base/problem.ts';
import { cookieOf, problem, refuseCrossSite, type Caller } from '../http/http.ts';
import { transaction, type Tx } from '../store/store.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import { readAddress, recordDone, whoIs, type AccountDeps } from './account-deps.ts';
import {
  insertHalf,
  noteVerification,
  readCredentials,
  readHalf,
  takeHalf,
  type Credentials,
  type HalfSignIn,
} from './credential-queries.ts';
import { knownDevice, rememberDevice } from './devices.ts';
import { mailSignInCode } from './own-mails.ts';

const HALF_COOKIE = '__Host-posthorn-half';
const HALF_MS = 10 * 60_000;

export interface SignedIn {
  readonly kind: 'signed_in';
  readonly person: Person;
  readonly session: Session;
  /** To send as `Posthorn-CSRF` with everything that changes something. */
  readonly csrf: string;
  readonly cookies: readonly string[];
}

export interface HalfSignedIn {
  readonly kind: 'second_step';
  readonly method: 'email' | 'totp';
  /** `false` when one was mailed a moment ago: it can be asked for again after a while. */
  readonly codeMailed: boolean;
  readonly cookies: readonly string[];
}

/** Throws `sign_in_failed`, `rate_limited`, `overloaded` and `forbidden` (from another site's page). */
export async function signIn(
  deps: AccountDeps,
  caller: Caller,
  given: { readonly email: string; readonly password: string },
): Promise<SignedIn | HalfSignedIn> {
  refuseCrossSite(caller);
  const found = await checkPassword(deps, caller, given);
  if (found === undefined) throw signInFailed();
  const { person, credentials } = found;
  const method = secondStepOf(deps, person, credentials);
  if (method !== undefined) return beginHalf(deps, caller, person, method);
  const done = await transaction(deps.db, (tx) => completeSignIn(deps, tx, caller, person));
  return recorded(deps, caller, done);
}

export function signInFailed() {
  return problem('sign_in_failed', { detail: 'The address or the password is not right.' });
}

/** The person whose address and password these are, if there is one who may sign in. Counts as a try. */
export async function checkPassword(
  deps: AccountDeps,
  caller: Caller,
  { email, password }: { readonly email: string; readonly password: string },
): Promise<{ person: Person; credentials: Credentials } | undefined> {
  const { db, keyRing, throttle, passwords } = deps;
  const emailKey = readAddress(email)?.emailKey ?? email.slice(0, 320);
  const person = await personByEmail(db, emailKey);
  const device = await knownDevice(db, caller, person?.id);
  const trying = { who: await whoIs(keyRing, emailKey), address: caller.address, device };
  await throttle.takeTry(trying);
  const credentials = await readCredentials(db, person?.id ?? '');
  const may = person?.state === 'active' ? credentials?.passwordHash : undefined;
  const right = await passwords.verify(password, may);
  if (!right || person === undefined || credentials === undefined) return undefined;
  await throttle.forgive(trying);
  return { person, credentials };
}

function secondStepOf(
  deps: AccountDeps,
  { email }: Person,
  { secondStep }: Credentials,
): 'email' | 'totp' | undefined {
  if (secondStep !== 'none') return secondStep;
  // Who must have one and has none gets a code by mail. While no mail can go out there is no second step to ask for.
  return deps.secondStepRequired() && deps.canMail(INSTANCE_TENANT_ID, email) ? 'email' : undefined;
}

async function beginHalf(
  deps: AccountDeps,
  caller: Caller,
  person: Person,
  method: 'email' | 'totp',
): Promise<HalfSignedIn> {
  const token = newSecretToken();
  const digest = secretDigest(token);
  const half = { personId: person.id, verificationId: null, expiresAt: deps.clock.now() + HALF_MS };
  await transaction(deps.db, (tx) => insertHalf(tx, digest, half));
  const codeMailed = method === 'email' && (await isSent(sendSignInCode(deps, caller, person, digest)));
  return {
    kind: 'second_step',
    method,
    codeMailed,
    cookies: [setCookie(HALF_COOKIE, token, HALF_MS / 1_000)],
  };
}

async function isSent(sending: Promise<void>): Promise<boolean> {
  try {
    await sending;
    return true;
  } catch (error) {
    if (error instanceof Problem && error.code === 'rate_limited') return false;
    throw error;
  }
}

/** Mails a code that finishes this very sign-in and no other. Throws `rate_limited`. */
export async function sendSignInCode(
  deps: AccountDeps,
  caller: Caller,
  person: Person,
  halfDigest: string,
): Promise<void> {
  const verificationId = await mailSignInCode(deps, person, caller);
  await transaction(deps.db, (tx) => noteVerification(tx, halfDigest, verificationId));
}

export interface OpenHalf {
  readonly digest: string;
  readonly half: HalfSignIn;
  readonly person: Person;
}

/** The half sign-in whose cookie the caller holds. Throws `sign_in_failed`. */
export async function mustHaveHalf({ db, clock }: AccountDeps, caller: Caller): Promise<OpenHalf> {
  refuseCrossSite(caller);
  const token = cookieOf(caller, HALF_COOKIE);
  const digest = isSecretToken(token) ? secretDigest(token) : '';
  const half = await readHalf(db, digest, clock.now());
  const person = half && (await personById(db, half.personId));
  if (half === undefined || person?.state !== 'active')
    throw problem('sign_in_failed', { detail: 'This sign-in is over. Begin again with the password.' });
  return { digest, half, person };
}

/** Ends a half sign-in and begins the session; of many at once one does. Throws `sign_in_failed`. */
export async function finishHalf(
  deps: AccountDeps,
  caller: Caller,
  { digest, person }: OpenHalf,
): Promise<SignedIn> {
  const done = await transaction(deps.db, async (tx) => {
    if (!(await takeHalf(tx, digest)))
      throw problem('sign_in_failed', { detail: 'This sign-in was finished already.' });
    return completeSignIn(deps, tx, caller, person);
  });
  return recorded(deps, caller, done);
}

async function recorded(deps: AccountDeps, caller: Caller, done: SignedIn): Promise<SignedIn> {
  await recordDone(deps, caller, done.person, {
    operation: 'signIn',
    thing: 'session',
    thingId: done.session.id,
  });
  return done;
}

/** A new session, whatever the caller held before: a planted cookie gains nothing (session fixation). */
export async function completeSignIn(
  deps: AccountDeps,
  tx: Tx,
  caller: Caller,
  person: Person,
): Promise<SignedIn> {
  const { clock, sessionTimes } = deps;
  await endSessionOf(tx, caller);
  const begun = await beginSession(tx, clock, person.id, caller, sessionTimes());
  const device = await rememberDevice(tx, caller, person.id, clock.now());
  return {
    kind: 'signed_in',
    person,
    session: begun.session,
    csrf: csrfToken(begun.token),
    cookies: [begun.cookie, clearCookie(HALF_COOKIE), device],
  };
}

/** Cookies that take a session away. */
export const SIGNED_OUT: readonly string[] = [clearCookie(SESSION_COOKIE), clearCookie(HALF_COOKIE)];
