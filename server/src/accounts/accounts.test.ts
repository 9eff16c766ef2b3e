import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TOTP } from 'otpauth';
import { ADMIN, openAccounts, PASSWORD, setCookies } from '../../test/account-scene.ts';
import { fieldErrors, refusal } from '../../test/api-scene.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';
import { makeSetupCode } from './accounts.ts';

const SESSION = '__Host-posthorn';

forEachStore('accounts', (open) => {
  test('the first administrator comes by the setup code, and only the first', async (t) => {
    const { api, admin, browser } = await openAccounts(t, open);
    const account = await admin.ask('GET', '/account');
    assert.equal(account.at('person.email'), ADMIN);
    assert.deepEqual(account.at('roles'), [{ tenant: 'instance', name: 'Instance', role: 'instance_admin' }]);
    assert.equal((await browser().ask('GET', '/setup')).at('needed'), false);
    assert.equal(await makeSetupCode(api.db, { now: () => Date.now() } as never), undefined);
    const again = { code: 'AAAA-BBBB-CCCC', email: 'eve@example.com', name: 'Eve', password: PASSWORD };
    assert.match(fieldErrors(await browser().ask('POST', '/setup', again)).join(), /^code is not known/);
  });

  test('an invitation by mail becomes an account with that role in that tenant, once', async (t) => {
    const { api, admin, browser, linkTo, invited } = await openAccounts(t, open, {
      toml: '[[tenants]]\nslug = "acme"\n',
    });
    const made = await admin.ask(
      'POST',
      '/invitations',
      { email: 'Sara@Example.com', role: 'tenant_admin' },
      { 'posthorn-tenant': 'acme' },
    );
    assert.equal(made.status, 201, made.text);
    assert.equal(made.at('link'), undefined, 'mail goes out: nobody is shown the link');
    const token = await linkTo('Sara@example.com');
    const sara = browser();
    const page = await sara.ask('GET', `//invite/${token}`);
    assert.match(page.text, /Choose a password for Sara@example.com/);
    const weak = await sara.ask('POST', '/invitations/accept', { token, name: 'Sara', password: 'short' });
    assert.match(fieldErrors(weak).join(), /^password must have at least/);
    const done = await sara.ask('POST', '/invitations/accept', { token, name: 'Sara', password: PASSWORD });
    assert.equal(done.status, 201, done.text);
    refusal(
      await sara.ask('POST', '/invitations/accept', { token, name: 'Sara', password: PASSWORD }),
      410,
      'link_over',
    );
    assert.equal((await sara.signIn('sara@example.com')).at('state'), 'signed_in');
    assert.deepEqual((await sara.ask('GET', '/account')).at('roles'), [
      { tenant: 'acme', name: 'acme', role: 'tenant_admin' },
    ]);
    assert.equal((await sara.ask('GET', '/settings')).status, 200, 'the only tenant needs no naming');
    assert.equal((await sara.ask('GET', '/tenants')).status, 403);
    const jonas = await invited('jonas@example.com', 'tenant_developer', 'acme');
    assert.equal((await jonas.ask('GET', '/users')).status, 403);
    const people = await sara.ask('GET', '/users');
    assert.deepEqual(
      (people.at('items') as { email: string }[]).map(({ email }) => email),
      ['Sara@example.com', 'jonas@example.com'],
    );
    assert.ok(!api.log.join('\n').includes(token), 'the link is in no log');
  });

  test('F8: after a reset every session is over, nobody is signed in, and the second step stays', async (t) => {
    const clock = createFakeClock();
    const { admin, browser, invited, linkTo, mailTo, codeTo } = await openAccounts(t, open, { clock });
    const mia = 'mia@example.com';
    const first = await invited(mia, 'operator');
    const chosen = await first.ask('POST', '/account/second-step', {
      password: PASSWORD,
      secondStep: 'email',
    });
    assert.equal(chosen.status, 204, chosen.text);
    assert.match(await mailTo(mia), /second step/);
    const second = browser();
    assert.equal((await second.signIn(mia)).at('state'), 'signed_in');
    const third = browser();
    const soon = await third.ask('POST', '/session', { email: mia, password: PASSWORD });
    assert.equal(soon.at('codeMailed'), false, 'the next code may be mailed after a minute');
    refusal(await third.ask('POST', '/session/code/resend'), 429, 'rate_limited');
    clock.jump(61_000);
    assert.equal((await third.signIn(mia)).at('state'), 'signed_in');
    const stranger = browser();
    assert.equal((await stranger.ask('POST', '/password-reset', { email: mia })).status, 202);
    const token = await linkTo(mia);
    const fresh = 'another horse entirely';
    const done = await stranger.ask('POST', '/password-reset/complete', { token, password: fresh });
    assert.equal(done.status, 204, done.text);
    assert.equal(stranger.cookies.size, 0, 'nobody is signed in');
    assert.match(await mailTo(mia), /Your password was changed/);
    clock.advance(1_000); // within a second, on every node
    for (const old of [first, second, third])
      assert.equal((await old.ask('GET', '/account/sessions')).status, 401);
    refusal(
      await stranger.ask('POST', '/password-reset/complete', { token, password: fresh }),
      410,
      'link_over',
    );
    refusal(await stranger.signIn(mia, PASSWORD), 401, 'sign_in_failed');
    clock.jump(61_000);
    const half = await stranger.ask('POST', '/session', { email: mia, password: fresh });
    assert.equal(half.at('state'), 'second_step', 'the second step is not passed by');
    assert.equal((await stranger.ask('GET', '/account')).status, 401);
    assert.equal((await stranger.ask('POST', '/session/code', { code: await codeTo(mia) })).status, 200);
    assert.equal((await admin.ask('GET', '/account')).status, 200, 'others go on');
  });

  test('W1: a session is new at every sign-in, ends when idle, at its age, and when it is revoked', async (t) => {
    const clock = createFakeClock();
    const pass = (ms: number) => {
      clock.jump(ms - 1_000);
      clock.advance(1_000); // what was answered a second ago is asked again
    };
    const { admin, browser } = await openAccounts(t, open, { clock });
    const planted = browser();
    planted.cookies.set(SESSION, 'A'.repeat(43));
    await planted.signIn(ADMIN);
    assert.notEqual(planted.cookies.get(SESSION), 'A'.repeat(43), 'a planted cookie gains nothing');
    const before = planted.cookies.get(SESSION) ?? '';
    await planted.signIn(ADMIN);
    const old = browser();
    old.cookies.set(SESSION, before);
    assert.equal((await old.ask('GET', '/account')).status, 401, 'the one before is over');

    const list = (await admin.ask('GET', '/account/sessions')).at('items') as {
      id: string;
      current: boolean;
    }[];
    assert.deepEqual(
      list.map(({ current }) => current),
      [false, true],
    );
    const other = list.find(({ current }) => !current)?.id ?? '';
    assert.equal((await planted.ask('GET', '/account')).status, 200);
    assert.equal((await admin.ask('DELETE', `/account/sessions/${other}`)).status, 204);
    clock.advance(1_000);
    assert.equal((await planted.ask('GET', '/account')).status, 401, 'within a second');

    pass(29 * 60_000);
    assert.equal((await admin.ask('GET', '/account')).status, 200);
    pass(29 * 60_000);
    assert.equal((await admin.ask('GET', '/account')).status, 200, 'whoever does something stays');
    pass(31 * 60_000);
    assert.equal((await admin.ask('GET', '/account')).status, 401, 'idle');
    await admin.signIn(ADMIN);
    for (let quarter = 0; quarter < 47; quarter += 1) {
      pass(15 * 60_000);
      assert.equal((await admin.ask('GET', '/account')).status, 200);
    }
    pass(15 * 60_000);
    assert.equal((await admin.ask('GET', '/account')).status, 401, 'twelve hours');
  });

  test('W4: the last administrator of the instance stays, also when two take each other away at once', async (t) => {
    const { admin, invited } = await openAccounts(t, open);
    const { id } = (await admin.ask('GET', '/account')).at('person') as { id: string };
    refusal(await admin.ask('DELETE', `/users/${id}`), 409, 'conflict');
    refusal(await admin.ask('PATCH', `/users/${id}`, { role: 'operator' }), 409, 'conflict');
    refusal(await admin.ask('PATCH', `/users/${id}`, { state: 'disabled' }), 409, 'conflict');
    const bea = await invited('bea@example.com', 'instance_admin');
    const other = (await bea.ask('GET', '/account')).at('person.id') as string;
    const both = await Promise.all([
      admin.ask('DELETE', `/users/${other}`),
      bea.ask('DELETE', `/users/${id}`),
    ]);
    assert.deepEqual(
      both.map(({ status }) => status).toSorted((a, b) => a - b),
      [204, 409],
    );
  });
});

test('W1: nine attributes of the cookie', async (t) => {
  const { browser } = await openAccounts(t, openTestSqlite);
  const answer = await browser().ask('POST', '/session', { email: ADMIN, password: PASSWORD });
  const line = setCookies(answer).find((one) => one.startsWith(`${SESSION}=`));
  const [pair = '', ...attributes] = (line ?? '').split('; ');
  assert.match(pair, /^__Host-posthorn=[\w-]{43}$/, 'host prefix, 256 random bits');
  assert.deepEqual(attributes.sort(), ['HttpOnly', 'Max-Age=43200', 'Path=/', 'SameSite=Lax', 'Secure']);
  assert.ok(!/domain/i.test(line ?? ''), 'of this host alone');
});

test('W1: the database holds no session that could be used', async (t) => {
  const { api, admin, browser } = await openAccounts(t, openTestSqlite);
  const rows = await api.db
    .tables<{ sessions: Record<string, unknown> }>()
    .selectFrom('sessions')
    .selectAll()
    .execute();
  assert.equal(rows.length, 1);
  assert.ok(!JSON.stringify(rows).includes(admin.cookies.get(SESSION) ?? '-'));
  for (const value of rows.flatMap((row) => Object.values(row))) {
    const thief = browser();
    thief.cookies.set(SESSION, String(value));
    assert.equal((await thief.ask('GET', '/account')).status, 401);
  }
});

test('W2: what changes something needs a page of ours and the token of the session', async (t) => {
  const { admin } = await openAccounts(t, openTestSqlite);
  const change = (headers: Record<string, string>) =>
    admin.ask('PATCH', '/settings', { sender: { name: 'x' } }, headers);
  assert.equal((await change({})).status, 200);
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'posthorn-csrf': '' },
    { 'posthorn-csrf': 'A'.repeat(43) },
  ])
    refusal(await change(headers), 403, 'forbidden');
  const elsewhere = { 'sec-fetch-site': 'cross-site' };
  refusal(
    await admin.ask('POST', '/session', { email: ADMIN, password: PASSWORD }, elsewhere),
    403,
    'forbidden',
  );
  refusal(await admin.ask('POST', '/password-reset', { email: ADMIN }, elsewhere), 403, 'forbidden');
  assert.equal((await admin.ask('GET', '/settings', undefined, elsewhere)).status, 200, 'looking is free');
});

test('W2: no operation that changes something is done for a page of another site', async (t) => {
  const { api, admin } = await openAccounts(t, openTestSqlite);
  const entries = async () => (await admin.ask('GET', '/audit?limit=1')).at('items[0].id');
  const last = await entries();
  let tried = 0;
  for (const { method, path, permission, form } of api.operations) {
    if (method === 'GET' || permission === 'public') continue;
    const address = `/${path.replaceAll(/\{\w+\}/g, 'x')}`;
    const type = form ? 'application/x-www-form-urlencoded' : 'application/json';
    for (const headers of [
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site', 'content-type': 'text/plain' },
      { 'sec-fetch-site': 'same-origin', 'posthorn-csrf': 'A'.repeat(43) },
    ]) {
      const answer = await admin.ask(
        method === 'PUT' ? 'POST' : method,
        address,
        {},
        { 'content-type': type, ...headers },
      );
      assert.equal(answer.status, 403, `${method} ${path} ${JSON.stringify(headers)}: ${answer.text}`);
      tried += 1;
    }
  }
  assert.ok(tried > 100, `${String(tried)} were tried`);
  assert.equal(await entries(), last, 'nothing was changed');
  // What needs no session is not done for another site's page either, where it could do harm.
  for (const path of ['/session', '/session/code', '/session/code/resend', '/password-reset', '/setup'])
    assert.equal(
      (
        await admin.ask(
          'POST',
          path,
          { email: ADMIN, password: PASSWORD, code: 'x', name: 'x' },
          { 'sec-fetch-site': 'cross-site' },
        )
      ).status >= 400,
      true,
      path,
    );
});

test('W3: whose session it is, nobody else ends it or sees it; roles elsewhere do not count here', async (t) => {
  const { admin, invited, browser } = await openAccounts(t, openTestSqlite, {
    toml: '[[tenants]]\nslug = "acme"\n[[tenants]]\nslug = "beta"\n',
  });
  const sara = await invited('sara@example.com', 'tenant_admin', 'acme');
  const eve = await invited('eve@example.com', 'tenant_admin', 'beta');
  const session = (await sara.ask('GET', '/account/sessions')).at('items[0].id') as string;
  refusal(await eve.ask('DELETE', `/account/sessions/${session}`), 404, 'not_found');
  refusal(await admin.ask('DELETE', `/account/sessions/${session}`), 404, 'not_found');
  const { id } = (await sara.ask('GET', '/account')).at('person') as { id: string };
  for (const method of ['GET', 'PATCH', 'DELETE'] as const)
    refusal(
      await eve.ask(method, `/users/${id}`, method === 'PATCH' ? { role: 'tenant_viewer' } : undefined),
      404,
      'not_found',
    );
  refusal(await eve.ask('GET', '/users', undefined, { 'posthorn-tenant': 'acme' }), 403, 'forbidden');
  refusal(await eve.ask('GET', '/users', undefined, { 'posthorn-tenant': 'nowhere' }), 403, 'forbidden');
  // The instance suspends beta: its people are refused within a second, sara is not.
  assert.equal(
    (await admin.ask('POST', '/tenants/beta/suspend', { reason: 'unpaid' })).status,
    409,
    'the file has it',
  );
  assert.equal((await browser().ask('GET', '/users')).status, 401);
  assert.equal((await sara.ask('GET', '/users')).status, 200);
});

test('a tenant that is suspended refuses its people within a second, and has them back afterwards', async (t) => {
  const clock = createFakeClock();
  const { admin, invited } = await openAccounts(t, openTestSqlite, { clock });
  assert.equal((await admin.ask('POST', '/tenants', { slug: 'gamma', name: 'Gamma' })).status, 201);
  const kim = await invited('kim@example.com', 'tenant_admin', 'gamma');
  assert.equal((await kim.ask('GET', '/users')).status, 200);
  assert.equal((await admin.ask('POST', '/tenants/gamma/suspend', { reason: 'unpaid' })).status, 200);
  clock.advance(1_000);
  refusal(await kim.ask('GET', '/users'), 403, 'tenant_suspended');
  assert.equal((await kim.ask('GET', '/account')).status, 200, 'the own account is still there');
  assert.equal((await admin.ask('GET', '/users', undefined, { 'posthorn-tenant': 'gamma' })).status, 200);
  assert.equal((await admin.ask('POST', '/tenants/gamma/resume')).status, 200);
  clock.advance(1_000);
  assert.equal((await kim.ask('GET', '/users')).status, 200);
  assert.equal((await admin.ask('DELETE', '/tenants/gamma')).status, 200);
  clock.advance(1_000);
  refusal(await kim.ask('GET', '/users'), 403, 'forbidden');
});

test('an authenticator app: confirmed once, each code once, recovery codes once', async (t) => {
  const clock = createFakeClock();
  const { admin, browser, mailTo } = await openAccounts(t, openTestSqlite, { clock });
  assert.match(
    fieldErrors(await admin.ask('POST', '/account/totp', { password: 'no horse' })).join(),
    /^password is not/,
  );
  const begun = await admin.ask('POST', '/account/totp', { password: PASSWORD });
  const totp = new TOTP({ secret: String(begun.at('secret')) });
  const code = () => totp.generate({ timestamp: clock.now() });
  assert.match(String(begun.at('uri')), /^otpauth:\/\/totp\/Posthorn:ana%40example\.com\?/);
  assert.match(
    fieldErrors(await admin.ask('POST', '/account/totp/confirm', { code: '000000x' })).join(),
    /^code is not right/,
  );
  const confirmed = await admin.ask('POST', '/account/totp/confirm', { code: code() });
  const codes = confirmed.at('recoveryCodes') as string[];
  assert.equal(codes.length, 10);
  assert.match(await mailTo(ADMIN), /second step/);

  const half = browser();
  assert.equal(
    (await half.ask('POST', '/session', { email: ADMIN, password: PASSWORD })).at('method'),
    'totp',
  );
  clock.advance(60_000);
  const now = code();
  assert.equal((await half.ask('POST', '/session/code', { code: now })).status, 200);
  const next = browser();
  await next.ask('POST', '/session', { email: ADMIN, password: PASSWORD });
  refusal(await next.ask('POST', '/session/code', { code: now }), 401, 'sign_in_failed');
  refusal(await next.ask('POST', '/session/code/resend'), 409, 'conflict');
  const [first = ''] = codes;
  assert.equal((await next.ask('POST', '/session/code', { recoveryCode: first.toLowerCase() })).status, 200);
  const last = browser();
  await last.ask('POST', '/session', { email: ADMIN, password: PASSWORD });
  refusal(await last.ask('POST', '/session/code', { recoveryCode: first }), 401, 'sign_in_failed');
  assert.equal((await admin.ask('GET', '/account')).at('recoveryCodes'), 9);
});

test('a new address counts once its link was followed, and links to the old one are over', async (t) => {
  const { admin, browser, linkTo, mailTo } = await openAccounts(t, openTestSqlite);
  await browser().ask('POST', '/password-reset', { email: ADMIN });
  const reset = await linkTo(ADMIN);
  const asked = await admin.ask('POST', '/account/email', { password: PASSWORD, email: 'ana@new.example' });
  assert.equal(asked.status, 202, asked.text);
  const token = await linkTo('ana@new.example');
  assert.equal((await admin.ask('GET', '/account')).at('person.email'), ADMIN);
  assert.match((await browser().ask('GET', `//confirm-email/${token}`)).text, /ana@new\.example becomes/);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const pressed = await browser().ask('POST', `//confirm-email/${token}`, 'x=', form);
  assert.equal(pressed.status, 422, 'only what the form has');
  assert.match(
    (await browser().ask('POST', `//confirm-email/${token}`, '', form)).text,
    /Your address is changed/,
  );
  assert.match(await mailTo(ADMIN), /now has another address/);
  refusal(
    await browser().ask('POST', '/password-reset/complete', { token: reset, password: PASSWORD }),
    410,
    'link_over',
  );
  assert.equal((await browser().signIn('ana@new.example')).at('state'), 'signed_in');
});

test('in capture mode the inviter is shown the link, and it works', async (t) => {
  const { admin, browser, api } = await openAccounts(t, openTestSqlite);
  const captured = await api.ask('PATCH', '/settings', { body: { delivery: { mode: 'capture' } } });
  assert.equal(captured.status, 409, 'the file says live');
  const made = await admin.ask('POST', '/tenants', { slug: 'quiet', name: 'Quiet' });
  assert.equal(made.status, 201);
  const headers = { 'posthorn-tenant': 'quiet' };
  const mode = await admin.ask('PATCH', '/settings', { delivery: { mode: 'capture' } }, headers);
  assert.equal(mode.status, 200, mode.text);
  const invited = await admin.ask(
    'POST',
    '/invitations',
    { email: 'kim@example.com', role: 'tenant_viewer' },
    headers,
  );
  assert.equal(invited.at('sentIn'), 'instance', "the instance's connection helps out, and says so");
  assert.equal(invited.at('link'), undefined);
  const relay = (await admin.ask('GET', '/connections')).at('items[0].id') as string;
  assert.equal((await admin.ask('POST', `/connections/${relay}/pause`)).status, 200);
  const lost = await admin.ask(
    'POST',
    '/invitations',
    { email: 'lee@example.com', role: 'tenant_viewer' },
    headers,
  );
  assert.equal(lost.at('sentIn'), 'nowhere');
  const [, token = ''] = /\/invite\/([\w-]+)$/.exec(String(lost.at('link'))) ?? assert.fail(lost.text);
  const lee = browser();
  assert.equal(
    (await lee.ask('POST', '/invitations/accept', { token, name: 'Lee', password: PASSWORD })).status,
    201,
  );
  assert.equal((await lee.signIn('lee@example.com')).at('state'), 'signed_in');
});
