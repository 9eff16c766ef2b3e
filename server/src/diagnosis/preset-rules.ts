/**
 * What a provider's preset says about settings that point to it: user name, kind of secret, ports, limits, senders. The
 * shape of a secret is judged; nothing of it is repeated.
 * Next: settings-rules.ts
 */
import { connectionPort } from '../config/config.ts';
import type { Preset } from './preset.ts';
import { noticesAt, presetOfHost } from './presets.ts';
import { hint, type SettingsChange, type SettingsDraft, type SettingsHint } from './settings-hint.ts';

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** A secret access key of IAM has 40 characters, an SMTP password of SES 44. */
const IAM_SECRET = /^[A-Za-z0-9/+]{40}$/;

/** Everything that the preset of the host has to say. */
export function presetHints(draft: SettingsDraft, now: number): SettingsHint[] {
  const preset = draft.host === undefined ? undefined : presetOfHost(draft.host);
  if (preset === undefined) return [];
  return [
    ...portOf(draft, preset),
    ...signInOf(draft, preset),
    ...usernameOf(draft, preset),
    ...passwordOf(draft, preset),
    ...tokenOf(draft, preset),
    ...regionOf(draft, preset),
    ...limitsOf(draft, preset),
    ...sendersOf(draft, preset),
    ...noticesAt(preset, now)
      .filter(({ severity, auth }) => severity === 'warn' && (auth === undefined || auth === draft.auth))
      .map(({ text, auth }) => hint(auth === undefined ? 'host' : 'auth', 'warn', 'preset.notice', text)),
  ];
}

function portOf(draft: SettingsDraft, preset: Preset): SettingsHint[] {
  const security = draft.security ?? 'starttls';
  const port = connectionPort({ security, ...(draft.port !== undefined && { port: draft.port }) });
  const [best] = preset.ports;
  if (best === undefined || preset.ports.some((one) => one.port === port)) return [];
  const known = preset.ports.map((one) => String(one.port)).join(', ');
  const message = `${preset.name} listens on ${known}; ${String(port)} is not among them.`;
  return [
    hint('port', 'warn', 'preset.port', message, {
      label: `Use port ${String(best.port)}`,
      change: { port: best.port, security: best.security },
    }),
  ];
}

function signInOf(draft: SettingsDraft, preset: Preset): SettingsHint[] {
  const auth = draft.auth ?? 'anonymous';
  if (preset.auth.includes(auth)) return [];
  const [best = 'password'] = preset.auth;
  const use: SettingsChange = {
    label: best === 'password' ? `Sign in with ${preset.secret.label}` : 'Sign in with OAuth2',
    change: { auth: best },
  };
  if (auth === 'anonymous') {
    const message = `${preset.name} takes mail only after sign-in.`;
    return [hint('auth', 'warn', 'preset.sign_in_needed', message, use)];
  }
  const message = `${preset.name} does not offer this way to sign in.`;
  return [hint('auth', 'warn', 'preset.sign_in_kind', message, use)];
}

function usernameOf(draft: SettingsDraft, preset: Preset): SettingsHint[] {
  const { username } = draft;
  if (username === undefined || username === '' || (draft.auth ?? 'anonymous') === 'anonymous') return [];
  const { fixed, pattern, rule } = preset.username;
  if (pattern === undefined || new RegExp(pattern).test(username)) return [];
  const message = `${preset.name}: ${rule}`;
  if (fixed === undefined) return [hint('username', 'warn', 'preset.username', message)];
  const change: SettingsChange = { label: `Use ${fixed}`, change: { username: fixed } };
  return [hint('username', 'error', 'preset.username', message, change)];
}

/** Shapes of the wrong secret, each with what it is. Only those that cannot be the right one. */
const WRONG_SECRETS: Readonly<Record<string, readonly { readonly is: RegExp; readonly say: string }[]>> = {
  ses: [
    {
      is: IAM_SECRET,
      say: 'This has the 40 characters of an IAM secret access key. SES wants the SMTP password, which has 44.',
    },
  ],
  brevo: [
    { is: /^xkeysib-/, say: 'This is an API key. SMTP wants an SMTP key, which begins with "xsmtpsib-".' },
  ],
  mailgun: [
    {
      is: /^(?:key-[0-9a-f]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})$/,
      say: 'This looks like an API key. SMTP wants the password of the SMTP login, unless you set it to this.',
    },
  ],
  microsoft365: [{ is: GUID, say: 'This looks like the ID of a secret or application, not a password.' }],
};

function passwordOf(draft: SettingsDraft, preset: Preset): SettingsHint[] {
  if (draft.auth !== 'password') return [];
  const { password, username } = draft;
  if (password === undefined || password === '') return [];
  const bare = password.trim();
  const wrong = WRONG_SECRETS[preset.id]?.find(({ is }) => is.test(bare));
  if (wrong !== undefined) return [hint('password', 'warn', 'preset.wrong_secret', wrong.say)];
  if (preset.id === 'postmark' && GUID.test(bare) && username !== undefined && username !== bare) {
    const message = 'Postmark wants the same server API token in both fields; these two differ.';
    return [hint('password', 'warn', 'preset.wrong_secret', message)];
  }
  const { pattern, label, placeholder } = preset.secret;
  if (pattern === undefined || new RegExp(pattern).test(bare)) return [];
  const message = `This does not look like what ${preset.name} wants here: ${label} (${placeholder}). The password of the account itself does not work.`;
  return [hint('password', 'warn', 'preset.secret_shape', message)];
}

function tokenOf(draft: SettingsDraft, preset: Preset): SettingsHint[] {
  if (draft.auth === undefined || !draft.auth.startsWith('oauth2-') || preset.oauth2 === undefined) return [];
  return preset.id === 'microsoft365' ? microsoftToken(draft) : googleToken(draft, preset);
}

function microsoftToken(draft: SettingsDraft): SettingsHint[] {
  const hints: SettingsHint[] = [];
  if (draft.clientSecret !== undefined && GUID.test(draft.clientSecret.trim())) {
    const message =
      'This looks like the secret\'s ID. Microsoft shows the value only once, in the column "Value".';
    hints.push(hint('clientSecret', 'warn', 'microsoft.secret_id', message));
  }
  if (draft.clientId !== undefined && draft.clientId !== '' && !GUID.test(draft.clientId.trim())) {
    const message =
      'The application (client) ID of Microsoft has the form 00000000-0000-0000-0000-000000000000.';
    hints.push(hint('clientId', 'warn', 'microsoft.client_id', message));
  }
  const appOnly = draft.auth === 'oauth2-client-credentials';
  if (appOnly && /^(?:common|organizations|consumers)$/i.test(draft.tenantId ?? '')) {
    const message = 'An application signs in to one directory: give its own directory (tenant) ID.';
    hints.push(hint('tenantId', 'error', 'microsoft.directory', message));
  }
  const { scopes } = draft;
  if (appOnly && scopes !== undefined && (scopes.length !== 1 || scopes[0]?.endsWith('/.default') !== true)) {
    const message = 'Client credentials take exactly one scope, and it ends in "/.default".';
    hints.push(hint('scopes', 'error', 'microsoft.scopes', message));
  }
  if (!appOnly && scopes !== undefined && !scopes.includes('offline_access')) {
    const message = 'Without the scope "offline_access" Microsoft gives no refresh token.';
    hints.push(hint('scopes', 'warn', 'microsoft.offline_access', message));
  }
  return hints;
}

function googleToken(draft: SettingsDraft, preset: Preset): SettingsHint[] {
  const wanted = preset.oauth2?.scopes[0];
  if (draft.scopes === undefined || wanted === undefined || draft.scopes.includes(wanted)) return [];
  return [hint('scopes', 'error', 'google.scope', `SMTP at Google needs the scope ${wanted}.`)];
}

/** Mailgun keeps its regions apart, and the domain in the login often tells which one was meant. */
function regionOf(draft: SettingsDraft, preset: Preset): SettingsHint[] {
  if (preset.id !== 'mailgun') return [];
  const domains = [draft.username, ...(draft.senders ?? [])].map((one) => one?.split('@')[1]?.toLowerCase());
  const european = domains.some((one) => one !== undefined && one.split('.').includes('eu'));
  const eu = preset.regions.find(({ id }) => id === 'eu')?.host;
  if (!european || eu === undefined || draft.host?.toLowerCase() === eu) return [];
  const message = `If this domain is in Mailgun's EU region, its host is ${eu}; elsewhere sign-in fails.`;
  return [hint('host', 'warn', 'mailgun.region', message, { label: `Use ${eu}`, change: { host: eu } })];
}

function limitsOf(draft: SettingsDraft, preset: Preset): SettingsHint[] {
  const { limits, name } = preset;
  const hints: SettingsHint[] = [];
  const over = (path: string, ours: number | undefined, theirs: number | undefined, what: string): void => {
    if (ours === undefined || theirs === undefined || ours <= theirs) return;
    const message = `${name} allows about ${theirs.toLocaleString('en-US')} ${what}.`;
    hints.push(
      hint(path, 'warn', 'preset.limit', message, { label: 'Use that', change: nested(path, theirs) }),
    );
  };
  over('pool.connections', draft.pool?.connections, limits.connections, 'connections at a time');
  over('pool.messages', draft.pool?.messages, limits.messagesPerConnection, 'messages on one connection');
  over('rate.perMinute', draft.rate?.perMinute, limits.perMinute, 'messages a minute');
  over('rate.perDay', draft.rate?.perDay, limits.perDay, 'messages a day');
  const patience = draft.timeouts?.commandMs;
  if (patience !== undefined && limits.commandMs !== undefined && patience < limits.commandMs) {
    const message = `${name} asks for at least ${String(limits.commandMs / 1000)} s for each command.`;
    const change: SettingsChange = {
      label: 'Use that',
      change: nested('timeouts.commandMs', limits.commandMs),
    };
    hints.push(hint('timeouts.commandMs', 'info', 'preset.patience', message, change));
  }
  return hints;
}

/** `pool.connections` → `{pool: {connections: 3}}`, as a patch takes it. */
function nested(path: string, value: number): SettingsChange['change'] {
  const [outer = '', inner = ''] = path.split('.');
  return { [outer]: { [inner]: value } };
}

function sendersOf(draft: SettingsDraft, preset: Preset): SettingsHint[] {
  const account = draft.username?.split('@')[1]?.toLowerCase();
  if (preset.senders !== 'account' || account === undefined || (draft.auth ?? 'anonymous') === 'anonymous') {
    return [];
  }
  const others = (draft.senders ?? []).map((one) => one.slice(one.lastIndexOf('@') + 1).toLowerCase());
  const other = others.find((domain) => domain !== '' && domain !== account);
  if (other === undefined) return [];
  const message = `${preset.name} sends only as the account that signs in or its aliases; ${other} is not the domain of the user name.`;
  return [hint('senders', 'warn', 'preset.sender_domain', message)];
}
