/**
 * From settings and secrets to what the SMTP conversation needs, and the binding that ties a secret to its destination (K1).
 * Next: channel.ts
 */
import { hostname } from 'node:os';
import { assert } from '../base/assert.ts';
import {
  connectionPort,
  DESTINATION_FIELDS,
  type ConnectionSettings,
  type SecretField,
  type SmtpSettings,
} from '../config/config.ts';
import { parseProxy, type Proxy } from '../net/net.ts';
import type { Failure } from '../mail/mail.ts';
import type { SecretBinding } from '../secrets/secrets.ts';
import type { SignIn, SmtpTarget, TokenSource } from '../smtp/smtp.ts';

/** Everything that decides where a secret goes: if any of it changes, the sealed secret no longer opens. */
export function bindingOf(
  owner: { tenantId: string; id: string; settings: ConnectionSettings },
  field: SecretField,
): SecretBinding {
  const settings: Readonly<Record<string, unknown>> = { ...owner.settings };
  const destination: Record<string, string | number | boolean | null> = {};
  for (const name of DESTINATION_FIELDS) {
    // What is not set is no part of the seal: a field that a later version adds leaves it as it was.
    if (settings[name] !== undefined) destination[name] = plain(settings[name]);
  }
  return { tenantId: owner.tenantId, ownerId: owner.id, field, destination };
}

function plain(value: unknown): string | number | boolean | null {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return value === null ? null : JSON.stringify(value);
}

/** What to dial and how to sign in. `secrets` are in clear and live only in the answer; `token` is asked by OAuth2 only. */
export function smtpTarget(
  settings: SmtpSettings,
  secrets: ReadonlyMap<SecretField, string>,
  token: TokenSource,
): SmtpTarget {
  const clientKey = secrets.get('clientKey');
  const proxy = proxyOf(settings, secrets);
  assert(proxy !== 'unreadable', 'the caller read the proxy before');
  return {
    host: settings.host,
    port: connectionPort(settings),
    security: settings.security,
    signIn: signInOf(settings, secrets, token),
    allowPlaintextAuth: settings.allowPlaintextAuth,
    ehloName: settings.ehloName ?? machineName(),
    tls: {
      minVersion: settings.minTls === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
      verify: settings.verify,
      ...(settings.pin === undefined ? {} : { pin: settings.pin }),
      ...(settings.ca === undefined ? {} : { ca: settings.ca }),
      ...(settings.clientCert === undefined ? {} : { clientCert: settings.clientCert }),
      ...(clientKey === undefined ? {} : { clientKey }),
      ...(settings.serverName === undefined ? {} : { serverName: settings.serverName }),
    },
    timeouts: settings.timeouts,
    ...(settings.ipVersion === undefined ? {} : { family: settings.ipVersion === '4' ? 4 : 6 }),
    ...(proxy === undefined ? {} : { proxy }),
  };
}

export const BAD_PROXY: Failure = {
  kind: 'capability',
  code: 'PROXY_NOT_FOUND',
  message: 'The proxy cannot be read, or its user name or password cannot be sent.',
};

function signInOf(
  settings: SmtpSettings,
  secrets: ReadonlyMap<SecretField, string>,
  token: TokenSource,
): SignIn {
  const { auth, username = '' } = settings;
  if (auth === 'anonymous') return { kind: 'anonymous' };
  if (auth === 'password') return { kind: 'password', username, password: secrets.get('password') ?? '' };
  return { kind: 'token-source', username, token };
}

/** The proxy of the settings with its password; `unreadable` when the text names none that can be used. */
export function proxyOf(
  settings: SmtpSettings,
  secrets: ReadonlyMap<SecretField, string>,
): Proxy | undefined | 'unreadable' {
  if (settings.proxy === undefined) return undefined;
  return parseProxy(settings.proxy, secrets.get('proxyPassword')) ?? 'unreadable';
}

/** RFC 5321 §4.1.1.1: the name of this host, or an address literal when it has none that means anything outside. */
function machineName(): string {
  const name = hostname().toLowerCase();
  const usable =
    /^[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*$/.test(name) &&
    !name.startsWith('localhost');
  return usable ? name : '[127.0.0.1]';
}
