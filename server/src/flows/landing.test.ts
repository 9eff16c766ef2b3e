import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { refusal, type Answer, type Api } from '../../test/api-scene.ts';
import { systemClock } from '../base/clock.ts';
import { HOSTED, issue, mailOf, openFlows, PUBLIC_HOST, TO, tokenOf } from '../../test/flow-scene.ts';
import { forEachStore, openTestSqlite, type TestStore } from '../../test/stores.ts';
import { shiftedClock } from '../../test/system-clocks.ts';

const FLOWS = {
  activation: { resendSeconds: 0, perHour: 100 },
  'password-reset': { resendSeconds: 0, returnUrl: 'https://app.example/reset?from=mail' },
};
/** What opens links by itself, before a person does. */
const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0) SafeLinks',
  'Barracuda Sentinel (EE)',
  'Proofpoint URL Defense',
  'curl/8.9.1',
  'Mozilla/5.0 AppleWebKit/605.1.15 (Mail preview)',
];

async function scene(t: TestContext, open: () => Promise<TestStore> = openTestSqlite, toml = HOSTED) {
  const clock = shiftedClock();
  const api = await openFlows(t, open, { clock, toml, flows: FLOWS });
  const mailed = async (body: Readonly<Record<string, unknown>> = {}) => {
    const made = await issue(api, { flow: 'activation', ...body });
    return { id: String(made.at('id')), token: await tokenOf(api, made.at('messageId')) };
  };
  return { api, clock, mailed };
}

const show = (api: Api, token: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  api.ask('GET', `//l/${token}`, { key: null, headers: { host: PUBLIC_HOST, ...headers } });

const formOf = (page: Answer): string =>
  /name="form" type="hidden" value="([^"]+)"/.exec(page.text)?.[1] ?? '';

const press = (
  api: Api,
  token: string,
  form: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> =>
  api.ask('POST', `//l/${token}`, {
    key: null,
    body: new URLSearchParams({ form }).toString(),
    headers: { host: PUBLIC_HOST, 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });

const stateOf = async (api: Api, id: string) => (await api.ask('GET', `/verifications/${id}`)).at('state');

forEachStore('our page for a link', (open) => {
  test('F2: 20 looks of 5 mail scanners consume nothing; then the button works, once', async (t) => {
    const { api, clock, mailed } = await scene(t, open);
    const { id, token } = await mailed();
    for (let look = 0; look < 20; look += 1) {
      const headers = { host: PUBLIC_HOST, 'user-agent': AGENTS[look % AGENTS.length] ?? '' };
      const method = look % 4 === 3 ? 'HEAD' : 'GET';
      assert.equal(
        (await api.ask(method, `//l/${token}?utm_source=mail`, { key: null, headers })).status,
        200,
      );
      assert.equal(await stateOf(api, id), 'pending');
    }
    const page = await show(api, token);
    assert.equal(page.headers['referrer-policy'], 'no-referrer');
    assert.equal(page.headers['cache-control'], 'no-store');
    const policy = String(page.headers['content-security-policy']);
    assert.match(
      policy,
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'self'; /,
    );
    assert.doesNotMatch(page.text, /<script|src=|https?:\/\//, 'nothing from elsewhere');
    assert.equal(page.text.match(/<button/g)?.length, 1);
    clock.shift(1_500);
    const done = await press(api, token, formOf(page));
    assert.equal(done.status, 200, done.text);
    assert.match(done.text, /go back to the application/);
    assert.equal(await stateOf(api, id), 'approved');
    assert.equal((await press(api, token, formOf(page))).status, 400, 'a double submit');
    assert.equal(await stateOf(api, id), 'approved');
    assert.ok(!api.log.join('\n').includes(token), 'not in the log');
  });

  test('F1: of 200 presses at once with forms of their own, one leads on', async (t) => {
    const { api, clock, mailed } = await scene(t, open);
    const { id, token } = await mailed({ flow: 'password-reset' });
    const forms = await Promise.all(Array.from({ length: 200 }, async () => formOf(await show(api, token))));
    clock.shift(1_500);
    const answers = await Promise.all(forms.map((form) => press(api, token, form)));
    const onward = answers.filter(({ status }) => status === 303);
    assert.equal(onward.length, 1);
    assert.equal(onward[0]?.headers['location'], `https://app.example/reset?from=mail&verification=${id}`);
    assert.equal(answers.filter(({ status }) => status === 400).length, 199);
    assert.equal(await stateOf(api, id), 'approved');
  });

  test('A4: a form counts once, and not for another link', async (t) => {
    const { api, clock, mailed } = await scene(t, open);
    const one = await mailed();
    const two = await mailed({ to: 'ben@example.net' });
    const form = formOf(await show(api, one.token));
    clock.shift(1_500);
    assert.equal((await press(api, two.token, form)).status, 400, 'of another link');
    assert.equal(await stateOf(api, two.id), 'pending');
    const [first, ...replays] = await Promise.all(
      Array.from({ length: 50 }, () => press(api, one.token, form)),
    );
    assert.equal([first, ...replays].filter((answer) => answer?.status === 200).length, 1);
    assert.equal((await press(api, two.token, form)).status, 400, 'used up');
  });
});

test('F2: used, expired, revoked, unknown and malformed links are answered with one page', async (t) => {
  const { api, clock, mailed } = await scene(t);
  const used = await mailed();
  const form = formOf(await show(api, used.token));
  clock.shift(1_500);
  await press(api, used.token, form);
  const revoked = await mailed({ to: 'ben@example.net' });
  await api.ask('POST', `/verifications/${revoked.id}/revoke`);
  const expired = await mailed({ to: 'cem@example.net' });
  clock.shift(24 * 3_600_000 + 1);
  const ownPage = { activation: { url: 'https://app.example/{token}' } };
  await api.ask('PATCH', '/settings', { body: { flows: ownPage } });
  const made = await issue(api, { flow: 'activation', to: 'dan@example.net' });
  const elsewhere = /app\.example\/([\w-]{43})/.exec(await mailOf(api, made.at('messageId')))?.[1] ?? '';
  const tokens = [used.token, revoked.token, expired.token, elsewhere, 'A'.repeat(43), 'x', '%00', '..%2f'];
  const pages = new Set<string>();
  for (const token of tokens) {
    for (const answer of [
      await show(api, token),
      await press(api, token, form),
      await press(api, token, ''),
    ]) {
      const { 'content-length': _length, date: _date, ...headers } = answer.headers;
      pages.add(JSON.stringify([answer.status, headers, answer.text]));
    }
  }
  assert.equal(pages.size, 1, [...pages].join('\n'));
  assert.match([...pages][0] ?? '', /This link has expired or was already used/);
  assert.equal(await stateOf(api, String(made.at('id'))), 'pending');
  const german = await show(api, 'x', { 'accept-language': 'de-AT,de;q=0.9,en;q=0.8' });
  assert.match(german.text, /<html lang="de">[^]*abgelaufen oder wurde schon verwendet/);
});

test('A4: a press within a second asks for another, and the same page is good for it', async (t) => {
  const { api, clock, mailed } = await scene(t);
  const { id, token } = await mailed();
  const form = formOf(await show(api, token));
  const quick = await press(api, token, form);
  assert.equal(quick.status, 400);
  assert.match(quick.text, /press the button once more/);
  assert.equal(formOf(quick), form);
  assert.equal(await stateOf(api, id), 'pending');
  clock.shift(1_000);
  assert.equal((await press(api, token, formOf(quick))).status, 200);
});

test('A4: a form that is forged, late or from before a clock was set back is shown anew', async (t) => {
  const { api, clock, mailed } = await scene(t);
  const { id, token } = await mailed();
  const form = formOf(await show(api, token));
  clock.shift(1_500);
  const [shown = '', nonce = '', signature = ''] = form.split('.');
  for (const bad of [
    '',
    'x',
    `${shown}.${nonce}.${signature.slice(0, -2)}AA`,
    `${shown}.${'A'.repeat(16)}.${signature}`,
    `${(Number.parseInt(shown, 36) - 9).toString(36)}.${nonce}.${signature}`,
    form.repeat(9),
  ])
    assert.equal((await press(api, token, bad)).status, 400, bad);
  clock.shift(3_600_000);
  const late = await press(api, token, form);
  assert.notEqual(formOf(late), form);
  clock.shift(-7_200_000);
  const before = await press(api, token, formOf(late));
  assert.equal(before.status, 400);
  assert.equal(await stateOf(api, id), 'pending', 'as it was');
  clock.shift(2_000);
  assert.equal((await press(api, token, formOf(before))).status, 200);
});

test('A4: of 5,000 posts of programs that never looked or never waited none passes', async (t) => {
  const start = systemClock.now();
  const still = { ...systemClock, now: () => start }; // they are quicker than any machine this runs on
  const api = await openFlows(t, openTestSqlite, { clock: still, toml: HOSTED, flows: FLOWS });
  const made = await issue(api, { flow: 'activation' });
  const [id, token] = [String(made.at('id')), await tokenOf(api, made.at('messageId'))];
  const form = formOf(await show(api, token));
  const statuses = new Set<number>();
  for (let batch = 0; batch < 50; batch += 1) {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => press(api, token, index % 2 === 0 ? form : String(index))),
    );
    for (const { status } of answers) statuses.add(status);
  }
  assert.deepEqual([...statuses], [400]);
  assert.equal(await stateOf(api, id), 'pending');
});

test('F3: pages are served under the name of public_url only', async (t) => {
  const { api, mailed } = await scene(t);
  const { token } = await mailed();
  for (const host of [
    'evil.example',
    `${PUBLIC_HOST}:8025`,
    `evil@${PUBLIC_HOST}`,
    `${PUBLIC_HOST}/x`,
    '',
    'a b',
  ]) {
    refusal(await show(api, token, { host }), 421, 'misdirected');
    refusal(await press(api, token, 'x', { host }), 421, 'misdirected');
  }
  for (const host of [PUBLIC_HOST, PUBLIC_HOST.toUpperCase(), `${PUBLIC_HOST}:443`])
    assert.equal((await show(api, token, { host })).status, 200, host);
  refusal(
    await show(api, token, { host: 'evil.example', 'x-forwarded-host': PUBLIC_HOST }),
    421,
    'misdirected',
  );
});

test('F3: what a proxy says of the client is believed from trusted proxies only', async (t) => {
  const trusting = HOSTED.replace('[server]', '[server]\ntrusted_proxies = ["127.0.0.0/8"]');
  const { api, mailed } = await scene(t, openTestSqlite, trusting);
  const { token } = await mailed();
  const proxied = { host: '127.0.0.1:8025', 'x-forwarded-host': PUBLIC_HOST };
  assert.equal((await show(api, token, proxied)).status, 200);
  // 300 links that lead nowhere from one network, then it has to wait; others have not.
  const from = (client: string) => ({ ...proxied, 'x-forwarded-for': `203.0.113.9, ${client}` });
  for (let batch = 0; batch < 6; batch += 1) {
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => press(api, 'x', '', from(`2001:db8::${String(index)}`))),
    );
  }
  refusal(await press(api, 'x', '', from('2001:db8::ffff')), 429, 'rate_limited');
  assert.equal((await press(api, 'x', '', from('2001:db8:1::1'))).status, 400);
  assert.equal((await show(api, token, from('2001:db8::1'))).status, 200, 'looking is not counted');
});

test('page and mail are in the language that was asked for, or set', async (t) => {
  const { api, mailed } = await scene(t);
  const { token } = await mailed({ locale: 'de-CH' });
  assert.match((await show(api, token)).text, /<html lang="de">[^]*Konto aktivieren[^]*Weiter/);
  assert.equal((await api.ask('PATCH', '/settings', { body: { locale: 'de' } })).status, 200);
  const set = await issue(api, { flow: 'password-reset', locale: 'fr' });
  const mail = await mailOf(api, set.at('messageId'));
  assert.match(mail, /^Subject: .*Passwort/m);
  assert.match(mail, /Das gilt 30 Minuten\./);
  assert.match(mail, /https:\/\/mail\.example\.com\/l\/[\w-]{43}/);
  const bad = await api.ask('POST', '/verifications', { body: { flow: 'activation', to: TO, locale: 'x' } });
  assert.equal(bad.status, 422);
});
