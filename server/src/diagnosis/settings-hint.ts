/**
 * What a rule about settings says: where, how bad, in which words, and the changes that would put it right. A hint never
 * repeats a secret; it may speak of its shape. `block` is what must not be saved, `error` what cannot work.
 * Next: port-rules.ts
 */
import type { AuthKind, Security } from './preset.ts';

export type HintLevel = 'ok' | 'info' | 'warn' | 'error' | 'block';

export interface SettingsChange {
  /** What the button says. */
  readonly label: string;
  /** As a patch of the settings takes it. */
  readonly change: Readonly<Record<string, string | number | boolean | Readonly<Record<string, number>>>>;
}

export interface SettingsHint {
  /** The field, as in the settings. */
  readonly path: string;
  readonly level: HintLevel;
  readonly id: string;
  readonly message: string;
  readonly changes?: readonly SettingsChange[];
}

/** What is known of the address behind the host. */
export type Destination = 'private' | 'public' | 'unknown';

/** Settings of an SMTP connection as somebody types them: anything may be missing. Secrets are looked at and forgotten. */
export interface SettingsDraft {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly security?: Security | undefined;
  readonly auth?: AuthKind | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly tenantId?: string | undefined;
  readonly tokenUrl?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly allowPlaintextAuth?: boolean | undefined;
  readonly verify?: boolean | undefined;
  readonly serverName?: string | undefined;
  readonly pin?: string | undefined;
  readonly senders?: readonly string[] | undefined;
  readonly timeouts?: { readonly commandMs?: number | undefined } | undefined;
  readonly pool?:
    { readonly connections?: number | undefined; readonly messages?: number | undefined } | undefined;
  readonly rate?:
    { readonly perMinute?: number | undefined; readonly perDay?: number | undefined } | undefined;
}

export function hint(
  path: string,
  level: HintLevel,
  id: string,
  message: string,
  ...changes: readonly SettingsChange[]
): SettingsHint {
  return { path, level, id, message, ...(changes.length > 0 && { changes }) };
}

export const USE_IMPLICIT: SettingsChange = {
  label: 'Use SSL/TLS on connect',
  change: { security: 'implicit' },
};
export const USE_STARTTLS: SettingsChange = {
  label: 'Use STARTTLS required',
  change: { security: 'starttls' },
};
export const USE_587: SettingsChange = {
  label: 'Use port 587',
  change: { port: 587, security: 'starttls' },
};
export const USE_465: SettingsChange = {
  label: 'Use port 465',
  change: { port: 465, security: 'implicit' },
};
export const USE_ANONYMOUS: SettingsChange = { label: 'Use Anonymous', change: { auth: 'anonymous' } };
