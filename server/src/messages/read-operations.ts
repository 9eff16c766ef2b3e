/**
 * Reading over the API: lists with the query language, one message, its octets, and why it goes where it goes.
 * Next: reader.ts
 */
import { Readable } from 'node:stream';
import { z } from 'zod';
import {
  messageState,
  openedContent,
  SEALED,
  SECRET,
  SENSITIVE,
  type Delivery,
} from '../delivery/delivery.ts';
import {
  operation,
  pageAnswer,
  pageOf,
  pageQuery,
  problem,
  rawAnswer,
  readCursor,
  type Operation,
  type Principal,
} from '../http/http.ts';
import type { KeyRing } from '../secrets/secrets.ts';
import type { Db } from '../store/store.ts';
import { forPrincipal, listedFor, whyFor, type OwnsConnection } from './of-the-instance.ts';
import type { AcceptDeps } from './accept.ts';
import { parseQuery } from './query-language.ts';
import { listMessages } from './list-queries.ts';
import { readRecipients, type MessageRow } from './read-queries.ts';
import { messageParams, mustRead, readSummaries, readWhole } from './reader.ts';
import { messageView, summaryView } from './view.ts';

type ReadDeps = Pick<AcceptDeps, 'db' | 'clock'>;

export interface SourceDeps {
  readonly keyRing: Pick<KeyRing, 'open'>;
}

const tags = ['Messages'] as const;

export function listOperation({ db, clock }: ReadDeps): Operation {
  return operation({
    method: 'GET',
    path: '/messages',
    operationId: 'listMessages',
    summary: 'List messages, newest first',
    description:
      'Filters in `q`: `status: to: tag: class: id: since: until:` and words of the subject; `-` negates, `,` is or.',
    tags,
    permission: 'messages:read',
    query: z.strictObject({ ...pageQuery, q: z.string().default('') }),
    answers: { 200: pageAnswer(summaryView) },
    refusals: [],
    async run({ principal, query }) {
      const { filters, complaints } = parseQuery(query.q, clock.now());
      const [complaint] = complaints;
      if (complaint !== undefined) {
        throw problem('invalid_request', {
          detail: `In q, “${complaint.part}” ${complaint.message}.`,
          errors: complaints.map(({ part, message }) => ({ path: '?q', message: `“${part}” ${message}` })),
        });
      }
      const before = readCursor(query.cursor, 'msg');
      const rows = await listMessages(db, {
        tenantId: principal.tenantId,
        filters,
        before,
        limit: query.limit + 1,
      });
      const page = pageOf(rows, query.limit, (row) => row.id);
      return {
        status: 200,
        body: { items: listedFor(principal, await readSummaries(db, page.items)), next: page.next },
      };
    },
  });
}

export function getOperation({ db }: ReadDeps, owns: OwnsConnection): Operation {
  return operation({
    method: 'GET',
    path: '/messages/{id}',
    operationId: 'getMessage',
    summary: 'Show one message with its recipients, attempts and timeline',
    tags,
    permission: 'messages:read',
    params: messageParams,
    answers: { 200: messageView },
    refusals: ['not_found'],
    run: async ({ principal, params }) => ({
      status: 200,
      body: forPrincipal(principal, await readWhole(db, principal.tenantId, params.id), owns),
    }),
  });
}

/** Who may look at what only its recipient should see; and not without saying why. */
const WITH_REASON: ReadonlySet<Principal['role']> = new Set(['instance_admin', 'operator', 'tenant_admin']);

/**
 * Links and codes are for their recipient only. What was captured went to nobody, and is there to be looked at; not what
 * opens this server itself: who reads it could become somebody else.
 */
async function refuseSensitive(
  db: Db,
  row: MessageRow,
  { role }: Principal,
  reason: string | undefined,
): Promise<void> {
  if ((row.content_flags & SENSITIVE) === 0) return;
  const opensThisServer = (row.content_flags & SECRET) !== 0;
  const recipients = await readRecipients(db, [row.id]);
  if (!opensThisServer && recipients.every(({ state }) => state === 'captured')) return;
  const may = WITH_REASON.has(role) && !opensThisServer;
  if (may && reason !== undefined) return;
  const how = may ? ' Give a reason to see it nevertheless; it is recorded.' : '';
  throw problem('forbidden', {
    detail: `The message carries a link or a code that only its recipient may see.${how}`,
    ...(how !== '' && { errors: [{ path: '?reason', message: 'must say why' }] }),
  });
}

export function sourceOperation({ db, keyRing }: ReadDeps & SourceDeps): Operation {
  return operation({
    method: 'GET',
    path: '/messages/{id}/source',
    operationId: 'getMessageSource',
    summary: 'Show the message as it is sent (RFC 5322)',
    description:
      'What carries a link or a code for its recipient is shown to an admin or an operator only, with `reason`, which is ' +
      'kept in the audit log.',
    tags,
    permission: 'messages:body',
    audit: { thing: 'message' },
    params: messageParams,
    query: z.strictObject({ reason: z.string().trim().min(1).max(500).optional() }),
    answers: { 200: rawAnswer('message/rfc822') },
    refusals: ['not_found', 'forbidden'],
    async run({ principal, params, query }) {
      const row = await mustRead(db, principal.tenantId, params.id);
      await refuseSensitive(db, row, principal, query.reason);
      const sealed = (row.content_flags & SEALED) !== 0;
      const letter = { tenantId: principal.tenantId, id: params.id, sealed };
      return {
        status: 200,
        headers: { 'content-disposition': `attachment; filename="${params.id}.eml"` },
        body: Readable.from(openedContent(db, keyRing, letter)),
      };
    },
  });
}

export function explainOperation({ db }: ReadDeps, delivery: Delivery): Operation {
  return operation({
    method: 'GET',
    path: '/messages/{id}/explain',
    operationId: 'explainMessage',
    summary: 'Say which connection the message would take now, and why',
    tags,
    permission: 'messages:read',
    params: messageParams,
    answers: {
      200: z.object({
        state: z.string(),
        /** Why it is kept here and not sent, as things are now; null when it would be sent. */
        kept: z.string().nullable(),
        route: z.object({
          connection: z.string().nullable(),
          reason: z.string().nullable(),
          considered: z.array(z.object({ connection: z.string(), verdict: z.string(), why: z.string() })),
        }),
      }),
    },
    refusals: ['not_found'],
    async run({ principal, params }) {
      const row = await mustRead(db, principal.tenantId, params.id);
      const recipients = await readRecipients(db, [row.id]);
      const letter = await delivery.load(principal.tenantId, row.id);
      if (letter === undefined) throw problem('not_found', { detail: `There is no message ${params.id}.` });
      const choice = delivery.explain(letter);
      return {
        status: 200,
        body: {
          state: messageState(recipients.map((recipient) => recipient.state)),
          kept: delivery.keptBecause(letter) ?? null,
          route: {
            connection: choice.kind === 'chosen' ? choice.candidate.name : null,
            reason: choice.kind === 'none' ? choice.reason : null,
            considered: choice.considered.map((one) => ({ ...one, why: whyFor(principal, one.why) })),
          },
        },
      };
    },
  });
}
