/**
 * What the catalogue says of an error besides its id, and the few words its files are written with. Texts may hold
 * placeholders: `{host}`, or `{host|the server}` with the neutral words for when nobody knows the host, or `[, port {port}]`, a part that
 * is left out then. A sentence whose placeholder has neither value nor neutral words is left out; see explain.ts.
 * Next: errors-network.ts
 */
import type { Scope } from './outcome.ts';

/** Who can set it right. */
export const WHO = [
  'you', // whoever owns the settings, here
  'provider_admin', // in the console of Microsoft, Google, SendGrid …
  'server_owner', // who runs the mail server
  'network', // who runs the network or the machine Posthorn is on
  'recipient', // the one who gets mail
  'instance_admin', // who runs this Posthorn
  'wait', // nobody: it passes
] as const;
export type Who = (typeof WHO)[number];

/** What becomes of the mail. */
export const RETRIES = [
  'retry', // the same again later, with growing pauses
  'hold', // waits until somebody sets it right
  'fail', // given up
  'config', // stopped before anything was sent; waits until a setting is changed
  'captured', // kept here instead of being sent
  'suppressed', // not sent on purpose
  'none', // no mail is concerned
] as const;
export type Retry = (typeof RETRIES)[number];

/** What a text may name. All of it is optional; what comes from outside is cleaned before it is shown. */
export const PARAMS = [
  'aadsts', // Microsoft's error number, digits only
  'address', // the address in question
  'answer', // the server's own words
  'bestName', // the best fitting name in a certificate
  'clientId', // OAuth2 client id
  'date', // when something began or ended
  'days', // days left
  'domain', // domain of the sender or recipient
  'folder', // pickup folder
  'found', // what was found, such as a TLS version
  'from', // sender address
  'host', // host of the connection
  'identities', // addresses or domains that are not verified
  'ip', // address of the server
  'issuer', // who issued a certificate
  'limit', // an allowance
  'list', // a list: a block list, verified senders
  'max', // the largest size
  'names', // names in a certificate
  'now', // our time
  'offered', // ways of signing in that the server offers
  'ourIp', // the address we are seen with
  'port', // port of the connection
  'proxy', // host and port of the proxy
  'reason', // why, in own words
  'recipient', // recipient's address
  'redirectUri', // where the provider sends people back
  'region', // provider's region
  'reset', // when an allowance comes back
  'resolver', // DNS server in use
  'seconds', // difference of clocks
  'size', // size of the message
  'suggestion', // a corrected name
  'tenantId', // Microsoft directory
  'time', // when
  'username', // user name of the connection
  'variable', // a template's variable
  'wanted', // the way of signing in we wanted
] as const;
export type ParamName = (typeof PARAMS)[number];

/** Fields of a connection that a fix changes. */
export type ChangeField =
  'host' | 'port' | 'security' | 'auth' | 'username' | 'serverName' | 'minTls' | 'ipVersion' | 'scopes';
/** Fields of a connection that only a person can fill. */
export type AskField =
  ChangeField | 'password' | 'clientId' | 'clientSecret' | 'tenantId' | 'tokenUrl' | 'serviceAccount';
export type MoreField =
  'ca' | 'pin' | 'proxy' | 'proxyPassword' | 'ehloName' | 'folder' | 'rate' | 'timeouts';

export type Change = Readonly<Partial<Record<ChangeField, string | number | readonly string[]>>>;

export type FixAction =
  /** Settings that can be applied as they are, and tested. */
  | { readonly kind: 'change'; readonly label: string; readonly change: Change }
  /** A command, a DNS record, or a request to send to somebody. */
  | { readonly kind: 'copy'; readonly label: string; readonly text: string }
  | { readonly kind: 'open'; readonly label: string; readonly page: 'web'; readonly url: string }
  | {
      readonly kind: 'open';
      readonly label: string;
      readonly page: 'settings';
      readonly field: AskField | MoreField;
    }
  | {
      readonly kind: 'open';
      readonly label: string;
      readonly page: 'connect-google' | 'connect-microsoft' | 'sender-dns' | 'suppressions' | 'network';
    }
  /** Tries the usual ports of the host. */
  | { readonly kind: 'probe'; readonly label: string };

export interface Fix {
  readonly text: string;
  readonly action?: FixAction;
}

export interface ErrorEntry {
  /** One sentence; every placeholder in it has neutral words. */
  readonly title: string;
  /** At most 28 characters, for the cell of a list. */
  readonly short: string;
  /** Why it happens. Missing where nobody knows: then the server's own words stand alone. */
  readonly cause?: string;
  /** Best first. */
  readonly fixes: readonly Fix[];
  readonly who: Who;
  readonly retry: Retry;
  readonly scope: Scope;
  /** Pages of others; the own page comes by itself. */
  readonly docs?: readonly DocKey[];
  /** Who finds it, where no reply and no failure leads to it: a file under `server/src`, or `later` with the room's name. */
  readonly made?: string;
}

export const DOCS = {
  gmailErrors: { label: 'Google guide', url: 'https://support.google.com/a/answer/3726730' },
  gmailAppPassword: { label: 'Google guide', url: 'https://support.google.com/accounts/answer/185833' },
  gmailLimits: { label: 'Google limits', url: 'https://support.google.com/a/answer/166852' },
  gmailSenders: { label: 'Google guide', url: 'https://support.google.com/a/answer/81126' },
  googleOauth: {
    label: 'Google guide',
    url: 'https://developers.google.com/identity/protocols/oauth2/web-server',
  },
  googleServiceAccount: {
    label: 'Google guide',
    url: 'https://developers.google.com/identity/protocols/oauth2/service-account',
  },
  smtpAuth: { label: 'Microsoft guide', url: 'https://aka.ms/smtp_auth_disabled' },
  exchangeOauth: {
    label: 'Microsoft guide',
    url: 'https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth',
  },
  exchangeLimits: {
    label: 'Microsoft limits',
    url: 'https://learn.microsoft.com/office365/servicedescriptions/exchange-online-service-description/exchange-online-limits',
  },
  entraErrors: {
    label: 'Microsoft guide',
    url: 'https://learn.microsoft.com/entra/identity-platform/reference-error-codes',
  },
  graphErrors: { label: 'Microsoft guide', url: 'https://learn.microsoft.com/graph/errors' },
  graphSend: { label: 'Microsoft guide', url: 'https://learn.microsoft.com/graph/api/user-sendmail' },
  graphScoping: {
    label: 'Microsoft guide',
    url: 'https://learn.microsoft.com/exchange/permissions-exo/application-rbac',
  },
  sendgridSmtp: {
    label: 'SendGrid guide',
    url: 'https://www.twilio.com/docs/sendgrid/for-developers/sending-email/smtp-errors-and-troubleshooting',
  },
  sendgridSender: {
    label: 'SendGrid guide',
    url: 'https://www.twilio.com/docs/sendgrid/for-developers/sending-email/sender-identity',
  },
  sesErrors: {
    label: 'Amazon guide',
    url: 'https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html',
  },
  sesCredentials: {
    label: 'Amazon guide',
    url: 'https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html',
  },
  sparkpostSmtp: { label: 'SparkPost guide', url: 'https://developers.sparkpost.com/api/smtp/' },
} as const satisfies Readonly<Record<string, DocLink>>;
export type DocKey = keyof typeof DOCS;

export interface DocLink {
  readonly label: string;
  readonly url: string;
}

export function say(text: string): Fix {
  return { text };
}

export function change(text: string, label: string, fields: Change): Fix {
  return { text, action: { kind: 'change', label, change: fields } };
}

export function copy(text: string, label: string, what: string): Fix {
  return { text, action: { kind: 'copy', label, text: what } };
}

export function web(text: string, label: string, url: string): Fix {
  return { text, action: { kind: 'open', label, page: 'web', url } };
}

/** Leads to a field that only a person can fill. */
export function ask(text: string, label: string, field: AskField | MoreField): Fix {
  return { text, action: { kind: 'open', label, page: 'settings', field } };
}

export function page(
  text: string,
  label: string,
  name: 'connect-google' | 'connect-microsoft' | 'sender-dns' | 'suppressions' | 'network',
): Fix {
  return { text, action: { kind: 'open', label, page: name } };
}

export function probe(text: string): Fix {
  return { text, action: { kind: 'probe', label: 'Probe the ports' } };
}
