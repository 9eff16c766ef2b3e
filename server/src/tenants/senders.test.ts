/** Who a tenant may send as (I5): claims, proofs in the DNS, and what is tried to get around them. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { fieldErrors, openApi, refusal, type Answer, type Api } from '../../test/api-scene.ts';
import { startDns, type ZoneRecords } from '../../test/dns-server.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';
import { systemClock } from '../base/clock.ts';
import { createLookups } from '../net/net.ts';

const FILE = '[sender]\naddress = "platform@posthorn.example"\n';
const HELLO = { to: ['ana@example.net'], subject: 's', text: 't' };

/** An application whose DNS is a zone that the test writes. */
async function opened(t: TestContext, open: Parameters<typeof openApi>[1], toml = FILE) {
  const zone: Record<string, ZoneRecords> = {};
  const dns = await startDns(zone, t);
  const lookups = createLookups({ clock: systemClock, servers: dns.servers });
  const api = await openApi(t, open, { toml, working: false, discovery: { lookups } });
  const tenant = async (slug: string) => {
    await api.ask('POST', '/tenants', { body: { slug, name: slug } });
    const key = await api.makeKey({ tenant: slug });
    const inside = { headers: { 'posthorn-tenant': slug } };
    const claim = (sender: string, verified = false) =>
      api.ask('POST', '/senders', {
        ...(verified ? inside : { key }),
        body: { sender, ...(verified && { verified }) },
      });
    const send = (from?: unknown) =>
      api.ask('POST', '/messages', { key, body: { ...HELLO, ...(from !== undefined && { from }) } });
    const check = (id: unknown) => api.ask('POST', `/senders/${String(id)}/check`, { key });
    return { key, inside, claim, send, check };
  };
  const publish = (claim: Answer) => {
    zone[String(claim.at('record.name'))] = { TXT: ['v=spf1 -all', String(claim.at('record.value'))] };
  };
  return { api, tenant, publish, zone };
}

const accepted = (answer: Answer) => {
  assert.equal(answer.status, 202, answer.text);
};
const refused = (answer: Answer) =>
  assert.deepEqual(fieldErrors(answer, 403, 'sender_not_allowed'), [
    'from is none of the addresses that this tenant may send as',
  ]);

forEachStore('senders', (open) => {
  test('I5: a domain is claimed, proved by its record, used, and given up', async (t) => {
    const { api, tenant, publish, zone } = await opened(t, open);
    const acme = await tenant('acme');
    const made = await acme.claim('@Acme.Example');
    assert.equal(made.status, 201, made.text);
    assert.deepEqual(
      [made.at('sender'), made.at('state'), made.at('record.name')],
      ['@acme.example', 'pending', '_posthorn.acme.example'],
    );
    assert.match(String(made.at('record.value')), /^posthorn-sender=[0-9a-f]{40}$/);
    refused(await acme.send('info@acme.example'));
    const id = made.at('id');
    assert.deepEqual(
      [(await acme.check(id)).at('state'), (await acme.check(id)).at('found')],
      ['pending', 'nothing'],
    );
    zone['_posthorn.acme.example'] = { TXT: ['posthorn-sender=of-somebody-else'] };
    assert.equal((await acme.check(id)).at('found'), 'other');
    zone['_posthorn.acme.example'] = { broken: 'servfail' };
    assert.equal((await acme.check(id)).at('found'), 'no_answer');
    refused(await acme.send('info@acme.example'));
    publish(made);
    const proved = await acme.check(id);
    assert.deepEqual([proved.at('state'), proved.at('found')], ['verified', 'proof']);
    accepted(await acme.send('info@acme.example'));
    accepted(await acme.send('Anybody.Else@ACME.example'));
    refused(await acme.send('info@mail.acme.example'));
    delete zone['_posthorn.acme.example'];
    assert.equal((await acme.check(id)).at('state'), 'verified', 'it stays');
    assert.equal((await api.ask('GET', '/senders', acme)).at('items[0].id'), id);
    assert.equal((await api.ask('DELETE', `/senders/${String(id)}`, acme)).status, 204);
    refused(await acme.send('info@acme.example'));
    refusal(await acme.check(id), 404, 'not_found');
  });

  test('I5: what one tenant has proved is no other tenant’s, who is not told whose it is', async (t) => {
    const { api, tenant, publish } = await opened(t, open);
    const [acme, mallory] = [await tenant('acme'), await tenant('mallory')];
    const own = await acme.claim('@acme.example');
    publish(own);
    await acme.check(own.at('id'));
    await api.allow('mallory', '*', '@acme.example', 'info@acme.example');
    accepted(await mallory.send('anybody@example.org'));
    refused(await mallory.send('info@acme.example'));
    for (const sender of ['@acme.example', 'info@acme.example']) {
      const taken = await mallory.claim(sender);
      assert.equal(taken.status, 201, 'a claim proves nothing and tells nothing');
      publish(taken); // even when its record is there
      const answer = await mallory.check(taken.at('id'));
      assert.match(refusal(answer, 409, 'conflict'), /in use/);
      assert.ok(!/acme"|ten_/.test(answer.text), answer.text);
      refused(await mallory.send('info@acme.example'));
    }
    const granted = await mallory.claim('other@acme.example', true);
    refusal(granted, 409, 'conflict');
    refusal(await api.ask('GET', `/senders/${String(own.at('id'))}`, mallory), 404, 'not_found');
    refusal(await mallory.check(own.at('id')), 404, 'not_found');
    refusal(await api.ask('DELETE', `/senders/${String(own.at('id'))}`, mallory), 404, 'not_found');
    accepted(await acme.send('info@acme.example'));
    // An address that is one tenant's keeps the whole domain from another.
    assert.equal((await mallory.claim('one@shared.example', true)).at('state'), 'verified');
    refusal(await acme.claim('@shared.example', true), 409, 'conflict');
    assert.equal((await acme.claim('two@shared.example', true)).at('state'), 'verified');
    refused(await acme.send('one@shared.example'));
  });

  test('I5: two tenants that prove one sender at the same time: one has it', async (t) => {
    const { tenant } = await opened(t, open);
    const tenants = await Promise.all(Array.from({ length: 6 }, (_, at) => tenant(`t${String(at)}`)));
    const answers = await Promise.all(
      tenants.map((one, at) => one.claim(at % 2 === 0 ? '@race.example' : 'a@race.example', true)),
    );
    const winners = answers.filter(({ status }) => status === 201);
    assert.equal(winners.length, 1, answers.map(({ status }) => status).join());
  });
});

test('I5: what the instance allows, what is inherited, and what the file says for a tenant', async (t) => {
  const toml = `${FILE}[[tenants]]\nslug = "filed"\n[tenants.sender]\naddress = "filed@elsewhere.example"\n`;
  const { api, tenant } = await opened(t, openTestSqlite, toml);
  const acme = await tenant('acme');
  accepted(await acme.send()); // the inherited sender
  accepted(await acme.send('platform@posthorn.example'));
  accepted(await acme.send({ name: 'Acme', address: 'platform@posthorn.example' }));
  refused(await acme.send('other@posthorn.example'));
  refused(await acme.send('PLATFORM@posthorn.example'));
  await api.allow('acme', 'News@Bücher.example', '@acme.example');
  accepted(await acme.send('News@xn--bcher-kva.example'));
  refused(await acme.send('news@xn--bcher-kva.example'));
  accepted(await acme.send('x@acme.example'));
  refused(await acme.send('x@sub.acme.example'));
  const filed = { headers: { 'posthorn-tenant': 'filed' } };
  accepted(await api.ask('POST', '/messages', { ...filed, body: HELLO }));
  refused(await api.ask('POST', '/messages', { ...filed, body: { ...HELLO, from: 'x@elsewhere.example' } }));
  accepted(await api.ask('POST', '/messages', { body: { ...HELLO, from: 'free@anywhere.example' } }));
  // A default sender is looked at when it is set, and when it is used.
  const address = { sender: { address: 'x@acme.example' } };
  assert.equal((await api.ask('PATCH', '/settings', { key: acme.key, body: address })).status, 200);
  const id = String((await acme.send()).at('id'));
  await api.allow('acme', '@other.example');
  refused(await acme.send());
  refused(await api.ask('POST', `/messages/${id}/resend`, { key: acme.key, body: {} }));
  const both = { sender: { address: 'a@new.example' }, senders: { allowed: ['@new.example'] } };
  assert.equal((await api.ask('PATCH', '/settings', { ...acme.inside, body: both })).status, 200);
  accepted(await acme.send());
});

test('I5: bad claims are refused by field; the instance claims nothing; only it grants', async (t) => {
  const { api, tenant } = await opened(t, openTestSqlite);
  const acme = await tenant('acme');
  for (const sender of [
    '',
    'acme',
    '@',
    '@com',
    'a@b@c.example',
    '*',
    '@*.example',
    '"a b"@acme.example',
    'a@[127.0.0.1]',
    'a@acme.example\r\n',
    7,
  ])
    assert.match(
      fieldErrors(await api.ask('POST', '/senders', { key: acme.key, body: { sender } })).join(),
      /^sender /,
    );
  const grant = { sender: '@acme.example', verified: true };
  assert.match(
    fieldErrors(await api.ask('POST', '/senders', { key: acme.key, body: grant }), 403, 'forbidden').join(),
    /^verified /,
  );
  assert.match(fieldErrors(await api.ask('POST', '/senders', { body: grant })).join(), /^Posthorn-Tenant /);
  assert.equal((await acme.claim('@acme.example')).status, 201);
  assert.match(fieldErrors(await acme.claim('@ACME.example'), 409, 'conflict').join(), /^sender /);
  const viewer = await api.makeKey({ tenant: 'acme', role: 'tenant_viewer' });
  assert.equal((await api.ask('GET', '/senders', { key: viewer })).status, 200);
  refusal(
    await api.ask('POST', '/senders', { key: viewer, body: { sender: '@x.example' } }),
    403,
    'forbidden',
  );
});

/** What was tried against an allow list of `ana@acme.example`, and a proved `@own.example`. */
const SPOOFS: readonly unknown[] = [
  ...['boss@acme.example', 'ANA@acme.example', 'Ana@acme.example', 'ana+x@acme.example', 'an.a@acme.example'],
  ...[
    'ana@sub.acme.example',
    'ana@acme.example.evil.example',
    'ana@xacme.example',
    'ana@acme-example.example',
  ],
  ...[
    'ana@acme.example.',
    'ana@acme..example',
    'ana@.acme.example',
    ' ana@acme.example ',
    'ana@acme.example\t',
  ],
  ...[
    'аna@acme.example',
    'ana@аcme.example',
    'ana@acmе.example',
    'ana@xn--cme-7cd.example',
    'ana@acme。evil.example',
  ],
  ...['ana@ａcme.evil.example', 'ana@ACME.EXAMPLE.evil.example', 'ana@own.example.evil.example'],
  ...[
    '"ana"@acme.example',
    '"ana@acme.example"@evil.example',
    '"boss"@acme.example',
    'ana\\@acme.example@evil.example',
  ],
  ...[
    '@acme.example:boss@evil.example',
    '<@acme.example:boss@evil.example>',
    '@acme.example,@x.example:a@evil.example',
  ],
  ...['ana%acme.example@evil.example', 'evil.example!ana@acme.example', 'ana@acme.example%evil.example'],
  ...[
    'ana@acme.example@evil.example',
    'boss@evil.example@acme.example',
    'ana@acme.example,boss@evil.example',
  ],
  ...[
    'boss@evil.example, ana@acme.example',
    'ana@acme.example;boss@evil.example',
    'ana@acme.example boss@evil.example',
  ],
  ...[
    'Ana <boss@evil.example>',
    '"ana@acme.example" <boss@evil.example>',
    'ana@acme.example <boss@evil.example>',
  ],
  ...[
    'boss@evil.example (ana@acme.example)',
    'ana@acme.example (x) <boss@evil.example>',
    'Team: ana@acme.example;',
  ],
  ...[
    '=?utf-8?q?ana?=@acme.example',
    '=?utf-8?b?YW5hQGFjbWUuZXhhbXBsZQ==?= <boss@evil.example>',
    '=?utf-8?q?ana=40acme.example?=',
  ],
  ...[
    'ana@acme.example\r\nFrom: boss@evil.example',
    'ana@acme.example\nSender: boss@evil.example',
    'ana@acme.example\0',
  ],
  ...[
    'ana@acme.example\u2028',
    'ana\u200b@acme.example',
    'ana@acme\u00ad.evil.example',
    'ana\u202e@acme.example',
  ],
  ...[
    'ana@[127.0.0.1]',
    'ana@localhost',
    'ana',
    '',
    '<>',
    '*',
    '@acme.example',
    'postmaster@own.example.',
    'x@pending.example',
    'x@theirs.example',
  ],
  ['ana@acme.example', 'boss@evil.example'],
  { name: 'ana@acme.example', address: 'boss@evil.example' },
  { name: 'Boss <boss@evil.example>\r\nFrom: x@evil.example', address: 'ana@acme.example' },
  { address: ['ana@acme.example', 'boss@evil.example'] },
  { address: 'ana@acme.example', sender: 'boss@evil.example' },
  { address: 'boss@evil.example', toString: 'ana@acme.example' },
];

const SPOOF_HEADERS: readonly Record<string, string>[] = [
  ...['From', 'from', 'FROM', 'Sender', 'sender', 'Resent-From', 'Resent-Sender', 'Return-Path', 'Reply-To'],
  ...[
    'From ',
    ' From',
    'From:',
    'X-A\r\nFrom',
    'Errors-To',
    'Envelope-From',
    'Apparently-From',
    'Authentication-Results',
  ],
].map((name) => ({ [name]: 'boss@evil.example' }));

test('I5: 60 spoof variants and more, one by one and in a batch: none is accepted as anybody else', async (t) => {
  const { api, tenant } = await opened(t, openTestSqlite);
  const [acme, theirs] = [await tenant('acme'), await tenant('theirs')];
  await theirs.claim('@theirs.example', true);
  await acme.claim('@own.example', true);
  await acme.claim('@pending.example');
  await api.allow('acme', 'ana@acme.example');
  accepted(await acme.send('ana@acme.example'));
  accepted(await acme.send('x@own.example'));
  assert.ok(SPOOFS.length + SPOOF_HEADERS.length >= 60);
  const bodies = [
    ...SPOOFS.map((from) => ({ ...HELLO, from })),
    ...SPOOF_HEADERS.map((headers) => ({ ...HELLO, from: 'ana@acme.example', headers })),
  ];
  for (const body of bodies) {
    const what = JSON.stringify(body);
    const single = await api.ask('POST', '/messages', { key: acme.key, body });
    const messages = [{ ...HELLO, from: 'ana@acme.example' }, body];
    const batch = await api.ask('POST', '/messages/batch', { key: acme.key, body: { messages } });
    for (const [answer, ids] of [
      [single, [single.at('id')]],
      [batch, [batch.at('messages[0].id'), batch.at('messages[1].id')]],
    ] as const) {
      if (answer.status !== 202) {
        assert.ok([403, 422].includes(answer.status), `${what}: ${answer.text}`);
        continue;
      }
      for (const id of ids) await comesFrom(api, acme.key, id, what);
    }
  }
});

/** On the wire it is exactly who is allowed, once, and nobody else is in any field that says whom it is from. */
async function comesFrom(api: Api, key: string, id: unknown, what: string): Promise<void> {
  const source = (await api.ask('GET', `/messages/${String(id)}/source`, { key })).text;
  const [head = ''] = source.split('\r\n\r\n');
  const fields = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n');
  const from = fields.filter((line) => /^from:/i.test(line));
  assert.equal(from.length, 1, what);
  assert.match(from[0] ?? '', /^From: (?:.*<)?ana@acme\.example>?$/, what);
  assert.deepEqual(
    fields.filter((line) => /^(?:sender|resent-|return-path|errors-to|envelope-)/i.test(line)),
    [],
    what,
  );
}
