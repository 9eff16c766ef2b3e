/**
 * What a tenant is. The instance itself is one as well, so that every row has exactly one owner.
 * Next: queries.ts
 */
export interface Tenant {
  /** `ten_…` */
  readonly id: string;
  /** How people and headers name it; never changes. */
  readonly slug: string;
  readonly name: string;
  /** Epoch ms. */
  readonly createdAt: number;
}

/** The instance's own row, made by the first migration. */
export const INSTANCE_TENANT_ID = 'ten_instance';
export const INSTANCE_SLUG = 'instance';
