/**
 * What an attempt means: new states of the recipients, what becomes of the job, and the event to tell. Pure.
 *
 * The rules: a refusal is final for its recipient (C1). A deferral waits by the schedule and counts (R1). What concerns
 * the connection never counts: another connection takes over if it surely was not taken (R7), else the message is held
 * until the connection returns (R2). In doubt goes back to the same connection, or waits for a person (Q5).
 * Nothing waits beyond its lifetime (Q11).
 * Next: settle.ts
 */
import { isOurs, type Attempted, type RecipientFinding } from './attempt.ts';
import { HELD_BY_PERSON, heldByRefusal, heldForConnections, heldForRoute, heldForTenant } from './held.ts';
import type { Letter, LetterRecipient } from './letter.ts';
import type { DeliveryPolicy } from './policy.ts';
import type { RecipientChange } from './queries.ts';
import { isPending, type RecipientState } from './states.ts';

/** A held message looks for itself this often, should nobody wake it. */
const HELD_LOOK_MS = 60 * 60_000;
/** After a failure that opened no breaker, the message tries again this soon, and later with its age. */
const CONNECTION_RETRY_MS = 30_000;
const CONNECTION_RETRY_MAX_MS = 15 * 60_000;
/** A recipient that waits for its sender to be allowed, while others of its message wait for a time. */
const REFUSED_RETRY_MS = 5 * 60_000;

/** The server took some recipients and wants the others in a transaction of their own: at once, and no fault of theirs. */
const TOO_MANY = 'policy.too_many_recipients';

/** What delivery leaves for itself in the job. */
export interface JobNote {
  /** Connections that failed in this round of failover. */
  readonly tried: readonly string[];
}

export type JobFate =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'again';
      readonly dueAt: number;
      readonly tried: readonly string[];
      /** The attempt itself failed to finish: too many of these and the message is taken for poison (Q12). */
      readonly counts?: true;
    }
  | { readonly kind: 'hold'; readonly by: string; readonly until: number; readonly tried: readonly string[] };

export interface Decision {
  readonly changes: readonly RecipientChange[];
  readonly job: JobFate;
  /** The event's type, `message.` left out; `undefined` when nothing worth telling happened. */
  readonly event: { readonly type: string; readonly data: Readonly<Record<string, unknown>> } | undefined;
}

interface Outlook {
  readonly letter: Letter;
  readonly now: number;
  readonly policy: DeliveryPolicy;
  readonly tried: readonly string[];
  /** Whether, with these connections tried, another one could take the message now. */
  readonly another: (tried: readonly string[]) => boolean;
  /** The state of all connections, in short (`held.ts`). */
  readonly world: string;
  /** 0–1, for jitter. */
  readonly random: () => number;
}

interface Where {
  readonly connectionId: string;
  /** Another connection is tried right away. */
  readonly elsewhere: boolean;
  /** The server had judged nothing of the message. */
  readonly atDoor: boolean;
}

export function decide(attempted: Attempted, outlook: Outlook): Decision {
  switch (attempted.kind) {
    case 'expired':
      return expired(attempted.recipients);
    case 'captured':
      return finish(
        attempted.recipients.map((recipient) => settled(recipient, 'captured')),
        outlook,
        {
          type: 'captured',
          data: { by: attempted.by },
        },
      );
    case 'paced':
      return {
        changes: [],
        job: again(Math.min(outlook.now + attempted.waitMs, outlook.letter.expiresAt), outlook.tried),
        event: undefined,
      };
    case 'early':
      return { changes: [], job: again(attempted.dueAt, outlook.tried), event: undefined };
    case 'stopped':
      return stopped(attempted, outlook);
    case 'unroutable':
      return unroutable(attempted, outlook);
    case 'tried':
      return tried(attempted, outlook);
  }
}

/** In doubt stays in doubt: nobody can say that it was not sent. */
function expired(recipients: readonly LetterRecipient[]): Decision {
  const changes = recipients
    .filter((recipient) => recipient.state !== 'in_doubt')
    .map((recipient) => settled(recipient, 'expired'));
  return {
    changes,
    job: { kind: 'done' },
    event:
      changes.length === 0
        ? undefined
        : { type: 'expired', data: { recipients: changes.map(({ position }) => position) } },
  };
}

/** Its lifetime runs on, so it waits to the end of that, and is let go when the tenant goes on. */
function stopped({ recipients, why }: Attempted & { kind: 'stopped' }, { letter }: Outlook): Decision {
  const changes = recipients
    .filter(({ state }) => state !== 'in_doubt')
    .map((recipient) => ({
      ...settled(recipient, 'held'),
      errorId: 'route.tenant_suspended',
      reply: `the tenant is ${why}`,
    }));
  return {
    changes,
    job: { kind: 'hold', by: heldForTenant(letter.tenantId), until: letter.expiresAt, tried: [] },
    event: changes.length === 0 ? undefined : { type: 'held', data: { reason: 'tenant_suspended' } },
  };
}

function unroutable(attempted: Attempted & { kind: 'unroutable' }, outlook: Outlook): Decision {
  const { choice, recipients } = attempted;
  const { letter, now, world } = outlook;
  if (choice.reason === 'all_tried')
    return {
      changes: [],
      job: again(Math.min(now + CONNECTION_RETRY_MS, letter.expiresAt), []),
      event: undefined,
    };
  const by = choice.waitsFor.length === 0 ? heldForRoute(world) : heldForConnections(choice.waitsFor, world);
  const others = untouched(recipients, outlook).map((recipient) => recipient.nextAt ?? now);
  const why =
    choice.considered.map((item) => `${item.connection}: ${item.why}`).join('; ') || 'there is no connection';
  const changes = recipients
    .filter((recipient) => recipient.state !== 'held' && recipient.state !== 'in_doubt')
    .map((recipient) => ({ ...settled(recipient, 'held'), errorId: `route.${choice.reason}`, reply: why }));
  return {
    changes,
    job: { kind: 'hold', by, until: Math.min(letter.expiresAt, now + HELD_LOOK_MS, ...others), tried: [] },
    event: changes.length === 0 ? undefined : { type: 'held', data: { reason: choice.reason, why } },
  };
}

function tried(attempted: Attempted & { kind: 'tried' }, outlook: Outlook): Decision {
  const { connection, findings } = attempted;
  const triedNow = [...outlook.tried, connection.id];
  const progress = findings.some(({ verdict }) => verdict.outcome === 'accepted');
  const isNext = ({ verdict }: RecipientFinding): boolean => progress && verdict.errorId === TOO_MANY;
  const elsewhere = findings.some((found) => movable(found) && !isNext(found)) && outlook.another(triedNow);
  const where = { connectionId: connection.id, elsewhere, atDoor: atDoorOf(attempted) };
  const changes = findings.map((found) =>
    isNext(found) ? next(found, where, outlook) : change(found, where, outlook),
  );
  const event = {
    type: eventType(changes),
    data: {
      attempt: attempted.id,
      connection: connection.name,
      states: changes.map(({ position, state }) => ({ position, state })),
    },
  };
  return {
    ...finish(changes, outlook, event),
    job: elsewhere ? again(earliest(changes, outlook), triedNow) : fate(changes, attempted, outlook),
  };
}

function next(
  { recipient, said }: RecipientFinding,
  { connectionId }: Where,
  { now }: Outlook,
): RecipientChange {
  const state = recipient.state === 'in_doubt' ? 'in_doubt' : 'deferred';
  return { ...settled(recipient, state), errorId: TOO_MANY, reply: said, connectionId, nextAt: now };
}

/** Surely not taken, and another connection might do better (R7). */
function movable({ verdict }: RecipientFinding): boolean {
  if (verdict.outcome === 'connection_unusable') return true;
  return verdict.outcome === 'deferred' && verdict.scope !== 'recipient' && !isOurs(verdict);
}

function change(
  found: RecipientFinding,
  { connectionId, elsewhere, atDoor }: Where,
  outlook: Outlook,
): RecipientChange {
  const { recipient, verdict } = found;
  const { now, policy, letter } = outlook;
  const base = {
    position: recipient.position,
    attempts: recipient.attempts,
    errorId: verdict.errorId ?? null,
    reply: found.said,
    connectionId,
    nextAt: null,
  };
  const waiting = (state: RecipientState, at: number, attempts = recipient.attempts): RecipientChange => ({
    ...base,
    state,
    attempts,
    nextAt: Math.min(at, letter.expiresAt),
  });
  switch (verdict.outcome) {
    case 'accepted':
      return { ...base, state: 'accepted', errorId: null };
    case 'rejected':
      return { ...base, state: 'failed' };
    case 'in_doubt': {
      // A repeat that is in doubt as well makes two copies likely already: from here on a person decides (Q5).
      const forPerson = policy.inDoubt[letter.class] === 'hold' || recipient.state === 'in_doubt';
      return waiting('in_doubt', forPerson ? letter.expiresAt : now + policy.inDoubtWait[letter.class]);
    }
    case 'connection_unusable':
      return waiting(
        recipient.state === 'in_doubt' ? 'in_doubt' : 'held',
        elsewhere || atDoor ? now : now + REFUSED_RETRY_MS,
      );
    case 'deferred': {
      // A failed repeat leaves the first try as much in doubt as it was.
      const state = recipient.state === 'in_doubt' ? 'in_doubt' : 'deferred';
      if (isOurs(verdict)) return { ...base, state: recipient.state, nextAt: now };
      if (elsewhere && verdict.scope !== 'recipient') return waiting(state, now);
      if (verdict.scope === 'connection')
        return waiting(state, now + (verdict.retryAfterMs ?? patience(outlook)));
      const attempts = recipient.attempts + 1;
      // R10: what can never work is tried once more, and a full mailbox is not waited for as long as the message lives.
      const spent = attempts > (verdict.retriesMax ?? Infinity);
      const late = now - letter.createdAt > (verdict.giveUpAfterMs ?? Infinity);
      if (spent || late) return { ...base, state: 'failed', attempts };
      return waiting(state, now + Math.max(verdict.retryAfterMs ?? 0, backOff(attempts, outlook)), attempts);
    }
  }
}

/** A fault of the connection uses up no tries, so the wait grows with the message's age: half a minute to a quarter of an hour. */
function patience({ letter, now }: Outlook): number {
  return Math.min(Math.max(CONNECTION_RETRY_MS, (now - letter.createdAt) / 8), CONNECTION_RETRY_MAX_MS);
}

/** R1: the schedule's wait before the next try, ± 20 %. */
function backOff(attempts: number, { policy, random }: Outlook): number {
  const wait = policy.retry[Math.min(attempts, policy.retry.length) - 1] ?? CONNECTION_RETRY_MS;
  return Math.round(wait * (0.8 + 0.4 * random()));
}

/** A job waits for the first of its recipients; it is held only when all of them wait for the same thing. */
function fate(
  changes: readonly RecipientChange[],
  attempted: Attempted & { kind: 'tried' },
  outlook: Outlook,
): JobFate {
  const { letter, now, world } = outlook;
  const open = stillOpen(changes, outlook);
  if (open.length === 0) return { kind: 'done' };
  if (open.every((item) => item.state === 'in_doubt' && item.nextAt === letter.expiresAt))
    return { kind: 'hold', by: HELD_BY_PERSON, until: letter.expiresAt, tried: [] };
  const refused = attempted.findings.filter((found) => found.verdict.outcome === 'connection_unusable');
  if (refused.length === 0 || refused.length < open.length) return again(earliest(changes, outlook), []);
  // At the door its breaker is open now: the next look finds who else could take it, and what it has to wait for.
  if (atDoorOf(attempted)) {
    const wait = outlook.tried.length === 0 ? 0 : CONNECTION_RETRY_MS;
    return again(Math.min(now + wait, letter.expiresAt), []);
  }
  const waits = refused.map(({ verdict }) => verdict.retryAfterMs ?? HELD_LOOK_MS);
  const until = Math.min(letter.expiresAt, now + Math.min(...waits));
  return { kind: 'hold', by: heldByRefusal(attempted.connection.id, world), until, tried: [] };
}

/** Whether the attempt ended before the server had judged anything of the message. */
function atDoorOf({ report }: Attempted & { kind: 'tried' }): boolean {
  return report.session !== undefined;
}

function earliest(changes: readonly RecipientChange[], outlook: Outlook): number {
  const { letter, now } = outlook;
  return Math.min(letter.expiresAt, ...stillOpen(changes, outlook).map((item) => item.nextAt ?? now));
}

function stillOpen(changes: readonly RecipientChange[], outlook: Outlook) {
  return [...changes, ...untouched(changes, outlook)].filter((item) => isPending(item.state));
}

/** Recipients that this attempt did not serve still need the job. */
function untouched(
  changes: readonly { readonly position: number }[],
  { letter }: Outlook,
): { state: RecipientState; nextAt: number | null }[] {
  const served = new Set(changes.map((item) => item.position));
  return letter.recipients.filter((recipient) => !served.has(recipient.position));
}

function finish(changes: readonly RecipientChange[], outlook: Outlook, event: Decision['event']): Decision {
  const open = untouched(changes, outlook).filter((item) => isPending(item.state));
  const job = open.length === 0 ? ({ kind: 'done' } as const) : again(outlook.now, []);
  return { changes, job, event };
}

function settled(recipient: LetterRecipient, state: RecipientState): RecipientChange {
  return {
    position: recipient.position,
    state,
    attempts: recipient.attempts,
    errorId: null,
    reply: null,
    connectionId: recipient.connectionId,
    nextAt: null,
  };
}

function again(dueAt: number, triedNow: readonly string[]): JobFate {
  return { kind: 'again', dueAt, tried: triedNow };
}

const EVENT_ORDER = ['failed', 'in_doubt', 'held', 'deferred', 'accepted'] as const;

function eventType(changes: readonly RecipientChange[]): string {
  return EVENT_ORDER.find((type) => changes.some((item) => item.state === type)) ?? 'deferred';
}
