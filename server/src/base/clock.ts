/**
 * Time, passed in wherever it is read, so that a test can own it.
 * `now` is the wall clock (epoch ms) for what is stored and shown; `monotonic` (ms since an arbitrary point) is for
 * durations and deadlines, because the wall clock may jump.
 */
export interface Clock {
  /** Epoch milliseconds. May jump. */
  now(): number;
  /** Milliseconds since an arbitrary point. Never goes back. */
  monotonic(): number;
  /** Calls `run` once after `delayMs`; the answer cancels it. The timer does not keep the process alive. */
  after(delayMs: number, run: () => void): () => void;
}

/** Longest delay that `setTimeout` can hold; longer ones would fire at once. */
const TIMER_MAX_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(Math.max(delayMs, 0), TIMER_MAX_MS));
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Epoch ms as RFC 3339 UTC with milliseconds, the form of every time in the API. */
export function toRfc3339(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
