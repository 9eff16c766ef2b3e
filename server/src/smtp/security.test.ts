/** What may never happen on the wire: a secret without verified TLS, and plain text believed as if it came through TLS. */
import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import type { Dialer } from '../net/net.ts';
import { makeCertificates } from '../../test/certificates.ts';
import { type Peer, type PeerOptions, startPeer } from '../../test/smtp-peer.ts';
import {
  dialer,
  egress,
  failureCode,
  mailOf,
  poolOf,
  publicDialer,
  targetOf,
  timeoutsOf,
  words,
} from '../../test/smtp-scene.ts';
import { openSession, type SendReport, type SmtpTarget } from './smtp.ts';

const SECRET = 'Canary-7f3a9b21c4d8e6';
const PASSWORD = { kind: 'password', username: 'user@from.test', password: SECRET } as const;
const TOKEN = { kind: 'token', username: 'user@from.test', accessToken: SECRET } as const;
const { ca, cert, key, expired, otherName, selfSigned } = makeCertificates();
const TLS = { minVersion: 'TLSv1.2', verify: true, ca } as const;

/** Every form in which the secret could be on a wire or in a text. */
function secretForms(): RegExp {
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.from('x'.repeat(shift) + SECRET)
      .toString('base64')
      .slice(4, 24)
      .replaceAll('+', '\\+'),
  );
  return new RegExp(
    [SECRET, Buffer.from(SECRET).toString('hex'), encodeURIComponent(SECRET), ...base64].join('|'),
  );
}

async function sendTo(
  options: PeerOptions,
  changes: Partial<SmtpTarget>,
  way: Dialer = publicDialer,
): Promise<{ report: SendReport; peer: Peer }> {
  const peer = await startPeer(options);
  const pool = poolOf(targetOf(peer.port, { signIn: PASSWORD, tls: TLS, security: 'starttls', ...changes }), {
    dialer: way,
  });
  const report = await pool.send(mailOf());
  await pool.stop(0);
  await peer.close();
  return { report, peer };
}

const AUTH = { mechanisms: ['PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2'] };
const onEhlo = (reply: string) => (asked: { command: string }) =>
  asked.command.startsWith('EHLO') ? reply : undefined;

const DOWNGRADES: Record<string, { peer: PeerOptions; target?: Partial<SmtpTarget>; code: string }> = {
  'the offer of STARTTLS is taken away': { peer: {}, code: 'STARTTLS_MISSING' },
  'the offer is taken away and TLS was optional': {
    peer: {},
    target: { security: 'starttls-when-available' },
    code: 'AUTH_NEEDS_ENCRYPTION',
  },
  'the offer is taken away and the choice was ours': {
    peer: {},
    target: { security: 'auto' },
    code: 'STARTTLS_MISSING',
  },
  'STARTTLS is answered with 454': {
    peer: {
      tls: { key, cert },
      script: ({ command }) => (command === 'STARTTLS' ? '454 4.7.0 Not now\r\n' : undefined),
    },
    target: { security: 'starttls-when-available' },
    code: '454',
  },
  'the certificate is self-signed': { peer: { tls: selfSigned }, code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  'the certificate has expired': { peer: { tls: expired }, code: 'CERT_HAS_EXPIRED' },
  'the certificate is for another name': { peer: { tls: otherName }, code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
  'the server speaks TLS 1.1 only': { peer: { tls: { key, cert, maxVersion: 'TLSv1.1' } }, code: 'tls' },
  'the certificate is not verified, because we were told so': {
    peer: { tls: selfSigned },
    target: { tls: { minVersion: 'TLSv1.2', verify: false } },
    code: 'AUTH_NEEDS_ENCRYPTION',
  },
  'the greeting is a 235': {
    peer: {
      tls: { key, cert },
      script: ({ command }) => (command === '' ? '235 2.7.0 Welcome\r\n' : undefined),
    },
    code: 'UNEXPECTED_REPLY',
  },
  'EHLO is answered with a 235': {
    peer: { tls: { key, cert }, script: onEhlo('235 2.7.0 Welcome\r\n') },
    code: 'UNEXPECTED_REPLY',
  },
  'a 235 comes behind the answer to EHLO': {
    peer: { script: onEhlo('250-peer\r\n250 AUTH PLAIN\r\n235 2.7.0 Welcome\r\n') },
    target: { security: 'none' },
    code: 'EARLY_REPLY',
  },
  'signing in without TLS is allowed, but the address is a public one': {
    peer: {},
    target: { security: 'none', allowPlaintextAuth: true },
    code: 'AUTH_NEEDS_ENCRYPTION',
  },
};

for (const [name, { peer: options, target, code }] of Object.entries(DOWNGRADES)) {
  for (const signIn of [PASSWORD, TOKEN]) {
    test(`K3: no ${signIn.kind} goes out when ${name}`, async () => {
      const { report, peer } = await sendTo({ auth: AUTH, ...options }, { signIn, ...target });
      const found =
        report.session?.reply === undefined ? failureCode(report) : String(report.session.reply.code);
      if (code === 'tls') assert.equal(report.session?.failure?.kind, 'tls');
      else assert.equal(found, code, report.transcript);
      assert.doesNotMatch(peer.rawBytes().toString('latin1'), secretForms());
      assert.ok(!peer.commands.some((command) => command.startsWith('AUTH') || command.startsWith('MAIL')));
    });
  }
}

test('K3: in the clear a password goes only to an internal address, only when allowed, and hidden if possible', async () => {
  const without = await sendTo({ auth: AUTH }, { security: 'none' }, dialer);
  assert.equal(failureCode(without.report), 'AUTH_NEEDS_ENCRYPTION');
  const allowed = await sendTo({ auth: AUTH }, { security: 'none', allowPlaintextAuth: true }, dialer);
  assert.deepEqual(words(allowed.report), ['250'], allowed.report.transcript);
  assert.ok(allowed.peer.commands.includes('AUTH CRAM-MD5'));
  assert.doesNotMatch(allowed.peer.rawBytes().toString('latin1'), secretForms());
});

const INJECTIONS = [
  '250-AUTH PLAIN\r\n250 PIPELINING\r\n',
  '250-evil.test\r\n250 AUTH PLAIN LOGIN\r\n',
  '250 ok\r\n',
  '235 2.7.0 Welcome\r\n',
  '220 again\r\n',
  '2',
  '250-',
  '\r\n',
  '\n',
  '\0',
  '\u0016\u0003\u0001',
  '421 4.3.2 Closing\r\n',
  `250-${'x'.repeat(5_000)}\r\n250 AUTH PLAIN\r\n`,
];

for (const injected of INJECTIONS) {
  test(`K4: nothing behind the answer to STARTTLS is believed: ${JSON.stringify(injected).slice(0, 40)}`, async () => {
    const { report, peer } = await sendTo(
      {
        auth: AUTH,
        tls: { key, cert },
        script: ({ command }) =>
          command === 'STARTTLS' ? { text: `220 2.0.0 Go ahead\r\n${injected}`, after: 'fin' } : undefined,
      },
      {},
    );
    assert.equal(failureCode(report), 'STARTTLS_INJECTION', report.transcript);
    assert.equal(report.session?.phase, 'tls');
    assert.deepEqual(peer.commands, ['EHLO client.example.test', 'STARTTLS']);
  });
}

test('K4: plain text that comes later, in the place of the handshake, is no SMTP either', async () => {
  const { report, peer } = await sendTo(
    { auth: AUTH, tls: { key, cert }, faults: [{ point: 'tls-handshake', fault: 'early' }] },
    { timeouts: timeoutsOf(2_000) },
  );
  assert.equal(report.session?.failure?.kind, 'tls', report.transcript);
  assert.ok(!peer.commands.some((command) => command.startsWith('AUTH')));
});

test('K4: what was offered before TLS is forgotten', async () => {
  const peer = await startPeer({
    tls: { key, cert },
    script: ({ command, secure }) => {
      if (!command.startsWith('EHLO')) return undefined;
      return secure
        ? '250-peer.test\r\n250 SIZE 4711\r\n'
        : '250-peer.test\r\n250-AUTH PLAIN\r\n250-PIPELINING\r\n250-DSN\r\n250 STARTTLS\r\n';
    },
  });
  const target = targetOf(peer.port, { tls: TLS, security: 'starttls' });
  const opened = await openSession({ target, egress, dialer, clock: systemClock });
  assert.ok(opened.ok);
  assert.deepEqual([...opened.session.capabilities.keywords], [['SIZE', '4711']]);
  opened.session.line.destroy();
  const refused = await openSession({
    target: { ...target, signIn: PASSWORD },
    egress,
    dialer,
    clock: systemClock,
  });
  assert.ok(!refused.ok && refused.failure?.code === 'AUTH_NOT_OFFERED');
  await peer.close();
});

test('K5: no text that is kept holds the secret, even when the server says it back', async () => {
  const echoes = [
    SECRET,
    Buffer.from(SECRET).toString('base64'),
    Buffer.from(`\0user@from.test\0${SECRET}`).toString('base64'),
  ];
  const cases = [
    { mechanisms: ['PLAIN'], signIn: PASSWORD },
    { mechanisms: ['LOGIN'], signIn: PASSWORD },
    { mechanisms: ['CRAM-MD5'], signIn: PASSWORD },
    { mechanisms: ['XOAUTH2'], signIn: TOKEN },
    { mechanisms: ['OAUTHBEARER'], signIn: TOKEN },
  ];
  for (const { mechanisms, signIn } of cases) {
    for (const code of ['235', '535', '334']) {
      const next = (): { challenge: string } | { reply: string } =>
        code === '334'
          ? { challenge: `{"status":"401","said":"${SECRET}"}` }
          : { reply: `${code} 5.7.8 You said ${echoes.join(' ')}` };
      const { report } = await sendTo({ auth: { mechanisms, next }, tls: { key, cert } }, { signIn });
      const kept = JSON.stringify(report);
      assert.match(kept, /AUTH [A-Z0-9-]+/);
      assert.doesNotMatch(kept, secretForms());
    }
  }
});

test('K9: the reason in the challenge of XOAUTH2 is shown decoded; a long token waits for its turn', async () => {
  const token = 'ya29.'.padEnd(1500, 'x');
  const reason = '{"status":"400","schemes":"Bearer","scope":"https://mail.test/"}';
  const next = (_: string, answers: readonly string[]): { challenge: string } | { reply: string } => {
    if (answers.length === 0) return { challenge: '' };
    return answers.length === 1 ? { challenge: reason } : { reply: '535 5.7.8 Not accepted' };
  };
  const { report, peer } = await sendTo(
    { auth: { mechanisms: ['XOAUTH2'], next }, tls: { key, cert } },
    { signIn: { kind: 'token', username: 'u@from.test', accessToken: token } },
  );
  assert.deepEqual(report.session?.reply?.lines, ['Not accepted', reason]);
  assert.equal(report.session?.phase, 'auth');
  const auth = peer.commands.slice(peer.commands.indexOf('AUTH XOAUTH2'));
  assert.equal(
    Buffer.from(auth[1] ?? '', 'base64').toString(),
    `user=u@from.test\x01auth=Bearer ${token}\x01\x01`,
  );
  assert.equal(auth[2], '');
});

/** The server's half of SCRAM-SHA-256, for one user. */
function scramServer(
  password: string,
): (mechanism: string, answers: readonly string[]) => { challenge: string } | { reply: string } {
  const salt = Buffer.from('0123456789abcdef');
  return (_, answers) => {
    const [first = '', final = ''] = answers;
    const bare = first.slice('n,,'.length);
    const nonce = `${/r=(.*)$/.exec(bare)?.[1] ?? ''}-server`;
    const serverFirst = `r=${nonce},s=${salt.toString('base64')},i=4096`;
    if (answers.length < 2) return { challenge: serverFirst };
    const salted = pbkdf2Sync(password, salt, 4096, 32, 'sha256');
    const hmac = (hmacKey: Buffer, text: string): Buffer =>
      createHmac('sha256', hmacKey).update(text).digest();
    const signed = `${bare},${serverFirst},c=biws,r=${nonce}`;
    const clientKey = hmac(salted, 'Client Key');
    const signature = hmac(createHash('sha256').update(clientKey).digest(), signed);
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0))).toString(
      'base64',
    );
    if (final !== `c=biws,r=${nonce},p=${proof}`) return { reply: '535 5.7.8 No' };
    if (answers.length > 2) return { reply: '235 2.7.0 Welcome' };
    return { challenge: `v=${hmac(hmac(salted, 'Server Key'), signed).toString('base64')}` };
  };
}

test('SCRAM-SHA-256 signs in to a server that knows the password, and to no other', async () => {
  const tls = { key, cert };
  const good = await sendTo({ auth: { mechanisms: ['SCRAM-SHA-256'], next: scramServer(SECRET) }, tls }, {});
  assert.deepEqual(words(good.report), ['250'], good.report.transcript);
  const wrong = await sendTo(
    { auth: { mechanisms: ['SCRAM-SHA-256'], next: scramServer('other') }, tls },
    {},
  );
  assert.deepEqual(words(wrong.report), ['535']);
  const credulous = { mechanisms: ['SCRAM-SHA-256'], next: () => ({ reply: '235 2.7.0 Welcome' }) };
  const unproved = await sendTo({ auth: credulous, tls }, {});
  assert.equal(failureCode(unproved.report), 'SERVER_NOT_PROVED');
});

test('a server without a way to sign in that fits is told apart from one without any', async () => {
  const tls = { key, cert };
  assert.equal(failureCode((await sendTo({ tls }, {})).report), 'AUTH_NOT_OFFERED');
  const foreign = await sendTo({ tls, auth: { mechanisms: ['GSSAPI', 'NTLM'] } }, {});
  assert.equal(failureCode(foreign.report), 'AUTH_NO_COMMON_MECHANISM');
});

test('I3: an EHLO name that is no host name never reaches a server', async () => {
  const spellings = [
    '\r\n',
    '\n',
    '\r',
    '%0d%0a',
    '\u010a',
    '\u560d\u560a',
    '\u2028',
    '\u0085',
    '\0',
    '=?utf-8?q?=0A?=',
    '\ud800',
    ' ',
  ];
  const peer = await startPeer();
  for (const evil of spellings) {
    const pool = poolOf(targetOf(peer.port, { ehloName: `a.test${evil}MAIL FROM:<v@v.test>` }));
    const report = await pool.send(mailOf());
    assert.equal(failureCode(report), 'EHLO_NAME_INVALID');
    assert.equal(report.session?.phase, 'settings');
    await pool.stop(0);
  }
  assert.equal(peer.connections(), 0);
  for (const good of ['mail.from.test', 'host', '[192.0.2.1]', '[IPv6:2001:db8::1]']) {
    const pool = poolOf(targetOf(peer.port, { ehloName: good }));
    assert.deepEqual(words(await pool.send(mailOf())), ['250']);
    await pool.stop(1_000);
  }
  await peer.close();
});

test('I3: a user name or password with line ends stays inside its one answer', async () => {
  for (const evil of ['\r\n', '\n', '\r', '\u010a', '\u2028', '\u0085']) {
    const signIn = {
      kind: 'password',
      username: `u${evil}MAIL FROM:<v@v.test>`,
      password: `p${evil}QUIT`,
    } as const;
    const { report, peer } = await sendTo(
      { auth: { mechanisms: ['LOGIN'] }, tls: { key, cert } },
      { signIn },
    );
    assert.deepEqual(words(report), ['250']);
    const verbs = peer.commands.map((command) => command.split(/[ :]/)[0]);
    assert.deepEqual(
      verbs.slice(0, 3).concat(verbs.slice(6)),
      ['EHLO', 'STARTTLS', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'QUIT'].slice(0, verbs.length - 3),
    );
  }
  const { report } = await sendTo(
    { auth: AUTH, tls: { key, cert } },
    { signIn: { ...PASSWORD, password: 'a\0b' } },
  );
  assert.equal(failureCode(report), 'AUTH_CREDENTIALS_INVALID');
});
