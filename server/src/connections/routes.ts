/**
 * The API of connections (instance scope and a tenant's own). Secrets go in and never come out.
 */
import { z } from 'zod';
import { toRfc3339 } from '../base/clock.ts';
import {
  CONNECTION_TYPES,
  connectionPatch,
  connectionPort,
  connectionSettings,
  SECRET_FIELDS,
  secretFieldsOf,
  type SecretField,
} from '../config/config.ts';
import { operation, pageAnswer, problem, type Operation, type Principal } from '../http/http.ts';
import type { Connections } from './connections.ts';
import type { Connection } from './connection.ts';

const idParams = z.strictObject({ id: z.string() });
const tags = ['Connections'] as const;
const namedSettings = connectionSettings.meta({ id: 'ConnectionInput' });
const namedPatch = connectionPatch.meta({ id: 'ConnectionPatch' });

const secretView = z.object({ set: z.boolean(), rotatedAt: z.string().nullable() }).meta({
  id: 'SecretState',
  description: 'What is shown of a secret; `rotatedAt` is null when the file holds it.',
});

const secretViews = Object.fromEntries(SECRET_FIELDS.map((name) => [name, secretView.optional()])) as Record<
  SecretField,
  z.ZodOptional<typeof secretView>
>;

export const connectionView = z
  .looseObject({
    id: z.string(),
    name: z.string(),
    type: z.enum(CONNECTION_TYPES),
    state: z.enum(['active', 'paused', 'failing']),
    managedBy: z.enum(['api', 'file']),
    revision: z.number(),
    trouble: z
      .object({
        errorId: z.string(),
        detail: z.string(),
        since: z.string(),
        failures: z.number(),
        nextTryAt: z.string(),
      })
      .nullable()
      .describe('What stops it, while it is failing.'),
    ...secretViews,
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Connection', description: 'The settings without the secrets, and how it is.' });

export function connectionOperations(connections: Connections): Operation[] {
  const view = (connection: Connection) => viewConnection(connections, connection);

  function mustFind(principal: Principal, id: string): Connection {
    const found = connections.find(principal.tenantId, id);
    if (found === undefined) throw problem('not_found', { detail: `There is no connection ${id}.` });
    return found;
  }

  return [
    listing(connections),
    operation({
      method: 'POST',
      path: '/connections',
      operationId: 'createConnection',
      summary: 'Make a connection; it is used from then on',
      tags,
      permission: 'connections:write',
      body: namedSettings,
      answers: { 201: connectionView },
      refusals: ['conflict'],
      async run({ principal, body }) {
        return { status: 201, body: view(await connections.create(principal.tenantId, body)) };
      },
    }),
    operation({
      method: 'GET',
      path: '/connections/{id}',
      operationId: 'getConnection',
      summary: 'Show one connection, by id or name',
      tags,
      permission: 'connections:read',
      params: idParams,
      answers: { 200: connectionView },
      refusals: ['not_found'],
      run: ({ principal, params }) =>
        Promise.resolve({ status: 200, body: view(mustFind(principal, params.id)) }),
    }),
    operation({
      method: 'PATCH',
      path: '/connections/{id}',
      operationId: 'patchConnection',
      summary:
        'Change settings; absent keeps, null clears. A secret whose destination changes must be given again',
      tags,
      permission: 'connections:write',
      params: idParams,
      body: namedPatch,
      answers: { 200: connectionView },
      refusals: ['not_found', 'conflict', 'secret_required', 'managed_by_file'],
      async run({ principal, params, body }) {
        return { status: 200, body: view(await connections.patch(principal.tenantId, params.id, body)) };
      },
    }),
    operation({
      method: 'DELETE',
      path: '/connections/{id}',
      operationId: 'deleteConnection',
      summary: 'Remove a connection; its waiting mail takes another or is held',
      tags,
      permission: 'connections:write',
      params: idParams,
      answers: { 204: z.undefined() },
      refusals: ['not_found', 'managed_by_file'],
      async run({ principal, params }) {
        await connections.remove(principal.tenantId, params.id);
        return { status: 204 };
      },
    }),
    pausing(connections, 'pause'),
    pausing(connections, 'resume'),
  ];
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
    params: idParams,
    answers: { 200: connectionView },
    refusals: ['not_found'],
    async run({ principal, params }) {
      const changed = await connections.setPaused(principal.tenantId, params.id, verb === 'pause');
      return { status: 200, body: viewConnection(connections, changed) };
    },
  });
}

function viewConnection(connections: Connections, connection: Connection): z.input<typeof connectionView> {
  const { settings } = connection;
  const breaker = connections.channel(connection.id)?.breaker;
  const trouble = breaker?.trouble;
  const secrets = Object.fromEntries(
    secretFieldsOf(settings.type).map((field) => [field, secretOf(connections, connection, field)]),
  );
  const plain: Readonly<Record<string, unknown>> = { ...settings };
  return {
    ...plain,
    ...(settings.type === 'smtp' && { port: connectionPort(settings) }),
    ...secrets,
    id: connection.id,
    name: connection.name,
    type: settings.type,
    state: connection.paused ? 'paused' : trouble === undefined ? 'active' : 'failing',
    managedBy: connection.managedBy,
    revision: connection.revision,
    trouble:
      trouble === undefined
        ? null
        : {
            errorId: trouble.errorId,
            detail: trouble.detail,
            since: toRfc3339(trouble.since),
            failures: trouble.failures,
            nextTryAt: toRfc3339(trouble.nextProbeAt),
          },
    createdAt: toRfc3339(connection.createdAt),
    updatedAt: toRfc3339(connection.updatedAt),
  };
}

function secretOf(
  connections: Connections,
  connection: Connection,
  field: SecretField,
): z.input<typeof secretView> {
  if (connection.managedBy === 'file')
    return { set: connections.hasDeclaredSecret(connection, field), rotatedAt: null };
  const rotatedAt = connection.secrets[field];
  return { set: rotatedAt !== undefined, rotatedAt: rotatedAt === undefined ? null : toRfc3339(rotatedAt) };
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
    run: ({ principal }) =>
      Promise.resolve({
        status: 200,
        body: {
          items: connections.list(principal.tenantId).map((item) => viewConnection(connections, item)),
          next: null,
        },
      }),
  });
}
