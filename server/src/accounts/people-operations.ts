/**
 * People and invitations over the API, of the tenant that is acted in.
 * Next: pages.ts
 */
import { z } from 'zod';
import { peopleOfTenant } from '../access/access.ts';
import { isId } from '../base/id.ts';
import {
  operation,
  pageAnswer,
  pageOf,
  pageQuery,
  problem,
  readCursor,
  type Audited,
  type Operation,
} from '../http/http.ts';
import {
  emailSchema,
  invitationView,
  memberView,
  nameSchema,
  passwordSchema,
  personView,
  roleSchema,
  viewInvitation,
  viewPerson,
} from './account-views.ts';
import type { Accounts } from './accounts.ts';
import { invitationById, invitationsOfTenant } from './invitation-queries.ts';
import {
  acceptInvitation,
  invite,
  inviteAgain,
  revokeInvitation,
  type Invitation,
  type Invited,
} from './invitations.ts';
import { changeMember, mustBeMember, removeMember, type Member } from './people-admin.ts';

const tags = ['Users'];
const person = z.strictObject({ id: z.string().refine((id) => isId('usr', id)) });
const params = z.strictObject({ id: z.string().refine((id) => isId('inv', id)) });

const invitedView = invitationView
  .extend({
    link: z
      .string()
      .optional()
      .describe('To hand over yourself: only where no mail can reach the address now. Shown this one time.'),
  })
  .meta({ id: 'Invited' });

export function peopleOperations(deps: Accounts): Operation[] {
  return [...members(deps), ...invitations(deps), acceptance(deps)];
}

const viewMember = (member: Member): z.input<typeof memberView> => ({
  ...viewPerson(member),
  role: member.role,
});

function members(deps: Accounts): Operation[] {
  const ofMember: Audited = {
    thing: 'person',
    view: async ({ tenantId }, id) => viewMember(await mustBeMember(deps, tenantId, id)),
  };
  return [
    operation({
      method: 'GET',
      path: '/users',
      operationId: 'listUsers',
      summary: 'List the people who have a role here',
      tags,
      permission: 'people:read',
      query: z.strictObject(pageQuery),
      answers: { 200: pageAnswer(memberView) },
      refusals: [],
      async run({ principal, query: { limit, cursor } }) {
        const after = readCursor(cursor, 'usr');
        const rows = await peopleOfTenant(deps.db, principal.tenantId, after, limit + 1);
        const page = pageOf(rows, limit, ({ id }) => id);
        return { status: 200, body: { items: page.items.map(viewMember), next: page.next } };
      },
    }),
    operation({
      method: 'GET',
      path: '/users/{id}',
      operationId: 'getUser',
      summary: 'Show one person and the role here',
      tags,
      permission: 'people:read',
      params: person,
      answers: { 200: memberView },
      refusals: ['not_found'],
      run: async ({ principal, params: { id } }) => ({
        status: 200,
        body: viewMember(await mustBeMember(deps, principal.tenantId, id)),
      }),
    }),
    operation({
      method: 'PATCH',
      path: '/users/{id}',
      operationId: 'patchUser',
      summary: 'Change role, name or state of a person, or take a lost second step away',
      tags,
      permission: 'people:write',
      audit: ofMember,
      params: person,
      body: z.strictObject({
        role: z.exactOptional(roleSchema),
        name: z.exactOptional(nameSchema),
        state: z.exactOptional(z.enum(['active', 'disabled'])),
        secondStep: z.exactOptional(z.literal('none')),
      }),
      answers: { 200: memberView },
      refusals: ['not_found', 'forbidden', 'conflict'],
      run: async ({ principal, params: { id }, body }) => ({
        status: 200,
        body: viewMember(await changeMember(deps, principal, id, body)),
      }),
    }),
    operation({
      method: 'DELETE',
      path: '/users/{id}',
      operationId: 'removeUser',
      summary: 'Take a person out of this tenant, or out of the instance; the account stays',
      tags,
      permission: 'people:write',
      audit: ofMember,
      params: person,
      answers: { 204: z.undefined() },
      refusals: ['not_found', 'forbidden', 'conflict'],
      async run({ principal, params: { id } }) {
        await removeMember(deps, principal, id);
        return { status: 204 };
      },
    }),
  ];
}

function invitations(deps: Accounts): Operation[] {
  const view = (made: Invitation) => viewInvitation(made, deps.clock.now());
  const viewInvited = ({ invitation, link }: Invited) => ({
    ...view(invitation),
    ...(link !== undefined && { link }),
  });
  async function mustFind(tenantId: string, id: string): Promise<Invitation> {
    const found = await invitationById(deps.db, id);
    if (found?.tenantId !== tenantId) throw problem('not_found', { detail: `There is no invitation ${id}.` });
    return found;
  }
  const ofInvitation: Audited = {
    thing: 'invitation',
    view: async ({ tenantId }, id) => view(await mustFind(tenantId, id)),
  };
  return [
    operation({
      method: 'GET',
      path: '/invitations',
      operationId: 'listInvitations',
      summary: 'List the invitations, newest first',
      tags,
      permission: 'people:read',
      query: z.strictObject(pageQuery),
      answers: { 200: pageAnswer(invitationView) },
      refusals: [],
      async run({ principal, query: { limit, cursor } }) {
        const before = readCursor(cursor, 'inv');
        const rows = await invitationsOfTenant(deps.db, principal.tenantId, before, limit + 1);
        const page = pageOf(rows, limit, ({ id }) => id);
        return { status: 200, body: { items: page.items.map(view), next: page.next } };
      },
    }),
    operation({
      method: 'POST',
      path: '/invitations',
      operationId: 'createInvitation',
      summary: 'Invite somebody by mail; an open invitation of the same address no longer counts',
      tags,
      permission: 'people:write',
      audit: ofInvitation,
      body: z.strictObject({ email: emailSchema, role: roleSchema }),
      answers: { 201: invitedView },
      refusals: ['forbidden', 'conflict', 'rate_limited'],
      run: async ({ principal, body }) => ({
        status: 201,
        body: viewInvited(await invite(deps, principal, body)),
      }),
    }),
    operation({
      method: 'POST',
      path: '/invitations/{id}/resend',
      operationId: 'resendInvitation',
      summary: 'Mail a new link; the old one no longer counts',
      tags,
      permission: 'people:write',
      audit: ofInvitation,
      params,
      answers: { 200: invitedView },
      refusals: ['not_found', 'conflict', 'rate_limited'],
      async run({ principal, params: { id } }) {
        const found = await mustFind(principal.tenantId, id);
        return { status: 200, body: viewInvited(await inviteAgain(deps, principal, found)) };
      },
    }),
    operation({
      method: 'POST',
      path: '/invitations/{id}/revoke',
      operationId: 'revokeInvitation',
      summary: 'End an invitation: its link no longer counts',
      tags,
      permission: 'people:write',
      audit: ofInvitation,
      params,
      answers: { 200: invitationView },
      refusals: ['not_found', 'conflict'],
      async run({ principal, params: { id } }) {
        await revokeInvitation(deps, await mustFind(principal.tenantId, id));
        return { status: 200, body: view(await mustFind(principal.tenantId, id)) };
      },
    }),
  ];
}

function acceptance(deps: Accounts): Operation {
  return operation({
    method: 'POST',
    path: '/invitations/accept',
    operationId: 'acceptInvitation',
    summary: 'Accept with the last part of the link: sets a password, or proves the account of this address',
    tags,
    permission: 'public',
    audit: 'none', // recorded with the person that it makes
    body: z.strictObject({
      token: z.string().max(200),
      name: z.string().max(100).default(''),
      password: passwordSchema,
    }),
    answers: { 201: personView },
    refusals: ['link_over', 'sign_in_failed', 'forbidden', 'rate_limited', 'overloaded'],
    async run({ caller, body: { token: link, ...rest } }) {
      return { status: 201, body: viewPerson(await acceptInvitation(deps, caller, { link, ...rest })) };
    },
  });
}
