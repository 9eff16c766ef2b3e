/**
 * The presets as data: complete, consistent with themselves, and found by what the DNS shows.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  hostForRegion,
  hostsOf,
  isStale,
  presetOfHost,
  presetOfMailDomain,
  presetOfMx,
  presetOfSpfInclude,
  PRESETS,
} from './presets.ts';
import { settingsHints } from './settings-rules.ts';

const REQUIRED = [
  'microsoft365',
  'gmail',
  'google-relay',
  'sendgrid',
  'mailgun',
  'ses',
  'sparkpost',
  'rapidmail',
  'postmark',
  'brevo',
  'mailjet',
  'resend',
  'yahoo',
  'zoho',
];

test('the providers that a platform meets are there, once each', () => {
  const ids = PRESETS.map(({ id }) => id);
  assert.deepEqual(
    REQUIRED.filter((id) => !ids.includes(id)),
    [],
  );
  assert.equal(new Set(ids).size, ids.length);
});

test('a preset agrees with the rules: its ports with their security, its patterns with its fixed names', () => {
  const now = Date.parse('2026-11-24');
  for (const preset of PRESETS) {
    assert.ok(preset.ports.length > 0 && preset.auth.length > 0, preset.id);
    assert.match(preset.reviewedOn, /^\d{4}-\d\d-\d\d$/);
    assert.ok(hostsOf(preset).includes(preset.host), preset.id);
    for (const host of hostsOf(preset)) assert.equal(presetOfHost(host.toUpperCase())?.id, preset.id, host);
    const { fixed, pattern } = preset.username;
    if (fixed !== undefined) assert.match(fixed, new RegExp(pattern ?? ''), preset.id);
    for (const { port, security } of preset.ports) {
      const said = settingsHints({ host: preset.host, port, security }, { now });
      const wrong = said.filter((hint) => hint.path === 'security' && hint.level !== 'ok');
      assert.deepEqual(wrong, [], `${preset.id} ${String(port)}`);
    }
    for (const { url } of preset.docs) assert.equal(new URL(url).protocol, 'https:');
    for (const notice of preset.notices) {
      for (const day of [notice.from, notice.to]) assert.ok(day === null || !Number.isNaN(Date.parse(day)));
    }
  }
});

test('values that nobody confirmed say so', () => {
  const rapidmail = PRESETS.find(({ id }) => id === 'rapidmail');
  assert.ok(
    rapidmail?.notices.some(({ severity, text }) => severity === 'warn' && /not confirmed/.test(text)),
  );
});

test('after 180 days without review a preset is stale', () => {
  const reviewed = { reviewedOn: '2026-01-01' };
  assert.equal(isStale(reviewed, Date.parse('2026-06-29')), false);
  assert.equal(isStale(reviewed, Date.parse('2026-07-02')), true);
});

test('receiving servers, includes and mail domains lead to their provider and region', () => {
  const mx = (name: string) => {
    const preset = presetOfMx(name);
    return preset === undefined ? undefined : `${preset.id} ${hostForRegion(preset, name)}`;
  };
  assert.equal(mx('example-com.mail.protection.outlook.com'), 'microsoft365 smtp.office365.com');
  assert.equal(mx('ASPMX.L.GOOGLE.com.'), 'gmail smtp.gmail.com');
  assert.equal(mx('mxa.eu.mailgun.org'), 'mailgun smtp.eu.mailgun.org');
  assert.equal(mx('mxa.mailgun.org'), 'mailgun smtp.mailgun.org');
  assert.equal(mx('inbound-smtp.eu-west-1.amazonaws.com'), 'ses email-smtp.eu-west-1.amazonaws.com');
  assert.equal(mx('ec2-1-2-3-4.compute.amazonaws.com'), undefined);
  assert.equal(mx('mx2.zoho.eu'), 'zoho smtp.zoho.eu');
  assert.equal(mx('mx.zoho.com.au'), 'zoho smtp.zoho.com.au');
  assert.equal(mx('notgoogle.com'), undefined);
  assert.equal(mx('mx.example.com'), undefined);
  assert.equal(presetOfSpfInclude('_SPF.google.com')?.id, 'gmail');
  assert.equal(presetOfSpfInclude('sendgrid.net')?.id, 'sendgrid');
  assert.equal(presetOfSpfInclude('_spf.example.com'), undefined);
  assert.equal(presetOfMailDomain('gmail.com')?.id, 'gmail');
  assert.equal(presetOfMailDomain('example.com'), undefined);
});
