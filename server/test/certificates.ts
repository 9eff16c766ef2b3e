/**
 * Certificates for tests, made with the `openssl` program once per process and kept in memory only.
 * The key files live in a temporary folder for as long as `openssl` needs them.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface CertifiedKey {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

/** `cert` and `key` are a server's for `localhost`, `mail.example.test`, 127.0.0.1 and ::1, signed by `ca`. */
export interface Certificates extends CertifiedKey {
  /** PEM of the test root, which nobody trusts unless told so. */
  readonly ca: string;
  /** Like the server's, but it ended yesterday. */
  readonly expired: CertifiedKey;
  /** Signed by `ca`, for `other.example.test` and no address. */
  readonly otherName: CertifiedKey;
  /** Signed by `ca`, for 127.0.0.2 and 127.0.0.3: somebody else's server that is trusted as well. */
  readonly elsewhere: CertifiedKey;
  /** For `localhost`, signed by itself. */
  readonly selfSigned: CertifiedKey;
  /** Signed by `ca`, for `example.test` and `autoconfig.example.test`, as a domain that publishes its settings. */
  readonly publisher: CertifiedKey;
  /** For TLS client authentication, signed by `ca`. */
  readonly client: CertifiedKey;
}

let made: Certificates | undefined;

/** The same certificates on every call in one process. Throws if there is no `openssl` program. */
export function makeCertificates(): Certificates {
  made ??= make();
  return made;
}

const SERVER_NAMES = 'DNS:localhost,DNS:mail.example.test,IP:127.0.0.1,IP:::1';

function make(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-certificates-'));
  try {
    const ca = selfSigned(folder, 'ca', 'Test Root', ['basicConstraints=critical,CA:TRUE']);
    const server = signed(folder, 'server', 'localhost', [`subjectAltName=${SERVER_NAMES}`]);
    const expired = signed(folder, 'expired', 'localhost', [`subjectAltName=${SERVER_NAMES}`], -1);
    const otherName = signed(folder, 'other', 'other.example.test', [
      'subjectAltName=DNS:other.example.test',
    ]);
    const elsewhere = signed(folder, 'elsewhere', 'elsewhere', ['subjectAltName=IP:127.0.0.2,IP:127.0.0.3']);
    const alone = selfSigned(folder, 'alone', 'localhost', ['subjectAltName=DNS:localhost,IP:127.0.0.1']);
    const publisher = signed(folder, 'publisher', 'example.test', [
      'subjectAltName=DNS:example.test,DNS:autoconfig.example.test',
    ]);
    const client = signed(folder, 'client', 'test-client', ['extendedKeyUsage=clientAuth']);
    return { ...server, ca: ca.cert, expired, otherName, elsewhere, selfSigned: alone, publisher, client };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function selfSigned(
  folder: string,
  name: string,
  subject: string,
  extensions: readonly string[],
): CertifiedKey {
  const added = extensions.flatMap((extension) => ['-addext', extension]);
  openssl(folder, [
    'req',
    '-x509',
    ...newKey(name),
    '-subj',
    `/CN=${subject}`,
    '-days',
    '30',
    '-out',
    `${name}.pem`,
    ...added,
  ]);
  return read(folder, name);
}

function signed(
  folder: string,
  name: string,
  subject: string,
  extensions: readonly string[],
  days = 30,
): CertifiedKey {
  openssl(folder, ['req', '-new', ...newKey(name), '-subj', `/CN=${subject}`, '-out', `${name}.csr`]);
  writeFileSync(join(folder, `${name}.ext`), extensions.join('\n'));
  const issuer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
  const request = ['-req', '-in', `${name}.csr`, '-extfile', `${name}.ext`, '-days', String(days)];
  openssl(folder, ['x509', ...request, ...issuer, '-out', `${name}.pem`]);
  return read(folder, name);
}

function newKey(name: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`];
}

function openssl(folder: string, args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe', timeout: 20_000 });
}

function read(folder: string, name: string): CertifiedKey {
  const text = (file: string): string => readFileSync(join(folder, file), 'utf8');
  return { cert: text(`${name}.pem`), key: text(`${name}.key`) };
}
