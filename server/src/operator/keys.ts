/**
 * Keys and the audit log without a console: straight in the database, also while the server runs.
 * Next: doctor.ts
 */
import {
  auditedTenants,
  createKey,
  listKeys,
  revokeKey,
  verifyAudit,
  writeAudit,
  type ApiKey,
  type AuditActor,
  type AuditVerified,
  type CreatedKey,
  type Role,
} from '../access/access.ts';
import { systemClock } from '../base/clock.ts';
import { KEY_PERMISSIONS, type AuditFacts, type KeyPermission } from '../http/http.ts';
import type { Db } from '../store/store.ts';
import { ensureTenants, findTenantBySlug, getTenant, INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import { mustLoadPlace, OperatorRefused, withStore, type Place } from './place.ts';

export interface LocalKeyRequest extends Place {
  readonly name: string;
  /** Slug; without it the key is the instance's. */
  readonly tenant?: string;
  readonly kind: 'live' | 'test';
  /** The admin role of its tenant, or of the instance, when not named. */
  readonly role?: Role;
  /** What is left of the role's permissions. */
  readonly permissions?: readonly string[];
  readonly networks?: readonly string[];
  /** Epoch ms. */
  readonly expiresAt?: number;
}

/** Makes a key and answers it once. Throws `OperatorRefused` or a `Problem`. */
export function createKeyLocally(request: LocalKeyRequest): Promise<CreatedKey> {
  return atStore(request, async (db) => {
    const tenantId = await tenantOf(db, request.tenant);
    const role = request.role ?? (tenantId === INSTANCE_TENANT_ID ? 'instance_admin' : 'tenant_admin');
    const { name, kind, networks, expiresAt } = request;
    const permissions = request.permissions?.map(permissionNamed);
    const made = await createKey(db, systemClock, {
      ...{ tenantId, name, kind, role },
      ...(permissions !== undefined && { permissions }),
      ...(networks !== undefined && { networks }),
      ...(expiresAt !== undefined && { expiresAt }),
    });
    const given = { name, kind, role, permissions, networks, expiresAt };
    const changes = Object.entries(given)
      .filter(([, after]) => after !== undefined)
      .map(([path, after]) => ({ path, after }));
    await recordLocally(db, request, tenantId, { operation: 'createKey', thingId: made.id, changes });
    return made;
  });
}

/** The keys of a tenant, or of the instance; never their secrets. */
export function listKeysLocally(request: Place & { readonly tenant?: string }): Promise<readonly ApiKey[]> {
  return atStore(request, async (db) => listKeys(db, await tenantOf(db, request.tenant)));
}

/** Ends a key for good; a running server takes notice within a second. Throws `OperatorRefused` when there is none. */
export function revokeKeyLocally(
  request: Place & { readonly tenant?: string; readonly id: string },
): Promise<void> {
  return atStore(request, async (db) => {
    const tenantId = await tenantOf(db, request.tenant);
    const { id } = request;
    if (await revokeKey(db, systemClock, { tenantId, id })) {
      const changes = [{ path: 'state', after: 'revoked' }];
      await recordLocally(db, request, tenantId, { operation: 'revokeKey', thingId: id, changes });
      return;
    }
    throw new OperatorRefused(
      `There is no key ${id} of this ${request.tenant === undefined ? 'instance' : 'tenant'}.`,
    );
  });
}

/** Checks the audit log of a tenant, or of all. Throws `OperatorRefused` for a tenant that is not there. */
export function verifyAuditLocally(
  request: Place & { readonly tenant?: string },
): Promise<readonly ({ readonly tenant: string } & AuditVerified)[]> {
  return atStore(request, async (db) => {
    const ids =
      request.tenant === undefined ? await auditedTenants(db) : [await tenantOf(db, request.tenant)];
    const found: ({ tenant: string } & AuditVerified)[] = [];
    for (const id of ids) {
      const tenant = (await getTenant(db, id))?.slug ?? id;
      found.push({ tenant, ...(await verifyAudit(db, id)) });
    }
    return found;
  });
}

/** Whoever may write the database needs no key: the entry names the user of the machine. */
function recordLocally(
  db: Db,
  { env }: Place,
  tenantId: string,
  facts: Pick<AuditFacts, 'operation' | 'thingId' | 'changes'>,
): Promise<void> {
  const name = env['USER'] ?? 'somebody';
  const actor: AuditActor = { id: 'local', name, kind: 'local', home: INSTANCE_TENANT_ID, via: 'cli' };
  return writeAudit({ db, clock: systemClock }, tenantId, actor, { ...facts, thing: 'key', reason: null });
}

function permissionNamed(text: string): KeyPermission {
  const found = KEY_PERMISSIONS.find((one) => one === text);
  if (found !== undefined) return found;
  throw new OperatorRefused(
    `There is no permission ${JSON.stringify(text)}. There are: ${KEY_PERMISSIONS.join(', ')}.`,
  );
}

/** Runs `work` where the tenants of the file are there. */
function atStore<T>(place: Place, work: (db: Db) => Promise<T>): Promise<T> {
  const loaded = mustLoadPlace(place);
  return withStore(loaded, async (db) => {
    await ensureTenants(db, systemClock, namedTenants(loaded.config.tenants));
    return work(db);
  });
}

async function tenantOf(db: Db, slug: string | undefined): Promise<string> {
  if (slug === undefined) return INSTANCE_TENANT_ID;
  const tenant = await findTenantBySlug(db, slug);
  if (tenant === undefined)
    throw new OperatorRefused(
      `There is no tenant “${slug}”. Declare it in posthorn.toml: [[tenants]] slug = "${slug}"`,
    );
  return tenant.id;
}

/** What the file says of tenants, in the form that `ensureTenants` takes. */
export function namedTenants(
  tenants: readonly { readonly slug: string; readonly name?: string }[],
): { slug: string; name?: string }[] {
  return tenants.map(({ slug, name }) => ({ slug, ...(name !== undefined && { name }) }));
}
