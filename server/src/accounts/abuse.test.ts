import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMIN, openAccounts, PASSWORD, type Browser } from '../../test/account-scene.ts';
import { refusal } from '../../test/api-scene.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { openTestSqlite } from '../../test/stores.ts';
import { createPasswords } from './passwords.ts';

const MIA = 'mia@example.com';
const NEW = 'another horse entirely';

test('F4: known, unknown and disabled accounts get the same answer to sign-in and reset', async (t) => {
  const clock = createFakeClock();
  const { admin, browser, invited } = await openAccounts(t, openTestSqlite, { clock });
  const mia = await invited(MIA, 'operator');
  const { id } = (await mia.ask('GET', '/account')).at('person') as { id: string };
  assert.equal((await admin.ask('PATCH', `/users/${id}`, { state: 'disabled' })).status, 200);
  clock.advance(1_000);
  const seen = new Set<string>();
  for (const [n, email] of [ADMIN, MIA, 'nobody@example.com', 'not an address', ''].entries()) {
    const stranger = browser(`198.51.100.${String(n)}`);
    const wrong = await stranger.ask('POST', '/session', { email, password: 'no horse at all' });
    const reset = await stranger.ask('POST', '/password-reset', { email });
    const { date: _d1, ...first } = wrong.headers;
    const { date: _d2, ...second } = reset.headers;
    seen.add(JSON.stringify([wrong.status, wrong.text, first, reset.status, reset.text, second]));
  }
  assert.equal(seen.size, 1, [...seen].join('\n'));
  assert.equal((await mia.ask('GET', '/account')).status, 401, 'who is disabled is out');
});

test('F4: 1,000 interleaved pairs of resets take the same time for known and unknown', async (t) => {
  const clock = createFakeClock();
  const { browser } = await openAccounts(t, openTestSqlite, { clock });
  const round = async (first: number) => {
    const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] };
    for (let n = first; n < first + 1_000; n += 1) {
      const stranger = browser(`2001:db8::${n.toString(16)}`);
      const pair = [
        { kind: 'known', email: ADMIN },
        { kind: 'unknown', email: 'bob@example.com' },
      ] as const;
      for (const { kind, email } of n % 2 === 0 ? pair : pair.toReversed()) {
        const begun = performance.now();
        await stranger.ask('POST', '/password-reset', { email });
        times[kind].push(performance.now() - begun);
        await new Promise((resolve) => setImmediate(resolve)); // what goes on afterwards is nobody's to see
      }
    }
    const apart = Math.abs(median(times.known) - median(times.unknown));
    const z = mannWhitney(times.known, times.unknown);
    t.diagnostic(`medians ${apart.toFixed(3)} ms apart, z ${z.toFixed(2)}`);
    assert.ok(apart <= 5, `${apart.toFixed(2)} ms apart`);
    return Math.abs(z) < 2.576; // p > 0.01
  };
  // One in a hundred rounds is beyond that by chance alone.
  assert.ok((await round(0)) || (await round(1_000)) || (await round(2_000)), 'one of the two is slower');
});

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[all.length >> 1] ?? 0;
}

/** The standard score of the rank sum of `a` among both (normal approximation). */
function mannWhitney(a: readonly number[], b: readonly number[]): number {
  const ranked = [...a.map((value) => ({ value, ours: 1 })), ...b.map((value) => ({ value, ours: 0 }))];
  ranked.sort((left, right) => left.value - right.value);
  const sum = ranked.reduce((total, { ours }, at) => total + ours * (at + 1), 0);
  const [m, n] = [a.length, b.length];
  return (sum - (m * (m + n + 1)) / 2) / Math.sqrt((m * n * (m + n + 1)) / 12);
}

test('F5: 25 shapes of an address: mail goes to the stored address or nowhere', async (t) => {
  const { browser, sink, linkTo } = await openAccounts(t, openTestSqlite);
  const shapes: unknown[] = [
    [ADMIN, 'eve@evil.example'],
    { address: ADMIN },
    { '0': ADMIN },
    [ADMIN],
    null,
    7,
    true,
    [[ADMIN]],
    {},
    `${ADMIN},eve@evil.example`,
    `${ADMIN};eve@evil.example`,
    `${ADMIN} eve@evil.example`,
    `${ADMIN}\r\nCc: eve@evil.example`,
    `${ADMIN}\neve@evil.example`,
    `${ADMIN}\0`,
    `"${ADMIN}" <eve@evil.example>`,
    `eve@evil.example (${ADMIN})`,
    `<${ADMIN}>`,
    `@evil.example:${ADMIN}`,
    `ana%40example.com@evil.example`,
    `аna@example.com`,
    `ana@example.com.`,
    `ana@exаmple.com`,
    ' ',
    `${ADMIN}@evil.example`,
  ];
  assert.equal(shapes.length, 25);
  for (const [n, email] of shapes.entries())
    await browser(`198.51.100.${String(n)}`).ask('POST', '/password-reset', { email });
  const twice = `{"email":"nobody@example.com","email":"${ADMIN}"}`;
  const form = { 'content-type': 'application/json' };
  await browser('203.0.113.1').ask('POST', '/password-reset', twice, form);
  await browser('203.0.113.2').ask('POST', '/password-reset', { email: ADMIN.toUpperCase() });
  await linkTo(ADMIN);
  assert.deepEqual([...new Set(sink.arrivals.flatMap(({ recipients }) => recipients))], [ADMIN]);
});

test('F3: whatever the headers of a request for a reset say, the link leads to the configured address', async (t) => {
  const clock = createFakeClock();
  const { browser, mailTo } = await openAccounts(t, openTestSqlite, { clock });
  const evil = 'evil.example';
  for (const headers of [
    { 'x-forwarded-host': evil },
    { 'x-forwarded-server': evil, 'x-original-url': `https://${evil}/` },
    { forwarded: `host=${evil};proto=https` },
    { 'x-host': evil, 'x-http-host-override': evil },
    { host: evil, 'sec-fetch-site': 'none' },
  ] as Record<string, string>[]) {
    clock.jump(2 * 3_600_000);
    await browser().ask('POST', '/password-reset', { email: ADMIN }, headers);
    const mail = await mailTo(ADMIN);
    assert.match(mail, /https:\/\/mail\.example\.com\/reset\//);
    assert.ok(!mail.includes(evil), mail);
  }
  for (const host of [evil, `mail.example.com@${evil}`, '', 'mail.example.com.evil.example'])
    refusal(await browser().ask('GET', `//reset/${'A'.repeat(43)}`, undefined, { host }), 421, 'misdirected');
});

test('F6: of all orders of the steps of a reset only the right one changes the password', async (t) => {
  const clock = createFakeClock();
  const { browser, invited, linkTo, mailTo, api } = await openAccounts(t, openTestSqlite, { clock });
  await invited(MIA, 'operator');
  const passwordOf = async () => {
    const rows = await api.db
      .tables<{ credentials: { password_hash: string } }>()
      .selectFrom('credentials')
      .select('password_hash')
      .execute();
    return rows.map((row) => row.password_hash).join(' ');
  };
  let token = 'A'.repeat(43);
  const steps: Record<string, (one: Browser, other: Browser) => Promise<unknown>> = {
    async request(one) {
      await one.ask('POST', '/password-reset', { email: MIA });
      token = await linkTo(MIA);
    },
    look: (one) => one.ask('GET', `//reset/${token}`),
    async complete(one) {
      const done = await one.ask('POST', '/password-reset/complete', { token, password: NEW });
      if (done.status === 204) assert.match(await mailTo(MIA), /Your password was changed/);
    },
    guess: (_one, other) =>
      other.ask('POST', '/password-reset/complete', { token: 'B'.repeat(43), password: NEW }),
    own: (_one, other) => other.ask('POST', '/account/password', { password: '', newPassword: NEW }),
  };
  let changed = 0;
  let wrongly = 0;
  let n = 0;
  for (const order of permutations(Object.keys(steps))) {
    clock.jump(2 * 3_600_000); // at most 20 mails to one address in a day
    token = 'A'.repeat(43);
    const before = await passwordOf();
    const [one, other] = [browser(`198.51.${String(n % 200)}.1`), browser(`198.51.${String(n % 200)}.2`)];
    n += 1;
    for (const step of order) await steps[step]?.(one, other);
    const right = order.indexOf('request') < order.indexOf('complete');
    if ((await passwordOf()) !== before) {
      changed += 1;
      if (!right) wrongly += 1;
    }
  }
  assert.equal(n, 120);
  assert.equal(wrongly, 0);
  assert.ok(changed > 0);
});

function* permutations(items: readonly string[]): Generator<string[]> {
  if (items.length === 0) yield [];
  for (const [at, first] of items.entries())
    for (const rest of permutations(items.toSpliced(at, 1))) yield [first, ...rest];
}

test('F9: eight ways in which an invitation is not what somebody wants it to be', async (t) => {
  const clock = createFakeClock();
  const { admin, browser, invited, linkTo } = await openAccounts(t, openTestSqlite, {
    clock,
    toml: '[[tenants]]\nslug = "acme"\n[[tenants]]\nslug = "beta"\n',
  });
  const acme = { 'posthorn-tenant': 'acme' };
  const sara = await invited('sara@example.com', 'tenant_admin', 'acme');
  const invite = (who: Browser, email: string, role: string, headers = {}) =>
    who.ask('POST', '/invitations', { email, role }, headers);
  refusal(await invite(sara, 'x@example.com', 'instance_admin'), 422, 'invalid_request');
  refusal(
    await invite(sara, 'x@example.com', 'tenant_admin', { 'posthorn-tenant': 'beta' }),
    403,
    'forbidden',
  );
  const dev = await invited('dev@example.com', 'tenant_developer', 'acme');
  refusal(await invite(dev, 'x@example.com', 'tenant_viewer'), 403, 'forbidden');
  refusal(await invite(sara, 'dev@example.com', 'tenant_admin'), 409, 'conflict');

  const accept = (token: string, more = {}) =>
    browser().ask('POST', '/invitations/accept', { token, name: 'X', password: PASSWORD, ...more });
  // Of another address: the account that is made is the invited one's, whatever is sent along.
  assert.equal((await invite(sara, 'kim@example.com', 'tenant_viewer')).status, 201);
  const kim = await linkTo('kim@example.com');
  refusal(await accept(kim, { email: 'eve@evil.example' }), 422, 'invalid_request');
  assert.equal((await accept(kim)).at('email'), 'kim@example.com');
  // Somebody who has an account proves it with its own password.
  assert.equal((await invite(admin, 'kim@example.com', 'operator')).status, 201);
  refusal(await accept(await linkTo('kim@example.com'), { password: NEW }), 401, 'sign_in_failed');
  // A newer invitation takes the place of an older one.
  clock.jump(61_000);
  assert.equal((await invite(sara, 'lee@example.com', 'tenant_viewer')).status, 201);
  const older = await linkTo('lee@example.com');
  clock.jump(61_000);
  assert.equal((await invite(sara, 'lee@example.com', 'tenant_developer')).status, 201);
  const newer = await linkTo('lee@example.com');
  refusal(await accept(older), 410, 'link_over');
  // Whoever invited may not any more.
  const { id } = (await sara.ask('GET', '/account')).at('person') as { id: string };
  assert.equal((await admin.ask('PATCH', `/users/${id}`, { role: 'tenant_viewer' }, acme)).status, 200);
  refusal(await accept(newer), 410, 'link_over');
  assert.equal((await admin.ask('PATCH', `/users/${id}`, { role: 'tenant_admin' }, acme)).status, 200);
  clock.jump(8 * 86_400_000);
  refusal(await accept(newer), 410, 'link_over');
});

test('W9: 1,000 wrong passwords from 100 addresses: strangers wait, the owner on a known device comes in', async (t) => {
  const { browser, admin } = await openAccounts(t, openTestSqlite);
  let evaluated = 0;
  for (let round = 0; round < 10; round += 1) {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        browser(`198.51.100.${String(n)}`).ask('POST', '/session', {
          email: ADMIN,
          password: 'no horse at all',
        }),
      ),
    );
    evaluated += answers.filter(({ status }) => status === 401).length;
  }
  assert.ok(evaluated <= 20, `${String(evaluated)} were looked at`);
  const stranger = await browser('203.0.113.7').ask('POST', '/session', { email: ADMIN, password: PASSWORD });
  refusal(stranger, 429, 'rate_limited');
  assert.ok(Number(stranger.headers['retry-after']) > 0);
  const begun = performance.now();
  assert.equal((await admin.signIn(ADMIN)).at('state'), 'signed_in');
  assert.ok(performance.now() - begun <= 2_000);
});

test('locked out by wrong passwords, let in again by a new one', async (t) => {
  const { browser, linkTo } = await openAccounts(t, openTestSqlite);
  const here = browser('198.51.100.9');
  for (let n = 0; n < 5; n += 1)
    refusal(
      await here.ask('POST', '/session', { email: ADMIN, password: 'wrong horse' }),
      401,
      'sign_in_failed',
    );
  refusal(await here.signIn(ADMIN), 429, 'rate_limited');
  await here.ask('POST', '/password-reset', { email: ADMIN });
  const token = await linkTo(ADMIN);
  assert.equal((await here.ask('POST', '/password-reset/complete', { token, password: NEW })).status, 204);
  assert.equal((await here.signIn(ADMIN, NEW)).at('state'), 'signed_in');
});

test('K11: 200 passwords at once take no more than two at a time', { timeout: 120_000 }, async (t) => {
  const passwords = createPasswords();
  const stored = await passwords.hash(PASSWORD);
  assert.match(stored, /^argon2id\$m=19456,t=2,p=1\$/);
  assert.ok(await passwords.verify(PASSWORD, stored));
  assert.ok(!(await passwords.verify(PASSWORD, undefined)));
  const before = process.memoryUsage.rss();
  let most = 0;
  const watching = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, n) =>
      passwords.verify(n % 2 === 0 ? PASSWORD : 'no horse at all', stored),
    ),
  );
  clearInterval(watching);
  assert.equal(answers.filter(Boolean).length, 100);
  const grown = Math.round((most - before) / 1_048_576);
  t.diagnostic(`RSS grew by ${String(grown)} MB`);
  assert.ok(grown <= 300, `${String(grown)} MB`);
});
