/**
 * Presets of sending services with one host for everybody: one signs in with a key, sends from domains that were verified
 * there, and they put a return path of their own on the envelope.
 * Next: presets.ts
 */
import {
  FULL_ADDRESS,
  IMPLICIT_2465,
  IMPLICIT_465,
  REVIEWED,
  STARTTLS_25,
  STARTTLS_2525,
  STARTTLS_2587,
  STARTTLS_587,
  type Preset,
} from './preset.ts';

const rapidmail: Preset = {
  id: 'rapidmail',
  name: 'rapidmail',
  host: 'smtp.rapidmail.de',
  regions: [],
  ports: [STARTTLS_587],
  auth: ['password'],
  username: { placeholder: 'from your account', rule: 'The SMTP user name that the account shows.' },
  secret: {
    label: 'SMTP password',
    placeholder: 'from your account',
    helpSteps: ['In rapidmail open the settings of transactional email and copy the SMTP access data.'],
  },
  limits: {},
  senders: 'verified',
  docs: [{ label: 'rapidmail help', url: 'https://www.rapidmail.de/hilfe' }],
  notices: [
    {
      from: null,
      to: null,
      severity: 'warn',
      text: 'Host and port are not confirmed by a page of the provider. Compare them with the access data in your account.',
    },
  ],
  dns: { domains: [], mx: [], spf: [], dkim: [], returnPath: 'provider' },
  reviewedOn: REVIEWED,
};

const postmark: Preset = {
  id: 'postmark',
  name: 'Postmark',
  host: 'smtp.postmarkapp.com',
  regions: [
    { id: 'transactional', name: 'Transactional streams', host: 'smtp.postmarkapp.com' },
    { id: 'broadcast', name: 'Broadcast streams', host: 'smtp-broadcasts.postmarkapp.com' },
  ],
  ports: [STARTTLS_587, STARTTLS_2525, STARTTLS_25],
  auth: ['password'],
  username: {
    placeholder: 'server API token',
    rule: 'The server API token, in both fields; or access key and secret key of an SMTP token.',
  },
  secret: {
    label: 'Server API token',
    placeholder: 'the same token again',
    helpSteps: [
      'In Postmark open the server → API Tokens and copy the server API token.',
      'Put it into the user name and into the password.',
      'Mail of another message stream needs the header X-PM-Message-Stream or an SMTP token of that stream.',
    ],
  },
  limits: {},
  senders: 'verified',
  docs: [
    { label: 'Sending with SMTP', url: 'https://postmarkapp.com/developer/user-guide/send-email-with-smtp' },
  ],
  notices: [],
  dns: {
    domains: [],
    mx: ['inbound.postmarkapp.com'],
    spf: ['spf.mtasv.net'],
    dkim: [],
    returnPath: 'provider',
  },
  reviewedOn: REVIEWED,
};

const brevo: Preset = {
  id: 'brevo',
  name: 'Brevo',
  host: 'smtp-relay.brevo.com',
  regions: [],
  hostPattern: '^smtp-relay\\.(?:brevo|sendinblue)\\.com$',
  ports: [STARTTLS_587, STARTTLS_2525, IMPLICIT_465],
  auth: ['password'],
  username: {
    placeholder: 'the login shown under SMTP & API',
    pattern: FULL_ADDRESS,
    rule: 'The SMTP login that Brevo shows; it looks like an address.',
  },
  secret: {
    label: 'SMTP key',
    placeholder: 'xsmtpsib-…',
    helpSteps: [
      'In Brevo open Settings → SMTP & API → SMTP.',
      'Generate an SMTP key and copy it. An API key (xkeysib-…) does not work here.',
    ],
  },
  limits: {},
  senders: 'verified',
  docs: [{ label: 'SMTP relay', url: 'https://developers.brevo.com/docs/smtp-integration' }],
  notices: [],
  dns: {
    domains: [],
    mx: [],
    spf: ['spf.brevo.com', 'spf.sendinblue.com'],
    dkim: ['brevo1', 'brevo2', 'mail'],
    returnPath: 'provider',
  },
  reviewedOn: REVIEWED,
};

const mailjet: Preset = {
  id: 'mailjet',
  name: 'Mailjet',
  host: 'in-v3.mailjet.com',
  regions: [],
  ports: [STARTTLS_587, STARTTLS_2525, IMPLICIT_465, STARTTLS_25],
  auth: ['password'],
  username: {
    placeholder: 'API key',
    pattern: '^[0-9a-f]{32}$',
    rule: 'The API key: 32 digits and letters a to f.',
  },
  secret: {
    label: 'Secret key',
    placeholder: '32 digits and letters',
    pattern: '^[0-9a-f]{32}$',
    helpSteps: [
      'In Mailjet open Account settings → API key management and copy the API key and the secret key.',
    ],
  },
  limits: {},
  senders: 'verified',
  docs: [{ label: 'Send with SMTP', url: 'https://dev.mailjet.com/smtp-relay/configuration/' }],
  notices: [],
  dns: { domains: [], mx: [], spf: ['spf.mailjet.com'], dkim: ['mailjet'], returnPath: 'provider' },
  reviewedOn: REVIEWED,
};

const resend: Preset = {
  id: 'resend',
  name: 'Resend',
  host: 'smtp.resend.com',
  regions: [],
  ports: [STARTTLS_587, IMPLICIT_465, STARTTLS_2587, IMPLICIT_2465, STARTTLS_25],
  auth: ['password'],
  username: {
    fixed: 'resend',
    placeholder: 'resend',
    pattern: '^resend$',
    rule: 'The word resend itself, for everybody.',
  },
  secret: {
    label: 'API key',
    placeholder: 're_…',
    pattern: '^re_',
    helpSteps: [
      'In Resend open API Keys → Create API Key with sending access and copy it; it begins with "re_".',
    ],
  },
  limits: {},
  senders: 'verified',
  docs: [{ label: 'Send with SMTP', url: 'https://resend.com/docs/send-with-smtp' }],
  notices: [
    { from: null, to: null, severity: 'info', text: 'The sending domain must be verified in Resend.' },
  ],
  dns: { domains: [], mx: [], spf: [], dkim: ['resend'], returnPath: 'provider' },
  reviewedOn: REVIEWED,
};

export const SENDING_PRESETS: readonly Preset[] = [rapidmail, postmark, brevo, mailjet, resend];
