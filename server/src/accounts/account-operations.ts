/**
 * The own account over the API: who am I, password, second step, address, sessions. For people who are signed in.
 * Next: people-operations.ts
 */
import { z } from 'zod';
import {
  csrfToken,
  endSessions,
  isInstanceRole,
  listSessions,
  rolesOf,
  SESSION_COOKIE,
} from '../access/access.ts';
import { isId } from '../base/id.ts';
import { cookieOf, operation, problem, type Audited, type Operation, type Principal } from '../http/http.ts';
import { getTenant } from '../tenants/tenants.ts';
import {
  emailSchema,
  passwordSchema,
  personView,
  roleInTenant,
  sessionView,
  tokenSchema,
  viewPerson,
  viewSession,
} from './account-views.ts';
import type { Accounts } from './accounts.ts';
import {
  beginTotp,
  changeOwnPassword,
  chooseSecondStep,
  confirmEmailChange,
  confirmTotp,
  myself,
  renewRecoveryCodes,
  requestEmailChange,
  secondStepView,
} from './own-account.ts';

const tags = ['Account'];

const accountView = z
  .object({
    person: personView,
    roles: z.array(roleInTenant),
    secondStep: z.enum(['none', 'email', 'totp']),
    recoveryCodes: z.number().describe('How many are left.'),
    csrf: z.string().describe('Send it as `Posthorn-CSRF` with everything that changes something.'),
  })
  .meta({ id: 'Account' });

const codesView = z
  .object({ recoveryCodes: z.array(z.string()).describe('Shown now and never again.') })
  .meta({ id: 'RecoveryCodes' });

const password = passwordSchema.describe('The present password: whoever sits at this screen must know it.');

export function accountOperations(deps: Accounts): Operation[] {
  const audit: Audited = {
    thing: 'account',
    single: true,
    async view(principal) {
      const { id, email, name } = await myself(deps, principal);
      return { id, email, name, ...(await secondStepView(deps, principal)) };
    },
  };
  return [...own(deps, audit), ...secondStep(deps, audit), ...sessions(deps)];
}

async function rolesView(deps: Accounts, { actorId }: Principal) {
  const found = await Promise.all(
    (await rolesOf(deps.db, actorId)).map(async ({ tenantId, role }) => {
      const tenant = await getTenant(deps.db, tenantId);
      return tenant === undefined ? [] : [{ tenant: tenant.slug, name: tenant.name, role }];
    }),
  );
  return found.flat().sort((a, b) => Number(isInstanceRole(b.role)) - Number(isInstanceRole(a.role)));
}

function own(deps: Accounts, audit: Audited): Operation[] {
  return [
    operation({
      method: 'GET',
      path: '/account',
      operationId: 'getAccount',
      summary: 'Show who is signed in, and what for',
      tags,
      permission: 'account',
      answers: { 200: accountView },
      refusals: [],
      async run({ principal, caller }) {
        return {
          status: 200,
          body: {
            person: viewPerson(await myself(deps, principal)),
            roles: await rolesView(deps, principal),
            ...(await secondStepView(deps, principal)),
            csrf: csrfToken(cookieOf(caller, SESSION_COOKIE) ?? ''),
          },
        };
      },
    }),
    operation({
      method: 'POST',
      path: '/account/password',
      operationId: 'changePassword',
      summary: 'Change the own password; other sessions end',
      tags,
      permission: 'account',
      audit,
      body: z.strictObject({ password, newPassword: passwordSchema }),
      answers: { 204: z.undefined() },
      refusals: ['rate_limited', 'overloaded'],
      async run({ principal, caller, body }) {
        await changeOwnPassword(deps, caller, principal, body);
        return { status: 204 };
      },
    }),
    operation({
      method: 'POST',
      path: '/account/email',
      operationId: 'changeEmail',
      summary: 'Mail a link to a new address; it counts once the link was followed',
      tags,
      permission: 'account',
      audit,
      body: z.strictObject({ password, email: emailSchema }),
      answers: { 202: z.undefined() },
      refusals: ['rate_limited', 'overloaded'],
      async run({ principal, caller, body }) {
        await requestEmailChange(deps, caller, principal, body);
        return { status: 202 };
      },
    }),
    operation({
      method: 'POST',
      path: '/account/email/confirm',
      operationId: 'confirmEmail',
      summary: 'Take over the new address with the token of the link',
      tags,
      permission: 'public',
      audit: 'none', // recorded where the link is followed
      body: z.strictObject({ token: tokenSchema }),
      answers: { 204: z.undefined() },
      refusals: ['link_over', 'forbidden'],
      async run({ caller, body }) {
        await confirmEmailChange(deps, caller, body.token);
        return { status: 204 };
      },
    }),
  ];
}

function secondStep(deps: Accounts, audit: Audited): Operation[] {
  return [
    operation({
      method: 'POST',
      path: '/account/second-step',
      operationId: 'chooseSecondStep',
      summary: 'Take codes from mail as a second step, or none',
      tags,
      permission: 'account',
      audit,
      body: z.strictObject({ password, secondStep: z.enum(['none', 'email']) }),
      answers: { 204: z.undefined() },
      refusals: ['conflict', 'rate_limited', 'overloaded'],
      async run({ principal, caller, body }) {
        await chooseSecondStep(deps, caller, principal, body);
        return { status: 204 };
      },
    }),
    operation({
      method: 'POST',
      path: '/account/totp',
      operationId: 'beginTotp',
      summary: 'Begin with an authenticator app; it counts once a code of it was confirmed',
      tags,
      permission: 'account',
      audit,
      body: z.strictObject({ password }),
      answers: {
        200: z
          .object({ secret: z.string().describe('Shown now and never again.'), uri: z.string() })
          .meta({ id: 'NewTotp' }),
      },
      refusals: ['rate_limited', 'overloaded'],
      run: async ({ principal, caller, body }) => ({
        status: 200,
        body: await beginTotp(deps, caller, principal, body.password),
      }),
    }),
    operation({
      method: 'POST',
      path: '/account/totp/confirm',
      operationId: 'confirmTotp',
      summary: 'Confirm the authenticator app with a code of it; answers recovery codes',
      tags,
      permission: 'account',
      audit,
      body: z.strictObject({ code: z.string().max(100) }),
      answers: { 200: codesView },
      refusals: ['conflict', 'rate_limited'],
      run: async ({ principal, body }) => ({
        status: 200,
        body: { recoveryCodes: [...(await confirmTotp(deps, principal, body.code))] },
      }),
    }),
    operation({
      method: 'POST',
      path: '/account/recovery-codes',
      operationId: 'renewRecoveryCodes',
      summary: 'Make new recovery codes in place of the old ones',
      tags,
      permission: 'account',
      audit,
      body: z.strictObject({ password }),
      answers: { 200: codesView },
      refusals: ['conflict', 'rate_limited', 'overloaded'],
      run: async ({ principal, caller, body }) => ({
        status: 200,
        body: { recoveryCodes: [...(await renewRecoveryCodes(deps, caller, principal, body.password))] },
      }),
    }),
  ];
}

function sessions(deps: Accounts): Operation[] {
  const audit: Audited = { thing: 'session' };
  return [
    operation({
      method: 'GET',
      path: '/account/sessions',
      operationId: 'listSessions',
      summary: 'List the own sessions, newest first',
      tags,
      permission: 'account',
      answers: { 200: z.object({ items: z.array(sessionView) }) },
      refusals: [],
      async run({ principal }) {
        const all = await listSessions(deps.db, deps.clock, principal.actorId, deps.sessionTimes());
        return { status: 200, body: { items: all.map((one) => viewSession(one, principal.sessionId)) } };
      },
    }),
    operation({
      method: 'DELETE',
      path: '/account/sessions',
      operationId: 'endOtherSessions',
      summary: 'End every own session but this one',
      tags,
      permission: 'account',
      audit,
      answers: { 200: z.object({ ended: z.number() }) },
      refusals: [],
      run: async ({ principal }) => ({
        status: 200,
        body: {
          ended: await endSessions(deps.db, principal.actorId, { except: principal.sessionId ?? '' }),
        },
      }),
    }),
    operation({
      method: 'DELETE',
      path: '/account/sessions/{id}',
      operationId: 'endSession',
      summary: 'End one own session',
      tags,
      permission: 'account',
      audit,
      params: z.strictObject({ id: z.string().refine((id) => isId('ses', id)) }),
      answers: { 204: z.undefined() },
      refusals: ['not_found'],
      async run({ principal, params }) {
        const ended = await endSessions(deps.db, principal.actorId, { only: params.id });
        if (ended === 0) throw problem('not_found', { detail: `There is no session ${params.id}.` });
        return { status: 204 };
      },
    }),
  ];
}
