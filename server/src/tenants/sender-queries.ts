/**
 * SQL of the `sender_claims` table; only this file names it.
 * Next: senders.ts
 */
import type { Db, Tx } from '../store/store.ts';

/** What the last look at the DNS found. */
export type Found = 'proof' | 'nothing' | 'other' | 'no_answer';

export interface SenderClaim {
  /** `snd_…` */
  readonly id: string;
  readonly tenantId: string;
  /** `ana@example.com` or `@example.com`, domains as A-labels. */
  readonly sender: string;
  readonly domain: string;
  readonly state: 'pending' | 'verified';
  readonly token: string;
  /** Epoch ms. */
  readonly createdAt: number;
  readonly createdBy: string;
  readonly checkedAt: number | null;
  readonly found: Found | null;
  readonly verifiedAt: number | null;
  /** Who granted it, or `dns`. */
  readonly verifiedBy: string | null;
}

interface ClaimRow {
  id: string;
  tenant_id: string;
  sender: string;
  domain: string;
  state: SenderClaim['state'];
  token: string;
  created_at: number;
  created_by: string;
  checked_at: number | null;
  found: Found | null;
  verified_at: number | null;
  verified_by: string | null;
}

interface Tables {
  sender_claims: ClaimRow;
}

const claims = (db: Db | Tx) => db.tables<Tables>();

/** Ids sort by the time they were made. */
export async function claimsOf(db: Db | Tx, tenantId: string): Promise<SenderClaim[]> {
  const rows = await claims(db)
    .selectFrom('sender_claims')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .orderBy('id')
    .execute();
  return rows.map(claimOf);
}

export async function claimById(db: Db | Tx, tenantId: string, id: string): Promise<SenderClaim | undefined> {
  const row = await claims(db)
    .selectFrom('sender_claims')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row && claimOf(row);
}

/** All that are proved, whosever: they are few per tenant, and every message asks for them. */
export async function verifiedClaims(db: Db | Tx): Promise<Pick<SenderClaim, 'sender' | 'tenantId'>[]> {
  const rows = await claims(db)
    .selectFrom('sender_claims')
    .select(['sender', 'tenant_id'])
    .where('state', '=', 'verified')
    .execute();
  return rows.map(({ sender, tenant_id }) => ({ sender, tenantId: tenant_id }));
}

/** Different whenever a claim was proved or removed. */
export async function verifiedMark(db: Db): Promise<string> {
  const row = await claims(db)
    .selectFrom('sender_claims')
    .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.sum('verified_at').as('times')])
    .where('state', '=', 'verified')
    .executeTakeFirst();
  return `${String(row?.count)} ${String(row?.times)}`;
}

/** Whether another tenant has proved this sender, or one that it overlaps with. */
export async function isOthers(tx: Tx, { tenantId, sender, domain }: SenderClaim): Promise<boolean> {
  const row = await claims(tx)
    .selectFrom('sender_claims')
    .select('id')
    .where('domain', '=', domain)
    .where('state', '=', 'verified')
    .where('tenant_id', '<>', tenantId)
    // A whole domain overlaps with all of its addresses.
    .$if(!sender.startsWith('@'), (query) => query.where('sender', 'in', [sender, `@${domain}`]))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** `false` when the tenant has claimed it already. */
export async function insertClaim(tx: Tx, claim: SenderClaim): Promise<boolean> {
  const result = await claims(tx)
    .insertInto('sender_claims')
    .values({
      id: claim.id,
      tenant_id: claim.tenantId,
      sender: claim.sender,
      domain: claim.domain,
      state: claim.state,
      token: claim.token,
      created_at: claim.createdAt,
      created_by: claim.createdBy,
      checked_at: claim.checkedAt,
      found: claim.found,
      verified_at: claim.verifiedAt,
      verified_by: claim.verifiedBy,
    })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'sender']).doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

export async function noteCheck(db: Db | Tx, id: string, now: number, found: Found): Promise<void> {
  await claims(db)
    .updateTable('sender_claims')
    .set({ checked_at: now, found })
    .where('id', '=', id)
    .execute();
}

/** The first time counts. */
export async function markVerified(tx: Tx, id: string, now: number, by: string): Promise<void> {
  await claims(tx)
    .updateTable('sender_claims')
    .set({ state: 'verified', verified_at: now, verified_by: by })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .execute();
}

export async function deleteClaim(db: Db | Tx, tenantId: string, id: string): Promise<boolean> {
  const result = await claims(db)
    .deleteFrom('sender_claims')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

function claimOf(row: ClaimRow): SenderClaim {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    sender: row.sender,
    domain: row.domain,
    state: row.state,
    token: row.token,
    createdAt: row.created_at,
    createdBy: row.created_by,
    checkedAt: row.checked_at,
    found: row.found,
    verifiedAt: row.verified_at,
    verifiedBy: row.verified_by,
  };
}
