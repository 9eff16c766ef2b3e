import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fakeClock } from '../../test/fake-clock.ts';
import { createDeadline } from './deadline.ts';

test('a deadline is due when it was set to be, whatever was set before', () => {
  const step = fc.record({ setMs: fc.option(fc.integer({ min: 1, max: 100 })), restMs: fc.nat(60) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const clock = fakeClock();
      const deadline = createDeadline(clock);
      const fired: number[] = [];
      const wanted: number[] = [];
      let dueAt = Infinity;
      for (const { setMs, restMs } of steps) {
        if (setMs === null) {
          deadline.clear();
          dueAt = Infinity;
        } else {
          deadline.set(setMs, () => fired.push(clock.monotonic()));
          dueAt = clock.monotonic() + setMs;
        }
        clock.advance(restMs);
        if (dueAt <= clock.monotonic()) {
          wanted.push(dueAt);
          dueAt = Infinity;
        }
      }
      assert.deepEqual(fired, wanted);
      assert.ok(clock.timers() <= 1);
      deadline.close();
      assert.equal(clock.timers(), 0);
    }),
    { numRuns: 3_000 },
  );
});

test('commands that are answered in time share one timer', () => {
  let timers = 0;
  const clock = fakeClock();
  const counted = {
    ...clock,
    after: (ms: number, run: () => void) => {
      timers += 1;
      return clock.after(ms, run);
    },
  };
  const deadline = createDeadline(counted);
  for (let n = 0; n < 1_000; n += 1) deadline.set(n % 2 === 0 ? 60_000 : 600_000, () => undefined);
  assert.equal(timers, 1);
  deadline.close();
});
