/**
 * Accounts as the API shows them.
 * Next: sign-in-operations.ts
 */
import { z } from 'zod';
import { ROLES, type Person, type Session } from '../access/access.ts';
import { toRfc3339 } from '../base/clock.ts';
import type { Invitation } from './invitations.ts';

export const roleSchema = z.enum(ROLES).meta({ id: 'Role' });
export const nameSchema = z.string().regex(/^[^\u0000-\u001f\u007f]{1,100}$/, {
  error: 'must be 1 to 100 characters without control characters',
});
/** One address, as one string (F5). */
export const emailSchema = z.string().max(320);
/** Longer than any that is taken, so that the answer says what is wrong; bounded, since it is hashed. */
export const passwordSchema = z.string().max(1_000);
export const tokenSchema = z.string().max(200);

const time = z.string();

export const personView = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    state: z.enum(['active', 'disabled']),
    createdAt: time,
    lastSeenAt: time.nullable().describe('Written at most once a minute.'),
  })
  .meta({ id: 'Person' });

export const memberView = personView.extend({ role: roleSchema }).meta({ id: 'Member' });

export const sessionView = z
  .object({
    id: z.string(),
    current: z.boolean(),
    createdAt: time,
    seenAt: time,
    expiresAt: time,
    address: z.string(),
    userAgent: z.string(),
  })
  .meta({ id: 'Session' });

export const invitationView = z
  .object({
    id: z.string(),
    email: z.string(),
    role: roleSchema,
    state: z.enum(['pending', 'accepted', 'revoked', 'expired']),
    sentIn: z
      .enum(['tenant', 'instance', 'nowhere'])
      .describe(
        "Whose settings carried the mail: the tenant's, or the instance's because the tenant has none that can; `nowhere` when none could.",
      ),
    createdBy: z.string(),
    createdAt: time,
    expiresAt: time,
  })
  .meta({ id: 'Invitation' });

export function viewPerson({ id, email, name, state, createdAt, lastSeenAt }: Person) {
  return {
    ...{ id, email, name, state },
    createdAt: toRfc3339(createdAt),
    lastSeenAt: lastSeenAt === null ? null : toRfc3339(lastSeenAt),
  };
}

export function viewSession(session: Session, currentId: string | undefined): z.input<typeof sessionView> {
  return {
    id: session.id,
    current: session.id === currentId,
    createdAt: toRfc3339(session.createdAt),
    seenAt: toRfc3339(session.seenAt),
    expiresAt: toRfc3339(session.expiresAt),
    address: session.address,
    userAgent: session.userAgent,
  };
}

export function viewInvitation(made: Invitation, now: number): z.input<typeof invitationView> {
  const { id, email, role, state, sentIn, createdBy, createdAt, expiresAt } = made;
  return {
    ...{ id, email, role, sentIn, createdBy },
    state: state === 'pending' && expiresAt <= now ? 'expired' : state,
    createdAt: toRfc3339(createdAt),
    expiresAt: toRfc3339(expiresAt),
  };
}

export const roleInTenant = z
  .object({
    tenant: z.string().describe('Its slug; `instance` for the instance.'),
    name: z.string(),
    role: roleSchema,
  })
  .meta({ id: 'RoleInTenant' });
