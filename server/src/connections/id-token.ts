/**
 * Who signed in, as far as the provider says so. The token came straight from the token endpoint over verified TLS, which
 * may stand in for its signature (OpenID Connect Core 1.0 §3.1.3.7); it is only used to show the account.
 * Next: connect.ts
 */
import { peerText } from '../base/log.ts';

/** In the order of how well they name a mailbox. */
const NAMES = ['email', 'preferred_username', 'upn'] as const;

/** The mailbox that an id token names; `undefined` when it names none, or is not for this client. */
export function accountOf(idToken: string | undefined, clientId: string): string | undefined {
  const claims = claimsOf(idToken);
  if (claims === undefined) return undefined;
  const { aud } = claims;
  if (aud !== clientId && !(Array.isArray(aud) && aud.includes(clientId))) return undefined;
  for (const name of NAMES) {
    const value = claims[name];
    if (typeof value === 'string' && value !== '' && value.length <= 320) return peerText(value);
  }
  return undefined;
}

function claimsOf(idToken: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(idToken?.split('.')[1] ?? '', 'base64url').toString());
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>) // each claim is checked where it is read
      : undefined;
  } catch {
    return undefined;
  }
}

/** RFC 6749 §5.1: scopes are left out of the answer when they are those that were asked for. */
export function granted(
  answered: readonly string[] | undefined,
  asked: readonly string[] | undefined,
): readonly string[] {
  return answered ?? asked ?? [];
}
