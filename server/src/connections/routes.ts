/**
 * The API of connections (instance scope and a tenant's own). Secrets go in and never come out.
 * Next: revision-routes.ts
 */
import { z } from 'zod';
import { connectionPatch, connectionSettings, type Config } from '../config/config.ts';
import { operation, pageAnswer, type Operation } from '../http/http.ts';
import { connectOperations } from './connect-operations.ts';
import type { Connections } from './connections.ts';
import { activationOf, activationQuery, revisionOperations } from './revision-routes.ts';
import { secretOperations } from './secret-routes.ts';
import { refuseUnverified } from './unverified.ts';
import { audited, connectionView, idParams, mustFind, viewConnection, viewConnections } from './view.ts';

const tags = ['Connections'] as const;
const namedSettings = connectionSettings.meta({ id: 'ConnectionInput' });
const namedPatch = connectionPatch
  .extend({
    revision: z.number().int().min(1).optional().meta({
      description: 'Number of the newest revision that you have seen; another one is answered with 409.',
    }),
  })
  .meta({ id: 'ConnectionPatch' });

export function connectionOperations(connections: Connections, config: () => Config): Operation[] {
  return [
    listing(connections),
    creating(connections),
    showing(connections),
    patching(connections),
    removing(connections),
    pausing(connections, 'pause'),
    pausing(connections, 'resume'),
    ...connectOperations({ connections, config }),
    ...revisionOperations(connections),
    ...secretOperations(connections),
  ];
}

function creating(connections: Connections): Operation {
  return operation({
    method: 'POST',
    path: '/connections',
    operationId: 'createConnection',
    summary: 'Make a connection: a draft, which sends once it is activated',
    tags,
    permission: 'connections:write',
    audit: audited(connections),
    query: activationQuery,
    body: namedSettings,
    answers: { 201: connectionView },
    refusals: ['conflict', 'not_proved', 'locked'],
    async run({ principal, query, body }) {
      refuseUnverified(principal, body);
      const saving = { by: principal.actorId, activate: activationOf(query) };
      const made = await connections.create(principal.tenantId, body, saving);
      return { status: 201, body: await viewConnection(connections, made) };
    },
  });
}

function showing(connections: Connections): Operation {
  return operation({
    method: 'GET',
    path: '/connections/{id}',
    operationId: 'getConnection',
    summary: 'Show one connection, by id or name',
    tags,
    permission: 'connections:read',
    params: idParams,
    answers: { 200: connectionView },
    refusals: ['not_found'],
    async run({ principal, params }) {
      const found = mustFind(connections, principal, params.id);
      return { status: 200, body: await viewConnection(connections, found) };
    },
  });
}

function patching(connections: Connections): Operation {
  return operation({
    method: 'PATCH',
    path: '/connections/{id}',
    operationId: 'patchConnection',
    summary:
      'Change settings; absent keeps, null clears. A secret whose destination changes must be given again',
    description:
      'Makes a new draft on top of what is newest; what is in force goes on until the draft is activated. A change that ' +
      'does not concern the conversation with the server (name, notes, priority, senders, rate, pool, secretExpiresOn) ' +
      'is in force at once, unless a draft waits.',
    tags,
    permission: 'connections:write',
    audit: audited(connections),
    params: idParams,
    query: activationQuery,
    body: namedPatch,
    answers: { 200: connectionView },
    refusals: ['not_found', 'conflict', 'not_proved', 'secret_required', 'managed_by_file', 'locked'],
    async run({ principal, params, query, body }) {
      const { revision, ...patch } = body;
      refuseUnverified(principal, patch);
      const saving = { by: principal.actorId, revision, activate: activationOf(query) };
      const changed = await connections.patch(principal.tenantId, params.id, patch, saving);
      return { status: 200, body: await viewConnection(connections, changed) };
    },
  });
}

function removing(connections: Connections): Operation {
  return operation({
    method: 'DELETE',
    path: '/connections/{id}',
    operationId: 'deleteConnection',
    summary: 'Remove a connection; its waiting mail takes another or is held',
    tags,
    permission: 'connections:write',
    audit: audited(connections),
    params: idParams,
    answers: { 204: z.undefined() },
    refusals: ['not_found', 'managed_by_file'],
    async run({ principal, params }) {
      await connections.remove(principal.tenantId, params.id);
      return { status: 204 };
    },
  });
}

function pausing(connections: Connections, verb: 'pause' | 'resume'): Operation {
  return operation({
    method: 'POST',
    path: `/connections/{id}/${verb}`,
    operationId: `${verb}Connection`,
    summary:
      verb === 'pause'
        ? 'Send nothing over this connection until it is resumed'
        : 'Send over this connection again',
    tags,
    permission: 'connections:write',
    audit: audited(connections),
    params: idParams,
    answers: { 200: connectionView },
    refusals: ['not_found'],
    async run({ principal, params }) {
      const changed = await connections.setPaused(principal.tenantId, params.id, verb === 'pause');
      return { status: 200, body: await viewConnection(connections, changed) };
    },
  });
}

function listing(connections: Connections): Operation {
  return operation({
    method: 'GET',
    path: '/connections',
    operationId: 'listConnections',
    summary: 'List the connections',
    tags,
    permission: 'connections:read',
    answers: { 200: pageAnswer(connectionView) },
    refusals: [],
    async run({ principal }) {
      const items = await viewConnections(connections, connections.list(principal.tenantId));
      return { status: 200, body: { items, next: null } };
    },
  });
}
