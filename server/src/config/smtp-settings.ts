/**
 * Settings of an SMTP connection: where it goes, how the line is protected, how it signs in.
 * Next: other-settings.ts
 */
import { z } from 'zod';
import {
  certificates,
  commonShape,
  hostName,
  httpsUrl,
  line,
  networkShape,
  of,
  rules,
  tlsVersion,
  tokenShape,
  verifyFlag,
  type Refuse,
} from './connection-fields.ts';
import { choice, flag, integer, table, text } from './fields.ts';

const DOMAIN_OR_LITERAL =
  /^(?!localhost\.?$)(?=.{1,253}$)(?:(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)*[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?|\[[\da-f:.IPv]+\])$/i;
/** SHA-256 of a certificate in hex, with or without colons. */
const FINGERPRINT = /^(?:[\da-fA-F]{2}:?){31}[\da-fA-F]{2}$/;
const PROXY = /^(?:socks5|http):\/\/(?:[^\s/@:?#\\]+@)?(?:\[[\da-fA-F:.]+\]|[^\s/@:?#[\]\\]+):\d{1,5}\/?$/;

export const AUTH_KINDS = [
  'anonymous',
  'password',
  'oauth2-client-credentials',
  'oauth2-refresh-token',
  'oauth2-jwt-bearer',
] as const;

export const SECURITIES = ['none', 'auto', 'implicit', 'starttls', 'starttls-when-available'] as const;

/** The schema of SMTP settings, with `secret` for a password and `secretKey` for a private key. */
export function smtpTable<S extends z.ZodType, K extends z.ZodType>(secret: S, secretKey: K) {
  return table({
    type: of(z.literal('smtp').optional().default('smtp'), 'destination', 'What kind of connection this is.'),
    ...commonShape,
    host: of(
      hostName('a host name or an IP address, without scheme and port'),
      'destination',
      'Name or address of the server.',
    ),
    port: of(
      z.exactOptional(integer(1, 65_535)),
      'destination',
      'Port; 465 for `implicit`, else 587, when not given.',
    ),
    security: of(choice(SECURITIES).default('starttls'), 'destination', 'How the line is protected.'),
    auth: of(
      choice(AUTH_KINDS).default('anonymous'),
      'destination',
      'Whether and how to sign in. A user name alone never makes it sign in.',
    ),
    username: of(
      z.exactOptional(line('a user name without control characters')),
      'destination',
      'User name to sign in with; with OAuth2 the mailbox that is sent from.',
    ),
    password: of(z.exactOptional(secret), 'secret', 'Password to sign in with.'),
    ...tokenShape(secret),
    authorizeUrl: of(
      z.exactOptional(httpsUrl()),
      'destination',
      'Where a person signs in to connect the mailbox; known for Google and Microsoft.',
    ),
    refreshToken: of(
      z.exactOptional(secret),
      'secret',
      'Refresh token of `oauth2-refresh-token`; a new one from the provider replaces it.',
    ),
    serviceAccount: of(
      z.exactOptional(secret),
      'secret',
      'Key file of a Google service account (JSON), for `oauth2-jwt-bearer`.',
    ),
    allowPlaintextAuth: of(
      flag().default(false),
      'destination',
      'Allows signing in without verified TLS, to a private address only.',
    ),
    ehloName: of(
      z.exactOptional(text(DOMAIN_OR_LITERAL, 'a domain name or an address literal, and not "localhost"')),
      'other',
      'Name to greet the server with (EHLO); the name of this machine when not given.',
    ),
    ...networkShape(),
    ...trustShape(secretKey),
    ...wayShape(secret),
  }).superRefine(rules(crossFields), { when: () => true });
}

/** Whom to trust, and what to show in return. */
function trustShape<K extends z.ZodType>(secretKey: K) {
  return {
    minTls: of(tlsVersion(), 'destination', 'Oldest TLS version allowed.'),
    verify: verifyFlag(),
    pin: of(
      z.exactOptional(text(FINGERPRINT, 'the SHA-256 fingerprint of a certificate, in hex')),
      'destination',
      'Trusts exactly the certificate with this SHA-256 fingerprint, whoever issued it.',
    ),
    clientCert: of(z.exactOptional(certificates()), 'other', 'Certificate to show to the server, PEM.'),
    clientKey: of(z.exactOptional(secretKey), 'secret', 'Private key of `clientCert`, PEM.'),
    serverName: of(
      z.exactOptional(hostName('a host name')),
      'destination',
      'Name for SNI and in the certificate, when it is not the host.',
    ),
  };
}

/** How to get there. */
function wayShape<S extends z.ZodType>(secret: S) {
  return {
    ipVersion: of(
      z.exactOptional(choice(['4', '6'])),
      'other',
      'Uses only addresses of this IP version; both when not given.',
    ),
    proxy: of(
      z.exactOptional(
        text(PROXY, 'socks5://HOST:PORT or http://HOST:PORT, with a user name but no password'),
      ),
      'destination',
      'Proxy to go through: SOCKS5 or HTTP CONNECT.',
    ),
    proxyPassword: of(z.exactOptional(secret), 'secret', 'Password of the user name in `proxy`.'),
  };
}

function crossFields(value: Readonly<Record<string, unknown>>, refuse: Refuse): void {
  const { auth, security } = value;
  const signsIn = auth !== undefined && auth !== 'anonymous';
  if (signsIn && value['username'] === undefined) {
    refuse('username', 'missing: signing in needs a user name');
  }
  if (auth === 'password' && security === 'none' && value['allowPlaintextAuth'] === false) {
    refuse(
      'security',
      'signing in without TLS shows the password to the network; allow it by allowPlaintextAuth',
    );
  }
  if (signsIn && auth !== 'password') tokenRules(value, refuse);
  if (value['clientKey'] !== undefined && value['clientCert'] === undefined) {
    refuse('clientCert', 'missing: a client key needs its certificate');
  }
  const proxy = value['proxy'];
  if (value['proxyPassword'] !== undefined && !(typeof proxy === 'string' && proxy.includes('@'))) {
    refuse(
      'proxy',
      'missing: a proxy password needs the proxy with its user name, as in socks5://NAME@HOST:PORT',
    );
  }
}

function tokenRules(value: Readonly<Record<string, unknown>>, refuse: Refuse): void {
  const { auth, security } = value;
  // RFC 6750 §5.3: a bearer token travels over TLS only; there is no exception to allow
  if (security === 'none' || security === 'starttls-when-available') {
    refuse('security', 'an access token travels over TLS only: choose starttls, implicit or auto');
  }
  if (auth === 'oauth2-jwt-bearer') return; // the key file names client and endpoint
  if (value['clientId'] === undefined) refuse('clientId', 'missing: OAuth2 needs the client id');
  if (value['tokenUrl'] === undefined && value['tenantId'] === undefined) {
    refuse('tokenUrl', 'missing: OAuth2 needs the token endpoint, or tenantId for Microsoft');
  }
}
