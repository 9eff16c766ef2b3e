/**
 * The second step of a sign-in: a code from mail, from an authenticator app, or a recovery code. A code from mail proves
 * that the mailbox is still the person's, no more (NIST SP 800-63B-4 §3.1.3.1 does not count it as a factor).
 * Next: credentials.ts
 */
import { problem, type Caller } from '../http/http.ts';
import { transaction } from '../store/store.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import type { AccountDeps } from './account-deps.ts';
import { readCredentials, useRecoveryCode } from './credential-queries.ts';
import { recoveryDigest } from './recovery-codes.ts';
import { finishHalf, mustHaveHalf, sendSignInCode, type OpenHalf, type SignedIn } from './sign-in.ts';
import { spendTotp } from './totp.ts';

/** Throws `sign_in_failed` and `rate_limited`. */
export async function finishSignIn(
  deps: AccountDeps,
  caller: Caller,
  given: { readonly code: string } | { readonly recoveryCode: string },
): Promise<SignedIn> {
  const open = await mustHaveHalf(deps, caller);
  await deps.throttle.takeSecond(open.person.id);
  const right =
    'code' in given ? await isCode(deps, open, given.code) : await isRecovery(deps, open, given.recoveryCode);
  if (!right) throw problem('sign_in_failed', { detail: 'The code is not right, or no longer good.' });
  await deps.throttle.forgiveSecond(open.person.id);
  return finishHalf(deps, caller, open);
}

/** Throws `sign_in_failed`, `conflict` where no code is mailed, and `rate_limited`. */
export async function sendCodeAgain(deps: AccountDeps, caller: Caller): Promise<void> {
  const open = await mustHaveHalf(deps, caller);
  const credentials = await readCredentials(deps.db, open.person.id);
  if (credentials?.secondStep === 'totp')
    throw problem('conflict', { detail: 'The code of this sign-in comes from the authenticator app.' });
  await sendSignInCode(deps, caller, open.person, open.digest);
}

async function isCode(deps: AccountDeps, { half, person }: OpenHalf, code: string): Promise<boolean> {
  const { verificationId: id } = half;
  if (id !== null) {
    const checked = await deps.verifications.checkOwn(INSTANCE_TENANT_ID, {
      flow: 'one-time-code',
      id,
      code,
    });
    return checked.status === 'approved' && checked.verification.subject === person.id;
  }
  const credentials = await readCredentials(deps.db, person.id);
  const sealed = credentials?.totpSecret;
  return sealed !== null && sealed !== undefined && spendTotp(deps, person.id, sealed, code);
}

function isRecovery({ db }: AccountDeps, { person }: OpenHalf, typed: string): Promise<boolean> {
  return transaction(db, (tx) => useRecoveryCode(tx, person.id, recoveryDigest(person.id, typed)));
}
