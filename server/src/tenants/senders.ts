/**
 * Who a tenant may send as (I5): what the instance allows it, what it has proved to be its own, and the sender that it
 * inherits. What one tenant has proved is no other's, whatever else is allowed. The instance itself is free.
 * Next: sender-operations.ts
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import type { Log } from '../base/log.ts';
import { problem, rateLimited } from '../http/http.ts';
import { covers, displayAddress, serializeAddress, type Address, type ListEntry } from '../mail/mail.ts';
import type { Lookups } from '../net/net.ts';
import { followRows, isUniqueViolation, takeFrom, transaction, type Db, type Tx } from '../store/store.ts';
import { lockTenant } from './queries.ts';
import {
  claimById,
  claimsOf,
  deleteClaim,
  insertClaim,
  isOthers,
  markVerified,
  noteCheck,
  verifiedClaims,
  verifiedMark,
  type Found,
  type SenderClaim,
} from './sender-queries.ts';
import type { Settings } from './settings.ts';
import { INSTANCE_TENANT_ID } from './tenant.ts';

const CLAIMS_MAX = 100;
const CHECKS_MAX = 20;
const MINUTE_MS = 60_000;
const LOOKUP_MS = 5_000;

export interface SenderDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly lookups: Pick<Lookups, 'txt'>;
  readonly settings: Pick<Settings, 'get' | 'one'>;
}

export interface Senders {
  /** Whether mail of this tenant may come from this address; with other `allowed` than is set, as a look ahead. */
  allows(tenantId: string, from: Address, allowed?: readonly string[]): boolean;
  claims(tenantId: string): Promise<readonly SenderClaim[]>;
  /** Throws `not_found`. */
  claim(tenantId: string, id: string): Promise<SenderClaim>;
  /** With `verified` it counts at once: an instance admin's word. Throws `conflict`. */
  add(tenantId: string, entry: ListEntry & { ok: true }, by: string, verified: boolean): Promise<SenderClaim>;
  /** Looks for the proof in the DNS. Throws `not_found`, `rate_limited`, and `conflict` for what is another's. */
  check(tenantId: string, id: string): Promise<SenderClaim>;
  remove(tenantId: string, id: string): Promise<void>;
  refresh(): Promise<void>;
  stop(): void;
}

export function createSenders(deps: SenderDeps): Senders {
  const { db, clock, settings } = deps;
  let owners: ReadonlyMap<string, string> = new Map();
  let mark = '';

  const rows = followRows(deps, {
    what: 'proved senders',
    isCurrent: async () => (await verifiedMark(db)) === mark,
    async read() {
      mark = await verifiedMark(db);
      owners = new Map((await verifiedClaims(db)).map(({ sender, tenantId }) => [sender, tenantId]));
    },
  });

  async function mustFind(tenantId: string, id: string): Promise<SenderClaim> {
    const found = await claimById(db, tenantId, id);
    if (found === undefined) throw problem('not_found', { detail: `There is no sender ${id.slice(0, 80)}.` });
    return found;
  }

  /** In force for everybody, unless it is another tenant's. */
  async function verify(tx: Tx, claim: SenderClaim, by: string): Promise<void> {
    if (await isOthers(tx, claim)) throw isTaken(claim);
    await markVerified(tx, claim.id, clock.now(), by);
  }

  return {
    allows(tenantId, from, allowed = settings.get(tenantId, 'senders.allowed') ?? []) {
      if (tenantId === INSTANCE_TENANT_ID) return true;
      if (covers(inheritedSender(settings, tenantId), from, true)) return true;
      const owner = owners.get(`@${from.domain}`) ?? owners.get(serializeAddress(from));
      if (owner !== undefined) return owner === tenantId;
      return allowed.includes('*') || covers(allowed, from, true);
    },
    claims: (tenantId) => claimsOf(db, tenantId),
    claim: mustFind,
    async add(tenantId, { written, domain }, by, verified) {
      const claim: SenderClaim = {
        ...{ id: newId('snd'), tenantId, sender: written, domain, state: 'pending', createdAt: clock.now() },
        ...{ createdBy: by, token: randomBytes(20).toString('hex') },
        ...{ checkedAt: null, found: null, verifiedAt: null, verifiedBy: null },
      };
      await withoutOverlap(db, claim, async (tx) => {
        await lockTenant(tx, tenantId);
        if ((await claimsOf(tx, tenantId)).length >= CLAIMS_MAX)
          throw problem('conflict', {
            detail: `A tenant has at most ${String(CLAIMS_MAX)} senders. Remove one.`,
          });
        if (!(await insertClaim(tx, claim)))
          throw problem('conflict', {
            detail: `${written} is claimed by this tenant already.`,
            errors: [{ path: 'sender', message: 'is there already' }],
          });
        if (verified) await verify(tx, claim, by);
      });
      if (verified) await rows.refresh();
      return mustFind(tenantId, claim.id);
    },
    async check(tenantId, id) {
      const claim = await mustFind(tenantId, id);
      if (claim.state === 'verified') return claim;
      await refuseHaste(db, tenantId, clock.now());
      const found = await lookForProof(deps.lookups, claim);
      await noteCheck(db, id, clock.now(), found);
      if (found === 'proof') {
        await withoutOverlap(db, claim, (tx) => verify(tx, claim, 'dns'));
        await rows.refresh();
      }
      return mustFind(tenantId, id);
    },
    async remove(tenantId, id) {
      await mustFind(tenantId, id);
      await deleteClaim(db, tenantId, id);
      await rows.refresh();
    },
    refresh: rows.refresh,
    stop: rows.stop,
  };
}

/** Where the proof of a domain stands, and what it says. */
export function proofOf({ domain, token }: Pick<SenderClaim, 'domain' | 'token'>) {
  return { name: `_posthorn.${domain}`, value: `posthorn-sender=${token}` };
}

/** Throws `sender_not_allowed`; `path` is the field that names the address. */
export function refuseSender(from: Address, path: string): never {
  throw problem('sender_not_allowed', {
    detail: `This tenant may not send as ${displayAddress(from)}.`,
    errors: [{ path, message: NOT_ALLOWED }],
  });
}

export const NOT_ALLOWED = 'is none of the addresses that this tenant may send as';

/**
 * The address that mail of the tenant comes from by the word of the instance: what it says of itself, or in the file of
 * this very tenant. What the tenant has set lies over it and is not asked for.
 */
function inheritedSender(settings: Pick<Settings, 'one'>, tenantId: string): readonly string[] {
  const { origin, value, inherited } = settings.one(tenantId, 'sender.address');
  const address = origin === 'managed' ? value : inherited;
  return typeof address === 'string' ? [address] : [];
}

/** One after another for all tenants: whose a domain and an address in it are is decided over several rows. */
async function withoutOverlap(db: Db, claim: SenderClaim, work: (tx: Tx) => Promise<void>): Promise<void> {
  try {
    await transaction(db, async (tx) => {
      await lockTenant(tx, INSTANCE_TENANT_ID);
      await work(tx);
    });
  } catch (error) {
    if (isUniqueViolation(error)) throw isTaken(claim);
    throw error;
  }
}

/** Does not tell who has it. */
function isTaken({ sender }: Pick<SenderClaim, 'sender'>) {
  return problem('conflict', {
    detail: `${sender} cannot be used by this tenant: it is in use. The people of the instance can tell more.`,
    errors: [{ path: 'sender', message: 'is in use' }],
  });
}

async function refuseHaste(db: Db, tenantId: string, now: number): Promise<void> {
  const window = { name: `sender checks ${tenantId}`, max: CHECKS_MAX, windowMs: MINUTE_MS };
  const taken = await takeFrom(db, window, now);
  if (taken.ok) return;
  throw rateLimited(`At most ${String(CHECKS_MAX)} checks of senders in a minute.`, taken.retryAt - now);
}

async function lookForProof(lookups: SenderDeps['lookups'], claim: SenderClaim): Promise<Found> {
  const { name, value } = proofOf(claim);
  const answer = await lookups.txt(name, LOOKUP_MS);
  if (answer.kind === 'failed') return 'no_answer';
  if (answer.kind === 'none') return 'nothing';
  return answer.records.some((record) => record.trim() === value) ? 'proof' : 'other';
}
