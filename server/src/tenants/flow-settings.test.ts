import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApi } from '../../test/api-scene.ts';
import { openTestSqlite } from '../../test/stores.ts';
import { FLOW_NAMES } from './flow-settings.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** What the products that people come from can be set to, or have built in. */
const OTHERS: readonly (readonly [
  product: string,
  flow: string,
  settings: Readonly<Record<string, unknown>>,
])[] = [
  ['ThingsBoard, activation at its shortest', 'activation', { lifetimeSeconds: HOUR }],
  ['ThingsBoard, activation', 'activation', { lifetimeSeconds: 24 * HOUR }],
  ['ThingsBoard, reset at its shortest', 'password-reset', { lifetimeSeconds: HOUR, perHour: 5 }],
  ['ThingsBoard, reset', 'password-reset', { lifetimeSeconds: 24 * HOUR, perHour: 5 }],
  ['ThingsBoard, code', 'one-time-code', { codeLength: 6, codeAlphabet: 'digits', resendSeconds: 5 }],
  ['Umbraco, invitation', 'invitation', { kind: 'link', lifetimeSeconds: 3 * DAY }],
  ['Umbraco, reset', 'password-reset', { kind: 'link', lifetimeSeconds: HOUR }],
  ['Bold BI, activation', 'activation', { kind: 'link', lifetimeSeconds: 2 * DAY }],
  ['WSO2, code', 'one-time-code', { kind: 'code', lifetimeSeconds: 300, codeLength: 6, blockSeconds: 300 }],
  [
    'WSO2, short code',
    'one-time-code',
    { lifetimeSeconds: 120, resendSeconds: 60, codeAlphabet: 'letters-and-digits' },
  ],
  ['WSO2, recovery', 'password-reset', { lifetimeSeconds: 1_440 * 60 }],
  ['WSO2, code by mail for recovery', 'password-reset', { kind: 'code', codeLength: 10, attempts: 5 }],
  ['WSO2, verification of an address', 'email-change', { kind: 'both', lifetimeSeconds: 1_440 * 60 }],
];

test('flows can be set as in the products that people come from', async (t) => {
  const api = await openApi(t, openTestSqlite);
  for (const [product, flow, settings] of OTHERS) {
    const answer = await api.ask('PATCH', '/settings', { body: { flows: { [flow]: settings } } });
    assert.equal(answer.status, 200, `${product}: ${answer.text}`);
    const effective = await api.ask('GET', '/settings/effective');
    const all = effective.at() as Record<string, { value: unknown }>;
    for (const [name, value] of Object.entries(settings))
      assert.equal(all[`flows.${flow}.${name}`]?.value, value, `${product}: ${name}`);
  }
});

/** The defaults of F1 and F7. */
const DEFAULTS: Readonly<Record<(typeof FLOW_NAMES)[number], number>> = {
  activation: 24 * HOUR,
  'password-reset': HOUR / 2,
  'one-time-code': 600,
  invitation: 7 * DAY,
  'email-change': HOUR / 2,
};

test('F1, F7: the defaults are safe, and no setting goes beyond its bounds', async (t) => {
  const api = await openApi(t, openTestSqlite);
  const all = (await api.ask('GET', '/settings/effective')).at() as Record<string, { value: unknown }>;
  const beyond: readonly (readonly [string, unknown])[] = [
    ...([
      ['codeLength', 5],
      ['codeLength', 11],
      ['attempts', 6],
      ['attempts', 0],
    ] as const),
    ...([
      ['lifetimeSeconds', 59],
      ['lifetimeSeconds', 31 * DAY],
      ['codeAlphabet', 'letters'],
    ] as const),
    ...([
      ['perHour', 0],
      ['perHour', 101],
      ['perDay', 1_001],
      ['resendSeconds', -1],
      ['kind', 'sms'],
    ] as const),
    ...([
      ['perClientHour', 0],
      ['perTenantHour', 1_000_001],
      ['blockSeconds', DAY + 1],
    ] as const),
    ...([
      ['url', 'https://app.example/'],
      ['url', 'http://app.example/{token}'],
      ['url', 'https://a@b/{token}'],
    ] as const),
    ...([
      ['returnUrl', 'http://app.example/'],
      ['returnUrl', '//app.example/'],
      ['returnUrl', 'javascript:1'],
    ] as const),
    ...([
      ['returnUrl', 'https://a@app.example/'],
      ['returnUrl', 'https://app.example/\\evil.example'],
    ] as const),
  ];
  for (const flow of FLOW_NAMES) {
    assert.equal(all[`flows.${flow}.lifetimeSeconds`]?.value, DEFAULTS[flow], flow);
    for (const [name, value] of beyond) {
      const answer = await api.ask('PATCH', '/settings', { body: { flows: { [flow]: { [name]: value } } } });
      assert.equal(answer.status, 422, `${flow}.${name} = ${String(value)}`);
    }
    const returnUrl = 'https://app.example/done?a=b';
    const good = await api.ask('PATCH', '/settings', { body: { flows: { [flow]: { returnUrl } } } });
    assert.equal(good.status, 200, good.text);
  }
  const proof = await api.ask('PATCH', '/settings', {
    body: { flows: { 'security-notice': { kind: 'link' } } },
  });
  assert.equal(proof.status, 422, 'a notice proves nothing');
});
