/**
 * SPF records read against a DNS server on loopback: what they allow, what they cost, and records made to mislead.
 */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { startDns, type Zone } from '../../test/dns-server.ts';
import { systemClock } from '../base/clock.ts';
import { createLookups } from '../net/net.ts';
import { readSpf, spfNames, spfRecords, type SpfReading } from './spf.ts';

const RELAY = '192.0.2.10';
const SIX = '2001:db8::10';

async function read(
  t: TestContext,
  zone: Zone,
  addresses: readonly string[] = [RELAY, SIX],
): Promise<SpfReading> {
  const dns = await startDns(zone, t);
  const lookups = createLookups({ clock: systemClock, servers: dns.servers });
  const deadlineAt = systemClock.monotonic() + 20_000;
  return readSpf('example.test', addresses, lookups, () => deadlineAt - systemClock.monotonic());
}

const spf = (record: string): Zone => ({ 'example.test': { TXT: ['unrelated', record] } });

test('records and their names are told from other text', () => {
  assert.deepEqual(spfRecords(['v=spf1 -all', 'V=SPF1', 'v=spf10 -all', 'v=spf2.0/pra', ' v=spf1 -all']), [
    'v=spf1 -all',
    'V=SPF1',
  ]);
  assert.deepEqual(
    spfNames('v=spf1 include:A.test. +include:b.test -include:c.test redirect=d.test include:%{d}.e.test'),
    ['a.test', 'b.test', 'd.test'],
  );
});

const RESULTS: readonly (readonly [record: string, four: string, six: string])[] = [
  ['v=spf1 ip4:192.0.2.10 -all', 'pass', 'fail'],
  ['v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all', 'pass', 'pass'],
  ['v=spf1 ip4:192.0.2.0/28 ~all', 'pass', 'softfail'],
  ['v=spf1 ip4:192.0.2.11 ~all', 'softfail', 'softfail'],
  ['v=spf1 -ip4:192.0.2.10 +all', 'fail', 'pass'],
  ['v=spf1 ?all', 'neutral', 'neutral'],
  ['v=spf1', 'neutral', 'neutral'],
  ['v=spf1 -all ip4:192.0.2.10', 'fail', 'fail'],
];

test('addresses are judged by the first term that fits', async (t) => {
  for (const [record, four, six] of RESULTS) {
    const { results, trouble } = await read(t, spf(record));
    assert.equal(trouble, undefined, record);
    assert.deepEqual([results.get(RELAY), results.get(SIX)], [four, six], record);
  }
});

test('a, mx, include and redirect are followed, and counted', async (t) => {
  const reading = await read(t, {
    'example.test': {
      TXT: ['v=spf1 a:host.test/24 mx include:other.test redirect=last.test'],
      MX: ['10 mx.test'],
    },
    'host.test': { A: ['192.0.2.99'] },
    'mx.test': { A: ['198.51.100.1'] },
    'other.test': { TXT: ['v=spf1 include:deep.test -all'] },
    'deep.test': { TXT: ['v=spf1 ip4:203.0.113.0/24 -all'] },
    'last.test': { TXT: ['v=spf1 ip6:2001:db8::/64 -all'] },
  });
  assert.equal(reading.lookups, 5);
  assert.deepEqual([...reading.names], ['other.test', 'deep.test', 'last.test']);
  assert.equal(reading.results.get(RELAY), 'pass');
  assert.equal(reading.results.get(SIX), 'pass');
  assert.equal(reading.trouble, undefined);
});

test('RFC 7208 §6.1: a redirect comes last wherever it stands, and not at all beside `all`', async (t) => {
  const last = { 'last.test': { TXT: ['v=spf1 -all'] } };
  const first = await read(t, { ...spf(`v=spf1 redirect=last.test ip4:${RELAY}`), ...last });
  assert.equal(first.results.get(RELAY), 'pass');
  const beside = await read(t, { ...spf('v=spf1 redirect=last.test ~all'), ...last });
  assert.deepEqual([beside.lookups, beside.results.get(RELAY)], [0, 'softfail']);
});

test('RFC 7208 §4.6.4: lookups beyond ten and void lookups are counted, not followed for ever', async (t) => {
  const many = Array.from({ length: 12 }, (_, n) => `include:s${String(n)}.test`);
  const zone: Record<string, { TXT: string[] }> = {
    'example.test': { TXT: [`v=spf1 ${many.join(' ')} -all`] },
  };
  for (let n = 0; n < 12; n += 1) zone[`s${String(n)}.test`] = { TXT: ['v=spf1 -all'] };
  assert.equal((await read(t, zone)).lookups, 12);

  const fan: Record<string, { TXT: string[] }> = {};
  for (const name of ['example.test', 'x0.test', 'x1.test', 'x2.test']) {
    fan[name] = {
      TXT: [
        `v=spf1 ${Array.from({ length: 40 }, (_, n) => `include:${name === 'example.test' ? 'x0' : `y${String(n)}`}.test`).join(' ')}`,
      ],
    };
  }
  const dns = await startDns(fan, t);
  const lookups = createLookups({ clock: systemClock, servers: dns.servers });
  await readSpf('example.test', [RELAY], lookups, () => 5_000);
  assert.ok(dns.asked.length < 60, String(dns.asked.length));

  const voids = await read(t, spf('v=spf1 a:n1.test a:n2.test mx:n3.test -all'));
  assert.equal(voids.voids, 3);
});

test('what receivers cannot read is named', async (t) => {
  const CASES: readonly (readonly [Zone, kind: string, at: string])[] = [
    [{ 'example.test': { TXT: ['v=spf1 -all', 'v=spf1 ~all'] } }, 'several', 'example.test'],
    [spf('v=spf1 ipv4:192.0.2.1 -all'), 'syntax', 'ipv4:192.0.2.1'],
    [spf('v=spf1 192.0.2.1 -all'), 'syntax', '192.0.2.1'],
    [spf('v=spf1 include:nothing.test -all'), 'dangling', 'nothing.test'],
    [spf('v=spf1 include:example.test -all'), 'syntax', 'include:example.test'],
    [{ 'example.test': { broken: 'servfail' } }, 'unanswered', 'example.test'],
    [{ ...spf('v=spf1 include:b.test -all'), 'b.test': { broken: 'servfail' } }, 'unanswered', 'b.test'],
  ];
  for (const [zone, kind, at] of CASES) assert.deepEqual((await read(t, zone)).trouble, { kind, at });
});

test('macros, ptr and exists are counted and said, not guessed', async (t) => {
  const reading = await read(
    t,
    spf('v=spf1 include:%{ir}.x.test exists:%{i}.y.test ptr exp=e.test x-new=1 -all'),
  );
  assert.equal(reading.macros, true);
  assert.equal(reading.lookups, 3);
  assert.equal(reading.trouble, undefined);
});
