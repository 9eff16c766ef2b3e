/**
 * Slips and traps in the host: what was pasted with it, names that are one letter beside a provider's, names of the wrong
 * one of a provider's servers.
 * Next: preset-rules.ts
 */
import { nearName } from '../config/config.ts';
import { parseHost } from '../net/net.ts';
import { hostsOf, presetOfHost, presetOfMx, PRESETS } from './presets.ts';
import { hint, type SettingsChange, type SettingsDraft, type SettingsHint } from './settings-hint.ts';

/** Hosts that people write, the one that they mean, and why. */
const MISTAKEN: Readonly<Record<string, readonly [right: string, why: string]>> = {
  'smtp.sendgrid.com': ['smtp.sendgrid.net', "SendGrid's host is smtp.sendgrid.net."],
  'sendgrid.net': ['smtp.sendgrid.net', "SendGrid's host is smtp.sendgrid.net."],
  'sendgrid.com': ['smtp.sendgrid.net', "SendGrid's host is smtp.sendgrid.net."],
  'api.sendgrid.com': ['smtp.sendgrid.net', 'That is the web API; SMTP is at smtp.sendgrid.net.'],
  'gmail.com': ['smtp.gmail.com', "Gmail's host is smtp.gmail.com."],
  'mail.gmail.com': ['smtp.gmail.com', "Gmail's host is smtp.gmail.com."],
  'mail.google.com': ['smtp.gmail.com', 'That is the web page of Gmail; SMTP is at smtp.gmail.com.'],
  'smtp.google.com': [
    'smtp.gmail.com',
    'That server receives mail for Google; one signs in at smtp.gmail.com.',
  ],
  'smtp.office.com': ['smtp.office365.com', "Microsoft 365's host is smtp.office365.com."],
  'smtp.office365.net': ['smtp.office365.com', "Microsoft 365's host is smtp.office365.com."],
  'smtp.microsoft365.com': ['smtp.office365.com', "Microsoft 365's host is smtp.office365.com."],
  'mail.office365.com': ['smtp.office365.com', "Microsoft 365's host is smtp.office365.com."],
  'outlook.office365.com': [
    'smtp.office365.com',
    'That server is for reading mail (IMAP); one sends through smtp.office365.com.',
  ],
  'outlook.office.com': [
    'smtp.office365.com',
    'That is the web page of Outlook; SMTP is at smtp.office365.com.',
  ],
  'smtp.outlook.com': [
    'smtp.office365.com',
    'Organisations send through smtp.office365.com, personal accounts through smtp-mail.outlook.com.',
  ],
  'smtp.live.com': ['smtp-mail.outlook.com', 'That old name is now smtp-mail.outlook.com.'],
  'smtp.sendinblue.com': ['smtp-relay.brevo.com', 'Sendinblue is now Brevo: smtp-relay.brevo.com.'],
  'smtp-relay.sendinblue.com': ['smtp-relay.brevo.com', 'Sendinblue is now Brevo: smtp-relay.brevo.com.'],
  'smtp.brevo.com': ['smtp-relay.brevo.com', "Brevo's host is smtp-relay.brevo.com."],
  'smtp.mailgun.com': ['smtp.mailgun.org', "Mailgun's host is smtp.mailgun.org."],
  'smtp.mailgun.net': ['smtp.mailgun.org', "Mailgun's host is smtp.mailgun.org."],
  'api.mailgun.net': ['smtp.mailgun.org', 'That is the web API; SMTP is at smtp.mailgun.org.'],
  'api.eu.mailgun.net': ['smtp.eu.mailgun.org', 'That is the web API; SMTP is at smtp.eu.mailgun.org.'],
  'smtp.sparkpost.com': ['smtp.sparkpostmail.com', "SparkPost's host is smtp.sparkpostmail.com."],
  'smtp.mailjet.com': ['in-v3.mailjet.com', "Mailjet's host is in-v3.mailjet.com."],
  'in.mailjet.com': ['in-v3.mailjet.com', "Mailjet's host is in-v3.mailjet.com."],
  'smtp.postmark.com': ['smtp.postmarkapp.com', "Postmark's host is smtp.postmarkapp.com."],
  'smtp.yahoo.com': ['smtp.mail.yahoo.com', "Yahoo's host is smtp.mail.yahoo.com."],
  'smtp.rapidmail.com': ['smtp.rapidmail.de', "rapidmail's host is smtp.rapidmail.de."],
  'api.resend.com': ['smtp.resend.com', 'That is the web API; SMTP is at smtp.resend.com.'],
};

/** Real hosts that look like a slip of another one. */
const NO_SLIPS: ReadonlySet<string> = new Set([
  'smtp.mail.com',
  'smtp.gmx.com',
  'smtp.ymail.com',
  'smtp-mail.outlook.com',
]);
const KNOWN_HOSTS: readonly string[] = PRESETS.flatMap(hostsOf);
/** From this length on two letters may be wrong. */
const LONG_NAME = 18;

/** What is wrong with the host as it was typed. */
export function hostHints(draft: SettingsDraft): SettingsHint[] {
  const typed = draft.host;
  if (typed === undefined || typed === '') return [];
  const pasted = pastedHint(typed);
  if (pasted !== undefined) return [pasted];
  const host = parseHost(typed);
  if (host === undefined) {
    const message = 'This is neither a host name nor an IP address.';
    return [hint('host', 'error', 'host.invalid', message)];
  }
  if (host.kind === 'address') return addressHints(draft, host.address);
  const name = host.name.replace(/\.$/, '');
  if (name === 'localhost') {
    const message = 'This is the machine of the mail server itself; inside a container it is the container.';
    return [hint('host', 'info', 'host.this_machine', message)];
  }
  const found = mistakenHint(name) ?? wrongServerHint(draft, name) ?? slipHint(name);
  const shown = name !== typed.toLowerCase().replace(/\.$/, '') ? [idnHint(name)] : [];
  return [...(found === undefined ? [] : [found]), ...shown];
}

/** Text around the host: spaces, a scheme, a port, a path, or an address in its place. */
function pastedHint(typed: string): SettingsHint | undefined {
  const bare = typed.trim();
  const url = /^(smtps?|https?):\/\/(?:[^@/\s]*@)?([^/:@\s]+)(?::(\d{1,5}))?(?:[/?#].*)?$/i.exec(bare);
  if (url?.[2] !== undefined) {
    const change = { host: url[2].toLowerCase(), ...portChange(url[3]), ...schemeChange(url[1]) };
    return hint('host', 'error', 'host.scheme', 'Only the host name belongs here, without scheme.', {
      label: `Use ${change.host}`,
      change,
    });
  }
  const parts = /^([^\s:/@[\]]+):(\d{1,5})\/?$/.exec(bare);
  if (parts?.[1] !== undefined) {
    const change = { host: parts[1].toLowerCase(), ...portChange(parts[2]) };
    return hint('host', 'error', 'host.port', 'The port has a field of its own.', {
      label: 'Split host and port',
      change,
    });
  }
  if (bare.includes('@')) {
    const message = 'This is an email address. Find the server by looking up its domain.';
    return hint('host', 'error', 'host.address', message);
  }
  if (bare !== typed) {
    const message = 'There are spaces around the host.';
    return hint('host', 'error', 'host.spaces', message, { label: 'Remove them', change: { host: bare } });
  }
  return undefined;
}

function portChange(text: string | undefined): { port?: number } {
  const port = Number(text);
  return text !== undefined && port >= 1 && port <= 65_535 ? { port } : {};
}

function schemeChange(scheme: string | undefined): { security?: 'implicit' } {
  return scheme?.toLowerCase() === 'smtps' ? { security: 'implicit' } : {};
}

function addressHints(draft: SettingsDraft, address: string): SettingsHint[] {
  const security = draft.security ?? 'starttls';
  const named = draft.serverName !== undefined || draft.pin !== undefined || draft.verify === false;
  if (security === 'none' || named) return [];
  const message = `Certificates rarely hold an IP address. If the check of ${address} fails, set the server name for the certificate.`;
  return [hint('host', 'info', 'host.ip_address', message)];
}

function idnHint(name: string): SettingsHint {
  return hint('host', 'info', 'host.idn', `This name is looked up as ${name}.`);
}

function mistakenHint(name: string): SettingsHint | undefined {
  const known = Object.hasOwn(MISTAKEN, name) ? MISTAKEN[name] : undefined;
  if (known !== undefined) return hint('host', 'warn', 'host.mistaken', known[1], useHost(known[0]));
  const api = /^email\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com$/.exec(name);
  if (api?.[1] === undefined) return undefined;
  const right = `email-smtp.${api[1]}.amazonaws.com`;
  return hint('host', 'warn', 'host.mistaken', `That is the web API; SMTP is at ${right}.`, useHost(right));
}

/** A server of the right provider for another purpose: receiving from the world, or reading mail. */
function wrongServerHint(draft: SettingsDraft, name: string): SettingsHint | undefined {
  if (presetOfHost(name) !== undefined) return undefined;
  if (/^(?:imap|imaps|pop|pop3)\d?\./.test(name)) {
    const rest = name.slice(name.indexOf('.') + 1);
    const message =
      'This name is that of a server for reading mail. One sends through another one, often "smtp".';
    return hint('host', 'warn', 'host.reading_side', message, useHost(`smtp.${rest}`));
  }
  const preset = presetOfMx(name);
  if (preset === undefined) return undefined;
  const signsIn = (draft.auth ?? 'anonymous') !== 'anonymous';
  const message = signsIn
    ? `That is the receiving side of ${preset.name}; there is no sign-in there.`
    : `That is the receiving side of ${preset.name}: it takes mail for its own domains only, on port 25.`;
  return hint('host', signsIn ? 'error' : 'info', 'host.receiving_side', message, useHost(preset.host));
}

function slipHint(name: string): SettingsHint | undefined {
  if (presetOfHost(name) !== undefined || NO_SLIPS.has(name)) return undefined;
  const near = nearName(name, KNOWN_HOSTS, name.length >= LONG_NAME ? 2 : 1);
  if (near === undefined) return undefined;
  return hint('host', 'warn', 'host.slip', `Did you mean ${near}?`, useHost(near));
}

function useHost(host: string): SettingsChange {
  return { label: `Use ${host}`, change: { host } };
}
