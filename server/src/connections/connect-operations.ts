/**
 * The API of “Connect with Google / Microsoft”, and the address that the provider sends the browser back to.
 * Next: connect.ts
 */
import { z } from 'zod';
import { toRfc3339 } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import { operation, pageHeaders, rawAnswer, type Operation } from '../http/http.ts';
import type { Connections } from './connections.ts';
import { audited, idParams, mustFind } from './view.ts';
import { connectPage } from './connect-page.ts';

const CALLBACK = '/oauth/callback';
const tags = ['Connections'] as const;

const begun = z
  .object({
    authorizationUrl: z.string().describe('Where to send the browser.'),
    redirectUri: z.string().describe('The return address; register exactly this one with the provider.'),
    expiresAt: z.string(),
    notes: z.array(z.string()).describe('What to know before signing in.'),
  })
  .meta({ id: 'ConnectBegun' });

export interface ConnectOperationDeps {
  readonly connections: Connections;
  readonly config: () => Config;
}

export function connectOperations({ connections, config }: ConnectOperationDeps): Operation[] {
  return [
    operation({
      method: 'POST',
      path: '/connections/{id}/connect',
      operationId: 'connectConnection',
      summary: 'Begin to connect a mailbox in a browser',
      description:
        'For a connection with `auth` `oauth2-refresh-token`. Open `authorizationUrl` in a browser within ten minutes; ' +
        'the provider sends it back to `redirectUri`, and the connection shows under `grant` what came of it.',
      tags,
      permission: 'connections:write',
      audit: audited(connections),
      params: idParams,
      answers: { 200: begun },
      refusals: ['not_found', 'invalid_request', 'rate_limited'],
      async run({ principal, params }) {
        const connection = mustFind(connections, principal, params.id);
        const started = await connections.connect.begin(principal, connection, redirectUri(config()));
        return {
          status: 200,
          body: { ...started, expiresAt: toRfc3339(started.expiresAt), notes: [...started.notes] },
        };
      },
    }),
    operation({
      method: 'DELETE',
      path: '/connections/{id}/connect',
      operationId: 'disconnectConnection',
      summary: 'Forget the refresh token of a connected mailbox',
      tags,
      permission: 'connections:write',
      audit: audited(connections),
      params: idParams,
      answers: { 204: z.undefined() },
      refusals: ['not_found'],
      async run({ principal, params }) {
        await connections.connect.disconnect(mustFind(connections, principal, params.id));
        return { status: 204 };
      },
    }),
    callback(connections),
  ];
}

/** Whatever else a provider adds to its answer is of no interest. */
const returned = z.object({
  state: z.string().max(500).optional().catch(undefined),
  code: z.string().max(8_000).optional().catch(undefined),
  error: z.string().max(500).optional().catch(undefined),
  error_description: z.string().max(4_000).optional().catch(undefined),
  iss: z.string().max(2_000).optional().catch(undefined),
});

const page = rawAnswer('text/html; charset=utf-8');

function callback(connections: Connections): Operation {
  return operation({
    method: 'GET',
    path: CALLBACK,
    outside: true,
    operationId: 'finishConnecting',
    summary: 'Where a provider sends the browser back to; answers a page for a person',
    tags,
    permission: 'public',
    query: returned,
    foreignQuery: true,
    answers: { 200: page, 400: page },
    refusals: [],
    async run({ query }) {
      const { state, code, error, error_description: errorDescription, iss: issuer } = query;
      const finished = await connections.connect.finish({ state, code, error, errorDescription, issuer });
      const status = finished.kind === 'connected' ? 200 : 400;
      return { status, headers: pageHeaders('none'), body: connectPage(finished) };
    },
  });
}

function redirectUri({ server }: Config): string {
  // Providers take http for localhost, and not all of them for 127.0.0.1.
  const base = server.publicUrl ?? `http://localhost:${String(server.http.port)}`;
  return `${base.replace(/\/+$/, '')}${CALLBACK}`;
}
