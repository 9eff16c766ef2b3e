/**
 * From a session's cookie to a principal. What changes something must also come from a page of ours and hold the
 * session's own token (W2). An answer that is younger than a second is given again without the database.
 * Next: people.ts
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';
import { problem, refuseCrossSite, type Caller, type Permission, type Principal } from '../http/http.ts';
import type { Db } from '../store/store.ts';
import {
  findTenantBySlug,
  getTenant,
  INSTANCE_TENANT_ID,
  refuseStopped,
  type Tenant,
} from '../tenants/tenants.ts';
import { markSeen, membershipsOfPerson, personById } from './people-queries.ts';
import { roleIn, type Membership, type Person } from './people.ts';
import { sessionByHash, touchSession } from './session-queries.ts';
import { isSecretToken, secretDigest } from './secret-token.ts';
import { isCsrfToken, type Session, type SessionTimes } from './sessions.ts';

const FRESH_MS = 1_000;
const REMEMBERED_MAX = 10_000;
const SEEN_EVERY_MS = 60_000;
const SAFE = new Set(['GET', 'HEAD']);

export interface SessionDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly sessionTimes: () => SessionTimes;
}

/** Throws `unauthorized`, `forbidden` and `invalid_request` (a tenant must be named, or is not there). */
export function createAuthenticateSession(deps: SessionDeps) {
  const { clock } = deps;
  const known = new LRUCache<string, { principal: Principal; freshUntil: number }>({ max: REMEMBERED_MAX });

  return async (caller: Caller, token: string, permission: Permission): Promise<Principal> => {
    if (!isSecretToken(token)) throw over();
    if (!SAFE.has(caller.method)) refuseForged(caller, token);
    const digest = secretDigest(token);
    const ownAccount = permission === 'account';
    const name = `${digest}\n${ownAccount ? ' account' : (caller.tenant ?? '')}`;
    const found = known.get(name);
    if (found !== undefined && clock.monotonic() < found.freshUntil) return found.principal;
    known.delete(name);
    const askedAt = clock.monotonic();
    const { session, person } = await mustGoOn(deps, digest);
    const principal = {
      ...whoIs(session, person),
      ...(ownAccount ? NOWHERE : await where(deps.db, person, caller.tenant)),
    };
    known.set(name, { principal, freshUntil: askedAt + FRESH_MS });
    return principal;
  };
}

function over() {
  return problem('unauthorized', { detail: 'The session is over. Sign in again.' });
}

function refuseForged(caller: Caller, token: string): void {
  refuseCrossSite(caller);
  if (isCsrfToken(token, caller.csrf)) return;
  throw problem('forbidden', { detail: 'Send the token of the session as Posthorn-CSRF.' });
}

/** One's own account is the same wherever one acts, and gives no right anywhere. */
const NOWHERE = {
  role: 'tenant_viewer',
  only: new Set<Permission>(),
  tenantId: INSTANCE_TENANT_ID,
  homeTenantId: INSTANCE_TENANT_ID,
} as const;

async function mustGoOn(
  { db, clock, sessionTimes }: SessionDeps,
  digest: string,
): Promise<{ session: Session; person: Person }> {
  const now = clock.now();
  const session = await sessionByHash(db, digest);
  if (session === undefined || hasEnded(session, now, sessionTimes())) throw over();
  const person = await personById(db, session.personId);
  if (person?.state !== 'active') throw over();
  if (session.seenAt + SEEN_EVERY_MS <= now) {
    // Waited for: the next request must find it. When a write fails, the next look writes it instead.
    await touchSession(db, session.id, now).catch(() => undefined);
    await markSeen(db, person.id, now).catch(() => undefined);
  }
  return { session, person };
}

function whoIs(session: Session, person: Person) {
  return { actorId: person.id, actorName: person.email, sessionId: session.id, kind: 'live' } as const;
}

async function where(db: Db, person: Person, slug: string | undefined) {
  const memberships = await membershipsOfPerson(db, person.id);
  const tenant = await actingTenant(db, memberships, slug);
  const acts = roleIn(memberships, tenant.id);
  if (acts === undefined) throw notThere();
  const { state } = tenant;
  if (acts.homeTenantId !== INSTANCE_TENANT_ID) {
    if (state === 'deleted') throw notThere();
    if (state === 'suspended') refuseStopped(state);
  }
  return { ...acts, tenantId: tenant.id, ...(state !== 'active' && { tenantStopped: state }) };
}

function hasEnded({ expiresAt, seenAt }: Session, now: number, { idle }: SessionTimes): boolean {
  return expiresAt <= now || seenAt + idle <= now;
}

/** The tenant that is named; else the instance for its people; else the only one that the person has. */
async function actingTenant(
  db: Db,
  memberships: readonly Membership[],
  slug: string | undefined,
): Promise<Tenant> {
  if (slug !== undefined) {
    const tenant = await findTenantBySlug(db, slug);
    if (tenant !== undefined) return tenant;
    if (memberships.some(({ tenantId }) => tenantId === INSTANCE_TENANT_ID)) {
      throw problem('invalid_request', {
        detail: 'Posthorn-Tenant names a tenant that does not exist.',
        errors: [{ path: 'Posthorn-Tenant', message: 'is not the slug of a tenant' }],
      });
    }
    throw notThere();
  }
  const [first, ...others] = memberships;
  const own = memberships.find(({ tenantId }) => tenantId === INSTANCE_TENANT_ID) ?? first;
  const tenant = own && (await getTenant(db, own.tenantId));
  if (tenant === undefined) throw notThere();
  if (others.length === 0 || tenant.id === INSTANCE_TENANT_ID) return tenant;
  throw problem('invalid_request', {
    detail: 'You belong to several tenants: name one in Posthorn-Tenant.',
    errors: [{ path: 'Posthorn-Tenant', message: 'is missing' }],
  });
}

/** The same whether the tenant exists or not. */
function notThere() {
  return problem('forbidden', { detail: 'You have no role there.' });
}
