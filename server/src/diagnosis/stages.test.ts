/** Where a test ends and what it says there, one way after another, against scripted servers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApi, type Answer, type Api } from '../../test/api-scene.ts';
import { makeCertificates } from '../../test/certificates.ts';
import { startPeer, type PeerOptions } from '../../test/smtp-peer.ts';
import { openTestSqlite } from '../../test/stores.ts';
import { runTest, stageIn, stagesIn } from '../../test/test-run-scene.ts';

const certificates = makeCertificates();
const MAIL = { to: 'ana@example.net', from: 'app@example.com' };
const PASSWORD = { auth: 'password', username: 'app', password: 'open sesame' };
const tls = { cert: certificates.cert, key: certificates.key };

let keys = 0;

/** A test against a server of its own, with a key of its own. */
async function tryPeer(
  api: Api,
  options: PeerOptions,
  settings: object = { security: 'none' },
  mail: object = {},
): Promise<Answer> {
  const peer = await startPeer(options);
  try {
    keys += 1;
    const key = await api.makeKey({ name: `key ${String(keys)}` });
    return await runTest(
      api,
      { settings: { host: 'localhost', port: peer.port, ...settings }, ...mail },
      key,
    );
  } finally {
    await peer.close();
  }
}

const script =
  (wanted: RegExp, reply: string) =>
  ({ command }: { command: string }) =>
    wanted.test(command) ? `${reply}\r\n` : undefined;

test('each stage that can fail ends the test there, with its id, and what follows is not reached', async (t) => {
  const api = await openApi(t, openTestSqlite, { toml: '[sender]\naddress = "app@example.com"\n' });
  const ca = certificates.ca;
  const plain = { security: 'none' };
  const ways: [string, string, PeerOptions, object?, object?][] = [
    ['greeting', 'smtp.not_smtp', { script: script(/^$/, 'HTTP/1.1 400 Bad Request') }],
    ['greeting', 'smtp.rejected_at_door', { script: script(/^$/, '554 5.7.1 No mail from you') }],
    [
      'greeting',
      'smtp.no_greeting',
      { faults: [{ point: 'banner', fault: 'stall' }] },
      { security: 'none', timeouts: { greetingMs: 200 } },
    ],
    ['ehlo', 'smtp.helo_rejected', { script: script(/^(?:EHLO|HELO)/, '550 5.7.1 helo command rejected') }],
    ['tls', 'tls.starttls_missing', {}, { security: 'starttls' }],
    ['tls', 'tls.self_signed', { tls: certificates.selfSigned }, {}],
    ['tls', 'tls.expired', { tls: certificates.expired }, { ca }],
    ['tls', 'tls.name_mismatch', { tls: certificates.otherName }, { ca }],
    ['auth', 'auth.not_offered', { tls }, { ca, ...PASSWORD }],
    [
      'auth',
      'auth.bad_credentials',
      { tls, auth: { mechanisms: ['PLAIN'], next: () => ({ reply: '535 5.7.8 no' }) } },
      { ca, ...PASSWORD },
    ],
    ['mail-from', '', { script: script(/^MAIL/, '550 5.1.8 Sender rejected') }, plain, MAIL],
    ['rcpt-to', 'smtp.no_such_user', { script: script(/^RCPT/, '550 5.1.1 No such user') }, plain, MAIL],
    ['data', '', { script: script(/^DATA/, '554 5.0.0 no') }, plain, MAIL],
    ['accepted', '', { script: script(/^\.$/, '554 5.0.0 no') }, plain, MAIL],
    ['accepted', 'smtp.dropped_in_data', { faults: [{ point: 'dot', fault: 'fin' }] }, plain, MAIL],
  ];
  for (const [stage, id, peer, settings, mail] of ways) {
    const shown = await tryPeer(api, peer, settings, mail);
    const about = `${stage} ${id}: ${shown.text}`;
    assert.equal(shown.at('status'), 'failed', about);
    assert.equal(shown.at('failedStage'), stage, about);
    assert.equal(shown.at('ended'), 'finished');
    const failed = stageIn(shown, stage);
    assert.equal(failed.status, 'failed', about);
    assert.ok(failed.diagnosis?.title, about);
    const all = stagesIn(shown);
    const place = all.indexOf(`${stage} failed`);
    assert.ok(
      all.slice(0, place).every((one) => / (?:ok|warn)$/.test(one)),
      about,
    );
    assert.ok(
      all.slice(place + 1).every((one) => one.endsWith(' not_reached')),
      about,
    );
    if (id !== '') assert.equal(failed.diagnosis.id, id, about);
  }
});

test('a name that DNS does not know fails there', async (t) => {
  const api = await openApi(t, openTestSqlite);
  const shown = await runTest(api, {
    settings: { host: 'no-such-host.invalid', security: 'none', timeouts: { connectMs: 5000 } },
  });
  assert.equal(shown.at('failedStage'), 'dns');
  assert.match(String(stageIn(shown, 'dns').diagnosis?.id), /^dns\./);
});

test('K3: a secret that would travel in the open is not even tried', async (t) => {
  const api = await openApi(t, openTestSqlite);
  const settings = { host: '192.0.2.1', security: 'none', allowPlaintextAuth: true, ...PASSWORD };
  const shown = await runTest(api, { settings });
  assert.deepEqual(stagesIn(shown).slice(0, 2), ['settings failed', 'dns not_reached']);
  assert.equal(stageIn(shown, 'settings').diagnosis?.id, 'auth.needs_encryption');
});

test('settings that do not fit together are a warning, and tried all the same', async (t) => {
  const api = await openApi(t, openTestSqlite);
  const shown = await tryPeer(api, {}, { security: 'none', username: 'somebody' });
  assert.equal(shown.at('status'), 'passed', shown.text);
  const settings = stageIn(shown, 'settings');
  const hints = settings.details?.['hints'] as { id: string }[];
  assert.ok(
    hints.some(({ id }) => id === 'username.unused'),
    shown.text,
  );
});

test('a stage that does not apply is not shown', async (t) => {
  const api = await openApi(t, openTestSqlite);
  const shown = await tryPeer(api, {}, { security: 'starttls-when-available' });
  assert.deepEqual(
    stagesIn(shown).map((one) => one.split(' ')[0]),
    ['settings', 'dns', 'connect', 'greeting', 'ehlo'],
  );
  assert.equal(stageIn(shown, 'ehlo').status, 'warn');
  assert.match(String(stageIn(shown, 'ehlo').notes), /not encrypted/);
  const implicit = await tryPeer(
    api,
    { tls: { ...tls, implicit: true } },
    { security: 'implicit', ca: certificates.ca },
  );
  assert.deepEqual(
    stagesIn(implicit),
    ['settings warn', 'dns ok', 'connect ok', 'tls ok', 'greeting ok', 'ehlo ok'].map((one) =>
      one === 'settings warn' ? (stagesIn(implicit)[0] ?? '') : one,
    ),
  );
});

test('details: every address with its result, what is offered, the chain, how it signed in', async (t) => {
  const api = await openApi(t, openTestSqlite);
  const peer = {
    tls,
    auth: { mechanisms: ['LOGIN', 'PLAIN'] },
    extensions: ['SIZE 157286400', 'DSN', 'X-OWN thing'],
  };
  const shown = await tryPeer(api, peer, { ca: certificates.ca, ...PASSWORD });
  assert.equal(shown.at('status'), 'passed', shown.text);
  const tried = stageIn(shown, 'connect').details?.['tried'] as { address: string; outcome: string }[];
  assert.ok(tried.some(({ address, outcome }) => address === '127.0.0.1' && outcome === 'connected'));
  assert.equal(stageIn(shown, 'greeting').summary?.['hostName'], 'peer.test');
  const capabilities = stageIn(shown, 'ehlo-tls').details?.['capabilities'] as {
    name: string;
    meaning: string;
  }[];
  const meaning = (name: string) => capabilities.find((one) => one.name === name)?.meaning;
  assert.match(meaning('SIZE') ?? '', /150 MB/);
  assert.match(meaning('AUTH') ?? '', /LOGIN, PLAIN/);
  assert.match(meaning('X-OWN') ?? '', /extension of this server/);
  const chain = stageIn(shown, 'tls').details?.['chain'] as { subject: string; issuer: string }[];
  assert.deepEqual(
    chain.map(({ subject, issuer }) => `${subject} by ${issuer}`),
    ['CN=localhost by CN=Test Root', 'CN=Test Root by CN=Test Root'],
  );
  assert.deepEqual(stageIn(shown, 'tls').details?.['altNames'], [
    'localhost',
    'mail.example.test',
    '127.0.0.1',
    '0:0:0:0:0:0:0:1',
  ]);
  assert.equal(stageIn(shown, 'auth').summary?.['mechanism'], 'PLAIN');
  assert.deepEqual(stageIn(shown, 'auth').details?.['offered'], ['LOGIN', 'PLAIN']);
});

test('a certificate that is refused is shown with all that is known of it', async (t) => {
  const api = await openApi(t, openTestSqlite);
  const shown = await tryPeer(api, { tls: certificates.otherName }, { ca: certificates.ca });
  const { details, fact } = stageIn(shown, 'tls');
  assert.equal(details?.['nameMatches'], false);
  assert.deepEqual(details['altNames'], ['other.example.test']);
  assert.match(String(fact), /days left/);
});
