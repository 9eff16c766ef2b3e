/**
 * What is known about a provider: its host, ports and sign-in, what its user name and secret look like, which records a
 * domain needs to send through it, and when a person last compared all that with the provider's own pages.
 * Next: presets-mailbox.ts
 */
import type { SmtpSettings } from '../config/config.ts';

export type Security = SmtpSettings['security'];
export type AuthKind = SmtpSettings['auth'];

export interface PresetRegion {
  readonly id: string;
  readonly name: string;
  readonly host: string;
}

export interface PresetNotice {
  /** First and last day on which it matters, ISO dates; `null` for since ever and until further notice. */
  readonly from: string | null;
  readonly to: string | null;
  readonly severity: 'info' | 'warn';
  readonly text: string;
  /** Matters only with this way to sign in. */
  readonly auth?: AuthKind;
}

/** What the DNS of a domain shows when it uses the provider, and what it must show to send well through it. */
export interface PresetDns {
  /** Mail domains that are the provider's own: `gmail.com`. */
  readonly domains: readonly string[];
  /** Ends of the names of its receiving servers. */
  readonly mx: readonly string[];
  /** Names that an SPF record includes; the first is the one to advise. */
  readonly spf: readonly string[];
  /** Selectors of its DKIM keys; none when they differ from account to account. */
  readonly dkim: readonly string[];
  /** Whose domain the envelope sender has by default: only `sender` makes SPF of the sender's domain matter. */
  readonly returnPath: 'sender' | 'provider';
}

export interface Preset {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  /** The choices when the host depends on a region; the first is `host`. */
  readonly regions: readonly PresetRegion[];
  /** Every host that belongs to it, as a regular expression, when the regions do not name them all. */
  readonly hostPattern?: string;
  /** The first is the one to use. */
  readonly ports: readonly { readonly port: number; readonly security: Security }[];
  /** Ways to sign in, the best first. */
  readonly auth: readonly AuthKind[];
  readonly username: {
    /** The user name of everybody. */
    readonly fixed?: string;
    readonly placeholder: string;
    /** A regular expression that a right user name matches. */
    readonly pattern?: string;
    readonly rule: string;
  };
  readonly secret: {
    readonly label: string;
    readonly placeholder: string;
    readonly pattern?: string;
    readonly helpSteps: readonly string[];
  };
  /** Scopes of OAuth2 at this provider, and its token endpoint when it has one for all. */
  readonly oauth2?: { readonly scopes: readonly string[]; readonly tokenUrl?: string };
  readonly limits: {
    readonly perMinute?: number;
    readonly perDay?: number;
    readonly connections?: number;
    readonly messagesPerConnection?: number;
    readonly commandMs?: number;
    readonly note?: string;
  };
  /** `account`: sends only as the account that signed in; `verified`: only from domains verified there. */
  readonly senders: 'account' | 'verified';
  readonly docs: readonly { readonly label: string; readonly url: string }[];
  readonly notices: readonly PresetNotice[];
  readonly dns: PresetDns;
  /** ISO date. */
  readonly reviewedOn: string;
}

export const FULL_ADDRESS = '^[^\\s@]+@[^\\s@]+\\.[^\\s@]+$';
export const STARTTLS_587 = { port: 587, security: 'starttls' } as const;
export const IMPLICIT_465 = { port: 465, security: 'implicit' } as const;
export const STARTTLS_2525 = { port: 2525, security: 'starttls' } as const;
export const STARTTLS_25 = { port: 25, security: 'starttls' } as const;
export const STARTTLS_2587 = { port: 2587, security: 'starttls' } as const;
export const IMPLICIT_2465 = { port: 2465, security: 'implicit' } as const;
export const REVIEWED = '2026-11-24';
