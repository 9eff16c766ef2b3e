/**
 * The first stage: whether the settings fit together, before anything is dialled. What cannot be wise is a warning and
 * is tried all the same; what must never be tried (a secret in the open) ends the test here.
 * Next: settings-rules.ts
 */
import type { Clock } from '../base/clock.ts';
import { connectionPort } from '../config/config.ts';
import type { Candidate } from '../connections/connections.ts';
import type { Failure } from '../mail/mail.ts';
import type { Found } from './findings.ts';
import type { HintLevel } from './settings-hint.ts';
import { settingsHints } from './settings-rules.ts';

export interface SettingsJudged {
  /** The effective values, and what the rules say about them. */
  readonly found: Found;
  /** Why nothing is dialled. */
  readonly blocked?: Failure;
}

const WARNS: ReadonlySet<HintLevel> = new Set(['warn', 'error', 'block']);

/** Looks at the shape of secrets only; no hint repeats one. */
export function judgeSettings(
  { settings, secrets }: Pick<Candidate, 'settings' | 'secrets'>,
  clock: Clock,
): SettingsJudged {
  if (settings.type === 'pickup') {
    const { type, folder } = settings;
    return { found: { fact: 'consistent', details: { type, folder } } };
  }
  if (settings.type === 'graph') {
    const { type, username } = settings;
    return { found: { fact: 'consistent', details: { type, username } } };
  }
  if (settings.type !== 'smtp') return { found: { fact: 'consistent', details: { type: settings.type } } };
  const { host, security, auth, username, verify, minTls, timeouts } = settings;
  const hints = settingsHints(
    { ...settings, password: secrets.get('password'), clientSecret: secrets.get('clientSecret') },
    { now: clock.now() },
  ).filter(({ level }) => level !== 'ok');
  const wrong = hints.filter(({ level }) => WARNS.has(level));
  const blocked = hints.find(({ level }) => level === 'block');
  const found: Found = {
    fact: wrong.length === 0 ? 'consistent' : 'doubtful',
    details: {
      host,
      port: connectionPort(settings),
      security,
      auth,
      username: username ?? null,
      verify,
      minTls,
      timeouts: { ...timeouts },
      hints,
    },
    ...(wrong.length > 0 && { warn: true, notes: wrong.map(({ message }) => message) }),
  };
  if (blocked === undefined) return { found };
  return {
    found,
    blocked: { kind: 'capability', code: 'AUTH_NEEDS_ENCRYPTION', message: blocked.message },
  };
}
