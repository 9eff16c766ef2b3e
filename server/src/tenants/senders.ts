/**
 * Who mail comes from when a message names nobody: the tenant's own sender, field by field over the instance's.
 * Next: tenants.ts
 */
import type { Config } from '../config/config.ts';
import type { Db } from '../store/store.ts';
import { tenantBySlug } from './queries.ts';

export interface Sender {
  readonly name?: string;
  readonly address: string;
  readonly replyTo?: string;
}

export interface Senders {
  senderFor(tenantId: string): Sender | undefined;
  /** Takes over what the configuration says now. */
  refresh(config: Config): Promise<void>;
}

export function createSenders(db: Db): Senders {
  let instance: Sender | undefined;
  let own = new Map<string, Sender>();
  return {
    senderFor: (tenantId) => own.get(tenantId) ?? instance,
    async refresh({ sender, tenants }) {
      const found = new Map<string, Sender>();
      for (const tenant of tenants) {
        const row = await tenantBySlug(db, tenant.slug);
        const address = tenant.sender?.address ?? sender?.address;
        if (row !== undefined && address !== undefined)
          found.set(row.id, { ...sender, ...tenant.sender, address });
      }
      instance = sender;
      own = found;
    },
  };
}
