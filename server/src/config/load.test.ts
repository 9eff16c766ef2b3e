import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { parseAllowEntry } from '../net/net.ts';
import { formatConfigProblem, loadConfig, type ConfigInput, type LoadedConfig } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'posthorn-config-'));
after(() => {
  rmSync(folder, { recursive: true });
});

type Settings = Partial<Pick<ConfigInput, 'env' | 'flags'>>;

function load(toml: string, { env = {}, flags = {} }: Settings = {}) {
  writeFileSync(join(folder, 'posthorn.toml'), toml, { mode: 0o600 });
  return loadConfig({ cwd: folder, env, flags });
}

function loaded(toml: string, settings?: Settings): LoadedConfig {
  const result = load(toml, settings);
  assert.ok(result.ok, result.ok ? '' : result.errors.map(formatConfigProblem).join('\n'));
  return result.loaded;
}

function errors(toml: string, settings?: Settings): string[] {
  const result = load(toml, settings);
  return result.ok ? [] : result.errors.map(formatConfigProblem);
}

const warnings = (toml: string, settings?: Settings) =>
  loaded(toml, settings).warnings.map(formatConfigProblem);

const SMTP = '[[connections]]\nname = "a"\nhost = "smtp.example.com"\n';

test('with nothing set, the defaults hold and are frozen', () => {
  const { config, dataDir, origin } = loaded('');
  assert.deepEqual(config.server, {
    http: { host: '127.0.0.1', port: 8025 },
    trustedProxies: [],
  });
  assert.equal(config.delivery.mode, 'capture');
  assert.deepEqual(config.delivery.lifetime, {
    otp: 600_000,
    account: 3_600_000,
    notification: 259_200_000,
    bulk: 259_200_000,
  });
  assert.deepEqual(config.delivery.inDoubt, {
    otp: 'retry',
    account: 'retry',
    notification: 'retry',
    bulk: 'hold',
  });
  assert.deepEqual(
    config.delivery.retry.map((ms) => ms / 60_000),
    [1, 5, 15, 30, 60, 120, 240, 360],
  );
  assert.equal(config.limits.messageBytes, 25_000_000);
  assert.equal(config.database.url, 'sqlite:./data/posthorn.db');
  assert.equal(dataDir, './data');
  assert.equal('sender' in config, false);
  assert.deepEqual(origin('delivery.mode'), { source: 'default' });
  assert.throws(() => Reflect.apply(Array.prototype.push, config.delivery.retry, [1]), TypeError);
  assert.ok(Object.isFrozen(config.delivery.lifetime));
});

test('the data folder moves the default database and nothing else', () => {
  assert.equal(loaded('', { flags: { data: '/srv/x/' } }).config.database.url, 'sqlite:/srv/x/posthorn.db');
  assert.equal(loaded('', { env: { POSTHORN_DATA: 'd' } }).dataDir, 'd');
  assert.equal(
    loaded('[database]\nurl = "postgres://h/d"', { flags: { data: 'x' } }).config.database.url,
    'postgres://h/d',
  );
});

test('flags win over the environment, that over the file, that over defaults', () => {
  const toml =
    '[server]\nhttp = "127.0.0.1:1"\n[delivery]\nmode = "allow-list"\nallow_list = ["a@x", "@y"]\n';
  const env = { POSTHORN_SERVER__HTTP: '127.0.0.1:2', POSTHORN_DELIVERY__ALLOW_LIST: '@z, b@c' };
  const { config, origin } = loaded(toml, { env, flags: { http: '[::1]:3' } });
  assert.deepEqual(config.server.http, { host: '::1', port: 3 });
  assert.deepEqual(config.delivery.allowList, ['@z', 'b@c']);
  assert.deepEqual(origin('server.http'), { source: 'flag', where: '--http' });
  assert.deepEqual(origin('delivery.allowList'), {
    source: 'environment',
    where: 'POSTHORN_DELIVERY__ALLOW_LIST',
  });
  assert.deepEqual(origin('delivery.mode'), { source: 'file', where: 'posthorn.toml:4:8' });
  assert.deepEqual(origin('delivery.lease'), { source: 'default' });
  assert.deepEqual(loaded(toml, { env }).config.server.http.port, 2);
  assert.deepEqual(loaded(toml).config.server.http.port, 1);
});

test('every kind of error has its place in the file', () => {
  const cases: [string, string][] = [
    ['a = \n', 'posthorn.toml:1:5: invalid value'],
    ['[delivery]\nmode = "x"\nmode = "y"\n', 'posthorn.toml:3:1: trying to redefine'],
    [
      '[delivery]\nmode = "lvie"\n',
      'posthorn.toml:2:8 delivery.mode: expected one of capture, allow-list, live; got "lvie"; did you mean "live"?',
    ],
    [
      '[delivery]\nmoed = "live"\n',
      'posthorn.toml:2:1 delivery.moed: unknown field "moed"; did you mean "mode"?',
    ],
    [
      '[delivery]\nallowList = []\n',
      'posthorn.toml:2:1 delivery.allowList: unknown field "allowList"; did you mean "allow_list"?',
    ],
    ['[delvery]\n', 'posthorn.toml:1:1 delvery: unknown field "delvery"; did you mean "delivery"?'],
    [
      'delivery.lifetime.otp = "soon"\n',
      'posthorn.toml:1:25 delivery.lifetime.otp: expected a duration such as',
    ],
    ['[delivery]\nretry = ["1m",\n  -5]\n', 'posthorn.toml:3:3 delivery.retry[1]: expected a duration'],
    ['[delivery]\nretry = []\n', 'posthorn.toml:2:9 delivery.retry: must not be empty'],
    ['[delivery]\nlease = "1ms"\n', 'posthorn.toml:2:9 delivery.lease: must be at least 1s'],
    ['delivery = 3\n', 'posthorn.toml:1:12 delivery: expected a table, got a number'],
    [
      '[limits]\nmessage_bytes = "25 apples"\n',
      'posthorn.toml:2:17 limits.message_bytes: expected a size such as',
    ],
    [
      '[limits]\nrequest_bytes = "1MB"\n',
      'posthorn.toml:2:17 limits.request_bytes: must be at least 4/3 of limits.message_bytes',
    ],
    ['[limits]\nrecipients = 0\n', 'posthorn.toml:2:14 limits.recipients: must be at least 1'],
    ['[limits]\nrecipients = 1.5\n', 'posthorn.toml:2:14 limits.recipients: expected a whole number'],
    ['[server]\nhttp = "8025"\n', 'posthorn.toml:2:8 server.http: expected a host and a port'],
    [
      '[server]\npublic_url = 1979-05-27\n',
      'posthorn.toml:2:14 server.public_url: expected text, got a date',
    ],
    [
      '[database]\nurl = "mysql://x"\n',
      'posthorn.toml:2:7 database.url: expected "sqlite:PATH" or "postgres://…"',
    ],
    ['[sender]\nname = "x"\n', 'posthorn.toml:1:1 sender.address: missing'],
    [
      `${SMTP}pool = { conections = 3 }\n`,
      'posthorn.toml:4:10 connections[0].pool.conections: unknown field',
    ],
    [
      `${SMTP}allow_plaintext_auth = "yes"\n`,
      'posthorn.toml:4:24 connections[0].allow_plaintext_auth: expected true or false',
    ],
    [`${SMTP}auth = "password"\n`, 'posthorn.toml:1:1 connections[0].username: missing'],
    [
      `${SMTP}auth = "password"\nusername = "u"\nsecurity = "none"\n`,
      'posthorn.toml:6:12 connections[0].security: signing in without TLS shows the password to the network; allow it by allow_plaintext_auth',
    ],
    [
      `${SMTP}password = "env:not a name"\n`,
      'posthorn.toml:4:12 connections[0].password: expected the name of an environment variable',
    ],
    [
      `${SMTP}password = "file:relative"\n`,
      'posthorn.toml:4:12 connections[0].password: expected an absolute path',
    ],
    [`${SMTP}[[connections]]\nname = "b"\n`, 'posthorn.toml:4:1 connections[1].host: missing'],
    [
      `${SMTP}[[connections]]\nname = "a"\nhost = "h"\n`,
      'posthorn.toml:5:8 connections[1].name: "a" is there twice',
    ],
    [
      '[[connections]]\nname = "m"\ntype = "mailbox"\nmin_tls = "1.3"\n',
      'posthorn.toml:4:11 connections[0].min_tls: a mailbox connection has no "min_tls"',
    ],
    [
      '[[connections]]\nname = "m"\ntype = "fax"\n',
      'posthorn.toml:3:8 connections[0].type: expected one of smtp, graph, pickup, mailbox',
    ],
    ['[[tenants]]\nslug = "A B"\n', 'posthorn.toml:2:8 tenants[0].slug: expected lower-case letters'],
    ['__proto__ = { x = 1 }\n', 'posthorn.toml:1:1 __proto__: unknown field'],
  ];
  for (const [toml, expected] of cases) {
    const found = errors(toml);
    assert.equal(found.length, 1, `${toml}\n${found.join('\n')}`);
    assert.ok(found[0]?.startsWith(expected), `${String(found[0])}\n${expected}`);
  }
});

test('all errors are told together: flags and variables first, then the file from top to bottom', () => {
  const found = errors('[log]\nlevel = 3\n[delivery]\nmod = 1\nlease = "x"\n', {
    env: { POSTHORN_STORAGE__MIN_FREE_PERCENT: '99' },
    flags: { http: 'x' },
  });
  assert.deepEqual(
    found.map((line) => line.split(':', 3).join(':').split(' ')[0]),
    [
      '--http',
      'POSTHORN_STORAGE__MIN_FREE_PERCENT',
      'posthorn.toml:2:9',
      'posthorn.toml:4:1',
      'posthorn.toml:5:9',
    ],
  );
});

test('no error shows a secret', () => {
  const canary = 'c4nary-value';
  const cases = [
    `${SMTP}password = "${canary}\n`,
    `${SMTP}password = ["${canary}"]\n`,
    `${SMTP}password = "env:${canary} "\n`,
    `${SMTP}password = "a" "${canary}"\n`,
    `[database]\nurl = "${canary}"\n`,
  ];
  for (const toml of cases) {
    const found = errors(toml);
    assert.equal(found.length > 0, true, toml);
    assert.doesNotMatch(found.join('\n'), new RegExp(canary), toml);
  }
});

test('a file that is named must be there; the usual one need not', () => {
  const missing = loadConfig({ cwd: folder, file: 'other.toml', env: {}, flags: {} });
  assert.deepEqual(missing.ok ? [] : missing.errors.map(formatConfigProblem), [
    'other.toml: the file cannot be read: ENOENT',
  ]);
  const named = loadConfig({ cwd: folder, env: { POSTHORN_CONFIG: 'third.toml' }, flags: {} });
  assert.equal(named.ok, false);
  const none = loadConfig({ cwd: join(folder, 'nowhere'), env: {}, flags: {} });
  assert.ok(none.ok && none.loaded.file === undefined);
  writeFileSync(join(folder, 'latin1.toml'), Buffer.from([0x23, 0xe9]));
  const latin1 = loadConfig({ cwd: folder, file: 'latin1.toml', env: {}, flags: {} });
  assert.deepEqual(latin1.ok ? [] : latin1.errors.map(formatConfigProblem), [
    'latin1.toml: the file cannot be read: not UTF-8 text',
  ]);
});

test('the sample of the documentation loads', () => {
  const { config, warnings: doubts } = loaded(`[server]
public_url = "https://mail.example.com"
[delivery]
mode = "live"
[[connections]]
name = "primary"
host = "smtp.example.com"
port = 587
security = "starttls"
auth = "password"
username = "apikey"
password = "env:SMTP_PASSWORD"
[sender]
name = "Example"
address = "no-reply@example.com"
[[tenants]]
slug = "acme"
[tenants.sender]
name = "Acme"
`);
  const [connection] = config.connections;
  assert.ok(connection?.type === 'smtp');
  assert.deepEqual(connection.password, { kind: 'environment', name: 'SMTP_PASSWORD' });
  assert.deepEqual(config.tenants, [{ slug: 'acme', sender: { name: 'Acme' } }]);
  assert.deepEqual(doubts, []);
});

test('a password with any characters means itself, in a basic string and in a literal one', () => {
  const special = fc.constantFrom(
    '<',
    '>',
    '&',
    '#',
    ';',
    '"',
    "'",
    '\\',
    '$',
    ' ',
    '%',
    '{',
    '=',
    'é',
    '🙂',
    'a',
    '${A}',
  );
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: special, minLength: 1 }), fc.string({ unit: 'binary', minLength: 1 })),
      (password) => {
        fc.pre(!/^(env|file|literal):/.test(password));
        const { config } = loaded(
          `${SMTP}password = ${JSON.stringify(password).replaceAll('\u007f', '\\u007f')}\n`,
        );
        assert.deepEqual(config.connections[0], {
          ...config.connections[0],
          password: { kind: 'literal', value: password },
        });
        if (/['\u0000-\u001f\u007f]/.test(password)) return;
        const literal = loaded(`${SMTP}password = '${password}'\n`).config.connections[0];
        assert.deepEqual(literal, config.connections[0]);
      },
    ),
    { numRuns: 100 },
  );
});

test('what is probably not meant is a warning with its place', () => {
  const [live] = warnings('[delivery]\nmode = "live"\n');
  assert.match(
    live ?? '',
    /^posthorn\.toml:2:8 delivery\.mode: mail is sent for real, but no connection is declared here that sends/,
  );
  assert.match(
    warnings('', { flags: { mode: 'allow-list' } })[0] ?? '',
    /^--mode delivery\.mode: the allow list is empty/,
  );
  assert.match(
    warnings(`${SMTP}username = "u"\n`)[0] ?? '',
    /^posthorn\.toml:4:12 connections\[0\]\.username: is not used/,
  );
  assert.match(
    warnings(`${SMTP}auth = "password"\nusername = "u"\nverify = false\n`)[0] ?? '',
    /^posthorn\.toml:6:10 connections\[0\]\.verify: the password may go to anyone/,
  );
  assert.match(
    warnings('', { env: { POSTHORN_DELIVERY_MODE: 'live' } })[0] ?? '',
    /^POSTHORN_DELIVERY_MODE: unknown variable.*did you mean POSTHORN_DELIVERY__MODE\?/,
  );
});

test(
  'a file with a literal secret that others may read is a warning',
  { skip: process.platform === 'win32' },
  () => {
    const open = (toml: string, mode: number) => {
      writeFileSync(join(folder, 'open.toml'), toml);
      chmodSync(join(folder, 'open.toml'), mode);
      const result = loadConfig({ cwd: folder, file: 'open.toml', env: {}, flags: {} });
      return result.ok ? result.loaded.warnings.map((warning) => warning.path) : ['refused'];
    };
    assert.deepEqual(open(`${SMTP}auth = "password"\nusername = "u"\npassword = "x"\n`, 0o640), [
      'connections[0].password',
    ]);
    assert.deepEqual(open(`${SMTP}auth = "password"\nusername = "u"\npassword = "x"\n`, 0o600), []);
    assert.deepEqual(open(`${SMTP}auth = "password"\nusername = "u"\npassword = "env:X"\n`, 0o644), []);
    assert.deepEqual(open('[database]\nurl = "postgres://u:p@h/d"\n', 0o604), ['database.url']);
  },
);

test('a declared pickup folder must be in one that the file opens', () => {
  const file = (path: string) =>
    `[pickup]\nfolders = ["/srv/pickup"]\n[[connections]]\nname = "f"\ntype = "pickup"\nfolder = "${path}"\n`;
  for (const path of ['/srv/pickup', '/srv/pickup/shop', '/srv/pickup/a/../b'])
    assert.deepEqual(errors(file(path)), [], path);
  for (const path of ['/srv/pickup2', '/srv', '/srv/pickup/../../etc', 'pickup'])
    assert.match(
      errors(file(path))[0] ?? '',
      /connections\[0\]\.folder: is not in a folder that pickup\.folders/,
    );
});

test('what tenants may reach on top is written as the dialer reads it', () => {
  const file = (entry: string) => `[egress]\ntenant_allow = ["${entry}"]\n`;
  const good = [
    '10.0.0.5',
    '10.0.0.0/8',
    '10.0.0.5:25',
    'fd00::/8',
    '[fd00::1]:25',
    'relay.example:25',
    'fd00::1',
  ];
  for (const entry of good) {
    assert.deepEqual(errors(file(entry)), [], entry);
    assert.ok(parseAllowEntry(entry), entry);
  }
  for (const entry of [
    'relay.example',
    '10.0.0',
    '10.0.0.256',
    '*',
    '10.0.0.5:0',
    'a b:25',
    '',
    'http://a:25',
  ])
    assert.equal(errors(file(entry)).length, 1, entry);
});
