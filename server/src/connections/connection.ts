/**
 * A connection as it is kept: settings without secrets, who manages it, and which secrets it has.
 * Next: registry.ts
 */
import type { ConnectionSettings, SecretField } from '../config/config.ts';

export interface Connection {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  /** As the API shows them; secret fields are never in here. */
  readonly settings: ConnectionSettings;
  /** Grows with every change of settings or secrets. */
  readonly revision: number;
  readonly paused: boolean;
  readonly managedBy: 'api' | 'file';
  /** When each secret that is set was last set, epoch ms. */
  readonly secrets: Readonly<Partial<Record<SecretField, number>>>;
  readonly createdAt: number;
  readonly updatedAt: number;
}
