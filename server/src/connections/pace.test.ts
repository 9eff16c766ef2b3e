/** Rates and the learned pace, on a clock that stands still, against servers with limits of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFakeClock } from '../../test/fake-clock.ts';
import { createPace, type Pace, type Rates } from './pace.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Starts of messages over this time when somebody always waits, ms. */
function startsOf(rates: Rates, forMs: number, stepMs: number): number[] {
  const clock = createFakeClock();
  const pace = createPace(rates, clock);
  const starts: number[] = [];
  for (; clock.monotonic() <= forMs; clock.advance(stepMs)) {
    while (pace.take(true) === 0) starts.push(clock.monotonic());
  }
  return starts;
}

/** The most starts in any span of this length. */
function densest(starts: readonly number[], spanMs: number): number {
  let most = 0;
  let first = 0;
  starts.forEach((at, index) => {
    while (at - (starts[first] ?? at) >= spanMs) first += 1;
    most = Math.max(most, index - first + 1);
  });
  return most;
}

test('no rate, no wait', () => {
  const pace = createPace({}, createFakeClock());
  for (let i = 0; i < 1_000; i += 1) assert.equal(pace.take(false), 0);
  assert.equal(pace.learned, undefined);
});

test('R5: a rate holds in any span of its length, and nearly all of it can be used', () => {
  const cases: [Rates, number, number, number][] = [
    [{ perSecond: 10 }, SECOND, 10, 50],
    [{ perMinute: 30 }, MINUTE, 30, 100],
    [{ perMinute: 1 }, MINUTE, 1, 1_000],
    [{ perHour: 100 }, HOUR, 100, 1_000],
    [{ perDay: 2_000 }, 24 * HOUR, 2_000, 10_000],
  ];
  for (const [rates, spanMs, count, stepMs] of cases) {
    const starts = startsOf(rates, 4 * spanMs, stepMs);
    const name = JSON.stringify(rates);
    assert.ok(densest(starts, spanMs) <= count, `${name}: ${String(densest(starts, spanMs))} in one span`);
    assert.ok(starts.length >= 4 * count * 0.88, `${name}: ${String(starts.length)} in four spans`);
  }
});

test('R5: several rates hold together', () => {
  const starts = startsOf({ perSecond: 2, perMinute: 60 }, 5 * MINUTE, 50);
  assert.ok(densest(starts, SECOND) <= 2);
  assert.ok(densest(starts, MINUTE) <= 60);
});

test('R5: any rates, any moments of asking', () => {
  const rate = fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined });
  fc.assert(
    fc.property(
      rate,
      rate,
      fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 300 }),
      (a, b, gaps) => {
        const clock = createFakeClock();
        const pace = createPace(
          { ...(a === undefined ? {} : { perSecond: a }), ...(b === undefined ? {} : { perMinute: b }) },
          clock,
        );
        const starts: number[] = [];
        for (const gap of gaps) {
          clock.advance(gap);
          while (starts.length < 2_000 && pace.take(gap % 2 === 0) === 0) starts.push(clock.monotonic());
        }
        assert.ok(a === undefined || densest(starts, SECOND) <= a);
        assert.ok(b === undefined || densest(starts, MINUTE) <= b);
      },
    ),
    { numRuns: 300 },
  );
});

test('R6: those who wait are told times one behind another, and an urgent one the next free moment', () => {
  const clock = createFakeClock();
  const pace = createPace({ perSecond: 10 }, clock);
  assert.equal(pace.take(false), 0);
  const waits = Array.from({ length: 50 }, () => pace.take(false));
  waits.forEach((wait, index) => {
    assert.ok(Math.abs(wait - 100 * (index + 1)) <= 2, `${String(index)}: ${String(wait)}`);
  });
  assert.equal(pace.take(true), 100);
  assert.ok(Array.from({ length: 10_000 }, () => pace.take(false)).every((wait) => wait <= 5 * MINUTE));
});

test('R6: who comes back when told goes, and nobody asks more often than twice', () => {
  const clock = createFakeClock();
  const pace = createPace({ perSecond: 10 }, clock);
  let asked = 0;
  let sent = 0;
  const ask = (): void => {
    asked += 1;
    const wait = pace.take(false);
    if (wait === 0) sent += 1;
    else clock.after(wait, ask);
  };
  for (let i = 0; i < 1_000; i += 1) ask();
  clock.advance(101 * SECOND);
  assert.equal(sent, 1_000);
  assert.ok(asked <= 2_000, `${String(asked)} questions`);
});

interface Limiter {
  /** Whether the server takes a message now. */
  readonly takes: (now: number) => boolean;
}

function bucket(perSecond: number, burst: number): Limiter {
  let tokens = burst;
  let at = 0;
  return {
    takes(now) {
      tokens = Math.min(burst, tokens + ((now - at) / SECOND) * perSecond);
      at = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}

function perSpan(count: number, spanMs: number): Limiter {
  const starts: number[] = [];
  return {
    takes(now) {
      while ((starts[0] ?? now) <= now - spanMs) starts.shift();
      if (starts.length >= count) return false;
      starts.push(now);
      return true;
    },
  };
}

/** Many senders with mail without end, each answered after `latencyMs`. Counts what the server took and refused from `fromMs` on. */
function simulate(
  pace: Pace,
  server: Limiter,
  clock: ReturnType<typeof createFakeClock>,
  span: { fromMs: number; toMs: number },
) {
  const latencyMs = 40;
  const counted = { taken: 0, refused: 0 };
  const send = (): void => {
    const wait = pace.take(false);
    if (wait > 0) {
      clock.after(wait, send);
      return;
    }
    const taken = server.takes(clock.monotonic());
    clock.after(latencyMs, () => {
      if (clock.monotonic() >= span.fromMs) counted[taken ? 'taken' : 'refused'] += 1;
      if (taken) pace.accepted();
      else pace.throttled();
      send();
    });
  };
  for (let line = 0; line < 20; line += 1) send();
  clock.advance(span.toMs);
  return { ...counted, perSecond: counted.taken / ((span.toMs - span.fromMs) / SECOND) };
}

test('R6: a server that takes 14 a second: within half a minute at most 3 % refused, and at least 12 a second', () => {
  for (const server of [bucket(14, 14), bucket(14, 28), bucket(14, 6), bucket(14, 2), perSpan(14, SECOND)]) {
    const clock = createFakeClock();
    const pace = createPace({}, clock);
    const minute = simulate(pace, server, clock, { fromMs: 30 * SECOND, toMs: 90 * SECOND });
    const refused = minute.refused / (minute.taken + minute.refused);
    assert.ok(refused <= 0.03, `${(refused * 100).toFixed(1)} % refused`);
    assert.ok(minute.perSecond >= 12, `${minute.perSecond.toFixed(1)} a second`);
  }
});

test('R6: and it stays so over many minutes of trying a little more', () => {
  const clock = createFakeClock();
  const pace = createPace({}, clock);
  const hour = simulate(pace, bucket(14, 14), clock, { fromMs: MINUTE, toMs: 40 * MINUTE });
  assert.ok(hour.refused / (hour.taken + hour.refused) <= 0.03);
  assert.ok(hour.perSecond >= 12.5, `${hour.perSecond.toFixed(1)} a second`);
});

test('R6: a server that takes 30 a minute is found too', () => {
  const clock = createFakeClock();
  const pace = createPace({}, clock);
  const result = simulate(pace, perSpan(30, MINUTE), clock, { fromMs: 5 * MINUTE, toMs: 25 * MINUTE });
  assert.ok(result.perSecond >= 0.35, `${result.perSecond.toFixed(2)} a second`);
  assert.ok(
    result.refused <= result.taken * 0.2,
    `${String(result.refused)} refused, ${String(result.taken)} taken`,
  );
});

test('R6: replies to one burst slow down once', () => {
  const clock = createFakeClock();
  const pace = createPace({}, clock);
  for (let i = 0; i < 50; i += 1) pace.accepted();
  pace.throttled();
  const { learned } = pace;
  for (let i = 0; i < 50; i += 1) pace.throttled();
  assert.equal(pace.learned, learned);
  clock.advance(2 * SECOND);
  pace.throttled();
  assert.ok((pace.learned ?? 0) <= (learned ?? 0) / 2 + 1e-9);
});

test('R6: the pace recovers by a tenth a minute, and is forgotten after half an hour without a reply', () => {
  const clock = createFakeClock();
  const pace = createPace({}, clock);
  for (let i = 0; i < 20; i += 1) pace.accepted();
  pace.throttled();
  clock.advance(SECOND);
  pace.throttled();
  const first = pace.learned ?? 0;
  for (let i = 0; i < 10; i += 1) {
    clock.advance(MINUTE);
    pace.take(true);
  }
  assert.ok(Math.abs((pace.learned ?? 0) / first - 1.1 ** 10) < 0.01);
  clock.advance(21 * MINUTE);
  pace.take(true);
  assert.equal(pace.learned, undefined);
});

test('R6: one reply to an idle connection leaves it usable', () => {
  const clock = createFakeClock();
  const pace = createPace({}, clock);
  pace.throttled();
  assert.ok((pace.learned ?? 0) >= 0.2);
  assert.ok(pace.take(true) <= 5 * SECOND);
});
