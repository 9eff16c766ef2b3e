import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as tcpConnect, createServer, Socket, type AddressInfo, type Server } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { createDialer, type Dialed, type DialFailure, type Resolver } from './dial.ts';
import { instanceEgress, SMTP_PORTS, tenantEgress } from './egress.ts';

const clock = systemClock;
const tenant = tenantEgress();

/** Never connects; remembers what it was asked for. */
function recorder() {
  const dialled: string[] = [];
  const connect = (address: string): Socket => {
    dialled.push(address);
    const socket = new Socket();
    queueMicrotask(() => socket.destroy(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })));
    return socket;
  };
  return { dialled, connect };
}

function answering(...addresses: readonly string[]): Resolver {
  return () =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
}

async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.on('error', () => undefined).end('220 hello\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

function refused(result: Dialed | DialFailure): DialFailure {
  assert(!result.ok, 'the dial must fail');
  return result;
}

test('connects to a name of the hosts file and to an address', async (t) => {
  const { server, port } = await listening();
  t.after(() => server.close());
  for (const host of ['localhost', '127.0.0.1', 'LOCALHOST']) {
    const result = await createDialer({ clock }).dial({
      host,
      port,
      egress: instanceEgress(),
      timeoutMs: 5000,
    });
    assert(result.ok, JSON.stringify(result));
    assert.equal(result.address, '127.0.0.1');
    assert.equal(result.internal, true);
    assert(result.dnsMs >= 0 && result.connectMs >= 0);
    const [bytes] = (await once(result.socket, 'data')) as [Buffer];
    assert.equal(bytes.toString(), '220 hello\r\n');
    result.socket.destroy();
  }
});

test('S1: an answer that changes never leads to an address that was not checked', async () => {
  const { dialled, connect } = recorder();
  let asked = 0;
  const resolver: Resolver = () => {
    asked += 1;
    return answering(asked % 2 === 1 ? '8.8.8.8' : '127.0.0.1')('');
  };
  const dialer = createDialer({ clock, resolver, connect });
  for (let round = 0; round < 1000; round += 1) {
    refused(await dialer.dial({ host: 'rebind.example', port: 587, egress: tenant, timeoutMs: 1000 }));
  }
  assert.equal(asked, 1000, 'one question a dial');
  assert.equal(dialled.length, 500);
  assert.deepEqual([...new Set(dialled)], ['8.8.8.8']);
});

test('S1: one forbidden address among the answers refuses the dial', async () => {
  const { dialled, connect } = recorder();
  for (const bad of ['127.0.0.1', '::1', '10.0.0.1', '::ffff:7f00:1', 'fe80::1%lo', 'nonsense']) {
    const dialer = createDialer({ clock, connect, resolver: answering('8.8.8.8', bad, '1.1.1.1') });
    const { failure, phase } = refused(
      await dialer.dial({ host: 'mixed.example', port: 25, egress: tenant, timeoutMs: 1000 }),
    );
    assert.deepEqual([failure.kind, failure.code, phase], ['egress', 'PRIVATE_ADDRESS', 'connect'], bad);
  }
  assert.deepEqual(dialled, []);
});

/** Everything a C resolver, a URL parser or a careless check reads as this machine or a network behind it. */
const PAYLOADS = [
  ...[
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '0',
    '00',
    '0x0',
    '2130706433',
    '0x7f000001',
    '0X7F000001',
  ],
  ...[
    '017700000001',
    '0177.0.0.1',
    '0x7f.0.0.1',
    '0x7f.1',
    '127.0x1',
    '0177.1',
    '00000177.0.0.1',
    '127.000.000.001',
    '127.0.0.01',
  ],
  ...[
    '①②⑦.0.0.1',
    '１２７.0.0.1',
    '１２７．０．０．１',
    '127。0。0。1',
    '127．0．0．1',
    '127｡0｡0｡1',
    '①②⑦。⓪。⓪。①',
    '127.0.0.①',
    '２１３０７０６４３３',
  ],
  ...[
    '127.0.0.1.',
    '127.1.',
    '0x7f000001.',
    '2130706433.',
    '127.0.0.1..',
    ' 127.0.0.1',
    '127.0.0.1 ',
    '127.0.0.1\n',
    '127.0.0.1\0',
    '127.0.0.1%00',
  ],
  ...[
    '127.0.0.1:25',
    '127.0.0.1/',
    '//127.0.0.1',
    'http://127.0.0.1',
    'user@127.0.0.1',
    '127.0.0.1#a',
    '127.0.0.1?a',
    '%31%32%37.0.0.1',
    '127%2e0%2e0%2e1',
  ],
  ...[
    '10.0.0.1',
    '10.255.255.255',
    '012.0.0.1',
    '0xa.0.0.1',
    '167772161',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '192.168.255.255',
    '3232235521',
  ],
  ...[
    '169.254.169.254',
    '0xa9fea9fe',
    '2852039166',
    '0251.0376.0251.0376',
    '169.254.43518',
    '100.64.0.1',
    '100.127.255.255',
    '100.100.100.200',
    '168.63.129.16',
  ],
  ...[
    '192.0.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
  ],
  ...[
    '::',
    '::1',
    '0:0:0:0:0:0:0:1',
    '0000:0000:0000:0000:0000:0000:0000:0001',
    '[::1]',
    '::1%lo',
    '::1%1',
    '::127.0.0.1',
    '::7f00:1',
    '::10.0.0.1',
  ],
  ...[
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::FFFF:7F00:0001',
    '0:0:0:0:0:ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:a9fe:a9fe',
    '::ffff:0:127.0.0.1',
    '::ffff:0:7f00:1',
  ],
  ...[
    '64:ff9b::7f00:1',
    '64:ff9b::127.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::7f00:1',
    '64:ff9b:1:7f00:0:100::',
    '2002:7f00:1::',
    '2002:a00:1::1',
    '2002:c0a8:1::',
  ],
  ...[
    '2001::f5ff:fffe',
    '2001:0:7f00:1::',
    '2001:0:808:808::80ff:fffe',
    '2001:db8::1',
    '100::1',
    'fc00::1',
    'fd00::1',
    'fd00:ec2::254',
    'fdff::1',
  ],
  ...[
    'fe80::1',
    'fe80::1%eth0',
    'fe80::1%25eth0',
    'febf::1',
    'fec0::1',
    'feff::1',
    'ff02::1',
    'ff05::2',
    '3fff::1',
    '5f00::1',
    '::ffff:127.1',
    '::ffff:0x7f.0.0.1',
  ],
  ...[
    'localhost',
    'LOCALHOST',
    'localhost.',
    'LocalHost.',
    'a.localhost',
    'ｌｏｃａｌｈｏｓｔ',
    'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
    'host.docker.internal',
    'metadata.google.internal',
    'metadata',
  ],
  ...[
    'metadata.',
    'metadata.goog',
    'metadata.example.com',
    'a.internal',
    'INTERNAL',
    '',
    '.',
    '..',
    'a..b',
    '*',
    '127.0.0.1,8.8.8.8',
    '[127.0.0.1]',
    '\u200b127.0.0.1',
    '１２７.１',
  ],
];

test('S2: none of the payloads reaches the resolver or a socket', async () => {
  assert(new Set(PAYLOADS).size >= 120);
  const { dialled, connect } = recorder();
  const asked: string[] = [];
  const resolver: Resolver = (name) => {
    asked.push(name);
    return answering('8.8.8.8')('');
  };
  const dialer = createDialer({ clock, resolver, connect });
  for (const host of PAYLOADS) {
    const { failure } = refused(await dialer.dial({ host, port: 587, egress: tenant, timeoutMs: 1000 }));
    assert.equal(failure.kind, 'egress', JSON.stringify(host));
  }
  assert.deepEqual([asked, dialled], [[], []]);
});

const PUBLIC = [
  ...[
    '1.1.1.1',
    '8.8.8.8',
    '9.9.9.9',
    '11.0.0.1',
    '100.63.255.255',
    '100.128.0.1',
    '126.255.255.255',
    '128.0.0.1',
    '169.253.0.1',
  ],
  ...[
    '172.15.0.1',
    '172.32.0.1',
    '192.0.1.1',
    '192.167.0.1',
    '192.169.0.1',
    '198.17.0.1',
    '198.20.0.1',
    '203.0.112.1',
    '223.255.255.254',
  ],
  ...[
    '2606:4700:4700::1111',
    '2001:4860:4860::8888',
    '2a00:1450:4001::1b',
    '2620:fe::fe',
    '2400:cb00::1',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
  ],
  ...[
    '2002:808:808::1',
    'smtp.example.com',
    'SMTP.EXAMPLE.COM.',
    'mail_1.example',
    'bücher.example',
    '1and1.example',
    'localhost.example.com',
  ],
];

test('S2: public targets are dialled', async () => {
  assert(PUBLIC.length >= 30);
  const { dialled, connect } = recorder();
  const dialer = createDialer({ clock, connect, resolver: answering('8.8.8.8') });
  for (const host of PUBLIC) {
    const { failure } = refused(await dialer.dial({ host, port: 587, egress: tenant, timeoutMs: 1000 }));
    assert.deepEqual([failure.kind, failure.code], ['tcp', 'ECONNREFUSED'], host);
  }
  assert.equal(dialled.length, PUBLIC.length);
});

test('S3: a tenant dials the SMTP ports only', async () => {
  const { dialled, connect } = recorder();
  const dialer = createDialer({ clock, connect, resolver: answering('8.8.8.8') });
  for (const port of SMTP_PORTS)
    refused(await dialer.dial({ host: 'a.example', port, egress: tenant, timeoutMs: 1000 }));
  assert.equal(dialled.length, 6);
  for (const port of [0, -1, 1, 22, 26, 80, 443, 1025, 6379, 65536, 25.5, NaN]) {
    const { failure } = refused(
      await dialer.dial({ host: 'a.example', port, egress: tenant, timeoutMs: 1000 }),
    );
    assert.equal(failure.code, 'FORBIDDEN_PORT', String(port));
  }
  assert.equal(dialled.length, 6);
});

test('S4: open, closed and silent targets are refused alike', async (t) => {
  const { server, port } = await listening();
  t.after(() => server.close());
  const closed = await listening();
  closed.server.close();
  const ports = [port, closed.port, 25];
  const egress = tenantEgress({ ports });
  const dialer = createDialer({ clock });
  const answers = new Set<string>();
  const spent: number[][] = ports.map(() => []);
  for (let round = 0; round < 300; round += 1) {
    for (const [index, target] of ports.entries()) {
      const startedAt = clock.monotonic();
      const { failure, phase } = refused(
        await dialer.dial({ host: '127.0.0.1', port: target, egress, timeoutMs: 5000 }),
      );
      spent[index]?.push(clock.monotonic() - startedAt);
      answers.add(JSON.stringify([failure, phase]));
    }
  }
  const medians = spent.map((list) => list.sort((a, b) => a - b)[150] ?? Infinity);
  assert.equal(answers.size, 1, [...answers].join('\n'));
  assert.match([...answers].join(), /PRIVATE_ADDRESS/);
  assert(Math.max(...medians) - Math.min(...medians) <= 3, medians.join());
});

test('a dead IPv6 address costs a quarter of a second, not the timeout', async (t) => {
  const { server, port } = await listening();
  t.after(() => server.close());
  const hung: Socket[] = [];
  const connect = (address: string, at: number): Socket => {
    if (!address.includes(':')) return tcpConnect({ host: address, port: at });
    const socket = new Socket(); // neither connects nor fails
    hung.push(socket);
    return socket;
  };
  const dialer = createDialer({ clock, connect, resolver: answering('fd00::1', 'fd00::2', '127.0.0.1') });
  const result = await dialer.dial({
    host: 'relay.example',
    port,
    egress: instanceEgress(),
    timeoutMs: 10_000,
  });
  assert(result.ok);
  assert.equal(result.address, '127.0.0.1');
  assert(result.connectMs >= 200 && result.connectMs < 2000, String(result.connectMs));
  assert.equal(hung.length, 1, 'families take turns');
  assert(hung.every((socket) => socket.destroyed));
  result.socket.destroy();
});

test('an address that fails at once is followed at once', async (t) => {
  const { server, port } = await listening();
  t.after(() => server.close());
  const dialer = createDialer({ clock, resolver: answering('127.0.0.2', '127.0.0.3', '127.0.0.1') });
  const result = await dialer.dial({
    host: 'relay.example',
    port,
    egress: instanceEgress(),
    timeoutMs: 10_000,
  });
  assert(result.ok);
  assert(result.connectMs < 200, String(result.connectMs));
  result.socket.destroy();
});

test('one deadline covers resolving and connecting, and nothing stays behind', async () => {
  const started: Socket[] = [];
  const connect = (): Socket => {
    const socket = new Socket();
    started.push(socket);
    return socket;
  };
  const slow = createDialer({
    clock,
    connect,
    resolver: answering(...Array.from({ length: 40 }, (_, i) => `8.8.8.${String(i)}`)),
  });
  const silent = refused(await slow.dial({ host: 'a.example', port: 25, egress: tenant, timeoutMs: 300 }));
  assert.deepEqual(
    [silent.phase, silent.failure.kind, silent.failure.code],
    ['connect', 'timeout', 'CONNECT_TIMEOUT'],
  );
  assert(silent.connectMs >= 250 && silent.connectMs < 2000);
  assert.equal(started.length, 2);
  assert(started.every((socket) => socket.destroyed));

  const { promise, resolve } = Promise.withResolvers<readonly { address: string; family: number }[]>();
  const deaf = createDialer({ clock, connect, resolver: () => promise });
  const unresolved = refused(await deaf.dial({ host: 'a.example', port: 25, egress: tenant, timeoutMs: 20 }));
  assert.deepEqual(
    [unresolved.phase, unresolved.failure.kind, unresolved.failure.code],
    ['dns', 'timeout', 'DNS_TIMEOUT'],
  );
  resolve([{ address: '8.8.8.8', family: 4 }]);
  await promise;
  assert.equal(started.length, 2, 'a late answer starts nothing');
});

test('a failed lookup is told by its code', async () => {
  for (const code of ['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL']) {
    const resolver: Resolver = () => Promise.reject(Object.assign(new Error(code), { code }));
    const result = refused(
      await createDialer({ clock, resolver }).dial({
        host: 'a.example',
        port: 25,
        egress: tenant,
        timeoutMs: 1000,
      }),
    );
    assert.deepEqual([result.phase, result.failure.kind, result.failure.code], ['dns', 'dns', code]);
  }
  const empty = refused(
    await createDialer({ clock, resolver: answering() }).dial({
      host: 'a.example',
      port: 25,
      egress: tenant,
      timeoutMs: 1000,
    }),
  );
  assert.deepEqual([empty.failure.kind, empty.failure.code], ['dns', 'ENODATA']);
});

test('dials of the same moment share one question', async () => {
  let asked = 0;
  const { connect } = recorder();
  const resolver: Resolver = (name) => {
    asked += 1;
    return answering('8.8.8.8')(name);
  };
  const dialer = createDialer({ clock, resolver, connect });
  const dial = () => dialer.dial({ host: 'a.example', port: 25, egress: tenant, timeoutMs: 1000 });
  await Promise.all([dial(), dial(), dial()]);
  assert.equal(asked, 1);
  await dial();
  assert.equal(asked, 2, 'an answer is not kept');
});

test('a closed port is told as refused, also when there is no route to the other address', async () => {
  const { server, port } = await listening();
  server.close();
  await once(server, 'close');
  const connect = (address: string, at: number): Socket => {
    if (!address.includes(':')) return tcpConnect({ host: address, port: at });
    const socket = new Socket();
    queueMicrotask(() => socket.destroy(Object.assign(new Error('no route'), { code: 'ENETUNREACH' })));
    return socket;
  };
  const dialer = createDialer({ clock, connect, resolver: answering('fd00::1', '127.0.0.1') });
  const { failure, phase } = refused(
    await dialer.dial({ host: 'relay.example', port, egress: instanceEgress(), timeoutMs: 5000 }),
  );
  assert.deepEqual([phase, failure.kind, failure.code], ['connect', 'tcp', 'ECONNREFUSED']);
  assert.match(failure.message, /127\.0\.0\.1/);
});
