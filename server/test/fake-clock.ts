/**
 * A clock that stands still until a test moves it. Timers fire in the order of their time, each at its own time.
 * `advance` is enough for code that only sets timers; `run` is for code that awaits between them.
 */
import type { Clock } from '../src/base/clock.ts';

export interface FakeClock extends Clock {
  /** Moves time on and fires what comes due, without letting promises settle between. */
  advance(ms: number): void;
  /**
   * Moves time on; before and after each timer the event loop turns a few times, so that promises and `setImmediate`
   * steps get to where they wait for a timer or for real work. For real work (a socket, PostgreSQL) wait for its event.
   */
  run(ms: number): Promise<void>;
  /** Sets the wall clock off by this much more, as an administrator or NTP would; `monotonic` goes on as before. */
  jump(ms: number): void;
  /** Time passes while the process stands still, as under SIGSTOP: timers that come due fire late, at the next move. */
  freeze(ms: number): void;
  /** Timers that are set. */
  timers(): number;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Starts at this wall time (epoch ms) and at monotonic 0. */
export function createFakeClock(startMs = 1_700_000_000_000): FakeClock {
  let elapsed = 0;
  let wall = startMs;
  const timers = new Set<Timer>(); // in the order in which they were set, which breaks ties

  function takeNext(limit: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of timers)
      if (timer.at <= limit && (next === undefined || timer.at < next.at)) next = timer;
    if (next === undefined) return undefined;
    timers.delete(next);
    elapsed = Math.max(elapsed, next.at);
    return next;
  }

  return {
    now: () => Math.floor(wall + elapsed),
    monotonic: () => elapsed,
    after(delayMs, run) {
      const timer = { at: elapsed + Math.max(0, delayMs), run };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    advance(ms) {
      const end = elapsed + ms;
      for (let timer = takeNext(end); timer !== undefined; timer = takeNext(end)) timer.run();
      elapsed = end;
    },
    async run(ms) {
      const end = elapsed + ms;
      await turns();
      for (let timer = takeNext(end); timer !== undefined; timer = takeNext(end)) {
        timer.run();
        await turns();
      }
      elapsed = end;
      await turns();
    },
    jump(ms) {
      wall += ms;
    },
    freeze(ms) {
      elapsed += ms;
    },
    timers: () => timers.size,
  };
}

export { createFakeClock as fakeClock };

const TURNS = 4;

async function turns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
