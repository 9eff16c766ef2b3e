import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { makeCertificates } from '../../test/certificates.ts';
import { connectionSettings, type SecretField, type SecretReference } from '../config/config.ts';
import type { Connection } from './connection.ts';
import { attentionOf, attentionText, secretStates, type SecretState } from './secret-ages.ts';

const NOW = Date.parse('2026-06-15T22:30:00Z');
const DAY = 86_400_000;

function connection(settings: object, more: Partial<Connection> = {}): Connection {
  const parsed = connectionSettings.parse({ name: 'relay', host: 'relay.example.com', ...settings });
  return { settings: parsed, managedBy: 'api', secrets: {}, ...more } as Connection; // all that is looked at
}

function stateOf(given: Connection, field: SecretField, reference?: SecretReference): SecretState {
  const state = secretStates(given, (name) => (name === field ? reference : undefined), NOW).get(field);
  assert.ok(state);
  return state;
}

test('the age of a secret is in whole days; one that is not set has none', () => {
  const rotatedAt = NOW - 40 * DAY - 1;
  assert.deepEqual(stateOf(connection({}, { secrets: { password: rotatedAt } }), 'password'), {
    set: true,
    source: 'api',
    rotatedAt,
    ageDays: 40,
  });
  assert.deepEqual(stateOf(connection({ secretExpiresOn: '2026-07-01' }), 'password'), {
    set: false,
    source: 'api',
    rotatedAt: undefined,
  });
  assert.equal(stateOf(connection({}, { secrets: { password: NOW + DAY } }), 'password').ageDays, 0);
});

test('the end that was written down concerns password and client secret; days are counted by the calendar', () => {
  const secrets = { password: NOW, clientSecret: NOW, refreshToken: NOW, proxyPassword: NOW };
  const given = connection({ secretExpiresOn: '2026-06-16' }, { secrets });
  for (const field of ['password', 'clientSecret'] as const) {
    const { expiresOn, expiresInDays } = stateOf(given, field);
    assert.deepEqual([expiresOn, expiresInDays], ['2026-06-16', 1]);
  }
  for (const field of ['refreshToken', 'proxyPassword'] as const)
    assert.equal(stateOf(given, field).expiresOn, undefined);
  assert.equal(
    stateOf(connection({ secretExpiresOn: '2026-06-15' }, { secrets }), 'password').expiresInDays,
    0,
  );
  assert.equal(
    stateOf(connection({ secretExpiresOn: '2026-06-14' }, { secrets }), 'password').expiresInDays,
    -1,
  );
});

test('a client key ends with its certificate', () => {
  const { client } = makeCertificates();
  const given = connection({ clientCert: client.cert }, { secrets: { clientKey: NOW } });
  const end = new X509Certificate(client.cert).validToDate.toISOString().slice(0, 10);
  assert.equal(stateOf(given, 'clientKey').expiresOn, end);
  const broken = client.cert.replaceAll(/^[A-Za-z0-9+/=]{20,}$/gm, 'AAAA');
  const damaged = connection({ clientCert: broken }, { secrets: { clientKey: NOW } });
  assert.equal(stateOf(damaged, 'clientKey').expiresOn, undefined);
});

test('of a secret that the file names, the place is shown and never the value', () => {
  const given = connection({ secretExpiresOn: '2026-07-01' }, { managedBy: 'file' });
  const all: [SecretReference | undefined, Partial<SecretState>][] = [
    [
      { kind: 'environment', name: 'RELAY' },
      { set: true, source: 'environment', reference: 'env:RELAY' },
    ],
    [
      { kind: 'file', path: '/run/p' },
      { set: true, source: 'file', reference: 'file:/run/p' },
    ],
    [
      { kind: 'literal', value: 'correct horse' },
      { set: true, source: 'configuration' },
    ],
    [undefined, { set: false, source: 'configuration' }],
  ];
  for (const [reference, expected] of all) {
    const end = expected.set === true ? { expiresOn: '2026-07-01', expiresInDays: 16 } : {};
    const state = stateOf(given, 'password', reference);
    assert.deepEqual(state, { rotatedAt: undefined, ...expected, ...end });
    assert.doesNotMatch(JSON.stringify(state), /correct/);
  }
});

test('what needs attention: past, a week, a month, half a year', () => {
  const state = (more: Partial<SecretState>): SecretState => ({
    ...{ set: true, source: 'api', rotatedAt: 0 },
    ...more,
  });
  const cases: [Partial<SecretState>, string, string | undefined][] = [
    [{ expiresInDays: -1, expiresOn: '2026-06-14', ageDays: 900 }, 'expired', 'ended on 2026-06-14'],
    [{ expiresInDays: 0, expiresOn: '2026-06-15' }, 'urgent', 'ends today'],
    [{ expiresInDays: 1, expiresOn: '2026-06-16' }, 'urgent', 'ends in 1 day, on 2026-06-16'],
    [{ expiresInDays: 7, expiresOn: 'x' }, 'urgent', 'ends in 7 days, on x'],
    [{ expiresInDays: 8, expiresOn: 'x' }, 'soon', 'ends in 8 days, on x'],
    [{ expiresInDays: 30, expiresOn: 'x' }, 'soon', 'ends in 30 days, on x'],
    [{ expiresInDays: 31, expiresOn: 'x', ageDays: 181 }, 'old', 'was set 181 days ago'],
    [{ ageDays: 180 }, 'none', undefined],
    [{ set: false, expiresInDays: -5 }, 'none', undefined],
  ];
  for (const [given, attention, text] of cases) {
    assert.equal(attentionOf(state(given)), attention);
    assert.equal(attentionText(state(given)), text);
  }
});
