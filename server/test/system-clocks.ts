/** The system's clock with something beside it: which timers are left, or a wall clock that a test moves on. */
import { systemClock, type Clock } from '../src/base/clock.ts';

/** The system's clock, and how many timers neither fired nor were called off. */
export function watchedClock(): { readonly clock: Clock; pending(): number } {
  const timers = new Set<symbol>();
  return {
    pending: () => timers.size,
    clock: {
      ...systemClock,
      after(delayMs, run) {
        const timer = Symbol('timer');
        timers.add(timer);
        const cancel = systemClock.after(delayMs, () => {
          timers.delete(timer);
          run();
        });
        return () => {
          timers.delete(timer);
          cancel();
        };
      },
    },
  };
}

/** The system's clock, ahead by what it was shifted; its timers take their real time. */
export function shiftedClock(): Clock & { shift(ms: number): void } {
  let shifted = 0;
  return {
    ...systemClock,
    now: () => systemClock.now() + shifted,
    monotonic: () => systemClock.monotonic() + shifted,
    shift(ms) {
      shifted += ms;
    },
  };
}
