/**
 * Everything about a peer's certificate that helps a person to judge it: the chain, names, dates, and who vouches.
 * Collected only for somebody who looks (a connection test); delivery needs none of it.
 * Next: start-tls.ts
 */
import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { peerText } from '../base/log.ts';
import type { Host } from './host.ts';
import { certificatesIn } from './tls-context.ts';

export interface CertificateFacts {
  /** Distinguished names, most specific part first: `CN=mail.example, O=Example`. */
  readonly subject: string;
  readonly issuer: string;
  /** Epoch ms. */
  readonly validFrom: number;
  readonly validTo: number;
  /** SHA-256, hex with colons. */
  readonly fingerprint: string;
}

export interface TlsDetails {
  /** The server's own certificate first; at most 8. */
  readonly chain: readonly CertificateFacts[];
  /** The names that the server's certificate is for, as it writes them; at most 100. */
  readonly altNames: readonly string[];
  /** The name or address that the certificate had to be for. */
  readonly name: string;
  readonly nameMatches: boolean;
  /** Whose word made the certificate trusted; `none`: nobody's. */
  readonly trust: 'system' | 'own-ca' | 'none';
}

const CHAIN_MAX = 8;
const NAMES_MAX = 100;

/** The details of what `tls` was shown. `name` is who the peer had to be; `ca` what is trusted besides the system. */
export function detailsOf(tls: TLSSocket, peer: Host, name: string, ca: string | undefined): TlsDetails {
  const chain = chainOf(tls.getPeerCertificate(true));
  const [own] = chain;
  const matched = peer.kind === 'name' ? own?.checkHost(name) : own?.checkIP(name);
  const named = new Set(
    (certificatesIn(ca ?? '') ?? []).map((pem) => new X509Certificate(pem).fingerprint256),
  );
  const viaOwn = chain.some((certificate) => named.has(certificate.fingerprint256));
  return {
    chain: chain.map(certificateFacts),
    altNames: namesOf(own),
    name,
    nameMatches: matched !== undefined,
    trust: !tls.authorized ? 'none' : viaOwn ? 'own-ca' : 'system',
  };
}

/** A root names itself as its issuer, which ends the chain. */
function chainOf(peer: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = peer;
  while (next?.raw !== undefined && chain.length < CHAIN_MAX) {
    const certificate = new X509Certificate(next.raw);
    if (chain.some((before) => before.fingerprint256 === certificate.fingerprint256)) break;
    chain.push(certificate);
    next = next.issuerCertificate;
  }
  return chain;
}

/**
 * Whether the last certificate that was sent says where its issuer's is found (RFC 5280 §4.2.2.1): then there is one
 * between it and the root, as with all public authorities, and the server forgot to send it.
 */
export function namesItsIssuer(tls: TLSSocket): boolean {
  const last = chainOf(tls.getPeerCertificate(true)).at(-1);
  return last?.infoAccess?.includes('CA Issuers - URI:') === true;
}

export function certificateFacts(certificate: X509Certificate): CertificateFacts {
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    validFrom: timeOf(certificate.validFromDate),
    validTo: timeOf(certificate.validToDate),
    fingerprint: certificate.fingerprint256,
  };
}

/** What is no date at all counts as long past. */
function timeOf(date: Date): number {
  const time = date.getTime();
  return Number.isNaN(time) ? 0 : time;
}

/** `DNS:a.example, DNS:b.example, IP Address:192.0.2.1` as a list without the kinds. */
function namesOf(certificate: X509Certificate | undefined): string[] {
  const names = (certificate?.subjectAltName ?? '').split(', ').filter((name) => name !== '');
  return names.slice(0, NAMES_MAX).map((name) => peerText(name.replace(/^(?:DNS|IP Address|IP):/, '')));
}

/** A distinguished name, most specific part first: `CN=mail.example, O=Example`. */
function oneLine(distinguishedName: string | undefined): string {
  return peerText((distinguishedName ?? '').split('\n').reverse().join(', '));
}
