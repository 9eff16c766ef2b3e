/**
 * Failures without a reply: names, connections, TLS, deadlines, missing capabilities, and our own reasons to stop.
 * Before the dot they are all temporary for the message (RFC 5321 §4.2.5 treats a lost connection like 451).
 * Next: rules-sign-in.ts
 */
import type { FailureMatch, Finding, Rule } from './rule.ts';
import type { ErrorId } from './error-catalogue.ts';
import type { Category, Scope } from './outcome.ts';
import { badMessage, CONTENT, hold } from './rule.ts';

function later(errorId: ErrorId, category: Category, scope: Scope = 'connection'): Finding {
  return { errorId, outcome: 'deferred', category, scope, confidence: 'certain' };
}

function tls(errorId: ErrorId, match: Omit<FailureMatch, 'kinds'>): Rule {
  return { ...hold(errorId, 'tls'), failure: { kinds: ['tls'], ...match } };
}

const NAMES_AND_ROUTES: readonly Rule[] = [
  {
    ...hold('dns.not_found', 'dns'),
    failure: { kinds: ['dns'], codes: ['ENOTFOUND', 'ENODATA', 'NXDOMAIN'] },
  },
  { ...later('dns.temporary', 'dns'), failure: { kinds: ['dns'] } },
  { ...later('dns.temporary', 'dns'), failure: { kinds: ['timeout'], phases: ['dns'] } },
  { ...hold('tcp.private_blocked', 'configuration'), failure: { kinds: ['egress'] } },
  { ...later('dns.only_ipv6', 'network'), failure: { kinds: ['tcp'], codes: ['ONLY_IPV6'] } },
  { ...later('tcp.refused', 'network'), failure: { kinds: ['tcp'], codes: ['ECONNREFUSED'] } },
  {
    ...later('tcp.unreachable', 'network'),
    failure: { kinds: ['tcp'], codes: ['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'] },
  },
  { ...later('tcp.timeout', 'network'), failure: { kinds: ['tcp'], codes: ['ETIMEDOUT'] } },
  {
    ...later('tcp.reset', 'network'),
    failure: { kinds: ['tcp'], codes: ['ECONNRESET', 'EPIPE', 'ECONNABORTED'] },
  },
  { ...later('tcp.failed', 'network'), failure: { kinds: ['tcp'] } },
];

const TLS: readonly Rule[] = [
  tls('tls.pin_mismatch', { codes: ['PIN_MISMATCH'] }),
  tls('tls.expired', { codes: ['CERT_HAS_EXPIRED'] }),
  tls('tls.not_yet_valid', { codes: ['CERT_NOT_YET_VALID'] }),
  tls('tls.revoked', { codes: ['CERT_REVOKED'] }),
  tls('tls.name_mismatch', { codes: ['ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH'] }),
  tls('tls.self_signed', {
    codes: ['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNKNOWN_AUTHORITY'],
  }),
  tls('tls.chain_incomplete', {
    codes: [
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT',
    ],
  }),
  tls('tls.plain_on_tls', {
    text: /WRONG_VERSION_NUMBER|wrong version number|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|NOT_TLS/,
  }),
  tls('tls.protocol_old', {
    text: /UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|VERSION_TOO_LOW|unsupported protocol/,
  }),
  tls('tls.dh_small', { text: /DH_KEY_TOO_SMALL|dh key too small/ }),
  tls('tls.client_certificate', {
    text: /BAD_CLIENT_CERTIFICATE|CERTIFICATE_REQUIRED|ALERT_(?:BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_\w{1,10}|UNSUPPORTED_CERTIFICATE)/,
  }),
  tls('tls.untrusted', {
    text: /CERT|BAD_CA|INVALID_(?:CA|PURPOSE)|PATH_LENGTH|\bCRL|KEY_TOO_SMALL|MD_TOO_WEAK|certificate/,
  }),
  tls('tls.handshake', {}),
];

const CONVERSATION: readonly Rule[] = [
  // RFC 8446 §4.4.2.4: in TLS 1.3 the server looks at our certificate when for us the handshake is over.
  {
    ...hold('tls.client_certificate', 'tls'),
    failure: { kinds: ['dropped'], text: /ALERT_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA)/ },
  },
  { ...later('tcp.timeout', 'network'), failure: { kinds: ['timeout'], phases: ['settings', 'connect'] } },
  { ...later('smtp.no_greeting', 'network'), failure: { kinds: ['timeout'], phases: ['greeting'] } },
  {
    ...later('smtp.dropped_in_data', 'network', 'message'),
    failure: { kinds: ['timeout', 'dropped'], phases: CONTENT },
  },
  { ...later('smtp.timeout', 'network'), failure: { kinds: ['timeout'] } },
  {
    ...later('tcp.reset', 'network'),
    failure: { kinds: ['dropped'], phases: ['settings', 'connect', 'greeting'] },
  },
  { ...later('smtp.dropped', 'network'), failure: { kinds: ['dropped'] } },
  { ...later('smtp.not_smtp', 'protocol'), failure: { kinds: ['protocol'], phases: ['greeting'] } },
  { ...later('smtp.bad_protocol', 'protocol'), failure: { kinds: ['protocol'] } },
];

const CAPABILITIES: readonly Rule[] = [
  { ...badMessage('smtp.too_big', 'size'), failure: { kinds: ['capability'], codes: ['SIZE_EXCEEDED'] } },
  {
    ...badMessage('smtp.utf8_unsupported', 'protocol'),
    failure: { kinds: ['capability'], codes: ['SMTPUTF8_MISSING'] },
  },
  {
    ...badMessage('smtp.eight_bit_unsupported', 'protocol'),
    failure: { kinds: ['capability'], codes: ['EIGHT_BIT_MISSING'] },
  },
  { ...hold('tls.starttls_missing', 'tls'), failure: { kinds: ['capability'], codes: ['STARTTLS_MISSING'] } },
  {
    ...hold('auth.needs_encryption', 'tls'),
    failure: { kinds: ['capability'], codes: ['AUTH_NEEDS_ENCRYPTION'] },
  },
  {
    ...hold('auth.not_offered', 'configuration'),
    failure: { kinds: ['capability'], codes: ['AUTH_NOT_OFFERED'] },
  },
  {
    ...hold('auth.no_common_mechanism', 'configuration'),
    failure: { kinds: ['capability'], codes: ['AUTH_NO_COMMON_MECHANISM'] },
  },
  {
    ...hold('auth.bad_credentials', 'authentication'),
    failure: { kinds: ['capability'], codes: ['AUTH_CREDENTIALS_INVALID'] },
  },
  {
    ...hold('smtp.helo_rejected', 'configuration'),
    failure: { kinds: ['capability'], codes: ['EHLO_NAME_INVALID'] },
  },
  {
    ...hold('auth.secret_missing', 'configuration'),
    failure: { kinds: ['capability'], codes: ['SECRET_MISSING'] },
  },
  // A capability nobody has named yet: the connection lacks it, which is no proof against the message.
  { ...later('smtp.bad_protocol', 'protocol'), failure: { kinds: ['capability'] } },
];

const OURS: readonly Rule[] = [
  { ...later('internal.lease', 'network', 'message'), failure: { kinds: ['lease'] } },
  { ...later('internal.stopped', 'network', 'message'), failure: { kinds: ['stopped'] } },
];

export const NETWORK_RULES: readonly Rule[] = [
  ...NAMES_AND_ROUTES,
  ...TLS,
  ...CONVERSATION,
  ...CAPABILITIES,
  ...OURS,
];
