/**
 * Invitations: an address, a tenant and a role, fixed when it is made. Who follows the link sets a password, or proves
 * the account it has. Whoever invited must still be allowed to when it is accepted (F9).
 * Next: resets.ts
 */
import {
  addPerson,
  giveRole,
  isInstanceRole,
  keyStands,
  mayI,
  permissionsOf,
  personByEmail,
  personById,
  roleIn,
  roleMay,
  rolesOf,
  type Person,
} from '../access/access.ts';
import { newId } from '../base/id.ts';
import { storedAddress } from '../delivery/delivery.ts';
import { problem, refuseCrossSite, type Caller, type Principal, type Role } from '../http/http.ts';
import { transaction } from '../store/store.ts';
import { INSTANCE_TENANT_ID, lockTenant } from '../tenants/tenants.ts';
import { mustReadAddress, recordDone, wrongField, type AccountDeps } from './account-deps.ts';
import { savePassword } from './credential-queries.ts';
import {
  endInvitation,
  insertInvitation,
  invitationById,
  noteSent,
  revokeOpen,
} from './invitation-queries.ts';
import { passwordTrouble } from './passwords.ts';
import { checkPassword, signInFailed } from './sign-in.ts';

export interface Invitation {
  /** `inv_…` */
  readonly id: string;
  readonly tenantId: string;
  readonly email: string;
  readonly emailKey: string;
  readonly role: Role;
  readonly state: 'pending' | 'accepted' | 'revoked';
  /** Whose connection carried it: the tenant's own settings, the instance's, or none that could. */
  readonly sentIn: 'tenant' | 'instance' | 'nowhere';
  /** `usr_…` or `key_…` */
  readonly createdBy: string;
  /** Epoch ms. */
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly endedAt: number | null;
}

export interface Invited {
  readonly invitation: Invitation;
  /** For the inviter to hand over, where no mail can reach the address now. */
  readonly link: string | undefined;
}

/** Throws `invalid_request`, `forbidden` (a role that may more), `conflict` (has a role there already), `rate_limited`. */
export async function invite(
  deps: AccountDeps,
  principal: Principal,
  wanted: { readonly email: string; readonly role: Role },
): Promise<Invited> {
  const { db, clock } = deps;
  const { tenantId } = principal;
  const { email, emailKey } = mustReadAddress(wanted.email);
  refuseRole(principal, wanted.role);
  const now = clock.now();
  const made: Invitation = {
    id: newId('inv'),
    ...{ tenantId, email, emailKey, role: wanted.role, state: 'pending', sentIn: 'nowhere' },
    createdBy: principal.actorId,
    createdAt: now,
    expiresAt: now,
    endedAt: null,
  };
  const ended = await transaction(db, async (tx) => {
    await lockTenant(tx, tenantId);
    const person = await personByEmail(tx, emailKey);
    if (person !== undefined && (await rolesOf(tx, person.id)).some((one) => one.tenantId === tenantId))
      throw problem('conflict', { detail: `${email} has a role here already.` });
    const older = await revokeOpen(tx, tenantId, emailKey, now);
    await insertInvitation(tx, made);
    return older;
  });
  for (const id of ended) await endLinks(deps, { id, tenantId });
  try {
    return await mail(deps, principal, made);
  } catch (error) {
    await transaction(db, (tx) => endInvitation(tx, made.id, 'revoked', clock.now()));
    throw error;
  }
}

/** Mails the link anew; the old one no longer counts. Throws `conflict`, `rate_limited`. */
export async function inviteAgain(
  deps: AccountDeps,
  principal: Principal,
  invitation: Invitation,
): Promise<Invited> {
  if (invitation.state !== 'pending')
    throw problem('conflict', { detail: `The invitation ${invitation.id} is over.` });
  return mail(deps, principal, invitation);
}

export async function revokeInvitation(deps: AccountDeps, invitation: Invitation): Promise<void> {
  const { id } = invitation;
  const revoked = await transaction(deps.db, (tx) => endInvitation(tx, id, 'revoked', deps.clock.now()));
  if (!revoked) throw problem('conflict', { detail: `The invitation ${id} is over.` });
  await endLinks(deps, invitation);
}

/**
 * Through the tenant's own settings where they can carry it; else through the instance's, for invitations only; else it is
 * written and waits, and the inviter gets the link.
 */
async function mail(deps: AccountDeps, principal: Principal, made: Invitation): Promise<Invited> {
  const { db, publicUrl, canMail, verifications } = deps;
  const reached = [made.tenantId, INSTANCE_TENANT_ID].find((tenantId) => canMail(tenantId, made.email));
  const sentIn = reached === undefined ? 'nowhere' : reached === made.tenantId ? 'tenant' : 'instance';
  await endLinks(deps, made);
  const { verification, link } = await verifications.issueOwn(
    { ...principal, tenantId: reached ?? made.tenantId },
    {
      flow: 'invitation',
      to: { address: storedAddress(made.email) },
      subject: made.id,
      link: (token) => `${publicUrl()}/invite/${linkOf(made.id, token)}`,
      mail: reached === undefined ? 'if-possible' : 'required',
    },
  );
  const { expiresAt } = verification;
  await transaction(db, (tx) => noteSent(tx, made.id, sentIn, expiresAt));
  return {
    invitation: { ...made, sentIn, expiresAt },
    link: reached === undefined ? link : undefined,
  };
}

/** A link may have been sent in the tenant or in the instance, as things were then. */
async function endLinks(
  { verifications }: AccountDeps,
  { id, tenantId }: Pick<Invitation, 'id' | 'tenantId'>,
): Promise<void> {
  for (const sentIn of new Set([tenantId, INSTANCE_TENANT_ID]))
    await verifications.revokeOwn(sentIn, { flow: 'invitation', subject: id });
}

/** The last part of the link: the invitation, which says where the token is kept, and the token. */
function linkOf(id: string, token: string): string {
  return `${id.slice('inv_'.length)}-${token}`;
}

const LINK = /^([0-9a-hjkmnp-tv-z]{26})-([\w-]{43})$/;

/** Nobody gives more than he has. */
export function refuseRole(principal: Principal, role: Role): void {
  const { tenantId } = principal;
  if (isInstanceRole(role) !== (tenantId === INSTANCE_TENANT_ID))
    throw wrongField(
      'role',
      isInstanceRole(role) ? 'is for people of the instance' : 'is for people of a tenant',
    );
  if (permissionsOf(role).every((permission) => mayI(principal, permission))) return;
  throw problem('forbidden', {
    detail: `The role ${principal.role} does not give the role ${role}.`,
    errors: [{ path: 'role', message: 'may more than you' }],
  });
}

interface OpenInvitation {
  readonly invitation: Invitation;
  /** The one whose address it is, when there is an account already. */
  readonly person: Person | undefined;
  /** Uses the link up. */
  readonly spend: () => Promise<void>;
}

/** What stands behind a link that is still good; consumes nothing. */
export async function openInvitation(
  { db, verifications }: AccountDeps,
  link: string,
): Promise<OpenInvitation | undefined> {
  const [, id = '', token = ''] = LINK.exec(link) ?? [];
  const invitation = await invitationById(db, `inv_${id}`);
  if (invitation?.state !== 'pending') return undefined;
  const sentIn = invitation.sentIn === 'instance' ? INSTANCE_TENANT_ID : invitation.tenantId;
  const request = { flow: 'invitation', token } as const;
  const verification = await verifications.peekOwn(sentIn, request);
  if (verification?.subject !== invitation.id) return undefined;
  return {
    invitation,
    person: await personByEmail(db, invitation.emailKey),
    async spend() {
      await verifications.checkOwn(sentIn, request);
    },
  };
}

/** Throws `link_over` for every link that is not good, `invalid_request`, `sign_in_failed`, `rate_limited`. */
export async function acceptInvitation(
  deps: AccountDeps,
  caller: Caller,
  given: { readonly link: string; readonly name: string; readonly password: string },
): Promise<Person> {
  refuseCrossSite(caller);
  const { db, clock, passwords } = deps;
  const open = await openInvitation(deps, given.link);
  if (open === undefined || !(await inviterStands(deps, open.invitation))) throw linkOver();
  const { invitation, person: known } = open;
  const { email, emailKey } = invitation;
  let passwordHash: string | undefined;
  if (known === undefined) {
    if (given.name.trim() === '') throw wrongField('name', 'is missing');
    const trouble = passwordTrouble(given.password, { email, name: given.name });
    if (trouble !== undefined) throw wrongField('password', trouble);
    passwordHash = await passwords.hash(given.password);
  } else if ((await checkPassword(deps, caller, { email, password: given.password })) === undefined)
    throw signInFailed();
  const person = await transaction(db, async (tx) => {
    await lockTenant(tx, invitation.tenantId);
    if (!(await endInvitation(tx, invitation.id, 'accepted', clock.now()))) throw linkOver();
    const one = known ?? (await addPerson(tx, clock, { email, emailKey, name: given.name.trim() }));
    await giveRole(tx, clock, { personId: one.id, tenantId: invitation.tenantId, role: invitation.role });
    if (passwordHash !== undefined) await savePassword(tx, one.id, passwordHash, clock.now());
    return one;
  });
  await open.spend();
  const made = {
    operation: 'acceptInvitation',
    thing: 'person',
    changes: [{ path: 'role', after: invitation.role }],
  };
  await recordDone(deps, caller, person, made, invitation.tenantId);
  return person;
}

export function linkOver() {
  return problem('link_over', { detail: 'This link has expired or was already used. Ask for a new one.' });
}

/** Whether who invited may still invite for this role there. */
async function inviterStands({ db, clock }: AccountDeps, invitation: Invitation): Promise<boolean> {
  const { createdBy, tenantId, role } = invitation;
  if (createdBy.startsWith('key_')) return keyStands(db, createdBy, clock.now(), 'people:write');
  const person = await personById(db, createdBy);
  if (person?.state !== 'active') return false;
  const acts = roleIn(await rolesOf(db, person.id), tenantId);
  if (acts === undefined || !roleMay(acts.role, 'people:write')) return false;
  return permissionsOf(role).every((permission) => roleMay(acts.role, permission));
}
