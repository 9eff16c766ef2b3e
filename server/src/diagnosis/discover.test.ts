/**
 * Discovery against a DNS server, an HTTPS server and SMTP peers on loopback: what is found and how it is ranked, what
 * leaves this server, and what a hostile domain can reach.
 */
import assert from 'node:assert/strict';
import { connect, Socket } from 'node:net';
import test, { suite, type TestContext } from 'node:test';
import { makeCertificates } from '../../test/certificates.ts';
import { startDns, type DnsServer, type Zone } from '../../test/dns-server.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { startHttpsPeer, type Handle, type HttpsPeer } from '../../test/https-peer.ts';
import { startPeer } from '../../test/smtp-peer.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import {
  createDialer,
  createHttps,
  createLookups,
  instanceEgress,
  tenantEgress,
  type EgressPolicy,
} from '../net/net.ts';
import { discover, type DiscoverAsked, type Discovered, type DiscoverParts } from './discover.ts';

const { ca, publisher } = makeCertificates();
const LOCAL = 'canary-local-part-91c4';

interface World {
  readonly parts: DiscoverParts;
  readonly dns: DnsServer;
  readonly web: HttpsPeer;
  /** What was dialled: `address:port`. */
  readonly dialled: string[];
}

interface WorldOptions {
  readonly zone?: Zone;
  readonly handle?: Handle;
  readonly clock?: Clock;
  /** Ports of the internet that are ports of loopback here; the others drop everything, 443 is the web peer. */
  readonly ports?: Readonly<Record<number, number>>;
  /** Where names lead that are dialled. */
  readonly leadsTo?: string;
}

async function world(t: TestContext, options: WorldOptions = {}): Promise<World> {
  const { zone = {}, clock = systemClock, ports = {}, leadsTo = '127.0.0.1' } = options;
  const dns = await startDns(zone, t);
  const web = await startHttpsPeer(options.handle ?? notFound, publisher);
  t.after(() => web.close());
  const dialled: string[] = [];
  const dialer = createDialer({
    clock,
    resolver: (name) =>
      name.startsWith('mail.')
        ? Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }))
        : Promise.resolve([{ address: leadsTo, family: 4 }]),
    connect(address, port) {
      dialled.push(`${address}:${String(port)}`);
      const place = port === 443 ? web.port : ports[port];
      return place === undefined ? new Socket() : connect({ host: '127.0.0.1', port: place });
    },
  });
  const lookups = createLookups({ clock, servers: dns.servers });
  const parts = { clock, dialer, lookups, https: createHttps({ dialer, clock }) };
  return { parts, dns, web, dialled };
}

const notFound: Handle = (response) => {
  response.writeHead(404);
  response.end();
};

function find(
  { parts }: World,
  asked: Partial<DiscoverAsked> = {},
  policy: EgressPolicy = instanceEgress(),
): Promise<Discovered> {
  return discover(parts, { domain: 'example.test', egress: { https: policy, smtp: policy }, ca, ...asked });
}

const brief = ({ suggestions }: Discovered) =>
  suggestions.map(({ source, preset, settings }) => {
    const { host, port, security, username } = settings;
    return [source, preset, `${host}:${String(port)}`, security, username ?? null];
  });

const CONFIG = (servers: string) =>
  `<?xml version="1.0"?><clientConfig version="1.1"><emailProvider id="x">${servers}</emailProvider></clientConfig>`;
const SERVER = (host: string, port: number, socket: string) =>
  `<outgoingServer type="smtp"><hostname>${host}</hostname><port>${String(port)}</port><socketType>${socket}</socketType><username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></outgoingServer>`;

const FULL_ZONE: Zone = {
  '_submissions._tcp.example.test': { SRV: ['0 1 465 smtp.example.test', '0 9 465 big.example.test'] },
  '_submission._tcp.example.test': { SRV: ['5 1 587 smtp.provider.test'] },
  'example.test': {
    MX: ['10 example-test.mail.protection.outlook.com'],
    TXT: ['v=spf1 include:sendgrid.net include:eu.mailgun.org ip4:192.0.2.1 ~all', 'other=1'],
  },
};

suite('discover', () => {
  test('everything published is found, merged and ranked, with its evidence', async (t) => {
    const here = await world(t, {
      zone: FULL_ZONE,
      handle: (response, { path, headers }) => {
        if (headers.host !== 'autoconfig.example.test') return void notFound(response, { path } as never);
        response.end(
          CONFIG(SERVER('open.example.test', 25, 'plain') + SERVER('smtp.example.test', 465, 'SSL')),
        );
      },
    });
    const address = `${LOCAL}@example.test`;
    const found = await find(here, { address });
    assert.deepEqual(brief(found), [
      ['autoconfig', null, 'smtp.example.test:465', 'implicit', address],
      ['autoconfig', null, 'open.example.test:25', 'none', address],
      ['srv', null, 'big.example.test:465', 'implicit', address],
      ['srv', null, 'smtp.provider.test:587', 'starttls', address],
      ['mx', 'microsoft365', 'smtp.office365.com:587', 'starttls', address],
      ['spf', 'sendgrid', 'smtp.sendgrid.net:587', 'starttls', 'apikey'],
      ['spf', 'mailgun', 'smtp.eu.mailgun.org:587', 'starttls', null],
    ]);
    const [first, plain] = found.suggestions;
    assert.deepEqual(
      first?.evidence.map(({ source }) => source),
      ['autoconfig', 'srv'],
    );
    assert.match(
      first?.evidence[0]?.text ?? '',
      /^https:\/\/autoconfig\.example\.test\/.* names smtp\.example\.test, port 465/,
    );
    assert.match(plain?.caution ?? '', /without encryption/);
    const foreign = found.suggestions.find(({ settings }) => settings.host === 'smtp.provider.test');
    assert.match(foreign?.caution ?? '', /not under example\.test/);
    assert.deepEqual(
      found.steps.map(({ source, found: yes }) => [source, yes]),
      [
        ['known', false],
        ['autoconfig', true],
        ['autoconfig', false],
        ['srv', true],
        ['srv', true],
        ['mx', true],
        ['spf', true],
      ],
    );
  });

  test('only the domain leaves this server', async (t) => {
    const smtp = await startPeer({ tls: makeCertificates() });
    t.after(() => smtp.close());
    const here = await world(t, { ports: { 587: smtp.port, 465: smtp.port } });
    const found = await find(here, { address: `${LOCAL}@example.test` });
    assert.ok(found.suggestions.length > 0);
    const left = JSON.stringify([
      here.dns.asked,
      here.web.heard,
      smtp.commands,
      smtp.rawBytes().toString('latin1'),
    ]);
    assert.ok(left.includes('example.test'));
    assert.ok(!left.includes(LOCAL), left);
    assert.deepEqual(
      here.web.heard.map(({ method, path, body, headers }) => [method, headers.host, path, body]),
      [
        ['GET', 'autoconfig.example.test', '/mail/config-v1.1.xml', ''],
        ['GET', 'example.test', '/.well-known/autoconfig/mail/config-v1.1.xml', ''],
      ].sort((a, b) =>
        a[1] === here.web.heard[0]?.headers.host ? -1 : b[1] === here.web.heard[0]?.headers.host ? 1 : 0,
      ),
    );
    assert.deepEqual([...here.dns.asked].sort(), [
      'MX example.test',
      'SRV _submission._tcp.example.test',
      'SRV _submissions._tcp.example.test',
      'TXT example.test',
    ]);
  });

  test('nothing published: usual names that answer are guessed', async (t) => {
    const smtp = await startPeer({ tls: makeCertificates() });
    t.after(() => smtp.close());
    const here = await world(t, { ports: { 587: smtp.port } });
    const found = await find(here, { address: 'ana@example.test' });
    assert.deepEqual(brief(found), [
      ['guess', null, 'smtp.example.test:587', 'starttls', 'ana@example.test'],
    ]);
    assert.deepEqual(found.steps.slice(-2), [
      { source: 'guess', asked: 'smtp.example.test, ports 465 and 587', found: true },
      { source: 'guess', asked: 'mail.example.test, ports 465 and 587', found: false },
    ]);
  });

  test('a mail domain of a known provider needs no network to be found', async (t) => {
    const here = await world(t);
    const found = await find(here, { domain: 'gmail.com', address: 'ana@gmail.com' });
    assert.deepEqual(brief(found), [['known', 'gmail', 'smtp.gmail.com:587', 'starttls', 'ana@gmail.com']]);
  });

  test('RFC 2782, RFC 7505: "not here" is an answer, not a server', async (t) => {
    const zone: Zone = {
      '_submission._tcp.example.test': { SRV: ['0 0 0 .'] },
      'example.test': { MX: ['0 .'] },
    };
    const here = await world(t, { zone, leadsTo: '127.0.0.1' });
    const clockless = find(here, {}, tenantEgress({ ports: [443, 465, 587] }));
    assert.deepEqual((await clockless).suggestions, []);
  });

  test('S2: a hostile domain reaches nothing private, whatever its DNS says', async (t) => {
    for (const leadsTo of [
      '127.0.0.1',
      '10.0.0.7',
      '169.254.169.254',
      '::1',
      '::ffff:127.0.0.1',
      '64:ff9b::7f00:1',
    ]) {
      const here = await world(t, { leadsTo });
      const found = await find(here, {}, tenantEgress({ ports: [443, 465, 587] }));
      assert.deepEqual(found.suggestions, [], leadsTo);
      assert.deepEqual(here.dialled, [], leadsTo);
      assert.equal(here.web.connections(), 0);
    }
  });

  test('S6: published settings are taken from the domain itself: no redirect, no other type, no size without end', async (t) => {
    const wrong: Readonly<Record<string, Handle>> = {
      redirect: (response) => response.writeHead(302, { location: 'https://example.test/x' }).end(),
      error: (response) => response.writeHead(500).end(CONFIG(SERVER('x.example.test', 465, 'SSL'))),
      page: (response) => response.end('<html><body>Welcome'),
      bomb: (response) => response.end('<!DOCTYPE a [<!ENTITY b "c">]><clientConfig>&b;</clientConfig>'),
      endless: (response) => response.end(CONFIG(SERVER('x.example.test', 465, 'SSL') + ' '.repeat(80_000))),
      broken: (response) => response.destroy(),
    };
    for (const [name, handle] of Object.entries(wrong)) {
      const here = await world(t, { handle, zone: { 'example.test': { MX: ['1 mx.zoho.eu'] } } });
      assert.deepEqual(brief(await find(here)), [['mx', 'zoho', 'smtp.zoho.eu:465', 'implicit', null]], name);
    }
  });

  test('the answer comes within six seconds, though nobody answers', async (t) => {
    const clock = createFakeClock();
    const silent: Zone = {
      'example.test': { broken: 'silent' },
      '_submission._tcp.example.test': { broken: 'silent' },
      '_submissions._tcp.example.test': { broken: 'silent' },
    };
    const here = await world(t, { clock, zone: silent, handle: () => undefined });
    const startedAt = clock.monotonic();
    let over = false;
    const running = find(here).finally(() => (over = true));
    while (!over && clock.monotonic() - startedAt < 20_000) await clock.run(100);
    const found = await running;
    assert.ok(clock.monotonic() - startedAt <= 6_000, String(clock.monotonic() - startedAt));
    assert.deepEqual(found.suggestions, []);
    assert.equal(found.steps.length, 9);
    assert.equal(clock.timers(), 0);
  });

  test('text of a hostile domain is bounded and clean', async (t) => {
    const names = Array.from({ length: 40 }, (_, n) => `0 1 465 s${String(n)}.example.test`);
    const here = await world(t, { zone: { '_submissions._tcp.example.test': { SRV: names } } });
    const found = await find(here);
    assert.equal(found.suggestions.length, 10);
    assert.ok(
      !/[\u0000-\u001f\u007f]/.test(
        found.suggestions.flatMap(({ evidence }) => evidence.map(({ text }) => text)).join(''),
      ),
    );
  });
});
