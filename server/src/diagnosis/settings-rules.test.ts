/**
 * Hints about settings: every cell of the port × security matrix, the typos and traps, and that no secret comes back.
 */
import assert from 'node:assert/strict';
import test, { suite } from 'node:test';
import type { Security } from './preset.ts';
import { hostsOf, PRESETS } from './presets.ts';
import type { Destination, HintLevel, SettingsDraft, SettingsHint } from './settings-hint.ts';
import { destinationOf, settingsHints } from './settings-rules.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');

function hints(draft: SettingsDraft, destination?: Destination, now = NOW): SettingsHint[] {
  return settingsHints(draft, { now, ...(destination !== undefined && { destination }) });
}

function one(draft: SettingsDraft, id: string, destination?: Destination, now = NOW): SettingsHint {
  const all = hints(draft, destination, now);
  const found = all.filter((hint) => hint.id === id);
  assert.equal(found.length, 1, `${id} once in ${JSON.stringify(all)}`);
  return found[0] as SettingsHint;
}

const changesOf = (hint: SettingsHint) => (hint.changes ?? []).map(({ change }) => change);

type Row = Readonly<Record<Security, readonly [HintLevel, id: string]>>;
const RELAY: Row = {
  none: ['warn', 'port.unencrypted'],
  auto: ['ok', 'port.auto'],
  implicit: ['warn', 'port.starts_plain'],
  starttls: ['ok', 'port.match'],
  'starttls-when-available': ['info', 'port.downgrade'],
};
const TLS: Row = {
  none: ['error', 'port.needs_tls_first'],
  auto: ['ok', 'port.auto'],
  implicit: ['ok', 'port.match'],
  starttls: ['error', 'port.needs_tls_first'],
  'starttls-when-available': ['error', 'port.needs_tls_first'],
};
const SUBMISSION: Row = {
  none: ['warn', 'port.unencrypted'],
  auto: ['ok', 'port.auto'],
  implicit: ['error', 'port.starts_plain'],
  starttls: ['ok', 'port.match'],
  'starttls-when-available': ['warn', 'port.downgrade'],
};
const ALTERNATIVE: Row = { ...SUBMISSION, implicit: ['warn', 'port.starts_plain'] };
const OTHER: Row = {
  none: ['info', 'port.unusual'],
  auto: ['ok', 'port.auto'],
  implicit: ['info', 'port.unusual'],
  starttls: ['info', 'port.unusual'],
  'starttls-when-available': ['info', 'port.unusual'],
};
const MATRIX: readonly (readonly [port: number, row: Row])[] = [
  [25, RELAY],
  [465, TLS],
  [2465, TLS],
  [587, SUBMISSION],
  [2525, ALTERNATIVE],
  [2587, ALTERNATIVE],
  [1025, OTHER],
];

suite('the port × security matrix', () => {
  for (const [port, row] of MATRIX) {
    for (const [security, [level, id]] of Object.entries(row)) {
      test(`${String(port)} with ${security}: ${level}, ${id}`, () => {
        const all = hints({ host: 'mail.example.com', port, security: security as Security }, 'public');
        const verdict = all.filter((hint) => hint.path === 'security');
        assert.deepEqual(
          verdict.map((hint) => [hint.level, hint.id]),
          [[level, id]],
        );
        assert.ok(
          level === 'ok' || level === 'info' || (verdict[0]?.changes?.length ?? 0) > 0,
          'has a way out',
        );
      });
    }
  }

  test('a way out of the matrix leads to a cell that is right', () => {
    for (const [port, row] of MATRIX) {
      for (const security of Object.keys(row) as Security[]) {
        const draft: SettingsDraft = { host: 'mail.example.com', port, security };
        for (const change of hints(draft, 'public').flatMap(changesOf)) {
          const after = hints({ ...draft, ...change }, 'public').filter((hint) => hint.path === 'security');
          const levels = after.map((hint) => hint.level);
          assert.ok(
            !levels.includes('error') && !levels.includes('block'),
            JSON.stringify({ draft, change }),
          );
        }
      }
    }
  });

  test('without a port the one is judged that would be used', () => {
    assert.match(one({ host: 'mail.example.com', security: 'implicit' }, 'port.match').message, /^465 /);
    assert.match(one({ host: 'mail.example.com' }, 'port.match').message, /^Port 587 /);
  });

  test('port 25 in the open is in order on a private address only', () => {
    const draft: SettingsDraft = { host: '10.0.0.5', port: 25, security: 'none' };
    assert.equal(one(draft, 'port.unencrypted_inside').level, 'ok');
    assert.ok(!hints(draft).some((hint) => hint.id === 'port.often_blocked'));
    assert.equal(one({ ...draft, host: '192.0.2.5' }, 'port.unencrypted').level, 'warn');
    assert.equal(one({ ...draft, host: 'mail.example.com' }, 'port.often_blocked').level, 'info');
  });

  test('a number that is no port is said, and nothing else of it', () => {
    for (const port of [0, -1, 65_536, 1.5, Number.NaN]) {
      assert.deepEqual(
        hints({ host: 'mail.example.com', port }).map((hint) => hint.id),
        ['port.range'],
      );
    }
  });
});

suite('K3: a secret in the open is blocked', () => {
  const draft: SettingsDraft = {
    host: 'mail.example.com',
    port: 587,
    security: 'none',
    auth: 'password',
    username: 'ana',
  };
  test('a password to a public address, even when plain text is allowed', () => {
    for (const allowPlaintextAuth of [false, true]) {
      const blocked = one({ ...draft, allowPlaintextAuth }, 'security.password_in_the_open', 'public');
      assert.equal(blocked.level, 'block');
      assert.deepEqual(changesOf(blocked), [{ security: 'starttls' }, { auth: 'anonymous' }]);
    }
    assert.equal(one({ ...draft, host: '192.0.2.7' }, 'security.password_in_the_open').level, 'block');
  });
  test('a password to a private address, until it is allowed', () => {
    const inside = one(draft, 'security.password_unencrypted', 'private');
    assert.equal(inside.level, 'block');
    assert.ok(changesOf(inside).some((change) => change['allowPlaintextAuth'] === true));
    assert.equal(
      one({ ...draft, allowPlaintextAuth: true }, 'security.password_inside', 'private').level,
      'warn',
    );
  });
  test('a password to a name that nobody looked up yet', () => {
    assert.equal(one(draft, 'security.password_unencrypted', 'unknown').level, 'block');
    assert.equal(
      one({ ...draft, allowPlaintextAuth: true }, 'security.password_inside', 'unknown').level,
      'warn',
    );
  });
  test('an access token, wherever it goes', () => {
    for (const auth of ['oauth2-client-credentials', 'oauth2-refresh-token', 'oauth2-jwt-bearer'] as const) {
      for (const security of ['none', 'starttls-when-available'] as const) {
        const token: SettingsDraft = { ...draft, auth, security, allowPlaintextAuth: true };
        assert.equal(one(token, 'security.token_in_the_open', 'private').level, 'block');
      }
      assert.ok(!hints({ ...draft, auth, security: 'auto' }).some((hint) => hint.level === 'block'));
    }
  });
  test('nobody signs in: nothing is blocked', () => {
    assert.ok(!hints({ ...draft, auth: 'anonymous' }, 'public').some((hint) => hint.level === 'block'));
  });
});

suite('slips in the host', () => {
  const SLIPS: readonly (readonly [typed: string, id: string, right: string])[] = [
    ['smtp.sendgrid.com', 'host.mistaken', 'smtp.sendgrid.net'],
    ['smtp.gmail.con', 'host.slip', 'smtp.gmail.com'],
    ['smpt.gmail.com', 'host.slip', 'smtp.gmail.com'],
    ['smtp.gmial.com', 'host.slip', 'smtp.gmail.com'],
    ['smtp.ofice365.com', 'host.slip', 'smtp.office365.com'],
    ['smtp.office365.co', 'host.slip', 'smtp.office365.com'],
    ['smtp.postmarkap.com', 'host.slip', 'smtp.postmarkapp.com'],
    ['email-smtp.us-east1.amazonaws.com', 'host.slip', 'email-smtp.us-east-1.amazonaws.com'],
    ['smtp.office.com', 'host.mistaken', 'smtp.office365.com'],
    ['outlook.office365.com', 'host.mistaken', 'smtp.office365.com'],
    ['smtp-relay.sendinblue.com', 'host.mistaken', 'smtp-relay.brevo.com'],
    ['smtp.google.com', 'host.mistaken', 'smtp.gmail.com'],
    ['email.eu-west-1.amazonaws.com', 'host.mistaken', 'email-smtp.eu-west-1.amazonaws.com'],
    ['example-com.mail.protection.outlook.com', 'host.receiving_side', 'smtp.office365.com'],
    ['aspmx.l.google.com', 'host.receiving_side', 'smtp.gmail.com'],
    ['imap.example.com', 'host.reading_side', 'smtp.example.com'],
    ['SMTP.SendGrid.COM', 'host.mistaken', 'smtp.sendgrid.net'],
    ['smtp.sendgrid.com.', 'host.mistaken', 'smtp.sendgrid.net'],
  ];
  for (const [host, id, right] of SLIPS) {
    test(`${host} → ${right}`, () => {
      assert.deepEqual(changesOf(one({ host, auth: 'password', username: 'a' }, id)), [{ host: right }]);
    });
  }

  test('every host of a preset, and hosts of others, are taken as they are', () => {
    const others = ['smtp.mail.com', 'smtp.gmx.net', 'smtp.mail.ru', 'mail.example.com', 'smtp.strato.de'];
    for (const host of [...PRESETS.flatMap(hostsOf), ...others, 'email-smtp.ap-southeast-5.amazonaws.com']) {
      const said = hints({ host }).filter((hint) => hint.path === 'host' && hint.id.startsWith('host.'));
      assert.deepEqual(said, [], host);
    }
  });

  test('what was pasted with the host is taken apart', () => {
    const taken = (host: string, id: string) => changesOf(one({ host }, id))[0];
    assert.deepEqual(taken('smtp://Mail.Example.com:2525/', 'host.scheme'), {
      host: 'mail.example.com',
      port: 2525,
    });
    assert.deepEqual(taken('smtps://user:pass@mail.example.com', 'host.scheme'), {
      host: 'mail.example.com',
      security: 'implicit',
    });
    assert.deepEqual(taken('mail.example.com:465', 'host.port'), { host: 'mail.example.com', port: 465 });
    assert.deepEqual(taken(' mail.example.com ', 'host.spaces'), { host: 'mail.example.com' });
    assert.equal(one({ host: 'ana@example.com' }, 'host.address').level, 'error');
    for (const host of ['mail example', '127.1', '0x7f000001', 'a..b', '-x.example']) {
      assert.equal(one({ host }, 'host.invalid').level, 'error', host);
    }
  });

  test('a name in other letters is shown as it is looked up', () => {
    assert.match(one({ host: 'mail.bücher.example' }, 'host.idn').message, /mail\.xn--bcher-kva\.example/);
  });

  test('an address is judged by itself, a name only when it means this machine', () => {
    assert.equal(destinationOf('127.0.0.1'), 'private');
    assert.equal(destinationOf('fd00::5'), 'private');
    assert.equal(destinationOf('::ffff:10.1.2.3'), 'private');
    assert.equal(destinationOf('192.0.2.1'), 'public');
    assert.equal(destinationOf('mail.internal'), 'private');
    assert.equal(destinationOf('mail.example.com'), 'unknown');
    assert.equal(destinationOf(undefined), 'unknown');
    assert.equal(one({ host: '192.0.2.1' }, 'host.ip_address').level, 'info');
    assert.ok(!hints({ host: '192.0.2.1', serverName: 'm.example' }).some((h) => h.id === 'host.ip_address'));
  });
});

suite('what a provider wants', () => {
  const at = (host: string, more: SettingsDraft = {}): SettingsDraft => ({
    host,
    port: 587,
    auth: 'password',
    ...more,
  });
  const CASES: readonly (readonly [name: string, draft: SettingsDraft, id: string, path: string])[] = [
    ['SendGrid: apikey', at('smtp.sendgrid.net', { username: 'ana' }), 'preset.username', 'username'],
    [
      'SparkPost: capitals',
      at('smtp.sparkpostmail.com', { username: 'smtp_injection' }),
      'preset.username',
      'username',
    ],
    ['Gmail: full address', at('smtp.gmail.com', { username: 'ana' }), 'preset.username', 'username'],
    [
      'SendGrid: key',
      at('smtp.sendgrid.net', { username: 'apikey', password: 'hunter2' }),
      'preset.secret_shape',
      'password',
    ],
    [
      'SES: IAM secret',
      at('email-smtp.eu-west-1.amazonaws.com', {
        username: 'AKIAIOSFODNN7EXAMPLE',
        password: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      }),
      'preset.wrong_secret',
      'password',
    ],
    [
      'Brevo: API key',
      at('smtp-relay.brevo.com', { username: 'a@b.example', password: 'xkeysib-1234' }),
      'preset.wrong_secret',
      'password',
    ],
    [
      'Mailgun: API key',
      at('smtp.mailgun.org', { username: 'a@b.example', password: 'key-0123456789abcdef0123456789abcdef' }),
      'preset.wrong_secret',
      'password',
    ],
    [
      'Postmark: two tokens',
      at('smtp.postmarkapp.com', { username: 'x', password: '6f9619ff-8b86-d011-b42d-00cf4fc964ff' }),
      'preset.wrong_secret',
      'password',
    ],
    [
      'Gmail: account password',
      at('smtp.gmail.com', { username: 'a@gmail.com', password: 'Tr0ub4dor&3' }),
      'preset.secret_shape',
      'password',
    ],
    [
      'Mailgun: EU',
      at('smtp.mailgun.org', { username: 'postmaster@mg.example.eu' }),
      'mailgun.region',
      'host',
    ],
    ['SendGrid: no sign-in', { host: 'smtp.sendgrid.net' }, 'preset.sign_in_needed', 'auth'],
    [
      'SendGrid: no OAuth2',
      at('smtp.sendgrid.net', { auth: 'oauth2-refresh-token', username: 'apikey' }),
      'preset.sign_in_kind',
      'auth',
    ],
    [
      'Microsoft: port',
      at('smtp.office365.com', { port: 465, username: 'a@b.example' }),
      'preset.port',
      'port',
    ],
    [
      'Microsoft: connections',
      at('smtp.office365.com', { username: 'a@b.example', pool: { connections: 5 } }),
      'preset.limit',
      'pool.connections',
    ],
    [
      'SparkPost: patience',
      at('smtp.sparkpostmail.com', { username: 'SMTP_Injection', timeouts: { commandMs: 30_000 } }),
      'preset.patience',
      'timeouts.commandMs',
    ],
    [
      'Gmail: sender',
      at('smtp.gmail.com', { username: 'a@gmail.com', senders: ['@example.com'] }),
      'preset.sender_domain',
      'senders',
    ],
  ];
  for (const [name, draft, id, path] of CASES) {
    test(name, () => {
      assert.equal(one(draft, id).path, path);
    });
  }

  test('what is right is left alone', () => {
    const right: SettingsDraft[] = [
      at('smtp.sendgrid.net', { username: 'apikey', password: 'SG.abc' }),
      at('smtp.gmail.com', {
        username: 'a@gmail.com',
        password: 'abcd efgh ijkl mnop',
        senders: ['a@gmail.com'],
      }),
      at('smtp.sparkpostmail.com', { username: 'SMTP_Injection', password: '0'.repeat(40) }),
      at('email-smtp.eu-west-1.amazonaws.com', {
        username: 'AKIAIOSFODNN7EXAMPLE',
        password: `B${'a'.repeat(43)}`,
      }),
      at('smtp-relay.gmail.com', { auth: 'anonymous' }),
      at('smtp.eu.mailgun.org', { username: 'postmaster@mg.example.eu', password: 'secret' }),
    ];
    for (const draft of right) {
      assert.deepEqual(
        hints(draft).filter((hint) => hint.level !== 'ok' && hint.level !== 'info'),
        [],
      );
    }
  });

  test('Microsoft OAuth2: the secret ID, the directory, the scopes', () => {
    const draft = at('smtp.office365.com', {
      auth: 'oauth2-client-credentials',
      username: 'a@b.example',
      clientSecret: '6f9619ff-8b86-d011-b42d-00cf4fc964ff',
      clientId: 'my-app',
      tenantId: 'common',
      scopes: ['https://outlook.office.com/SMTP.Send', 'offline_access'],
    });
    for (const id of [
      'microsoft.secret_id',
      'microsoft.client_id',
      'microsoft.directory',
      'microsoft.scopes',
    ]) {
      one(draft, id);
    }
    one({ ...draft, auth: 'oauth2-refresh-token', scopes: ['x'] }, 'microsoft.offline_access');
    one({ ...draft, host: 'smtp.gmail.com', auth: 'oauth2-refresh-token', scopes: ['x'] }, 'google.scope');
  });

  test('a notice is shown from its day on, and for the sign-in it is about', () => {
    const draft = at('smtp.office365.com', { username: 'a@b.example' });
    assert.match(one(draft, 'preset.notice').message, /until the end of December 2026/);
    const later = one(draft, 'preset.notice', undefined, Date.parse('2027-01-02T00:00:00Z'));
    assert.match(later.message, /550 5\.7\.30/);
    const oauth: SettingsDraft = { ...draft, auth: 'oauth2-client-credentials' };
    assert.ok(!hints(oauth).some((hint) => hint.id === 'preset.notice'));
  });

  test('a user name that is never used, a missing one, spaces at the ends', () => {
    one({ host: 'm.example', username: 'ana' }, 'username.unused');
    one({ host: 'm.example', auth: 'password' }, 'username.missing');
    assert.match(
      one({ host: 'm.example', auth: 'password', username: 'a', password: 'x ' }, 'password.spaces').message,
      /at the end/,
    );
    assert.deepEqual(
      changesOf(one({ host: 'm.example', auth: 'password', username: ' a' }, 'username.spaces')),
      [{ username: 'a' }],
    );
    one({ host: 'm.example', verify: false }, 'tls.unverified');
  });
});

test('K5: no hint repeats a secret', () => {
  const secret = 'canary-8f2b1c7d-secret ';
  for (const { host } of PRESETS) {
    for (const auth of ['password', 'oauth2-client-credentials'] as const) {
      const draft = { host, auth, username: 'a@b.example', password: secret, clientSecret: secret };
      assert.ok(!JSON.stringify(hints(draft)).includes(secret.trim()), host);
    }
  }
});
