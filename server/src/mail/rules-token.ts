/**
 * Access tokens: what OAuth2 endpoints answer, by Microsoft's AADSTS numbers, Google's words, and those of RFC 6749
 * §5.2 and §4.1.2.1. Whatever the kind of failure, the number or word in its code or message decides: the code is the
 * answer's `error`, the message its `error_description`. A number that is not here is not explained by the word beside
 * it, because Microsoft says `invalid_grant` for many things. Next: rules-network.ts
 */
import type { ErrorId } from './error-catalogue.ts';
import type { Category } from './outcome.ts';
import { FAILURE_KINDS } from './reply.ts';
import type { Phase } from './reply.ts';
import type { Finding, Rule } from './rule.ts';
import { GOOGLE, hold, MINUTE } from './rule.ts';

const TOKEN: readonly Phase[] = ['token'];

function byText(finding: Finding, text: RegExp): Rule {
  return { ...finding, failure: { kinds: FAILURE_KINDS, phases: TOKEN, text } };
}

/** Microsoft's numbers (learn.microsoft.com/entra/identity-platform/reference-error-codes). */
function entra(errorId: ErrorId, category: Category, ...numbers: readonly number[]): Rule {
  return byText(hold(errorId, category), new RegExp(`AADSTS(?:${numbers.join('|')})\\b`));
}

function google(errorId: ErrorId, category: Category, text: RegExp): Rule {
  return { ...hold(errorId, category), failure: { kinds: FAILURE_KINDS, phases: TOKEN, text, host: GOOGLE } };
}

function later(errorId: ErrorId): Finding {
  return {
    errorId,
    outcome: 'deferred',
    category: 'network',
    scope: 'connection',
    confidence: 'certain',
    retryAfterMs: MINUTE,
  };
}

const ENTRA: readonly Rule[] = [
  entra('entra.app_not_found', 'configuration', 700016, 700011, 70001),
  entra('entra.app_disabled', 'configuration', 7000112, 7000114),
  entra('entra.bad_secret', 'authentication', 7000215, 70002),
  entra('entra.secret_missing', 'configuration', 7000218, 7000216, 700025),
  entra('entra.secret_expired', 'authentication', 7000222),
  entra('oauth.clock', 'configuration', 700024, 500133),
  entra('entra.bad_assertion', 'authentication', 700027, 700030, 50012, 50013, 50027),
  entra('entra.no_consent', 'configuration', 65001, 65004, 90008, 90094, 90095),
  entra('entra.not_assigned', 'configuration', 50105),
  entra('entra.bad_resource', 'configuration', 500011, 50001, 65005, 650052, 650054, 650056, 650057, 500014),
  entra('entra.bad_scope', 'configuration', 1002012, 70011, 28002, 28003),
  entra('entra.tenant_not_found', 'configuration', 90002, 900023, 90019, 50059, 50128, 50194, 9001023, 90038),
  entra('entra.redirect_mismatch', 'configuration', 50011, 500113, 70004),
  entra(
    'entra.mfa_or_ca',
    'authentication',
    ...[50072, 50074, 50076, 50078, 50079, 50097, 50125, 50129, 50131, 50155, 50158],
    ...[53000, 53001, 53002, 53003, 53004, 53010, 530003, 530035],
  ),
  entra(
    'entra.grant_ended',
    'authentication',
    ...[70000, 70008, 70043, 700082, 700084, 700081, 50089, 50132, 50133, 50173, 54005],
  ),
  entra('entra.user_not_found', 'configuration', 50034, 50020, 50014, 51004, 90072, 16003, 500208),
  entra('entra.account_blocked', 'authentication', 50053, 50057, 53011),
  entra('entra.bad_login', 'authentication', 50126, 50055, 50056, 50064, 50144),
  byText(later('entra.temporary'), /AADSTS(?:50033|50087|50196|90006|90012|90024|90033|70012|51005)\b/),
  entra('entra.bad_request', 'configuration', 90014, 900144, 90004, 90023, 9002313, 70003),
  { ...byText(hold('entra.refused', 'authentication'), /AADSTS\d{4,9}\b/), confidence: 'unknown' },
];

/** Google (developers.google.com/identity/protocols/oauth2). */
const GOOGLES: readonly Rule[] = [
  google('oauth.clock', 'configuration', /invalid_grant.{0,40}(?:short-lived token|reasonable timeframe)/i),
  google(
    'google.bad_key',
    'authentication',
    /invalid_grant.{0,40}(?:Invalid JWT Signature|Invalid signature)/i,
  ),
  google(
    'google.user_not_found',
    'configuration',
    /invalid_grant.{0,40}(?:Invalid email|Not a valid email|account not found|account has been deleted)/i,
  ),
  google('google.reauth', 'authentication', /invalid_rapt|rapt_required/),
  google('google.invalid_grant', 'authentication', /invalid_grant/),
  google(
    'google.no_delegation',
    'configuration',
    /unauthorized_client.{0,40}(?:to retrieve access tokens|not authorized for any of the scopes)/i,
  ),
  google(
    'google.invalid_client',
    'configuration',
    /invalid_client|unauthorized_client|deleted_client|disabled_client|restricted_client/,
  ),
  google('google.access_denied', 'configuration', /access_denied|org_internal|admin_policy_enforced/),
];

/** The words of the standard, at whatever service. */
const WORDS: readonly Rule[] = [
  byText(hold('entra.redirect_mismatch', 'configuration'), /redirect_uri_mismatch/),
  byText(hold('oauth.no_refresh', 'configuration'), /no refresh.?token/i),
  byText(hold('oauth.bad_scope', 'configuration'), /\binvalid_scope\b/),
  byText(hold('oauth.grant_ended', 'authentication'), /\binvalid_grant\b/),
  byText(hold('oauth.bad_client', 'authentication'), /\binvalid_client\b/),
  byText(hold('oauth.not_authorised', 'configuration'), /\bunauthorized_client\b/),
  byText(hold('oauth.grant_unsupported', 'configuration'), /\bunsupported_grant_type\b/),
  byText(hold('oauth.denied', 'configuration'), /\baccess_denied\b|\bconsent_required\b/),
  byText(later('oauth.temporary'), /\b(?:server_error|temporarily_unavailable|slow_down)\b/),
  byText(hold('oauth.bad_request', 'configuration'), /\binvalid_request\b|\bunsupported_response_type\b/),
];

export const TOKEN_RULES: readonly Rule[] = [
  // Whatever the word: we saw it in the answer's date, or the service says so.
  byText(hold('oauth.clock', 'configuration'), /token (?:is )?not yet valid|clock of this machine differs/i),
  ...ENTRA,
  ...GOOGLES,
  ...WORDS,
  { ...hold('tcp.private_blocked', 'configuration'), failure: { kinds: ['egress'], phases: TOKEN } },
  {
    ...later('oauth.temporary'),
    failure: { kinds: ['api'], phases: TOKEN, text: /\bHTTP[ _]429\b/ },
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
  // Refused with a word that is not in the standard: no cause is made up. RFC 6749 §5.2 refuses with 400 and 401.
  {
    ...hold('oauth.refused', 'authentication'),
    confidence: 'unknown',
    failure: { kinds: ['api', 'protocol'], phases: TOKEN, text: /^[a-z]\w{2,60} .{0,200}\bHTTP 40[01]\b/ },
  },
  {
    ...later('oauth.endpoint'),
    confidence: 'likely',
    failure: {
      kinds: ['dns', 'tcp', 'tls', 'timeout', 'dropped', 'protocol', 'api'],
      phases: TOKEN,
    },
  },
];
