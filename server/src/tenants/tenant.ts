/**
 * What a tenant is. The instance itself is one as well, so that every row has exactly one owner.
 * Next: states.ts
 */
import { problem } from '../http/http.ts';
import type { TenantState } from './states.ts';

export interface Tenant {
  /** `ten_…` */
  readonly id: string;
  /** How people and headers name it; never changes. */
  readonly slug: string;
  readonly name: string;
  /** Epoch ms. */
  readonly createdAt: number;
  readonly state: TenantState;
  /** Why it was suspended, in the words of who did it. */
  readonly stateReason: string | null;
  /** Since when it is suspended; it stays while the tenant is deleted, so that restoring brings the suspension back. */
  readonly suspendedAt: number | null;
  readonly deletedAt: number | null;
  /** When a deleted tenant can be restored no more. */
  readonly goneAt: number | null;
}

/** The instance's own row, made by the first migration. */
export const INSTANCE_TENANT_ID = 'ten_instance';
export const INSTANCE_SLUG = 'instance';

/** The same whether there is none or it is not for the caller to see. */
export function noTenant(slug: string) {
  return problem('not_found', { detail: `There is no tenant ${JSON.stringify(slug.slice(0, 80))}.` });
}
