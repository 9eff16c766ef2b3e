/**
 * Presets of sending services whose host names a region: keys and domains of one region mean nothing in another.
 * Next: presets-sending.ts
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

const sendgrid: Preset = {
  id: 'sendgrid',
  name: 'SendGrid',
  host: 'smtp.sendgrid.net',
  regions: [
    { id: 'global', name: 'Global', host: 'smtp.sendgrid.net' },
    { id: 'eu', name: 'European Union (EU subuser)', host: 'smtp.eu.sendgrid.net' },
  ],
  ports: [STARTTLS_587, STARTTLS_2525, IMPLICIT_465, STARTTLS_25],
  auth: ['password'],
  username: {
    fixed: 'apikey',
    placeholder: 'apikey',
    pattern: '^apikey$',
    rule: 'The word apikey itself, for everybody; the key goes into the password.',
  },
  secret: {
    label: 'API key',
    placeholder: 'SG.…',
    pattern: '^SG\\.',
    helpSteps: [
      'In SendGrid open Settings → API Keys → Create API Key.',
      'Choose Restricted Access and allow Mail Send.',
      'Copy the key; it is shown only once. It begins with "SG.".',
    ],
  },
  limits: { messagesPerConnection: 5_000, note: 'Up to 5,000 messages on one connection.' },
  senders: 'verified',
  docs: [
    {
      label: 'Integrating with SMTP',
      url: 'https://www.twilio.com/docs/sendgrid/for-developers/sending-email/integrating-with-the-smtp-api',
    },
  ],
  notices: [
    {
      from: null,
      to: null,
      severity: 'info',
      text: 'The sender address or its domain must be verified in SendGrid.',
    },
  ],
  dns: {
    domains: [],
    mx: ['mx.sendgrid.net'],
    spf: ['sendgrid.net'],
    dkim: ['s1', 's2'],
    returnPath: 'provider',
  },
  reviewedOn: REVIEWED,
};

const mailgun: Preset = {
  id: 'mailgun',
  name: 'Mailgun',
  host: 'smtp.mailgun.org',
  regions: [
    { id: 'us', name: 'United States', host: 'smtp.mailgun.org' },
    { id: 'eu', name: 'European Union', host: 'smtp.eu.mailgun.org' },
  ],
  ports: [STARTTLS_587, STARTTLS_2525, IMPLICIT_465, STARTTLS_25],
  auth: ['password'],
  username: {
    placeholder: 'postmaster@mg.example.com',
    pattern: FULL_ADDRESS,
    rule: 'The SMTP login of the sending domain, such as postmaster@mg.example.com.',
  },
  secret: {
    label: 'SMTP password',
    placeholder: 'the password of the SMTP login, not the API key',
    helpSteps: [
      'In Mailgun open Send → Sending → Domain settings → SMTP credentials.',
      'Reset the password of the login and copy it.',
      'The region of the host must be that of the domain.',
    ],
  },
  limits: {},
  senders: 'verified',
  docs: [
    {
      label: 'Send via SMTP',
      url: 'https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/send-smtp',
    },
  ],
  notices: [
    {
      from: null,
      to: null,
      severity: 'info',
      text: 'The two regions know nothing of each other: a domain of the EU region cannot sign in at smtp.mailgun.org.',
    },
  ],
  dns: {
    domains: [],
    mx: ['mailgun.org'],
    spf: ['mailgun.org', 'eu.mailgun.org'],
    dkim: ['mx', 'pic', 'k1', 'smtp', 'mailo', 'krs', 'pdk1', 'pdk2'],
    returnPath: 'sender',
  },
  reviewedOn: REVIEWED,
};

const SES_REGIONS: readonly (readonly [string, string])[] = [
  ['us-east-1', 'US East (N. Virginia)'],
  ['us-east-2', 'US East (Ohio)'],
  ['us-west-1', 'US West (N. California)'],
  ['us-west-2', 'US West (Oregon)'],
  ['ca-central-1', 'Canada (Central)'],
  ['sa-east-1', 'South America (São Paulo)'],
  ['eu-west-1', 'Europe (Ireland)'],
  ['eu-west-2', 'Europe (London)'],
  ['eu-west-3', 'Europe (Paris)'],
  ['eu-central-1', 'Europe (Frankfurt)'],
  ['eu-north-1', 'Europe (Stockholm)'],
  ['eu-south-1', 'Europe (Milan)'],
  ['ap-south-1', 'Asia Pacific (Mumbai)'],
  ['ap-northeast-1', 'Asia Pacific (Tokyo)'],
  ['ap-northeast-2', 'Asia Pacific (Seoul)'],
  ['ap-northeast-3', 'Asia Pacific (Osaka)'],
  ['ap-southeast-1', 'Asia Pacific (Singapore)'],
  ['ap-southeast-2', 'Asia Pacific (Sydney)'],
  ['ap-southeast-3', 'Asia Pacific (Jakarta)'],
  ['me-south-1', 'Middle East (Bahrain)'],
  ['il-central-1', 'Israel (Tel Aviv)'],
  ['af-south-1', 'Africa (Cape Town)'],
];

const ses: Preset = {
  id: 'ses',
  name: 'Amazon SES',
  host: 'email-smtp.us-east-1.amazonaws.com',
  regions: SES_REGIONS.map(([id, name]) => ({ id, name, host: `email-smtp.${id}.amazonaws.com` })),
  hostPattern: '^email-smtp(?:-fips)?\\.[a-z]{2}(?:-[a-z]+)+-\\d\\.amazonaws\\.com$',
  ports: [STARTTLS_587, STARTTLS_2587, IMPLICIT_465, IMPLICIT_2465, STARTTLS_25],
  auth: ['password'],
  username: {
    placeholder: 'AKIA…',
    pattern: '^[A-Z0-9]{16,128}$',
    rule: 'The SMTP user name of this region, 20 capital letters and digits.',
  },
  secret: {
    label: 'SMTP password',
    placeholder: '44 characters, not the secret access key',
    pattern: '^[A-Za-z0-9+/=]{41,}$',
    helpSteps: [
      'In the SES console, in the region that you send from, open SMTP settings → Create SMTP credentials.',
      'Copy the SMTP user name and the SMTP password; the password is shown only once.',
      'It is not the secret access key of IAM, which has 40 characters.',
    ],
  },
  limits: {
    note: 'The limits of the account and region; in the sandbox 200 messages a day, to verified addresses only.',
  },
  senders: 'verified',
  docs: [
    { label: 'SMTP endpoints', url: 'https://docs.aws.amazon.com/ses/latest/dg/smtp-connect.html' },
    { label: 'SMTP credentials', url: 'https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html' },
  ],
  notices: [
    {
      from: null,
      to: null,
      severity: 'info',
      text: 'Identities and SMTP credentials belong to one region. A new account is in the sandbox and sends to verified addresses only.',
    },
  ],
  dns: {
    domains: [],
    mx: ['inbound-smtp.*.amazonaws.com'],
    spf: ['amazonses.com'],
    dkim: [],
    returnPath: 'provider',
  },
  reviewedOn: REVIEWED,
};

const sparkpost: Preset = {
  id: 'sparkpost',
  name: 'SparkPost',
  host: 'smtp.sparkpostmail.com',
  regions: [
    { id: 'us', name: 'United States', host: 'smtp.sparkpostmail.com' },
    { id: 'eu', name: 'European Union', host: 'smtp.eu.sparkpostmail.com' },
  ],
  ports: [STARTTLS_587, STARTTLS_2525],
  auth: ['password'],
  username: {
    fixed: 'SMTP_Injection',
    placeholder: 'SMTP_Injection',
    pattern: '^SMTP_Injection$',
    rule: 'SMTP_Injection, with these capitals, for everybody.',
  },
  secret: {
    label: 'API key',
    placeholder: '40 characters',
    pattern: '^[0-9a-f]{40}$',
    helpSteps: [
      'In SparkPost open Configuration → API Keys → Create API Key.',
      'Allow "Send via SMTP".',
      'Copy the key; it is shown only once.',
    ],
  },
  limits: {
    messagesPerConnection: 100,
    commandMs: 60_000,
    note: 'Up to 100 messages on one connection; at least 60 s for each command.',
  },
  senders: 'verified',
  docs: [{ label: 'SMTP', url: 'https://developers.sparkpost.com/api/smtp/' }],
  notices: [
    {
      from: null,
      to: null,
      severity: 'info',
      text: 'The sending domain must be verified in SparkPost, in the same region.',
    },
  ],
  dns: {
    domains: [],
    mx: ['sparkpostmail.com'],
    spf: ['sparkpostmail.com', '_spf.sparkpostmail.com'],
    dkim: [],
    returnPath: 'provider',
  },
  reviewedOn: REVIEWED,
};

export const REGIONAL_PRESETS: readonly Preset[] = [sendgrid, mailgun, ses, sparkpost];
