import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RULES } from './classify-rules.ts';
import { ERRORS, isErrorId, type ErrorId } from './error-catalogue.ts';
import { DOCS, PARAMS, type ErrorEntry, type FixAction } from './error-entry.ts';
import { explain } from './explain.ts';

/** The ids that were promised when the product was designed; none of them may ever be lost or renamed. */
const PROMISED = `dns.not_found dns.temporary dns.only_ipv6 tcp.refused tcp.timeout tcp.unreachable tcp.reset
tcp.private_blocked proxy.failed smtp.no_greeting smtp.not_smtp smtp.rejected_at_door tls.plain_on_tls
tls.starttls_missing tls.must_starttls tls.handshake tls.protocol_old tls.client_too_old tls.dh_small tls.self_signed
tls.chain_incomplete tls.name_mismatch tls.expired tls.not_yet_valid tls.revoked tls.cert_expires_soon
auth.bad_credentials gmail.app_password_required gmail.bad_credentials gmail.web_login gmail.too_many_logins
gmail.oauth_scope m365.smtp_auth_disabled m365.smtp_auth_disabled_mailbox m365.security_defaults
m365.conditional_access m365.bad_credentials m365.basic_retired m365.not_authenticated sendgrid.bad_key
sendgrid.credits ses.bad_credentials sparkpost.bad_key mailgun.bad_credentials auth.no_common_mechanism
auth.not_offered auth.needs_encryption auth.temporary auth.locked entra.app_not_found entra.bad_secret
entra.secret_expired entra.no_consent entra.bad_scope entra.tenant_not_found entra.redirect_mismatch entra.mfa_or_ca
entra.grant_ended google.invalid_grant google.invalid_client google.access_denied oauth.no_refresh oauth.endpoint
oauth.clock sendgrid.unverified_sender m365.send_as_denied smtp.sender_not_owned ses.unverified
sparkpost.unconfigured_domain mailgun.sandbox smtp.sender_rejected smtp.relay_denied smtp.no_such_user
smtp.recipient_domain smtp.mailbox_full smtp.too_big smtp.storage smtp.too_many_connections smtp.rate_limited
limit.daily m365.outbound_blocked policy.greylisted policy.unauthenticated policy.blocklisted policy.content
policy.too_many_recipients smtp.utf8_unsupported smtp.dropped_in_data render.failed policy.allowlist
policy.suppressed unknown.4xx unknown.5xx`.split(/\s+/);

const ENTRIES = Object.entries(ERRORS) as [ErrorId, ErrorEntry][]; // its keys are the ids

/** Every text of an entry that may hold placeholders. */
function templates(entry: ErrorEntry): string[] {
  const ofAction = (action: FixAction | undefined): string[] => {
    if (action === undefined) return [];
    if (action.kind === 'copy') return [action.label, action.text];
    if (action.kind === 'open' && action.page === 'web') return [action.label, action.url];
    if (action.kind !== 'change') return [action.label];
    return [action.label, ...Object.values(action.change).filter((value) => typeof value === 'string')];
  };
  return [
    entry.title,
    entry.cause ?? '',
    ...entry.fixes.flatMap(({ text, action }) => [text, ...ofAction(action)]),
  ];
}

test('every id that was promised is in the catalogue', () => {
  assert.equal(PROMISED.length, 93);
  assert.deepEqual(
    PROMISED.filter((id) => !isErrorId(id)),
    [],
  );
});

test('no entry without a rule or a maker, no maker where there is a rule', () => {
  const ruled = new Set(RULES.map(({ errorId }) => errorId));
  for (const [id, { made }] of ENTRIES) {
    assert.equal(ruled.has(id), made === undefined, id);
  }
  for (const id of ruled) assert.ok(isErrorId(id), id);
});

test('an entry says of the mail what its rules do', () => {
  const fits = { deferred: ['retry'], connection_unusable: ['hold', 'config'], rejected: ['fail'] } as const;
  for (const [id, { retry }] of ENTRIES) {
    const own = RULES.filter(({ errorId }) => errorId === id);
    if (own.length === 0) continue;
    assert.ok(
      own.some(({ outcome }) => (fits[outcome] as readonly string[]).includes(retry)),
      `${id}: ${retry}, but ${own.map(({ outcome }) => outcome).join(' ')}`,
    );
  }
});

test('every entry is complete: cause, a way out, and words that fit where they are shown', () => {
  for (const [id, entry] of ENTRIES) {
    assert.ok(entry.short.length > 3 && entry.short.length <= 28, `${id}: ${entry.short}`);
    assert.doesNotMatch(entry.short, /[{}.]/, id);
    assert.ok(entry.cause !== undefined, id);
    if (id.startsWith('unknown.')) assert.deepEqual([entry.cause, entry.fixes.length], ['{answer}', 0]);
    else assert.ok(entry.fixes.length > 0, id);
    for (const { text } of entry.fixes) assert.match(text, /[.?]$/, `${id}: ${text}`);
    for (const text of templates(entry)) assert.doesNotMatch(text, /!|\boops\b/, id);
  }
});

test('every placeholder has a name that is known, and every title stands without any', () => {
  const known: readonly string[] = PARAMS;
  const used = new Set<string>();
  for (const [id, entry] of ENTRIES) {
    for (const text of templates(entry)) {
      for (const [, name = ''] of text.matchAll(/\{(\w+)/g)) {
        used.add(name);
        assert.ok(known.includes(name), `${id}: {${name}}`);
      }
    }
    const { title } = explain(id);
    assert.doesNotMatch(title, /[{}[\]]| {2}| [.,]/, id);
    assert.match(title, /^[A-Z].{8,88}\.$/u, id);
  }
  assert.deepEqual(
    known.filter((name) => !used.has(name)),
    [],
    'a name nobody uses',
  );
});

test('pages of others are https addresses, and each is used', () => {
  const used = new Set(ENTRIES.flatMap(([, { docs }]) => docs ?? []));
  for (const [key, { url, label }] of Object.entries(DOCS)) {
    assert.match(url, /^https:\/\/[\w.]+\//);
    assert.ok(label.length > 3 && used.has(key as keyof typeof DOCS), key);
  }
});
