/**
 * From an `Authorization` header to a principal. On the path of every request: an answer that is younger than a second
 * is given again without a promise and without the database; the clear key is never kept, only its digest.
 * Next: keys.ts
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';
import { problem, type Caller, type Principal } from '../http/http.ts';
import type { Db } from '../store/store.ts';
import {
  findTenantBySlug,
  getTenant,
  INSTANCE_TENANT_ID,
  refuseStopped,
  type Tenant,
} from '../tenants/tenants.ts';
import { keyState, readKey, type PresentedKey } from './keys.ts';
import { keyById, markUsed, type StoredKey } from './queries.ts';
import { isInstanceRole } from './roles.ts';

/**
 * The principal behind the headers `Authorization` and `Posthorn-Tenant`. Throws or rejects with `unauthorized` (no,
 * unknown, wrong, expired or revoked key, or one of a deleted tenant), `tenant_suspended`, `forbidden` (a tenant's key
 * naming another tenant) or `invalid_request` (an instance key naming a tenant that is not there).
 */
export type Authenticate = (
  caller: Pick<Caller, 'authorization' | 'tenant'>,
) => Principal | Promise<Principal>;

const FRESH_MS = 1000;
const REMEMBERED_MAX = 10_000;
const USED_EVERY_MS = 60_000;
/** Longer headers are no key of ours and are not worth hashing. */
const HEADER_MAX = 300;

interface Known {
  readonly principal: Principal;
  /** On the monotonic clock. */
  readonly freshUntil: number;
}

export function createAuthenticate({ db, clock }: { readonly db: Db; readonly clock: Clock }): Authenticate {
  const known = new LRUCache<string, Known>({ max: REMEMBERED_MAX });
  const asking = new Map<string, Promise<Principal>>();

  return ({ authorization, tenant: tenantHeader }) => {
    if (authorization === undefined) throw refused('Send the API key as Authorization: Bearer ph_live_….');
    if (authorization.length + (tenantHeader?.length ?? 0) > HEADER_MAX) throw refused(UNUSABLE);
    // A header value holds no line feed, so the two cannot run into each other.
    const digest = hash('sha256', `${authorization}\n${tenantHeader ?? ''}`, 'base64');
    const found = known.get(digest);
    if (found && clock.monotonic() < found.freshUntil) return found.principal;

    // Many requests of one key that find it stale at the same time ask once.
    const already = asking.get(digest);
    if (already) return already;
    known.delete(digest);
    const askedAt = clock.monotonic();
    const asked = look(db, clock, authorization, tenantHeader)
      .then(({ principal, expiresAt }) => {
        const untilExpiry = expiresAt === null ? FRESH_MS : expiresAt - clock.now();
        known.set(digest, { principal, freshUntil: askedAt + Math.min(FRESH_MS, untilExpiry) });
        return principal;
      })
      .finally(() => asking.delete(digest));
    asking.set(digest, asked);
    return asked;
  };
}

const UNUSABLE = 'The API key is unknown, wrong, expired or revoked.';

function refused(detail: string) {
  return problem('unauthorized', { detail });
}

async function look(
  db: Db,
  clock: Clock,
  authorization: string,
  tenantHeader: string | undefined,
): Promise<{ principal: Principal; expiresAt: number | null }> {
  // RFC 9110 §11.1: the scheme's name is case-insensitive.
  const presented = /^bearer +/i.test(authorization)
    ? readKey(authorization.replace(/^bearer +/i, ''))
    : undefined;
  if (presented === undefined) throw refused(UNUSABLE);
  const stored = await keyById(db, presented.id);
  const now = clock.now();
  if (!isGood(stored, presented, now)) throw refused(UNUSABLE);
  const tenant = await actingTenant(db, stored, tenantHeader);
  const tenantStopped = standingOf(stored, tenant);
  noteUse(db, stored, now);
  return {
    principal: {
      actorId: stored.id,
      actorName: stored.name,
      kind: stored.kind,
      role: stored.role,
      tenantId: tenant.id,
      homeTenantId: stored.tenantId,
      ...(tenantStopped !== undefined && { tenantStopped }),
    },
    expiresAt: stored.expiresAt,
  };
}

/** What an unknown id is compared with, so that it takes as long as a wrong secret (K10). */
const NO_HASH = '0'.repeat(64);

function isGood(stored: StoredKey | undefined, presented: PresentedKey, now: number): stored is StoredKey {
  const want = Buffer.from(stored?.secretHash ?? NO_HASH, 'hex');
  const have = Buffer.from(presented.secretHash, 'hex');
  const same = want.length === have.length && timingSafeEqual(want, have);
  if (!same || stored === undefined) return false;
  return stored.kind === presented.kind && keyState(stored, now) === 'active';
}

async function actingTenant(db: Db, key: StoredKey, slug: string | undefined): Promise<Tenant> {
  if (slug === undefined) {
    const home = await getTenant(db, key.tenantId);
    if (home === undefined) throw refused(UNUSABLE); // removed for good, a moment ago
    return home;
  }
  const tenant = await findTenantBySlug(db, slug);
  if (tenant?.id === key.tenantId) return tenant;
  if (!isInstanceRole(key.role)) {
    // The same answer whether the other tenant exists or not.
    throw problem('forbidden', {
      detail: 'This key acts in its own tenant only; Posthorn-Tenant names another.',
    });
  }
  if (tenant === undefined) {
    throw problem('invalid_request', {
      detail: 'Posthorn-Tenant names a tenant that does not exist.',
      errors: [{ path: 'Posthorn-Tenant', message: 'is not the slug of a tenant' }],
    });
  }
  return tenant;
}

/** Refuses the keys of a tenant that is stopped; whoever comes from the instance may look on. */
function standingOf(key: Pick<StoredKey, 'tenantId'>, { state }: Tenant): Principal['tenantStopped'] {
  if (state === 'active') return undefined;
  if (key.tenantId === INSTANCE_TENANT_ID) return state;
  if (state === 'deleted') throw refused(UNUSABLE);
  refuseStopped(state);
  return state;
}

/** Beside the request, never in its way. When the write fails, the next look writes it instead: nothing is lost. */
function noteUse(db: Db, key: StoredKey, now: number): void {
  const due = now - USED_EVERY_MS;
  if (key.lastUsedAt !== null && key.lastUsedAt > due) return;
  markUsed(db, key.id, now, due).catch(() => undefined);
}
