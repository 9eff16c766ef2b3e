/**
 * The first stage: whether the settings fit together, before anything is dialled.
 * Next: runs.ts
 */
import { connectionPort, type ConnectionSettings } from '../config/config.ts';
import type { Found } from './findings.ts';

/** What the settings stage shows. */
export function settingsFindings(settings: ConnectionSettings): Found {
  if (settings.type !== 'smtp') return { fact: 'consistent', details: { type: settings.type } };
  const { host, security, auth, username, verify, minTls, timeouts } = settings;
  return {
    fact: 'consistent',
    details: {
      host,
      port: connectionPort(settings),
      security,
      auth,
      username: username ?? null,
      verify,
      minTls,
      timeouts: { ...timeouts },
    },
  };
}
