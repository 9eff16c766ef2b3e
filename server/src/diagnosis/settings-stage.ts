/**
 * The first stage: whether the settings fit together, before anything is dialled.
 * Next: runs.ts
 */
import type { Clock } from '../base/clock.ts';
import { connectionPort } from '../config/config.ts';
import type { Candidate } from '../connections/connections.ts';
import type { Found } from './findings.ts';
import type { SettingsHint } from './settings-hint.ts';
import { settingsHints } from './settings-rules.ts';

/** What the settings stage shows: the effective values, and what the rules say about them. */
export function settingsFindings(
  { settings, secrets }: Pick<Candidate, 'settings' | 'secrets'>,
  clock: Clock,
): Found {
  if (settings.type !== 'smtp') return { fact: 'consistent', details: { type: settings.type } };
  const hints = settingsHints(
    { ...settings, password: secrets.get('password'), clientSecret: secrets.get('clientSecret') },
    { now: clock.now() },
  ).filter(({ level }) => level !== 'ok');
  const notes = hints.filter(isDoubt).map(({ message }) => message);
  const { host, security, auth, username, verify, minTls, timeouts } = settings;
  return {
    fact: hints.some(isWrong) ? 'doubtful' : 'consistent',
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
    ...(notes.length > 0 && { notes }),
    ...(hints.some(isWrong) && { warn: true }),
  };
}

function isDoubt({ level }: SettingsHint): boolean {
  return level !== 'info';
}

function isWrong({ level }: SettingsHint): boolean {
  return level === 'error' || level === 'block';
}
