/**
 * Accounts at providers that send mail, and what a sender may be. Next: errors-entra.ts
 */
import { ask, change, copy, page, say, web, type ErrorEntry } from './error-entry.ts';

const PROVIDERS = {
  'sendgrid.bad_key': {
    title: 'SendGrid does not know this API key.',
    short: 'API key not known',
    cause: 'It was deleted, is mistyped, or belongs to the other region (global or EU).',
    fixes: [
      change('The user name must be exactly `apikey`.', 'Use this user name', { username: 'apikey' }),
      web(
        'Create a key with the permission “Mail Send” and put it here as the password.',
        'Open the API keys',
        'https://app.sendgrid.com/settings/api_keys',
      ),
      change('Accounts of the EU region have their own host.', 'Use the EU host', {
        host: 'smtp.eu.sendgrid.net',
      }),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
    docs: ['sendgridSmtp'],
  },
  'sendgrid.credits': {
    title: 'The SendGrid allowance is used up.',
    short: 'allowance used up',
    cause: 'The plan allows no more mail in this period.',
    fixes: [
      web(
        'Change the plan, or wait for the next period.',
        'Open the plan',
        'https://app.sendgrid.com/account/billing',
      ),
      say('Send over another connection until then.'),
    ],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
    docs: ['sendgridSmtp'],
  },
  'sendgrid.unverified_sender': {
    title: 'SendGrid has not verified {from|the sender}.',
    short: 'sender not verified',
    cause: 'SendGrid sends only from addresses and domains that were verified in the account.',
    fixes: [
      web(
        'Verify the whole domain, or this one address.',
        'Open sender authentication',
        'https://app.sendgrid.com/settings/sender_auth',
      ),
      say('Or send as one that is verified: {list}.'),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'sender',
    docs: ['sendgridSender'],
  },
  'ses.bad_credentials': {
    title: 'Amazon SES did not accept these SMTP credentials.',
    short: 'SES refused the sign-in',
    cause:
      'SES has its own SMTP password. It is not the secret access key of IAM, and it works in one region only.',
    fixes: [
      web(
        'Create SMTP credentials for {region|the region of the host}.',
        'Open SES',
        'https://console.aws.amazon.com/ses/home#/smtp',
      ),
      ask('Check that the host is that of the same region.', 'Edit the host', 'host'),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
    docs: ['sesCredentials'],
  },
  'ses.unverified': {
    title: 'Amazon SES has not verified the sender or, in the sandbox, the recipient.',
    short: 'address not verified',
    cause:
      'In {region|this region} these are not verified: {identities}. As long as the account is in the sandbox, recipients need to be verified too.',
    fixes: [
      web(
        'Verify the domain in {region|the region of the host}.',
        'Open the identities',
        'https://console.aws.amazon.com/ses/home#/identities',
      ),
      web(
        'Ask for production access, to leave the sandbox.',
        'Open the account',
        'https://console.aws.amazon.com/ses/home#/account',
      ),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'sender',
    docs: ['sesErrors'],
  },
  'sparkpost.bad_key': {
    title: 'SparkPost did not accept the key.',
    short: 'SparkPost refused the key',
    cause:
      'The user name is not the fixed one, or the key lacks the permission or belongs to the other region.',
    fixes: [
      change('The user name must be exactly `SMTP_Injection`.', 'Use this user name', {
        username: 'SMTP_Injection',
      }),
      say('The key needs the permission “Send via SMTP”.'),
      change('Keys of the EU region need the EU host.', 'Use the EU host', {
        host: 'smtp.eu.sparkpostmail.com',
      }),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
    docs: ['sparkpostSmtp'],
  },
  'sparkpost.unconfigured_domain': {
    title: 'The sender’s domain[ {domain}] is not set up at SparkPost.',
    short: 'domain not set up',
    cause: 'SparkPost sends only from domains that were added and verified.',
    fixes: [
      web(
        'Add and verify the domain.',
        'Open the sending domains',
        'https://app.sparkpost.com/domains/list/sending',
      ),
      say('Or send from a domain that is verified.'),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'sender',
    docs: ['sparkpostSmtp'],
  },
  'mailgun.bad_credentials': {
    title: 'Mailgun did not accept this sign-in.',
    short: 'Mailgun refused sign-in',
    cause: 'Each domain has its own SMTP credentials. The API key is not one of them.',
    fixes: [
      web(
        'Use the SMTP credentials of the domain, such as `postmaster@` and the domain.',
        'Open Mailgun',
        'https://app.mailgun.com/mg/sending/domains',
      ),
      change('Domains of the EU region have their own host.', 'Use the EU host', {
        host: 'smtp.eu.mailgun.org',
      }),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'mailgun.sandbox': {
    title: 'A Mailgun sandbox domain writes only to approved addresses.',
    short: 'sandbox domain',
    cause: '{recipient|The recipient} is not among the authorized recipients of the sandbox.',
    fixes: [
      web(
        'Use a domain of your own, or approve the recipient.',
        'Open Mailgun',
        'https://app.mailgun.com/mg/sending/domains',
      ),
    ],
    who: 'you',
    retry: 'fail',
    scope: 'recipient',
  },
  'account.not_allowed': {
    title: 'The account lacks the permission to send this way.',
    short: 'permission lacking',
    cause: 'The sign-in worked, but a permission or policy of the account forbids the sending.',
    fixes: [say('Give the account the permission at the provider. At Amazon it is `ses:SendRawEmail`.')],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
  },
  'account.suspended': {
    title: 'The provider has suspended this account for sending.',
    short: 'account suspended',
    cause: 'Providers do so for complaints, bounces, unusual amounts, or open bills.',
    fixes: [
      say('Look at the mailbox of the account’s owner and the console of the provider.'),
      say('Send over another connection until then.'),
    ],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

const SENDERS = {
  'smtp.sender_not_owned': {
    title: 'The sender[ {from}] does not belong to the account.',
    short: 'sender not of the account',
    cause: '{host|The server} allows only senders that belong to {username|the account}.',
    fixes: [
      say('Use {username|an address of the account} as the sender.'),
      copy(
        'Or the owner of the server allows this sender.',
        'Copy request',
        'Hello, please allow the account {username|we use} to send as {from|our sender address}.',
      ),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'sender',
  },
  'smtp.sender_rejected': {
    title: 'The server did not accept the sender[ {from}].',
    short: 'sender refused',
    cause: 'Many servers want that the domain of a sender exists and can receive mail.',
    fixes: [
      say('Check the spelling of the sender.'),
      page('Check that its domain exists and has MX or A records.', 'Show the DNS records', 'sender-dns'),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'sender',
  },
  'smtp.relay_denied': {
    title: 'The server does not pass on mail to other domains for us.',
    short: 'relaying refused',
    cause: 'We did not sign in, or this server only receives mail for its own domains.',
    fixes: [
      ask('Sign in.', 'Edit the sign-in', 'auth'),
      ask('Use the host for submission, often `smtp.` with port 587, not the MX.', 'Edit the host', 'host'),
      copy(
        'Or the owner of the server allows {ourIp|our address}.',
        'Copy request',
        'Hello, please allow {ourIp|our server} to relay mail over {host|your mail server}.',
      ),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

export const ACCOUNT_ERRORS = { ...PROVIDERS, ...SENDERS } as const;
