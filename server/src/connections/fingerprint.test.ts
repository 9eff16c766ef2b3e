/** The fingerprint of settings: equal for equal conversations, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyRingFor, settingsFor, someMasterKey } from '../../test/delivery-scene.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { forEachStore } from '../../test/stores.ts';
import {
  connectionSettings,
  SECRET_FIELDS,
  type ConnectionSettings,
  type SecretField,
} from '../config/config.ts';
import { createKeyRing } from '../secrets/secrets.ts';
import { INSTANCE_TENANT_ID as TENANT } from '../tenants/tenants.ts';
import { fingerprintOf } from './fingerprint.ts';

const SECRETS = new Map<SecretField, string>([['password', 'correct horse battery staple']]);
const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----';

/** Per field another value than the settings of the test have. */
const OTHER: Readonly<Record<string, unknown>> = {
  host: '127.0.0.2',
  port: 2526,
  security: 'implicit',
  auth: 'anonymous',
  username: 'someone-else',
  password: 'another password',
  allowPlaintextAuth: true,
  ehloName: 'mail.example.com',
  minTls: '1.3',
  verify: false,
  ca: CERTIFICATE,
  clientCert: CERTIFICATE,
  clientKey: 'another key',
  serverName: 'mx.example.com',
  timeouts: { commandMs: 1_234 },
  tenantId: 'contoso.example',
  clientId: 'a-client',
  clientSecret: 'a secret',
  tokenUrl: 'https://login.example.com/token',
  authorizeUrl: 'https://login.example.com/authorize',
  scopes: ['mail.send'],
  refreshToken: 'a token',
  serviceAccount: '{}',
  pin: 'ab'.repeat(32),
  ipVersion: '4',
  proxy: 'socks5://proxy.example.com:1080',
  proxyPassword: 'a proxy password',
};
const BESIDE: Readonly<Record<string, unknown>> = {
  name: 'other-name',
  senders: ['@else.example'],
  priority: 7,
  notes: 'a note',
  pool: { connections: 3 },
  rate: { perSecond: 9 },
  secretExpiresOn: '2030-01-31',
};

const ACME = { id: 'ten_acme', slug: 'acme', name: 'Acme', created_at: 0 };

forEachStore('fingerprints', (open) => {
  test('the same values have the same one, in whatever order; every other value has another', async () => {
    await using store = await open();
    const keyRing = await keyRingFor(store.db, createFakeClock());
    const of = (settings: ConnectionSettings, secrets = SECRETS, tenantId = TENANT): Promise<string> =>
      fingerprintOf(keyRing, tenantId, settings, secrets);
    const base = settingsFor('relay', 587, { security: 'starttls', auth: 'password', username: 'u' });
    const first = await of(base);
    assert.match(first, /^[\w-]{43}$/);
    const turned = Object.fromEntries(Object.entries(base).reverse()) as ConnectionSettings;
    assert.equal(await of(turned), first);
    const { port: _port, ...usual } = base as Extract<ConnectionSettings, { type: 'smtp' }>;
    assert.equal(await of(usual), first, 'the usual port, said or not');

    const seen = new Set([first]);
    const [smtp] = connectionSettings.options;
    for (const name of Object.keys(smtp.shape)) {
      if (name === 'type') continue;
      assert.ok(name in OTHER !== name in BESIDE, `${name}: does it matter for the conversation?`);
      const field = SECRET_FIELDS.find((secret) => secret === name);
      const now =
        field === undefined
          ? await of({ ...base, [name]: OTHER[name] ?? BESIDE[name] })
          : await of(base, new Map([...SECRETS, [field, String(OTHER[name])]]));
      if (name in BESIDE) assert.equal(now, first, name);
      else assert.ok(!seen.has(now), name);
      seen.add(now);
    }
    const others = [
      await of(base, new Map([['password', 'correct horse battery stapl']])),
      await of(base, new Map([['clientSecret', 'correct horse battery staple']])),
      await of(base, new Map()),
    ];
    for (const other of others) assert.ok(!seen.has(other));
  });

  test('K5: it tells nothing without the key; tenants and instances have their own', async () => {
    await using store = await open();
    await using elsewhere = await open();
    const clock = createFakeClock();
    const base = settingsFor('relay', 587);
    const keyRing = await keyRingFor(store.db, clock);
    const another = await keyRingFor(elsewhere.db, clock);
    const first = await fingerprintOf(keyRing, TENANT, base, SECRETS);
    assert.notEqual(await fingerprintOf(another, TENANT, base, SECRETS), first);
    await store.db.tables<{ tenants: object }>().insertInto('tenants').values(ACME).execute();
    assert.notEqual(await fingerprintOf(keyRing, ACME.id, base, SECRETS), first);
  });

  test('the same on another node and after a restart, also once something was sealed', async () => {
    await using store = await open();
    const clock = createFakeClock();
    const base = settingsFor('relay', 587);
    const masterKey = await someMasterKey();
    const first = createKeyRing({ db: store.db, masterKey, clock });
    const before = await fingerprintOf(first, TENANT, base, SECRETS);
    await first.seal({ tenantId: TENANT, ownerId: 'con_1', field: 'password', destination: {} }, 'x');
    const second = createKeyRing({ db: await store.another(), masterKey, clock });
    assert.equal(await fingerprintOf(second, TENANT, base, SECRETS), before);
  });
});
