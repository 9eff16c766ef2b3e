/**
 * The audit log over the API: read, filtered, exported, and checked. A tenant sees its own; of the instance's people it is
 * told that they acted, and not who they are. Next: audit.ts
 */
import { Readable } from 'node:stream';
import { z } from 'zod';
import { toRfc3339, type Clock } from '../base/clock.ts';
import { isId } from '../base/id.ts';
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
import type { Db } from '../store/store.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import { entriesBefore, entryById, type AuditFilter, type AuditRow } from './audit-queries.ts';
import { verifyAudit, walk } from './audit.ts';
import { timeIn } from './key-view.ts';

export interface AuditOperationDeps {
  readonly db: Db;
  readonly clock: Clock;
}

const tags = ['Audit log'];

const entryView = z
  .object({
    id: z.string(),
    seq: z.number().describe('Its place in the chain.'),
    at: z.string(),
    actor: z.object({
      id: z.string().nullable(),
      name: z.string(),
      kind: z
        .enum(['key', 'person', 'local', 'public'])
        .describe('`local`: a command on the machine itself; `public`: somebody with a link.'),
      ofInstance: z.boolean(),
    }),
    via: z.enum(['api', 'console', 'cli', 'page']),
    address: z.string().nullable(),
    userAgent: z.string().nullable(),
    operation: z.string().describe('The `operationId` of this document.'),
    thing: z.object({ type: z.string(), id: z.string().nullable() }),
    changes: z.array(
      z.union([
        z
          .object({ path: z.string(), changed: z.literal(true) })
          .describe('A secret: never what it was or is.'),
        z.object({ path: z.string(), before: z.unknown().optional(), after: z.unknown().optional() }),
      ]),
    ),
    reason: z.string().nullable(),
    hash: z.string().describe('SHA-256 of this entry and the one before.'),
  })
  .meta({ id: 'AuditEntry', description: 'One change: who, what, when, from where, and why.' });

const text = z.string().min(1).max(200);
const filters = {
  actor: text.optional().describe('Id of a key or a person.'),
  operation: text.optional(),
  thing: text.optional().describe('A kind of thing, such as `connection`, or the id of one.'),
  since: timeIn.optional(),
  until: timeIn.optional(),
};

export function auditOperations({ db }: AuditOperationDeps): Operation[] {
  return [listing(db), exporting(db), showing(db), verifying(db)];
}

function listing(db: Db): Operation {
  return operation({
    method: 'GET',
    path: '/audit',
    operationId: 'listAudit',
    summary: 'List what was changed, newest first',
    tags,
    permission: 'audit:read',
    query: z.strictObject({ ...pageQuery, ...filters }),
    answers: { 200: pageAnswer(entryView) },
    refusals: [],
    async run({ principal, query: { limit, cursor, ...filter } }) {
      const before = readCursor(cursor, 'aud');
      const rows = await entriesBefore(db, principal.tenantId, known(principal, filter), {
        before,
        limit: limit + 1,
      });
      const { items, next } = pageOf(rows, limit, ({ id }) => id);
      return { status: 200, body: { items: items.map((row) => viewEntry(row, principal)), next } };
    },
  });
}

function exporting(db: Db): Operation {
  return operation({
    method: 'GET',
    path: '/audit/export',
    operationId: 'exportAudit',
    summary: 'Export what was changed, oldest first, one JSON object a line',
    tags,
    permission: 'audit:read',
    query: z.strictObject(filters),
    answers: { 200: rawAnswer('application/x-ndjson') },
    refusals: [],
    run({ principal, query }) {
      return Promise.resolve({
        status: 200,
        headers: { 'content-disposition': 'attachment; filename="audit.ndjson"' },
        body: Readable.from(lines(db, principal, known(principal, query))),
      });
    },
  });
}

async function* lines(db: Db, principal: Principal, filter: AuditFilter) {
  for await (const row of walk(db, principal.tenantId, filter))
    yield `${JSON.stringify(viewEntry(row, principal))}\n`;
}

function showing(db: Db): Operation {
  return operation({
    method: 'GET',
    path: '/audit/{id}',
    operationId: 'getAuditEntry',
    summary: 'Show one entry',
    tags,
    permission: 'audit:read',
    params: z.strictObject({ id: z.string().refine((id) => isId('aud', id)) }),
    answers: { 200: entryView },
    refusals: ['not_found'],
    async run({ principal, params: { id } }) {
      const row = await entryById(db, principal.tenantId, id);
      if (row === undefined) throw problem('not_found', { detail: `There is no entry ${id}.` });
      return { status: 200, body: viewEntry(row, principal) };
    },
  });
}

function verifying(db: Db): Operation {
  return operation({
    method: 'POST',
    path: '/audit/verify',
    operationId: 'verifyAudit',
    summary: 'Check that no entry was changed, left out or put in later',
    description:
      'Note `head` somewhere else: whoever can write the database could write the whole chain anew, and only an older ' +
      '`head` shows that.',
    tags,
    permission: 'audit:read',
    audit: 'none', // looks, and changes nothing
    answers: {
      200: z
        .object({
          ok: z.boolean(),
          checked: z.number(),
          head: z.object({ seq: z.number(), hash: z.string() }).nullable(),
          brokenAt: z
            .number()
            .optional()
            .describe('The first place in the chain that is not as it was written.'),
        })
        .meta({ id: 'AuditVerification' }),
    },
    refusals: [],
    run: async ({ principal }) => ({ status: 200, body: await verifyAudit(db, principal.tenantId) }),
  });
}

const isOfInstance = (row: AuditRow): boolean => row.actor_home === INSTANCE_TENANT_ID;

/** Whether this reader is told who of the instance it was. */
function seesInstance({ homeTenantId }: Principal): boolean {
  return homeTenantId === INSTANCE_TENANT_ID;
}

/** Somebody whom one is not told of cannot be asked for by name either. */
function known(principal: Principal, filter: AuditFilter): AuditFilter {
  return seesInstance(principal)
    ? filter
    : { ...filter, ...(filter.actor !== undefined && { home: principal.homeTenantId }) };
}

function viewEntry(row: AuditRow, principal: Principal): z.input<typeof entryView> {
  const hidden = isOfInstance(row) && !seesInstance(principal);
  return {
    ...{ id: row.id, seq: row.seq, at: toRfc3339(row.at), via: row.via, operation: row.operation },
    actor: {
      id: hidden ? null : row.actor_id,
      name: hidden ? 'the instance' : row.actor_name,
      kind: row.actor_kind,
      ofInstance: isOfInstance(row),
    },
    address: hidden ? null : row.address,
    userAgent: hidden ? null : row.agent,
    thing: { type: row.thing_type, id: row.thing_id },
    changes: JSON.parse(row.changes) as z.input<typeof entryView>['changes'], // our own writing
    reason: row.reason,
    hash: row.hash,
  };
}
