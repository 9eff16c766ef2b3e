/**
 * Setting up, signing in and out, and a forgotten password, over the API. All of it is open to everybody, so all of it
 * answers strangers in one way.
 * Next: account-operations.ts
 */
import { z } from 'zod';
import { hasAdmin, endSessions } from '../access/access.ts';
import { toRfc3339 } from '../base/clock.ts';
import { operation, type AnswerHeaders, type Operation } from '../http/http.ts';
import {
  emailSchema,
  nameSchema,
  passwordSchema,
  personView,
  tokenSchema,
  viewPerson,
} from './account-views.ts';
import { completeReset, requestReset } from './resets.ts';
import type { Accounts } from './accounts.ts';
import { finishSignIn, sendCodeAgain } from './second-step.ts';
import { setUp } from './setup.ts';
import { SIGNED_OUT, signIn, type HalfSignedIn, type SignedIn } from './sign-in.ts';

const tags = ['Sign-in'];

const signedInView = z
  .object({
    state: z.literal('signed_in'),
    person: personView,
    csrf: z.string().describe('Send it as `Posthorn-CSRF` with everything that changes something.'),
    expiresAt: z.string(),
  })
  .meta({ id: 'SignedIn' });

const signInView = z
  .discriminatedUnion('state', [
    signedInView,
    z.object({
      state: z.literal('second_step'),
      method: z.enum(['email', 'totp']).describe('Where the code comes from; a recovery code is taken too.'),
      codeMailed: z.boolean().describe('Whether a code was mailed now; else ask for it after a minute.'),
    }),
  ])
  .meta({ id: 'SignIn' });

function viewSignedIn({ person, csrf, session }: SignedIn): z.input<typeof signedInView> {
  return {
    state: 'signed_in',
    person: viewPerson(person),
    csrf,
    expiresAt: toRfc3339(session.expiresAt),
  };
}

function cookies({ cookies: all }: SignedIn | HalfSignedIn): AnswerHeaders {
  return { 'set-cookie': [...all] };
}

export function signInOperations(deps: Accounts): Operation[] {
  return [...setupOperations(deps), ...sessionOperations(deps), ...resetOperations(deps)];
}

function setupOperations(deps: Accounts): Operation[] {
  return [
    operation({
      method: 'GET',
      path: '/setup',
      operationId: 'getSetup',
      summary: 'Tell whether the first administrator is still to be made',
      tags,
      permission: 'public',
      answers: { 200: z.object({ needed: z.boolean() }).meta({ id: 'Setup' }) },
      refusals: [],
      run: async () => ({ status: 200, body: { needed: !(await hasAdmin(deps.db)) } }),
    }),
    operation({
      method: 'POST',
      path: '/setup',
      operationId: 'setUp',
      summary: 'Make the first administrator with the code that the server showed at its start',
      tags,
      permission: 'public',
      audit: 'none', // recorded as what the person did
      body: z.strictObject({
        code: z.string().max(100),
        email: emailSchema,
        name: nameSchema,
        password: passwordSchema,
      }),
      answers: { 201: signedInView },
      refusals: ['forbidden', 'conflict', 'rate_limited'],
      async run({ caller, body }) {
        const done = await setUp(deps, caller, body);
        return { status: 201, headers: cookies(done), body: viewSignedIn(done) };
      },
    }),
  ];
}

function sessionOperations(deps: Accounts): Operation[] {
  return [
    operation({
      method: 'POST',
      path: '/session',
      operationId: 'signIn',
      summary: 'Sign in with address and password; some people need a second step',
      tags,
      permission: 'public',
      audit: 'none', // recorded as what the person did
      body: z.strictObject({ email: emailSchema, password: passwordSchema }),
      answers: { 200: signInView },
      refusals: ['sign_in_failed', 'forbidden', 'rate_limited', 'overloaded'],
      async run({ caller, body }) {
        const done = await signIn(deps, caller, body);
        const shown =
          done.kind === 'signed_in'
            ? viewSignedIn(done)
            : { state: 'second_step' as const, method: done.method, codeMailed: done.codeMailed };
        return { status: 200, headers: cookies(done), body: shown };
      },
    }),
    operation({
      method: 'POST',
      path: '/session/code',
      operationId: 'finishSignIn',
      summary: 'Finish a sign-in with the code from mail or app, or with a recovery code',
      tags,
      permission: 'public',
      audit: 'none', // recorded as what the person did
      body: z.union([
        z.strictObject({ code: z.string().max(100) }),
        z.strictObject({ recoveryCode: z.string().max(100) }),
      ]),
      answers: { 200: signedInView },
      refusals: ['sign_in_failed', 'forbidden', 'rate_limited'],
      async run({ caller, body }) {
        const done = await finishSignIn(deps, caller, body);
        return { status: 200, headers: cookies(done), body: viewSignedIn(done) };
      },
    }),
    operation({
      method: 'POST',
      path: '/session/code/resend',
      operationId: 'resendSignInCode',
      summary: 'Mail another code; the earlier one no longer counts',
      tags,
      permission: 'public',
      audit: 'none', // the verification tells
      answers: { 204: z.undefined() },
      refusals: ['sign_in_failed', 'forbidden', 'conflict', 'rate_limited'],
      async run({ caller }) {
        await sendCodeAgain(deps, caller);
        return { status: 204 };
      },
    }),
    operation({
      method: 'DELETE',
      path: '/session',
      operationId: 'signOut',
      summary: 'End this session',
      tags,
      permission: 'account',
      audit: 'none', // its end is seen in the list of sessions
      answers: { 204: z.undefined() },
      refusals: [],
      async run({ principal }) {
        await endSessions(deps.db, principal.actorId, { only: principal.sessionId ?? '' });
        return { status: 204, headers: { 'set-cookie': [...SIGNED_OUT] } };
      },
    }),
  ];
}

function resetOperations(deps: Accounts): Operation[] {
  return [
    operation({
      method: 'POST',
      path: '/password-reset',
      operationId: 'requestPasswordReset',
      summary: 'Mail a link for a new password, if there is such an account; the answer is always the same',
      tags,
      permission: 'public',
      audit: 'none', // nothing is changed yet
      body: z.strictObject({ email: emailSchema }),
      answers: { 202: z.undefined() },
      refusals: ['forbidden', 'rate_limited'],
      async run({ caller, body }) {
        await requestReset(deps, caller, body.email);
        return { status: 202 };
      },
    }),
    operation({
      method: 'POST',
      path: '/password-reset/complete',
      operationId: 'completePasswordReset',
      summary: 'Set a new password with the token of the link; signs out everywhere and nobody in',
      tags,
      permission: 'public',
      audit: 'none', // recorded as what the person did
      body: z.strictObject({ token: tokenSchema, password: passwordSchema }),
      answers: { 204: z.undefined() },
      refusals: ['link_over', 'forbidden', 'overloaded'],
      async run({ caller, body }) {
        await completeReset(deps, caller, body);
        return { status: 204 };
      },
    }),
  ];
}
