/**
 * A connection as the API shows it, and how one is found for a caller.
 * Next: routes.ts
 */
import { z } from 'zod';
import { toRfc3339 } from '../base/clock.ts';
import { CONNECTION_TYPES, connectionPort, SECRET_FIELDS, type SecretField } from '../config/config.ts';
import { problem, type Audit, type Principal } from '../http/http.ts';
import { errorTitle } from '../mail/mail.ts';
import type { Connections } from './connections.ts';
import { shownState, type Connection } from './connection.ts';
import { grantView, shownGrant } from './grant-view.ts';
import { draftView, viewDraft } from './revision-view.ts';
import { secretView, viewSecret } from './secret-view.ts';

export const idParams = z.strictObject({ id: z.string() });

/** By id or name, among those of the tenant that the caller acts in. */
export function mustFind(connections: Connections, principal: Principal, id: string): Connection {
  const found = connections.find(principal.tenantId, id);
  if (found === undefined) throw problem('not_found', { detail: `There is no connection ${id}.` });
  return found;
}

const secretViews = Object.fromEntries(SECRET_FIELDS.map((name) => [name, secretView.optional()])) as Record<
  SecretField,
  z.ZodOptional<typeof secretView>
>;

export const connectionView = z
  .looseObject({
    id: z.string(),
    name: z.string(),
    type: z.enum(CONNECTION_TYPES),
    state: z.enum(['draft', 'active', 'paused', 'failing', 'off']),
    managedBy: z.enum(['api', 'file']),
    revision: z.number().describe('The one in force; of a connection that was never active its draft.'),
    draft: draftView.nullable(),
    trialUntil: z
      .string()
      .nullable()
      .describe(
        'Until then the last settings come back by themselves when sign-in, TLS or these settings fail.',
      ),
    trouble: z
      .object({
        errorId: z.string(),
        title: z.string().describe('What `errorId` means, in one sentence; see docs/errors.md.'),
        detail: z.string(),
        since: z.string(),
        failures: z.number(),
        nextTryAt: z.string(),
      })
      .nullable()
      .describe('What stops it, while it is failing.'),
    grant: grantView.nullable().describe('Of a mailbox that is connected in a browser.'),
    ...secretViews,
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Connection', description: 'The settings without the secrets, and how it is.' });

type Shown = z.input<typeof connectionView>;

export async function viewConnection(connections: Connections, connection: Connection): Promise<Shown> {
  const grants = await connections.grants([connection]);
  return shown(connections, connection, grants.get(connection.id));
}

/** How a change of a connection is recorded: its settings and state, without what comes and goes by itself. */
export function audited(connections: Connections): Audit {
  return {
    thing: 'connection',
    async view(principal, id) {
      const whole = await viewConnection(connections, mustFind(connections, principal, id));
      const {
        trouble: _trouble,
        trialUntil: _trial,
        updatedAt: _updated,
        createdAt: _created,
        ...rest
      } = whole;
      return rest;
    },
  };
}

/** Several, with one look at their grants. */
export async function viewConnections(
  connections: Connections,
  all: readonly Connection[],
): Promise<Shown[]> {
  const grants = await connections.grants(all);
  return all.map((one) => shown(connections, one, grants.get(one.id)));
}

function shown(
  connections: Connections,
  connection: Connection,
  grant: Parameters<typeof shownGrant>[1],
): Shown {
  const { settings } = connection;
  const trialEnds = connections.trialEnds(connection);
  const breaker = connections.channel(connection.id)?.breaker;
  const trouble = breaker?.trouble;
  const secrets = Object.fromEntries(
    [...connections.secretStates(connection)].map(([field, state]) => [field, viewSecret(state)]),
  );
  const plain: Readonly<Record<string, unknown>> = { ...settings };
  return {
    ...plain,
    ...(settings.type === 'smtp' && { port: connectionPort(settings) }),
    ...secrets,
    id: connection.id,
    name: connection.name,
    type: settings.type,
    state: shownState(connection, trouble !== undefined),
    managedBy: connection.managedBy,
    revision: connection.revision,
    draft: viewDraft(connection.draft),
    trialUntil: trialEnds === undefined ? null : toRfc3339(trialEnds),
    trouble:
      trouble === undefined
        ? null
        : {
            errorId: trouble.errorId,
            title: titleOf(trouble.errorId, settings),
            detail: trouble.detail,
            since: toRfc3339(trouble.since),
            failures: trouble.failures,
            nextTryAt: toRfc3339(trouble.nextProbeAt),
          },
    grant: shownGrant(connection, grant),
    createdAt: toRfc3339(connection.createdAt),
    updatedAt: toRfc3339(connection.updatedAt),
  };
}

function titleOf(errorId: string, settings: Connection['settings']): string {
  const known = settings.type === 'smtp' ? { host: settings.host, port: connectionPort(settings) } : {};
  return errorTitle(errorId, known) ?? '';
}
