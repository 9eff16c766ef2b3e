/**
 * The API of revisions: activate, switch off, look back, go back.
 * Next: history.ts
 */
import { z } from 'zod';
import { SECRET_FIELDS, type SecretField } from '../config/config.ts';
import {
  operation,
  pageAnswer,
  pageOf,
  pageQuery,
  problem,
  readCursor,
  type Operation,
} from '../http/http.ts';
import type { Connections } from './connections.ts';
import { revisionView, viewPast, viewWhole, wholeRevisionView } from './revision-view.ts';
import type { Activate } from './revisions.ts';
import { refuseUnverified } from './unverified.ts';
import { audited, connectionView, idParams, mustFind, viewConnection } from './view.ts';

const REASON_MAX = 500;
const tags = ['Connections'] as const;
const reason = z.string().trim().max(REASON_MAX);
const number = z.number().int().min(1);
const revisionParams = z.strictObject({ id: z.string(), revision: z.coerce.number().int().min(1) });

/** For operations that save: whether what was saved is in force right away. */
export const activationQuery = z.strictObject({
  activate: z.enum(['true', 'false']).optional().meta({
    description: 'Puts it in force, if a test of exactly these values has passed; else nothing is saved.',
  }),
  force: z.enum(['true', 'false']).optional().meta({
    description: 'Puts it in force without a passing test. Needs `reason`, which is recorded.',
  }),
  reason: reason.optional(),
});

export function activationOf(query: z.output<typeof activationQuery>): Activate | undefined {
  const forced = query.force === 'true';
  if (!forced && query.activate !== 'true') return undefined;
  return { force: forceOf(forced, query.reason, '?reason') };
}

function forceOf(forced: boolean, given: string | undefined, path: string): string | undefined {
  if (!forced) return undefined;
  if (given !== undefined && given !== '') return given;
  throw problem('invalid_request', {
    detail: 'Activating without a passing test needs a reason; it is recorded.',
    errors: [{ path, message: 'must say why' }],
  });
}

const activateBody = z
  .strictObject({
    revision: number.optional().meta({ description: 'The draft, when absent.' }),
    force: z.boolean().optional(),
    reason: reason.optional(),
  })
  .default({})
  .meta({ id: 'Activation' });

const given = Object.fromEntries(SECRET_FIELDS.map((name) => [name, z.string().min(1).optional()]));
const restoreBody = z
  .strictObject({
    ...(given as Record<SecretField, z.ZodOptional<z.ZodString>>), // as many as there are fields
    newest: number.optional().meta({
      description: 'Number of the newest revision that you have seen; another one is answered with 409.',
    }),
  })
  .default({})
  .meta({ id: 'Restoration', description: 'Secrets of that time that are not kept any more.' });

export function revisionOperations(connections: Connections): Operation[] {
  return [
    activating(connections),
    deactivating(connections),
    listing(connections),
    showing(connections),
    restoring(connections),
  ];
}

function activating(connections: Connections): Operation {
  return operation({
    method: 'POST',
    path: '/connections/{id}/activate',
    operationId: 'activateConnection',
    summary:
      'Put saved settings in force: needs a passing test of exactly these values, or force and a reason',
    tags,
    permission: 'connections:write',
    audit: audited(connections),
    params: idParams,
    body: activateBody,
    answers: { 200: connectionView },
    refusals: ['not_found', 'conflict', 'not_proved', 'managed_by_file', 'locked'],
    async run({ principal, params, body }) {
      const force = forceOf(body.force === true, body.reason, 'reason');
      const what = { by: principal.actorId, revision: body.revision, force };
      const changed = await connections.activate(principal.tenantId, params.id, what);
      return { status: 200, body: await viewConnection(connections, changed) };
    },
  });
}

function deactivating(connections: Connections): Operation {
  return operation({
    method: 'POST',
    path: '/connections/{id}/deactivate',
    operationId: 'deactivateConnection',
    summary: 'Take a connection out of use; mail goes as if it were not there, until it is activated again',
    tags,
    permission: 'connections:write',
    audit: audited(connections),
    params: idParams,
    answers: { 200: connectionView },
    refusals: ['not_found', 'conflict', 'managed_by_file', 'locked'],
    async run({ principal, params }) {
      const changed = await connections.deactivate(principal.tenantId, params.id, principal.actorId);
      return { status: 200, body: await viewConnection(connections, changed) };
    },
  });
}

function listing(connections: Connections): Operation {
  return operation({
    method: 'GET',
    path: '/connections/{id}/revisions',
    operationId: 'listConnectionRevisions',
    summary: 'What became of the settings, newest first: who, when, what, and how it was proved',
    tags,
    permission: 'connections:read',
    params: idParams,
    query: z.strictObject(pageQuery),
    answers: { 200: pageAnswer(revisionView) },
    refusals: ['not_found'],
    async run({ principal, params, query }) {
      const connection = mustFind(connections, principal, params.id);
      const after = readCursor(query.cursor, 'rev');
      const rows = await connections.history(connection, { after, limit: query.limit });
      const { items, next } = pageOf(rows, query.limit, ({ revision }) => revision.id);
      return { status: 200, body: { items: items.map(viewPast), next } };
    },
  });
}

function showing(connections: Connections): Operation {
  return operation({
    method: 'GET',
    path: '/connections/{id}/revisions/{revision}',
    operationId: 'getConnectionRevision',
    summary: 'One revision with all its settings',
    tags,
    permission: 'connections:read',
    params: revisionParams,
    answers: { 200: wholeRevisionView },
    refusals: ['not_found'],
    async run({ principal, params }) {
      const connection = mustFind(connections, principal, params.id);
      const past = await connections.past(connection, params.revision);
      return { status: 200, body: viewWhole(past) };
    },
  });
}

function restoring(connections: Connections): Operation {
  return operation({
    method: 'POST',
    path: '/connections/{id}/revisions/{revision}/restore',
    operationId: 'restoreConnectionRevision',
    summary: 'Make a new draft of the values of an earlier revision',
    tags,
    permission: 'connections:write',
    audit: audited(connections),
    params: revisionParams,
    query: activationQuery,
    body: restoreBody,
    answers: { 200: connectionView },
    refusals: ['not_found', 'conflict', 'not_proved', 'secret_required', 'managed_by_file', 'locked'],
    async run({ principal, params, query, body }) {
      const { newest, ...secrets } = body;
      const found = mustFind(connections, principal, params.id);
      refuseUnverified(principal, (await connections.past(found, params.revision)).revision.settings);
      const changed = await connections.restore(principal.tenantId, params.id, {
        ...{ of: params.revision, secrets, by: principal.actorId, revision: newest },
        activate: activationOf(query),
      });
      return { status: 200, body: await viewConnection(connections, changed) };
    },
  });
}
