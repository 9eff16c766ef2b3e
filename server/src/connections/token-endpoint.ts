/**
 * Where tokens are fetched, by which grant and for what: read off the settings. The presets are the two providers that
 * most mailboxes are at; any other one is named by its addresses.
 * Next: token-answer.ts
 */
import type { ConnectionSettings } from '../config/config.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'; // RFC 7523 §2.1
export type Grant = 'client_credentials' | 'refresh_token' | typeof JWT_BEARER;
type Provider = 'microsoft' | 'google' | 'other';

/** How an access token is fetched. */
export interface TokenPlan {
  readonly grant: Grant;
  readonly provider: Provider;
  /** URL of the token endpoint; secrets go there and nowhere else. */
  readonly endpoint: string;
  readonly clientId: string;
  /** None: the provider decides. */
  readonly scopes: readonly string[];
  /** On whose behalf a service account asks. */
  readonly subject: string | undefined;
  /** The server that the token is for; a token never goes to another (K9). */
  readonly audience: string;
  /** PEM certificates trusted besides the system's. */
  readonly ca: string | undefined;
}

/** Where a person is sent to allow it, RFC 6749 §4.1.1. */
export interface AuthorizePlan {
  readonly provider: Provider;
  readonly authorizeUrl: string;
  readonly scopes: readonly string[];
  /** Parameters that this provider wants besides the standard ones. */
  readonly extra: Readonly<Record<string, string>>;
}

const GOOGLE_TOKEN = 'https://oauth2.googleapis.com/token';
const GOOGLE_AUTHORIZE = 'https://accounts.google.com/o/oauth2/v2/auth';
const GOOGLE_HOSTS: readonly string[] = [
  'oauth2.googleapis.com',
  'www.googleapis.com',
  'accounts.google.com',
];
/** The world's, the US government's and China's. */
const MICROSOFT_HOSTS: readonly string[] = [
  'login.microsoftonline.com',
  'login.microsoftonline.us',
  'login.partner.microsoftonline.cn',
];
const MAIL_SCOPE = { google: 'https://mail.google.com/', microsoft: 'https://outlook.office.com/SMTP.Send' };
const APP_SCOPE = 'https://outlook.office365.com/.default';
const GRAPH_URL = 'https://graph.microsoft.com';

/** `undefined` for settings that need no token. */
export function planToken(settings: ConnectionSettings): TokenPlan | undefined {
  if (settings.type === 'graph') {
    const base = settings.graphUrl ?? GRAPH_URL;
    return plan(settings, 'client_credentials', [`${new URL(base).origin}/.default`], new URL(base).host);
  }
  if (settings.type !== 'smtp') return undefined;
  switch (settings.auth) {
    case 'anonymous':
    case 'password':
      return undefined;
    case 'oauth2-client-credentials':
      return plan(settings, 'client_credentials', [APP_SCOPE], settings.host);
    case 'oauth2-refresh-token':
      // RFC 6749 §6: without a scope it is the one that was granted
      return plan(settings, 'refresh_token', [], settings.host);
    case 'oauth2-jwt-bearer': {
      const tokenUrl = settings.tokenUrl ?? GOOGLE_TOKEN;
      return plan({ ...settings, tokenUrl }, JWT_BEARER, [MAIL_SCOPE.google], settings.host);
    }
  }
}

interface TokenSettings {
  readonly tenantId?: string;
  readonly clientId?: string;
  readonly tokenUrl?: string;
  readonly scopes?: readonly string[];
  readonly username?: string;
  readonly ca?: string;
}

function plan(settings: TokenSettings, grant: Grant, preset: readonly string[], audience: string): TokenPlan {
  const endpoint = endpointOf(settings);
  const provider = providerOf(endpoint);
  // A preset scope means nothing to a provider that nobody here knows.
  const isKnown = grant === JWT_BEARER || provider === 'microsoft';
  return {
    grant,
    provider,
    endpoint,
    clientId: settings.clientId ?? '',
    scopes: settings.scopes ?? (isKnown ? preset : []),
    subject: grant === JWT_BEARER ? settings.username : undefined,
    audience,
    ca: settings.ca,
  };
}

/** The settings' schema sees to it that one of the two is given. */
function endpointOf({ tokenUrl, tenantId }: TokenSettings): string {
  return tokenUrl ?? `https://login.microsoftonline.com/${tenantId ?? 'organizations'}/oauth2/v2.0/token`;
}

function providerOf(endpoint: string): Provider {
  const host = URL.canParse(endpoint) ? new URL(endpoint).hostname : '';
  if (GOOGLE_HOSTS.includes(host)) return 'google';
  return MICROSOFT_HOSTS.includes(host) ? 'microsoft' : 'other';
}

/** Where “Connect with …” leads; `undefined` when nobody knows the provider's address for it. */
export function planAuthorize(
  settings: TokenSettings & { readonly authorizeUrl?: string },
): AuthorizePlan | undefined {
  const endpoint = endpointOf(settings);
  const provider = providerOf(endpoint);
  const authorizeUrl = settings.authorizeUrl ?? authorizeUrlOf(provider, endpoint);
  if (authorizeUrl === undefined) return undefined;
  return { provider, authorizeUrl, ...presetOf(provider, settings.scopes) };
}

function authorizeUrlOf(provider: Provider, endpoint: string): string | undefined {
  if (provider === 'google') return GOOGLE_AUTHORIZE;
  // .../oauth2/v2.0/token and .../oauth2/v2.0/authorize are neighbours in every one of Microsoft's clouds
  return provider === 'microsoft' && endpoint.endsWith('/token')
    ? endpoint.replace(/\/token$/, '/authorize')
    : undefined;
}

/** `openid` and `email` tell who signed in; lasting access has another name at each. */
function presetOf(
  provider: Provider,
  scopes: readonly string[] | undefined,
): Pick<AuthorizePlan, 'scopes' | 'extra'> {
  switch (provider) {
    case 'google':
      return {
        scopes: scopes ?? [MAIL_SCOPE.google, 'openid', 'email'],
        // Google gives a refresh token only when both are asked for, however often somebody connects again.
        extra: { access_type: 'offline', prompt: 'consent' },
      };
    case 'microsoft':
      return {
        scopes: scopes ?? [MAIL_SCOPE.microsoft, 'offline_access', 'openid', 'email', 'profile'],
        extra: { response_mode: 'query', prompt: 'select_account' },
      };
    case 'other':
      return { scopes: scopes ?? [], extra: {} };
  }
}
