/**
 * An OAuth2 provider for tests on 127.0.0.1: token endpoint for each grant, refresh tokens that are good for one use,
 * an authorize endpoint that sends back at once, and errors on order. It is strict: what is not exactly right is refused.
 */
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { startHttpsPeer, type Heard, type HttpsPeer } from './https-peer.ts';

export const CLIENT = { id: 'client-4711', secret: 'client-secret-of-the-test' } as const;

export interface TokenServerOptions {
  /** Takes the place of the answer to a request; `false` leaves it to the server. */
  readonly instead?: (response: ServerResponse, form: URLSearchParams, heard: Heard) => unknown;
  /** A refresh token is good for one use, and a second use ends the whole grant. */
  readonly rotates?: boolean;
  /** Gives no refresh token for a code. */
  readonly withoutRefresh?: boolean;
  /** Fields that are added to every good answer. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** Whom a person who connects turns out to be. */
  readonly account?: string;
  readonly expiresIn?: number;
}

export interface TokenServer extends HttpsPeer {
  readonly tokenUrl: string;
  readonly authorizeUrl: string;
  /** A refresh token that is good now, of a new grant. */
  grant(): string;
  /** Whether this access token was given out. */
  knows(accessToken: string): boolean;
  /** Requests for a token, by grant type. */
  readonly asked: string[];
  /** Everything secret that it gave out. */
  readonly secrets: string[];
}

export async function startTokenServer(options: TokenServerOptions = {}): Promise<TokenServer> {
  const access = new Set<string>();
  const refresh = new Map<string, { used: boolean; family: { ended: boolean } }>();
  const codes = new Map<string, { challenge: string; redirectUri: string }>();
  const asked: string[] = [];
  const secrets: string[] = [];
  const newSecret = (prefix: string): string => {
    const made = prefix + randomBytes(18).toString('base64url');
    secrets.push(made);
    return made;
  };

  const peer = await startHttpsPeer((response, heard) => {
    const url = new URL(heard.path, 'https://localhost');
    if (url.pathname === '/authorize') return authorize(response, url.searchParams);
    if (heard.method !== 'POST' || url.pathname !== '/token') return response.writeHead(404).end('nothing');
    const form = new URLSearchParams(heard.body);
    asked.push(form.get('grant_type') ?? '');
    if (options.instead !== undefined && options.instead(response, form, heard) !== false) return undefined;
    return answerGrant(response, form);
  });

  function authorize(response: ServerResponse, query: URLSearchParams): unknown {
    const code = newSecret('code-');
    const redirectUri = query.get('redirect_uri') ?? '';
    if (query.get('response_type') !== 'code' || query.get('code_challenge_method') !== 'S256') {
      return response.writeHead(400).end('bad authorize request');
    }
    codes.set(code, { challenge: query.get('code_challenge') ?? '', redirectUri });
    const back = new URL(redirectUri);
    back.searchParams.set('code', code);
    back.searchParams.set('state', query.get('state') ?? '');
    return response.writeHead(302, { location: back.href }).end();
  }

  function answerGrant(response: ServerResponse, form: URLSearchParams): unknown {
    const type = form.get('grant_type');
    if (type === 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
      const wrong = wrongAssertion(form.get('assertion') ?? '', `${peer.origin}/token`);
      return wrong === undefined ? give(response, {}) : refuse(response, 'invalid_grant', wrong);
    }
    if (form.get('client_id') !== CLIENT.id || form.get('client_secret') !== CLIENT.secret) {
      return refuse(response, 'invalid_client', 'AADSTS7000215: Invalid client secret provided.', 401);
    }
    if (type === 'client_credentials') return give(response, {});
    if (type === 'refresh_token') return answerRefresh(response, form.get('refresh_token') ?? '');
    if (type === 'authorization_code') return answerCode(response, form);
    return refuse(response, 'unsupported_grant_type', '');
  }

  function answerRefresh(response: ServerResponse, token: string): unknown {
    const known = refresh.get(token);
    if (known === undefined || known.family.ended)
      return refuse(response, 'invalid_grant', 'AADSTS700082: The refresh token has expired.');
    if (options.rotates !== true) return give(response, {});
    if (known.used) {
      known.family.ended = true; // RFC 9700 §4.14.2: a second use means that somebody has a copy
      return refuse(response, 'invalid_grant', 'AADSTS700082: The refresh token was used before.');
    }
    known.used = true;
    const next = newSecret('refresh-');
    refresh.set(next, { used: false, family: known.family });
    return give(response, { refresh_token: next });
  }

  function answerCode(response: ServerResponse, form: URLSearchParams): unknown {
    const code = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (code?.challenge !== challenge || code.redirectUri !== form.get('redirect_uri')) {
      return refuse(response, 'invalid_grant', 'The code, its verifier or the redirect_uri is not right.');
    }
    const claims = { aud: CLIENT.id, email: options.account ?? 'mailbox@example.test' };
    const idToken = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
    const lasting = options.withoutRefresh === true ? {} : { refresh_token: grant() };
    return give(response, { ...lasting, id_token: idToken });
  }

  function give(response: ServerResponse, more: Readonly<Record<string, unknown>>): unknown {
    const accessToken = newSecret('access-');
    access.add(accessToken);
    const expires = options.expiresIn ?? 3600;
    const body = { access_token: accessToken, token_type: 'Bearer', expires_in: expires };
    response.writeHead(200, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ ...body, ...more, ...options.more }));
  }

  function grant(): string {
    const made = newSecret('refresh-');
    refresh.set(made, { used: false, family: { ended: false } });
    return made;
  }

  return {
    ...peer,
    tokenUrl: `${peer.origin}/token`,
    authorizeUrl: `${peer.origin}/authorize`,
    grant,
    knows: (token) => access.has(token),
    asked,
    secrets,
  };
}

/** A refusal in Microsoft's form. */
export function refuse(response: ServerResponse, error: string, description: string, status = 400): unknown {
  response.writeHead(status, { 'content-type': 'application/json' });
  const more = { error_description: `${description}\r\nTrace ID: 1-2-3`, correlation_id: 'corr-1234' };
  return response.end(JSON.stringify({ error, ...more }));
}

const account = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** The key file of a service account that the server knows. */
export function serviceAccountFile(changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    type: 'service_account',
    client_email: 'robot@project.iam.example.test',
    private_key_id: 'key-1',
    private_key: account.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    token_uri: 'https://evil.example.test/token',
    ...changes,
  });
}

/** The claims of the last assertion that was looked at. */
export let lastClaims: Readonly<Record<string, unknown>> = {};

function wrongAssertion(assertion: string, audience: string): string | undefined {
  const [header = '', payload = '', signature = ''] = assertion.split('.');
  const signed = Buffer.from(`${header}.${payload}`);
  const key = createPublicKey(account.publicKey.export({ type: 'spki', format: 'pem' }));
  if (!verify('sha256', signed, key, Buffer.from(signature, 'base64url'))) return 'Invalid JWT Signature.';
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  lastClaims = claims;
  if (claims['aud'] !== audience) return 'Invalid JWT audience.';
  return claims['sub'] === undefined ? 'No subject.' : undefined;
}
