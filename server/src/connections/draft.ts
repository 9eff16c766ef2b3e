/**
 * From the settings that somebody wants to a revision that can be stored: secrets that are given are sealed, kept ones
 * must still open for where they would be sent (K1), masks are refused (K2). Nothing is written here.
 * Next: revisions.ts
 */
import { newId } from '../base/id.ts';
import { SECRET_FIELDS, type ConnectionSettings, type SecretField } from '../config/config.ts';
import { problem } from '../http/http.ts';
import { isMaskedSecret, type KeyRing } from '../secrets/secrets.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { Revision, SecretRow } from './revision.ts';
import { bindingOf } from './target.ts';

export interface Prepared {
  readonly revision: Revision;
  readonly secrets: readonly SecretRow[];
}

export interface Wanted {
  readonly connection: { readonly id: string; readonly tenantId: string };
  readonly number: number;
  /** Secrets in here are new values. */
  readonly settings: ConnectionSettings;
  /** Those that may be kept. */
  readonly stored: readonly SecretRow[];
  readonly origin: Revision['origin'];
  readonly basedOn: number | null;
  readonly by: string;
  readonly now: number;
}

/**
 * There is no list of fields to compare and to forget: the seal itself says whether a kept secret fits (K1). Throws
 * `secret_required` when one does not. Uses the key ring, so not in a transaction.
 */
export async function prepare(keyRing: KeyRing, wanted: Wanted): Promise<Prepared> {
  const { connection, number, now } = wanted;
  refuseMasked(wanted.settings);
  const settings = withoutSecrets(wanted.settings);
  const owner = { ...connection, settings };
  const given = givenSecrets(wanted.settings);
  const clear = new Map(given);
  const secrets: SecretRow[] = [];
  for (const field of SECRET_FIELDS) {
    const value = given.get(field);
    const kept = wanted.stored.find((row) => row.field === field);
    if (value !== undefined) {
      const sealed = await keyRing.seal(bindingOf(owner, field), value);
      secrets.push({ field, sealed, since: number, rotatedAt: now });
    } else if (kept !== undefined) {
      const opened =
        kept.sealed === null ? undefined : await keyRing.open(bindingOf(owner, field), kept.sealed);
      if (opened?.ok !== true) throw secretRequired(field, kept.sealed === null);
      clear.set(field, opened.plaintext);
      secrets.push(kept);
    }
  }
  const fingerprint = await fingerprintOf(keyRing, connection.tenantId, settings, clear);
  return { revision: fresh(wanted, settings, fingerprint), secrets };
}

function fresh(
  { connection, number, origin, basedOn, by, now }: Omit<Wanted, 'settings' | 'stored'>,
  settings: ConnectionSettings,
  fingerprint: string | null,
): Revision {
  return {
    ...{ id: newId('rev'), connectionId: connection.id, number, state: 'draft', settings, fingerprint },
    ...{ origin, basedOn, createdAt: now, createdBy: by, provedAt: null, provedBy: null },
    ...{ activatedAt: null, activatedBy: null, forceReason: null, supersededAt: null, returned: null },
    ...{ trialSince: null, returnsTo: null },
  };
}

/** A revision that the file declares: in force as it is, its secrets left where the file says they are. */
export function declaredRevision(wanted: Omit<Wanted, 'stored' | 'origin' | 'by'>): Revision {
  const made = fresh({ ...wanted, origin: 'file', by: 'file' }, wanted.settings, null);
  return { ...made, state: 'active', activatedAt: wanted.now, activatedBy: 'file' };
}

/** Secrets of a revision in clear, if all of them open for where these settings send them. */
export async function openSecrets(
  keyRing: KeyRing,
  owner: { readonly tenantId: string; readonly id: string; readonly settings: ConnectionSettings },
  rows: readonly SecretRow[],
): Promise<{ ok: true; secrets: Map<SecretField, string> } | { ok: false; message: string }> {
  const secrets = new Map<SecretField, string>();
  for (const { field, sealed } of rows) {
    const opened =
      sealed === null
        ? ({ ok: false, reason: 'forgotten' } as const)
        : await keyRing.open(bindingOf(owner, field), sealed);
    if (!opened.ok) {
      const message = `the stored ${field} cannot be used here (${opened.reason}); set it again`;
      return { ok: false, message };
    }
    secrets.set(field, opened.plaintext);
  }
  return { ok: true, secrets };
}

function secretRequired(field: SecretField, forgotten: boolean) {
  const detail = forgotten
    ? `The ${field} of that time is not kept any more. Give it again.`
    : `The change sends the stored ${field} somewhere else. Give it again, or clear it with null.`;
  const message = forgotten
    ? 'must be given again, because old secrets are kept for seven days only'
    : 'must be given again, because where it is sent has changed';
  return problem('secret_required', { detail, errors: [{ path: field, message }] });
}

export function withoutSecrets(settings: ConnectionSettings): ConnectionSettings {
  const rest: Record<string, unknown> = { ...settings };
  for (const field of SECRET_FIELDS) delete rest[field];
  return rest as ConnectionSettings; // secret fields are optional in the schema
}

export function givenSecrets(settings: ConnectionSettings): Map<SecretField, string> {
  const values: Readonly<Record<string, unknown>> = { ...settings };
  const given = new Map<SecretField, string>();
  for (const field of SECRET_FIELDS) {
    const value = values[field];
    if (typeof value === 'string') given.set(field, value);
  }
  return given;
}

/** K2: a mask that came back from a form must not become the password. */
export function refuseMasked(settings: ConnectionSettings): void {
  for (const [field, value] of givenSecrets(settings)) {
    if (!isMaskedSecret(value)) continue;
    throw problem('invalid_request', {
      detail: `${field} is a mask, not a secret. Leave the field out to keep what is stored.`,
      errors: [{ path: field, message: 'is a mask; leave it out to keep the stored secret' }],
    });
  }
}

export function invalidSettings(issues: readonly { path: readonly PropertyKey[]; message: string }[]) {
  const errors = issues.map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message }));
  return problem('invalid_request', { detail: 'The settings do not fit together.', errors });
}
