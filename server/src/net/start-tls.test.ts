import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import {
  connect as tcpConnect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { duplexPair } from 'node:stream';
import { after, test, type TestContext } from 'node:test';
import {
  createSecureContext,
  createServer as createTlsServer,
  TLSSocket,
  type TlsOptions as ServerOptions,
} from 'node:tls';
import { makeCertificates } from '../../test/certificates.ts';
import { watchedClock } from '../../test/system-clocks.ts';
import { startTls, type TlsRefused, type TlsStarted } from './start-tls.ts';
import { secureContext, type TlsOptions } from './tls-context.ts';

const made = makeCertificates();
const secure: TlsOptions = { minVersion: 'TLSv1.2', verify: true, ca: made.ca };

const { clock, pending } = watchedClock();
after(() => assert.equal(pending(), 0));

async function listen(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function tlsServer(
  t: TestContext,
  options: ServerOptions,
): Promise<{ port: number; names: (string | false)[] }> {
  const names: (string | false)[] = [];
  const server = createTlsServer(options, (socket) => {
    names.push((socket as TLSSocket & { servername: string | false }).servername);
    socket.on('error', () => undefined).write(socket.authorized ? 'known client' : 'hello');
  });
  server.on('tlsClientError', () => undefined);
  return { port: await listen(t, server), names };
}

async function handshake(
  port: number,
  tls: TlsOptions,
  host = 'localhost',
  timeoutMs = 5000,
): Promise<(TlsStarted | TlsRefused) & { raw: Socket }> {
  const raw = tcpConnect({ host: '127.0.0.1', port });
  await once(raw, 'connect');
  return { ...(await startTls(raw, { host, tls, timeoutMs, clock })), raw };
}

async function greeting(started: TlsStarted | TlsRefused): Promise<string> {
  assert(started.ok, JSON.stringify(started));
  const [bytes] = (await once(started.socket, 'data')) as [Buffer];
  started.socket.destroy();
  return bytes.toString();
}

test('S1: the name that was asked for is checked, though the connection went to an address', async (t) => {
  const { port, names } = await tlsServer(t, made);
  const result = await handshake(port, secure, 'mail.example.test');
  assert(result.ok, JSON.stringify(result));
  assert.equal(result.facts.verified, true);
  assert.equal(result.facts.protocol, 'TLSv1.3');
  assert.match(result.facts.cipher, /^TLS_/);
  assert.deepEqual([result.facts.subject, result.facts.issuer], ['CN=localhost', 'CN=Test Root']);
  assert.match(result.facts.fingerprint, /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  assert(result.facts.validTo > clock.now());
  assert.equal(await greeting(result), 'hello');
  assert.deepEqual(names, ['mail.example.test']);
});

test('an address is checked against the addresses of the certificate and sends no SNI', async (t) => {
  const { port, names } = await tlsServer(t, made);
  assert.equal(await greeting(await handshake(port, secure, '127.0.0.1')), 'hello');
  assert.equal(await greeting(await handshake(port, secure, '::1')), 'hello');
  assert.deepEqual(names, [false, false]);
  const other = await handshake(port, secure, '127.0.0.2');
  assert.equal(!other.ok && other.failure.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
});

test('a server name takes the place of the host; case and final dot do not matter', async (t) => {
  const { port, names } = await tlsServer(t, made);
  const named = { ...secure, serverName: 'mail.example.test' };
  assert.equal(await greeting(await handshake(port, named, 'tunnel.example')), 'hello');
  assert.equal(await greeting(await handshake(port, secure, 'MAIL.Example.test.')), 'hello');
  assert.deepEqual(names, ['mail.example.test', 'mail.example.test']);
  const wrong = await handshake(port, { ...secure, serverName: 'wrong.example' }, 'localhost');
  assert.equal(!wrong.ok && wrong.failure.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
});

const DISTRUSTED: readonly (readonly [string, ServerOptions, TlsOptions, string, string])[] = [
  ['wrong name', made.otherName, secure, 'localhost', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['expired', made.expired, secure, 'localhost', 'CERT_HAS_EXPIRED'],
  ['self-signed', made.selfSigned, secure, 'localhost', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  [
    'unknown authority',
    { cert: made.cert, key: made.key },
    { minVersion: 'TLSv1.2', verify: true },
    'localhost',
    'UNKNOWN_AUTHORITY',
  ],
];

for (const [what, server, tls, host, code] of DISTRUSTED) {
  test(`S1 K3: ${what} fails the handshake, and nothing of ours follows it`, async (t) => {
    const { port } = await tlsServer(t, server);
    const result = await handshake(port, tls, host);
    assert(!result.ok);
    assert.deepEqual([result.failure.kind, result.failure.code], ['tls', code], result.failure.message);
    assert.equal(result.facts?.verified, false);
    assert(result.raw.destroyed);
  });

  test(`K3: ${what} with verification off connects, and the facts say unverified`, async (t) => {
    const { port } = await tlsServer(t, server);
    const result = await handshake(port, { ...tls, verify: false }, host);
    assert(result.ok);
    assert.equal(result.facts.verified, false);
    assert.equal(await greeting(result), 'hello');
  });
}

test('K3: verification off on one connection lends no trust to the next', async (t) => {
  const { port } = await tlsServer(t, made.selfSigned);
  const lax = await handshake(port, { ...secure, verify: false });
  assert(lax.ok);
  lax.socket.destroy();
  assert(!(await handshake(port, secure)).ok);
});

test('verification off still tells of a certificate that is good', async (t) => {
  const { port } = await tlsServer(t, made);
  const result = await handshake(port, { ...secure, verify: false });
  assert(result.ok && result.facts.verified);
  result.socket.destroy();
});

test('a certificate added by hand is trusted itself, for its own name only', async (t) => {
  for (const pair of [made.selfSigned, { cert: made.cert, key: made.key }]) {
    const { port } = await tlsServer(t, pair);
    const pinned = { ...secure, ca: pair.cert };
    assert.equal(await greeting(await handshake(port, pinned)), 'hello');
    const other = await handshake(port, pinned, 'other.example');
    assert.equal(!other.ok && other.failure.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
  }
});

test('K3: a server with old TLS only is refused', async (t) => {
  const old = { ...made, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  for (const [server, minVersion] of [
    [old, 'TLSv1.2'],
    [{ ...made, maxVersion: 'TLSv1.2' }, 'TLSv1.3'],
  ] as const) {
    const { port } = await tlsServer(t, server);
    const result = await handshake(port, { ...secure, minVersion });
    assert(!result.ok);
    assert.equal(result.failure.kind, 'tls');
    assert.match(result.failure.code, /PROTOCOL/);
  }
});

test('a client certificate is shown', async (t) => {
  const { port } = await tlsServer(t, { ...made, requestCert: true, rejectUnauthorized: false });
  const withClient = { ...secure, clientCert: made.client.cert, clientKey: made.client.key };
  assert.equal(await greeting(await handshake(port, withClient)), 'known client');
  assert.equal(await greeting(await handshake(port, secure)), 'hello');
});

test('unusable key material and names are told, not thrown', async (t) => {
  const { port } = await tlsServer(t, made);
  const broken = made.ca.replace(/\n[A-Za-z0-9+/]{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
  const cases: readonly (readonly [Partial<TlsOptions>, string])[] = [
    [{ ca: 'no certificate' }, 'BAD_CA'],
    [{ ca: broken }, 'BAD_CA'],
    [{ clientCert: 'x', clientKey: 'y' }, 'BAD_CLIENT_CERTIFICATE'],
    [{ clientCert: made.client.cert, clientKey: made.key }, 'BAD_CLIENT_CERTIFICATE'],
    [{ serverName: 'a b' }, 'BAD_SERVER_NAME'],
  ];
  for (const [options, code] of cases) {
    const result = await handshake(port, { ...secure, ...options });
    assert.equal(!result.ok && result.failure.code, code);
    assert(result.raw.destroyed);
  }
});

test('the deadline is absolute: a handshake that drips in ends on time', async (t) => {
  const server = createTcpServer((socket) => {
    // The head of a handshake record, then one byte after the other: never silent, never done.
    socket.write(Buffer.from([0x16, 0x03, 0x03, 0x40, 0x00]));
    const drip = setInterval(() => socket.write(Buffer.from([0x02])), 10);
    socket.on('close', () => clearInterval(drip));
    socket.resume();
  });
  const port = await listen(t, server);
  const startedAt = clock.monotonic();
  const result = await handshake(port, secure, 'localhost', 150);
  const tookMs = clock.monotonic() - startedAt;
  assert(!result.ok);
  assert.deepEqual([result.failure.kind, result.failure.code], ['timeout', 'TLS_TIMEOUT']);
  assert(tookMs >= 145 && tookMs < 1500, String(tookMs));
  assert(result.raw.destroyed);
});

test('plain text where TLS should be, and a line that is cut, are told apart', async (t) => {
  const plain = await listen(
    t,
    createTcpServer((socket) => socket.write('220 mail.example ESMTP\r\n')),
  );
  const spoken = await handshake(plain, secure);
  assert(!spoken.ok);
  assert.equal(spoken.failure.kind, 'tls');
  assert.match(spoken.failure.code, /WRONG_VERSION|PACKET_LENGTH/);

  const cut = await listen(
    t,
    createTcpServer((socket) => socket.once('data', () => socket.destroy())),
  );
  const dropped = await handshake(cut, secure);
  assert(!dropped.ok);
  assert.deepEqual([dropped.failure.kind, dropped.failure.code], ['dropped', 'ECONNRESET']);
});

test('a stream that is no socket is upgraded and closed as well', async () => {
  const [near, far] = duplexPair();
  const silent = await startTls(near, { host: 'localhost', tls: secure, timeoutMs: 20, clock });
  assert.equal(!silent.ok && silent.failure.code, 'TLS_TIMEOUT');
  assert(near.destroyed);
  far.destroy();

  const [ours, theirs] = duplexPair();
  const server = new TLSSocket(theirs, {
    isServer: true,
    secureContext: createSecureContext({ cert: made.cert, key: made.key }),
  });
  server.on('error', () => undefined).on('secure', () => server.write('hello'));
  assert.equal(
    await greeting(await startTls(ours, { host: 'localhost', tls: secure, timeoutMs: 5000, clock })),
    'hello',
  );
  server.destroy();
});

test('a stream that is closed already is told as dropped', async (t) => {
  const { port } = await tlsServer(t, made);
  const raw = tcpConnect({ host: '127.0.0.1', port });
  await once(raw, 'connect');
  raw.destroy();
  const result = await startTls(raw, { host: 'localhost', tls: secure, timeoutMs: 5000, clock });
  assert.equal(!result.ok && result.failure.kind, 'dropped');
});

test('K4: bytes that came in before the handshake break it', async (t) => {
  const { port } = await tlsServer(t, made);
  const raw = tcpConnect({ host: '127.0.0.1', port });
  await once(raw, 'connect');
  raw.unshift(Buffer.from('250-AUTH PLAIN\r\n250 OK\r\n')); // as if it had come with the STARTTLS reply
  const result = await startTls(raw, { host: 'localhost', tls: secure, timeoutMs: 5000, clock });
  assert(!result.ok);
  assert.equal(result.failure.kind, 'tls');
});

test('the roots are read once per set of options', () => {
  const value = (options: TlsOptions): unknown => {
    const context = secureContext(options);
    assert(context.ok);
    return context.value;
  };
  const first = value(secure);
  assert.equal(value({ ...secure }), first);
  assert.equal(value({ ...secure, serverName: 'other.example' }), first);
  const client = { clientCert: made.client.cert, clientKey: made.client.key };
  const others = [{ ca: made.selfSigned.cert }, { minVersion: 'TLSv1.3' as const }, client].map((part) =>
    value({ ...secure, ...part }),
  );
  assert.equal(new Set([first, ...others]).size, 4);
});

test('K3: the pinned certificate is trusted whatever its chain, name and dates, and no other is', async (t) => {
  for (const kind of ['selfSigned', 'expired', 'otherName'] as const) {
    const { port } = await tlsServer(t, made[kind]);
    const { fingerprint256 } = new X509Certificate(made[kind].cert);
    for (const pin of [fingerprint256, fingerprint256.replaceAll(':', '').toLowerCase()]) {
      const result = await handshake(port, { minVersion: 'TLSv1.2', verify: true, pin }, 'somewhere.example');
      assert(result.ok, JSON.stringify(result));
      assert.deepEqual([result.facts.pinned, result.facts.verified], [true, false]);
      assert(kind !== 'expired' || result.facts.validTo < clock.now(), 'its end is still told');
      assert.equal(await greeting(result), 'hello');
    }
  }
  const { port } = await tlsServer(t, made);
  const { fingerprint256: other } = new X509Certificate(made.selfSigned.cert);
  for (const verify of [true, false]) {
    const result = await handshake(port, { ...secure, verify, pin: other });
    assert(!result.ok, 'a good certificate is not the pinned one, and not verifying changes nothing');
    assert.deepEqual([result.failure.kind, result.failure.code], ['tls', 'PIN_MISMATCH']);
    assert.equal(result.facts?.verified, true);
  }
});
