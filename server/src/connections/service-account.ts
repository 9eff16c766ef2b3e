/**
 * The key file of a Google service account, and the signed assertion that is exchanged for a token (RFC 7523 §2.1).
 * The file's own `token_uri` is never used: where a key is sent is a setting, not part of the key.
 * Next: token.ts
 */
import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import type { Failure } from '../mail/mail.ts';

interface ServiceAccount {
  readonly email: string;
  readonly keyId: string | undefined;
  readonly key: KeyObject;
}

/** Google takes no assertion that lives longer. */
const LIFE_SECONDS = 3600;

/** A signed assertion, or what is wrong with the key file. The message never holds any of it. */
export function makeAssertion(
  file: string,
  claims: {
    readonly endpoint: string;
    readonly scopes: readonly string[];
    readonly subject: string | undefined;
    /** Epoch ms. */
    readonly now: number;
  },
): { readonly ok: true; readonly assertion: string } | { readonly ok: false; readonly failure: Failure } {
  const account = readServiceAccount(file);
  if (typeof account === 'string') {
    return { ok: false, failure: { kind: 'capability', code: 'SERVICE_ACCOUNT_INVALID', message: account } };
  }
  const issuedAt = Math.floor(claims.now / 1000);
  const header = { alg: 'RS256', typ: 'JWT', ...(account.keyId !== undefined && { kid: account.keyId }) };
  const payload = {
    iss: account.email,
    ...(claims.subject !== undefined && { sub: claims.subject }),
    scope: claims.scopes.join(' '),
    aud: claims.endpoint,
    iat: issuedAt,
    exp: issuedAt + LIFE_SECONDS,
  };
  const signed = `${encode(header)}.${encode(payload)}`;
  const signature = sign('sha256', Buffer.from(signed), account.key).toString('base64url'); // RS256, RFC 7518 §3.3
  return { ok: true, assertion: `${signed}.${signature}` };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function readServiceAccount(file: string): ServiceAccount | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(file);
  } catch {
    return 'The service account key is not the JSON file that Google gives out.';
  }
  if (typeof parsed !== 'object' || parsed === null) return 'The service account key is not a JSON object.';
  const {
    client_email: email,
    private_key: pem,
    private_key_id: keyId,
  } = parsed as Readonly<Record<string, unknown>>; // fields are checked below
  if (typeof email !== 'string' || email === '') return 'The service account key has no client_email.';
  if (typeof pem !== 'string') return 'The service account key has no private_key.';
  const key = readKey(pem);
  if (key?.asymmetricKeyType !== 'rsa') {
    return 'The private_key of the service account is not an RSA key that can be read.';
  }
  return { email, keyId: typeof keyId === 'string' ? keyId : undefined, key };
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
