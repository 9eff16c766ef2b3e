/**
 * What happened in a rehearsal, and the judgement over it: the rules of Jepsen's total queue (enqueue, dequeue, drain).
 * Pure; whoever sends, receives and kills writes into the history. Next: rehearse.ts
 */

/** Times are ms on one monotonic clock. */
export interface History {
  /** Ids that were ever posted. */
  readonly attempted: Set<string>;
  /** Ids that were answered with 202: from then on they are ours to deliver. */
  readonly acknowledged: Set<string>;
  /** Each id's arrivals at the relay: when its final dot was read. */
  readonly arrivals: Map<string, number[]>;
  /** When the server was killed. */
  readonly kills: number[];
}

export interface Judgement {
  /** Acknowledged and never delivered. */
  readonly lost: readonly string[];
  /** Delivered and never attempted. */
  readonly unexpected: readonly string[];
  /** Delivered more than once: how many copies too many, over all. */
  readonly duplicates: number;
  /** Copies too many that no kill explains: the copy before it was not in flight when the server was killed. */
  readonly unexplained: readonly string[];
  /** Delivered though never acknowledged: the answer was lost, the message was not. */
  readonly recovered: number;
  /** Messages that were in flight at the kills, summed: the most duplicates that can be explained. */
  readonly inFlight: number;
  readonly attempted: number;
  readonly acknowledged: number;
  readonly delivered: number;
  /** Nothing lost, nothing unexpected. */
  readonly valid: boolean;
}

/**
 * A message counts as in flight at a kill when its dot arrived at most this long before: between the dot and the
 * durable outcome lie a reply, a shared commit and its fsync, in a process that has only just been started.
 */
export const IN_FLIGHT_MS = 500;
/** Octets that were on the wire at the kill are read a moment later. */
const AFTERGLOW_MS = 250;

export function newHistory(): History {
  return { attempted: new Set(), acknowledged: new Set(), arrivals: new Map(), kills: [] };
}

export function noteArrival(history: History, id: string, at: number): void {
  const times = history.arrivals.get(id);
  if (times === undefined) history.arrivals.set(id, [at]);
  else times.push(at);
}

export function judge(history: History): Judgement {
  const { attempted, acknowledged, arrivals, kills } = history;
  const lost = [...acknowledged].filter((id) => !arrivals.has(id));
  const unexpected = [...arrivals.keys()].filter((id) => !attempted.has(id));
  const recovered = [...arrivals.keys()].filter((id) => attempted.has(id) && !acknowledged.has(id)).length;
  const wasKilledAround = (at: number): boolean =>
    kills.some((kill) => at >= kill - IN_FLIGHT_MS && at <= kill + AFTERGLOW_MS);
  let duplicates = 0;
  let inFlight = 0;
  const unexplained: string[] = [];
  for (const [id, times] of arrivals) {
    duplicates += times.length - 1;
    inFlight += times.filter(wasKilledAround).length;
    // The last copy needs no reason; each one before it must have been cut off by a kill.
    if (!times.slice(0, -1).every(wasKilledAround)) unexplained.push(id);
  }
  return {
    ...{ lost, unexpected, duplicates, unexplained, recovered, inFlight },
    attempted: attempted.size,
    acknowledged: acknowledged.size,
    delivered: arrivals.size,
    valid: lost.length === 0 && unexpected.length === 0,
  };
}

/** The judgement in the checker's words, one line. */
export function describeJudgement(found: Judgement): string {
  const named = (ids: readonly string[]): string =>
    ids.length === 0
      ? '0'
      : `${String(ids.length)} (${ids.slice(0, 5).join(' ')}${ids.length > 5 ? ' …' : ''})`;
  return [
    `valid ${String(found.valid)}`,
    `attempted ${String(found.attempted)}`,
    `acknowledged ${String(found.acknowledged)}`,
    `delivered ${String(found.delivered)}`,
    `lost ${named(found.lost)}`,
    `unexpected ${named(found.unexpected)}`,
    `recovered ${String(found.recovered)}`,
    `duplicated ${String(found.duplicates)} of ${String(found.inFlight)} in flight`,
    `unexplained ${named(found.unexplained)}`,
  ].join(', ');
}
