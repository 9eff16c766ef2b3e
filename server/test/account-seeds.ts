/**
 * Seeds for accounts: people of a tenant who are signed in, and what they do. What strangers send is answered with a
 * refusal that is the same for all.
 * Next: route-seeds.ts
 */
import { TOTP } from 'otpauth';
import { addPerson, beginSession, csrfToken, giveRole, SESSION_COOKIE } from '../src/access/access.ts';
import { createPasswords } from '../src/accounts/passwords.ts';
import { systemClock as clock } from '../src/base/clock.ts';
import type { Role } from '../src/http/http.ts';
import { transaction } from '../src/store/store.ts';
import { caller } from './caller.ts';
import type { Planted, Seed, SeedRequest } from './route-seeds.ts';

const PASSWORD = 'a horse in the post office';
let hashed: Promise<string> | undefined;
let serial = 0;

export interface SignedInPerson {
  readonly id: string;
  readonly sessionId: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A person of the tenant who is signed in, made straight in the database. */
export async function newPerson(
  { api: { db }, tenantId, canary }: Pick<Planted, 'api' | 'tenantId' | 'canary'>,
  role: Role = 'tenant_developer',
): Promise<SignedInPerson> {
  hashed ??= createPasswords().hash(PASSWORD);
  const hash = await hashed;
  serial += 1;
  const email = `person${String(serial)}-${canary}@example.com`;
  return transaction(db, async (tx) => {
    const person = await addPerson(tx, clock, { email, emailKey: email, name: canary });
    await giveRole(tx, clock, { personId: person.id, tenantId, role });
    await tx
      .tables<{ credentials: Record<string, unknown> }>()
      .insertInto('credentials')
      .values({
        ...{ person_id: person.id, password_hash: hash, password_set_at: 0, totp_used_step: 0 },
        second_step: 'email',
      })
      .execute();
    const { session, token } = await beginSession(tx, clock, person.id, caller(), {
      idle: 3_600_000,
      lifetime: 3_600_000,
    });
    return {
      id: person.id,
      sessionId: session.id,
      headers: { cookie: `${SESSION_COOKIE}=${token}`, 'posthorn-csrf': csrfToken(token) },
    };
  });
}

export async function newInvitation({ must, canary }: Planted): Promise<string> {
  serial += 1;
  const body = { email: `guest${String(serial)}-${canary}@example.com`, role: 'tenant_viewer' };
  return String((await must('POST', '/invitations', body)).at('id'));
}

/** Asked by somebody who is signed in. */
const signedIn =
  (about: Omit<SeedRequest, 'headers'> = {}): Seed =>
  async (tenant) => ({ ...about, headers: (await newPerson(tenant)).headers });

const password = PASSWORD;
const token = 'A'.repeat(43);
const refused =
  (status: number, about: SeedRequest = {}): Seed =>
  () => ({ ...about, status });
const html = { 'content-type': 'application/x-www-form-urlencoded' };

export const ACCOUNT_SEEDS: Readonly<Record<string, Seed>> = {
  getSetup: () => ({}),
  setUp: refused(422, { body: { code: 'AAAA', email: 'eve@example.com', name: 'Eve', password } }),
  signIn: refused(401, { body: { email: 'eve@example.com', password } }),
  finishSignIn: refused(401, { body: { code: '000000' } }),
  resendSignInCode: refused(401),
  signOut: signedIn(),
  requestPasswordReset: () => ({ body: { email: 'eve@example.com' } }),
  completePasswordReset: refused(410, { body: { token, password } }),

  getAccount: signedIn(),
  changePassword: signedIn({ body: { password, newPassword: 'another horse entirely' } }),
  changeEmail: (tenant) => {
    serial += 1;
    return signedIn({ body: { password, email: `new${String(serial)}@example.com` } })(tenant);
  },
  confirmEmail: refused(410, { body: { token } }),
  chooseSecondStep: signedIn({ body: { password, secondStep: 'none' } }),
  beginTotp: signedIn({ body: { password } }),
  confirmTotp: async (tenant) => {
    const { headers } = await newPerson(tenant);
    const begun = await tenant.api.ask('POST', '/account/totp', { key: null, headers, body: { password } });
    return { headers, body: { code: new TOTP({ secret: String(begun.at('secret')) }).generate() } };
  },
  renewRecoveryCodes: signedIn({ body: { password } }),
  listSessions: signedIn(),
  endOtherSessions: signedIn(),
  endSession: async (tenant) => {
    const { headers, sessionId } = await newPerson(tenant);
    return { headers, params: { id: sessionId } };
  },

  listUsers: () => ({}),
  getUser: ({ ids }) => ({ params: { id: ids.person } }),
  patchUser: async (tenant) => ({
    params: { id: (await newPerson(tenant)).id },
    body: { role: 'tenant_viewer' },
  }),
  removeUser: async (tenant) => ({ params: { id: (await newPerson(tenant)).id } }),
  listInvitations: () => ({}),
  createInvitation: ({ canary }) => {
    serial += 1;
    return { body: { email: `guest${String(serial)}-${canary}@example.com`, role: 'tenant_viewer' } };
  },
  resendInvitation: async (tenant) => ({ params: { id: await newInvitation(tenant) } }),
  revokeInvitation: async (tenant) => ({ params: { id: await newInvitation(tenant) } }),
  acceptInvitation: refused(410, { body: { token, name: 'Eve', password } }),

  showInvitationPage: refused(400, { params: { token } }),
  submitInvitationPage: refused(400, { params: { token }, headers: html, body: 'name=Eve' }),
  showResetPage: refused(400, { params: { token } }),
  submitResetPage: refused(400, { params: { token }, headers: html, body: 'password=x' }),
  showEmailPage: refused(400, { params: { token } }),
  submitEmailPage: refused(400, { params: { token }, headers: html, body: '' }),
};
