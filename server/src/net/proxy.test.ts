/** Ways through a proxy, against real SOCKS5 and CONNECT servers on this machine, honest and not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as tcpConnect, createServer, type AddressInfo, type Socket } from 'node:net';
import { after, test, type TestContext } from 'node:test';
import { closeProxies, startProxy, type ProxyScript, type TestProxy } from '../../test/proxy-server.ts';
import { watchedClock } from '../../test/system-clocks.ts';
import { classify } from '../mail/mail.ts';
import { createDialer, type Dialed, type DialFailure, type DialTarget, type Resolver } from './dial.ts';
import { instanceEgress, PROXY_PORTS, tenantEgress } from './egress.ts';
import { parseProxy, type Proxy } from './proxy.ts';

const KINDS = ['socks5', 'http'] as const;
const SECRET = 'pässword: canary';
const SIGN_IN = { username: 'relay', password: SECRET };

const { clock, pending } = watchedClock();
after(() => {
  closeProxies();
  assert.equal(pending(), 0, 'no timer is left');
});

const answering =
  (...addresses: readonly string[]): Resolver =>
  () =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));

async function mailServer(t: TestContext): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => undefined).end('220 hello\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

function at(kind: Proxy['kind'], { port }: TestProxy, signIn?: Proxy['signIn']): Proxy {
  return { kind, host: '127.0.0.1', port, ...(signIn && { signIn }) };
}

const dialer = (...addresses: readonly string[]) =>
  createDialer({ clock, resolver: answering(...addresses) });

function dial(
  proxy: Proxy,
  changes: Partial<DialTarget> = {},
  addresses = ['8.8.8.8'],
): Promise<Dialed | DialFailure> {
  const target = { host: 'mail.example', port: 587, egress: instanceEgress(), timeoutMs: 5_000 };
  return dialer(...addresses).dial({ ...target, proxy, ...changes });
}

function refused(result: Dialed | DialFailure): DialFailure {
  if (result.ok) result.socket.destroy();
  assert(!result.ok, 'the dial must fail');
  assert.doesNotMatch(JSON.stringify(result), /canary/, 'the password is nowhere');
  return result;
}

const errorOf = ({ failure, phase }: DialFailure): string | undefined => classify({ failure, phase }).errorId;

async function words(result: Dialed | DialFailure): Promise<string> {
  assert(result.ok, JSON.stringify(result));
  const [bytes] = (await once(result.socket, 'data')) as [Buffer];
  result.socket.destroy();
  return bytes.toString();
}

test('S5: the proxy gets the address that was checked, never the name, and the server is heard from its first word', async (t) => {
  const leadsTo = await mailServer(t);
  for (const kind of KINDS) {
    for (const gathers of [true, false]) {
      const proxy = await startProxy(kind, { leadsTo, gathers });
      const result = await dial(at(kind, proxy));
      assert(result.ok, JSON.stringify(result));
      assert.equal(result.address, '8.8.8.8');
      assert.equal(await words(result), '220 hello\r\n', kind);
      assert.equal(await words(await dial(at(kind, proxy), {}, ['2001:4860:4860::8888'])), '220 hello\r\n');
      const six = kind === 'http' ? '2001:4860:4860::8888' : '2001:4860:4860:0000:0000:0000:0000:8888';
      assert.deepEqual(proxy.asked, ['8.8.8.8:587', `${six}:587`]);
      assert.doesNotMatch(proxy.heard.join(''), /mail\.example/);
    }
  }
});

test('signs in where the proxy wants it', async (t) => {
  const leadsTo = await mailServer(t);
  for (const kind of KINDS) {
    const proxy = await startProxy(kind, { leadsTo, signIn: SIGN_IN });
    assert.equal(await words(await dial(at(kind, proxy, SIGN_IN))), '220 hello\r\n');
    assert.deepEqual(proxy.signIns, [`relay:${SECRET}`]);
    const wrong = refused(await dial(at(kind, proxy, { ...SIGN_IN, password: 'wrong canary' })));
    const none = refused(await dial(at(kind, proxy)));
    assert.deepEqual([errorOf(wrong), errorOf(none)], ['proxy.auth', 'proxy.auth'], kind);
    assert.equal(proxy.asked.length, 1, 'nobody is led on without it');
    const open = await startProxy(kind, { leadsTo });
    assert.equal(
      await words(await dial(at(kind, open, SIGN_IN))),
      '220 hello\r\n',
      'an open proxy needs none',
    );
  }
});

test('S5: a destination that is forbidden never reaches the proxy', async () => {
  for (const kind of KINDS) {
    const proxy = await startProxy(kind);
    for (const bad of ['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', '::ffff:7f00:1']) {
      const local = { ...at(kind, proxy) };
      const result = refused(await dial(local, { egress: tenantEgress() }, [bad]));
      assert.deepEqual([result.failure.kind, result.failure.code], ['egress', 'PRIVATE_ADDRESS'], bad);
    }
    assert.equal(proxy.connections, 0);
  }
});

test('S5: a tenant’s proxy must be allowed itself: public, and on a port of proxies', async () => {
  const dialled: string[] = [];
  const real = await startProxy('socks5', { answer: () => Buffer.from([5, 2, 0, 1, 0, 0, 0, 0, 0, 0]) });
  const connect = (address: string, port: number): Socket => {
    dialled.push(`${address}:${String(port)}`);
    return tcpConnect({ host: '127.0.0.1', port: real.port });
  };
  const proxied = (host: string, port: number, proxyAddress: string, egress = tenantEgress()) =>
    createDialer({
      clock,
      connect,
      resolver: (name) => answering(name === 'mail.example' ? '8.8.8.8' : proxyAddress)(name),
    }).dial({
      host: 'mail.example',
      port: 587,
      egress,
      timeoutMs: 5_000,
      proxy: { kind: 'socks5', host, port },
    });

  for (const [host, address] of [
    ['127.0.0.1', ''],
    ['localhost', '127.0.0.1'],
    ['proxy.example', '10.0.0.1'],
    ['proxy.example', '::ffff:7f00:1'],
    ['169.254.169.254', ''],
    ['2130706433', ''],
    ['metadata.google.internal', '8.8.4.4'],
  ] as const) {
    const result = refused(await proxied(host, 1080, address));
    assert.equal(errorOf(result), 'tcp.private_blocked', host);
  }
  assert.equal(refused(await proxied('proxy.example', 22, '8.8.4.4')).failure.code, 'FORBIDDEN_PORT');
  assert.equal(refused(await proxied('proxy.example', 587, '8.8.4.4')).failure.code, 'FORBIDDEN_PORT');
  assert.deepEqual(dialled, []);
  for (const port of PROXY_PORTS)
    assert.equal(errorOf(refused(await proxied('proxy.example', port, '8.8.4.4'))), 'proxy.refused');
  const exception = tenantEgress({ allow: ['proxy.example:9050'] });
  assert.equal(
    errorOf(refused(await proxied('proxy.example', 9050, '10.0.0.9', exception))),
    'proxy.refused',
  );
  assert.equal(dialled.length, PROXY_PORTS.length + 1);
});

test('S5: no line end gets into a request to the proxy', async () => {
  const hosts = [
    'mail.example\r\nX: y',
    'mail.example\n',
    '8.8.8.8\r\n\r\nGET / HTTP/1.1',
    '8.8.8.8:587 HTTP/1.1\r\nHost: evil',
    '8.8.8.8%0d%0aX:y',
    '[2001:4860:4860::8888]\r\n',
    'mail.example\u010d\u010aX: y',
    'mail.example\r\nProxy-Authorization: Basic eA==',
  ];
  for (const kind of KINDS) {
    const proxy = await startProxy(kind);
    for (const host of hosts) {
      const result = refused(await dial(at(kind, proxy), { host }));
      assert.equal(result.failure.code, 'BAD_HOST', JSON.stringify(host));
    }
    assert.deepEqual([proxy.connections, proxy.heard], [0, []]);
  }
});

test('the settings name a proxy, its user in percent form, and nothing else', () => {
  const read = (text: string, password?: string) => parseProxy(text, password);
  assert.deepEqual(read('socks5://proxy.example:1080'), {
    kind: 'socks5',
    host: 'proxy.example',
    port: 1080,
  });
  assert.deepEqual(read('http://a%40b.c@[2001:db8::1]:3128/', 'x'), {
    ...{ kind: 'http', host: '2001:db8::1', port: 3128 },
    signIn: { username: 'a@b.c', password: 'x' },
  });
  const bad = [
    ...['', 'proxy:1080', 'socks4://p:1', 'https://p:1', 'http://p', 'http://p:0', 'http://p:65536'],
    ...['http://u:secret@p:1', 'http://p:1/path', 'http://p:1?x', 'http://p\r\n:1', 'http://a b@p:1'],
    ...['http://u%0d%0aX@p:1', 'socks5://u%00@p:1', 'http://u%zz@p:1', 'http://a%3Ab@p:1'],
  ];
  for (const text of bad) assert.equal(read(text, 'x'), undefined, JSON.stringify(text));
  assert.equal(read('socks5://u@p:1', 'x'.repeat(256)), undefined, 'longer than SOCKS5 can carry');
  assert.equal(read('http://u@p:1', 'a\r\nX: y'), undefined);
});

const socksReply = (reply: number) => () => Buffer.from([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]);
const status = (line: string) => () => `HTTP/1.1 ${line}\r\n\r\n`;

test('what a proxy says no with becomes its own error, and its words are never repeated', async () => {
  const cases: readonly [Proxy['kind'], ProxyScript, string][] = [
    ['socks5', { answer: socksReply(1) }, 'proxy.failed'],
    ['socks5', { answer: socksReply(2) }, 'proxy.refused'],
    ['socks5', { answer: socksReply(3) }, 'proxy.target_unreachable'],
    ['socks5', { answer: socksReply(4) }, 'proxy.target_unreachable'],
    ['socks5', { answer: socksReply(5) }, 'proxy.target_unreachable'],
    ['socks5', { answer: socksReply(8) }, 'proxy.refused'],
    ['socks5', { answer: () => 'HTTP/1.1 400 Bad Request\r\n\r\n' }, 'proxy.not_a_proxy'],
    ['socks5', { answer: () => Buffer.from([5, 0, 0, 9, 0, 0]) }, 'proxy.not_a_proxy'],
    ['socks5', { greets: '220 mail.example ESMTP\r\n' }, 'proxy.not_a_proxy'],
    ['socks5', { greets: Buffer.from([5, 2]) }, 'proxy.auth'],
    ['socks5', { greets: Buffer.from([5, 1]) }, 'proxy.auth'],
    ['socks5', { hangsUp: 'at once' }, 'proxy.failed'],
    ['socks5', { hangsUp: 'at request' }, 'proxy.failed'],
    ['http', { answer: status('403 Forbidden canary') }, 'proxy.refused'],
    ['http', { answer: status('405 No') }, 'proxy.refused'],
    ['http', { answer: status('301 Moved\r\nLocation: http://127.0.0.1/') }, 'proxy.refused'],
    ['http', { answer: status('500 Oh') }, 'proxy.failed'],
    ['http', { answer: status('502 Bad Gateway') }, 'proxy.target_unreachable'],
    ['http', { answer: status('504 Gateway Timeout') }, 'proxy.target_unreachable'],
    ['http', { answer: () => 'SSH-2.0-OpenSSH canary\r\n\r\n' }, 'proxy.not_a_proxy'],
    ['http', { answer: () => `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}` }, 'proxy.not_a_proxy'],
    ['http', { answer: () => 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(50) }, 'proxy.not_a_proxy'],
    ['http', { hangsUp: 'at once' }, 'proxy.failed'],
    ['http', { hangsUp: 'at request' }, 'proxy.failed'],
  ];
  for (const [kind, script, expected] of cases) {
    const proxy = await startProxy(kind, script);
    const result = refused(await dial(at(kind, proxy)));
    assert.equal(errorOf(result), expected, `${kind} ${JSON.stringify(result.failure)}`);
    assert.equal(result.phase, 'connect');
    assert.doesNotMatch(result.failure.message, /SSH|canary|ESMTP/);
  }
  const signOff = await startProxy('socks5', { signIn: SIGN_IN, hangsUp: 'at sign-in' });
  assert.equal(errorOf(refused(await dial(at('socks5', signOff, SIGN_IN)))), 'proxy.auth');
});

test('an interim answer is passed over, and a length announced with 200 is none', async (t) => {
  const leadsTo = await mailServer(t);
  const proxy = await startProxy('http', {
    leadsTo,
    answer: () => 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n220 hello\r\n',
  });
  assert.equal(await words(await dial(at('http', proxy))), '220 hello\r\n');
});

test('a silent proxy costs the connect timeout and no more', async () => {
  for (const kind of KINDS) {
    for (const silent of ['at once', 'at request'] as const) {
      const proxy = await startProxy(kind, { silent });
      const result = refused(await dial(at(kind, proxy), { timeoutMs: 150 }));
      assert.deepEqual([result.failure.kind, result.failure.code], ['timeout', 'PROXY_TIMEOUT']);
      assert(result.connectMs < 1_000);
    }
  }
});

test('a proxy that is not there, by name or by address', async (t) => {
  const port = await mailServer(t);
  const missing = createDialer({
    clock,
    resolver: (name) =>
      name === 'mail.example'
        ? answering('8.8.8.8')(name)
        : Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })),
  });
  const target = { host: 'mail.example', port: 587, egress: instanceEgress(), timeoutMs: 5_000 };
  const proxy = { kind: 'http', host: 'proxy.example', port } as const;
  assert.equal(errorOf(refused(await missing.dial({ ...target, proxy }))), 'proxy.not_found');
  const closed = await startProxy('http');
  closeProxies();
  assert.equal(errorOf(refused(await dial(at('http', closed)))), 'proxy.unreachable');
});

test('the next address is asked for when the first cannot be reached', async (t) => {
  const leadsTo = await mailServer(t);
  for (const kind of KINDS) {
    const no = kind === 'http' ? status('502 Bad Gateway') : socksReply(4);
    const proxy = await startProxy(kind, {
      leadsTo,
      answer: (asked) => (asked.startsWith('8.8.8.8') ? no() : undefined),
    });
    const result = await dial(at(kind, proxy), {}, ['8.8.8.8', '8.8.4.4']);
    assert.equal(await words(result), '220 hello\r\n');
    assert.deepEqual(proxy.asked, ['8.8.8.8:587', '8.8.4.4:587']);
    assert.equal(result.ok && result.address, '8.8.4.4');
    const never = await startProxy(kind, { answer: no });
    const many = Array.from({ length: 9 }, (_, index) => `8.8.8.${String(index)}`);
    assert.equal(errorOf(refused(await dial(at(kind, never), {}, many))), 'proxy.target_unreachable');
    assert.equal(never.asked.length, 4, 'and not for ever');
  }
});

test('the way is internal only when the proxy is, too', async (t) => {
  const leadsTo = await mailServer(t);
  const proxy = await startProxy('socks5', { leadsTo });
  const connect = (): Socket => tcpConnect({ host: '127.0.0.1', port: proxy.port });
  for (const [host, internal] of [
    ['10.0.0.9', true],
    ['8.8.4.4', false],
  ] as const) {
    const result = await createDialer({ clock, connect, resolver: answering('10.0.0.1') }).dial({
      ...{ host: 'mail.example', port: 25, egress: instanceEgress(), timeoutMs: 5_000 },
      proxy: { kind: 'socks5', host, port: 1080 },
    });
    assert.equal(result.ok && result.internal, internal, host);
    assert.equal(await words(result), '220 hello\r\n');
  }
});

test('one IP version only: others are checked and left alone', async () => {
  const dialled: string[] = [];
  const connect = (address: string, port: number): Socket => {
    dialled.push(address);
    return tcpConnect({ host: '127.0.0.1', port }).on('error', () => undefined);
  };
  const target = { host: 'mail.example', port: 25, egress: tenantEgress(), timeoutMs: 5_000 };
  const both = createDialer({ clock, connect, resolver: answering('2001:4860:4860::8888', '8.8.8.8') });
  refused(await both.dial({ ...target, family: 4 }));
  refused(await both.dial({ ...target, family: 6 }));
  assert.deepEqual(dialled, ['8.8.8.8', '2001:4860:4860::8888']);
  const four = createDialer({ clock, connect, resolver: answering('8.8.8.8') });
  const none = refused(await four.dial({ ...target, family: 6 }));
  assert.deepEqual([none.phase, none.failure.kind], ['dns', 'dns']);
  assert.match(none.failure.message, /no IPv6 address/);
  const hidden = createDialer({ clock, connect, resolver: answering('8.8.8.8', '::1') });
  assert.equal(refused(await hidden.dial({ ...target, family: 4 })).failure.kind, 'egress');
  assert.equal(dialled.length, 2);
});
