/**
 * What administrators do with people: roles, disabling, taking them out of a tenant. Nobody manages somebody who may
 * more, and the last administrator of the instance stays (W4).
 * Next: sign-in-operations.ts
 */
import {
  endSessions,
  giveRole,
  hasAdmin,
  mayI,
  permissionsOf,
  personById,
  rolesOf,
  takeRole,
  updatePerson,
  type Person,
} from '../access/access.ts';
import { problem, type Principal, type Role } from '../http/http.ts';
import { transaction, type Tx } from '../store/store.ts';
import { INSTANCE_TENANT_ID, lockTenant } from '../tenants/tenants.ts';
import { wrongField, type AccountDeps } from './account-deps.ts';
import { replaceRecoveryCodes, saveSecondStep } from './credential-queries.ts';
import { refuseRole } from './invitations.ts';

export interface Member extends Person {
  /** In the tenant that is acted in. */
  readonly role: Role;
}

/** The person, when it has a role in this tenant. Throws `not_found`. */
export async function mustBeMember(deps: AccountDeps, tenantId: string, id: string): Promise<Member> {
  const person = await personById(deps.db, id);
  const role = person && (await rolesOf(deps.db, id)).find((one) => one.tenantId === tenantId)?.role;
  if (person === undefined || role === undefined)
    throw problem('not_found', { detail: `There is no person ${id} here.` });
  return { ...person, role };
}

export interface MemberChange {
  readonly role?: Role;
  readonly name?: string;
  readonly state?: 'active' | 'disabled';
  /** Takes the second step away from somebody who lost the device. */
  readonly secondStep?: 'none';
}

/** Throws `not_found`, `forbidden`, `conflict` (the last administrator), `invalid_request`. */
export async function changeMember(
  deps: AccountDeps,
  principal: Principal,
  id: string,
  change: MemberChange,
): Promise<Member> {
  const { tenantId } = principal;
  const member = await mustBeMember(deps, tenantId, id);
  refuseAbove(principal, member);
  if (change.role !== undefined) refuseRole(principal, change.role);
  const wholeAccount = (['state', 'name', 'secondStep'] as const).find(
    (field) => change[field] !== undefined,
  );
  // An account may have roles elsewhere: a tenant's administrator decides about the tenant only.
  if (wholeAccount !== undefined && tenantId !== INSTANCE_TENANT_ID)
    throw wrongField(wholeAccount, 'is changed by administrators of the instance');
  await withAdminLeft(deps, async (tx) => {
    if (change.role !== undefined)
      await giveRole(tx, deps.clock, { personId: id, tenantId, role: change.role });
    if (change.state !== undefined || change.name !== undefined)
      await updatePerson(tx, id, {
        ...(change.state !== undefined && { state: change.state }),
        ...(change.name !== undefined && { name: change.name }),
      });
    if (change.secondStep !== undefined) {
      await saveSecondStep(tx, id, { secondStep: 'none', totpSecret: null, totpPending: null });
      await replaceRecoveryCodes(tx, id, []);
    }
    // Rights changed: whatever was begun under the old ones is over (W1).
    if (change.role !== undefined || change.state === 'disabled') await endSessions(tx, id);
  });
  if (change.secondStep !== undefined) await deps.throttle.forgiveSecond(id);
  return mustBeMember(deps, tenantId, id);
}

/** Takes a person out of the tenant; the account stays. Throws as `changeMember` does. */
export async function removeMember(deps: AccountDeps, principal: Principal, id: string): Promise<void> {
  const member = await mustBeMember(deps, principal.tenantId, id);
  refuseAbove(principal, member);
  await withAdminLeft(deps, async (tx) => {
    await takeRole(tx, id, principal.tenantId);
    await endSessions(tx, id);
  });
}

async function withAdminLeft(deps: AccountDeps, work: (tx: Tx) => Promise<void>): Promise<void> {
  await transaction(deps.db, async (tx) => {
    await lockTenant(tx, INSTANCE_TENANT_ID); // two administrators must not take each other away at once
    const had = await hasAdmin(tx);
    await work(tx);
    if (had && !(await hasAdmin(tx)))
      throw problem('conflict', {
        detail: 'This is the last administrator of the instance. Make another first.',
      });
  });
}

function refuseAbove(principal: Principal, member: Member): void {
  if (permissionsOf(member.role).every((permission) => mayI(principal, permission))) return;
  throw problem('forbidden', {
    detail: `The role ${principal.role} does not manage the role ${member.role}.`,
  });
}
