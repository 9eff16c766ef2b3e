/**
 * Ways to go wrong with an access token: a sign-in service that refuses, or is none, and a mail server that does not
 * take the token. The service is a stand-in; its refusals are worded as Microsoft's and others' are.
 * Next: ways-late.ts
 */
import type { ServerResponse } from 'node:http';
import { makeCertificates } from '../../server/test/certificates.ts';
import { startPeer } from '../../server/test/smtp-peer.ts';
import { CLIENT, refuse, startTokenServer } from '../../server/test/token-server.ts';
import type { ErrorId } from '../../server/src/mail/error-catalogue.ts';
import type { Listener } from './listeners.ts';
import type { Settings, Way } from './way.ts';

type Answer = (response: ServerResponse) => unknown;

/** A sign-in service that answers so, or rightly. */
function service(instead?: Answer): () => Promise<Listener> {
  return async () => {
    const server = await startTokenServer(instead === undefined ? {} : { instead });
    return { port: server.port, stop: () => server.close() };
  };
}

/** A sign-in service that gives tokens, and a mail server beside it that answers AUTH with `reply`. */
function serviceAndServer(reply: string): () => Promise<Listener> {
  return async () => {
    const tokens = await startTokenServer();
    const server = await startPeer({
      tls: { ...makeCertificates(), implicit: true },
      auth: { mechanisms: ['XOAUTH2'] },
      script: ({ command }) => (command.startsWith('AUTH') ? `${reply}\r\n` : undefined),
    });
    const stop = async (): Promise<void> => {
      await Promise.all([tokens.close(), server.close()]);
    };
    return { port: tokens.port, beside: server.port, stop };
  };
}

/** Client credentials, right but for `over`. */
function byToken(over: Settings = {}): Way['settings'] {
  return ({ port, beside, closedPort }) => ({
    ...{ host: 'localhost', port: beside ?? closedPort, security: 'implicit' },
    ...{ auth: 'oauth2-client-credentials', username: 'notify@example.com', ca: makeCertificates().ca },
    ...{
      tokenUrl: `https://localhost:${String(port)}/token`,
      clientId: CLIENT.id,
      clientSecret: CLIENT.secret,
    },
    ...over,
  });
}

function refused(way: string, error: string, words: string, id: ErrorId): Way {
  const on = service((response) => refuse(response, error, words));
  return { way, on, settings: byToken(), stage: 'token', id };
}

function odd(way: string, answer: Answer): Way {
  return { way, on: service(answer), settings: byToken(), stage: 'token', id: 'oauth.endpoint' };
}

const page = '<!doctype html><title>Sign in</title>';

export const TOKEN_WAYS: readonly Way[] = [
  {
    way: 'the client secret is wrong',
    on: service(),
    // the canary, so that it shows where a client secret is kept
    settings: (material) => ({ ...byToken()(material), clientSecret: material.account.password }),
    stage: 'token',
    id: 'entra.bad_secret',
  },
  refused(
    'the client secret has expired',
    'invalid_client',
    "AADSTS7000222: The provided client secret keys for app 'x' are expired.",
    'entra.secret_expired',
  ),
  refused(
    'the app is not in this directory',
    'unauthorized_client',
    "AADSTS700016: Application with identifier 'x' was not found in the directory 'y'.",
    'entra.app_not_found',
  ),
  refused(
    'there is no such directory',
    'invalid_request',
    "AADSTS90002: Tenant 'y' not found.",
    'entra.tenant_not_found',
  ),
  refused(
    'nobody consented to the app',
    'invalid_grant',
    'AADSTS65001: The user or administrator has not consented to use the application.',
    'entra.no_consent',
  ),
  refused(
    'the scope does not fit',
    'invalid_scope',
    'AADSTS1002012: The provided value for scope is not valid.',
    'entra.bad_scope',
  ),
  refused(
    'another sign-in service refuses',
    'invalid_client',
    'Client authentication failed',
    'oauth.bad_client',
  ),
  odd('the token address answers with a page', (response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end(page),
  ),
  odd('the token address does not exist (404)', (response) => response.writeHead(404).end(page)),
  odd('the token address sends elsewhere', (response) =>
    response.writeHead(302, { location: 'https://localhost/login' }).end(),
  ),
  odd('the sign-in service is broken (500)', (response) => response.writeHead(500).end()),
  {
    way: 'the sign-in service is not running',
    on: 'nothing',
    settings: ({ closedPort, ...material }) =>
      byToken({ tokenUrl: `https://localhost:${String(closedPort)}/token` })({ ...material, closedPort }),
    stage: 'token',
    id: 'oauth.endpoint',
  },
  {
    way: 'the certificate of the sign-in service is from an unknown authority',
    on: service(),
    settings: byToken({ ca: undefined }),
    stage: 'token',
    id: 'oauth.endpoint',
  },
  {
    way: 'the mail server does not take the token',
    on: serviceAndServer('535 5.7.3 Authentication unsuccessful'),
    settings: byToken(),
    stage: 'auth',
    id: 'm365.bad_credentials',
  },
];
