/**
 * Verifications and notices over the API. An application asks for one, and checks what its user brings back.
 * Next: landing.ts
 */
import { z } from 'zod';
import { toRfc3339 } from '../base/clock.ts';
import { isId } from '../base/id.ts';
import { readEvents } from '../events/events.ts';
import { operation, type Operation } from '../http/http.ts';
import { mailboxSchema, metadataSchema } from '../messages/messages.ts';
import { FLOW_NAMES, NOTICE_NAMES } from '../tenants/tenants.ts';
import { landingOperations, type LandingDeps } from './landing.ts';
import { NOTICE_SUBJECTS } from './notice-words.ts';
import { sendNotice, type NoticeDeps } from './notices.ts';
import type { Verification } from './queries.ts';
import type { Verifications } from './verifications.ts';

export interface FlowDeps extends NoticeDeps, LandingDeps {
  readonly verifications: Verifications;
}

const tags = ['Verifications'];
const NOTICE_LINES_MAX = 10;
const flow = z.enum(FLOW_NAMES).meta({ id: 'Flow' });
const subject = z.string().regex(/^[^\u0000-\u001f\u007f]{1,200}$/, {
  error: 'must be 1 to 200 characters without control characters',
});

const locale = z
  .string()
  .regex(/^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,5}$/, {
    error: 'must be a language tag such as "de" or "en-GB"',
  })
  .describe('Language of the mail; the nearest of those there are, else that of the setting `locale`.');
const clientAddress = z
  .union([z.ipv4(), z.ipv6()], { error: 'must be an IPv4 or IPv6 address' })
  .describe(
    'Where the request came to the application from, when a stranger set it off: limits per client and per mailbox hold then.',
  );

const issueBody = z.strictObject({
  flow,
  to: mailboxSchema,
  subject: subject.optional().describe('Whom the application means by it, such as a user id.'),
  data: metadataSchema
    .optional()
    .describe('Given back when it is approved. `name` greets the person in the mail.'),
  locale: locale.optional(),
  clientAddress: clientAddress.optional(),
});
const resendBody = z.strictObject({ clientAddress: clientAddress.optional() }).prefault({});

const notice = z.enum(NOTICE_NAMES);
const noticeBody = z.strictObject({
  flow: notice,
  about: z.enum(NOTICE_SUBJECTS).describe('What became of the account.'),
  to: mailboxSchema,
  data: z
    .record(z.string().max(100), z.string().max(1_000))
    .refine((value) => Object.keys(value).length <= NOTICE_LINES_MAX, {
      error: `has more than ${String(NOTICE_LINES_MAX)} fields`,
    })
    .optional()
    .describe('Lines of the mail, each cut to 100 characters and without links. `name` greets the person.'),
  locale: locale.optional(),
  clientAddress: clientAddress.optional(),
});
const noticeView = z
  .object({ flow: notice, to: z.string(), messageId: z.string() })
  .meta({ id: 'Notice', description: 'A notice that was accepted, and the message that carries it.' });

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

export function flowOperations(deps: FlowDeps): Operation[] {
  return [...verificationOperations(deps), noticeOperation(deps), ...landingOperations(deps)];
}

function noticeOperation(deps: FlowDeps): Operation {
  return operation({
    method: 'POST',
    path: '/notices',
    operationId: 'createNotice',
    summary: 'Mail a person what became of their account; nothing is proved by it',
    tags: ['Notices'],
    permission: 'messages:write',
    audit: 'none', // the message tells
    body: noticeBody,
    answers: { 202: noticeView },
    refusals: ['rate_limited', 'storage_full', 'unavailable'],
    async run({ principal, body }) {
      const sent = await sendNotice(deps, principal, { ...body, data: body.data ?? {} });
      return { status: 202, body: { flow: body.flow, ...sent } };
    },
  });
}

function verificationOperations({ db, clock, verifications }: FlowDeps): Operation[] {
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
          locale: body.locale,
          clientAddress: body.clientAddress,
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
      body: resendBody,
      answers: { 202: verificationView },
      refusals: ['not_found', 'conflict', 'rate_limited', 'storage_full', 'unavailable'],
      run: async ({ principal, params: { id }, body }) => ({
        status: 202,
        body: view(await verifications.resend(principal, id, body.clientAddress)),
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
