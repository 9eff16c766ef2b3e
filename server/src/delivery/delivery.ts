/**
 * Delivery: from a stored message to what became of it. One attempt answers what happened (`attempt.ts`), a pure
 * function says what that means (`decide.ts`), one writer stores it (`settle.ts`). This file puts them on the queue's
 * worker and lets held mail go when its connection returns.
 * Next: runner.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Connection, Connections } from '../connections/connections.ts';
import { createWorker, type Worker } from '../queue/queue.ts';
import type { Address } from '../mail/mail.ts';
import { chooseConnection, type Choice, type Candidate } from '../routing/routing.ts';
import type { Db, Tx } from '../store/store.ts';
import type { Stopped } from '../tenants/tenants.ts';
import { keptBecause, route } from './attempt.ts';
import { createHeldMail } from './held.ts';
import { INLINE_MAX_BYTES, storedAddress, type Letter } from './letter.ts';
import { letsOut, type DeliveryPolicy } from './policy.ts';
import type { KeyRing } from '../secrets/secrets.ts';
import { loadLetters } from './queries.ts';
import { openedContent } from './sealed-content.ts';
import { createRunner } from './runner.ts';
import { DELIVERY, jobOf, writeNewRecipients, type NewDelivery } from './schedule.ts';
import { cancelMessage, retryMessage, type Settlement } from './settle.ts';

export {
  INLINE_MAX_BYTES,
  LANE,
  MESSAGE_CLASSES,
  PART_BYTES,
  storedAddress,
  type Letter,
  type MessageClass,
} from './letter.ts';
export type { DeliveryPolicy } from './policy.ts';
export { letsOut } from './policy.ts';
export { EIGHT_BIT, readContent, SEALED, SECRET, SENSITIVE, UTF8_HEADERS } from './queries.ts';
export { DELIVERY, searchKey, type NewDelivery, type RecipientKind } from './schedule.ts';
export type { Settlement } from './settle.ts';
export {
  isPending,
  messageState,
  PENDING_STATES,
  RECIPIENT_MOVES,
  RECIPIENT_STATES,
  type RecipientState,
} from './states.ts';
export { openedContent, sealContent } from './sealed-content.ts';

export interface DeliveryOptions {
  readonly db: Db;
  readonly keyRing: Pick<KeyRing, 'open'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly connections: Connections;
  readonly policy: (tenantId: string) => DeliveryPolicy;
  /** Why mail of this tenant does not go out now, if it does not. */
  readonly stopped: (tenantId: string) => Stopped | undefined;
  readonly owner: string;
  readonly activeMax: number;
  readonly leaseMs: number;
  readonly random: () => number;
  readonly observe: (settlement: Settlement) => void;
}

export interface Delivery {
  start(): Promise<void>;
  /** Stops claiming, lets running sends end for up to `graceMs`, closes every line. */
  stop(graceMs: number): Promise<void>;
  /** Whether this process can start the message at once: then a place is taken for it until `begin` or `unreserve`. */
  reserve(delivery: NewDelivery): boolean;
  unreserve(): void;
  /** Writes recipients and jobs in the accepting transaction; `reserved` tells for each whether a place was taken. */
  schedule(tx: Tx, deliveries: readonly { delivery: NewDelivery; reserved: boolean }[]): Promise<void>;
  /** After the commit: starts the messages whose place was taken; the others are found when there is room. */
  begin(reserved: readonly NewDelivery[]): void;
  /** Something became due: look now. */
  wake(): void;
  /** Something changed that mail may be held for: look soon. */
  lookAtHeld(): void;
  /** `false` when it is being sent right now, or final. */
  cancel(tx: Tx, what: { tenantId: string; messageId: string; by: string }): Promise<boolean>;
  /** Makes a waiting message due now; `false` when it is being sent right now, or final. */
  retry(tx: Tx, what: { tenantId: string; messageId: string; by: string }): Promise<boolean>;
  /** Where a message would go now, and why. */
  explain(letter: Letter): Choice;
  /** Where mail from this address, or from anybody, would go now. */
  choose(tenantId: string, from: Address | undefined): Choice;
  /** Why the message is kept here and not sent, as things are now; `undefined` when it would be sent. */
  keptBecause(letter: Letter): string | undefined;
  /** Whether a message of this tenant would be sent to this address now, and not be kept here or held. */
  reaches(tenantId: string, from: Address, to: Address): boolean;
  load(tenantId: string, messageId: string): Promise<Letter | undefined>;
  readonly active: number;
}

export function createDelivery(options: DeliveryOptions): Delivery {
  const { db, clock, log, connections } = options;
  const candidates = (tenantId: string): Candidate[] => candidatesOf(connections, tenantId);
  const choose = (tenantId: string, from: Address | undefined): Choice => {
    const all = candidates(tenantId);
    return from === undefined
      ? chooseConnection(
          { from: NOBODY, tried: [] },
          all.map((one) => ({ ...one, senders: [] })),
        )
      : chooseConnection({ from, tried: [] }, all);
  };

  const held = createHeldMail({
    db,
    clock,
    log,
    connections,
    stopped: options.stopped,
    wake: () => {
      worker.wake();
    },
  });
  const run = createRunner({
    ...options,
    candidates,
    connection: (id) => {
      const connection = connections.byId(id);
      return connection && { connection, channel: connections.channel(id) };
    },
    readContent: (letter) => () => openedContent(db, options.keyRing, letter),
    wake: () => {
      worker.wake();
    },
    world: held.world,
    held: held.held,
  });
  const worker: Worker<Letter> = createWorker<Letter>({
    db,
    clock,
    log,
    kind: DELIVERY,
    owner: options.owner,
    activeMax: options.activeMax,
    leaseMs: options.leaseMs,
    random: options.random,
    run,
  });

  connections.onBreaker((connection, state) => {
    if (state !== 'open') held.look(state === 'closed' ? connection.id : undefined);
  });
  connections.onChange(() => {
    held.look();
  });

  return {
    async start() {
      await worker.start();
      held.start();
    },
    async stop(graceMs) {
      await held.stop();
      await worker.stop(graceMs);
      await connections.stopAll(graceMs === 0 ? 0 : 1_000);
      await worker.stop(5_000); // what `stopAll` ended is settled as not sent
    },
    reserve: (delivery) => {
      if (delivery.sendAt !== null) return false;
      return worker.reserve(1, jobOf(delivery).lane) === 1;
    },
    unreserve() {
      worker.unreserve(1);
    },
    async schedule(tx, deliveries) {
      const ordered = [...deliveries].sort((a, b) => Number(b.reserved) - Number(a.reserved));
      await writeNewRecipients(
        tx,
        ordered.map(({ delivery }) => delivery),
      );
      await worker.enqueue(
        tx,
        ordered.map(({ delivery }) => jobOf(delivery)),
        ordered.filter(({ reserved }) => reserved).length,
      );
    },
    begin(deliveries) {
      worker.begin(
        deliveries.map((delivery) => ({ job: jobOf(delivery), hint: handedOver(delivery.letter) })),
      );
    },
    wake() {
      worker.wake();
    },
    lookAtHeld: () => {
      held.look();
    },
    cancel: (tx, what) => cancelMessage(tx, { kind: DELIVERY, ...what, now: clock.now() }),
    retry: (tx, what) => retryMessage(tx, { kind: DELIVERY, ...what, now: clock.now() }),
    explain: (letter) => route({ candidates }, letter, letter.recipients, []),
    choose,
    keptBecause: (letter) => keptBecause(letter, options.policy(letter.tenantId)),
    reaches(tenantId, from, to) {
      if (!letsOut(options.policy(tenantId), to)) return false;
      const choice = choose(tenantId, from);
      return choice.kind === 'chosen' && connections.byId(choice.candidate.id)?.settings.type !== 'mailbox';
    },
    async load(tenantId, id) {
      return (await loadLetters(db, [{ tenantId, id }])).get(id);
    },
    get active() {
      return worker.active;
    },
  };
}

/** Stands for any sender where no connection is asked which it takes. */
const NOBODY = storedAddress('nobody@example.invalid');

/** A large content is read again in parts rather than kept in memory until its turn (Q13). */
function handedOver(letter: Letter): Letter {
  return letter.sizeBytes <= INLINE_MAX_BYTES ? letter : { ...letter, content: null };
}

function candidatesOf(connections: Connections, tenantId: string): Candidate[] {
  return connections.usableBy(tenantId).map((connection) => {
    const closed = closedBecause(connection, connections);
    return {
      id: connection.id,
      name: connection.name,
      priority: connection.settings.priority,
      senders: connection.settings.senders,
      ...(closed === undefined ? {} : { closed }),
    };
  });
}

function closedBecause(connection: Connection, connections: Connections): Candidate['closed'] {
  if (connection.paused) return { why: 'is paused' };
  const breaker = connections.channel(connection.id)?.breaker;
  if (breaker === undefined || breaker.accepts) return undefined;
  const { trouble } = breaker;
  const why = trouble === undefined ? 'is being tried with one message' : `cannot send: ${trouble.detail}`;
  return { why, ...(trouble === undefined ? {} : { errorId: trouble.errorId }) };
}
