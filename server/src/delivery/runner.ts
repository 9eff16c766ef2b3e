/**
 * What the queue's worker runs for mail: load what is not at hand, attempt, decide, settle. A message that cannot be
 * settled is not let go of: its outcome is written as soon as the database takes it.
 * Next: attempt.ts
 */
import type { Clock } from '../base/clock.ts';
import { crashPoint } from '../base/crash-point.ts';
import type { Log } from '../base/log.ts';
import { CLAIMS_MAX, type Claim, type Lease } from '../queue/queue.ts';
import { concernsEverybody, type Db } from '../store/store.ts';
import { attempt, route, type AttemptDeps, type Attempted } from './attempt.ts';
import { decide, type Decision } from './decide.ts';
import { HELD_BY_PERSON } from './held.ts';
import type { Letter, LetterRecipient } from './letter.ts';
import { loadLetters } from './queries.ts';
import { createSettler, readNote, type Settlement } from './settle.ts';

const SETTLE_AGAIN_MS = 1_000;
const AFTER_OUR_BUG_MS = 60_000;

export interface RunnerOptions extends AttemptDeps {
  readonly db: Db;
  readonly log: Log;
  readonly random: () => number;
  /** Told after every settled attempt: for metrics. */
  readonly observe: (settlement: Settlement) => void;
  /** Work became due right now: the worker should look. */
  readonly wake: () => void;
  /** The state of all connections, in short. */
  readonly world: () => string;
  /** A message was held under this key: what it waits for may have come meanwhile. */
  readonly held: (key: string) => void;
}

export type Run = (
  claims: readonly Claim[],
  hints: ReadonlyMap<string, Letter>,
  lease: Lease,
) => Promise<void>;

export function createRunner(options: RunnerOptions): Run {
  const { db, clock, log } = options;
  const settler = createSettler(db, clock);

  async function runOne(claim: Claim, letter: Letter | undefined, lease: Lease): Promise<void> {
    const settlement = await outcome(claim, letter, lease);
    await settle(settlement, clock);
    crashPoint('after-outcome-commit');
    options.observe(settlement);
    lease.settled(claim);
    const { job } = settlement.decision;
    if (job.kind === 'again' && job.dueAt <= clock.now()) options.wake();
    if (job.kind === 'hold') options.held(job.by);
  }

  async function outcome(claim: Claim, letter: Letter | undefined, lease: Lease): Promise<Settlement> {
    if (letter === undefined || letter.recipients.length === 0)
      return { claim, attempted: NOTHING, decision: GONE };
    if (claim.claims > CLAIMS_MAX) return { claim, attempted: NOTHING, decision: poisoned(letter) };
    const tried = readNote(claim.note);
    try {
      const attempted = await attempt(options, letter, tried, () => lease.holds());
      const decision = decide(attempted, {
        letter,
        now: clock.now(),
        policy: options.policy(letter.tenantId),
        tried,
        another: (ids) => route(options, letter, servedBy(attempted), ids).kind === 'chosen',
        world: options.world(),
        random: options.random,
      });
      return { claim, attempted, decision };
    } catch (error) {
      log.error(
        { err: error, message: letter.id },
        'an attempt failed inside Posthorn; it will be tried again',
      );
      return { claim, attempted: NOTHING, decision: failedInside(letter, error) };
    }
  }

  /** It counts against the message, unless it was the database's fault. */
  function failedInside(letter: Letter, error: unknown): Decision {
    const dueAt = Math.min(clock.now() + AFTER_OUR_BUG_MS, letter.expiresAt);
    const job = { kind: 'again', dueAt, tried: [] } as const;
    return {
      changes: [],
      job: concernsEverybody(error) ? job : { ...job, counts: true },
      event: undefined,
    };
  }

  async function settle(settlement: Settlement, timer: Clock): Promise<void> {
    for (let refused = 0; ; refused += 1) {
      try {
        const ours = await settler.commit(settlement);
        if (!ours)
          log.warn(
            { message: settlement.claim.id },
            'the lease was lost during an attempt; its outcome is not recorded',
          );
        return;
      } catch (error) {
        if (refused % 60 === 0)
          log.error(
            { err: error, message: settlement.claim.id },
            'an outcome could not be stored; trying until it can',
          );
        await new Promise<void>((resolve) => {
          timer.after(SETTLE_AGAIN_MS, resolve);
        });
      }
    }
  }

  return async (claims, hints, lease) => {
    const unknown = claims.filter((claim) => !hints.has(claim.id));
    const loaded = await loadLetters(db, unknown);
    await Promise.all(
      claims.map((claim) => runOne(claim, hints.get(claim.id) ?? loaded.get(claim.id), lease)),
    );
  };
}

const NOTHING: Attempted = { kind: 'paced', waitMs: 0 };
/** The message was deleted, or all is final: nothing is left to do. */
const GONE: Decision = { changes: [], job: { kind: 'done' }, event: undefined };

function servedBy(attempted: Attempted): readonly LetterRecipient[] {
  return attempted.kind === 'tried' ? attempted.findings.map(({ recipient }) => recipient) : [];
}

/** Workers died with this message again and again: it waits for a person, with its reason. */
function poisoned(letter: Letter): Decision {
  return {
    // In doubt stays in doubt: it may have arrived.
    changes: letter.recipients
      .filter(({ state }) => state !== 'in_doubt')
      .map((recipient) => ({
        position: recipient.position,
        state: 'held',
        attempts: recipient.attempts,
        errorId: 'internal.poison',
        reply: `Posthorn stopped ${String(CLAIMS_MAX)} times while it worked on this message`,
        connectionId: recipient.connectionId,
        nextAt: null,
      })),
    job: { kind: 'hold', by: HELD_BY_PERSON, until: letter.expiresAt, tried: [] },
    event: { type: 'held', data: { reason: 'poison' } },
  };
}
