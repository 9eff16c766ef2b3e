/**
 * Senders over the API: a tenant claims an address or a domain, proves it in the DNS, and may send as it from then on.
 */
import { z } from 'zod';
import { toRfc3339 } from '../base/clock.ts';
import { operation, problem, type Audit, type Operation, type Principal } from '../http/http.ts';
import { parseListEntry } from '../mail/mail.ts';
import type { SenderClaim } from './sender-queries.ts';
import { proofOf, type Senders } from './senders.ts';
import { INSTANCE_TENANT_ID } from './tenant.ts';

const tags = ['Senders'];
const params = z.strictObject({ id: z.string().max(100) });

const senderView = z
  .object({
    id: z.string(),
    sender: z.string().describe('An address, or `@domain` for all addresses of it; not of its subdomains.'),
    state: z.enum(['pending', 'verified']),
    record: z
      .object({ type: z.literal('TXT'), name: z.string(), value: z.string() })
      .describe('Publish this in the DNS, and have it checked.'),
    found: z
      .enum(['proof', 'nothing', 'other', 'no_answer'])
      .nullable()
      .describe('What the last check found: the record, none at all, others, or no answer from the DNS.'),
    checkedAt: z.string().nullable(),
    verifiedAt: z.string().nullable(),
    createdAt: z.string(),
  })
  .meta({ id: 'Sender', description: 'An address or a domain that a tenant claims to send as.' });

const senderInput = z
  .strictObject({
    sender: z
      .string()
      .max(320)
      .transform((text, context) => {
        const entry = parseListEntry(text);
        if (entry.ok) return entry;
        context.addIssue({ code: 'custom', message: entry.message });
        return z.NEVER;
      }),
    verified: z
      .boolean()
      .default(false)
      .describe('Grant it without a proof: for people of the instance that act in the tenant.'),
  })
  .meta({ id: 'SenderInput' });

export function senderOperations({ senders }: { readonly senders: Senders }): Operation[] {
  const one = { tags, params, answers: { 200: senderView } } as const;
  const audit: Audit = {
    thing: 'sender',
    view: async ({ tenantId }, id) => view(await senders.claim(tenantId, id)),
  };
  return [
    operation({
      method: 'GET',
      path: '/senders',
      operationId: 'listSenders',
      summary: 'List the addresses and domains that this tenant claims to send as',
      tags,
      permission: 'settings:read',
      answers: { 200: z.object({ items: z.array(senderView) }) },
      refusals: [],
      async run({ principal }) {
        return { status: 200, body: { items: (await senders.claims(principal.tenantId)).map(view) } };
      },
    }),
    operation({
      method: 'POST',
      path: '/senders',
      operationId: 'createSender',
      summary: 'Claim an address or a domain to send as',
      tags,
      permission: 'settings:write',
      audit,
      body: senderInput,
      answers: { 201: senderView },
      refusals: ['conflict'],
      async run({ principal, body }) {
        const { tenantId, actorId } = principal;
        refuseInstance(principal);
        if (body.verified) refuseGrant(principal);
        return { status: 201, body: view(await senders.add(tenantId, body.sender, actorId, body.verified)) };
      },
    }),
    operation({
      ...one,
      method: 'GET',
      path: '/senders/{id}',
      operationId: 'getSender',
      summary: 'Show one claim with the record that proves it',
      permission: 'settings:read',
      refusals: ['not_found'],
      async run({ principal, params: { id } }) {
        return { status: 200, body: view(await senders.claim(principal.tenantId, id)) };
      },
    }),
    operation({
      ...one,
      method: 'POST',
      path: '/senders/{id}/check',
      operationId: 'checkSender',
      summary: 'Look for the proof in the DNS',
      description: 'Answers what was found; a claim that is proved stays so.',
      permission: 'settings:write',
      audit,
      refusals: ['not_found', 'conflict', 'rate_limited'],
      async run({ principal, params: { id } }) {
        return { status: 200, body: view(await senders.check(principal.tenantId, id)) };
      },
    }),
    operation({
      method: 'DELETE',
      path: '/senders/{id}',
      operationId: 'deleteSender',
      summary: 'Give a claim up; nothing new is sent as it',
      tags,
      permission: 'settings:write',
      audit,
      params,
      answers: { 204: z.undefined() },
      refusals: ['not_found'],
      async run({ principal, params: { id } }) {
        await senders.remove(principal.tenantId, id);
        return { status: 204 };
      },
    }),
  ];
}

function view(claim: SenderClaim): z.input<typeof senderView> {
  const at = (time: number | null) => (time === null ? null : toRfc3339(time));
  return {
    id: claim.id,
    sender: claim.sender,
    state: claim.state,
    record: { type: 'TXT', ...proofOf(claim) },
    found: claim.found,
    checkedAt: at(claim.checkedAt),
    verifiedAt: at(claim.verifiedAt),
    createdAt: toRfc3339(claim.createdAt),
  };
}

function refuseInstance({ tenantId }: Principal): void {
  if (tenantId !== INSTANCE_TENANT_ID) return;
  throw problem('invalid_request', {
    detail: 'The instance sends as it likes. Name the tenant that claims the sender in Posthorn-Tenant.',
    errors: [{ path: 'Posthorn-Tenant', message: 'must name the tenant that claims the sender' }],
  });
}

function refuseGrant({ homeTenantId }: Principal): void {
  if (homeTenantId === INSTANCE_TENANT_ID) return;
  throw problem('forbidden', {
    detail: 'Only people of the instance grant a sender without a proof. Publish the record, and check it.',
    errors: [{ path: 'verified', message: 'is set by the people of the instance only' }],
  });
}
