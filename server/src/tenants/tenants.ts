/**
 * Tenants: who mail is sent for. The instance itself is one as well, so that every row has exactly one owner.
 * Tenants come from the configuration file or the API and are never deleted by leaving the file.
 * Next: queries.ts
 */
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import { problem } from '../http/http.ts';
import { transaction, type Db } from '../store/store.ts';
import { INSTANCE_SLUG, INSTANCE_TENANT_ID, noTenant, type Tenant } from './tenant.ts';
import { insertTenant, renameTenant, tenantById, tenantBySlug } from './queries.ts';

export { lockTenant } from './queries.ts';
export { purgeTenants } from './lifecycle.ts';
export { refuseStopped, type Standings, type Stopped } from './standing.ts';
export { TENANT_MOVES, TENANT_STATES, type TenantState } from './states.ts';
export type { Effective, Origin } from './resolve.ts';
export { openTenants, type Tenants } from './open.ts';
export { marksAt, markWindow, type TenantLimits } from './limits.ts';
export { NOT_ALLOWED, refuseSender, type Senders } from './senders.ts';
export { modeFrom, senderFrom, type Sender } from './outgoing.ts';
export {
  FLOW_NAMES,
  LOCALES,
  NOTICE_NAMES,
  type FlowName,
  type Locale,
  type NoticeName,
} from './flow-settings.ts';
export type { SettingName, SettingValue } from './setting-list.ts';
export { INSTANCE_TENANT_ID, type Tenant } from './tenant.ts';
export { createSettings, type Settings, type SettingsConfig } from './settings.ts';

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
      await insertTenant(tx, newTenant({ slug, name: name ?? slug }, clock));
      if (name !== undefined) await renameTenant(tx, slug, name);
      const tenant = await tenantBySlug(tx, slug);
      if (tenant) found.push(tenant);
    }
    return found;
  });
}

/** Makes a tenant. Throws `conflict` when its slug is taken, `invalid_request` when it cannot be one. */
export async function createTenant(
  db: Db,
  clock: Clock,
  wanted: { readonly slug: string; readonly name: string },
): Promise<Tenant> {
  refuseSlug(wanted.slug);
  const tenant = newTenant(wanted, clock);
  const stored = await transaction(db, async (tx) => {
    await insertTenant(tx, tenant);
    return tenantBySlug(tx, wanted.slug);
  });
  if (stored?.id === tenant.id) return stored;
  throw problem('conflict', {
    detail: `There is already a tenant with the slug “${wanted.slug}”.`,
    errors: [{ path: 'slug', message: 'is taken' }],
  });
}

function newTenant({ slug, name }: Pick<Tenant, 'slug' | 'name'>, clock: Clock): Tenant {
  const never = { stateReason: null, suspendedAt: null, deletedAt: null, goneAt: null };
  return { id: newId('ten'), slug, name, createdAt: clock.now(), state: 'active', ...never };
}

/** Gives a tenant another name for people. Throws `not_found`. */
export async function nameTenant(db: Db, slug: string, name: string): Promise<Tenant> {
  const named = await transaction(db, async (tx) => {
    await renameTenant(tx, slug, name);
    return tenantBySlug(tx, slug);
  });
  if (named === undefined || named.id === INSTANCE_TENANT_ID) throw noTenant(slug);
  return named;
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
