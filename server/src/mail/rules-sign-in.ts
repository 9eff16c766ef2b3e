/**
 * Replies about who we are and how well the line is protected: sign-in, encryption before sign-in, the greeting's door.
 * All of them concern the connection: its mail waits, none of it fails (C2).
 * Next: rules-limits.ts
 */
import type { Finding, ReplyMatch, Rule } from './rule.ts';
import type { ErrorId } from './error-catalogue.ts';
import { GOOGLE, hold, MAILGUN, MICROSOFT, MINUTE, slow, SPARKPOST } from './rule.ts';

const SIGN_IN: ReplyMatch = { codes: ['5xx'], phases: ['auth'] };

function auth(errorId: ErrorId, match: Partial<ReplyMatch>): Rule {
  return { ...hold(errorId, 'authentication'), reply: { ...SIGN_IN, ...match } };
}

function config(errorId: ErrorId, match: ReplyMatch): Rule {
  return { ...hold(errorId, 'configuration'), reply: match };
}

function temporary(errorId: ErrorId, retryAfterMs: number): Finding {
  return {
    errorId,
    outcome: 'deferred',
    category: 'authentication',
    scope: 'connection',
    confidence: 'certain',
    retryAfterMs,
  };
}

/** Microsoft 365 (its NDR list and the SMTP AUTH pages). */
const MICROSOFT_365: readonly Rule[] = [
  config('m365.basic_retired', { codes: ['5xx'], enhanced: ['7.30'] }),
  config('m365.smtp_auth_disabled', {
    codes: ['5xx'],
    enhanced: ['7.139'],
    text: /SmtpClientAuthentication is disabled for the Tenant/i,
  }),
  config('m365.smtp_auth_disabled_mailbox', {
    codes: ['5xx'],
    enhanced: ['7.139'],
    text: /SmtpClientAuthentication is disabled for the Mailbox/i,
  }),
  config('m365.security_defaults', { codes: ['5xx'], enhanced: ['7.139'], text: /security defaults/i }),
  {
    ...hold('m365.bad_credentials', 'authentication'),
    reply: { codes: ['5xx'], enhanced: ['7.139'], text: /credentials were incorrect/i },
  },
  config('m365.basic_retired', {
    codes: ['5xx'],
    text: /basic authentication is (?:not supported|disabled)/i,
  }),
  config('m365.conditional_access', { codes: ['5xx'], enhanced: ['7.139'] }),
  config('m365.not_authenticated', { codes: ['5xx'], enhanced: ['7.57'] }),
  auth('m365.bad_credentials', { enhanced: ['7.3'] }),
  auth('m365.bad_credentials', { codes: [535], host: MICROSOFT }),
];

/** Google (support.google.com/a/answer/3726730). */
const GOOGLE_MAIL: readonly Rule[] = [
  auth('gmail.app_password_required', { text: /application-specific password|InvalidSecondFactor/i }),
  auth('gmail.web_login', { enhanced: ['7.14'] }),
  auth('gmail.web_login', { text: /log in (?:with|via) your web browser|WebLoginRequired/i }),
  {
    ...temporary('gmail.too_many_logins', 15 * MINUTE),
    reply: { codes: ['4xx'], phases: ['auth'], text: /too many login attempts/i },
  },
  auth('gmail.oauth_scope', { codes: [334, '5xx'], text: /https:\/\/mail\.google\.com\// }),
  auth('gmail.bad_credentials', { text: /username and password not accepted|BadCredentials/i }),
  auth('gmail.bad_credentials', { codes: [535], host: GOOGLE }),
];

const PROVIDERS: readonly Rule[] = [
  config('account.not_allowed', { codes: ['5xx'], text: /is not authorized to perform/i }),
  {
    ...hold('sendgrid.credits', 'quota'),
    retryAfterMs: 60 * MINUTE,
    reply: { codes: ['4xx', '5xx'], text: /maximum credits exceeded/i },
  },
  auth('sendgrid.bad_key', {
    text: /provided authorization grant is invalid, expired, or revoked|bad username \/ password/i,
  }),
  auth('ses.bad_credentials', { text: /authentication credentials invalid/i }),
  auth('sparkpost.bad_key', { host: SPARKPOST }),
  auth('mailgun.bad_credentials', { codes: [535], host: MAILGUN }),
];

const ENCRYPTION: readonly Rule[] = [
  { ...hold('auth.needs_encryption', 'tls'), reply: { codes: [523, 538] } },
  { ...hold('auth.needs_encryption', 'tls'), reply: { codes: ['5xx'], enhanced: ['7.10', '7.11'] } },
  config('tls.client_too_old', { codes: ['4xx', '5xx'], enhanced: ['7.66'] }),
  config('tls.client_too_old', {
    codes: ['4xx', '5xx'],
    text: /TLS 1\.0 (?:and|or) 1\.1 (?:are|is) not supported/i,
  }),
  config('tls.must_starttls', {
    codes: ['4xx', '5xx'],
    text: /must issue (?:a )?STARTTLS|STARTTLS (?:command )?(?:is )?(?:required|first)|(?:TLS|encryption|SSL) (?:is )?(?:required|needed)|requires? (?:TLS|encryption|SSL)|use (?:STARTTLS|TLS) first/i,
  }),
  {
    ...hold('tls.client_certificate', 'tls'),
    reply: {
      codes: ['4xx', '5xx'],
      text: /no client certificate presented|client (?:TLS )?certificate (?:is )?(?:not trusted|required)/i,
    },
  },
  { ...temporaryTls(), reply: { codes: ['4xx'], phases: ['tls'] } },
  { ...hold('tls.starttls_missing', 'tls'), reply: { codes: ['5xx'], phases: ['tls'] } },
];

const ANY_SERVER: readonly Rule[] = [
  config('auth.ip_not_allowed', {
    codes: ['5xx'],
    text: /unauthorized IP address|IP (?:address )?(?:is )?not (?:authorized|allowed|whitelisted) for (?:this|your) account/i,
  }),
  {
    ...slow('auth.too_many', 15 * MINUTE),
    category: 'authentication',
    reply: { codes: ['4xx'], phases: ['auth'], text: /too many|try again later.{0,20}(?:login|auth)/i },
  },
  auth('auth.locked', {
    text: /account (?:is |has been |was )?(?:temporarily |currently )?(?:locked|disabled|suspended|blocked)|too many (?:failed|bad|invalid)/i,
  }),
  auth('auth.locked', { enhanced: ['7.13'] }),
  // RFC 4954 §6 and RFC 5248: 534 and 535 speak of sign-in in whatever phase they come.
  { ...hold('auth.weak_mechanism', 'authentication'), reply: { codes: [534] } },
  // RFC 4954 §6: the password must be converted for this mechanism, by signing in another way once.
  { ...hold('auth.weak_mechanism', 'authentication'), reply: { codes: [432], enhanced: ['7.12'] } },
  config('auth.no_common_mechanism', { codes: [504], phases: ['auth'] }),
  config('auth.no_common_mechanism', {
    codes: ['5xx'],
    phases: ['auth'],
    text: /(?:mechanism|authentication type) (?:is )?(?:not supported|unsupported|disabled|invalid)|(?:unrecognized|unsupported|unknown|invalid) (?:authentication|auth) (?:type|mechanism|method)/i,
  }),
  config('auth.not_offered', {
    codes: [500, 502, 503],
    phases: ['auth'],
    text: /not (?:enabled|available|implemented|advertised|allowed|supported)|unrecognized|unknown command|disabled/i,
  }),
  { ...hold('auth.bad_credentials', 'authentication'), reply: { codes: [535] } },
  auth('auth.bad_credentials', { enhanced: ['7.8'] }),
  auth('auth.bad_credentials', {
    text: /(?:password|credentials?|username|login|authenticat\w{2,5}) (?:is |was |were |has )?(?:incorrect|invalid|wrong|failed|failure|rejected|denied|error)|(?:invalid|incorrect|wrong|bad) (?:user ?name|login|password|credentials)/i,
  }),
  {
    ...temporary('auth.temporary', 5 * MINUTE),
    reply: { codes: [430, 432, 435, 450, 451, 454, 455], phases: ['auth'] },
  },
  config('auth.required', { codes: [530] }),
  config('auth.required', {
    codes: ['5xx'],
    text: /(?:authentication|authorization|SMTP AUTH|login) (?:is )?required|please (?:authenticate|log ?in|use SMTP AUTH)|need to authenticate|must (?:be )?(?:authenticate|logged in|log in)|not (?:authenticated|logged in)|AUTH first|^unauthenticated(?: senders|$)/i,
  }),
];

const NO_REVERSE_NAME =
  /client host rejected: cannot find|reverse (?:DNS|host ?name|lookup)|cannot find your (?:reverse )?host ?name|PTR record/i;

const DOOR: readonly Rule[] = [
  // RFC 7372 §3.3: 5.7.25 says that the address of this machine has no name.
  { ...hold('smtp.rejected_at_door', 'policy'), reply: { codes: ['5xx'], enhanced: ['7.25'] } },
  { ...hold('smtp.rejected_at_door', 'policy'), reply: { codes: ['5xx'], text: NO_REVERSE_NAME } },
  {
    ...hold('smtp.rejected_at_door', 'policy'),
    outcome: 'deferred',
    reply: { codes: ['4xx'], text: NO_REVERSE_NAME },
  },
  config('smtp.helo_rejected', {
    codes: ['5xx'],
    text: /(?:HELO|EHLO) command rejected|(?:HELO|EHLO).{0,40}(?:invalid|rejected|not allowed|syntactically|fully.qualified)|(?:bad|invalid) (?:HELO|EHLO)/i,
  }),
  config('smtp.helo_rejected', { codes: [501, 550], phases: ['ehlo', 'ehlo-tls'] }),
];

export const SIGN_IN_RULES: readonly Rule[] = [
  ...MICROSOFT_365,
  ...GOOGLE_MAIL,
  ...PROVIDERS,
  ...ENCRYPTION,
  ...ANY_SERVER,
  ...DOOR,
];

/** RFC 3207 §4: 454 TLS not available due to temporary reason. */
function temporaryTls(): Finding {
  return {
    errorId: 'tls.unavailable',
    outcome: 'deferred',
    category: 'tls',
    scope: 'connection',
    confidence: 'certain',
  };
}
