/** Certificates that mean harm: read, refused or shown, they never throw, and what is kept of them is bounded and clean. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createServer } from 'node:tls';
import { makeCertificates, type CertifiedKey } from '../../test/certificates.ts';
import { systemClock } from '../base/clock.ts';
import { startTls, type TlsStarted, type TlsRefused } from './start-tls.ts';

/** What a client that looks closely makes of a server with this certificate. */
async function look(
  t: TestContext,
  { cert, key }: CertifiedKey,
  verify: boolean,
): Promise<TlsStarted | TlsRefused> {
  const server = createServer({ cert, key });
  server.on('tlsClientError', () => undefined);
  server.on('secureConnection', (guest) => guest.on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  const tls = { minVersion: 'TLSv1.2', verify } as const;
  const result = await startTls(socket, {
    ...{ host: 'localhost', tls, timeoutMs: 10_000, clock: systemClock },
    details: true,
  });
  if (result.ok) result.socket.destroy();
  return result;
}

/** The certificate with octets of its dates replaced; its signature no longer holds, which nobody gets to look at. */
function patched({ cert, key }: CertifiedKey, which: 0 | 1, date: string): CertifiedKey {
  const der = Buffer.from(cert.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const at = [...der.toString('latin1').matchAll(/\d{12}Z/g)][which]?.index ?? 0;
  der.write(date, at, 'latin1');
  return { key, cert: `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n` };
}

test('dates that are none do not break whoever reads them', async (t) => {
  const { selfSigned } = makeCertificates();
  for (const date of ['499901000000Z', 'xxxxxxxxxxxxZ', '\0'.repeat(13)]) {
    for (const which of [0, 1] as const) {
      const strict = await look(t, patched(selfSigned, which, date), true);
      assert.ok(!strict.ok && strict.failure.kind === 'tls');
      const lax = await look(t, patched(selfSigned, which, date), false);
      assert.ok(lax.ok && !lax.facts.verified);
      const { validTo, details } = lax.facts;
      const times = [validTo, ...(details?.chain ?? []).flatMap((one) => [one.validFrom, one.validTo])];
      for (const time of times) assert.ok(Number.isFinite(time));
    }
  }
});

test('W7: names that paint, forge or go on for ever are kept clean and short', async (t) => {
  const many = Array.from({ length: 2000 }, (_, index) => `DNS:host-${String(index)}.example.com`);
  const cases = [
    {
      subject: '/CN=\x1b[2J\x07owned\nO=forged, CN=fake/O=a\u202Etxt.exe',
      names: ['DNS:a\x1b[2J.test', 'DNS:b'],
    },
    { subject: '/CN="quoted", CN=second', names: ['DNS:"x\\, DNS:evil.test"'] },
    { subject: `/CN=${'n'.repeat(64)}`, names: many },
  ];
  for (const { subject, names } of cases) {
    const result = await look(t, craft(subject, names), false);
    assert.ok(result.ok);
    const { details } = result.facts;
    assert.ok(details !== undefined && details.altNames.length <= 100);
    const texts = [result.facts.subject, result.facts.issuer, ...details.altNames];
    for (const text of texts) {
      assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
      assert.ok(text.length <= 501);
    }
  }
});

test('a certificate of a hundred kilobytes is refused by the handshake', async (t) => {
  const names = Array.from({ length: 7000 }, (_, index) => `DNS:host-${String(index)}.example.com`);
  const result = await look(t, craft('/CN=large', names), false);
  assert.equal(!result.ok && result.failure.code, 'ERR_SSL_EXCESSIVE_MESSAGE_SIZE');
});

function craft(subject: string, names: readonly string[]): CertifiedKey {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-hostile-'));
  const file = (name: string): string => join(folder, name);
  try {
    const config = `[req]\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\n[ext]\nsubjectAltName=${names.join(',')}\n`;
    writeFileSync(file('config'), config);
    const key = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      file('key'),
    ];
    const about = ['-utf8', '-subj', subject, '-days', '2', '-config', file('config'), '-out', file('cert')];
    execFileSync('openssl', ['req', '-x509', ...key, ...about], { stdio: 'pipe', timeout: 20_000 });
    return { cert: readFileSync(file('cert'), 'utf8'), key: readFileSync(file('key'), 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
