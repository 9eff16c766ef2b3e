import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainText } from './explain-line.ts';

const CASES: readonly (readonly [string, string])[] = [
  ['tcp.refused', 'tcp.refused'],
  ['550 5.7.60 SMTP; Client does not have permissions to send as this sender', 'm365.send_as_denied'],
  [
    '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.',
    'm365.smtp_auth_disabled',
  ],
  ['535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6', 'auth.bad_credentials'],
  ['550 5.1.1 <a@example.com>: Recipient address rejected: User unknown', 'smtp.no_such_user'],
  ['554 5.7.1 <a@example.com>: Relay access denied', 'smtp.relay_denied'],
  ['552 5.3.4 Message size exceeds fixed limit', 'smtp.too_big'],
  ['450-4.7.1 Greylisted\r\n450 4.7.1 try again later', 'policy.greylisted'],
  ['connect ECONNREFUSED 127.0.0.1:25', 'tcp.refused'],
  ['CERT_HAS_EXPIRED', 'tls.expired'],
  ['getaddrinfo ENOTFOUND smtp.example.con', 'dns.not_found'],
  ['AADSTS7000222: The provided client secret keys are expired.', 'entra.secret_expired'],
];

test('an id, a reply and a failure are each explained', () => {
  for (const [text, id] of CASES) assert.equal(explainText(text)?.id, id, text);
});

test('what nobody knows is shown raw, and what is no reply is not guessed at', () => {
  const odd = explainText('599 5.9.9 The moon is full tonight');
  assert.deepEqual([odd?.id, odd?.confidence], ['unknown.5xx', 'unknown']);
  assert.match(odd?.cause ?? '', /moon is full/);
  for (const text of [
    '',
    'hello',
    'tcp.nothing',
    'It does not work',
    '99 bottles',
    '250 a\r\n550 b',
    'NO_SUCH_CODE',
  ]) {
    assert.equal(explainText(text), undefined, text);
  }
});
