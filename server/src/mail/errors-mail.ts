/**
 * Recipients, limits, size, content and policies of servers. Next: errors-own.ts
 */
import { ask, copy, page, say, web, type ErrorEntry } from './error-entry.ts';

const RECIPIENTS = {
  'smtp.no_such_user': {
    title: '{recipient|The recipient} does not exist.',
    short: 'recipient does not exist',
    cause: 'The server of the domain knows no such mailbox, or it is closed.',
    fixes: [say('Correct the address.')],
    who: 'recipient',
    retry: 'fail',
    scope: 'recipient',
  },
  'smtp.recipient_domain': {
    title: 'The domain {domain|of the recipient} cannot receive mail.',
    short: 'domain takes no mail',
    cause: 'The domain does not exist, has no mail server, or says that it wants no mail.',
    fixes: [say('Did you mean {suggestion}?'), say('Correct the address.')],
    who: 'recipient',
    retry: 'fail',
    scope: 'recipient',
  },
  'smtp.mailbox_full': {
    title: 'The mailbox of {recipient|the recipient} is full.',
    short: 'mailbox full',
    cause: 'Only its owner can make space.',
    fixes: [say('Nothing here. Posthorn tries again for two days.')],
    who: 'recipient',
    retry: 'retry',
    scope: 'recipient',
  },
  'policy.provider_suppressed': {
    title: 'The provider no longer sends to {recipient|this recipient}.',
    short: 'on provider’s stop list',
    cause: 'Earlier mail came back, or the recipient complained or unsubscribed.',
    fixes: [say('If the address is right again, take it off the suppression list of the provider.')],
    who: 'provider_admin',
    retry: 'fail',
    scope: 'recipient',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

const LIMITS = {
  'smtp.too_many_connections': {
    title: 'Too many connections were open at the same time.',
    short: 'too many connections',
    cause:
      'Servers allow only a few for each account or address. Microsoft 365 allows about three for a mailbox.',
    fixes: [
      say('Posthorn opens fewer by itself and goes on.'),
      say('Look for other programs that use the same account.'),
    ],
    who: 'wait',
    retry: 'retry',
    scope: 'connection',
    docs: ['exchangeLimits'],
  },
  'smtp.rate_limited': {
    title: 'Mail was sent too fast.',
    short: 'sending too fast',
    cause: 'The server counts messages in a time, and asks to slow down.',
    fixes: [
      say('Posthorn slows down by itself.'),
      ask('Set a rate for this connection.', 'Edit the rate', 'rate'),
    ],
    who: 'wait',
    retry: 'retry',
    scope: 'connection',
  },
  'limit.daily': {
    title: 'The sending allowance is used up for now.',
    short: 'allowance used up',
    cause: 'The account may send {limit|only so much} in a day or an hour. It comes back at {reset}.',
    fixes: [say('Send over another connection until then.'), say('Ask the provider for a higher limit.')],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
    docs: ['gmailLimits', 'exchangeLimits', 'sesErrors'],
  },
  'policy.too_many_recipients': {
    title: 'One message had too many recipients.',
    short: 'too many recipients',
    cause: 'The server takes fewer in one go.',
    fixes: [say('Nothing. Posthorn splits the recipients.')],
    who: 'wait',
    retry: 'retry',
    scope: 'message',
  },
  'policy.greylisted': {
    title: 'The server asks a first-time sender to come back later.',
    short: 'greylisted',
    cause: 'That is normal for a first contact: programs that send spam do not come back.',
    fixes: [say('Nothing. The next try is at {time}.'), say('Posthorn tries again by itself.')],
    who: 'wait',
    retry: 'retry',
    scope: 'recipient',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

const CONTENT = {
  'smtp.too_big': {
    title: 'The message is larger than the server takes.',
    short: 'message too big',
    cause:
      'It has {size|too much}, and the server takes up to {max|less}. Attachments grow by a third on the way.',
    fixes: [say('Send smaller attachments, or a link.'), say('Or send over a server that takes more.')],
    who: 'you',
    retry: 'fail',
    scope: 'message',
  },
  'smtp.utf8_unsupported': {
    title: 'The server cannot handle an address with letters outside ASCII.',
    short: 'address not supported',
    cause: '{address|The address} needs the extension SMTPUTF8, and the server does not have it.',
    fixes: [
      say('Use the ASCII form of the domain (`xn--…`).'),
      say('A local part with such letters needs another server.'),
    ],
    who: 'you',
    retry: 'fail',
    scope: 'message',
  },
  'smtp.eight_bit_unsupported': {
    title: 'The server cannot take the message with its 8-bit characters.',
    short: '8-bit not supported',
    cause: 'The message was given in a form that must not be changed, and the server does not have 8BITMIME.',
    fixes: [say('Send the message encoded as base64 or quoted-printable, or over another server.')],
    who: 'you',
    retry: 'fail',
    scope: 'message',
  },
  'policy.unauthenticated': {
    title: '{domain|The sender’s domain} could not be proven by SPF, DKIM or DMARC.',
    short: 'sender not proven',
    cause:
      'The receiving server checked the DNS records of the domain, and they do not vouch for this way of sending.',
    fixes: [
      page('Set the records for SPF and DKIM of this provider.', 'Show the DNS records', 'sender-dns'),
      say('Check DMARC: the domain in From must fit that of SPF or DKIM.'),
    ],
    who: 'you',
    retry: 'fail',
    scope: 'message',
    docs: ['gmailSenders'],
  },
  'policy.blocklisted': {
    title: 'The sending address[ {ourIp}] is on a block list.',
    short: 'on a block list',
    cause:
      'The list is {list}. Mail from that address was seen as spam, or the address must not send at all.',
    fixes: [
      web(
        'Look it up, and follow the steps of the list.',
        'Look up the address',
        'https://check.spamhaus.org/',
      ),
      copy(
        'If you send over a provider, tell them.',
        'Copy request',
        'Hello, mail we send over {host|your service} is refused because your sending address {ourIp|(see the reply)} is on a block list. Please have it removed.',
      ),
      say('Send over another connection until then.'),
    ],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
  },
  'policy.content': {
    title: 'A filter refused the content of the message.',
    short: 'content refused',
    cause: 'Something in text, links, headers or attachments looks like spam or a danger.',
    fixes: [
      say('Send the same as plain text, to see whether the content is the reason.'),
      say('Look for shortened links, attached programs, and words of spam.'),
    ],
    who: 'you',
    retry: 'fail',
    scope: 'message',
  },
  'policy.refused': {
    title: 'A policy of the server refused the message.',
    short: 'refused by policy',
    cause: 'The server gives its reason in its own words: {answer}',
    fixes: [
      copy(
        'Ask the owner of the server.',
        'Copy request',
        'Hello, your mail server refuses mail from {from|us} to {recipient|you} for reasons of policy. What do we have to change?',
      ),
    ],
    who: 'server_owner',
    retry: 'fail',
    scope: 'message',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

export const MAIL_ERRORS = { ...RECIPIENTS, ...LIMITS, ...CONTENT } as const;
