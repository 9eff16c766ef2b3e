/**
 * One saved version of a connection's settings, its states and the moves between them. A revision is in force at most
 * once: going back makes a new one of the old values, so that the history only grows.
 * Next: revisions.ts
 */
import { SECRET_FIELDS, type ConnectionSettings, type SecretField } from '../config/config.ts';

export const REVISION_STATES = {
  draft: 'Saved, and not in force. Nobody has seen it work.',
  proved: 'A test of exactly these values passed; it may be activated.',
  active: 'In force. One of a connection.',
  superseded: 'Replaced by a later one. Its secrets are kept for seven days, so that going back works.',
} as const;
export type RevisionState = keyof typeof REVISION_STATES;

export interface RevisionMove {
  readonly from: RevisionState | 'none';
  readonly to: RevisionState;
  /** The function that makes this move. */
  readonly by: string;
  readonly when: string;
}

export const REVISION_MOVES: readonly RevisionMove[] = [
  { from: 'none', to: 'draft', by: 'save', when: 'settings are saved, or old ones restored' },
  {
    from: 'none',
    to: 'proved',
    by: 'save',
    when: 'the same, and a test of exactly these values passed before',
  },
  { from: 'none', to: 'active', by: 'save', when: 'the same, and activation was asked for and allowed' },
  { from: 'none', to: 'active', by: 'save', when: 'only what does not concern the conversation was changed' },
  { from: 'none', to: 'active', by: 'applyDeclared', when: 'the configuration file declares it' },
  {
    from: 'none',
    to: 'active',
    by: 'comeBack',
    when: 'the one in force failed on trial: the last values return',
  },
  { from: 'draft', to: 'proved', by: 'prove', when: 'a test of exactly these values passed' },
  { from: 'draft', to: 'active', by: 'activate', when: 'somebody forces it, with a reason' },
  { from: 'proved', to: 'active', by: 'activate', when: 'somebody activates it' },
  { from: 'draft', to: 'superseded', by: 'save', when: 'a later draft replaces it' },
  { from: 'proved', to: 'superseded', by: 'save', when: 'a later draft replaces it' },
  { from: 'active', to: 'superseded', by: 'activate', when: 'another one comes in force' },
];

/** That a secret is set, and since when. */
export interface SecretMark {
  readonly field: SecretField;
  /** Number of the revision in which this value was given: equal numbers are equal values. */
  readonly since: number;
  /** Epoch ms. */
  readonly rotatedAt: number;
}

export interface SecretRow extends SecretMark {
  /** `null` once it was forgotten. */
  readonly sealed: string | null;
}

export interface Revision {
  readonly id: string;
  readonly connectionId: string;
  /** 1, 2, 3 … of its connection. */
  readonly number: number;
  readonly state: RevisionState;
  /** Without secrets. */
  readonly settings: ConnectionSettings;
  /** Of settings and secrets as they were saved; `null` where the secrets are in the file. */
  readonly fingerprint: string | null;
  /** How it came to be. */
  readonly origin: 'saved' | 'restored' | 'returned' | 'file';
  /** Number of the revision that it was made from. */
  readonly basedOn: number | null;
  readonly createdAt: number;
  /** Id of the key, or `file`, or `posthorn`. */
  readonly createdBy: string;
  readonly provedAt: number | null;
  /** Id of the test. */
  readonly provedBy: string | null;
  readonly activatedAt: number | null;
  readonly activatedBy: string | null;
  /** Why it was activated without proof. */
  readonly forceReason: string | null;
  readonly supersededAt: number | null;
  /** Why it was given up by itself. */
  readonly returned: string | null;
  /** While it is on trial: since when, and the id of the revision whose values come back. */
  readonly trialSince: number | null;
  readonly returnsTo: string | null;
}

export interface Change {
  /** A path such as `timeouts.commandMs`. */
  readonly field: string;
  readonly secret: boolean;
  /** Of a secret `set` or `not set`; else the value, `null` when there is none. */
  readonly before: unknown;
  /** Of a secret `set`, `changed` or `not set`. */
  readonly after: unknown;
}

interface Values {
  readonly settings: ConnectionSettings;
  readonly secrets: readonly SecretMark[];
}

/** What is different, field by field. The values of secrets are neither told nor compared. */
export function changesBetween(before: Values | undefined, after: Values): Change[] {
  const old = flat(before?.settings ?? {});
  const now = flat(after.settings);
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  const plain = names
    .filter((name) => JSON.stringify(old.get(name)) !== JSON.stringify(now.get(name)))
    .map((field) => ({
      field,
      secret: false,
      before: old.get(field) ?? null,
      after: now.get(field) ?? null,
    }));
  return [
    ...plain,
    ...SECRET_FIELDS.flatMap((field) => secretChange(field, before?.secrets ?? [], after.secrets)),
  ];
}

function secretChange(
  field: SecretField,
  before: readonly SecretMark[],
  after: readonly SecretMark[],
): Change[] {
  const old = before.find((row) => row.field === field);
  const now = after.find((row) => row.field === field);
  if (old?.since === now?.since) return [];
  const told = now === undefined ? 'not set' : old === undefined ? 'set' : 'changed';
  return [{ field, secret: true, before: old === undefined ? 'not set' : 'set', after: told }];
}

/** Tables as paths; lists as they are. */
function flat(value: object, at = ''): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [name, item] of Object.entries(value) as [string, unknown][]) {
    if (item === undefined) continue;
    if (typeof item !== 'object' || item === null || Array.isArray(item)) found.set(`${at}${name}`, item);
    else for (const [path, inner] of flat(item, `${at}${name}.`)) found.set(path, inner);
  }
  return found;
}
