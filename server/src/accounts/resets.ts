/**
 * A forgotten password: a link to the address that the account has, whatever was typed (F5). The answer is given before
 * anybody looks whether there is an account (F4). Afterwards every session is over, nobody is signed in, and the second
 * step stays what it was (F8).
 * Next: own-account.ts
 */
import { endSessions, personByEmail, personById, type Person } from '../access/access.ts';
import { storedAddress } from '../delivery/delivery.ts';
import { refuseCrossSite, type Caller } from '../http/http.ts';
import { transaction, type Tx } from '../store/store.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import { mailingAs, readAddress, recordDone, whoIs, wrongField, type AccountDeps } from './account-deps.ts';
import { deleteHalvesOf, savePassword } from './credential-queries.ts';
import { linkOver } from './invitations.ts';
import { tellPerson, type Notifying } from './own-mails.ts';
import { passwordTrouble } from './passwords.ts';

const HOUR_MS = 3_600_000;

/** Throws `rate_limited` by the caller's address only: by the typed one it would tell whether there is an account. */
export async function requestReset(deps: AccountDeps, caller: Caller, typed: string): Promise<void> {
  refuseCrossSite(caller);
  await deps.throttle.take({ name: `reset from ${caller.address}`, max: 20, windowMs: HOUR_MS });
  const found = readAddress(typed);
  // Not awaited: how long it takes would tell whether there is somebody to write to.
  setImmediate(() => {
    mailReset(deps, caller, found?.emailKey ?? '').catch((error: unknown) => {
      deps.log.warn({ err: error }, 'a link for a new password could not be mailed');
    });
  });
}

async function mailReset(
  { db, verifications, publicUrl }: AccountDeps,
  { address }: Caller,
  emailKey: string,
): Promise<void> {
  const person = await personByEmail(db, emailKey);
  if (person?.state !== 'active') return;
  await verifications.issueOwn(mailingAs(person, INSTANCE_TENANT_ID), {
    flow: 'password-reset',
    to: { address: storedAddress(person.email) },
    subject: person.id,
    clientAddress: address,
    link: (token) => `${publicUrl()}/reset/${token}`,
  });
}

/** The person behind a link that is still good; consumes nothing. */
export async function openReset(
  { db, verifications }: AccountDeps,
  token: string,
): Promise<Person | undefined> {
  const verification = await verifications.peekOwn(INSTANCE_TENANT_ID, { flow: 'password-reset', token });
  const person = verification && (await personById(db, verification.subject));
  // A link is worth nothing once the account has another address.
  return person?.state === 'active' && person.email === verification?.address ? person : undefined;
}

/** Throws `link_over` for every link that is not good, and `invalid_request` for a password that cannot be one. */
export async function completeReset(
  deps: AccountDeps & Notifying,
  caller: Caller,
  { token, password }: { readonly token: string; readonly password: string },
): Promise<void> {
  refuseCrossSite(caller);
  const { verifications, passwords, db } = deps;
  const person = await openReset(deps, token);
  if (person === undefined) throw linkOver();
  const trouble = passwordTrouble(password, person);
  if (trouble !== undefined) throw wrongField('password', trouble);
  const hash = await passwords.hash(password);
  const checked = await verifications.checkOwn(INSTANCE_TENANT_ID, { flow: 'password-reset', token });
  if (checked.status !== 'approved' || checked.verification.subject !== person.id) throw linkOver();
  await transaction(db, (tx) => changePassword(deps, tx, person.id, hash));
  await deps.throttle.forgiveSecond(person.id);
  await deps.throttle.reset(await whoIs(deps.keyRing, person.emailKey), caller.address);
  await verifications.revokeOwn(INSTANCE_TENANT_ID, { flow: 'password-reset', subject: person.id });
  const changes = [{ path: 'password', changed: true }] as const;
  await recordDone(deps, caller, person, { operation: 'completePasswordReset', changes });
  await tellPerson(deps, person, 'password-changed');
}

/** Everything that the old password opened is over; `except` is the session that goes on. */
export async function changePassword(
  { clock }: AccountDeps,
  tx: Tx,
  personId: string,
  hash: string,
  except?: string,
): Promise<void> {
  await savePassword(tx, personId, hash, clock.now());
  await endSessions(tx, personId, except === undefined ? {} : { except });
  await deleteHalvesOf(tx, personId);
}
