/**
 * The first administrator: whoever starts the server is shown a code that is good for half an hour, and who has the code
 * makes the account. Once there is an administrator there is no such code any more.
 * Next: invitations.ts
 */
import { addPerson, giveRole, hasAdmin, personByEmail, secretDigest, type Person } from '../access/access.ts';
import type { Clock } from '../base/clock.ts';
import { typedCode } from '../flows/flows.ts';
import { problem, refuseCrossSite, type Caller } from '../http/http.ts';
import { transaction, type Db } from '../store/store.ts';
import { INSTANCE_TENANT_ID, lockTenant } from '../tenants/tenants.ts';
import { mustReadAddress, recordDone, wrongField, type AccountDeps } from './account-deps.ts';
import { savePassword } from './credential-queries.ts';
import { passwordTrouble } from './passwords.ts';
import { newGroupedCode } from './recovery-codes.ts';
import { deleteSetupCodes, insertSetupCode, isSetupCode } from './setup-queries.ts';
import { completeSignIn, type SignedIn } from './sign-in.ts';

const LIFETIME_MS = 30 * 60_000;
const LENGTH = 12;
const HOUR_MS = 3_600_000;

export interface SetupCode {
  /** `ABCD-EFGH-JKMN` */
  readonly code: string;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** A new code; `undefined` when there is an administrator already. Earlier codes stay good until they expire. */
export async function makeSetupCode(db: Db, clock: Clock): Promise<SetupCode | undefined> {
  const code = newGroupedCode(LENGTH);
  const expiresAt = clock.now() + LIFETIME_MS;
  return transaction(db, async (tx) => {
    if (await hasAdmin(tx)) return undefined;
    await insertSetupCode(tx, digest(code), expiresAt);
    return { code, expiresAt };
  });
}

export interface SetUp {
  readonly code: string;
  readonly email: string;
  readonly name: string;
  readonly password: string;
}

/** Makes the first administrator and signs it in. Throws `invalid_request`, `conflict`, `rate_limited`. */
export async function setUp(deps: AccountDeps, caller: Caller, given: SetUp): Promise<SignedIn> {
  refuseCrossSite(caller);
  const { db, clock, throttle, passwords } = deps;
  await throttle.take({ name: `setup from ${caller.address}`, max: 20, windowMs: HOUR_MS });
  await throttle.take({ name: 'setup', max: 200, windowMs: HOUR_MS });
  if (!(await isSetupCode(db, digest(given.code), clock.now())))
    throw wrongField('code', 'is not known or no longer good; posthorn setup-code makes a new one');
  const { email, emailKey } = mustReadAddress(given.email);
  const trouble = passwordTrouble(given.password, { email, name: given.name });
  if (trouble !== undefined) throw wrongField('password', trouble);
  const passwordHash = await passwords.hash(given.password);
  const done = await transaction(db, async (tx) => {
    await lockTenant(tx, INSTANCE_TENANT_ID);
    if ((await hasAdmin(tx)) || !(await isSetupCode(tx, digest(given.code), clock.now())))
      throw problem('conflict', { detail: 'There is an administrator already.' });
    await deleteSetupCodes(tx);
    const known = await personByEmail(tx, emailKey);
    const person: Person = known ?? (await addPerson(tx, clock, { email, emailKey, name: given.name }));
    await giveRole(tx, clock, { personId: person.id, tenantId: INSTANCE_TENANT_ID, role: 'instance_admin' });
    await savePassword(tx, person.id, passwordHash, clock.now());
    return completeSignIn(deps, tx, caller, person);
  });
  await recordDone(deps, caller, done.person, { operation: 'setUp' });
  return done;
}

function digest(code: string): string {
  return secretDigest(`setup ${typedCode(code)}`);
}
