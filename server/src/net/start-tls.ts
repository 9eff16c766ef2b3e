/**
 * TLS on a stream that is already there: right after connecting (implicit TLS) or after STARTTLS.
 * Who the peer must be is the name that was asked for, never the address (RFC 9525). The deadline is absolute, however
 * slowly the peer's bytes drip in. Bytes that wait unread in the stream are read as TLS, so plaintext slipped in behind
 * a STARTTLS reply breaks the handshake and never looks like the server's word.
 * Next: tls-context.ts
 */
import type { Duplex } from 'node:stream';
import type { X509Certificate } from 'node:crypto';
import { checkServerIdentity, connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { peerText } from '../base/log.ts';
import type { Failure } from '../mail/mail.ts';
import { certificateFacts, detailsOf, namesItsIssuer, type TlsDetails } from './certificate-details.ts';
import { parseHost, withoutFinalDot, type Host } from './host.ts';
import { secureContext, type TlsOptions } from './tls-context.ts';

export type { TlsDetails } from './certificate-details.ts';
export type { TlsOptions } from './tls-context.ts';

export interface TlsFacts {
  readonly protocol: string;
  readonly cipher: string;
  /** The chain led to a trusted authority and the name matched. */
  readonly verified: boolean;
  /** The certificate is the very one that the connection names; then chain, name and dates need not be right. */
  readonly pinned: boolean;
  readonly subject: string;
  readonly issuer: string;
  /** End of the certificate, epoch ms. */
  readonly validTo: number;
  /** SHA-256 of the certificate, hex with colons. */
  readonly fingerprint: string;
  /** Only when asked for. */
  readonly details?: TlsDetails;
}

export interface StartTlsOptions {
  /** The host that was asked for, as in `DialTarget`. */
  readonly host: string;
  readonly tls: TlsOptions;
  /** For the whole handshake, ms. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Also collect what only a person wants to know. */
  readonly details?: boolean;
}

export interface TlsStarted {
  readonly ok: true;
  /** Nobody listens to its `error` event yet. */
  readonly socket: Duplex;
  readonly facts: TlsFacts;
}

export interface TlsRefused {
  readonly ok: false;
  readonly failure: Failure;
  /** The certificate that was refused, when the handshake got that far. */
  readonly facts?: TlsFacts;
}

/**
 * Does the handshake as client. With `tls.pin` the certificate must be that one and nothing else is asked of it: the pin
 * takes the place of chain, name and dates, which `facts` still tell. Else with `tls.verify` any doubt about chain, dates or name ends it, code as Node names it
 * (`CERT_HAS_EXPIRED`, `ERR_TLS_CERT_ALTNAME_INVALID`); without, `facts.verified` tells. After a failure the stream is
 * destroyed. Never rejects.
 */
export function startTls(socket: Duplex, options: StartTlsOptions): Promise<TlsStarted | TlsRefused> {
  const peer = parseHost(options.tls.serverName ?? options.host);
  const context = secureContext(options.tls);
  if (peer === undefined || !context.ok) {
    socket.destroy();
    return Promise.resolve({ ok: false, failure: context.ok ? badName() : context.failure });
  }

  const name = peerName(peer);
  let nameError: Error | undefined;
  return new Promise((done) => {
    const tls = connect({
      socket,
      secureContext: context.value,
      servername: peer.kind === 'name' ? name : '', // RFC 6066 §3: SNI holds names only
      // Node goes on after a bad certificate, so that the refusal below can say what is wrong with it.
      rejectUnauthorized: false,
      checkServerIdentity: (_, certificate: PeerCertificate) =>
        (nameError = checkServerIdentity(name, certificate)),
    });

    const cancel = options.clock.after(options.timeoutMs, () => {
      const message = `The TLS handshake was not done within ${String(options.timeoutMs)} ms.`;
      refuse({ kind: 'timeout', code: 'TLS_TIMEOUT', message });
    });
    const settle = (result: TlsStarted | TlsRefused): void => {
      cancel();
      tls.off('error', onError).off('close', onClose).off('secureConnect', onSecure);
      done(result);
    };
    const refuse = (failure: Failure, facts?: TlsFacts): void => {
      settle({ ok: false, failure, ...(facts && { facts }) });
      tls.on('error', ignore); // what a destroyed stream still has to say is of no interest
      tls.destroy(); // and with it the stream below
    };
    const onError = (error: NodeJS.ErrnoException): void => refuse(handshakeFailure(error));
    const onClose = (): void => refuse(dropped('ECONNRESET'));
    const onSecure = (): void => {
      const certificate = tls.getPeerX509Certificate();
      if (certificate === undefined) return refuse(noCertificate());
      const { verify, pin } = options.tls;
      const seen = factsOf(tls, certificate, pin);
      const { details } = options;
      const facts =
        details === true ? { ...seen, details: detailsOf(tls, peer, name, options.tls.ca) } : seen;
      if (pin !== undefined && !facts.pinned) return refuse(notPinned(facts), facts);
      if (pin === undefined && verify && !facts.verified)
        return refuse(distrust(tls, facts, nameError), facts);
      settle({ ok: true, socket: tls, facts });
    };
    tls.on('error', onError).on('close', onClose).on('secureConnect', onSecure);
    socket.on('error', ignore); // the stream below reports to the one above
  });
}

/** For errors of a stream whose end is already told. */
function ignore(): void {
  return;
}

function peerName(peer: Host): string {
  return peer.kind === 'name' ? withoutFinalDot(peer.name) : peer.address;
}

function factsOf(tls: TLSSocket, certificate: X509Certificate, pin: string | undefined): TlsFacts {
  const { subject, issuer, validTo, fingerprint } = certificateFacts(certificate);
  return {
    protocol: tls.getProtocol() ?? 'unknown',
    cipher: tls.getCipher().name,
    verified: tls.authorized,
    pinned: pin !== undefined && plainHex(pin) === plainHex(fingerprint),
    subject,
    issuer,
    validTo,
    fingerprint,
  };
}

/** `AA:BB` and `aabb` are the same fingerprint. */
function plainHex(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}

function notPinned({ fingerprint, subject }: TlsFacts): Failure {
  const message = `The certificate is not the pinned one: ${subject}, SHA-256 ${fingerprint}.`;
  return { kind: 'tls', code: 'PIN_MISMATCH', message };
}

/** Why the certificate does not prove who the peer is. */
function distrust(tls: TLSSocket, facts: TlsFacts, nameError: Error | undefined): Failure {
  // Node puts a code here, though the types say Error.
  const reason: unknown = tls.authorizationError;
  const said = typeof reason === 'string' ? reason : 'CERT_UNTRUSTED';
  // OpenSSL calls both the same: an issuer that was not sent, and one that was not to be sent and nobody trusts.
  const code = ISSUER_UNKNOWN.has(said) && !namesItsIssuer(tls) ? 'UNKNOWN_AUTHORITY' : said;
  return { kind: 'tls', code, message: distrustMessage(code, facts, nameError) };
}

const ISSUER_UNKNOWN: ReadonlySet<string> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

function distrustMessage(code: string, facts: TlsFacts, nameError: Error | undefined): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return `The certificate ended on ${new Date(facts.validTo).toISOString()}.`;
    case 'CERT_NOT_YET_VALID':
      return 'The certificate is not valid yet by the clock of this machine.';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return `The server issued its certificate itself (${facts.subject}).`;
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `The server does not send the certificate of the authority that issued its own (${facts.issuer}).`;
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNKNOWN_AUTHORITY':
      return `The certificate comes from an authority that is not trusted here (${facts.issuer}).`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return peerText(`The certificate is for another name. ${nameError?.message ?? ''}`);
    default:
      return `The certificate is not trusted (${code}).`;
  }
}

const DROPPED: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

function handshakeFailure(error: NodeJS.ErrnoException): Failure {
  const code = error.code ?? 'TLS_FAILED';
  if (DROPPED.has(code)) return dropped(code);
  if (code === 'ETIMEDOUT')
    return { kind: 'timeout', code: 'TLS_TIMEOUT', message: 'The line went dead during the TLS handshake.' };
  return { kind: 'tls', code, message: `The TLS handshake failed: ${reasonOf(error)}.` };
}

/** What broke a stream, for a person: OpenSSL's reason (`tlsv1 alert protocol version`) without its file names and numbers. */
export function reasonOf(error: Error): string {
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
  return peerText(reason);
}

function dropped(code: string): Failure {
  return { kind: 'dropped', code, message: 'The server closed the line during the TLS handshake.' };
}

function noCertificate(): Failure {
  return { kind: 'tls', code: 'NO_CERTIFICATE', message: 'The server showed no certificate.' };
}

function badName(): Failure {
  return {
    kind: 'tls',
    code: 'BAD_SERVER_NAME',
    message: 'The server name for the certificate is not a host name.',
  };
}
