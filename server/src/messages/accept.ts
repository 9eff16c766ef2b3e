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
import { lockTenant, refuseStopped } from '../tenants/tenants.ts';
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
}

type Stored =
  | { readonly kind: 'stored' | 'repeated'; readonly answers: readonly Accepted[] }
  | { readonly kind: 'other_body' };

export interface Acceptor {
  /** Checks one submission and makes everything that will be stored. Throws a `Problem` that names each field. */
  prepare(
    principal: Principal,
    submission: Submission,
    idempotencyKey: string | undefined,
    at?: string,
  ): Promise<Prepared>;
  /** Stores prepared messages durably and starts them. Throws `idempotency_conflict` and `tenant_suspended`. */
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
        stored = await group.commit({ tenantId: principal.tenantId, prepared, idempotency, reserved });
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

async function write(deps: AcceptDeps, tx: Tx, requests: readonly Request[]): Promise<Stored[]> {
  const withKey = requests.flatMap(({ tenantId, idempotency }) =>
    idempotency ? [{ tenantId, key: idempotency.key }] : [],
  );
  const remembered = await readRemembered(tx, withKey);
  const now = deps.clock.now();
  const fresh: Request[] = [];
  const answers: Parameters<typeof remember>[1][number][] = [];
  const results = requests.map((request): Stored => {
    const { tenantId, idempotency, prepared } = request;
    const stored: Stored = { kind: 'stored', answers: prepared.map((item) => item.answer) };
    if (idempotency !== undefined) {
      const id = rememberedKey(tenantId, idempotency.key);
      const earlier = remembered.get(id);
      if (earlier !== undefined) {
        if (earlier.bodyHash !== idempotency.bodyHash) return { kind: 'other_body' };
        return { kind: 'repeated', answers: readAnswers(earlier) };
      }
      const answer = JSON.stringify(stored.answers);
      remembered.set(id, { bodyHash: idempotency.bodyHash, answer });
      answers.push({ tenantId, ...idempotency, answer, now });
    }
    fresh.push(request);
    return stored;
  });

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
  await remember(tx, answers);
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
  crashPoint('after-insert');
  crashPoint('before-commit');
  return results;
}
