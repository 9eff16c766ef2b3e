import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newSecretToken } from '../access/access.ts';
import { refusal, type Api } from '../../test/api-scene.ts';
import {
  check,
  codeOf,
  HOSTED,
  issue,
  mailOf,
  openFlows,
  PUBLIC_HOST,
  SENDER,
  TO,
  tokenOf,
  wrong,
} from '../../test/flow-scene.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';
import { shiftedClock } from '../../test/system-clocks.ts';
import { harmless } from './harmless.ts';
import { newCode } from './proof.ts';

/** Every table of the database with all its rows, octets in hex and as text: what a dump or a backup holds. */
async function dump(api: Api): Promise<string> {
  const db = api.db.tables<Record<string, Record<string, unknown>>>();
  const parts: string[] = [];
  for (const { name } of await db.introspection.getTables()) {
    for (const row of await db.selectFrom(name).selectAll().execute()) {
      const values = Object.values(row).map((value) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : JSON.stringify(value),
      );
      parts.push(`${name}: ${values.join(' ')}`);
    }
  }
  return parts.join('\n');
}

forEachStore('proofs', (open) => {
  test('F1: a dump of the database holds no token and no code that could be used', async (t) => {
    const api = await openFlows(t, open);
    const secrets: string[] = [];
    for (let one = 0; one < 10; one += 1) {
      const to = `user${String(one)}@example.net`;
      secrets.push(await tokenOf(api, (await issue(api, { flow: 'activation', to })).at('messageId')));
      const coded = await issue(api, { to });
      secrets.push(`code: ${await codeOf(api, coded.at('messageId'))}`);
    }
    const waiting = await openFlows(t, open, { working: false });
    await issue(waiting, { flow: 'activation' });
    assert.doesNotMatch(await dump(waiting), /app\.example\/start\?t=3?D?[\w-]{9}/, 'nor in mail that waits');
    const all = await dump(api);
    assert.match(all, /user9@example\.net/, 'it is a dump');
    for (const secret of secrets) assert.ok(!all.includes(secret), secret);
    assert.ok(!secrets.some((secret) => api.log.join('\n').includes(secret)), 'nor in the log');
  });

  test('F7: 1,000 guesses at once from 500 addresses and three keys are held to the same five', async (t) => {
    const trusting = `[server]\ntrusted_proxies = ["127.0.0.1"]\n${SENDER}`;
    const api = await openFlows(t, open, { toml: trusting });
    const keys = [api.key, await api.makeKey(), await api.makeKey()];
    const made = await issue(api);
    const id = String(made.at('id'));
    const code = await codeOf(api, made.at('messageId'));
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) =>
        api.ask('POST', '/verifications/check', {
          key: keys[index % keys.length] ?? '',
          body: { id, code: wrong(code) },
          headers: { 'x-forwarded-for': `198.18.${String((index % 500) >> 8)}.${String(index % 256)}` },
        }),
      ),
    );
    assert.equal(answers.filter((answer) => answer.at('status') === 'pending').length, 4);
    assert.equal((await api.ask('GET', `/verifications/${id}`)).at('tries'), 5);
    assert.equal((await check(api, { id, code })).at('status'), 'locked');
  });
});

test('F1: 10,000 tokens are all different, and their bits are those of a fair coin', () => {
  const tokens = Array.from({ length: 10_000 }, newSecretToken);
  assert.equal(new Set(tokens).size, 10_000);
  let ones = 0;
  let bits = 0;
  for (const token of tokens) {
    const octets = Buffer.from(token, 'base64url');
    assert.equal(octets.length, 32);
    for (const octet of octets) {
      bits += 8;
      for (let rest = octet; rest > 0; rest &= rest - 1) ones += 1;
    }
  }
  // NIST SP 800-22 §2.1, monobit: |2·ones − n| / √n stays below 4.5 but for one run in 100,000.
  assert.ok(Math.abs(2 * ones - bits) / Math.sqrt(bits) < 4.5, `${String(ones)} of ${String(bits)}`);
});

test('F7: codes use their whole alphabet, and 100 guesses in a row find one in 10,000 times at most', () => {
  const seen = new Set(Array.from({ length: 2_000 }, () => newCode(10, 'letters-and-digits')).join(''));
  assert.equal([...seen].sort().join(''), '23456789ABCDEFGHJKMNPQRSTUVWXYZ');
  assert.equal(new Set(Array.from({ length: 500 }, () => newCode(6, 'digits')).join('')).size, 10);
  assert.ok(100 / 10 ** 6 <= 0.001);
});

test('F3: 14 ways to poison the headers, and the link leads to the same host', async (t) => {
  const evil = 'evil.example';
  const poison: readonly Readonly<Record<string, string>>[] = [
    ...['x-forwarded-host', 'x-host', 'x-forwarded-server', 'x-http-host-override', 'x-original-host'].map(
      (name) => ({ [name]: evil }),
    ),
    ...[evil, `${PUBLIC_HOST}:80@${evil}`, `${evil}#${PUBLIC_HOST}`, `${PUBLIC_HOST} ${evil}`].map(
      (host) => ({ host }),
    ),
    { forwarded: `for=192.0.2.1;host=${evil};proto=http` },
    { 'x-forwarded-proto': 'http', 'x-forwarded-port': '1234' },
    { origin: `https://${evil}`, referer: `https://${evil}/` },
    { 'x-original-url': `https://${evil}/`, 'x-rewrite-url': '/evil' },
    { 'x-forwarded-prefix': `//${evil}`, 'x-forwarded-host': `${PUBLIC_HOST}, ${evil}` },
  ];
  assert.equal(poison.length, 14);
  for (const [toml, link] of [
    [HOSTED, new RegExp(`https://${PUBLIC_HOST}/l/[\\w-]{43}\n`)],
    [
      HOSTED.replace('[server]', '[server]\ntrusted_proxies = ["127.0.0.1"]'),
      new RegExp(`https://${PUBLIC_HOST}/l/[\\w-]{43}\n`),
    ],
    [SENDER, /https:\/\/app\.example\/start\?t=[\w-]{43}\n/],
  ] as const) {
    const url = toml === SENDER ? { url: 'https://app.example/start?t={token}' } : {};
    const api = await openFlows(t, openTestSqlite, { toml, flows: { activation: url } });
    for (const [index, headers] of poison.entries()) {
      const body = { flow: 'activation', to: `user${String(index)}@example.net` };
      const made = await api.ask('POST', '/verifications', { body, headers });
      assert.equal(made.status, 202, made.text);
      const mail = (await mailOf(api, made.at('messageId'))).replaceAll('\r\n', '\n');
      assert.match(mail, link, JSON.stringify(headers));
      assert.doesNotMatch(mail, /evil/);
    }
  }
});

test('A3: a name that is an address is put into mail as text of one line, cut, with nothing to click', async (t) => {
  const api = await openFlows(t, openTestSqlite, {
    flows: { activation: { url: 'https://app.example/{token}', resendSeconds: 0 } },
  });
  const name = `http://evil.example/win Click\r\nBcc: b@evil.example\u202e www.evil.example ${'x'.repeat(300)}`;
  const made = await issue(api, { flow: 'activation', data: { name } });
  const mail = await mailOf(api, made.at('messageId'));
  assert.match(
    mail,
    /^Hello http\[:\]\/\/evil\[\.\]example\/win Click Bcc: b\[at\]evil\[\.\]example www\[\.\]evil/m,
  );
  assert.equal(mail.match(/https?:\/\//g)?.length, 1, 'the one link');
  assert.doesNotMatch(mail, /^Bcc:/m);
  const notice = await api.ask('POST', '/notices', {
    body: {
      ...{ flow: 'security-notice', about: 'new-sign-in', to: TO },
      data: {
        name: 'Ana',
        device: 'Firefox at https://evil.example',
        'http://k.evil.example': '192.0.2.1, 10:30',
      },
    },
  });
  assert.equal(notice.status, 202, notice.text);
  const text = await mailOf(api, notice.at('messageId'));
  assert.match(text, /Hello Ana,[^]*device: Firefox at https\[:\]\/\/evil\[\.\]example/);
  assert.match(text, /http\[:\]\/\/k\[\.\]evil\[\.\]example: 192\.0\.2\.1, 10:30/);
  assert.doesNotMatch(text, /https?:\/\//);
  const long = { flow: 'security-notice', about: 'new-sign-in', to: TO, data: { a: 'x'.repeat(1_001) } };
  assert.equal((await api.ask('POST', '/notices', { body: long })).status, 422);
});

test('A3: whatever strangers write, no scheme, no name of the DNS and no address is left in it', () => {
  const part = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(
      'http://',
      'https://evil.example',
      'www.',
      '.com',
      'a@b',
      '。',
      'evil．example',
      '\u200b',
      ' ',
    ),
    fc.webUrl(),
    fc.emailAddress(),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const text = harmless(parts.join(''));
      assert.doesNotMatch(text, /\p{L}:\S|[\p{L}\p{N}]\.\p{L}\p{L}|\S@\S|[\p{Cc}\p{Cf}\u2028\u2029]/u);
      assert.ok(text.length <= 500);
      assert.doesNotMatch(harmless(text), /\p{L}:\S/u);
    }),
  );
  assert.equal(harmless('J.R.R. Tolkien-Müller, 3. Stock, 10:30'), 'J.R.R. Tolkien-Müller, 3. Stock, 10:30');
  assert.equal([...harmless('y'.repeat(500))].length, 100);
});

test('F1: a clock that jumps makes nothing count that did not, and nothing counts twice', async (t) => {
  const clock = shiftedClock();
  const api = await openFlows(t, openTestSqlite, { clock });
  const made = await issue(api, { flow: 'activation' });
  const token = await tokenOf(api, made.at('messageId'));
  const state = async () => (await api.ask('GET', `/verifications/${String(made.at('id'))}`)).at('state');
  clock.shift(25 * 3_600_000);
  assert.deepEqual((await check(api, { token })).at(), { status: 'expired' });
  clock.shift(-26 * 3_600_000);
  assert.equal(await state(), 'pending');
  const early = await api.ask('POST', '/verifications', { body: { flow: 'activation', to: TO } });
  refusal(early, 429, 'rate_limited'); // the mail before it is of the future
  assert.equal((await check(api, { token })).at('status'), 'approved');
  clock.shift(3_600_000);
  assert.deepEqual((await check(api, { token })).at(), { status: 'expired' }, 'once');
  assert.equal(await state(), 'approved');
});

test('masking: mail of a flow is shown to who may read bodies, while it is only captured', async (t) => {
  const api = await openFlows(t, openTestSqlite);
  const made = await issue(api, { flow: 'activation' });
  const id = String(made.at('messageId'));
  const token = await tokenOf(api, id);
  const viewer = await api.makeKey({ role: 'auditor' });
  refusal(await api.ask('GET', `/messages/${id}/source`, { key: viewer }), 403, 'forbidden');
  for (const path of [
    '/messages',
    `/messages/${id}`,
    `/verifications/${String(made.at('id'))}`,
    `/messages/${id}/explain`,
  ]) {
    const shown = await api.ask('GET', path, { key: viewer });
    assert.equal(shown.status, 200, path);
    assert.ok(!shown.text.includes(token), path);
  }
});
