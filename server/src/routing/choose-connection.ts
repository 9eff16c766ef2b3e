/**
 * The choice: the connection that was asked for, or the first by priority that may send as this sender, can be used now
 * and has not just failed for this message. Every connection gets its sentence, chosen or not.
 * Next: ../delivery/attempt.ts
 */
import { covers, displayAddress, type Address } from '../mail/mail.ts';

export interface Candidate {
  readonly id: string;
  readonly name: string;
  /** Lower is tried first; equal ones by name. */
  readonly priority: number;
  /** Addresses or `@domain`s it may send as, as written in its settings; none means any. */
  readonly senders: readonly string[];
  /** Why it takes no mail now; absent when it does. */
  readonly closed?: { readonly why: string; readonly errorId?: string };
}

export interface RouteRequest {
  readonly from: Address;
  /** Id or name that the caller asked for: then no other is taken. */
  readonly wanted?: string;
  /** Id that an attempt in doubt must go back to: any other could deliver a second copy (Q5). */
  readonly pinned?: string;
  /** Ids that failed for this message in this round of failover. */
  readonly tried: readonly string[];
}

export interface Consideration {
  readonly connection: string;
  readonly verdict: 'chosen' | 'passed over' | 'in reserve';
  readonly why: string;
}

export type Choice =
  | { readonly kind: 'chosen'; readonly candidate: Candidate; readonly considered: readonly Consideration[] }
  | {
      readonly kind: 'none';
      readonly reason:
        'no_connection' | 'unknown_connection' | 'sender_not_allowed' | 'connection_unusable' | 'all_tried';
      /** Connections that would take the message if they could send, by rank; none when no connection ever could. */
      readonly waitsFor: readonly string[];
      readonly considered: readonly Consideration[];
    };

export function chooseConnection(request: RouteRequest, candidates: readonly Candidate[]): Choice {
  const ranked = [...candidates].sort((a, b) => a.priority - b.priority || (a.name < b.name ? -1 : 1));
  const considered: Consideration[] = [];
  let chosen: Candidate | undefined;
  const waitsFor: string[] = [];
  const stops = new Set<Stop['reason']>();

  for (const candidate of ranked) {
    const stop = stopOf(request, candidate);
    if (stop === undefined) {
      considered.push(chosen === undefined ? chosenBecause(request, candidate) : inReserve(candidate));
      chosen ??= candidate;
      continue;
    }
    stops.add(stop.reason);
    if (stop.reason === 'connection_unusable') waitsFor.push(candidate.id);
    considered.push({ connection: candidate.name, verdict: 'passed over', why: stop.why });
  }

  if (chosen !== undefined) return { kind: 'chosen', candidate: chosen, considered };
  return {
    kind: 'none',
    reason: reasonFor(request, stops),
    waitsFor,
    considered,
  };
}

interface Stop {
  readonly reason: 'not_wanted' | 'sender_not_allowed' | 'connection_unusable' | 'all_tried';
  readonly why: string;
}

function stopOf(request: RouteRequest, candidate: Candidate): Stop | undefined {
  const { wanted, pinned, tried } = request;
  if (wanted !== undefined && wanted !== candidate.id && wanted !== candidate.name) {
    return { reason: 'not_wanted', why: `the message asks for ${wanted}` };
  }
  if (pinned !== undefined && pinned !== candidate.id) {
    return {
      reason: 'not_wanted',
      why: 'an earlier attempt is in doubt and may only be repeated on its own connection',
    };
  }
  if (candidate.senders.length > 0 && !covers(candidate.senders, request.from)) {
    return { reason: 'sender_not_allowed', why: `may not send as ${displayAddress(request.from)}` };
  }
  if (candidate.closed !== undefined) return { reason: 'connection_unusable', why: candidate.closed.why };
  if (tried.includes(candidate.id))
    return { reason: 'all_tried', why: 'failed for this message a moment ago' };
  return undefined;
}

function chosenBecause(request: RouteRequest, candidate: Candidate): Consideration {
  const why =
    request.pinned === candidate.id
      ? 'the earlier attempt that is in doubt went this way'
      : request.wanted !== undefined
        ? 'the message asks for it'
        : `first by priority (${String(candidate.priority)})`;
  return { connection: candidate.name, verdict: 'chosen', why };
}

function inReserve(candidate: Candidate): Consideration {
  return {
    connection: candidate.name,
    verdict: 'in reserve',
    why: `next by priority (${String(candidate.priority)})`,
  };
}

function reasonFor(
  request: RouteRequest,
  stops: ReadonlySet<Stop['reason']>,
): 'no_connection' | 'unknown_connection' | 'sender_not_allowed' | 'connection_unusable' | 'all_tried' {
  // One that failed a moment ago may well do it in another moment; one that cannot send may take hours.
  if (stops.has('all_tried')) return 'all_tried';
  if (stops.has('connection_unusable')) return 'connection_unusable';
  if (stops.has('sender_not_allowed')) return 'sender_not_allowed';
  return request.wanted === undefined ? 'no_connection' : 'unknown_connection';
}
