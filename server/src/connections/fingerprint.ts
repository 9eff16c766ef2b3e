/**
 * The fingerprint of a way out: equal for equal settings and secrets, whatever the process or the node, so that a test
 * that passed can be found again. It is a keyed digest and tells nothing of the secrets (K5).
 * What does not change the conversation with the server is left out: a new note needs no new test.
 * Next: revisions.ts
 */
import { connectionPort, type ConnectionSettings, type SecretField } from '../config/config.ts';
import type { KeyRing } from '../secrets/secrets.ts';

/** Not part of the conversation. Any field that is not here is, so that a new one is never forgotten. */
const BESIDE: ReadonlySet<string> = new Set([
  'name',
  'notes',
  'priority',
  'senders',
  'rate',
  'pool',
  'secretExpiresOn',
]);

/** `secrets` are in clear; those in `settings`, if any, count as given there. Reads the key ring: not in a transaction. */
export function fingerprintOf(
  keyRing: Pick<KeyRing, 'digest'>,
  tenantId: string,
  settings: ConnectionSettings,
  secrets: ReadonlyMap<SecretField, string>,
): Promise<string> {
  const told = Object.entries(settings).filter(([name, value]) => !BESIDE.has(name) && value !== undefined);
  const values: Record<string, unknown> = Object.fromEntries(told);
  if (settings.type === 'smtp') values['port'] = connectionPort(settings); // said or not, the same door
  for (const [field, value] of secrets) values[field] = value;
  return keyRing.digest(tenantId, 'connection fingerprint', JSON.stringify(ordered(values)));
}

/** Objects as pairs in the order of their names: the same text however they came to be. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return ['list', ...value.map(ordered)];
  if (typeof value !== 'object' || value === null) return value;
  const pairs = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return ['table', ...pairs.map(([name, item]) => [name, ordered(item)])];
}
