/**
 * What discovery proposes: settings with the evidence for them; proposals for the same server are merged, and ranked by
 * how plainly somebody published them.
 * Next: discover.ts
 */
import { peerText } from '../base/log.ts';
import type { AuthKind, Preset, Security } from './preset.ts';
import { presetOfHost } from './presets.ts';

/** In the order of their weight. */
export const SOURCES = ['known', 'autoconfig', 'srv', 'mx', 'spf', 'guess'] as const;
export type Source = (typeof SOURCES)[number];

export interface SuggestedSettings {
  readonly host: string;
  readonly port: number;
  readonly security: Security;
  readonly auth: AuthKind;
  readonly username?: string;
}

export interface Suggestion {
  readonly name: string;
  /** Id of the preset that it belongs to. */
  readonly preset: string | null;
  readonly settings: SuggestedSettings;
  /** The weightiest evidence. */
  readonly source: Source;
  readonly evidence: readonly { readonly source: Source; readonly text: string }[];
  readonly caution: string | null;
}

/** More than this nobody reads. */
const SUGGESTIONS_MAX = 10;
const EVIDENCE_MAX = 8;

export function suggest(
  source: Source,
  settings: SuggestedSettings,
  evidence: string,
  caution?: string,
): Suggestion {
  const preset = presetOfHost(settings.host);
  return {
    name: preset?.name ?? settings.host,
    preset: preset?.id ?? null,
    settings,
    source,
    evidence: [{ source, text: peerText(evidence) }],
    caution: caution ?? openCaution(settings.security),
  };
}

/** A proposal that comes from a preset: its usual port, its best way to sign in with a password or without. */
export function suggestPreset(source: Source, preset: Preset, host: string, evidence: string): Suggestion {
  const [best = { port: 587, security: 'starttls' as const }] = preset.ports;
  const [auth = 'password'] = preset.auth;
  const { fixed } = preset.username;
  const settings = { host, ...best, auth, ...(fixed !== undefined && { username: fixed }) };
  return suggest(source, settings, evidence);
}

function openCaution(security: Security): string | null {
  if (security !== 'none') return null;
  return 'This server is published without encryption. Do not send a password to it.';
}

/** One proposal for each server and port, the weightiest first; what lacks encryption comes last in its rank. */
export function rank(suggestions: readonly Suggestion[]): Suggestion[] {
  const merged = new Map<string, Suggestion>();
  const inOrder = suggestions.toSorted((a, b) => weight(a) - weight(b));
  for (const one of inOrder) {
    const key = `${one.settings.host} ${String(one.settings.port)}`;
    const before = merged.get(key);
    if (before === undefined) merged.set(key, one);
    else
      merged.set(key, { ...before, evidence: [...before.evidence, ...one.evidence].slice(0, EVIDENCE_MAX) });
  }
  return [...merged.values()].slice(0, SUGGESTIONS_MAX);
}

function weight({ source, settings }: Suggestion): number {
  return SOURCES.indexOf(source) * 2 + (settings.security === 'none' ? 1 : 0);
}
