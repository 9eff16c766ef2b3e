import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldErrors, openApi, refusal } from '../../test/api-scene.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { check, codeOf, issue, openFlows, SENDER, TO, tokenOf, wrong } from '../../test/flow-scene.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';
import { shiftedClock } from '../../test/system-clocks.ts';
import { systemClock } from '../base/clock.ts';
import { transaction } from '../store/store.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import { countTry } from './queries.ts';

forEachStore('verifications', (open) => {
  test('a code is mailed, checked once, and gives back whom it is for', async (t) => {
    const api = await openFlows(t, open);
    const made = await issue(api, { subject: 'user-7', data: { step: '2' } });
    assert.equal(made.at('state'), 'pending');
    const id = String(made.at('id'));
    const code = await codeOf(api, made.at('messageId'));
    assert.match(code, /^\d{6}$/);
    assert.deepEqual((await check(api, { id, code: wrong(code) })).at(), { status: 'pending', triesLeft: 4 });
    const approved = await check(api, { id, code: `${code.slice(0, 3)} ${code.slice(3)}` });
    assert.equal(approved.at('status'), 'approved');
    assert.deepEqual(approved.at('verification'), {
      ...{ id, flow: 'one-time-code', to: TO, subject: 'user-7', data: { step: '2' } },
    });
    assert.deepEqual((await check(api, { id, code })).at(), { status: 'expired' }, 'a second time');
    const shown = await api.ask('GET', `/verifications/${id}`);
    assert.equal(shown.at('state'), 'approved');
    const types = (shown.at('timeline') as { type: string }[]).map(({ type }) => type);
    assert.deepEqual(types, ['verification.issued', 'verification.approved']);
    assert.ok(!shown.text.includes(code), 'never its code');
  });

  test('a link carries a token that counts once, in its flow and its tenant only', async (t) => {
    const api = await openFlows(t, open);
    await api.ask('POST', '/tenants', { body: { slug: 'acme', name: 'Acme' } });
    const acme = await api.makeKey({ tenant: 'acme' });
    const made = await issue(api, { flow: 'activation' });
    const token = await tokenOf(api, made.at('messageId'));
    for (const flow of ['password-reset', 'invitation', 'email-change', 'one-time-code']) {
      assert.deepEqual((await check(api, { token, flow })).at(), { status: 'expired' }, flow);
    }
    const other = await api.ask('POST', '/verifications/check', { body: { token }, key: acme });
    assert.deepEqual(other.at(), { status: 'expired' }, "another tenant's");
    assert.equal((await check(api, { token, flow: 'activation' })).at('status'), 'approved');
    assert.deepEqual((await check(api, { token })).at(), { status: 'expired' }, 'a second time');
  });

  test('F1: 200 checks at once, one success', async (t) => {
    const api = await openFlows(t, open);
    const link = await issue(api, { flow: 'activation' });
    const token = await tokenOf(api, link.at('messageId'));
    const tokens = await Promise.all(Array.from({ length: 200 }, () => check(api, { token })));
    assert.equal(tokens.filter((answer) => answer.at('status') === 'approved').length, 1);
    const coded = await issue(api);
    const code = await codeOf(api, coded.at('messageId'));
    const body = { id: coded.at('id'), code };
    const codes = await Promise.all(Array.from({ length: 200 }, () => check(api, body)));
    assert.equal(codes.filter((answer) => answer.at('status') === 'approved').length, 1);
  });

  test('F7: of a thousand guesses at once at most five are evaluated; then it is locked', async (t) => {
    const api = await openFlows(t, open);
    const made = await issue(api);
    const id = String(made.at('id'));
    const code = await codeOf(api, made.at('messageId'));
    const guess = wrong(code);
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => check(api, { id, code: guess })));
    assert.equal(answers.filter((answer) => answer.at('status') === 'pending').length, 4);
    assert.equal((await check(api, { id, code })).at('status'), 'locked', 'also with the right code');
    const shown = await api.ask('GET', `/verifications/${id}`);
    assert.deepEqual([shown.at('state'), shown.at('tries')], ['locked', 5]);
  });

  test('F7: a try is counted only while there is one left', async (t) => {
    const api = await openFlows(t, open);
    const made = await issue(api);
    const id = String(made.at('id'));
    const now = systemClock.now();
    const counted = await Promise.all(
      Array.from({ length: 20 }, () =>
        transaction(api.db, (tx) =>
          countTry(tx, { tenantId: INSTANCE_TENANT_ID, audience: 'application' }, id, now),
        ),
      ),
    );
    assert.deepEqual(
      counted.filter((tries) => tries !== undefined).sort((a, b) => a - b),
      [1, 2, 3, 4, 5],
    );
  });

  test('a new one takes the place of the old one, for the same address and subject only', async (t) => {
    const api = await openFlows(t, open);
    const first = await issue(api, { subject: 'a' });
    const code = await codeOf(api, first.at('messageId'));
    const other = await issue(api, { subject: 'b' });
    const second = await issue(api, { subject: 'a' });
    assert.equal((await check(api, { id: first.at('id'), code })).at('status'), 'expired');
    assert.equal(
      (await api.ask('GET', `/verifications/${String(first.at('id'))}`)).at('state'),
      'superseded',
    );
    for (const one of [other, second]) {
      const body = { id: one.at('id'), code: await codeOf(api, one.at('messageId')) };
      assert.equal((await check(api, body)).at('status'), 'approved');
    }
  });

  test('F7: after its time it does not count, and its mail is not sent', async (t) => {
    const clock = shiftedClock();
    const api = await openFlows(t, open, { clock });
    const made = await issue(api);
    const code = await codeOf(api, made.at('messageId'));
    const message = await api.ask('GET', `/messages/${String(made.at('messageId'))}`);
    assert.equal(message.at('expiresAt'), made.at('expiresAt'));
    clock.shift(601_000);
    assert.deepEqual((await check(api, { id: made.at('id'), code })).at(), { status: 'expired' });
    assert.equal((await api.ask('GET', `/verifications/${String(made.at('id'))}`)).at('state'), 'expired');
  });

  test('sent again: a new code, the old one no longer counts; revoked: none does', async (t) => {
    const api = await openFlows(t, open);
    const made = await issue(api);
    const id = String(made.at('id'));
    const old = await codeOf(api, made.at('messageId'));
    const again = await api.ask('POST', `/verifications/${id}/resend`);
    assert.equal(again.status, 202, again.text);
    const code = await codeOf(api, again.at('messageId'));
    if (old !== code) assert.equal((await check(api, { id, code: old })).at('status'), 'pending');
    assert.equal((await api.ask('POST', `/verifications/${id}/revoke`)).at('state'), 'revoked');
    assert.equal((await check(api, { id, code })).at('status'), 'expired');
    refusal(await api.ask('POST', `/verifications/${id}/resend`), 409, 'conflict');
    refusal(await api.ask('POST', `/verifications/${id}/revoke`), 409, 'conflict');
  });

  test('A5: of many at once exactly as many mails as the limit allows', async (t) => {
    const api = await openFlows(t, open);
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        api.ask('POST', '/verifications', {
          body: { flow: 'one-time-code', to: TO, subject: String(index) },
        }),
      ),
    );
    const codes = answers.map(({ status }) => status);
    assert.equal(codes.filter((status) => status === 202).length, 5);
    assert.equal(codes.filter((status) => status === 429).length, 25);
    await issue(api, { to: 'ben@example.net' });
  });
});

test('the wait between two mails, the day, and the block after a lock', async (t) => {
  const clock = shiftedClock();
  const api = await openFlows(t, openTestSqlite, { clock });
  const flow = {
    'one-time-code': { resendSeconds: 60, perHour: 2, perDay: 3, attempts: 1, blockSeconds: 300 },
  };
  assert.equal((await api.ask('PATCH', '/settings', { body: { flows: flow } })).status, 200);
  const again = async () => {
    const answer = await api.ask('POST', '/verifications', { body: { flow: 'one-time-code', to: TO } });
    return answer.status === 202 ? answer : Number(answer.headers['retry-after']);
  };
  const first = await again();
  assert.ok(typeof first === 'object');
  assert.equal(await again(), 60);
  clock.shift(60_000);
  const code = await codeOf(api, first.at('messageId'));
  assert.equal((await check(api, { id: first.at('id'), code: wrong(code) })).at('status'), 'locked');
  assert.equal(await again(), 300, 'blocked');
  clock.shift(300_000);
  assert.equal(typeof (await again()), 'object');
  clock.shift(60_000);
  assert.equal(await again(), 3_600 - 420, 'two in an hour');
  clock.shift(3_600_000);
  assert.equal(typeof (await again()), 'object');
  clock.shift(3_600_000);
  const day = await again();
  assert.ok(typeof day === 'number' && day > 70_000, JSON.stringify(day));
});

test('F5: 25 shapes that are not one address mail nobody', async (t) => {
  const api = await openFlows(t, openTestSqlite);
  const shapes = [
    ...[
      [TO],
      [TO, 'b@example.net'],
      [],
      {},
      { address: [TO] },
      { a: TO },
      { address: TO, cc: 'b@example.net' },
    ],
    ...[null, 7, true, '', ' ', 'ana', '@example.net', 'ana@', `${TO},b@example.net`, `${TO};b@example.net`],
    ...[
      `${TO} b@example.net`,
      `${TO}\r\nBcc: b@example.net`,
      `${TO}\0b@example.net`,
      `${TO}%0ab@example.net`,
    ],
    ...[`<${TO}>,<b@example.net>`, `Ana <${TO}>`, 'ana@example.net@b.example', '"a@b.example"@example.net'],
  ];
  assert.equal(shapes.length, 25);
  for (const to of shapes) {
    const answer = await api.ask('POST', '/verifications', { body: { flow: 'one-time-code', to } });
    assert.match(fieldErrors(answer).join(), /^to/, JSON.stringify(to));
    const notice = { flow: 'security-notice', about: 'password-changed', to };
    assert.match(fieldErrors(await api.ask('POST', '/notices', { body: notice })).join(), /^to/);
  }
  const twice = '{"flow":"one-time-code","to":"ana@example.net","to":"b@example.net"}';
  refusal(await api.ask('POST', '/verifications', { body: twice }), 400, 'malformed_json');
  const more = '{"flow":"one-time-code","to":"ana@example.net","cc":"b@example.net"}';
  assert.equal((await api.ask('POST', '/verifications', { body: more })).status, 422);
  assert.equal(
    (await api.ask('POST', '/verifications?to=b@example.net', { body: { flow: 'one-time-code', to: TO } }))
      .status,
    422,
  );
  assert.equal(((await api.ask('GET', '/messages')).at('items') as unknown[]).length, 0, 'no mail at all');
});

test('what is no proof is answered in one way', async (t) => {
  const api = await openFlows(t, openTestSqlite);
  const made = await issue(api);
  const id = String(made.at('id'));
  for (const body of [
    { token: 'x' },
    { token: 'A'.repeat(43) },
    { id: 'ver_00000000000000000000000000', code: '123456' },
    { id: 'nothing', code: '123456' },
    { id: `${id}\0`, code: '123456' },
    { id, code: '123456', flow: 'activation' },
  ]) {
    const answer = await check(api, body);
    assert.deepEqual([answer.status, answer.at()], [200, { status: 'expired' }], JSON.stringify(body));
  }
  for (const body of [{}, { id }, { code: '1' }, { token: [] }, { token: 'x', id }, []]) {
    assert.equal((await check(api, body)).status, 422, JSON.stringify(body));
  }
  assert.equal((await api.ask('GET', `/verifications/${id}`)).at('tries'), 0, 'nothing was counted');
});

test('a link needs an address to lead to, and takes it from the settings only', async (t) => {
  const api = await openApi(t, openTestSqlite, { toml: SENDER });
  const without = await api.ask('POST', '/verifications', { body: { flow: 'activation', to: TO } });
  assert.match(fieldErrors(without).join(), /^flow needs the setting flows\.activation\.url/);
  for (const url of [
    'http://app.example/{token}',
    'https://app.example/',
    'https://a@b.example/{token}',
    'javascript:{token}',
  ]) {
    const answer = await api.ask('PATCH', '/settings', { body: { flows: { activation: { url } } } });
    assert.match(fieldErrors(answer).join(), /^flows\.activation\.url /, url);
  }
  const local = 'http://localhost:3000/start/{token}';
  assert.equal(
    (await api.ask('PATCH', '/settings', { body: { flows: { activation: { url: local } } } })).status,
    200,
  );
  const body = { flow: 'activation', to: TO, returnUrl: 'https://evil.example/' };
  assert.equal((await api.ask('POST', '/verifications', { body })).status, 422, 'not from the request');
});

test('a mail that cannot be made leaves the proof that was mailed before as it is', async (t) => {
  const api = await openFlows(t, openTestSqlite);
  const made = await issue(api, { flow: 'activation' });
  const token = await tokenOf(api, made.at('messageId'));
  const cleared = { flows: { activation: { url: null } } };
  assert.equal((await api.ask('PATCH', '/settings', { body: cleared })).status, 200);
  const path = `/verifications/${String(made.at('id'))}`;
  assert.equal((await api.ask('POST', `${path}/resend`)).status, 422);
  const again = { body: { flow: 'activation', to: TO } };
  assert.equal((await api.ask('POST', '/verifications', again)).status, 422);
  assert.equal((await api.ask('GET', path)).at('state'), 'pending');
  assert.equal((await check(api, { token })).at('status'), 'approved');
});

test('a message with a code is shown to nobody once it is not just captured, and not sent again', async (t) => {
  const api = await openApi(t, openTestSqlite, { toml: SENDER, working: false, clock: createFakeClock() });
  const made = await issue(api);
  const id = String(made.at('messageId'));
  refusal(await api.ask('GET', `/messages/${id}/source`), 403, 'forbidden');
  assert.match(refusal(await api.ask('POST', `/messages/${id}/resend`), 409, 'conflict'), /verifications/);
});
