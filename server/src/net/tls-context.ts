/**
 * Key material and trust of a TLS client, made ready once per set of options: reading the trusted roots takes
 * milliseconds of CPU, too much to spend at every connection.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { LRUCache } from 'lru-cache';
import { peerText } from '../base/log.ts';
import type { Failure } from '../mail/mail.ts';

export interface TlsOptions {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** `false` accepts any certificate; sign-in is then refused unless the connection allows plaintext sign-in. */
  readonly verify: boolean;
  /** SHA-256 of the one certificate to trust, hex; then `verify` and `ca` decide nothing. */
  readonly pin?: string;
  /** PEM certificates trusted besides the system's. */
  readonly ca?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
  /** Name for SNI and the certificate's identity, when it is not the host. */
  readonly serverName?: string;
}

type Ready =
  { readonly ok: true; readonly value: SecureContext } | { readonly ok: false; readonly failure: Failure };

/** Holds no decision, only work done: the key is a digest of everything that went in. */
const ready = new LRUCache<string, SecureContext>({ max: 200 });

/** The context for these options, or which of the PEM texts cannot be used. */
export function secureContext(options: TlsOptions): Ready {
  const parts = [options.minVersion, options.ca, options.clientCert, options.clientKey];
  const key = createHash('sha256').update(JSON.stringify(parts)).digest('base64');
  const known = ready.get(key);
  if (known) return { ok: true, value: known };
  const made = makeContext(options);
  if (made.ok) ready.set(key, made.value);
  return made;
}

function makeContext(options: TlsOptions): Ready {
  const ca = options.ca === undefined ? [] : certificatesIn(options.ca);
  if (ca === undefined) return unusable('BAD_CA', 'The CA certificate is not a PEM certificate.');
  try {
    const value = createSecureContext({
      minVersion: options.minVersion,
      // Naming a list replaces the default roots, so they go in again. A certificate that was added is trusted as it is,
      // whether it is a root, an intermediate or the server's own.
      ...(ca.length > 0 && { ca: [...getCACertificates('default'), ...ca], allowPartialTrustChain: true }),
      ...(options.clientCert !== undefined && { cert: options.clientCert }),
      ...(options.clientKey !== undefined && { key: options.clientKey }),
    });
    return { ok: true, value };
  } catch (error) {
    // OpenSSL names no option, but with the CA read already only the client's own pair is left.
    const detail = error instanceof Error ? peerText(error.message) : '';
    return unusable('BAD_CLIENT_CERTIFICATE', `The client certificate and key cannot be used: ${detail}`);
  }
}

/** The PEM certificates in `text`; `undefined` if there is none or one cannot be read. Node would skip those silently. */
export function certificatesIn(text: string): string[] | undefined {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return undefined;
  return blocks.every(isCertificate) ? [...blocks] : undefined;
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}

function unusable(code: string, message: string): Ready {
  return { ok: false, failure: { kind: 'tls', code, message } };
}
