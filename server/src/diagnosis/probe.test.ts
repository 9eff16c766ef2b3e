/**
 * The probe against real listeners: what each says is recognised, what is forbidden is never knocked at, nothing hangs.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, Socket, type AddressInfo } from 'node:net';
import test, { suite, type TestContext } from 'node:test';
import { makeCertificates } from '../../test/certificates.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { startPeer } from '../../test/smtp-peer.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { createDialer, instanceEgress, tenantEgress, type EgressPolicy } from '../net/net.ts';
import { probe, type ProbeParts, type ProbeRow } from './probe.ts';

const certificate = makeCertificates();

/** Stands for a port of the internet: a port of loopback, a closed one, or a network that drops everything. */
type Place = number | 'closed' | 'filtered';

function network(places: Readonly<Record<number, Place>>, clock: Clock = systemClock) {
  const knocks: string[] = [];
  const dialer = createDialer({
    clock,
    resolver: () => Promise.resolve([{ address: '192.0.2.1', family: 4 }]),
    connect(address, port) {
      knocks.push(`${address}:${String(port)}`);
      const place = places[port] ?? 'closed';
      if (place === 'filtered') return new Socket();
      return connect({ host: '127.0.0.1', port: place === 'closed' ? 1 : place });
    },
  });
  const parts: ProbeParts = { dialer, clock };
  return { parts, knocks };
}

const anywhere: EgressPolicy = instanceEgress();
const open = (rows: readonly ProbeRow[]) =>
  rows.map(({ port, state, speaks, startTls }) => [port, state, speaks, startTls]);

async function talker(t: TestContext, greeting: string | Buffer): Promise<{ port: number; heard: Buffer[] }> {
  const heard: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('data', (chunk: Buffer) => heard.push(chunk));
    if (greeting.length > 0) socket.write(greeting);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const address = server.address() as AddressInfo;
  return { port: address.port, heard };
}

suite('probe', () => {
  test('each kind of port is recognised, with the change that uses it', async (t) => {
    const plain = await startPeer({ tls: certificate });
    const tls = await startPeer({ tls: { ...certificate, implicit: true } });
    const bare = await startPeer();
    t.after(() => Promise.all([plain.close(), tls.close(), bare.close()]));
    const { parts } = network({ 587: plain.port, 465: tls.port, 25: bare.port, 2525: 'closed' });
    const probed = await probe(parts, 'mail.example.test', anywhere);
    assert.ok(probed.kind === 'rows');
    assert.deepEqual(open(probed.rows), [
      [25, 'open', 'plain', false],
      [465, 'open', 'tls', null],
      [587, 'open', 'plain', true],
      [2525, 'closed', null, null],
    ]);
    assert.deepEqual(
      probed.rows.map(({ change }) => change?.change ?? null),
      [
        { port: 25, security: 'none' },
        { port: 465, security: 'implicit' },
        { port: 587, security: 'starttls' },
        null,
      ],
    );
    for (const peer of [plain, tls, bare]) {
      assert.deepEqual(
        peer.commands.filter((line) => !/^(?:EHLO probe\.posthorn\.invalid|QUIT)$/.test(line)),
        [],
        'it says hello and goodbye, nothing else',
      );
    }
  });

  test('plain SMTP on 465 and TLS on 587 are told as they are', async (t) => {
    const plain = await startPeer({ tls: certificate });
    const tls = await startPeer({ tls: { ...certificate, implicit: true } });
    t.after(() => Promise.all([plain.close(), tls.close()]));
    const { parts } = network({ 465: plain.port, 587: tls.port });
    const probed = await probe(parts, 'mail.example.test', anywhere, { ports: [465, 587] });
    assert.ok(probed.kind === 'rows');
    assert.deepEqual(open(probed.rows), [
      [465, 'open', 'plain', true],
      [587, 'open', 'tls', null],
    ]);
  });

  test('S4: of a peer that is no mail server nothing is told', async (t) => {
    const redis = await talker(t, '-ERR secret-internal-banner\r\n');
    const http = await talker(t, 'HTTP/1.1 200 OK\r\nserver: secret-internal-banner\r\n\r\n');
    const endless = await talker(t, Buffer.alloc(200_000, 'secret-internal-banner'));
    const { parts } = network({ 25: redis.port, 587: http.port, 2525: endless.port });
    const probed = await probe(parts, 'mail.example.test', anywhere, { ports: [25, 587, 2525] });
    assert.ok(probed.kind === 'rows');
    assert.deepEqual(open(probed.rows), [
      [25, 'open', 'other', null],
      [587, 'open', 'other', null],
      [2525, 'open', 'other', null],
    ]);
    assert.ok(!JSON.stringify(probed).includes('secret'));
    assert.deepEqual([...redis.heard, ...http.heard, ...endless.heard], []);
  });

  test('silence and networks that drop everything end within six seconds', async (t) => {
    const silent = await talker(t, '');
    const clock = createFakeClock();
    const { parts } = network({ 25: silent.port, 465: 'filtered', 587: 'filtered', 2525: 'filtered' }, clock);
    const startedAt = clock.monotonic();
    const running = probe(parts, 'mail.example.test', anywhere);
    let over = false;
    void running.then(() => (over = true));
    while (!over && clock.monotonic() - startedAt < 10_000) await clock.run(100);
    const probed = await running;
    assert.ok(clock.monotonic() - startedAt <= 6_000, String(clock.monotonic() - startedAt));
    assert.ok(probed.kind === 'rows');
    assert.deepEqual(open(probed.rows), [
      [25, 'open', 'silent', null],
      [465, 'filtered', null, null],
      [587, 'filtered', null, null],
      [2525, 'filtered', null, null],
    ]);
    assert.equal(clock.timers(), 0);
  });

  test('S4: what is forbidden is refused as one, and nobody knocks', async () => {
    const { parts, knocks } = network({});
    const policy = tenantEgress();
    const forbidden = [
      '127.0.0.1',
      '10.0.0.1',
      '169.254.169.254',
      '::1',
      'localhost',
      'metadata.google.internal',
    ];
    for (const host of forbidden) {
      assert.deepEqual(await probe(parts, host, policy), { kind: 'refused' }, host);
    }
    // the name leads to a documentation address, which no policy of a tenant allows
    assert.deepEqual(await probe(parts, 'mail.example.test', policy), { kind: 'refused' });
    assert.deepEqual(knocks, []);
  });

  test('a port that is allowed by name is probed, the others are refused', async (t) => {
    const relay = await startPeer();
    t.after(() => relay.close());
    const { parts, knocks } = network({ 25: relay.port });
    const probed = await probe(parts, '10.1.2.3', tenantEgress({ allow: ['10.1.2.3:25'] }));
    assert.ok(probed.kind === 'rows');
    assert.deepEqual(open(probed.rows), [
      [25, 'open', 'plain', false],
      [465, 'refused', null, null],
      [587, 'refused', null, null],
      [2525, 'refused', null, null],
    ]);
    assert.deepEqual(knocks, ['10.1.2.3:25']);
  });

  test('a name that leads nowhere says so once', async () => {
    const resolver = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    const parts = { clock: systemClock, dialer: createDialer({ clock: systemClock, resolver }) };
    assert.deepEqual(await probe(parts, 'nothing.example.test', anywhere), {
      kind: 'unresolved',
      message: 'DNS has no address for nothing.example.test.',
    });
  });
});
