/**
 * What a person who is signed in does with the own account. Whatever would let somebody at an unlocked screen take the
 * account over asks for the password again.
 * Next: people-admin.ts
 */
import { personByEmail, personById, updatePerson, type Person } from '../access/access.ts';
import { storedAddress } from '../delivery/delivery.ts';
import { problem, refuseCrossSite, type Caller, type Principal } from '../http/http.ts';
import { isUniqueViolation, transaction } from '../store/store.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import { mailingAs, mustReadAddress, recordDone, wrongField, type AccountDeps } from './account-deps.ts';
import {
  countRecoveryCodes,
  readCredentials,
  replaceRecoveryCodes,
  saveSecondStep,
  type Credentials,
} from './credential-queries.ts';
import { linkOver } from './invitations.ts';
import { tellPerson, type Notifying } from './own-mails.ts';
import { passwordTrouble } from './passwords.ts';
import { newRecoveryCodes, recoveryDigest } from './recovery-codes.ts';
import { changePassword } from './resets.ts';
import { checkPassword } from './sign-in.ts';
import { newTotp, stepOf } from './totp.ts';

type Deps = AccountDeps & Notifying;

/** Who is signed in. Throws `unauthorized` when the account has gone meanwhile. */
export async function myself({ db }: AccountDeps, { actorId }: Principal): Promise<Person> {
  const person = await personById(db, actorId);
  if (person === undefined) throw problem('unauthorized', { detail: 'The session is over. Sign in again.' });
  return person;
}

export interface SecondStepView {
  readonly secondStep: Credentials['secondStep'];
  readonly recoveryCodes: number;
}

export async function secondStepView({ db }: AccountDeps, { actorId }: Principal): Promise<SecondStepView> {
  const credentials = await readCredentials(db, actorId);
  return {
    secondStep: credentials?.secondStep ?? 'none',
    recoveryCodes: await countRecoveryCodes(db, actorId),
  };
}

/** Throws `invalid_request` at `password` when it is not the person's. Counts as a try to sign in. */
async function mustKnowPassword(
  deps: Deps,
  caller: Caller,
  principal: Principal,
  password: string,
): Promise<{ person: Person; credentials: Credentials }> {
  const { email } = await myself(deps, principal);
  const found = await checkPassword(deps, caller, { email, password });
  if (found === undefined) throw wrongField('password', 'is not right');
  return found;
}

/** Other sessions end; this one goes on. */
export async function changeOwnPassword(
  deps: Deps,
  caller: Caller,
  principal: Principal,
  { password, newPassword }: { readonly password: string; readonly newPassword: string },
): Promise<void> {
  const { person } = await mustKnowPassword(deps, caller, principal, password);
  const trouble = passwordTrouble(newPassword, person);
  if (trouble !== undefined) throw wrongField('newPassword', trouble);
  const hash = await deps.passwords.hash(newPassword);
  await transaction(deps.db, (tx) => changePassword(deps, tx, person.id, hash, principal.sessionId));
  await deps.verifications.revokeOwn(INSTANCE_TENANT_ID, { flow: 'password-reset', subject: person.id });
  await tellPerson(deps, person, 'password-changed');
}

/** A secret for an authenticator app; it counts once a code of it was shown. */
export async function beginTotp(
  deps: Deps,
  caller: Caller,
  principal: Principal,
  password: string,
): Promise<{ readonly secret: string; readonly uri: string }> {
  const { person } = await mustKnowPassword(deps, caller, principal, password);
  const { secret, uri, sealed } = await newTotp(deps.keyRing, person.id, person.email);
  await transaction(deps.db, (tx) => saveSecondStep(tx, person.id, { totpPending: sealed }));
  return { secret, uri };
}

/** Answers new recovery codes. Throws `invalid_request` at `code`, and `conflict` when nothing was begun. */
export async function confirmTotp(
  deps: Deps,
  principal: Principal,
  code: string,
): Promise<readonly string[]> {
  const person = await myself(deps, principal);
  const credentials = await readCredentials(deps.db, person.id);
  const pending = credentials?.totpPending;
  if (pending === undefined || pending === null)
    throw problem('conflict', { detail: 'Begin with the authenticator app first.' });
  await deps.throttle.takeSecond(person.id);
  if ((await stepOf(deps, person.id, pending, code)) === undefined)
    throw wrongField('code', 'is not right; is the clock of the device?');
  await deps.throttle.forgiveSecond(person.id);
  const codes = newRecoveryCodes();
  await transaction(deps.db, async (tx) => {
    await saveSecondStep(tx, person.id, { secondStep: 'totp', totpSecret: pending, totpPending: null });
    await replaceRecoveryCodes(tx, person.id, digests(person.id, codes));
  });
  await tellPerson(deps, person, 'second-step-changed');
  return codes;
}

/** A second step by mail, or none. Throws `conflict` while mail to the person cannot go out. */
export async function chooseSecondStep(
  deps: Deps,
  caller: Caller,
  principal: Principal,
  { password, secondStep }: { readonly password: string; readonly secondStep: 'none' | 'email' },
): Promise<void> {
  const { person } = await mustKnowPassword(deps, caller, principal, password);
  if (secondStep === 'email' && !deps.canMail(INSTANCE_TENANT_ID, person.email))
    throw problem('conflict', { detail: `No mail can reach ${person.email} now, so no code could.` });
  await transaction(deps.db, async (tx) => {
    await saveSecondStep(tx, person.id, { secondStep, totpSecret: null, totpPending: null });
    if (secondStep === 'none') await replaceRecoveryCodes(tx, person.id, []);
  });
  await tellPerson(deps, person, 'second-step-changed');
}

/** Ten new ones in place of those that are left. */
export async function renewRecoveryCodes(
  deps: Deps,
  caller: Caller,
  principal: Principal,
  password: string,
): Promise<readonly string[]> {
  const { person, credentials } = await mustKnowPassword(deps, caller, principal, password);
  if (credentials.secondStep === 'none')
    throw problem('conflict', { detail: 'There is no second step that they would stand in for.' });
  const codes = newRecoveryCodes();
  await transaction(deps.db, (tx) => replaceRecoveryCodes(tx, person.id, digests(person.id, codes)));
  return codes;
}

/** Mails a link to the new address; nothing changes until it is followed. The answer is the same for a taken one (F4). */
export async function requestEmailChange(
  deps: Deps,
  caller: Caller,
  principal: Principal,
  { password, email: wanted }: { readonly password: string; readonly email: string },
): Promise<void> {
  const { person } = await mustKnowPassword(deps, caller, principal, password);
  const { email, emailKey } = mustReadAddress(wanted);
  if ((await personByEmail(deps.db, emailKey)) !== undefined) return;
  await deps.verifications.issueOwn(mailingAs(person, INSTANCE_TENANT_ID), {
    flow: 'email-change',
    to: { address: storedAddress(email) },
    subject: person.id,
    data: { from: person.email },
    clientAddress: caller.address,
    link: (token) => `${deps.publicUrl()}/confirm-email/${token}`,
  });
}

/** Whether a link for a new address is still good; consumes nothing. */
export async function openEmailChange(
  { db, verifications }: AccountDeps,
  token: string,
): Promise<{ person: Person; email: string } | undefined> {
  const verification = await verifications.peekOwn(INSTANCE_TENANT_ID, { flow: 'email-change', token });
  const person = verification && (await personById(db, verification.subject));
  if (verification === undefined || person?.state !== 'active') return undefined;
  return verification.data['from'] === person.email ? { person, email: verification.address } : undefined;
}

/** Throws `link_over`. */
export async function confirmEmailChange(deps: Deps, caller: Caller, token: string): Promise<void> {
  refuseCrossSite(caller);
  const { db, verifications } = deps;
  const open = await openEmailChange(deps, token);
  if (open === undefined) throw linkOver();
  const checked = await verifications.checkOwn(INSTANCE_TENANT_ID, { flow: 'email-change', token });
  if (checked.status !== 'approved') throw linkOver();
  const { person } = open;
  try {
    await transaction(db, (tx) => updatePerson(tx, person.id, mustReadAddress(open.email)));
  } catch (error) {
    if (isUniqueViolation(error)) throw linkOver(); // somebody has it meanwhile
    throw error;
  }
  await verifications.revokeOwn(INSTANCE_TENANT_ID, { flow: 'password-reset', subject: person.id });
  const changes = [{ path: 'email', before: person.email, after: open.email }];
  await recordDone(deps, caller, person, { operation: 'confirmEmail', changes });
  await tellPerson(deps, person, 'address-changed');
}

function digests(personId: string, codes: readonly string[]): string[] {
  return codes.map((code) => recoveryDigest(personId, code));
}
