/**
 * Advice against a DNS server on loopback: each row in its good and its bad forms, for providers and for a relay of one's own.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import test, { suite, type TestContext } from 'node:test';
import { startDns, type Zone } from '../../test/dns-server.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { systemClock } from '../base/clock.ts';
import { createLookups } from '../net/net.ts';
import { adviseOn } from './advice.ts';
import type { AdviceCheck, AdviceRow } from './advice-row.ts';

const RELAY = '8.8.4.4'; // public, and never contacted: only the DNS on loopback is asked about it
const key = (bits: number) =>
  generateKeyPairSync('rsa', { modulusLength: bits })
    .publicKey.export({ type: 'spki', format: 'der' })
    .toString('base64');
const KEY = `v=DKIM1; k=rsa; p=${key(2_048)}`;

async function advise(t: TestContext, zone: Zone, host = 'smtp.office365.com', domain = 'example.test') {
  const dns = await startDns(zone, t);
  const rows = await adviseOn(
    { clock: systemClock, lookups: createLookups({ clock: systemClock, servers: dns.servers }) },
    { domain, host },
  );
  const of = (check: AdviceCheck): AdviceRow => {
    const found = rows.find((one) => one.check === check);
    assert.ok(found, `${check} in ${JSON.stringify(rows)}`);
    return found;
  };
  const statuses = Object.fromEntries(rows.map(({ check, status }) => [check, status]));
  return { rows, of, statuses, dns };
}

const RIGHT: Zone = {
  'example.test': { MX: ['0 mx.example.test'], TXT: ['v=spf1 include:spf.protection.outlook.com -all'] },
  'spf.protection.outlook.com': { TXT: ['v=spf1 ip4:40.92.0.0/15 -all'] },
  'selector1._domainkey.example.test': { CNAME: 'selector1-example-test._domainkey.contoso.test' },
  'selector1-example-test._domainkey.contoso.test': { TXT: [KEY] },
  '_dmarc.example.test': { TXT: ['v=DMARC1; p=reject; rua=mailto:d@example.test'] },
};
const without = (name: string): Zone =>
  Object.fromEntries(Object.entries(RIGHT).filter(([one]) => one !== name));

suite('advice against a mailbox provider', () => {
  test('everything in order', async (t) => {
    const { statuses, of } = await advise(t, RIGHT);
    assert.deepEqual(statuses, {
      mx: 'pass',
      spf: 'pass',
      spf_lookups: 'pass',
      dkim: 'pass',
      dmarc: 'pass',
      alignment: 'pass',
    });
    assert.equal(of('spf').expected, 'include:spf.protection.outlook.com');
    assert.match(of('dkim').found ?? '', /^selector1\._domainkey\.example\.test \(RSA, 2048 bits\)$/);
    assert.equal(of('alignment').found, 'SPF and DKIM');
  });

  test('another service in SPF: the record to publish is written out', async (t) => {
    const zone: Zone = {
      ...RIGHT,
      'example.test': { MX: ['0 mx.example.test'], TXT: ['v=spf1 ip4:192.0.2.1 -all'] },
    };
    const { of } = await advise(t, zone);
    assert.equal(of('spf').status, 'fail');
    assert.match(of('spf').fix ?? '', /"v=spf1 ip4:192\.0\.2\.1 include:spf\.protection\.outlook\.com -all"/);
    assert.equal(of('alignment').found, 'DKIM');
  });

  test('nothing published at all', async (t) => {
    const { statuses, of } = await advise(t, { 'example.test': { A: ['192.0.2.1'] } });
    assert.deepEqual(statuses, { mx: 'info', spf: 'warn', dkim: 'warn', dmarc: 'warn', alignment: 'warn' });
    assert.match(of('spf').fix ?? '', /"v=spf1 include:spf\.protection\.outlook\.com ~all"/);
    assert.match(of('dmarc').fix ?? '', /_dmarc\.example\.test: "v=DMARC1; p=none;/);
  });

  test('a policy of reject that the mail cannot meet', async (t) => {
    const { of } = await advise(t, { ...RIGHT, 'example.test': {}, 'selector1._domainkey.example.test': {} });
    assert.equal(of('alignment').status, 'fail');
    assert.match(of('alignment').why, /its own policy asks receivers to refuse/);
  });

  test('a domain that does not exist, one that takes no mail, one without MX', async (t) => {
    assert.equal((await advise(t, {})).of('mx').status, 'fail');
    assert.match((await advise(t, { 'example.test': { MX: ['0 .'] } })).of('mx').found ?? '', /null MX/);
    assert.equal((await advise(t, { 'example.test': { TXT: ['x'] } })).of('mx').status, 'warn');
  });

  test('keys: weak, short, revoked, unreadable, of another kind', async (t) => {
    const of = async (record: string) =>
      (
        await advise(t, {
          ...without('selector1._domainkey.example.test'),
          'selector2._domainkey.example.test': { TXT: [record] },
        })
      ).of('dkim');
    assert.equal((await of(`p=${key(1_024)}`)).status, 'info');
    assert.equal((await of(`p=${key(512)}`)).status, 'fail');
    assert.match((await of('v=DKIM1; p=')).found ?? '', /revoked/);
    assert.match((await of('v=DKIM1; p=bm90IGEga2V5')).found ?? '', /unreadable/);
    assert.equal(
      (await of('v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=')).status,
      'pass',
    );
  });

  test('a key that receivers ignore is no signature, and hides no good one', async (t) => {
    const zone = without('selector1._domainkey.example.test');
    const weak = { 'selector1._domainkey.example.test': { TXT: [`p=${key(512)}`] } };
    const alone = await advise(t, { ...zone, ...weak });
    assert.equal(alone.of('dkim').status, 'fail');
    assert.doesNotMatch(alone.of('alignment').found ?? '', /DKIM/);
    const good = { 'selector2._domainkey.example.test': { TXT: [`p=${key(2_048)}`] } };
    assert.equal((await advise(t, { ...zone, ...weak, ...good })).of('dkim').status, 'pass');
  });

  test('the record that is advised is one at the sender’s own domain', async (t) => {
    const { of } = await advise(t, { 'example.co.uk': { MX: ['10 mx.test'] } }, undefined, 'example.co.uk');
    assert.match(of('dmarc').fix ?? '', /_dmarc\.example\.co\.uk:.*mailto:dmarc@example\.co\.uk/);
  });

  test('DMARC: two records, no policy, a policy of the parent, only watching', async (t) => {
    const dmarc = async (...records: string[]) =>
      (await advise(t, { ...RIGHT, '_dmarc.example.test': { TXT: records } })).of('dmarc');
    assert.equal((await dmarc('v=DMARC1; p=none', 'v=DMARC1; p=reject')).status, 'fail');
    assert.equal((await dmarc('v=DMARC1; rua=mailto:a@b.test')).status, 'fail');
    assert.equal((await dmarc('v=DMARC1; p=none')).status, 'info');
    const child = await advise(
      t,
      { 'news.example.test': {}, '_dmarc.example.test': { TXT: ['v=DMARC1; p=reject; sp=quarantine'] } },
      undefined,
      'news.example.test',
    );
    assert.match(child.of('dmarc').why, /put aside as spam/);
  });

  test("a parent's key speaks for a subdomain, unless the policy is strict", async (t) => {
    const zone = (policy: string): Zone => ({
      'news.example.test': { MX: ['0 mx.example.test'] },
      'selector1._domainkey.example.test': { TXT: [KEY] },
      '_dmarc.example.test': { TXT: [policy] },
    });
    const relaxed = await advise(t, zone('v=DMARC1; p=reject'), undefined, 'news.example.test');
    assert.equal(relaxed.of('alignment').found, 'DKIM');
    const strict = await advise(t, zone('v=DMARC1; p=reject; adkim=s'), undefined, 'news.example.test');
    assert.equal(strict.of('alignment').status, 'fail');
  });
});

suite('advice against a sending service', () => {
  test('SendGrid: SPF is not the point, DKIM is', async (t) => {
    const base: Zone = {
      'example.test': { MX: ['0 m.test'] },
      '_dmarc.example.test': { TXT: ['v=DMARC1; p=none'] },
    };
    const missing = await advise(t, base, 'smtp.sendgrid.net');
    assert.equal(missing.of('spf').status, 'info');
    assert.equal(missing.of('dkim').status, 'fail');
    assert.equal(missing.of('alignment').status, 'warn');
    const signed = await advise(
      t,
      { ...base, 's1._domainkey.example.test': { TXT: [KEY] } },
      'smtp.sendgrid.net',
    );
    assert.equal(signed.of('alignment').found, 'DKIM');
    assert.equal(signed.of('alignment').status, 'pass');
  });

  test('Amazon SES: selectors are unknown, unless there are no keys at all', async (t) => {
    const host = 'email-smtp.eu-west-1.amazonaws.com';
    const none = await advise(t, { 'example.test': { MX: ['0 m.test'] } }, host);
    assert.equal(none.of('dkim').status, 'fail');
    const some = await advise(
      t,
      { 'example.test': { MX: ['0 m.test'] }, 'abc._domainkey.example.test': { TXT: [KEY] } },
      host,
    );
    assert.equal(some.of('dkim').status, 'unknown');
    assert.equal(some.of('alignment').status, 'unknown');
  });

  test('Mailgun: the domain lives in the other region', async (t) => {
    const zone: Zone = { 'mg.example.test': { MX: ['10 mxa.eu.mailgun.org'] } };
    const { of } = await advise(t, zone, 'smtp.mailgun.org', 'mg.example.test');
    assert.equal(of('region').expected, 'smtp.eu.mailgun.org');
    const right = await advise(t, zone, 'smtp.eu.mailgun.org', 'mg.example.test');
    assert.ok(!right.rows.some(({ check }) => check === 'region'));
  });
});

suite('advice against a relay of one’s own', () => {
  const zone = (record: string): Zone => ({
    'example.test': { MX: ['0 relay.example.test'], TXT: [record] },
    'relay.example.test': { A: [RELAY] },
    '4.4.8.8.in-addr.arpa': { PTR: ['relay.example.test'] },
  });

  test('its address is looked for in the record, and its name both ways', async (t) => {
    const good = await advise(t, zone('v=spf1 mx -all'), 'relay.example.test');
    assert.equal(good.of('spf').status, 'pass');
    assert.equal(good.of('reverse_dns').status, 'pass');
    const bad = await advise(
      t,
      { ...zone('v=spf1 ip4:192.0.2.7 ~all'), '4.4.8.8.in-addr.arpa': { PTR: ['x.test'] } },
      'relay.example.test',
    );
    assert.equal(bad.of('spf').status, 'warn');
    assert.match(bad.of('spf').fix ?? '', /"v=spf1 ip4:192\.0\.2\.7 ip4:8\.8\.4\.4 ~all"/);
    assert.equal(bad.of('reverse_dns').status, 'warn');
  });

  test('a relay inside tells nothing about the address outside, and is not asked about', async (t) => {
    for (const host of ['10.0.0.5', '127.0.0.1', 'relay.internal']) {
      const { of, rows, dns } = await advise(t, zone('v=spf1 ip4:192.0.2.7 -all'), host);
      assert.equal(of('spf').status, 'unknown', host);
      assert.ok(!rows.some(({ check }) => check === 'reverse_dns'));
      assert.ok(!dns.asked.some((asked) => asked.startsWith('PTR')));
    }
  });

  test('more than ten lookups: receivers stop', async (t) => {
    const many = Array.from({ length: 11 }, () => 'a').join(' ');
    const { of } = await advise(t, { ...zone(`v=spf1 ${many} ip4:${RELAY} -all`) }, 'relay.example.test');
    assert.equal(of('spf_lookups').status, 'fail');
    assert.equal(of('spf_lookups').found, '11 lookups');
  });
});

test('a DNS that is silent or broken makes rows unknown, in time', async (t) => {
  const broken = await advise(t, {
    'example.test': { broken: 'servfail' },
    '_dmarc.example.test': { broken: 'servfail' },
    'selector1._domainkey.example.test': { broken: 'servfail' },
    'selector2._domainkey.example.test': { broken: 'servfail' },
  });
  assert.deepEqual([...new Set(broken.rows.map(({ status }) => status))], ['unknown']);

  const clock = createFakeClock();
  const names = [
    'example.test',
    '_dmarc.example.test',
    'smtp.office365.com',
    'selector1._domainkey.example.test',
    'selector2._domainkey.example.test',
  ];
  const dns = await startDns(
    Object.fromEntries(names.map((name) => [name, { broken: 'silent' as const }])),
    t,
  );
  const running = adviseOn(
    { clock, lookups: createLookups({ clock, servers: dns.servers }) },
    { domain: 'example.test', host: 'smtp.office365.com' },
  );
  let over = false;
  void running.then(() => (over = true));
  while (!over && clock.monotonic() < 30_000) await clock.run(100);
  assert.ok(clock.monotonic() <= 4_500, String(clock.monotonic()));
  assert.equal(clock.timers(), 0);
});

test('text out of the DNS is bounded and clean', async (t) => {
  const nasty = `v=spf1 \u0007\u001b[31m${'x'.repeat(2_000)} -all`;
  const { rows } = await advise(t, {
    'example.test': { MX: ['0 m.test'], TXT: [nasty] },
    '_dmarc.example.test': { TXT: [`v=DMARC1; p=none; x=\u0000\u001b${'y'.repeat(3_000)}`] },
  });
  const text = JSON.stringify(rows);
  assert.ok(!/\\u00[01]/.test(text), text);
  assert.ok(rows.every((one) => [one.found, one.why, one.fix].every((part) => (part ?? '').length <= 501)));
});
