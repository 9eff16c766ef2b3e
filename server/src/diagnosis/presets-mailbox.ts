/**
 * Presets of mailbox providers: one signs in as a mailbox, sends as that mailbox, and its domain's SPF has to agree.
 * Next: presets-regional.ts
 */
import { FULL_ADDRESS, IMPLICIT_465, REVIEWED, STARTTLS_25, STARTTLS_587, type Preset } from './preset.ts';

const GMAIL_SCOPE = 'https://mail.google.com/';
const GOOGLE_TOKEN_URL = 'https://oauth2.googleapis.com/token';

const microsoft365: Preset = {
  id: 'microsoft365',
  name: 'Microsoft 365',
  host: 'smtp.office365.com',
  regions: [],
  hostPattern: '^(?:smtp(?:-legacy)?\\.office365\\.com|smtp\\.office365\\.us|smtp\\.partner\\.outlook\\.cn)$',
  ports: [STARTTLS_587, STARTTLS_25],
  auth: ['oauth2-client-credentials', 'oauth2-refresh-token', 'password'],
  username: {
    placeholder: 'notify@example.com',
    pattern: FULL_ADDRESS,
    rule: 'The full address of the mailbox that sends.',
  },
  secret: {
    label: 'Client secret',
    placeholder: 'the value, not the secret ID',
    helpSteps: [
      'In the Microsoft Entra admin center register an application and note its client ID and the directory (tenant) ID.',
      'Under Certificates & secrets make a client secret and copy the column "Value" at once; it is shown only then.',
      'Under API permissions add Office 365 Exchange Online → Application → SMTP.SendAsApp and grant admin consent.',
      'In Exchange Online register the service principal and give it full access to the mailbox.',
      'Allow authenticated SMTP for that mailbox; OAuth2 needs that as well.',
    ],
  },
  oauth2: { scopes: ['https://outlook.office365.com/.default'] },
  limits: {
    perMinute: 30,
    perDay: 10_000,
    connections: 3,
    note: 'About 30 messages a minute and 10,000 recipients a day for each mailbox; 3 connections at a time.',
  },
  senders: 'account',
  docs: [
    {
      label: 'Turn authenticated SMTP on or off',
      url: 'https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission',
    },
    {
      label: 'OAuth2 for SMTP',
      url: 'https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth',
    },
  ],
  notices: [
    {
      from: null,
      to: null,
      severity: 'info',
      text: 'Authenticated SMTP must be allowed for each mailbox that sends, also with OAuth2.',
    },
    {
      from: '2026-01-27',
      to: '2026-12-30',
      severity: 'warn',
      auth: 'password',
      text: 'Sign-in with a password works until the end of December 2026. Then Microsoft turns it off by default for existing organisations; an administrator can turn it on again.',
    },
    {
      from: '2026-12-31',
      to: null,
      severity: 'warn',
      auth: 'password',
      text: 'Sign-in with a password is off by default since the end of December 2026 and refused with 550 5.7.30; an administrator can turn it on again for existing organisations. Microsoft names the final date in the second half of 2027. Use OAuth2.',
    },
  ],
  dns: {
    domains: [],
    mx: ['mail.protection.outlook.com', 'mx.microsoft', 'mail.protection.office365.us'],
    spf: ['spf.protection.outlook.com', 'spf.protection.office365.us'],
    dkim: ['selector1', 'selector2'],
    returnPath: 'sender',
  },
  reviewedOn: REVIEWED,
};

const gmail: Preset = {
  id: 'gmail',
  name: 'Gmail and Google Workspace',
  host: 'smtp.gmail.com',
  regions: [],
  hostPattern: '^smtp\\.(?:gmail|googlemail)\\.com$',
  ports: [STARTTLS_587, IMPLICIT_465],
  auth: ['password', 'oauth2-refresh-token', 'oauth2-jwt-bearer'],
  username: {
    placeholder: 'you@gmail.com',
    pattern: FULL_ADDRESS,
    rule: 'The full address of the account.',
  },
  secret: {
    label: 'App password',
    placeholder: '16 letters',
    pattern: '^(?:[a-z]{16}|[a-z]{4}(?: [a-z]{4}){3})$',
    helpSteps: [
      'Turn on 2-step verification for the Google account; without it there are no app passwords.',
      'Open https://myaccount.google.com/apppasswords and make an app password.',
      'Copy the 16 letters; the spaces between them do not count.',
    ],
  },
  oauth2: { scopes: [GMAIL_SCOPE], tokenUrl: GOOGLE_TOKEN_URL },
  limits: {
    perDay: 500,
    note: 'About 500 messages a day for a personal account, 2,000 for Google Workspace.',
  },
  senders: 'account',
  docs: [
    { label: 'Send email from a device or app', url: 'https://support.google.com/a/answer/176600' },
    { label: 'App passwords', url: 'https://support.google.com/accounts/answer/185833' },
  ],
  notices: [
    {
      from: '2025-05-01',
      to: null,
      severity: 'info',
      text: 'The password of the account itself no longer works; use an app password or OAuth2.',
    },
  ],
  dns: {
    domains: ['gmail.com', 'googlemail.com'],
    mx: ['google.com', 'googlemail.com'],
    spf: ['_spf.google.com'],
    dkim: ['google'],
    returnPath: 'sender',
  },
  reviewedOn: REVIEWED,
};

const googleRelay: Preset = {
  id: 'google-relay',
  name: 'Google Workspace SMTP relay',
  host: 'smtp-relay.gmail.com',
  regions: [],
  ports: [STARTTLS_587, IMPLICIT_465, STARTTLS_25],
  auth: ['anonymous', 'password'],
  username: {
    placeholder: 'not needed when the address of this server is allowed',
    rule: 'None, or the full address of a Workspace account.',
  },
  secret: {
    label: 'App password',
    placeholder: 'not needed when the address of this server is allowed',
    helpSteps: [
      'In the Google admin console open Apps → Google Workspace → Gmail → Routing → SMTP relay service.',
      "Allow this server's public IP address, or require SMTP authentication.",
      'Require TLS encryption.',
    ],
  },
  limits: { perDay: 10_000, note: 'Up to 10,000 recipients a day for each user of the organisation.' },
  senders: 'verified',
  docs: [{ label: 'Route outgoing SMTP relay messages', url: 'https://support.google.com/a/answer/2956491' }],
  notices: [
    {
      from: null,
      to: null,
      severity: 'info',
      text: "Allow this server's public IP address in the Google admin console first; otherwise the relay refuses or hangs up.",
    },
  ],
  dns: { domains: [], mx: [], spf: ['_spf.google.com'], dkim: ['google'], returnPath: 'sender' },
  reviewedOn: REVIEWED,
};

const yahoo: Preset = {
  id: 'yahoo',
  name: 'Yahoo Mail',
  host: 'smtp.mail.yahoo.com',
  regions: [],
  ports: [IMPLICIT_465, STARTTLS_587],
  auth: ['password'],
  username: { placeholder: 'you@yahoo.com', pattern: FULL_ADDRESS, rule: 'The full address of the account.' },
  secret: {
    label: 'App password',
    placeholder: '16 letters',
    pattern: '^(?:[a-z]{16}|[a-z]{4}(?: [a-z]{4}){3})$',
    helpSteps: [
      'In the Yahoo account open Security → Generate app password.',
      'Name it and copy the 16 letters; the spaces between them do not count.',
    ],
  },
  limits: { perDay: 500 },
  senders: 'account',
  docs: [{ label: 'App passwords', url: 'https://help.yahoo.com/kb/SLN15241.html' }],
  notices: [],
  dns: {
    domains: ['yahoo.com', 'yahoo.co.uk', 'yahoo.de', 'yahoo.fr', 'ymail.com', 'rocketmail.com'],
    mx: ['yahoodns.net'],
    spf: ['_spf.mail.yahoo.com'],
    dkim: [],
    returnPath: 'sender',
  },
  reviewedOn: REVIEWED,
};

const zoho: Preset = {
  id: 'zoho',
  name: 'Zoho Mail',
  host: 'smtp.zoho.com',
  regions: [
    { id: 'com', name: 'zoho.com, personal', host: 'smtp.zoho.com' },
    { id: 'com-pro', name: 'zoho.com, paid organisation', host: 'smtppro.zoho.com' },
    { id: 'eu', name: 'zoho.eu, personal', host: 'smtp.zoho.eu' },
    { id: 'eu-pro', name: 'zoho.eu, paid organisation', host: 'smtppro.zoho.eu' },
    { id: 'in', name: 'zoho.in, personal', host: 'smtp.zoho.in' },
    { id: 'in-pro', name: 'zoho.in, paid organisation', host: 'smtppro.zoho.in' },
    { id: 'au', name: 'zoho.com.au', host: 'smtp.zoho.com.au' },
    { id: 'jp', name: 'zoho.jp', host: 'smtp.zoho.jp' },
  ],
  hostPattern: '^smtp(?:pro)?\\.zoho\\.(?:com|eu|in|jp|sa|com\\.au|com\\.cn)$',
  ports: [IMPLICIT_465, STARTTLS_587],
  auth: ['password'],
  username: {
    placeholder: 'you@example.com',
    pattern: FULL_ADDRESS,
    rule: 'The full address of the account.',
  },
  secret: {
    label: 'App password',
    placeholder: 'an application-specific password',
    helpSteps: [
      'In the Zoho account open Security → App passwords and make one.',
      'The host must be that of the data centre of the account: the end of its web address (.com, .eu, .in …).',
    ],
  },
  limits: {},
  senders: 'account',
  docs: [{ label: 'SMTP configuration', url: 'https://www.zoho.com/mail/help/zoho-smtp.html' }],
  notices: [
    {
      from: null,
      to: null,
      severity: 'info',
      text: 'The free plan may not allow SMTP; organisations with a paid plan use smtppro instead of smtp.',
    },
  ],
  dns: {
    domains: ['zohomail.com', 'zoho.com', 'zohomail.eu', 'zohomail.in'],
    mx: ['zoho.com', 'zoho.eu', 'zoho.in', 'zoho.com.au', 'zoho.jp'],
    spf: ['zohomail.com', 'one.zoho.com', 'zoho.com', 'zohomail.eu', 'zoho.eu', 'zoho.in', 'zohomail.in'],
    dkim: ['zmail', 'zoho'],
    returnPath: 'sender',
  },
  reviewedOn: REVIEWED,
};

export const MAILBOX_PRESETS: readonly Preset[] = [microsoft365, gmail, googleRelay, yahoo, zoho];
