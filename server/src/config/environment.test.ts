import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { formatConfigProblem, loadConfig, resolveSecret, type LoadedConfig } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'posthorn-env-'));
after(() => {
  rmSync(folder, { recursive: true });
});

const load = (env: Record<string, string>) => loadConfig({ cwd: folder, env, flags: {} });

function loaded(env: Record<string, string>): LoadedConfig {
  const result = load(env);
  assert.ok(result.ok, result.ok ? '' : result.errors.map(formatConfigProblem).join('\n'));
  return result.loaded;
}

function errors(env: Record<string, string>): string[] {
  const result = load(env);
  return result.ok ? [] : result.errors.map(formatConfigProblem);
}

test('names nest by two underscores and values are read by the kind of the setting', () => {
  const { config } = loaded({
    POSTHORN_DELIVERY__IN_DOUBT_WAIT__OTP: '90s',
    POSTHORN_DELIVERY__RETRY: '1m, 5m,300000',
    POSTHORN_DELIVERY__ALLOW_LIST: '',
    POSTHORN_EGRESS__INSTANCE_PRIVATE: 'false',
    POSTHORN_LIMITS__MESSAGE_BYTES: '1000000',
    POSTHORN_LIMITS__RECIPIENTS: '7',
    POSTHORN_LOG__LEVEL: '',
    POSTHORN_SENDER__ADDRESS: 'a@b',
    PATH: 'x',
  });
  assert.equal(config.delivery.inDoubtWait.otp, 90_000);
  assert.deepEqual(config.delivery.retry, [60_000, 300_000, 300_000]);
  assert.deepEqual(config.delivery.allowList, []);
  assert.equal(config.egress.instancePrivate, false);
  assert.equal(config.limits.messageBytes, 1_000_000);
  assert.equal(config.limits.recipients, 7);
  assert.equal(config.log.level, 'info', 'an empty variable is one that is not set');
  assert.deepEqual(config.sender, { address: 'a@b' });
});

test('a connection can be declared by variables alone, or completed by them', () => {
  writeFileSync(
    join(folder, 'posthorn.toml'),
    '[[connections]]\nname = "a"\nhost = "h"\n[connections.pool]\nconnections = 2\n',
  );
  const { config, origin } = loaded({
    POSTHORN_CONNECTIONS__0__POOL__MESSAGES: '9',
    POSTHORN_CONNECTIONS__0__HOST: 'other',
    POSTHORN_CONNECTIONS__1__NAME: 'b',
    POSTHORN_CONNECTIONS__1__HOST: 'h2',
  });
  rmSync(join(folder, 'posthorn.toml'));
  const [first, second] = config.connections;
  assert.ok(first?.type === 'smtp' && second?.type === 'smtp');
  assert.deepEqual(
    [first.name, first.host, first.pool.connections, first.pool.messages],
    ['a', 'other', 2, 9],
  );
  assert.deepEqual([second.name, second.host], ['b', 'h2']);
  assert.equal(origin('connections[0].host').where, 'POSTHORN_CONNECTIONS__0__HOST');
  assert.equal(origin('connections[0].pool.connections').where, 'posthorn.toml:5:15');
});

test('…_FILE reads a value from a file; a secret is read again at each use', async () => {
  writeFileSync(join(folder, 'url'), 'postgres://u:p@h/d\n');
  writeFileSync(join(folder, 'password'), ' pass word \n');
  const { config } = loaded({
    POSTHORN_DATABASE__URL_FILE: 'url',
    POSTHORN_SECRETS__KEY_FILE: '/etc/key',
    POSTHORN_CONNECTIONS__0__NAME: 'a',
    POSTHORN_CONNECTIONS__0__HOST: 'h',
    POSTHORN_CONNECTIONS__0__PASSWORD_FILE: join(folder, 'password'),
  });
  assert.equal(config.database.url, 'postgres://u:p@h/d');
  assert.equal(config.secrets.keyFile, '/etc/key');
  const [connection] = config.connections;
  assert.ok(connection?.type === 'smtp' && connection.password !== undefined);
  assert.deepEqual(await resolveSecret(connection.password), { ok: true, value: ' pass word ' });
  writeFileSync(join(folder, 'password'), 'new');
  assert.deepEqual(await resolveSecret(connection.password), { ok: true, value: 'new' });
});

test('what a variable gets wrong is told under its name', () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ POSTHORN_DELIVERY__MODE: 'prod' }, /^POSTHORN_DELIVERY__MODE delivery\.mode: expected one of/],
    [
      { POSTHORN_DELIVERY: 'x' },
      /^POSTHORN_DELIVERY delivery: holds several settings: set them one by one, POSTHORN_DELIVERY__…/,
    ],
    [{ POSTHORN_CONNECTIONS: 'x' }, /POSTHORN_CONNECTIONS__0__…/],
    [
      { POSTHORN_DATABASE__URL_FILE: 'none' },
      /^POSTHORN_DATABASE__URL_FILE database\.url: none cannot be read: ENOENT/,
    ],
    [{ POSTHORN_LOG__LEVEL: 'info', POSTHORN_LOG__LEVEL_FILE: '/dev/null' }, /^$/],
    [
      { POSTHORN_CONNECTIONS__0__NAME: 'a' },
      /^POSTHORN_CONNECTIONS__0__NAME connections\[0\]\.host: missing/,
    ],
    [
      { POSTHORN_DELIVERY__RETRY: '1m,x' },
      /^POSTHORN_DELIVERY__RETRY delivery\.retry\[1\]: expected a duration/,
    ],
  ];
  for (const [env, expected] of cases) assert.match(errors(env)[0] ?? '', expected, JSON.stringify(env));
  writeFileSync(join(folder, 'level'), 'warn');
  const twice = errors({ POSTHORN_LOG__LEVEL: 'info', POSTHORN_LOG__LEVEL_FILE: 'level' });
  assert.deepEqual(twice, ['POSTHORN_LOG__LEVEL_FILE log.level: set twice: POSTHORN_LOG__LEVEL sets it too']);
  const gap = errors({ POSTHORN_CONNECTIONS__1__NAME: 'a' });
  assert.match(gap[0] ?? '', /connections\[1\]: there is no entry 0 before it; entries are numbered/);
});

test('text that begins like a reference is written literal:', () => {
  const passwordOf = (written: string) => {
    const [connection] = loaded({
      POSTHORN_CONNECTIONS__0__NAME: 'a',
      POSTHORN_CONNECTIONS__0__HOST: 'h',
      POSTHORN_CONNECTIONS__0__PASSWORD: written,
    }).config.connections;
    return connection?.type === 'smtp' ? connection.password : undefined;
  };
  assert.deepEqual(passwordOf('literal:env:X'), { kind: 'literal', value: 'env:X' });
  assert.deepEqual(passwordOf('literal:literal:X'), { kind: 'literal', value: 'literal:X' });
  assert.deepEqual(passwordOf('env:X'), { kind: 'environment', name: 'X' });
  assert.deepEqual(passwordOf('environment'), { kind: 'literal', value: 'environment' });
});

test('a secret says where it is, and a missing one says which place was empty', async () => {
  assert.deepEqual(await resolveSecret({ kind: 'environment', name: 'P' }, { P: 'x' }), {
    ok: true,
    value: 'x',
  });
  assert.deepEqual(await resolveSecret({ kind: 'environment', name: 'P' }, {}), {
    ok: false,
    message: 'the environment variable P is not set',
  });
  assert.deepEqual(await resolveSecret({ kind: 'literal', value: 'env:P' }, { P: 'x' }), {
    ok: true,
    value: 'env:P',
  });
  const gone = join(folder, 'gone');
  assert.deepEqual(await resolveSecret({ kind: 'file', path: gone }), {
    ok: false,
    message: `${gone} cannot be read: ENOENT`,
  });
});
