/**
 * Certificates with one thing wrong each, made by `openssl ca`, which alone lets both dates be chosen.
 * Next: postfix.ts
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '../child.ts';

export interface CertifiedKey {
  /** PEM files; `cert` holds the chain that the server sends. */
  readonly cert: string;
  readonly key: string;
}

export interface OddCertificates {
  /** PEM text of the authority that signed all but `selfSigned`. */
  readonly ca: string;
  readonly good: CertifiedKey;
  readonly selfSigned: CertifiedKey;
  readonly expired: CertifiedKey;
  readonly notYetValid: CertifiedKey;
  readonly otherName: CertifiedKey;
  /** By an authority between, as all public ones are, whose own certificate the server does not send. */
  readonly chainIncomplete: CertifiedKey;
  /** Right, and sent with the authority that signed it, as an internal authority's servers often do. */
  readonly withRoot: CertifiedKey;
  /** For TLS client authentication, by an authority that no server knows: PEM text for the settings. */
  readonly client: { readonly clientCert: string; readonly clientKey: string };
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256'];
const NAMES = 'DNS:localhost,DNS:mail.posthorn.test,IP:127.0.0.1';
const OTHER = 'DNS:mail.other.test,DNS:other.test';
/** UTCTime, RFC 5280 §4.1.2.5.1: two digits of the year. */
const PAST = ['-startdate', '200101000000Z', '-enddate', '200201000000Z'];
const NOW = ['-startdate', '200101000000Z', '-enddate', '490101000000Z'];
const FUTURE = ['-startdate', '480101000000Z', '-enddate', '490101000000Z'];

/** Makes all of them in `folder`, a new one. */
export async function makeOddCertificates(folder: string): Promise<OddCertificates> {
  await mkdir(folder);
  await writeFile(join(folder, 'index'), '');
  await writeFile(join(folder, 'openssl.cnf'), config(folder));
  const file = (name: string): string => join(folder, name);
  const self = (name: string, subject: string, ...extensions: string[]): Promise<string> =>
    must('openssl', [
      ...['req', '-x509', ...EC, '-subj', `/CN=${subject}`, '-days', '2'],
      ...extensions.flatMap((extension) => ['-addext', extension]),
      ...['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)],
    ]);
  const signed = async (
    name: string,
    options: { subject?: string; dates?: string[]; kind?: string; by?: string; names?: string } = {},
  ): Promise<CertifiedKey> => {
    const request = ['req', '-new', ...EC, '-subj', `/CN=${options.subject ?? 'localhost'}`];
    await must('openssl', [...request, '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`)]);
    const by = options.by ?? 'ca';
    await must(
      'openssl',
      [
        ...['ca', '-batch', '-notext', '-config', file('openssl.cnf')],
        ...['-cert', file(`${by}.pem`), '-keyfile', file(`${by}.key`), ...(options.dates ?? NOW)],
        ...['-extensions', options.kind ?? 'server', '-in', file(`${name}.csr`), '-out', file(`${name}.pem`)],
      ],
      { env: { ...process.env, NAMES: options.names ?? NAMES } },
    );
    return { cert: file(`${name}.pem`), key: file(`${name}.key`) };
  };

  const isCa = 'basicConstraints=critical,CA:TRUE';
  await self('ca', 'Posthorn test authority', isCa);
  await self('stranger', 'An authority nobody knows', isCa);
  await self('alone', 'localhost', `subjectAltName=${NAMES}`);
  // `openssl ca` keeps its list in one file, so these go one after the other.
  await signed('between', { subject: 'An authority between', kind: 'authority' });
  const good = await signed('good');
  const expired = await signed('expired', { dates: PAST });
  const notYetValid = await signed('future', { dates: FUTURE });
  const otherName = await signed('other', { subject: 'mail.other.test', names: OTHER });
  const chainIncomplete = await signed('short', { by: 'between', kind: 'public' });
  const stranger = await signed('client', { subject: 'a client', by: 'stranger', kind: 'client' });
  const ca = await readFile(file('ca.pem'), 'utf8');
  const withRoot = { cert: file('with-root.pem'), key: good.key };
  await writeFile(withRoot.cert, `${await readFile(good.cert, 'utf8')}${ca}`);
  const client = {
    clientCert: await readFile(stranger.cert, 'utf8'),
    clientKey: await readFile(stranger.key, 'utf8'),
  };
  const selfSigned = { cert: file('alone.pem'), key: file('alone.key') };
  return { ca, good, selfSigned, expired, notYetValid, otherName, chainIncomplete, withRoot, client };
}

function config(folder: string): string {
  return `
[ca]
default_ca = here
[here]
rand_serial = yes
database = ${join(folder, 'index')}
new_certs_dir = ${folder}
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[server]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = $ENV::NAMES
[public]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = $ENV::NAMES
authorityInfoAccess = caIssuers;URI:http://ca.posthorn.test/between.crt
[authority]
basicConstraints = critical,CA:TRUE
[client]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = clientAuth
`;
}
