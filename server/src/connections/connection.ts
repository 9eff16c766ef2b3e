/**
 * A connection as it is kept at hand: what is in force, what waits, who manages it, and which secrets it has.
 * Next: registry.ts
 */
import type { ConnectionSettings, SecretField } from '../config/config.ts';
import type { Change, Revision } from './revision.ts';

export interface Connection {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  /** `draft`: never active yet. Only `active` ones send. */
  readonly status: 'draft' | 'active' | 'off';
  /** In force, or what would be; of one that was never active its draft. Secret fields are never in here. */
  readonly settings: ConnectionSettings;
  /** Number of the revision that these settings are. */
  readonly revision: number;
  readonly revisionId: string;
  /** Saved and not in force. */
  readonly draft: Draft | undefined;
  /** While the settings in force are new: since when, and the revision whose values come back when they fail. */
  readonly trial: { readonly since: number; readonly returnsTo: string } | undefined;
  readonly paused: boolean;
  readonly managedBy: 'api' | 'file';
  /** When each secret that is set was last set, epoch ms. */
  readonly secrets: Readonly<Partial<Record<SecretField, number>>>;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Grows with every change of anything. */
  readonly version: number;
  /** The highest number that a revision of it has. */
  readonly latest: number;
}

export interface Draft extends Pick<
  Revision,
  'id' | 'number' | 'settings' | 'createdAt' | 'createdBy' | 'provedAt' | 'origin'
> {
  readonly state: 'draft' | 'proved';
  /** From what is in force. */
  readonly changes: readonly Change[];
}

export type ShownState = 'draft' | 'active' | 'paused' | 'failing' | 'off';

/** Failing only while it would send: nobody waits for one that is paused. */
export function shownState({ status, paused }: Connection, failing: boolean): ShownState {
  if (status !== 'active') return status;
  return paused ? 'paused' : failing ? 'failing' : 'active';
}
