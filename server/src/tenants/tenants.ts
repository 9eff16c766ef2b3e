/**
 * Tenants: who mail is sent for. The instance itself is one as well, so that every row has exactly one owner.
 * Tenants come from the configuration file or the API and are never deleted by leaving the file.
 * Next: queries.ts
 */
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import { problem } from '../http/http.ts';
import { transaction, type Db } from '../store/store.ts';
import { insertTenant, renameTenant, tenantById, tenantBySlug } from './queries.ts';

export { createSenders, type Sender, type Senders } from './senders.ts';

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
const INSTANCE_SLUG = 'instance';

/** A slug stands in URLs, headers and metrics: a DNS label's characters (RFC 1123 §2.1), never empty. */
export function isSlug(text: string): boolean {
  return /^[a-z0-9-]{1,63}$/.test(text);
}

/** The tenant with this slug, `instance` included. */
export async function findTenantBySlug(db: Db, slug: string): Promise<Tenant | undefined> {
  return isSlug(slug) ? tenantBySlug(db, slug) : undefined;
}

/** The tenant with this id. */
export async function getTenant(db: Db, id: string): Promise<Tenant | undefined> {
  return tenantById(db, id);
}

/**
 * Makes the tenants that are not there yet and renames those whose name differs; leaves all others alone. Answers them
 * in the order asked for. Throws `invalid_request` for a slug that cannot be one; nothing was written then.
 */
export async function ensureTenants(
  db: Db,
  clock: Clock,
  wanted: readonly { readonly slug: string; readonly name?: string }[],
): Promise<readonly Tenant[]> {
  for (const { slug } of wanted) refuseSlug(slug);
  if (wanted.length === 0) return [];
  return transaction(db, async (tx) => {
    const found: Tenant[] = [];
    for (const { slug, name } of wanted) {
      await insertTenant(tx, { id: newId('ten'), slug, name: name ?? slug, createdAt: clock.now() });
      if (name !== undefined) await renameTenant(tx, slug, name);
      const tenant = await tenantBySlug(tx, slug);
      if (tenant) found.push(tenant);
    }
    return found;
  });
}

function refuseSlug(slug: string): void {
  if (isSlug(slug) && slug !== INSTANCE_SLUG) return;
  const message =
    slug === INSTANCE_SLUG
      ? 'is the name of the instance itself'
      : 'must be 1 to 63 of the characters a-z, 0-9 and -';
  throw problem('invalid_request', {
    detail: `The tenant slug ${JSON.stringify(slug.slice(0, 80))} ${message}.`,
    errors: [{ path: 'slug', message }],
  });
}
