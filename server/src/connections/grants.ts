/**
 * Refresh tokens as they are now. Many providers answer with a new one at every use and refuse the old one from then on,
 * so the new one is sealed and stored before anything else happens with the answer, and of all nodes only the holder of
 * a lease may use a token. What was configured stays as it is: no new revision, and a test that passed stays passed.
 * A connection whose destination changed has no grant: it must be given or connected again (K1).
 * Next: grant-queries.ts
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { ConnectionSettings } from '../config/config.ts';
import type { KeyRing, SecretBinding } from '../secrets/secrets.ts';
import type { Db } from '../store/store.ts';
import {
  ensureGrant,
  leaseGrant,
  readGrant,
  settleGrant,
  type GrantKey,
  type GrantRow,
} from './grant-queries.ts';
import { bindingOf } from './target.ts';

/** The connection, or settings that are not stored yet, that a grant is for. */
export interface GrantOwner {
  readonly tenantId: string;
  readonly id: string;
  readonly settings: ConnectionSettings;
}

export interface RefreshToken {
  readonly token: string;
  /** The same for a token and all that followed it; a digest. */
  readonly family: string;
}

/** What using a refresh token came to. */
export type Use<R> = (token: RefreshToken) => Promise<{
  readonly result: R;
  /** The provider's new token, if it gave one. */
  readonly next?: string;
  /** When the grant ends, epoch ms, if the provider says so. */
  readonly endsAt?: number;
  /** `undefined`: it worked; `null`: nothing was learned about the grant; else why the grant is of no use. */
  readonly trouble: string | null | undefined;
}>;

export interface Grants {
  /** The token to use, for a look. Throws what the database throws. */
  current(owner: GrantOwner, configured: string | undefined): Promise<RefreshToken | undefined>;
  /** Uses the token, alone of all nodes. `busy`: somebody else did for too long. Throws what the database throws. */
  use<R>(
    owner: GrantOwner,
    configured: string | undefined,
    use: Use<R>,
  ): Promise<{ readonly done: R } | 'busy' | 'none'>;
}

/** Longer than a request to a token endpoint can take (10 s), so that no two nodes use one token. */
const LEASE_MS = 30_000;
const LEASE_LOOK_MS = 250;
const LEASE_WAIT_MS = 15_000;
/** Tokens that replaced others and could not be stored, most. */
const UNSTORED_MAX = 1_000;

interface Sealed {
  readonly token: string;
  readonly family: string;
  /** Digest of what was configured when this began: another configured token is newer. */
  readonly basis: string;
}

interface GrantDeps {
  readonly db: Db;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly log: Log;
}

export function createGrants(deps: GrantDeps): Grants {
  const { db, keyRing, clock, log } = deps;
  /** Digest of a token → the one that replaced it: for settings without a row, and while the database cannot be written. */
  const unstored = new Map<string, string>();

  function newest(token: string): string {
    let last = token;
    for (let next = unstored.get(digest(last)); next !== undefined; next = unstored.get(digest(last))) {
      last = next;
    }
    return last;
  }

  function replace(old: string, next: string): void {
    const [first] = unstored.keys();
    if (unstored.size >= UNSTORED_MAX && first !== undefined) unstored.delete(first);
    unstored.set(digest(old), next);
  }

  async function fromRow(
    owner: GrantOwner,
    row: GrantRow | undefined,
    configured: string | undefined,
  ): Promise<RefreshToken | undefined> {
    const kept = row?.sealed == null ? undefined : await openGrant(keyRing, owner, row.sealed);
    if (kept?.basis === digest(configured ?? '')) {
      return { token: newest(kept.token), family: kept.family };
    }
    return configured === undefined ? undefined : { token: newest(configured), family: digest(configured) };
  }

  async function lease(key: GrantKey, by: string): Promise<boolean> {
    const giveUpAt = clock.monotonic() + LEASE_WAIT_MS;
    for (;;) {
      const now = clock.now();
      if (await leaseGrant(db, key, { by, now, until: now + LEASE_MS })) return true;
      if (clock.monotonic() >= giveUpAt) return false;
      await new Promise<void>((resolve) => {
        clock.after(LEASE_LOOK_MS, resolve);
      });
    }
  }

  async function useStored<R>(
    owner: GrantOwner,
    key: GrantKey,
    configured: string | undefined,
    use: Use<R>,
  ): Promise<{ readonly done: R } | 'busy' | 'none'> {
    const by = randomUUID();
    if (!(await lease(key, by))) return 'busy';
    const current = await fromRow(owner, await readGrant(db, key), configured);
    if (current === undefined) {
      await settleGrant(db, key, by, {});
      return 'none';
    }
    const { result, next, endsAt, trouble } = await use(current);
    const token = next ?? current.token;
    if (next !== undefined && next !== current.token) replace(current.token, next);
    try {
      const kept: Sealed = { token, family: current.family, basis: digest(configured ?? '') };
      const sealed = await sealGrant(keyRing, owner, kept);
      const stored = await settleGrant(db, key, by, {
        ...(trouble === undefined && { sealed, renewed_at: clock.now(), trouble: null }),
        ...(typeof trouble === 'string' && { trouble }),
        ...(endsAt !== undefined && { ends_at: endsAt }),
      });
      // Who lost the lease has stored nothing: then it stays in memory as well.
      if (stored && next !== undefined) unstored.delete(digest(current.token));
    } catch (error) {
      // It stays in memory and is written with the next use; until then this process is the only one that has it.
      log.warn({ err: error, connection: owner.id }, 'a renewed refresh token could not be stored yet');
    }
    return { done: result };
  }

  return {
    async current(owner, configured) {
      return fromRow(owner, await readGrant(db, grantKey(owner)), configured);
    },
    async use(owner, configured, use) {
      const key = grantKey(owner);
      if (await ensureGrant(db, owner.tenantId, key)) return useStored(owner, key, configured, use);
      if (configured === undefined) return 'none';
      const current = { token: newest(configured), family: digest(configured) };
      const { result, next } = await use(current);
      if (next !== undefined && next !== current.token) replace(current.token, next);
      return { done: result };
    },
  };
}

/** Where the grant of these settings is kept. */
export function grantKey(owner: GrantOwner): GrantKey {
  const { destination } = bindingOf(owner, 'refreshToken');
  const sorted = Object.entries(destination).sort(([a], [b]) => (a < b ? -1 : 1));
  return { connectionId: owner.id, destination: digest(JSON.stringify(sorted)) };
}

/** The sealed form of a token that a sign-in in a browser brought. */
export function sealConnected(
  keyRing: KeyRing,
  owner: GrantOwner,
  token: string,
  configured: string | undefined,
): Promise<string> {
  return sealGrant(keyRing, owner, { token, family: digest(token), basis: digest(configured ?? '') });
}

function sealGrant(keyRing: KeyRing, owner: GrantOwner, kept: Sealed): Promise<string> {
  return keyRing.seal(grantBinding(owner), JSON.stringify(kept));
}

async function openGrant(keyRing: KeyRing, owner: GrantOwner, sealed: string): Promise<Sealed | undefined> {
  const opened = await keyRing.open(grantBinding(owner), sealed);
  return opened.ok ? (JSON.parse(opened.plaintext) as Sealed) : undefined; // sealed by this file alone
}

function grantBinding(owner: GrantOwner): SecretBinding {
  return { ...bindingOf(owner, 'refreshToken'), field: 'grant' };
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
