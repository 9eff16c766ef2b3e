import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { openApi, refusal, type SceneOptions } from '../../test/api-scene.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';
import { shiftedClock } from '../../test/system-clocks.ts';
import type { Principal } from '../http/http.ts';
import { parseMailbox, type Mailbox } from '../mail/mail.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';

const SENDER = '[sender]\naddress = "app@example.com"\n';
const PRINCIPAL: Principal = {
  ...{ actorId: 'usr_test', actorName: 'test', kind: 'live', role: 'instance_admin' },
  ...{ tenantId: INSTANCE_TENANT_ID, homeTenantId: INSTANCE_TENANT_ID },
};
const FLOWS = ['activation', 'password-reset', 'one-time-code', 'invitation', 'email-change'] as const;

function mailbox(address: string): Mailbox {
  const parsed = parseMailbox(address);
  assert.ok(parsed.ok);
  return parsed.mailbox;
}
const link = (token: string): string => `https://posthorn.example/reset/${token}`;
const tokenIn = (href: string | undefined): string =>
  /reset\/([\w-]{43})$/.exec(href ?? '')?.[1] ?? assert.fail();

async function scene(t: TestContext, open: Parameters<typeof openApi>[1], options: SceneOptions = {}) {
  const api = await openApi(t, open, { toml: SENDER, ...options });
  const reset = (subject = 'usr_1', to = 'ana@example.net') =>
    api.verifications.issueOwn(PRINCIPAL, { flow: 'password-reset', to: mailbox(to), subject, link });
  return { api, own: api.verifications, reset };
}

forEachStore('our own verifications', (open) => {
  test('F1: what is made for our own people counts for them only, in its flow and tenant', async (t) => {
    const { api, own, reset } = await scene(t, open);
    const made = await reset();
    const token = tokenIn(made.link);
    assert.equal(made.verification.audience, 'posthorn');
    for (const flow of FLOWS) {
      const answer = await api.ask('POST', '/verifications/check', { body: { token, flow } });
      assert.deepEqual(answer.at(), { status: 'expired' }, 'over the API of applications');
    }
    refusal(await api.ask('GET', `/verifications/${made.verification.id}`), 404, 'not_found');
    refusal(await api.ask('POST', `/verifications/${made.verification.id}/resend`), 404, 'not_found');
    refusal(await api.ask('POST', `/verifications/${made.verification.id}/revoke`), 404, 'not_found');
    for (const flow of FLOWS.filter((one) => one !== 'password-reset'))
      assert.deepEqual(await own.checkOwn(INSTANCE_TENANT_ID, { flow, token }), { status: 'expired' }, flow);
    const flow = 'password-reset';
    assert.equal((await own.checkOwn('ten_other', { flow, token })).status, 'expired', 'another tenant');
    assert.equal((await own.checkOwn(INSTANCE_TENANT_ID, { flow, token })).status, 'approved');
    assert.equal((await own.checkOwn(INSTANCE_TENANT_ID, { flow, token })).status, 'expired', 'once');
  });

  test('F1: what an application had made does not count for our own people', async (t) => {
    const { api, own } = await scene(t, open);
    const set = { flows: { 'password-reset': { url: 'https://app.example/reset/{token}' } } };
    assert.equal((await api.ask('PATCH', '/settings', { body: set })).status, 200);
    const body = { flow: 'password-reset', to: 'ana@example.net', subject: 'usr_1' };
    const made = await api.ask('POST', '/verifications', { body });
    const id = String(made.at('messageId'));
    await api.reaches(id, 'captured');
    const mail = (await api.ask('GET', `/messages/${id}/source`)).text.replaceAll('=\r\n', '');
    const token = tokenIn(/https:\S+/.exec(mail)?.[0]);
    const flow = 'password-reset';
    assert.equal(await own.peekOwn(INSTANCE_TENANT_ID, { flow, token }), undefined);
    assert.equal((await own.checkOwn(INSTANCE_TENANT_ID, { flow, token })).status, 'expired');
    assert.equal(await own.revokeOwn(INSTANCE_TENANT_ID, { subject: 'usr_1' }), 0);
    const checked = await api.ask('POST', '/verifications/check', { body: { token } });
    assert.equal(checked.at('status'), 'approved');
  });

  test('F2: a look consumes nothing; revoking ends all of one subject', async (t) => {
    const { own, reset } = await scene(t, open);
    const flow = 'password-reset';
    const token = tokenIn((await reset()).link);
    for (let look = 0; look < 20; look += 1)
      assert.equal((await own.peekOwn(INSTANCE_TENANT_ID, { flow, token }))?.subject, 'usr_1');
    assert.equal(await own.peekOwn(INSTANCE_TENANT_ID, { flow: 'invitation', token }), undefined);
    const other = tokenIn((await reset('usr_2', 'ben@example.net')).link);
    assert.equal(await own.revokeOwn(INSTANCE_TENANT_ID, { flow, subject: 'usr_1' }), 1);
    assert.equal(await own.peekOwn(INSTANCE_TENANT_ID, { flow, token }), undefined);
    assert.equal((await own.checkOwn(INSTANCE_TENANT_ID, { flow, token })).status, 'expired');
    assert.equal((await own.checkOwn(INSTANCE_TENANT_ID, { flow, token: other })).status, 'approved');
  });

  test('a code without a link, whatever the setting says for applications', async (t) => {
    const { own } = await scene(t, open);
    const flow = 'password-reset';
    const made = await own.issueOwn(PRINCIPAL, { flow, to: mailbox('ana@example.net'), subject: 'usr_1' });
    assert.equal(made.link, undefined);
    const { id } = made.verification;
    assert.ok(made.verification.codeHash !== null && made.verification.tokenHash === null);
    assert.deepEqual(await own.checkOwn(INSTANCE_TENANT_ID, { flow, id, code: 'wrong' }), {
      ...{ status: 'pending', triesLeft: 4 },
    });
  });
});

test('an invitation stands without a sender, for its link to be copied; a reset does not', async (t) => {
  const { own, reset } = await scene(t, openTestSqlite, { toml: '', clock: shiftedClock() });
  await assert.rejects(reset, /no default sender/);
  const made = await own.issueOwn(PRINCIPAL, {
    ...{ flow: 'invitation', to: mailbox('ana@example.net'), subject: 'usr_9', link, mail: 'if-possible' },
  });
  assert.equal(made.verification.messageId, null);
  const token = tokenIn(made.link);
  assert.equal((await own.checkOwn(INSTANCE_TENANT_ID, { flow: 'invitation', token })).status, 'approved');
});
