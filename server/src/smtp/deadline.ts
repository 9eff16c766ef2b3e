/**
 * One absolute deadline at a time, cheap to set anew for every command: the time is stored, and a timer that is
 * already running is kept as long as it does not end too late. Nothing that arrives extends it.
 * Next: line.ts
 */
import type { Clock } from '../base/clock.ts';

export interface Deadline {
  /** From now on `run` is due in `ms`; replaces what was set before. */
  set(ms: number, run: () => void): void;
  clear(): void;
  /** Clears, and lets go of the timer. */
  close(): void;
}

export function createDeadline(clock: Clock): Deadline {
  let dueAt = Infinity;
  let due: (() => void) | undefined;
  let timerAt = Infinity;
  let cancelTimer: (() => void) | undefined;

  function fire(): void {
    timerAt = Infinity;
    cancelTimer = undefined;
    if (due === undefined) return;
    const restMs = dueAt - clock.monotonic();
    // A timer may wake a fraction of a millisecond early; waiting for that fraction again would only spin.
    if (restMs >= 1) {
      wakeIn(restMs);
      return;
    }
    const run = due;
    due = undefined;
    dueAt = Infinity;
    run();
  }

  function wakeIn(ms: number): void {
    timerAt = clock.monotonic() + ms;
    cancelTimer = clock.after(ms, fire);
  }

  function clear(): void {
    due = undefined;
    dueAt = Infinity;
  }

  return {
    set(ms, run) {
      dueAt = clock.monotonic() + ms;
      due = run;
      if (timerAt <= dueAt) return;
      cancelTimer?.();
      wakeIn(ms);
    },
    clear,
    close() {
      clear();
      cancelTimer?.();
      cancelTimer = undefined;
      timerAt = Infinity;
    },
  };
}
