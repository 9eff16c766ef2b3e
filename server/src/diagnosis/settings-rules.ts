/**
 * Judges settings of an SMTP connection before anything is connected: pure, from what somebody typed to hints. The same
 * hints stand under the fields of the console, in the first stage of a test, and behind `POST /connection-hints`.
 * Next: settings-hint.ts
 */
import { checkAddress, instanceEgress, parseHost } from '../net/net.ts';
import { hostHints } from './host-rules.ts';
import { portHints } from './port-rules.ts';
import { presetHints } from './preset-rules.ts';
import { hint, type Destination, type SettingsDraft, type SettingsHint } from './settings-hint.ts';

export interface SettingsFacts {
  /** Where the host leads, when somebody looked; judged from the name when absent. */
  readonly destination?: Destination;
  /** Epoch ms, for notices with a date. */
  readonly now: number;
}

/** Every hint for these settings, in the order of the form. */
export function settingsHints(draft: SettingsDraft, facts: SettingsFacts): SettingsHint[] {
  const destination = facts.destination ?? destinationOf(draft.host);
  return [
    ...hostHints(draft),
    ...portHints(draft, destination),
    ...signInHints(draft),
    ...presetHints(draft, facts.now),
    ...trustHints(draft),
  ];
}

/** What the name alone tells of the place: an address says it all, a name only when it means this machine or cloud. */
export function destinationOf(host: string | undefined): Destination {
  const parsed = host === undefined ? undefined : parseHost(host.trim());
  if (parsed === undefined) return 'unknown';
  if (parsed.kind === 'name') {
    return /(?:^|\.)(?:localhost|internal)\.?$/.test(parsed.name) ? 'private' : 'unknown';
  }
  const verdict = checkAddress(instanceEgress(), parsed.address, 587);
  return verdict.allowed && verdict.internal ? 'private' : 'public';
}

function signInHints(draft: SettingsDraft): SettingsHint[] {
  const { username, password } = draft;
  const auth = draft.auth ?? 'anonymous';
  const hints: SettingsHint[] = [];
  if (auth === 'anonymous') {
    if (username !== undefined && username !== '') {
      const message = 'A user name alone never signs in. Choose how to sign in, or remove it.';
      hints.push(hint('username', 'info', 'username.unused', message));
    }
    return hints;
  }
  if (username === undefined || username === '') {
    hints.push(hint('username', 'error', 'username.missing', 'Signing in needs a user name.'));
  } else if (username !== username.trim()) {
    const change = { label: 'Remove it', change: { username: username.trim() } };
    hints.push(
      hint('username', 'warn', 'username.spaces', `There is a space ${whereSpaces(username)}.`, change),
    );
  }
  if (auth === 'password' && password !== undefined && password !== password.trim()) {
    const message = `There is a space ${whereSpaces(password)}. Keep it?`;
    hints.push(hint('password', 'warn', 'password.spaces', message));
  }
  if (draft.clientSecret !== undefined && draft.clientSecret !== draft.clientSecret.trim()) {
    const message = `There is a space ${whereSpaces(draft.clientSecret)}. Keep it?`;
    hints.push(hint('clientSecret', 'warn', 'password.spaces', message));
  }
  return hints;
}

function whereSpaces(text: string): string {
  const before = text !== text.trimStart();
  const after = text !== text.trimEnd();
  return before && after ? 'at the beginning and at the end' : before ? 'at the beginning' : 'at the end';
}

function trustHints(draft: SettingsDraft): SettingsHint[] {
  if (draft.verify !== false || draft.security === 'none') return [];
  const message =
    'The certificate is not checked: whoever is on the way can read the mail and the password. Trust the right authority, or pin the certificate.';
  return [hint('verify', 'warn', 'tls.unverified', message, { label: 'Check it', change: { verify: true } })];
}
