/**
 * Verifications over the API. An application asks for one, and checks what its user brings back.
 */
import { z } from 'zod';
import { toRfc3339, type Clock } from '../base/clock.ts';
import { isId } from '../base/id.ts';
import { readEvents } from '../events/events.ts';
import { operation, type Operation } from '../http/http.ts';
import { mailboxSchema, metadataSchema } from '../messages/messages.ts';
import type { Db } from '../store/store.ts';
import { FLOW_NAMES } from '../tenants/tenants.ts';
import type { Verification } from './queries.ts';
import type { Verifications } from './verifications.ts';

export interface FlowDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly verifications: Verifications;
}

const tags = ['Verifications'];
const flow = z.enum(FLOW_NAMES).meta({ id: 'Flow' });
const subject = z.string().regex(/^[^\u0000-\u001f\u007f]{1,200}$/, {
  error: 'must be 1 to 200 characters without control characters',
});

const issueBody = z.strictObject({
  flow,
  to: mailboxSchema,
  subject: subject.optional().describe('Whom the application means by it, such as a user id.'),
  data: metadataSchema.optional().describe('Given back when it is approved.'),
});

const checkBody = z.union([
  z.strictObject({ token: z.string().max(200), flow: flow.optional() }),
  z.strictObject({ id: z.string().max(100), code: z.string().max(100), flow: flow.optional() }),
]);

const time = z.string();
const shown = {
  id: z.string(),
  flow,
  to: z.string(),
  subject: z.string().nullable(),
  state: z.enum(['pending', 'approved', 'expired', 'locked', 'superseded', 'revoked']),
  messageId: z.string().nullable().describe('The latest message that carried it.'),
  createdAt: time,
  expiresAt: time,
};
const verificationView = z.object(shown).meta({ id: 'Verification' });
const wholeView = z
  .object({
    ...shown,
    tries: z.number().describe('Codes that were tried.'),
    endedAt: time.nullable(),
    timeline: z.array(z.object({ at: time, type: z.string(), data: z.record(z.string(), z.unknown()) })),
  })
  .meta({ id: 'VerificationWithTimeline' });

const checkedView = z
  .object({
    status: z
      .enum(['approved', 'pending', 'expired', 'locked'])
      .describe('`expired` is the one answer to everything that cannot be approved.'),
    triesLeft: z.number().optional(),
    verification: z
      .object({
        id: z.string(),
        flow,
        to: z.string(),
        subject: z.string().nullable(),
        data: z.record(z.string(), z.string()),
      })
      .optional(),
  })
  .meta({ id: 'VerificationCheck' });

/** What does not have the form of an id is not asked for. */
const params = z.strictObject({ id: z.string().refine((id) => isId('ver', id)) });

export function flowOperations({ db, clock, verifications }: FlowDeps): Operation[] {
  const view = (one: Verification): z.input<typeof verificationView> => ({
    id: one.id,
    flow: one.flow,
    to: one.address,
    subject: one.subject === '' ? null : one.subject,
    state: one.state === 'pending' && one.expiresAt <= clock.now() ? 'expired' : one.state,
    messageId: one.messageId,
    createdAt: toRfc3339(one.createdAt),
    expiresAt: toRfc3339(one.expiresAt),
  });
  return [
    operation({
      method: 'POST',
      path: '/verifications',
      operationId: 'createVerification',
      summary: 'Mail a link or a code that proves an address; an earlier one for it no longer counts',
      tags,
      permission: 'messages:write',
      audit: 'none', // the verification's timeline is the record
      body: issueBody,
      answers: { 202: verificationView },
      refusals: ['rate_limited', 'storage_full', 'unavailable'],
      async run({ principal, body }) {
        const made = await verifications.issue(principal, {
          flow: body.flow,
          to: body.to,
          subject: body.subject ?? '',
          data: body.data ?? {},
        });
        return { status: 202, body: view(made) };
      },
    }),
    operation({
      method: 'POST',
      path: '/verifications/check',
      operationId: 'checkVerification',
      summary: 'Check a token, or an id with a code; a right one counts once',
      tags,
      permission: 'messages:write',
      audit: 'none', // the verification's timeline is the record
      body: checkBody,
      answers: { 200: checkedView },
      refusals: [],
      async run({ principal, body }) {
        const wanted = 'token' in body ? { token: body.token } : { id: body.id, code: body.code };
        const checked = await verifications.check(principal.tenantId, { ...wanted, flow: body.flow });
        if (checked.status === 'pending') return { status: 200, body: checked };
        if (checked.status !== 'approved') return { status: 200, body: { status: checked.status } };
        const { id, flow: ofFlow, address, subject: about, data } = checked.verification;
        return {
          status: 200,
          body: {
            status: 'approved' as const,
            verification: { id, flow: ofFlow, to: address, subject: about === '' ? null : about, data },
          },
        };
      },
    }),
    operation({
      method: 'GET',
      path: '/verifications/{id}',
      operationId: 'getVerification',
      summary: 'Show a verification and what happened to it; never its link or code',
      tags,
      permission: 'messages:read',
      params,
      answers: { 200: wholeView },
      refusals: ['not_found'],
      async run({ principal, params: { id } }) {
        const one = await verifications.get(principal.tenantId, id);
        const events = await readEvents(db, principal.tenantId, id);
        return {
          status: 200,
          body: {
            ...view(one),
            tries: one.tries,
            endedAt: one.endedAt === null ? null : toRfc3339(one.endedAt),
            timeline: events.map(({ at, type, data }) => ({ at: toRfc3339(at), type, data })),
          },
        };
      },
    }),
    operation({
      method: 'POST',
      path: '/verifications/{id}/resend',
      operationId: 'resendVerification',
      summary: 'Mail a new link or code; the old one no longer counts',
      tags,
      permission: 'messages:write',
      audit: 'none', // the verification's timeline is the record
      params,
      answers: { 202: verificationView },
      refusals: ['not_found', 'conflict', 'rate_limited', 'storage_full', 'unavailable'],
      run: async ({ principal, params: { id } }) => ({
        status: 202,
        body: view(await verifications.resend(principal, id)),
      }),
    }),
    operation({
      method: 'POST',
      path: '/verifications/{id}/revoke',
      operationId: 'revokeVerification',
      summary: 'End a verification: its link and code no longer count',
      tags,
      permission: 'messages:write',
      audit: 'none', // the verification's timeline is the record
      params,
      answers: { 200: verificationView },
      refusals: ['not_found', 'conflict'],
      run: async ({ principal, params: { id } }) => ({
        status: 200,
        body: view(await verifications.revoke(principal, id)),
      }),
    }),
  ];
}
