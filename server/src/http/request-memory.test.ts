import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Clock } from '../base/clock.ts';
import { createRequestMemory } from './request-memory.ts';

/** A clock whose timers ring when the test says so. */
function stoppedClock() {
  const timers = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    after(_delayMs, run) {
      timers.add(run);
      return () => void timers.delete(run);
    },
  };
  return { clock, timers };
}

test('Q13: one that waited too long is told so and lets the next one in', () => {
  const { clock, timers } = stoppedClock();
  const memory = createRequestMemory(10, clock);
  const told: string[] = [];
  memory.take(6, (outcome) => told.push(`a ${outcome}`));
  memory.take(9, (outcome) => told.push(`b ${outcome}`));
  memory.take(4, (outcome) => told.push(`c ${outcome}`));
  assert.deepEqual(told, ['a fits']);
  const [ring] = timers;
  ring?.();
  assert.deepEqual(told, ['a fits', 'b busy', 'c fits']);
  assert.deepEqual(memory.load(), { usedBytes: 10, waiting: 0 });
});

test('Q13: whatever comes and goes, the bound holds, nothing leaks and order is kept', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 15 }), leaves: fc.nat(20) }), { maxLength: 60 }),
      (steps) => {
        const { clock, timers } = stoppedClock();
        const memory = createRequestMemory(10, clock);
        const entered: number[] = [];
        const inside: (() => void)[] = [];
        steps.forEach(({ bytes, leaves }, index) => {
          inside.push(memory.take(bytes, () => entered.push(index)));
          if (leaves < inside.length)
            inside.splice(leaves, 1).forEach((giveBack) => {
              giveBack();
              giveBack();
            });
          assert.ok(memory.load().usedBytes <= 10);
        });
        assert.deepEqual(
          entered,
          entered.toSorted((a, b) => a - b),
        );
        for (const giveBack of inside) giveBack();
        assert.deepEqual(memory.load(), { usedBytes: 0, waiting: 0 });
        assert.equal(timers.size, 0);
      },
    ),
  );
});
