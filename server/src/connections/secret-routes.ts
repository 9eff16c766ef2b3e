/**
 * The calendar of secrets: what is where, how old, and what ends next.
 */
import { z } from 'zod';
import { SECRET_FIELDS } from '../config/config.ts';
import { operation, pageAnswer, type Operation } from '../http/http.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import type { Connections } from './connections.ts';
import { ATTENTION, attentionOf, attentionText } from './secret-ages.ts';
import { secretView, viewSecret } from './secret-view.ts';

const entryView = z
  .object({
    tenantId: z.string(),
    connectionId: z.string(),
    connection: z.string().describe('Its name.'),
    field: z.enum(SECRET_FIELDS),
    ...secretView.shape,
    attention: z
      .enum(ATTENTION)
      .describe('`expired`; `urgent`: ends within 7 days; `soon`: within 30; `old`: more than 180 days.'),
    detail: z.string().nullable(),
  })
  .meta({ id: 'SecretEntry' });

type Entry = z.input<typeof entryView>;

export function secretOperations(connections: Connections): Operation[] {
  return [
    operation({
      method: 'GET',
      path: '/secrets',
      operationId: 'listSecrets',
      summary: 'List the secrets of all connections, what needs attention first; never their values',
      description: 'The instance sees all tenants; with `Posthorn-Tenant` only that one.',
      tags: ['Connections'],
      permission: 'secrets:read',
      answers: { 200: pageAnswer(entryView) },
      refusals: [],
      run({ principal }) {
        const all = connections
          .everywhere()
          .filter((one) => principal.tenantId === INSTANCE_TENANT_ID || one.tenantId === principal.tenantId);
        const items = all.flatMap((connection) =>
          [...connections.secretStates(connection)]
            .filter(([, state]) => state.set)
            .map(([field, state]): Entry => ({
              tenantId: connection.tenantId,
              connectionId: connection.id,
              connection: connection.name,
              field,
              ...viewSecret(state),
              attention: attentionOf(state),
              detail: attentionText(state) ?? null,
            })),
        );
        return Promise.resolve({ status: 200, body: { items: items.toSorted(byUrgency), next: null } });
      },
    }),
  ];
}

function byUrgency(a: Entry, b: Entry): number {
  return (
    ATTENTION.indexOf(a.attention) - ATTENTION.indexOf(b.attention) ||
    (a.expiresInDays ?? Infinity) - (b.expiresInDays ?? Infinity) ||
    (b.ageDays ?? -1) - (a.ageDays ?? -1) ||
    (a.connection < b.connection ? -1 : 1)
  );
}
