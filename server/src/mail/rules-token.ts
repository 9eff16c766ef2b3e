/**
 * Access tokens: what OAuth2 endpoints answer, by Microsoft's AADSTS numbers and RFC 6749 §5.2 error words. Whatever
 * the kind of failure, the number or word in its code or message decides. Next: rules-network.ts
 */
import type { Rule } from './rule.ts';
import { FAILURE_KINDS } from './reply.ts';
import type { Phase } from './reply.ts';
import { GOOGLE, hold, MINUTE } from './rule.ts';

const TOKEN: readonly Phase[] = ['token'];

function tokenText(text: RegExp): {
  readonly failure: { kinds: typeof FAILURE_KINDS; phases: readonly Phase[]; text: RegExp };
} {
  return { failure: { kinds: FAILURE_KINDS, phases: TOKEN, text } };
}

export const TOKEN_RULES: readonly Rule[] = [
  { ...hold('entra.app_not_found', 'configuration'), ...tokenText(/AADSTS700016\b/) },
  { ...hold('entra.bad_secret', 'authentication'), ...tokenText(/AADSTS7000215\b/) },
  { ...hold('entra.secret_expired', 'authentication'), ...tokenText(/AADSTS7000222\b/) },
  { ...hold('entra.no_consent', 'configuration'), ...tokenText(/AADSTS65001\b/) },
  { ...hold('entra.bad_scope', 'configuration'), ...tokenText(/AADSTS(?:1002012|70011)\b|invalid_scope/) },
  { ...hold('entra.tenant_not_found', 'configuration'), ...tokenText(/AADSTS90002\b/) },
  {
    ...hold('entra.redirect_mismatch', 'configuration'),
    ...tokenText(/AADSTS50011\b|redirect_uri_mismatch/),
  },
  { ...hold('entra.mfa_or_ca', 'authentication'), ...tokenText(/AADSTS(?:50076|50079|53003)\b/) },
  { ...hold('entra.grant_ended', 'authentication'), ...tokenText(/AADSTS(?:700082|70008|50173|700084)\b/) },
  {
    ...hold('oauth.clock', 'configuration'),
    ...tokenText(
      /AADSTS700024\b|token (?:is )?not yet valid|reasonable timeframe|clock of this machine differs/i,
    ),
  },
  { ...hold('oauth.no_refresh', 'configuration'), ...tokenText(/no refresh.?token/i) },
  {
    ...hold('google.invalid_grant', 'authentication'),
    failure: { kinds: FAILURE_KINDS, phases: TOKEN, text: /invalid_grant/, host: GOOGLE },
  },
  {
    ...hold('google.invalid_client', 'configuration'),
    failure: {
      kinds: FAILURE_KINDS,
      phases: TOKEN,
      text: /invalid_client|unauthorized_client|deleted_client/,
      host: GOOGLE,
    },
  },
  {
    ...hold('google.access_denied', 'configuration'),
    failure: {
      kinds: FAILURE_KINDS,
      phases: TOKEN,
      text: /access_denied|org_internal|admin_policy_enforced/,
      host: GOOGLE,
    },
  },
  {
    ...hold('oauth.refused', 'authentication'),
    ...tokenText(/invalid_grant|invalid_client|unauthorized_client|access_denied|unsupported_grant_type/),
  },
  {
    ...hold('tcp.private_blocked', 'configuration'),
    failure: { kinds: ['egress'], phases: TOKEN },
  },
  // Ours: what stops a sign-in in a browser on its way back.
  {
    ...hold('oauth.interrupted', 'configuration'),
    failure: {
      kinds: ['capability', 'protocol'],
      phases: TOKEN,
      codes: ['SETTINGS_CHANGED', 'KEY_REVOKED', 'OTHER_ISSUER', 'NO_CODE'],
    },
  },
  // Ours: a secret that is not set, or a key file that is none.
  {
    ...hold('auth.secret_missing', 'configuration'),
    failure: { kinds: ['capability'], phases: TOKEN },
  },
  {
    errorId: 'oauth.endpoint',
    outcome: 'deferred',
    category: 'network',
    scope: 'connection',
    confidence: 'likely',
    retryAfterMs: MINUTE,
    failure: {
      kinds: ['dns', 'tcp', 'tls', 'timeout', 'dropped', 'protocol', 'api'],
      phases: TOKEN,
    },
  },
];
