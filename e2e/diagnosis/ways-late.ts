/**
 * Ways to go wrong from the sign-in on: credentials, senders, recipients, limits, content.
 */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { anonymous, answering, peer, signedIn, TO, type Way } from './way.ts';

export const SIGN_IN_WAYS: readonly Way[] = [
  {
    way: 'the password is wrong',
    on: 'submission',
    settings: signedIn({ password: 'not the password' }),
    stage: 'auth',
    id: 'auth.bad_credentials',
  },
  {
    way: 'the user does not exist',
    on: 'implicit',
    settings: signedIn({ security: 'implicit', username: 'nobody@example.com' }),
    stage: 'auth',
    id: 'auth.bad_credentials',
  },
  {
    way: 'the account is locked',
    on: answering('AUTH', '535 5.7.8 Your account has been locked after too many failed attempts'),
    settings: signedIn({ security: 'starttls-when-available', allowPlaintextAuth: true }),
    stage: 'auth',
    id: 'auth.locked',
  },
  {
    way: 'the server offers no sign-in',
    on: 'authNotOffered',
    settings: signedIn(),
    stage: 'auth',
    id: 'auth.not_offered',
  },
  {
    way: 'the server offers sign-in only after TLS, and TLS is off',
    on: 'optionalTls',
    settings: signedIn({ security: 'none', allowPlaintextAuth: true }),
    stage: 'auth',
    id: 'auth.not_offered',
  },
  {
    way: 'the server offers only mechanisms that we lack',
    on: 'onlyScramSha1',
    settings: signedIn(),
    stage: 'auth',
    id: 'auth.no_common_mechanism',
  },
  {
    way: 'the password would go unencrypted, and our own rule forbids it',
    on: peer({ auth: { mechanisms: ['PLAIN'] } }),
    settings: signedIn({ security: 'starttls-when-available' }),
    stage: 'auth',
    id: 'auth.needs_encryption',
  },
  {
    way: 'the password would go to a server whose certificate nobody verified',
    on: 'selfSigned',
    settings: signedIn({ verify: false }),
    stage: 'auth',
    id: 'auth.needs_encryption',
  },
  {
    way: 'the server says that this mechanism needs encryption (538)',
    on: answering('AUTH', '538 5.7.11 Encryption required for requested authentication mechanism'),
    settings: signedIn({ security: 'none', allowPlaintextAuth: true }),
    stage: 'auth',
    id: 'auth.needs_encryption',
  },
  {
    way: 'the sign-in service behind the server is down',
    on: answering(
      'AUTH',
      '454 4.7.0 Temporary authentication failure: Connection lost to authentication server',
    ),
    settings: signedIn({ security: 'none', allowPlaintextAuth: true }),
    stage: 'auth',
    id: 'auth.temporary',
  },
  {
    way: 'signing in is asked for at MAIL FROM (530)',
    on: answering('MAIL', '530 5.7.0 Authentication required'),
    settings: anonymous(),
    to: TO,
    stage: 'mail-from',
    id: 'auth.required',
  },
];

export const ENVELOPE_WAYS: readonly Way[] = [
  {
    way: 'the sender belongs to another account',
    on: 'senderNotOwned',
    settings: signedIn(),
    to: TO,
    stage: 'rcpt-to',
    id: 'smtp.sender_not_owned',
  },
  {
    way: 'the sender belongs to another account, said at MAIL FROM',
    on: 'senderNotOwnedAtMail',
    settings: signedIn(),
    to: TO,
    stage: 'mail-from',
    id: 'smtp.sender_not_owned',
  },
  {
    way: 'the domain of the sender does not exist',
    on: 'senderDomain',
    settings: anonymous(),
    to: TO,
    stage: 'mail-from',
    id: 'smtp.sender_rejected',
  },
  {
    way: 'the server does not relay for us (554)',
    on: 'open',
    settings: anonymous(),
    to: 'ana@elsewhere.test',
    stage: 'rcpt-to',
    id: 'smtp.relay_denied',
  },
  {
    way: 'the server does not relay for us, for now (454)',
    on: 'relayDeferred',
    settings: anonymous(),
    to: 'ana@elsewhere.test',
    stage: 'rcpt-to',
    id: 'smtp.relay_denied',
  },
  {
    way: 'only clients that signed in may send, and we did not',
    on: 'clientsMustSignIn',
    settings: anonymous({ security: 'starttls', verify: false }),
    to: TO,
    stage: 'rcpt-to',
    id: 'smtp.rejected_at_door',
  },
  {
    way: 'only who signed in may name a recipient, and we did not',
    on: 'recipientsAfterSignIn',
    settings: anonymous({ security: 'starttls', verify: false }),
    to: TO,
    stage: 'rcpt-to',
    id: 'policy.refused',
  },
  {
    way: 'the recipient does not exist',
    on: 'open',
    settings: anonymous(),
    to: 'nobody@inmail.test',
    stage: 'rcpt-to',
    id: 'smtp.no_such_user',
  },
  {
    way: 'the domain of the recipient does not exist',
    on: 'recipientDomain',
    settings: anonymous(),
    to: TO,
    stage: 'rcpt-to',
    id: 'smtp.recipient_domain',
  },
  {
    way: 'the mailbox is full',
    on: 'mailboxFull',
    settings: anonymous(),
    to: TO,
    stage: 'rcpt-to',
    id: 'smtp.mailbox_full',
  },
  {
    way: 'our name is refused when the recipient is named',
    on: 'heloRefusedLate',
    settings: anonymous({ ehloName: 'appserver' }),
    to: TO,
    stage: 'rcpt-to',
    id: 'smtp.helo_rejected',
  },
  {
    way: 'greylisting',
    on: 'greylist',
    settings: anonymous(),
    to: TO,
    stage: 'rcpt-to',
    id: 'policy.greylisted',
  },
  {
    way: 'the address of this machine is on a block list',
    on: 'blockList',
    settings: anonymous(),
    to: TO,
    stage: 'rcpt-to',
    id: 'policy.blocklisted',
  },
  {
    way: 'the recipient has letters that the server cannot take',
    on: 'asciiOnly',
    settings: anonymous(),
    to: 'jürgen@inmail.test',
    stage: 'mail-from',
    id: 'smtp.utf8_unsupported',
  },
];

export const LIMIT_WAYS: readonly Way[] = [
  {
    way: 'too many sign-ins in a short time',
    on: 'authRate',
    settings: signedIn({ security: 'none', allowPlaintextAuth: true }),
    meanwhile: signInInVain,
    stage: 'auth',
    id: 'auth.too_many',
  },
  {
    way: 'too many connections at the same time',
    on: 'crowded',
    settings: anonymous(),
    meanwhile: occupy,
    stage: 'greeting',
    id: 'smtp.too_many_connections',
  },
  {
    way: 'the disk of the server is full (452)',
    on: 'diskFull',
    settings: anonymous(),
    to: TO,
    stage: 'mail-from',
    id: 'smtp.storage',
  },
  {
    way: 'the message is larger than the server says it takes',
    on: 'tooSmall',
    settings: anonymous(),
    to: TO,
    stage: 'mail-from',
    id: 'smtp.too_big',
  },
  {
    way: 'the message is larger than the server takes, and it did not say so',
    on: 'tooSmallUnsaid',
    settings: anonymous(),
    to: TO,
    stage: 'accepted',
    id: 'smtp.too_big',
  },
];

export const CONTENT_WAYS: readonly Way[] = [
  {
    way: 'DATA is refused',
    on: 'dataRefused',
    settings: anonymous(),
    to: TO,
    stage: 'data',
    id: 'policy.refused',
  },
  {
    way: 'a header check refuses the content at the dot',
    on: 'headerCheck',
    settings: anonymous(),
    to: TO,
    stage: 'accepted',
    id: 'policy.content',
  },
  {
    way: 'a spam filter refuses the content at the dot',
    on: 'endRefused',
    settings: anonymous(),
    to: TO,
    stage: 'accepted',
    id: 'policy.content',
  },
  {
    way: 'the content filter of the server is down',
    on: 'filterDown',
    settings: anonymous(),
    to: TO,
    stage: 'rcpt-to',
    id: 'smtp.unavailable',
  },
  {
    way: 'the mail filter (milter) of the server is down',
    on: 'milterDown',
    settings: anonymous(),
    to: TO,
    stage: 'mail-from',
    id: 'smtp.unavailable',
  },
  {
    way: 'the line breaks after the dot',
    on: peer({ faults: [{ point: 'dot', fault: 'rst' }] }),
    settings: anonymous(),
    to: TO,
    stage: 'accepted',
    id: 'smtp.dropped_in_data',
  },
];

/** Takes the one line that the door allows. */
async function occupy(port: number): Promise<() => void> {
  const socket = createConnection({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  await once(socket, 'data');
  return () => {
    socket.destroy();
  };
}

/** Uses up the one sign-in that the door allows in a while. */
async function signInInVain(port: number): Promise<() => void> {
  const socket = createConnection({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  for (const line of ['EHLO scenario.test', 'AUTH PLAIN AGEAYg==']) {
    await once(socket, 'data');
    socket.write(`${line}\r\n`);
  }
  await once(socket, 'data');
  return () => {
    socket.destroy();
  };
}
