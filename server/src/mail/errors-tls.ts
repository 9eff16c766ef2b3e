/**
 * Encryption and certificates. Next: errors-sign-in.ts
 */
import { ask, change, copy, probe, say, type ErrorEntry, type Fix } from './error-entry.ts';

const STARTTLS_587: Fix = change(
  'On ports 25, 587 and 2525 TLS starts with STARTTLS.',
  'Use STARTTLS (587)',
  {
    security: 'starttls',
    port: 587,
  },
);
const IMPLICIT_465: Fix = change(
  'Or use the port on which TLS starts on connect.',
  'Use TLS on connect (465)',
  {
    security: 'implicit',
    port: 465,
  },
);
const OWN_CA: Fix = ask(
  'If your own authority issued it, trust that authority.',
  'Add a CA certificate',
  'ca',
);
const PIN: Fix = ask(
  'If it is this one server, compare the fingerprint with its owner and trust exactly this certificate.',
  'Trust this certificate',
  'pin',
);

const AGREEMENT = {
  'tls.plain_on_tls': {
    title: 'The port[ {port}] starts in plain text, but TLS was expected at once.',
    short: 'TLS on a plain port',
    cause: 'The first octets of the server were no TLS. On this port encryption starts later, with STARTTLS.',
    fixes: [STARTTLS_587, IMPLICIT_465],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'tls.starttls_missing': {
    title: 'The server offers no encryption on this port.',
    short: 'no STARTTLS offered',
    cause:
      'STARTTLS is not among its offers. Or something on the way takes the offer out: some firewalls do so, a banner of asterisks gives them away.',
    fixes: [
      probe('Look for a port with encryption, such as 465.'),
      say('Switch off SMTP inspection in firewalls on the way.'),
      change('Only inside of your own network: encrypt when it is offered.', 'Use STARTTLS when available', {
        security: 'starttls-when-available',
      }),
    ],
    who: 'server_owner',
    retry: 'hold',
    scope: 'connection',
  },
  'tls.must_starttls': {
    title: 'The server insists on encryption first.',
    short: 'encryption required',
    cause: 'It takes neither a sign-in nor mail before STARTTLS.',
    fixes: [change('Require STARTTLS.', 'Use STARTTLS', { security: 'starttls' })],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
    docs: ['gmailErrors'],
  },
  'tls.unavailable': {
    title: 'The server cannot do TLS right now.',
    short: 'TLS not available now',
    cause: 'It offers STARTTLS and then says that it cannot for the moment.',
    fixes: [
      say('Nothing. Posthorn tries again.'),
      say('If it stays, the owner of the server checks its certificate and key.'),
    ],
    who: 'server_owner',
    retry: 'retry',
    scope: 'connection',
  },
  'tls.handshake': {
    title: 'No encrypted connection could be agreed on with the server.',
    short: 'TLS handshake failed',
    cause: 'There is no method that both sides accept. The server is very old, very strict, or broken.',
    fixes: [
      say('The owner of the server updates it.'),
      change('If TLS 1.3 is required in these settings, allow 1.2.', 'Allow TLS 1.2', { minTls: '1.2' }),
    ],
    who: 'server_owner',
    retry: 'hold',
    scope: 'connection',
  },
  'tls.protocol_old': {
    title: 'The server speaks only a TLS version that is too old.',
    short: 'TLS version too old',
    cause: 'It speaks {found|an older version}, and at least TLS {wanted|1.2} is needed.',
    fixes: [
      say('The owner of the server updates it.'),
      change('If TLS 1.3 is required in these settings, allow 1.2.', 'Allow TLS 1.2', { minTls: '1.2' }),
    ],
    who: 'server_owner',
    retry: 'hold',
    scope: 'connection',
  },
  'tls.client_too_old': {
    title: 'The server saw a TLS version that is too old.',
    short: 'our TLS seen as too old',
    cause: 'Posthorn speaks TLS 1.2 and 1.3. A proxy or an inspecting device on the way probably lowered it.',
    fixes: [say('Check proxies and TLS inspection between here and {host|the server}.')],
    who: 'network',
    retry: 'hold',
    scope: 'connection',
    docs: ['smtpAuth'],
  },
  'tls.dh_small': {
    title: 'The key exchange of the server is too weak to be safe.',
    short: 'weak key exchange',
    cause: 'Its Diffie-Hellman parameters are too small.',
    fixes: [
      copy(
        'The owner of the server makes new parameters.',
        'Copy request',
        'Hello, {host|your mail server} uses Diffie-Hellman parameters that are too small. Please use 2048 bits or more, or ECDHE.',
      ),
    ],
    who: 'server_owner',
    retry: 'hold',
    scope: 'connection',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

const CERTIFICATES = {
  'tls.self_signed': {
    title: 'The certificate comes from the server itself or from an unknown authority.',
    short: 'certificate not trusted',
    cause:
      'So nobody can know that it is the right server. Virus scanners and inspecting proxies cause this too; the issuer is {issuer}.',
    fixes: [OWN_CA, PIN, say('Check for a virus scanner or proxy that opens TLS.')],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'tls.chain_incomplete': {
    title: 'The server does not send its intermediate certificate.',
    short: 'certificate chain broken',
    cause: 'Browsers often hide this, mail programs do not.',
    fixes: [
      copy(
        'The owner of the server installs the full chain.',
        'Copy request',
        'Hello, {host|your mail server} sends its certificate without the intermediate certificate. Please configure the full chain (fullchain.pem).',
      ),
      ask('Until then trust the intermediate certificate here.', 'Add a CA certificate', 'ca'),
    ],
    who: 'server_owner',
    retry: 'hold',
    scope: 'connection',
  },
  'tls.name_mismatch': {
    title: 'The certificate is for another name.',
    short: 'certificate for another name',
    cause: 'The settings say {host|another host}, the certificate is valid for {names|other names}.',
    fixes: [
      change('Connect with a name that is in the certificate.', 'Use {bestName} as host', {
        host: '{bestName}',
      }),
      change('Behind a tunnel or an IP address: say which name is expected.', 'Expect {bestName}', {
        serverName: '{bestName}',
      }),
      ask('Compare the host with the names in the certificate.', 'Edit the host', 'host'),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'tls.expired': {
    title: 'The certificate of the server has expired.',
    short: 'certificate expired',
    cause: 'It ended on {date}. The clock here says {now}.',
    fixes: [
      copy(
        'The owner of the server renews it.',
        'Copy request',
        'Hello, the certificate of {host|your mail server} has expired. Please renew it and restart the mail service.',
      ),
      say('If the date is still ahead, check the clock of this machine.'),
    ],
    who: 'server_owner',
    retry: 'hold',
    scope: 'connection',
  },
  'tls.not_yet_valid': {
    title: 'The certificate of the server is not valid yet.',
    short: 'certificate not valid yet',
    cause: 'It starts on {date}. The clock here says {now}.',
    fixes: [say('Check the clock of this machine first.'), say('Else the owner of the server replaces it.')],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'tls.revoked': {
    title: 'The certificate of the server was withdrawn.',
    short: 'certificate withdrawn',
    cause: 'The authority that issued it says that it must no longer be trusted.',
    fixes: [say('The owner of the server replaces it. Do not go around this.')],
    who: 'server_owner',
    retry: 'hold',
    scope: 'connection',
  },
  'tls.untrusted': {
    title: 'The certificate of the server could not be verified.',
    short: 'certificate not verified',
    cause: 'The check ended with {reason}.',
    fixes: [OWN_CA, say('Else the owner of the server replaces it.')],
    who: 'server_owner',
    retry: 'hold',
    scope: 'connection',
  },
  'tls.pin_mismatch': {
    title: 'The server shows another certificate than the one that was trusted.',
    short: 'another certificate',
    cause:
      'The settings trust exactly one certificate. The server has a new one, or something else answered in its place.',
    fixes: [
      ask(
        'Compare the new fingerprint with the owner of the server, then trust it instead.',
        'Edit the trusted fingerprint',
        'pin',
      ),
      say('If the owner knows of no change, something on the way pretends to be the server.'),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'tls.client_certificate': {
    title: 'The client certificate was not accepted or cannot be used.',
    short: 'client certificate refused',
    cause: 'The server wants a certificate from us and did not take the one it got, or got none.',
    fixes: [
      say('Check that certificate and private key belong together and have not expired.'),
      say('Ask the owner of the server which authority must have issued it.'),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'tls.cert_expires_soon': {
    title: 'The certificate of {host|the server} ends soon.',
    short: 'certificate ends soon',
    cause: 'It ends in {days} days. Sending stops then, because a valid certificate is required.',
    fixes: [
      copy(
        'Ask the owner of the server to renew it.',
        'Copy request',
        'Hello, the certificate of {host|your mail server} ends soon. Please renew it in time.',
      ),
    ],
    who: 'server_owner',
    retry: 'none',
    scope: 'connection',
    made: 'diagnosis',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

export const TLS_ERRORS = { ...AGREEMENT, ...CERTIFICATES } as const;
