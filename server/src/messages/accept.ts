/**
 * Accepting prepared messages: one transaction that holds everything, shared with whoever else accepts right now, and
 * only after it is durable the answer (D1). A repeated request is answered from memory (D9).
 * Next: ../delivery/schedule.ts
 */
import { crashPoint } from '../base/crash-point.ts';
import type { Delivery } from '../delivery/delivery.ts';
import { appendEvents } from '../events/events.ts';
import { problem, type Principal } from '../http/http.ts';
import { createGroupCommit, type Db, type Tx } from '../store/store.ts';
import { lockTenant, refuseStopped, type TenantLimits } from '../tenants/tenants.ts';
import { countSent, tooMuch, type Counted, type Over } from './count-sent.ts';
import { prepare, type Accepted, type Prepared, type PrepareDeps } from './prepare.ts';
import {
  insertMessages,
  readCollapsible,
  readRemembered,
  remember,
  rememberedKey,
  type Remembered,
} from './queries.ts';
import type { Submission } from './submission.ts';

export interface AcceptDeps extends PrepareDeps {
  readonly db: Db;
  readonly delivery: Delivery;
  /** What a tenant is held to; `undefined` when it is held to nothing. */
  readonly limitsFor: (tenantId: string, now: number) => TenantLimits | undefined;
  /** Whether mail of the tenant leaves over connections of the instance, asking for this one or for none. */
  readonly usesInstance: (tenantId: string, wanted: string | null) => boolean;
  /** Throws `storage_full` while the disk's reserve is touched (D7). */
  readonly refuseWhenFull: () => void;
  /** Told how many messages were stored: for metrics. */
  readonly accepted: (messages: number) => void;
}

/** One request: its messages are stored together, and a repetition of it is answered from memory (D9). */
interface Request {
  readonly tenantId: string;
  readonly prepared: readonly Prepared[];
  readonly idempotency: Idempotency | undefined;
  readonly reserved: readonly boolean[];
  /** What counts of it towards the limits of its tenant, if anything does. */
  readonly counted: Counted | undefined;
}

type Stored =
  | { readonly kind: 'stored' | 'repeated'; readonly answers: readonly Accepted[] }
  | { readonly kind: 'over'; readonly over: Over }
  | { readonly kind: 'other_body' };

export interface Acceptor {
  /** Checks one submission and makes everything that will be stored. Throws a `Problem` that names each field. */
  prepare(
    principal: Principal,
    submission: Submission,
    idempotencyKey: string | undefined,
    at?: string,
  ): Promise<Prepared>;
  /**
   * Stores prepared messages durably and starts them. Throws `idempotency_conflict`,
   * `tenant_suspended`, `rate_limited` and `quota_reached`. */
  accept(
    principal: Principal,
    prepared: readonly Prepared[],
    idempotency: Idempotency | undefined,
  ): Promise<readonly Accepted[]>;
  /** What was answered to an earlier request of this key, if there was one. Throws `idempotency_conflict`. */
  recall(principal: Principal, idempotency: Idempotency): Promise<readonly Accepted[] | undefined>;
}

export interface Idempotency {
  readonly key: string;
  /** From `hashSubmissions`. */
  readonly bodyHash: string;
}

export function createAcceptor(deps: AcceptDeps): Acceptor {
  const { db, delivery } = deps;
  const group = createGroupCommit<Request, Stored>({
    db,
    write: (tx, requests) => write(deps, tx, requests),
  });

  return {
    prepare: (principal, submission, idempotencyKey, at = '') =>
      prepare(deps, principal, submission, idempotencyKey, at),
    async accept(principal, prepared, idempotency) {
      refuseStopped(principal.tenantStopped);
      deps.refuseWhenFull();
      // One that another of the same request takes the place of is not begun: it could not be withdrawn any more.
      const last = new Set(
        latestOf(prepared)
          .values()
          .map(({ latest }) => latest),
      );
      const reserved = prepared.map(
        (item) =>
          (item.message.collapseKey === null || last.has(item.message.letter.id)) &&
          delivery.reserve(item.delivery),
      );
      let stored: Stored;
      try {
        const { tenantId } = principal;
        const counted = countedOf(deps, tenantId, prepared);
        stored = await group.commit({ tenantId, prepared, idempotency, reserved, counted });
      } catch (error) {
        giveBack(delivery, reserved);
        throw error;
      }
      crashPoint('after-commit');
      if (stored.kind !== 'stored') giveBack(delivery, reserved);
      else {
        deps.accepted(prepared.length);
        delivery.begin(prepared.flatMap((item, index) => (reserved[index] === true ? [item.delivery] : [])));
      }
      if (stored.kind === 'other_body') throw otherBody();
      if (stored.kind === 'over') throw tooMuch(stored.over, deps.clock.now());
      crashPoint('before-reply');
      return stored.answers;
    },
    async recall({ tenantId }, { key, bodyHash }) {
      const found = await readRemembered(db, [{ tenantId, key }]);
      const earlier = found.get(rememberedKey(tenantId, key));
      if (earlier === undefined) return undefined;
      if (earlier.bodyHash !== bodyHash) throw otherBody();
      return readAnswers(earlier);
    },
  };
}

/** Captured mail goes nowhere, and a tenant's own connections are its own. */
function countedOf(deps: AcceptDeps, tenantId: string, prepared: readonly Prepared[]): Counted | undefined {
  const limits = deps.limitsFor(tenantId, deps.clock.now());
  if (limits === undefined) return undefined;
  const messages = prepared.filter(({ delivery: { letter } }) => {
    return deps.delivery.keptBecause(letter) === undefined && deps.usesInstance(tenantId, letter.wanted);
  }).length;
  return messages === 0 ? undefined : { tenantId, messages, limits };
}

function otherBody() {
  return problem('idempotency_conflict', {
    detail: 'This idempotency key was used with another body. Use a new key for a new request.',
  });
}

function readAnswers({ answer }: Remembered): Accepted[] {
  return JSON.parse(answer) as Accepted[]; // our own writing
}

function giveBack(delivery: Delivery, reserved: readonly boolean[]): void {
  for (const taken of reserved) if (taken) delivery.unreserve();
}

/** A collapse key, and the message that has it now. */
interface Keyed {
  readonly tenantId: string;
  readonly collapseKey: string;
  readonly latest: string;
  /** Those before it in the same write. */
  readonly before: readonly string[];
}

/** Of several with one key the last wins. */
function latestOf(items: readonly Pick<Prepared, 'message'>[]): Map<string, Keyed> {
  const found = new Map<string, Keyed>();
  for (const { message } of items) {
    const { letter, collapseKey } = message;
    if (collapseKey === null) continue;
    const { tenantId, id } = letter;
    const name = `${tenantId} ${collapseKey}`;
    const earlier = found.get(name);
    const before = earlier === undefined ? [] : [...earlier.before, earlier.latest];
    found.set(name, { tenantId, collapseKey, latest: id, before });
  }
  return found;
}

/** Withdraws earlier messages of the same key; one that is being sent right now goes its way. */
async function supersede({ delivery }: AcceptDeps, tx: Tx, newer: Keyed): Promise<void> {
  for (const messageId of new Set([...newer.before, ...(await readCollapsible(tx, newer))]))
    await delivery.cancel(tx, { tenantId: newer.tenantId, messageId, by: newer.latest });
}

interface Sorted {
  /** Those that nobody has asked for before. */
  readonly fresh: readonly Request[];
  /** What each comes to, once it is known which of the fresh ones fit. */
  answer(request: Request, over: ReadonlyMap<Request, Over>): Stored;
}

/** Which requests are new, and which repeat an earlier one, be it of this very group (D9). */
async function sort(tx: Tx, requests: readonly Request[]): Promise<Sorted> {
  const withKey = requests.flatMap(({ tenantId, idempotency }) =>
    idempotency ? [{ tenantId, key: idempotency.key }] : [],
  );
  const remembered = await readRemembered(tx, withKey);
  const firsts = new Map<string, Request>();
  const idOf = ({ tenantId, idempotency }: Request) =>
    idempotency === undefined ? undefined : rememberedKey(tenantId, idempotency.key);
  const fresh = requests.filter((request) => {
    const id = idOf(request);
    if (id === undefined) return true;
    if (remembered.has(id) || firsts.has(id)) return false;
    firsts.set(id, request);
    return true;
  });
  return {
    fresh,
    answer(request, over) {
      const id = idOf(request) ?? '';
      const first = firsts.get(id) ?? request;
      const earlier = remembered.get(id);
      const bodyHash = earlier?.bodyHash ?? first.idempotency?.bodyHash;
      if (bodyHash !== request.idempotency?.bodyHash) return { kind: 'other_body' };
      if (earlier !== undefined) return { kind: 'repeated', answers: readAnswers(earlier) };
      const tooMany = over.get(first);
      if (tooMany !== undefined) return { kind: 'over', over: tooMany };
      const kind = first === request ? 'stored' : 'repeated';
      return { kind, answers: first.prepared.map((item) => item.answer) };
    },
  };
}

async function write(deps: AcceptDeps, tx: Tx, requests: readonly Request[]): Promise<Stored[]> {
  const { fresh, answer } = await sort(tx, requests);
  const now = deps.clock.now();
  const sent = await countSent(
    tx,
    fresh.map(({ counted }) => counted),
    now,
  );
  const over = new Map(
    fresh.flatMap((request, index) => {
      const found = sent.over[index];
      return found === undefined ? [] : [[request, found] as const];
    }),
  );
  const fitting = fresh.filter((request) => !over.has(request));
  await store(deps, tx, fitting, now);
  await appendEvents(tx, sent.events);
  crashPoint('after-insert');
  crashPoint('before-commit');
  return requests.map((request) => answer(request, over));
}

async function store(deps: AcceptDeps, tx: Tx, fresh: readonly Request[], now: number): Promise<void> {
  const items = fresh.flatMap(({ prepared, reserved }) =>
    prepared.map((item, index) => ({ ...item, reserved: reserved[index] === true })),
  );
  const collapsing = latestOf(items);
  // In one order everywhere, so that two nodes never wait for each other; only tenants that use collapse keys wait.
  for (const tenantId of [...new Set([...collapsing.values()].map((item) => item.tenantId))].sort())
    await lockTenant(tx, tenantId);
  await insertMessages(
    tx,
    items.map((item) => item.message),
  );
  await deps.delivery.schedule(tx, items);
  for (const newer of collapsing.values()) await supersede(deps, tx, newer);
  await remember(
    tx,
    fresh.flatMap(({ tenantId, idempotency, prepared }) =>
      idempotency === undefined
        ? []
        : [{ tenantId, ...idempotency, answer: JSON.stringify(prepared.map(({ answer }) => answer)), now }],
    ),
  );
  await appendEvents(
    tx,
    items.map(({ message: { letter, keyId, resendOf } }) => ({
      tenantId: letter.tenantId,
      subjectId: letter.id,
      at: letter.createdAt,
      type: 'message.received',
      data: { key: keyId, ...(resendOf !== null && { resendOf }) },
    })),
  );
}
