/**
 * Ways to go wrong before anybody signs in: names, ports, greetings, TLS. Next: ways-late.ts
 */
import type { Zone } from './names.ts';
import {
  startBanner,
  startExclusive,
  startFilteredPort,
  startLeaver,
  startListener,
  startWebServer,
} from './listeners.ts';
import { anonymous, answering, peer, signedIn, type Way } from './way.ts';

/** An address of this machine, for a listener on the port of SMTP. */
export const INSIDE = '127.88.77.66';

/** What the server under test finds in DNS; other names do not exist. */
export const NAMES: Readonly<Record<string, Zone>> = {
  'mail.posthorn.test': { a: '127.0.0.1' },
  'broken.posthorn.test': 'servfail',
  'empty.posthorn.test': {},
  // Something that listens inside, and nothing there.
  'inside.posthorn.test': { a: INSIDE },
  'nobody-inside.posthorn.test': { a: '127.88.77.65' },
  // Multicast, where TCP never has a way to: like IPv6 on a machine that has none.
  'six.posthorn.test': { aaaa: 'ff01:0:0:0:0:0:0:1' },
};

const SHORT = { connectMs: 1_500, greetingMs: 1_500, commandMs: 1_500, dataMs: 1_500 };

export const NAME_WAYS: readonly Way[] = [
  {
    way: 'the host name does not exist',
    on: 'nothing',
    names: true,
    settings: anonymous({ host: 'smtp.gmial.test', port: 587 }),
    stage: 'dns',
    id: 'dns.not_found',
  },
  {
    way: 'the host name exists and has no address',
    on: 'nothing',
    names: true,
    settings: anonymous({ host: 'empty.posthorn.test', port: 587 }),
    stage: 'dns',
    id: 'dns.not_found',
  },
  {
    way: 'the name server fails',
    on: 'nothing',
    names: true,
    settings: anonymous({ host: 'broken.posthorn.test', port: 587 }),
    stage: 'dns',
    id: 'dns.temporary',
  },
  {
    way: 'the server has only IPv6 addresses, and this machine has no way to them',
    on: 'nothing',
    names: true,
    settings: anonymous({ host: 'six.posthorn.test', port: 587 }),
    stage: 'connect',
    id: 'dns.only_ipv6',
  },
];

export const PORT_WAYS: readonly Way[] = [
  {
    way: 'nothing listens on the port',
    on: 'nothing',
    settings: anonymous(),
    stage: 'connect',
    id: 'tcp.refused',
  },
  {
    way: 'a firewall drops what is sent to the port',
    on: startFilteredPort,
    settings: anonymous({ timeouts: SHORT }),
    stage: 'connect',
    id: 'tcp.timeout',
  },
  {
    // The broadcast address of the loopback network: the kernel has no route for a connection there.
    way: 'no route leads to the server',
    on: 'nothing',
    settings: anonymous({ host: '127.255.255.255' }),
    stage: 'connect',
    id: 'tcp.unreachable',
  },
];

export const DOOR_WAYS: readonly Way[] = [
  {
    way: 'the server never greets',
    on: 'silent',
    settings: anonymous({ timeouts: SHORT }),
    stage: 'greeting',
    id: 'smtp.no_greeting',
  },
  {
    way: 'a web server is there',
    on: startWebServer,
    settings: anonymous({ timeouts: SHORT }),
    stage: 'greeting',
    id: 'smtp.no_greeting',
  },
  {
    way: 'a web server that speaks first',
    on: () => startBanner('HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>'),
    settings: anonymous(),
    stage: 'greeting',
    id: 'smtp.not_smtp',
  },
  {
    way: 'an SSH server',
    on: () => startBanner('SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n'),
    settings: anonymous(),
    stage: 'greeting',
    id: 'smtp.not_smtp',
  },
  {
    way: 'an IMAP server',
    on: () => startBanner('* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot ready.\r\n'),
    settings: anonymous(),
    stage: 'greeting',
    id: 'smtp.not_smtp',
  },
  {
    way: 'a POP3 server',
    on: () => startBanner('+OK Dovecot ready.\r\n'),
    settings: anonymous(),
    stage: 'greeting',
    id: 'smtp.not_smtp',
  },
  {
    way: 'a MySQL server',
    on: () => startBanner('J\0\0\0\n8.0.36\0\x0b\0\0\0'),
    settings: anonymous({ timeouts: SHORT }),
    stage: 'greeting',
    id: 'smtp.not_smtp',
  },
  {
    way: 'the server hangs up at once',
    on: () => startListener((socket) => socket.resume().end()),
    settings: anonymous(),
    stage: 'greeting',
    id: 'tcp.reset',
  },
  {
    way: 'the server hangs up after EHLO',
    on: () => startLeaver('EHLO'),
    settings: anonymous(),
    stage: 'ehlo',
    id: 'smtp.dropped',
  },
  {
    way: 'the server falls silent after EHLO',
    on: peer({ faults: [{ point: 'ehlo', fault: 'stall' }] }),
    settings: anonymous({ timeouts: SHORT }),
    stage: 'ehlo',
    id: 'smtp.timeout',
  },
  {
    way: 'the door is closed for this machine',
    on: 'doorClosed',
    settings: anonymous(),
    stage: 'greeting',
    id: 'smtp.rejected_at_door',
  },
  {
    way: 'the address of this machine is on a block list, said at the door',
    on: 'doorBlockList',
    settings: anonymous(),
    stage: 'greeting',
    id: 'policy.blocklisted',
  },
  {
    way: 'the server is busy and says so at the door',
    on: 'doorBusy',
    settings: anonymous(),
    stage: 'greeting',
    id: 'smtp.unavailable',
  },
  {
    way: 'the server speaks no mail but says so politely',
    on: answering('', '521 5.3.2 This host does not accept mail'),
    settings: anonymous(),
    stage: 'greeting',
    id: 'smtp.rejected_at_door',
  },
  {
    way: 'our name is refused at EHLO',
    on: 'heloRefused',
    settings: anonymous({ ehloName: 'appserver' }),
    stage: 'ehlo',
    id: 'smtp.helo_rejected',
  },
];

export const TLS_WAYS: readonly Way[] = [
  {
    way: 'STARTTLS on a port that begins with TLS (465)',
    on: 'implicit',
    settings: signedIn({ timeouts: SHORT }),
    stage: 'greeting',
    id: 'smtp.no_greeting',
  },
  {
    way: 'TLS at once on a port that begins in plain text (587)',
    on: 'submission',
    settings: signedIn({ security: 'implicit' }),
    stage: 'tls',
    id: 'tls.plain_on_tls',
  },
  {
    way: 'TLS at once to a web server without TLS',
    on: startWebServer,
    settings: signedIn({ security: 'implicit' }),
    stage: 'tls',
    id: 'tls.plain_on_tls',
  },
  {
    way: 'the certificate is self-signed',
    on: 'selfSigned',
    settings: signedIn(),
    stage: 'tls',
    id: 'tls.self_signed',
  },
  {
    way: 'the certificate comes from an internal authority nobody told us about',
    on: 'withRoot',
    settings: signedIn({ ca: undefined }),
    stage: 'tls',
    id: 'tls.self_signed',
  },
  {
    way: 'the certificate comes from an internal authority, and the server sends only its own',
    on: 'submission',
    settings: signedIn({ ca: undefined }),
    stage: 'tls',
    id: 'tls.self_signed',
  },
  {
    way: 'the certificate has expired',
    on: 'expired',
    settings: signedIn(),
    stage: 'tls',
    id: 'tls.expired',
  },
  {
    way: 'the certificate has expired, with TLS at once',
    on: 'implicitExpired',
    settings: signedIn({ security: 'implicit' }),
    stage: 'tls',
    id: 'tls.expired',
  },
  {
    way: 'the certificate is not valid yet',
    on: 'notYetValid',
    settings: signedIn(),
    stage: 'tls',
    id: 'tls.not_yet_valid',
  },
  {
    way: 'the certificate is for another name',
    on: 'otherName',
    settings: signedIn(),
    stage: 'tls',
    id: 'tls.name_mismatch',
  },
  {
    way: 'the server is asked for by a name that its certificate does not have',
    on: 'submission',
    settings: signedIn({ serverName: 'smtp.example.test' }),
    stage: 'tls',
    id: 'tls.name_mismatch',
  },
  {
    way: 'the server does not send its intermediate certificate',
    on: 'chainIncomplete',
    settings: signedIn(),
    stage: 'tls',
    id: 'tls.chain_incomplete',
  },
  {
    way: 'the server speaks TLS 1.0 only',
    on: 'tls10',
    settings: signedIn(),
    stage: 'tls',
    id: 'tls.protocol_old',
  },
  {
    way: 'the server speaks TLS 1.1 only',
    on: 'tls11',
    settings: signedIn(),
    stage: 'tls',
    id: 'tls.protocol_old',
  },
  {
    way: 'the server speaks TLS 1.2 only where 1.3 is asked for',
    on: 'tls12',
    settings: signedIn({ minTls: '1.3' }),
    stage: 'tls',
    id: 'tls.protocol_old',
  },
  {
    way: 'the server has no certificate at all',
    on: 'noCertificate',
    settings: anonymous({ security: 'starttls' }),
    stage: 'tls',
    id: 'tls.handshake',
  },
  {
    way: 'the server offers no STARTTLS',
    on: 'open',
    settings: signedIn(),
    stage: 'tls',
    id: 'tls.starttls_missing',
  },
  {
    way: 'the server lost its certificate file and refuses STARTTLS (454)',
    on: 'certificateLost',
    settings: signedIn(),
    stage: 'tls',
    id: 'tls.unavailable',
  },
  {
    way: 'the server hangs up at STARTTLS',
    on: peer({ faults: [{ point: 'starttls', fault: 'fin' }], tls: { cert: '', key: '' } }),
    settings: signedIn(),
    stage: 'tls',
    id: 'smtp.dropped',
  },
  {
    way: 'the server wants a certificate from us',
    on: 'asksClientCertificate',
    settings: signedIn(),
    stage: 'ehlo-tls',
    id: 'tls.client_certificate',
  },
  {
    way: 'the server does not trust the certificate that we show',
    on: 'asksClientCertificate',
    settings: (material) => ({ ...signedIn()(material), ...material.certificates.client }),
    stage: 'ehlo-tls',
    id: 'tls.client_certificate',
  },
  {
    way: 'the TLS library of the server wants a certificate from us',
    on: ({ good }) => startExclusive(good),
    settings: signedIn({ security: 'implicit' }),
    stage: 'greeting',
    id: 'tls.client_certificate',
  },
  {
    way: 'mail is wanted only after STARTTLS',
    on: 'mailOnlyAfterTls',
    settings: anonymous(),
    to: 'ana@inmail.test',
    stage: 'mail-from',
    id: 'tls.must_starttls',
  },
];
