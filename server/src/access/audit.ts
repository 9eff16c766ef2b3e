/**
 * The audit log: who changed what, when, from where and why (W6). Entries of a tenant are a chain: each carries a digest of
 * itself and the one before, so that one which was changed, left out or put in later is found by `verifyAudit`.
 * An entry follows its change in a transaction of its own (ADR 0013). Next: audit-queries.ts
 */
import { hash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import type { Log } from '../base/log.ts';
import type { AuditFacts, RecordAudit } from '../http/http.ts';
import { transaction, type Db } from '../store/store.ts';
import { chains, entriesAfter, headOf, insertEntry, takePlace } from './audit-queries.ts';
import type { AuditFilter, AuditRow, Head } from './audit-queries.ts';

/** Who changed something, and from where. */
export interface AuditActor {
  readonly id: string;
  readonly name: string;
  /** `local`: somebody on the machine itself; `public`: nobody is known, as at set-up and by a link. */
  readonly kind: AuditRow['actor_kind'];
  readonly home?: string | null;
  readonly via: AuditRow['via'];
  readonly address?: string | null;
  readonly agent?: string | null;
}

interface AuditDeps {
  readonly db: Db;
  readonly clock: Clock;
}

/** For what is no operation of a principal: a command on the machine, a first set-up. Throws when it cannot be written. */
export async function writeAudit(
  { db, clock }: AuditDeps,
  tenantId: string,
  actor: AuditActor,
  facts: AuditFacts,
): Promise<void> {
  await transaction(db, async (tx) => {
    const { seq, hash: before } = await takePlace(tx, tenantId, FIRST);
    const entry = {
      ...{ id: newId('aud'), tenant_id: tenantId, seq, at: clock.now() },
      ...{ actor_id: actor.id, actor_name: plain(actor.name), actor_kind: actor.kind },
      actor_home: actor.home ?? null,
      ...{ via: actor.via, address: actor.address ?? null, agent: plain(actor.agent ?? null) },
      operation: facts.operation,
      thing_type: facts.thing,
      thing_id: plain(facts.thingId),
      changes: JSON.stringify(facts.changes),
      reason: plain(facts.reason),
    };
    await insertEntry(tx, { ...entry, hash: digest(before, entry) });
  });
}

/**
 * What the kit records with. The change stands when its entry cannot be written: to answer with an error would have it
 * done again. The whole entry goes to the log then; it holds no secret.
 */
export function createAudit({ db, clock, log }: AuditDeps & { readonly log: Log }): RecordAudit {
  return async (principal, { address, userAgent }, facts) => {
    const ofPerson = principal.sessionId !== undefined;
    const actor: AuditActor = {
      ...{ id: principal.actorId, name: principal.actorName, kind: ofPerson ? 'person' : 'key' },
      home: principal.homeTenantId,
      via: ofPerson ? 'console' : userAgent.startsWith(CLI_AGENT) ? 'cli' : 'api',
      ...{ address, agent: userAgent },
    };
    try {
      await writeAudit({ db, clock }, principal.tenantId, actor, facts);
    } catch (err) {
      log.error({ err, tenantId: principal.tenantId, actor, audit: facts }, 'a change could not be recorded');
    }
  };
}

const CLI_AGENT = 'posthorn-cli';
const FIRST = '0'.repeat(64);
const PAGE = 500;

/** The whole row in a fixed order, and what came before it. */
function digest(before: string, row: Omit<AuditRow, 'hash'>): string {
  return hash(
    'sha256',
    JSON.stringify([
      ...[before, row.tenant_id, row.seq, row.id, row.at, row.actor_id, row.actor_name, row.actor_kind],
      ...[row.actor_home, row.via, row.address, row.agent, row.operation, row.thing_type, row.thing_id],
      ...[row.changes, row.reason],
    ]),
    'hex',
  );
}

/** Text from outside as both databases take it: no control characters. */
function plain<T extends string | null>(text: T): T {
  return text === null ? text : (text.replace(/[\u0000-\u001f\u007f]+/g, ' ') as T); // a string as before
}

export interface AuditVerified {
  readonly ok: boolean;
  /** Entries that are as they were written. */
  readonly checked: number;
  /** The last entry. Noted somewhere else, it shows later whether the whole chain was written anew. */
  readonly head: Head | null;
  /** The place in the chain of the first entry that is not as it was written, or is missing. */
  readonly brokenAt?: number;
}

/** Walks a tenant's chain from its first entry. What is added meanwhile is not looked at. */
export async function verifyAudit(db: Db, tenantId: string): Promise<AuditVerified> {
  const head = (await headOf(db, tenantId)) ?? null;
  const upTo = head?.seq ?? Number.MAX_SAFE_INTEGER;
  let before = FIRST;
  let checked = 0;
  const broken = (): AuditVerified => ({ ok: false, checked, head, brokenAt: checked + 1 });
  for await (const row of walk(db, tenantId, {}, upTo)) {
    if (row.seq !== checked + 1 || digest(before, row) !== row.hash) return broken();
    before = row.hash;
    checked += 1;
  }
  return checked === (head?.seq ?? 0) && before === (head?.hash ?? FIRST)
    ? { ok: true, checked, head }
    : broken();
}

/** Tenants whose chains there are. */
export function auditedTenants(db: Db): Promise<readonly string[]> {
  return chains(db);
}

/** The entries as they were when it began, in the order of the chain, some at a time. */
export async function* walk(
  db: Db,
  tenantId: string,
  filter: AuditFilter,
  last?: number,
): AsyncGenerator<AuditRow, void, undefined> {
  const upTo = last ?? (await headOf(db, tenantId))?.seq ?? 0;
  for (let after = 0; ;) {
    const rows = await entriesAfter(db, tenantId, filter, { after, upTo, limit: PAGE });
    yield* rows;
    const end = rows.at(-1);
    if (end === undefined || rows.length < PAGE) return;
    after = end.seq;
  }
}
