import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeConfig, explainConfig, loadConfig } from './config.ts';

test('every setting is described: what it does, its variable, its type', () => {
  const settings = describeConfig().flatMap((section) => section.settings);
  assert.ok(settings.length >= 60, `only ${String(settings.length)} settings seen`);
  for (const setting of settings) {
    assert.match(setting.doc, /^[A-Z].*\.$/, setting.key);
    assert.match(setting.env, /^POSTHORN_[A-Z0-9_]+$/, setting.key);
    assert.match(
      setting.type,
      /^(text|whole number|true or false|duration|size|host:port|list of .+|.+ \| .+)$/,
      setting.key,
    );
  }
  const mode = settings.find((setting) => setting.key === 'delivery.mode');
  assert.deepEqual(mode, {
    key: 'delivery.mode',
    env: 'POSTHORN_DELIVERY__MODE',
    type: 'capture | allow-list | live',
    default: '"capture"',
    required: false,
    secret: false,
    live: true,
    doc: 'Who gets mail: nobody (everything is kept in the mailbox), the allow list, or everybody.',
  });
  assert.equal(
    settings.find((setting) => setting.key === 'connections[].type')?.type,
    'smtp | graph | pickup | mailbox',
  );
});

test('the defaults that are described are the defaults that hold', () => {
  const result = loadConfig({ cwd: join(tmpdir(), 'posthorn-nowhere'), env: {}, flags: {} });
  assert.ok(result.ok);
  const explained = new Map(explainConfig(result.loaded).map(({ key, value }) => [key, value]));
  const same = (written: string) => written.replace('"60s"', '"1m"');
  for (const { key, default: told } of describeConfig().flatMap((section) => section.settings)) {
    if (told === undefined || key.includes('[]') || key === 'database.url' || key === 'delivery.retry')
      continue;
    assert.equal(explained.get(key), same(told), key);
  }
});

test('K5: what runs is shown without any secret', () => {
  const canary = 'c4nary';
  const env = {
    POSTHORN_DATABASE__URL: `postgres://user:${canary}@h/d?password=${canary}&x=1`,
    POSTHORN_CONNECTIONS__0__NAME: 'a',
    POSTHORN_CONNECTIONS__0__HOST: 'h',
    POSTHORN_CONNECTIONS__0__PASSWORD: canary,
    POSTHORN_CONNECTIONS__0__CLIENT_KEY: 'env:CLIENT_KEY',
    POSTHORN_CONNECTIONS__0__CLIENT_CERT: '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----',
  };
  const result = loadConfig({ cwd: join(tmpdir(), 'posthorn-nowhere'), env, flags: {} });
  assert.ok(result.ok, JSON.stringify(result));
  const explained = explainConfig(result.loaded);
  assert.equal(JSON.stringify(explained).includes(canary), false);
  const shown = Object.fromEntries(explained.map(({ key, value }) => [key, value]));
  assert.equal(shown['database.url'], '"postgres://user:…@h/d?password=…&x=1"');
  assert.equal(shown['connections[0].password'], '(set)');
  assert.equal(shown['connections[0].client_key'], 'env:CLIENT_KEY');
});
