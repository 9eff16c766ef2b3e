/**
 * Certificates for a test's server, made by openssl: an authority, and a certificate that it signed.
 */
import { join } from 'node:path';
import { must } from './child.ts';

export interface Certificates {
  /** PEM files. `ca` is what a client has to trust. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Makes both in `folder`, valid for `names` (DNS names) and 127.0.0.1. */
export async function makeCertificates(folder: string, names: readonly string[]): Promise<Certificates> {
  const file = (name: string): string => join(folder, name);
  const curve = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-sha256',
    '-days',
    '2',
  ];
  const subjectAltName = [...names.map((name) => `DNS:${name}`), 'IP:127.0.0.1'].join(',');
  const authority = [
    '-subj',
    '/CN=Posthorn test authority',
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
  ];
  await must('openssl', ['req', '-x509', ...curve, ...authority]);
  await must('openssl', [
    ...['req', '-x509', '-CA', file('ca.pem'), '-CAkey', file('ca.key'), ...curve],
    ...['-subj', `/CN=${names[0] ?? 'localhost'}`, '-addext', `subjectAltName=${subjectAltName}`],
    ...['-addext', 'basicConstraints=critical,CA:FALSE', '-addext', 'extendedKeyUsage=serverAuth'],
    ...['-keyout', file('server.key'), '-out', file('server.pem')],
  ]);
  return { ca: file('ca.pem'), cert: file('server.pem'), key: file('server.key') };
}
