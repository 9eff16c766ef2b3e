/**
 * The people of this server and what they may where: one role in the instance, or one in each of some tenants.
 * How they sign in is the affair of `accounts/`.
 * Next: sessions.ts
 */
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import type { Role } from '../http/http.ts';
import type { Db, Tx } from '../store/store.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import {
  countAdmins,
  deleteMembership,
  insertPerson,
  membershipsOfPerson,
  upsertMembership,
} from './people-queries.ts';
import { isInstanceRole } from './roles.ts';

export interface Person {
  /** `usr_…` */
  readonly id: string;
  readonly email: string;
  /** The form by which addresses are compared: `addressKey` of `mail/`. */
  readonly emailKey: string;
  readonly name: string;
  readonly state: 'active' | 'disabled';
  /** Epoch ms. */
  readonly createdAt: number;
  /** Written at most once a minute. */
  readonly lastSeenAt: number | null;
}

export interface Membership {
  readonly personId: string;
  readonly tenantId: string;
  readonly role: Role;
  readonly createdAt: number;
}

export async function addPerson(
  tx: Tx,
  clock: Clock,
  about: Pick<Person, 'email' | 'emailKey' | 'name'>,
): Promise<Person> {
  const person: Person = {
    id: newId('usr'),
    ...about,
    state: 'active',
    createdAt: clock.now(),
    lastSeenAt: null,
  };
  await insertPerson(tx, person);
  return person;
}

/** Gives a person a role in a tenant, or another one than it had. */
export function giveRole(tx: Tx, clock: Clock, membership: Omit<Membership, 'createdAt'>): Promise<void> {
  return upsertMembership(tx, { ...membership, createdAt: clock.now() });
}

export function takeRole(tx: Tx, personId: string, tenantId: string): Promise<boolean> {
  return deleteMembership(tx, personId, tenantId);
}

/** Whether anybody is left who may do everything: asked inside the transaction that takes a role or a person away. */
export async function hasAdmin(db: Db | Tx): Promise<boolean> {
  return (await countAdmins(db, INSTANCE_TENANT_ID)) > 0;
}

/**
 * The role in which a person acts in a tenant: the one it has there, else that of the instance, which goes everywhere.
 * `undefined` when it has none there.
 */
export function roleIn(
  memberships: readonly Membership[],
  tenantId: string,
): { readonly role: Role; readonly homeTenantId: string } | undefined {
  const own = memberships.find((one) => one.tenantId === INSTANCE_TENANT_ID && isInstanceRole(one.role));
  const there = memberships.find((one) => one.tenantId === tenantId);
  const found = own ?? there;
  return found && { role: found.role, homeTenantId: found.tenantId };
}

export function rolesOf(db: Db | Tx, personId: string): Promise<readonly Membership[]> {
  return membershipsOfPerson(db, personId);
}
