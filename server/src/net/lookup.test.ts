/**
 * Name lookups against a DNS server on loopback: every type, what is not there, what is broken, and the deadline.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { startDns, type Zone } from '../../test/dns-server.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { systemClock } from '../base/clock.ts';
import { createLookups } from './lookup.ts';

const ZONE: Zone = {
  'example.test': {
    A: ['192.0.2.1'],
    AAAA: ['2001:db8::1'],
    MX: ['20 mx2.example.test', '10 MX1.Example.test'],
    TXT: ['v=spf1 -all', ['two ', 'strings']],
  },
  '_submission._tcp.example.test': { SRV: ['0 5 587 smtp.example.test'] },
  'nullmx.test': { MX: ['0 .'] },
  'alias.test': { CNAME: 'example.test' },
  'long.test': { TXT: ['x'.repeat(1_000)] },
  'odd.test': { MX: ['10 bad name.test', '20 good.test'] },
  'many.test': { A: Array.from({ length: 80 }, (_, n) => `192.0.2.${String(n)}`) },
  '1.2.0.192.in-addr.arpa': { PTR: ['mail.example.test'] },
  '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa': { PTR: ['six.example.test'] },
  'broken.test': { broken: 'servfail' },
  'silent.test': { broken: 'silent' },
};

const MS = 5_000;

test('every type of record is read', async (t) => {
  const dns = await startDns(ZONE, t);
  const lookups = createLookups({ clock: systemClock, servers: dns.servers });
  assert.deepEqual(await lookups.mx('example.test', MS), {
    kind: 'found',
    records: [
      { priority: 20, exchange: 'mx2.example.test' },
      { priority: 10, exchange: 'mx1.example.test' },
    ],
  });
  assert.deepEqual(await lookups.txt('example.test', MS), {
    kind: 'found',
    records: ['v=spf1 -all', 'two strings'],
  });
  assert.deepEqual(await lookups.srv('_submission._tcp.example.test', MS), {
    kind: 'found',
    records: [{ priority: 0, weight: 5, port: 587, target: 'smtp.example.test' }],
  });
  assert.deepEqual(await lookups.addresses('alias.test', MS), {
    kind: 'found',
    records: ['192.0.2.1', '2001:db8::1'],
  });
  assert.deepEqual(await lookups.cname('alias.test', MS), { kind: 'found', records: ['example.test'] });
  assert.deepEqual(await lookups.ptr('192.0.2.1', MS), { kind: 'found', records: ['mail.example.test'] });
  assert.deepEqual(await lookups.ptr('2001:db8::1', MS), { kind: 'found', records: ['six.example.test'] });
});

test('what is not there is told apart from trouble', async (t) => {
  const dns = await startDns(ZONE, t);
  const lookups = createLookups({ clock: systemClock, servers: dns.servers });
  assert.deepEqual(await lookups.txt('nothing.test', MS), { kind: 'none', code: 'NXDOMAIN' });
  assert.deepEqual(await lookups.srv('example.test', MS), { kind: 'none', code: 'NODATA' });
  assert.deepEqual(await lookups.addresses('nothing.test', MS), { kind: 'none', code: 'NXDOMAIN' });
  assert.deepEqual(await lookups.mx('broken.test', MS), { kind: 'failed', code: 'ESERVFAIL' });
  assert.deepEqual(await lookups.mx('nullmx.test', MS), {
    kind: 'found',
    records: [{ priority: 0, exchange: '' }],
  });
});

test('a name that cannot be asked never reaches the resolver', async (t) => {
  const dns = await startDns(ZONE, t);
  const lookups = createLookups({ clock: systemClock, servers: dns.servers });
  for (const name of ['', '.', 'a b', '127.0.0.1', '0x7f000001', 'a/b', 'a..b', 'x'.repeat(300)]) {
    assert.deepEqual(await lookups.txt(name, MS), { kind: 'failed', code: 'BAD_NAME' }, name);
  }
  assert.deepEqual(await lookups.ptr('mail.example.test', MS), { kind: 'failed', code: 'BAD_NAME' });
  assert.deepEqual(dns.asked, []);
});

test('names in other scripts are asked as A-labels', async (t) => {
  const dns = await startDns({ 'xn--bcher-kva.test': { TXT: ['found'] } }, t);
  const lookups = createLookups({ clock: systemClock, servers: dns.servers });
  assert.deepEqual(await lookups.txt('Bücher.test', MS), { kind: 'found', records: ['found'] });
  assert.deepEqual(dns.asked, ['TXT xn--bcher-kva.test']);
});

test('answers are bounded, and a record with an impossible name is dropped', async (t) => {
  const dns = await startDns(ZONE, t);
  const lookups = createLookups({ clock: systemClock, servers: dns.servers });
  const many = await lookups.addresses('many.test', MS);
  assert.equal(many.kind === 'found' ? many.records.length : 0, 50);
  const long = await lookups.txt('long.test', MS);
  assert.equal(long.kind === 'found' ? long.records[0]?.length : 0, 1_000);
  assert.deepEqual(await lookups.mx('odd.test', MS), {
    kind: 'found',
    records: [{ priority: 20, exchange: 'good.test' }],
  });
});

test('no answer by the deadline is a time-out, and leaves no timer', async (t) => {
  const dns = await startDns(ZONE, t);
  const clock = createFakeClock();
  const lookups = createLookups({ clock, servers: dns.servers });
  const asking = lookups.txt('silent.test', MS);
  clock.advance(MS);
  assert.deepEqual(await asking, { kind: 'failed', code: 'DNS_TIMEOUT' });
  assert.deepEqual(await lookups.txt('example.test', 0), { kind: 'failed', code: 'DNS_TIMEOUT' });
  assert.equal(clock.timers(), 0);
});
