/**
 * API keys: `ph_live_<id>_<secret>`. The secret is 256 random bits, so its plain SHA-256 is enough to store (K10).
 * The key is shown once, when it is made; afterwards nobody can read it.
 * Next: authenticate.ts
 */
import { hash, randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import { problem, type KeyPermission, type Permission, type Principal, type Role } from '../http/http.ts';
import { isNetwork } from '../net/net.ts';
import { transaction, type Db, type Tx } from '../store/store.ts';
import { getTenant, INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import {
  changeKey,
  insertKey,
  keyById,
  keysOfTenant,
  limitKey,
  markRevoked,
  type StoredKey,
} from './queries.ts';
import { isInstanceRole, roleMay } from './roles.ts';

type Kind = Principal['kind'];

export interface NewKey {
  readonly tenantId: string;
  /** For people, 1–100 characters. */
  readonly name: string;
  /** Mail of a `test` key is always captured. */
  readonly kind: Kind;
  readonly role: Role;
  /** Epoch ms after which it is refused. */
  readonly expiresAt?: number | null;
  /** What is left of the role's permissions; all of them when absent. */
  readonly permissions?: readonly KeyPermission[] | null;
  /** Networks (`192.0.2.0/24`) and addresses that it may be used from; any when absent. */
  readonly networks?: readonly string[] | null;
  readonly notes?: string | null;
  readonly createdBy?: ApiKey['createdBy'];
}

/** Absent keeps, `null` clears. */
export interface KeyChange {
  readonly name?: string | undefined;
  readonly notes?: string | null | undefined;
  readonly networks?: readonly string[] | null | undefined;
  readonly expiresAt?: number | null | undefined;
}

export interface CreatedKey {
  readonly id: string;
  /** The whole key: show it once and forget it. */
  readonly key: string;
}

/** What can be shown of a key. Times are epoch ms. */
export interface ApiKey {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly kind: Kind;
  readonly role: Role;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** Written at most once a minute. */
  readonly lastUse: {
    readonly at: number;
    readonly address: string | null;
    readonly userAgent: string | null;
  } | null;
  readonly permissions: readonly KeyPermission[] | null;
  readonly networks: readonly string[] | null;
  readonly notes: string | null;
  /** The key or person that made it, or what was rolled; `null` when it was made on the machine itself. */
  readonly createdBy: { readonly id: string; readonly name: string } | null;
}

export interface PresentedKey {
  readonly id: string;
  readonly kind: Kind;
  readonly secretHash: string;
}

const SECRET_BYTES = 32;
const NAME_MAX = 100;
const NETWORKS_MAX = 50;
// Fixed lengths: base64url may hold `_` itself.
const FORM = /^ph_(live|test)_([0-9a-hjkmnp-tv-z]{26})_([A-Za-z0-9_-]{43})$/;

/** Makes a key. Throws `invalid_request` when role and tenant do not go together or the name is no name. */
export async function createKey(db: Db, clock: Clock, wanted: NewKey): Promise<CreatedKey> {
  await refuseMismatch(db, wanted);
  const { id, row, shown } = newKey(wanted, clock.now());
  await insertKey(db, row);
  return { id, key: shown };
}

function newKey(wanted: NewKey, now: number): { id: string; row: StoredKey; shown: string } {
  const { tenantId, name, kind, role } = wanted;
  const id = newId('key');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const row = {
    ...{ id, tenantId, name, kind, role },
    secretHash: hashSecret(secret),
    createdAt: now,
    expiresAt: wanted.expiresAt ?? null,
    revokedAt: null,
    lastUse: null,
    permissions: wanted.permissions ?? null,
    networks: wanted.networks ?? null,
    notes: wanted.notes ?? null,
    createdBy: wanted.createdBy ?? null,
  };
  return { id, row, shown: `ph_${kind}_${id.slice('key_'.length)}_${secret}` };
}

/** The tenant's keys, newest first, revoked ones included: all, or so many from before one of them. */
export async function listKeys(
  db: Db,
  tenantId: string,
  page: { before?: string | undefined; limit?: number } = {},
): Promise<readonly ApiKey[]> {
  return keysOfTenant(db, tenantId, page);
}

/** One key of the tenant, revoked or not. */
export async function getKey(db: Db, tenantId: string, id: string): Promise<ApiKey | undefined> {
  const key = await keyById(db, id);
  return key?.tenantId === tenantId ? key : undefined;
}

/**
 * Makes a key like this one, which ends after the overlap unless it ends sooner. `undefined` when it has ended already.
 * During the overlap it can be rolled again: the key that was shown may have been lost.
 */
export async function rollKey(
  db: Db,
  clock: Clock,
  key: ApiKey,
  { overlapMs, by }: { overlapMs: number; by: ApiKey['createdBy'] },
): Promise<CreatedKey | undefined> {
  const now = clock.now();
  const { id, row, shown } = newKey({ ...key, createdBy: by }, now);
  return transaction(db, async (tx) => {
    const limited = await limitKey(tx, key, { now, endsAt: now + overlapMs });
    if (!limited) return undefined;
    await insertKey(tx, row);
    return { id, key: shown };
  });
}

/** Changes what may change of a key that still works: never what it may. `false` when it has ended. */
export async function patchKey(
  db: Db,
  clock: Clock,
  key: { tenantId: string; id: string },
  change: KeyChange,
): Promise<boolean> {
  refuseNetworks(change.networks ?? null);
  return changeKey(db, key, change, clock.now());
}

/** Whether a key still works: the one reading of its times. */
export function keyState(
  { revokedAt, expiresAt }: Pick<ApiKey, 'revokedAt' | 'expiresAt'>,
  now: number,
): 'active' | 'expired' | 'revoked' {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'active';
}

/** Ends a key for good, on every node within a second. `false` when the tenant has no such key. */
export async function revokeKey(
  db: Db | Tx,
  clock: Clock,
  key: { tenantId: string; id: string },
): Promise<boolean> {
  return markRevoked(db, key.tenantId, key.id, clock.now());
}

/** Takes a presented key apart; `undefined` when it does not have the form of one. Nothing is looked up. */
export function readKey(text: string): PresentedKey | undefined {
  const [, kind, id, secret] = FORM.exec(text) ?? [];
  if (kind === undefined || id === undefined || secret === undefined) return undefined;
  return { id: `key_${id}`, kind: kind === 'live' ? 'live' : 'test', secretHash: hashSecret(secret) };
}

function hashSecret(secret: string): string {
  return hash('sha256', secret, 'hex');
}

async function refuseMismatch(db: Db, wanted: NewKey): Promise<void> {
  const { tenantId, role, name, permissions, networks } = wanted;
  if (name.trim() === '' || name.length > NAME_MAX)
    throw wrong('name', `must have 1 to ${String(NAME_MAX)} characters`);
  if (isInstanceRole(role) !== (tenantId === INSTANCE_TENANT_ID)) {
    throw wrong('role', isInstanceRole(role) ? 'is for keys of the instance' : 'is for keys of a tenant');
  }
  const beyond = (permissions ?? []).find((one) => !roleMay(role, one));
  if (beyond !== undefined) throw wrong('permissions', `names ${beyond}, which ${role} does not include`);
  refuseNetworks(networks ?? null);
  if ((await getTenant(db, tenantId)) === undefined) throw wrong('tenantId', 'is not a tenant');
}

/** An empty list would be a key that nobody can use, or one that everybody can: it is refused. */
function refuseNetworks(networks: readonly string[] | null): void {
  if (networks === null) return;
  if (networks.length === 0 || networks.length > NETWORKS_MAX)
    throw wrong('networks', `must name 1 to ${String(NETWORKS_MAX)} networks`);
  const bad = networks.findIndex((network) => !isNetwork(network));
  if (bad !== -1)
    throw wrong(`networks[${String(bad)}]`, 'must be a network or an address, such as 192.0.2.0/24');
}

function wrong(path: string, message: string) {
  return problem('invalid_request', { detail: `${path} ${message}.`, errors: [{ path, message }] });
}

/** Whether the key could still do this: for what it began and somebody else finishes. */
export async function keyStands(
  db: Db | Tx,
  id: string,
  now: number,
  permission: Permission,
): Promise<boolean> {
  const key = await keyById(db, id);
  if (key === undefined || keyState(key, now) !== 'active') return false;
  return roleMay(key.role, permission) && (key.permissions?.some((one) => one === permission) ?? true);
}
