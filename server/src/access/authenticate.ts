/**
 * From an `Authorization` header to a principal. On the path of every request: an answer that is younger than a second
 * is given again without a promise and without the database; the clear key is never kept, only its digest.
 * Next: keys.ts
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';
import { cookieOf, problem, type Caller, type Permission, type Principal } from '../http/http.ts';
import { holdsAddress } from '../net/net.ts';
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
import { createAuthenticateSession, type SessionDeps } from './authenticate-session.ts';
import { isInstanceRole } from './roles.ts';
import { SESSION_COOKIE } from './sessions.ts';

/**
 * The principal behind an API key or a session, in the tenant that `Posthorn-Tenant` names. Throws or rejects with
 * `unauthorized` (nothing, unknown, wrong, expired or revoked, one of a deleted tenant, or a key that is not for the
 * caller's network), `tenant_suspended`, `forbidden` (another tenant than its own) or `invalid_request` (one of the
 * instance names a tenant that is not there). A key counts before a cookie.
 */
export type Authenticate = (caller: Caller, permission: Permission) => Principal | Promise<Principal>;

const FRESH_MS = 1000;
const REMEMBERED_MAX = 10_000;
const USED_EVERY_MS = 60_000;
const AGENT_MAX = 200;
/** Longer headers are no key of ours and are not worth hashing. */
const HEADER_MAX = 300;

interface Known {
  readonly principal: Principal;
  /** Where the key may be used from; asked at every request, however fresh the rest is. */
  readonly networks: readonly string[] | null;
  /** On the monotonic clock. */
  readonly freshUntil: number;
}

export function createAuthenticate(deps: SessionDeps): Authenticate {
  const { db, clock } = deps;
  const bySession = createAuthenticateSession(deps);
  const known = new LRUCache<string, Known>({ max: REMEMBERED_MAX });
  const asking = new Map<string, Promise<Principal>>();

  return (caller, permission) => {
    const { authorization, tenant: tenantHeader } = caller;
    if (authorization === undefined) {
      const token = cookieOf(caller, SESSION_COOKIE);
      if (token !== undefined) return bySession(caller, token, permission);
      throw refused('Send an API key as Authorization: Bearer ph_live_…, or sign in.');
    }
    if (authorization.length + (tenantHeader?.length ?? 0) > HEADER_MAX) throw refused(UNUSABLE);
    // A header value holds no line feed, so the two cannot run into each other.
    const digest = hash('sha256', `${authorization}\n${tenantHeader ?? ''}`, 'base64');
    const found = known.get(digest);
    if (found && clock.monotonic() < found.freshUntil) return admitted(found, caller.address);

    // Many requests of one key from one place that find it stale at the same time ask once.
    const question = `${digest} ${caller.address}`;
    const already = asking.get(question);
    if (already) return already;
    known.delete(digest);
    const askedAt = clock.monotonic();
    const asked = look(db, clock, authorization, caller)
      .then(({ expiresAt, ...rest }) => {
        const untilExpiry = expiresAt === null ? FRESH_MS : expiresAt - clock.now();
        known.set(digest, { ...rest, freshUntil: askedAt + Math.min(FRESH_MS, untilExpiry) });
        return rest.principal;
      })
      .finally(() => asking.delete(question));
    asking.set(question, asked);
    return asked;
  };
}

/** A key that is used from elsewhere is refused in the words of one that is unknown: who stole it learns nothing (K10). */
function admitted({ principal, networks }: Known, address: string): Principal {
  if (isFrom(networks, address)) return principal;
  throw refused(UNUSABLE);
}

function isFrom(networks: readonly string[] | null, address: string): boolean {
  return networks === null || networks.some((network) => holdsAddress(network, address));
}

const UNUSABLE = 'The API key is unknown, wrong, expired, revoked or not for this network.';

function refused(detail: string) {
  return problem('unauthorized', { detail });
}

async function look(
  db: Db,
  clock: Clock,
  authorization: string,
  caller: Parameters<Authenticate>[0],
): Promise<Omit<Known, 'freshUntil'> & { expiresAt: number | null }> {
  // RFC 9110 §11.1: the scheme's name is case-insensitive.
  const presented = /^bearer +/i.test(authorization)
    ? readKey(authorization.replace(/^bearer +/i, ''))
    : undefined;
  if (presented === undefined) throw refused(UNUSABLE);
  const stored = await keyById(db, presented.id);
  const now = clock.now();
  if (!isGood(stored, presented, now) || !isFrom(stored.networks, caller.address)) throw refused(UNUSABLE);
  const tenant = await actingTenant(db, stored, caller.tenant);
  const tenantStopped = standingOf(stored, tenant);
  noteUse(db, stored, caller, now);
  return {
    principal: {
      actorId: stored.id,
      actorName: stored.name,
      kind: stored.kind,
      role: stored.role,
      tenantId: tenant.id,
      homeTenantId: stored.tenantId,
      ...(stored.permissions !== null && { only: new Set(stored.permissions) }),
      ...(tenantStopped !== undefined && { tenantStopped }),
    },
    networks: stored.networks,
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
function noteUse(
  db: Db,
  key: StoredKey,
  { address, userAgent }: { address: string; userAgent: string },
  now: number,
): void {
  const due = now - USED_EVERY_MS;
  if (key.lastUse !== null && key.lastUse.at > due) return;
  markUsed(db, key.id, { at: now, address, userAgent: agentText(userAgent) }, due).catch(() => undefined);
}

/** What stands in a header is anybody's text; PostgreSQL takes no NUL, and a list of keys no control characters. */
function agentText(userAgent: string): string {
  return userAgent.replace(/[^\u0020-\u007e]/g, '?').slice(0, AGENT_MAX);
}
