/**
 * One attempt at one message: who is due, which way, send, classify. Answers what happened and writes nothing.
 * `decide.ts` turns the answer into changes and `settle.ts` writes them.
 * Next: decide.ts
 */
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import type { Channel, Connection } from '../connections/connections.ts';
import { classify, formatReply, type Verdict } from '../mail/mail.ts';
import { chooseConnection, type Candidate, type Choice } from '../routing/routing.ts';
import type { RecipientResult, SendReport } from '../smtp/smtp.ts';
import type { Stopped } from '../tenants/tenants.ts';
import { LANE, type Letter, type LetterRecipient } from './letter.ts';
import { letsOut, type DeliveryPolicy } from './policy.ts';

/** A recipient is due up to this much before its time, so that one look serves those that belong together. */
const DUE_SLACK_MS = 1_000;
/** A wait for the connection's pace up to this long is spent in hand; a longer one goes back to the queue. */
const PACE_IN_HAND_MS = 1_000;

/** Codes and links that a person waits for. */
const URGENT_LANES = 2;
/** Nothing came of it and nothing is wrong: the message looks for its way anew. */
const LOOK_AGAIN = { kind: 'paced', waitMs: 0 } as const;

export interface RecipientFinding {
  readonly recipient: LetterRecipient;
  readonly verdict: Verdict;
  /** The server's words, or what failed, in one line. */
  readonly said: string;
}

/** What an attempt came to. */
export type Attempted =
  | { readonly kind: 'expired'; readonly recipients: readonly LetterRecipient[] }
  /** Its tenant may send nothing now. */
  | { readonly kind: 'stopped'; readonly recipients: readonly LetterRecipient[]; readonly why: Stopped }
  | { readonly kind: 'captured'; readonly recipients: readonly LetterRecipient[]; readonly by: string }
  | {
      readonly kind: 'unroutable';
      readonly recipients: readonly LetterRecipient[];
      readonly choice: Choice & { kind: 'none' };
    }
  /** The connection's pace allows the next message in `waitMs`. */
  | { readonly kind: 'paced'; readonly waitMs: number }
  /** Nobody is due before this time. */
  | { readonly kind: 'early'; readonly dueAt: number }
  | {
      readonly kind: 'tried';
      readonly id: string;
      readonly connection: Connection;
      readonly startedAt: number;
      readonly endedAt: number;
      readonly findings: readonly RecipientFinding[];
      readonly report: SendReport;
    };

export interface AttemptDeps {
  readonly clock: Clock;
  readonly policy: (tenantId: string) => DeliveryPolicy;
  /** Why mail of this tenant does not go out now, if it does not. */
  readonly stopped: (tenantId: string) => Stopped | undefined;
  readonly candidates: (tenantId: string) => readonly Candidate[];
  readonly connection: (id: string) => { connection: Connection; channel: Channel | undefined } | undefined;
  readonly readContent: (letter: Letter) => () => AsyncIterable<Buffer>;
}

/** `tried` are connections that failed in this round; `holds` says whether the lease still holds. */
export async function attempt(
  deps: AttemptDeps,
  letter: Letter,
  tried: readonly string[],
  holds: () => boolean,
): Promise<Attempted> {
  const now = deps.clock.now();
  if (now >= letter.expiresAt) return { kind: 'expired', recipients: letter.recipients };

  const groups = dueGroups(letter, now);
  if (groups.length === 0) return { kind: 'early', dueAt: nextDue(letter) };

  const policy = deps.policy(letter.tenantId);
  const all = groups.flat();
  const why = deps.stopped(letter.tenantId);
  if (why !== undefined) return { kind: 'stopped', recipients: all, why };
  const kept = letter.captureOnly ? all : all.filter((recipient) => !letsOut(policy, recipient.address));
  if (kept.length > 0) return { kind: 'captured', recipients: kept, by: capturedBy(letter, policy) };

  const routes = groups.map((group) => ({ group, choice: route(deps, letter, group, tried) }));
  const chosen = routes.flatMap(({ group, choice }) =>
    choice.kind === 'chosen' ? [{ group, choice }] : [],
  )[0];
  if (chosen === undefined)
    return { kind: 'unroutable', recipients: all, choice: together(routes.map(({ choice }) => choice)) };
  const { group: due, choice } = chosen;
  const found = deps.connection(choice.candidate.id);
  if (found?.connection.settings.type === 'mailbox')
    return { kind: 'captured', recipients: due, by: found.connection.name };
  if (found?.channel === undefined) return LOOK_AGAIN; // it changed under us: look again
  return send(deps, letter, due, found.connection, found.channel, holds);
}

/**
 * The recipients that are due, by transaction: those in doubt with the others of their connection, to which alone they
 * may go, and then all others. Held ones are due whenever somebody lets them go.
 */
function dueGroups(letter: Letter, now: number): LetterRecipient[][] {
  const doubtful = new Map<string | null, LetterRecipient[]>();
  const others: LetterRecipient[] = [];
  for (const recipient of letter.recipients) {
    if (recipient.state !== 'held' && (recipient.nextAt ?? 0) > now + DUE_SLACK_MS) continue;
    if (recipient.state !== 'in_doubt') {
      others.push(recipient);
      continue;
    }
    const siblings = doubtful.get(recipient.connectionId);
    if (siblings === undefined) doubtful.set(recipient.connectionId, [recipient]);
    else siblings.push(recipient);
  }
  return [...doubtful.values(), ...(others.length === 0 ? [] : [others])];
}

/** None of them found a way: the message waits for any connection that would help any of them. */
function together(choices: readonly Choice[]): Choice & { kind: 'none' } {
  const none = choices.flatMap((choice) => (choice.kind === 'none' ? [choice] : []));
  const main = none.find(({ reason }) => reason === 'all_tried') ?? none.at(-1);
  assert(main !== undefined, 'who has no way was refused by somebody');
  return { ...main, waitsFor: [...new Set(none.flatMap(({ waitsFor }) => waitsFor))] };
}

export function nextDue(letter: Letter): number {
  return Math.min(letter.expiresAt, ...letter.recipients.map((recipient) => recipient.nextAt ?? 0));
}

/** Why all of the message is kept here and not sent, as things are now; `undefined` when some of it would go out. */
export function keptBecause(letter: Letter, policy: DeliveryPolicy): string | undefined {
  if (letter.captureOnly || policy.mode === 'capture') return capturedBy(letter, policy);
  // A message whose recipients are all final has nobody left to look at.
  const outside = letter.recipients.filter(({ address }) => !letsOut(policy, address));
  return outside.length > 0 && outside.length === letter.recipients.length
    ? capturedBy(letter, policy)
    : undefined;
}

function capturedBy(letter: Letter, policy: DeliveryPolicy): string {
  if (letter.captureOnly) return 'test key';
  return policy.mode === 'capture' ? 'delivery mode capture' : 'not on the allow list';
}

export function route(
  deps: Pick<AttemptDeps, 'candidates'>,
  letter: Letter,
  due: readonly LetterRecipient[],
  tried: readonly string[],
): Choice {
  const pinned = due.find((recipient) => recipient.state === 'in_doubt')?.connectionId ?? undefined;
  return chooseConnection(
    {
      from: letter.from,
      tried,
      ...(letter.wanted === null ? {} : { wanted: letter.wanted }),
      ...(pinned === undefined ? {} : { pinned }),
    },
    deps.candidates(letter.tenantId),
  );
}

async function send(
  deps: AttemptDeps,
  letter: Letter,
  due: readonly LetterRecipient[],
  connection: Connection,
  channel: Channel,
  holds: () => boolean,
): Promise<Attempted> {
  const { clock } = deps;
  const waitMs = await keepPace(channel, clock, LANE[letter.class] < URGENT_LANES);
  if (waitMs > 0) return { kind: 'paced', waitMs };
  const { breaker } = channel;
  const isProbe = breaker.state === 'half-open';
  if (!breaker.admit()) return LOOK_AGAIN; // it closed while this waited
  const startedAt = clock.now();
  const sent = channel.send({
    from: letter.from,
    recipients: due.map((recipient) => recipient.address),
    sizeBytes: letter.sizeBytes,
    utf8Headers: letter.utf8Headers,
    eightBit: letter.eightBit,
    content: letter.content ?? deps.readContent(letter),
    lane: LANE[letter.class],
    // A message may not go out late (Q11), nor when another worker may have taken it over (Q2).
    mayCommit: () => holds() && clock.now() < letter.expiresAt,
  });
  const report = await sent.catch((error: unknown) => {
    if (isProbe) breaker.unused();
    throw error;
  });
  if (report.results.every(isUnasked)) {
    if (isProbe) breaker.unused();
    return LOOK_AGAIN;
  }
  const host = connection.settings.type === 'smtp' ? connection.settings.host : '';
  const findings = due.map((recipient, index) => finding(recipient, report.results[index], host));
  if (!teach(channel, findings, report.session !== undefined) && isProbe) breaker.unused();
  return { kind: 'tried', id: newId('att'), connection, startedAt, endedAt: clock.now(), findings, report };
}

/** Waits in hand for a short pause; the ms to come back in when it is long. */
async function keepPace(channel: Channel, clock: Clock, urgent: boolean): Promise<number> {
  for (let waited = 0; ;) {
    const waitMs = channel.pace(urgent);
    if (waitMs === 0) return 0;
    if (waited + waitMs > PACE_IN_HAND_MS) return waitMs;
    waited += waitMs;
    await new Promise<void>((resolve) => {
      clock.after(waitMs, resolve);
    });
  }
}

function finding(
  recipient: LetterRecipient,
  result: RecipientResult | undefined,
  host: string,
): RecipientFinding {
  if (result === undefined) throw new Error('the client answers for every recipient');
  if (result.kind === 'replied') {
    const { phase, reply } = result;
    return { recipient, verdict: classify({ phase, reply, host }), said: formatReply(reply) };
  }
  const { phase, failure, inDoubt } = result;
  return { recipient, verdict: classify({ phase, failure, inDoubt, host }), said: failure.message };
}

/** The line was closed before it came to this message: nothing was tried. */
function isUnasked(result: RecipientResult): boolean {
  return result.kind === 'failed' && result.failure.kind === 'stopped' && !result.inDoubt;
}

/** The connection learns once per attempt, from the finding that reaches furthest; `false` when there is nothing to learn. */
function teach(channel: Channel, findings: readonly RecipientFinding[], atDoor: boolean): boolean {
  const about =
    findings.find(({ verdict }) => verdict.scope === 'connection' && verdict.outcome !== 'accepted') ??
    findings.find(({ verdict }) => verdict.outcome === 'accepted') ??
    findings[0];
  if (about === undefined || isOurs(about.verdict)) return false;
  channel.learn(about.verdict, about.said, atDoor);
  return true;
}

/** Ended by ourselves: a shutdown or a lost lease, nobody's fault. */
export function isOurs({ errorId }: Verdict): boolean {
  return errorId?.startsWith('internal.') === true;
}
