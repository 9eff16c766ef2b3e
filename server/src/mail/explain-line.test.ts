import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { ERRORS } from './error-catalogue.ts';
import { explainText } from './explain-line.ts';

/** A line as people find it in a log, and what it means; the second is the host when it must be known. */
const LINES: readonly (readonly [string, string, string?])[] = [
  ['550 5.7.60 SMTP; Client does not have permissions to send as this sender', 'm365.send_as_denied'],
  ['535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6', 'auth.bad_credentials'],
  [
    '535-5.7.8 Username and Password not accepted. For more information, go to\n535 5.7.8  https://support.google.com/mail/?p=BadCredentials x - gsmtp',
    'gmail.bad_credentials',
  ],
  [
    'Error: Invalid login: 535-5.7.8 Username and Password not accepted. Learn more at',
    'gmail.bad_credentials',
  ],
  ["smtplib.SMTPAuthenticationError: (535, b'5.7.8 Error: authentication failed')", 'unreadable'],
  [
    "Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup'",
    'smtp.no_such_user',
  ],
  ['S: 530 5.7.0 Must issue a STARTTLS command first', 'tls.must_starttls'],
  [
    'status=deferred (host mx.b.test[192.0.2.1] said: 450 4.2.0 <lena@b.test>: Recipient address rejected: Greylisted, see http://postgrey.example)',
    'policy.greylisted',
  ],
  [
    'status=bounced (host mx.b.test[192.0.2.1] said: 554 5.7.1 <lena@b.test>: Relay access denied (in reply to RCPT TO command))',
    'smtp.relay_denied',
  ],
  ['454 4.7.0 Temporary authentication failure', 'auth.temporary'],
  ['451 4.3.0 Mail server temporarily rejected message', 'smtp.unavailable'],
  [
    '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org',
    'policy.blocklisted',
  ],
  ['421 4.7.0 Try again later, closing connection.', 'smtp.unavailable'],
  ['535 Authentication failed', 'sparkpost.bad_key', 'smtp.sparkpostmail.com'],
  ['535 Authentication failed', 'auth.bad_credentials'],
  ['Error: connect ECONNREFUSED 127.0.0.1:587', 'tcp.refused'],
  ['Error: getaddrinfo ENOTFOUND smtp.exmaple.com', 'dns.not_found'],
  ['getaddrinfo EAI_AGAIN smtp.example.com', 'dns.temporary'],
  ['Error: connect ETIMEDOUT 203.0.113.40:25', 'tcp.timeout'],
  ['connect ENETUNREACH 2001:db8::1:587 - Local (:::0)', 'tcp.unreachable'],
  ['Error: certificate has expired CERT_HAS_EXPIRED', 'tls.expired'],
  ["code: 'DEPTH_ZERO_SELF_SIGNED_CERT'", 'tls.self_signed'],
  ['Error: unable to verify the first certificate (UNABLE_TO_VERIFY_LEAF_SIGNATURE)', 'tls.chain_incomplete'],
  ["ERR_TLS_CERT_ALTNAME_INVALID: Hostname/IP does not match certificate's altnames", 'tls.name_mismatch'],
  [
    'Error: 140735:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:ssl/record/ssl3_record.c:332:',
    'tls.plain_on_tls',
  ],
  ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'tls.handshake'],
  ['Client network socket disconnected before secure TLS connection was established', 'smtp.dropped'],
  ["AADSTS7000222: The provided client secret keys for app 'x' are expired.", 'entra.secret_expired'],
  ['AADSTS999999: Nobody wrote this down.', 'entra.refused'],
  [
    '{"error":"invalid_grant","error_description":"Token has been expired or revoked."}',
    'google.invalid_grant',
    'oauth2.googleapis.com',
  ],
  ['{"error":"invalid_grant","error_description":"expired"}', 'oauth.grant_ended'],
  [
    '{"error":{"code":"ErrorSendAsDenied","message":"The user account which was used to submit this request does not have the right to send mail"}}',
    'm365.send_as_denied',
  ],
  ['MailboxNotEnabledForRESTAPI', 'graph.no_mailbox'],
  ['tls.expired', 'tls.expired'],
  ['  unknown.5xx ', 'unknown.5xx'],
  ['550 Zebra', 'unknown.5xx'],
  ['451 Zebra', 'unknown.4xx'],
  ['250 2.0.0 Ok: queued as 4F1D2', 'taken'],
  ['tls.expire', 'unknown_id'],
  ['552 5.3.4 Message size exceeds fixed limit', 'smtp.too_big'],
  ['450-4.7.1 Greylisted\r\n450 4.7.1 try again later', 'policy.greylisted'],
  ['599 5.9.9 The moon is full tonight', 'unknown.5xx'],
  ['250 a\r\n550 b', 'taken'],
  ['tcp.nothing', 'unknown_id'],
  ['hello', 'unreadable'],
  ['It does not work', 'unreadable'],
  ['99 bottles', 'unreadable'],
  ['NO_SUCH_CODE', 'unreadable'],
  ['the weather is fine', 'unreadable'],
  ['', 'unreadable'],
];

test('a line as it stands in a log is explained, whatever program wrote it', () => {
  for (const [line, expected, host] of LINES) {
    const told = explainText(line, host === undefined ? {} : { host });
    assert.equal(told.ok ? told.explanation.id : told.why, expected, line);
  }
});

test('the phase decides where it is given; where it is not, what else it can be is said', () => {
  const line = '550 5.1.0 Address rejected';
  const from = explainText(line, { phase: 'mail-from' });
  const to = explainText(line, { phase: 'rcpt-to' });
  assert.ok(from.ok && to.ok);
  assert.deepEqual([from.explanation.id, to.explanation.id], ['smtp.sender_rejected', 'smtp.no_such_user']);
  assert.deepEqual([from.explanation.confidence, from.others], ['certain', []]);
  const open = explainText(line);
  assert.ok(open.ok);
  assert.equal(open.explanation.confidence, 'likely');
  assert.equal(open.others.length, 1);
  const wrong = explainText(line, { phase: 'somewhere' });
  assert.ok(!wrong.ok && wrong.why === 'unknown_phase');
});

test('a sample of the golden file, pasted without its phase, is never explained as something it is not', () => {
  const text = readFileSync(new URL('golden/replies.tsv', import.meta.url), 'utf8');
  let same = 0;
  let all = 0;
  for (const row of text.split('\n')) {
    const [phase = '', host = '', seen = '', , , , id = ''] = row.split('\t');
    if (row.startsWith('#') || seen === '' || seen.startsWith('!') || id === '-' || seen.startsWith('354'))
      continue;
    all += 1;
    const about = host === '-' ? {} : { host };
    const known = explainText(seen.replaceAll('\\n', '\n'), { ...about, phase });
    assert.ok(
      known.ok && known.explanation.id === id,
      `${seen}: ${known.ok ? known.explanation.id : known.why}`,
    );
    const told = explainText(seen.replaceAll('\\n', '\n'), about);
    assert.ok(told.ok, seen);
    if (told.explanation.id === id || told.others.some((other) => other.id === id)) same += 1;
    // what is said without a doubt is right
    else assert.notEqual(told.explanation.confidence, 'certain', `${seen}: ${told.explanation.id}`);
  }
  assert.ok(all > 220 && same / all > 0.95, `${String(same)} of ${String(all)}`);
});

test('an unknown line is unknown: no words of nobody are ever explained by a cause', () => {
  const syllable = fc.constantFrom('zor', 'bli', 'quat', 'nem', 'vux', 'tar', 'ipo', 'wug', 'dax', 'fep');
  const word = fc.array(syllable, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(''));
  const line = fc.record({
    code: fc.constantFrom(450, 451, 458, 499, 550, 553, 554, 571, 599),
    status: fc.constantFrom('', '9.9.9 ', '4.99.1 ', '5.77.77 ', '5.0.0 '),
    words: fc.array(word, { minLength: 1, maxLength: 8 }),
  });
  fc.assert(
    fc.property(
      line,
      fc.constantFrom(undefined, 'rcpt-to', 'mail-from', 'accepted'),
      ({ code, status, words }, phase) => {
        const text = `${String(code)} ${status}${words.join(' ')}`;
        const told = explainText(text, phase === undefined ? {} : { phase });
        assert.ok(told.ok, text);
        const { id, confidence, cause, fixes } = told.explanation;
        assert.match(id, /^unknown\./, text);
        assert.equal(confidence, 'unknown');
        assert.ok(cause.includes(words[0] ?? '') && fixes.length === 0, cause);
      },
    ),
    { numRuns: 5_000 },
  );
});

test('A7: whatever is pasted, it is answered at once', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const told = explainText(text);
      if (told.ok) assert.ok(told.explanation.id in ERRORS);
    }),
    { numRuns: 3_000 },
  );
  for (const piece of ['550 ', '550-', 'AADSTS', ':', '"', ' 5.7.1', 'ERR_SSL_', 'a', '\n', '250 ', '{']) {
    const started = performance.now();
    explainText(piece.repeat(100_000));
    assert.ok(performance.now() - started < 200, piece);
  }
});
