/**
 * One suspect at a time, alone: a job that earlier claims did not bring to an end may be what killed their workers (Q12).
 * The others wait while it is tried, but at most 10 s until it starts and 10 s after; then it goes on beside them. And the
 * next suspect comes only after as long a time without one, so that after two crashes the innocent are not stuck behind each other.
 * Next: worker.ts
 */
import type { Clock } from '../base/clock.ts';
import type { Claim } from './queue.ts';

const SOLITUDE_MAX_MS = 10_000;
const PAUSE_MIN_MS = 20;

export interface Solitude {
  /** While true nothing else is begun. */
  readonly wanted: boolean;
  /** Whether a suspect may be claimed now. */
  readonly possible: boolean;
  /** A suspect was claimed; `alone` when nothing else is in hand. */
  want(claim: Claim, alone: boolean): void;
  /** Nothing but the suspect is in hand. */
  alone(): void;
  settled(claim: Claim): void;
  stop(): void;
}

/** `start` begins the suspect's run; `ended` says that others may begin again, or that another suspect may. */
export function createSolitude(options: {
  readonly clock: Clock;
  readonly start: (claim: Claim) => void;
  readonly ended: () => void;
}): Solitude {
  const { clock, start, ended } = options;
  let suspect: { readonly claim: Claim; readonly wantedAt: number; started: boolean } | undefined;
  let possible = true;
  let cancel = (): void => undefined;

  function begin(): void {
    if (suspect === undefined || suspect.started) return;
    suspect.started = true;
    cancel();
    cancel = clock.after(SOLITUDE_MAX_MS, end);
    start(suspect.claim);
  }

  function end(): void {
    if (suspect === undefined) return;
    const tookMs = clock.monotonic() - suspect.wantedAt;
    suspect = undefined;
    cancel();
    cancel = clock.after(Math.max(PAUSE_MIN_MS, tookMs), () => {
      possible = true;
      ended();
    });
    ended();
  }

  return {
    get wanted() {
      return suspect !== undefined;
    },
    get possible() {
      return possible;
    },
    want(claim, alone) {
      possible = false;
      suspect = { claim, wantedAt: clock.monotonic(), started: false };
      cancel = clock.after(SOLITUDE_MAX_MS, begin);
      if (alone) begin();
    },
    alone: begin,
    settled(claim) {
      if (suspect?.started === true && suspect.claim.id === claim.id) end();
    },
    stop() {
      cancel();
    },
  };
}
