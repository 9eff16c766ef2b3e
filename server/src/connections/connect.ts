/**
 * “Connect with Google / Microsoft”: a person allows it in a browser, and we get a refresh token (RFC 6749 §4.1 with
 * PKCE, RFC 7636). What ties the way out and the way back together is a state that is good once, for ten minutes, for one
 * connection with one set of settings, begun with one API key. Only its digest is stored.
 * Next: connect-page.ts
 */
import { createHash, randomBytes } from 'node:crypto';
import { keyStands } from '../access/access.ts';
import type { Clock } from '../base/clock.ts';
import { peerText, type Log } from '../base/log.ts';
import type { SecretField, SmtpSettings } from '../config/config.ts';
import { problem, type Principal } from '../http/http.ts';
import { classify, errorTitle, type Failure } from '../mail/mail.ts';
import type { Https } from '../net/net.ts';
import type { KeyRing, SecretBinding } from '../secrets/secrets.ts';
import { transaction, type Db } from '../store/store.ts';
import { newestOf } from './candidate.ts';
import type { Connection } from './connection.ts';
import {
  countStates,
  deleteGrants,
  deleteStates,
  ensureGrant,
  takeState,
  writeConnected,
  writeGrantTrouble,
  writeState,
  type StateRow,
} from './grant-queries.ts';
import { differs, writeTroubleText } from './grant-view.ts';
import { digest, grantKey, sealConnected } from './grants.ts';
import { accountOf, granted } from './id-token.ts';
import { bindingOf } from './target.ts';
import { clientOf, post } from './token.ts';
import { planAuthorize, planToken, type AuthorizePlan } from './token-endpoint.ts';
import type { EgressFor } from './way.ts';

export interface Begun {
  /** Where the person's browser goes. */
  readonly authorizationUrl: string;
  /** What must be registered at the provider, to the letter. */
  readonly redirectUri: string;
  /** Epoch ms. */
  readonly expiresAt: number;
  readonly notes: readonly string[];
}

/** How a sign-in in a browser ended. Texts are plain; whoever shows them must escape them. */
export type Finished =
  | {
      readonly kind: 'connected';
      readonly connection: string;
      readonly account: string | undefined;
      readonly username: string;
      readonly accountDiffers: boolean;
      readonly notes: readonly string[];
    }
  | {
      readonly kind: 'failed';
      readonly connection: string;
      readonly errorId: string;
      readonly title: string;
      readonly detail: string;
    }
  /** Nobody knows this state: used, too old, or made up. */
  | { readonly kind: 'unknown' };

/** What the provider sent the browser back with. */
export interface Returned {
  readonly state?: string | undefined;
  readonly code?: string | undefined;
  readonly error?: string | undefined;
  readonly errorDescription?: string | undefined;
  /** RFC 9207: who sent it back. */
  readonly issuer?: string | undefined;
}

export interface Connect {
  begin(principal: Principal, connection: Connection, redirectUri: string): Promise<Begun>;
  finish(returned: Returned): Promise<Finished>;
  /** Forgets the refresh token, and the sign-ins that are under way. */
  disconnect(connection: Connection): Promise<void>;
}

export interface ConnectDeps {
  readonly db: Db;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly log: Log;
  readonly https: Https;
  readonly egressFor: EgressFor;
  readonly byId: (id: string) => Connection | undefined;
  readonly secretsOf: (
    connection: Connection,
  ) => Promise<{ ok: true; secrets: ReadonlyMap<SecretField, string> } | { ok: false; message: string }>;
  /** There is a new refresh token, or none any more: what was found out with the old one does not count. */
  readonly changed: (connectionId: string) => void;
}

type Connectable = Connection & { readonly settings: SmtpSettings };

const STATE_LIFE_MS = 10 * 60_000;
/** Sign-ins of one connection that may be under way at a time. */
const STATES_MAX = 20;
const CODE_MAX = 4_096;

export function createConnect(deps: ConnectDeps): Connect {
  return {
    // A draft is connected, so that it can be tested before it is in force.
    begin: (principal, connection, redirectUri) => begin(deps, principal, newestOf(connection), redirectUri),
    finish: (returned) => finish(deps, returned),
    async disconnect({ id }) {
      await transaction(deps.db, async (tx) => {
        await deleteGrants(tx, id);
        await deleteStates(tx, { connectionId: id });
      });
      deps.changed(id);
    },
  };
}

async function begin(
  { db, keyRing, clock }: ConnectDeps,
  principal: Principal,
  connection: Connection,
  redirectUri: string,
): Promise<Begun> {
  const { settings, authorize } = mustBeConnectable(connection);
  const state = randomBytes(32).toString('base64url');
  const verifier = randomBytes(32).toString('base64url'); // 43 characters, RFC 7636 §4.1
  const now = clock.now();
  const expiresAt = now + STATE_LIFE_MS;
  const row: StateRow = {
    state_hash: digest(state),
    tenant_id: connection.tenantId,
    connection_id: connection.id,
    key_id: principal.actorId,
    key_name: principal.actorName,
    sealed_verifier: await keyRing.seal(verifierBinding(connection), verifier),
    redirect_uri: redirectUri,
    expires_at: expiresAt,
  };
  await transaction(db, async (tx) => {
    await deleteStates(tx, { before: now });
    if ((await countStates(tx, connection.id, now)) >= STATES_MAX) {
      throw problem('rate_limited', { detail: 'Too many sign-ins of this connection are under way.' });
    }
    await writeState(tx, row);
  });
  const url = new URL(authorize.authorizeUrl);
  const parameters: Readonly<Record<string, string>> = {
    response_type: 'code',
    client_id: settings.clientId ?? '',
    redirect_uri: redirectUri,
    ...(authorize.scopes.length > 0 && { scope: authorize.scopes.join(' ') }),
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    login_hint: settings.username ?? '',
    ...authorize.extra,
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const notes = notesFor(authorize, redirectUri);
  return { authorizationUrl: url.href, redirectUri, expiresAt, notes };
}

function mustBeConnectable(connection: Connection): { settings: SmtpSettings; authorize: AuthorizePlan } {
  const refuse = (path: string, message: string) =>
    problem('invalid_request', {
      detail: 'This connection cannot be connected in a browser as it is.',
      errors: [{ path, message }],
    });
  const { settings } = connection;
  if (!isConnectable(connection)) throw refuse('auth', 'must be oauth2-refresh-token to be connected');
  if (settings.type !== 'smtp') throw refuse('type', 'must be smtp');
  const authorize = planAuthorize(settings);
  if (authorize === undefined) {
    throw refuse('authorizeUrl', 'missing: for this provider the address to sign in at must be given');
  }
  return { settings, authorize };
}

function isConnectable(connection: Connection): connection is Connectable {
  return connection.settings.type === 'smtp' && connection.settings.auth === 'oauth2-refresh-token';
}

/** Sealed for exactly these settings: when they change on the way, neither code nor client secret goes anywhere. */
function verifierBinding(connection: Connection): SecretBinding {
  return { ...bindingOf(connection, 'refreshToken'), field: 'code verifier' };
}

function notesFor({ provider }: AuthorizePlan, redirectUri: string): string[] {
  const { protocol, hostname } = new URL(redirectUri);
  const local = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
  return [
    ...(protocol !== 'https:' && !local
      ? ['The return address is neither https nor localhost; Google and Microsoft refuse such addresses.']
      : []),
    ...(provider === 'google' ? [TESTING] : []),
  ];
}

const TESTING = 'Google ends this sign-in after 7 days unless the app is published (“In production”).';

async function finish(deps: ConnectDeps, returned: Returned): Promise<Finished> {
  const { db, clock, keyRing } = deps;
  const state = await transaction(db, (tx) => takeState(tx, digest(returned.state ?? '')));
  if (state === undefined || state.expires_at <= clock.now()) return { kind: 'unknown' };
  const found = deps.byId(state.connection_id);
  if (found?.tenantId !== state.tenant_id) return { kind: 'unknown' };
  const connection = newestOf(found);
  const opened = await keyRing.open(verifierBinding(connection), state.sealed_verifier);
  if (!opened.ok || !isConnectable(connection)) return failed(deps, connection, CHANGED);
  if (!(await keyStands(db, state.key_id, clock.now(), 'connections:write'))) {
    return failed(deps, connection, KEY_GONE);
  }
  const refusal = refusalOf(connection, returned);
  if (refusal !== undefined) return failed(deps, connection, refusal);
  return exchange(deps, connection, state, { code: returned.code ?? '', verifier: opened.plaintext });
}

const CHANGED = ours('SETTINGS_CHANGED', 'The settings were changed while you were signing in. Begin again.');
const KEY_GONE = ours('KEY_REVOKED', 'The API key that began this sign-in is not valid any more.');

function ours(code: string, message: string): Failure {
  return { kind: 'capability', code, message };
}

/** What the provider, or whoever the browser comes from, says instead of a code. */
function refusalOf(connection: Connectable, returned: Returned): Failure | undefined {
  const { code, error, errorDescription, issuer } = returned;
  const authorize = planAuthorize(connection.settings);
  if (error !== undefined) {
    const word = /^[\w.-]{1,80}$/.test(error) ? error : 'unknown_error';
    const message = peerText(`${word}: ${errorDescription ?? ''}`).replace(/: $/, '');
    return { kind: 'api', code: word, message };
  }
  // RFC 9207 §2.4: an answer that names another provider is not for this sign-in
  if (issuer !== undefined && originOf(issuer) !== originOf(authorize?.authorizeUrl ?? '')) {
    return ours('OTHER_ISSUER', 'The answer came from another provider than the one that was asked.');
  }
  const usable = code !== undefined && code.length <= CODE_MAX && /^[\x20-\x7e]+$/.test(code);
  return usable ? undefined : { kind: 'protocol', code: 'NO_CODE', message: 'The provider sent no code.' };
}

function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined;
}

async function exchange(
  deps: ConnectDeps,
  connection: Connectable,
  state: StateRow,
  { code, verifier }: { code: string; verifier: string },
): Promise<Finished> {
  const { db, keyRing, clock, log } = deps;
  const found = await deps.secretsOf(connection);
  const plan = planToken(connection.settings);
  if (!found.ok || plan === undefined) {
    return failed(deps, connection, ours('SECRET_MISSING', found.ok ? '' : found.message));
  }
  const { secrets } = found;
  const egress = deps.egressFor(connection.tenantId, 'https');
  const answer = await post(
    deps.https,
    plan,
    { connection, secrets, egress },
    {
      grant_type: 'authorization_code',
      code,
      redirect_uri: state.redirect_uri,
      code_verifier: verifier,
      ...clientOf(plan.clientId, secrets),
    },
  );
  if (!answer.ok) return failed(deps, connection, answer.failure);
  const { refreshToken, refreshLifeMs } = answer;
  if (refreshToken === undefined) return failed(deps, connection, NO_REFRESH);
  const account = accountOf(answer.idToken, plan.clientId);
  const now = clock.now();
  const sealed = await sealConnected(keyRing, connection, refreshToken, secrets.get('refreshToken'));
  await transaction(db, async (tx) => {
    await deleteStates(tx, { connectionId: connection.id });
    await writeConnected(tx, grantKey(connection), {
      sealed,
      account: account ?? null,
      scopes: granted(answer.scopes, planAuthorize(connection.settings)?.scopes).join(' '),
      connected_by: state.key_id,
      connected_by_name: state.key_name,
      connected_at: now,
      renewed_at: now,
      ends_at: refreshLifeMs === undefined ? null : now + refreshLifeMs,
    });
  });
  deps.changed(connection.id);
  log.info({ connection: connection.name, keyId: state.key_id }, 'a mailbox was connected in a browser');
  const username = connection.settings.username ?? '';
  return {
    kind: 'connected',
    connection: connection.name,
    account,
    username,
    accountDiffers: differs(account, username),
    notes: plan.provider === 'google' ? [TESTING] : [],
  };
}

const NO_REFRESH: Failure = {
  kind: 'protocol',
  code: 'NO_REFRESH_TOKEN',
  message:
    'The provider gave access for about an hour and no refresh token. ' +
    'Remove the app in the account’s security settings, connect again and allow lasting access.',
};

async function failed(deps: ConnectDeps, connection: Connection, failure: Failure): Promise<Finished> {
  const { db, clock, log } = deps;
  const host = connection.settings.type === 'smtp' ? connection.settings.host : '';
  const { errorId = 'oauth.refused' } = classify({ phase: 'token', failure, host });
  const title = errorTitle(errorId) ?? '';
  const detail = failure.message;
  log.warn({ connection: connection.name, errorId, detail }, 'connecting a mailbox in a browser failed');
  const key = grantKey(connection);
  const text = writeTroubleText({ about: 'connect', at: clock.now(), errorId, detail });
  await transaction(db, async (tx) => {
    if (await ensureGrant(tx, connection.tenantId, key)) await writeGrantTrouble(tx, key, text);
  });
  return { kind: 'failed', connection: connection.name, errorId, title, detail };
}
