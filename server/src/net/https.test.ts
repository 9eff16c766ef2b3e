import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { makeCertificates, type CertifiedKey } from '../../test/certificates.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { startHttpsPeer, type Handle, type HttpsPeer } from '../../test/https-peer.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { createDialer } from './dial.ts';
import { instanceEgress, tenantEgress } from './egress.ts';
import { createHttps, type HttpsAnswer, type HttpsRequest } from './https.ts';

const { ca, otherName } = makeCertificates();
const SECRET = 'client_secret=s3cr3t';

async function peerOf(t: TestContext, handle: Handle, certificate?: CertifiedKey): Promise<HttpsPeer> {
  const peer = await startHttpsPeer(handle, certificate);
  t.after(() => peer.close());
  return peer;
}

function ask(
  url: string,
  changes: Partial<HttpsRequest> = {},
  clock: Clock = systemClock,
): Promise<HttpsAnswer> {
  const resolver = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
  const https = createHttps({ dialer: createDialer({ clock: systemClock, resolver }), clock });
  return https.request({ method: 'POST', url, body: SECRET, egress: instanceEgress(), ca, ...changes });
}

/** The step and the code of a failure. */
function why(answer: HttpsAnswer): string {
  return answer.ok ? `answered ${String(answer.status)}` : `${answer.step} ${answer.failure.code}`;
}

test('a request and its answer, with the headers of both', async (t) => {
  const peer = await peerOf(t, (response) => {
    response.writeHead(400, { 'content-type': 'application/json', 'Retry-After': '7' });
    response.end('{"error":"invalid_grant"}');
  });
  const answer = await ask(`${peer.origin}/token?x=1`, { headers: { 'content-type': 'text/plain' } });
  assert.ok(answer.ok, why(answer));
  assert.equal(answer.status, 400);
  assert.equal(answer.headers['retry-after'], '7');
  assert.equal(answer.body.toString(), '{"error":"invalid_grant"}');
  assert.equal(answer.address, '127.0.0.1');
  const [heard] = peer.heard;
  assert.equal(heard?.method, 'POST');
  assert.equal(heard.path, '/token?x=1');
  assert.equal(heard.body, SECRET);
  assert.equal(heard.headers.host, `localhost:${String(peer.port)}`);
  assert.equal(heard.headers['accept-encoding'], 'identity');
});

test('S6: no redirect is followed, and a second host sees nothing', async (t) => {
  const second = await peerOf(t, (response) => response.end('{}'));
  for (const status of [301, 302, 303, 307, 308]) {
    const peer = await peerOf(t, (response) => {
      response.writeHead(status, { location: `${second.origin}/token` });
      response.end();
    });
    const answer = await ask(`${peer.origin}/token`);
    assert.equal(why(answer), 'http HTTP_REDIRECT', String(status));
    assert.ok(!answer.ok && answer.failure.message.includes(`localhost:${String(second.port)}`));
    assert.equal(peer.heard.length, 1);
  }
  assert.equal(second.connections(), 0);
});

test('S6: only https is asked, and nothing is dialled for anything else', async () => {
  for (const url of [
    'http://127.0.0.1/',
    'ftp://127.0.0.1/',
    'https://me:pw@127.0.0.1/',
    'nonsense',
    'file:///etc/passwd',
  ]) {
    assert.equal(why(await ask(url)), 'http HTTPS_ONLY', url);
  }
});

test('S6: an answer that drips one octet a second ends at the deadline', async (t) => {
  const clock = createFakeClock();
  let begun = (): void => undefined;
  const dripping = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const peer = await peerOf(t, (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const drip = setInterval(() => {
      response.write(' ');
      begun();
    }, 5);
    response.on('close', () => {
      clearInterval(drip);
    });
  });
  const asked = ask(peer.origin, {}, clock);
  await dripping;
  clock.advance(10_000);
  const answer = await asked;
  assert.equal(why(answer), 'http HTTP_TIMEOUT');
  assert.ok(!answer.ok && answer.sent);
  assert.equal(clock.timers(), 0);
});

test('S6: of a large answer no more is read than was allowed', async (t) => {
  let written = 0;
  const peer = await peerOf(t, async (response) => {
    const part = Buffer.alloc(64 * 1024, 32);
    response.on('close', () => {
      written = Number.POSITIVE_INFINITY;
    });
    for (written = 0; written < 10_485_760; written += part.length) {
      if (!response.write(part)) await new Promise((resolve) => setImmediate(resolve));
    }
  });
  assert.equal(why(await ask(peer.origin)), 'http HTTP_TOO_LARGE');
  const exact = await peerOf(t, (response) => response.end(Buffer.alloc(100)));
  assert.equal(why(await ask(exact.origin, { bytesMax: 100 })), 'answered 200');
  assert.equal(why(await ask(exact.origin, { bytesMax: 99 })), 'http HTTP_TOO_LARGE');
});

test('an answer that breaks off is no answer', async (t) => {
  const peer = await peerOf(t, (response, { path }) => {
    const { socket } = response;
    if (path === '/length') {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"access_token":', () => socket?.destroy());
    } else if (path === '/chunk') {
      response.write('{"access_token":', () => socket?.destroy());
    } else if (path === '/none') socket?.destroy();
    else if (path === '/smtp') socket?.end('220 mail.example.test ESMTP\r\n');
    else socket?.end(`HTTP/1.1 200 OK\r\nx-long: ${'x'.repeat(100_000)}\r\n\r\n`);
  });
  assert.equal(why(await ask(`${peer.origin}/length`)), 'http HTTP_TRUNCATED');
  assert.equal(why(await ask(`${peer.origin}/chunk`)), 'http HTTP_TRUNCATED');
  assert.equal(why(await ask(`${peer.origin}/none`)), 'http ECONNRESET');
  assert.equal(why(await ask(`${peer.origin}/smtp`)), 'http HTTP_MALFORMED');
  assert.equal(why(await ask(`${peer.origin}/headers`)), 'http HTTP_MALFORMED');
});

test('S1: the certificate must be for the name that was asked and from somebody trusted', async (t) => {
  const wrong = await peerOf(t, (response) => response.end('{}'), otherName);
  const answer = await ask(wrong.origin);
  assert.equal(why(answer), 'tls ERR_TLS_CERT_ALTNAME_INVALID');
  assert.ok(!answer.ok && !answer.sent);
  const unknown = await peerOf(t, (response) => response.end('{}'));
  const { ca: _, ...without } = { ca };
  const https = createHttps({ dialer: createDialer({ clock: systemClock }), clock: systemClock });
  const distrusted = await https.request({
    ...{ method: 'POST', url: unknown.origin, body: SECRET, egress: instanceEgress(), ...without },
  });
  assert.equal(why(distrusted), 'tls UNKNOWN_AUTHORITY');
  assert.equal(wrong.heard.length + unknown.heard.length, 0);
});

test('S3: a tenant reaches public addresses on 443 only', async (t) => {
  const peer = await peerOf(t, (response) => response.end('{}'));
  const egress = tenantEgress({ ports: [443] });
  assert.equal(why(await ask(peer.origin, { egress })), 'connect FORBIDDEN_PORT');
  assert.equal(why(await ask('https://token.example.test/', { egress })), 'connect PRIVATE_ADDRESS');
  assert.equal(why(await ask('https://2130706433/', { egress })), 'connect PRIVATE_ADDRESS');
  assert.equal(why(await ask('https://[::1]/', { egress })), 'connect PRIVATE_ADDRESS');
  assert.equal(peer.connections(), 0);
});

test('whoever asked can stop it', async (t) => {
  const stop = new AbortController();
  const peer = await peerOf(t, () => {
    stop.abort();
  });
  const answer = await ask(peer.origin, { signal: stop.signal });
  assert.equal(why(answer), 'http STOPPED');
  const late = await ask(peer.origin, { signal: stop.signal });
  assert.equal(why(late), 'http STOPPED');
  assert.equal(peer.heard.length, 1);
});

test('a header that would end the header is not sent', async (t) => {
  const peer = await peerOf(t, (response) => response.end('{}'));
  const answer = await ask(peer.origin, { headers: { authorization: 'Bearer a\r\nx: y' } });
  assert.equal(why(answer), 'http HTTP_BAD_REQUEST');
  assert.equal(peer.heard.length, 0);
});
