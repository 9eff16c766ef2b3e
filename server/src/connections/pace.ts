/**
 * How fast one connection may be used: its configured rates, which hold in any span of their length, and what its
 * server's "too fast" taught us (R6). The first such reply sets the pace to just under what the server took lately, and
 * from there it grows quickly until the second one. Each further one sets it to just under what the server took since, at
 * least to half, but never below what it took over the last minute; every minute without one allows 10 % more.
 * Next: channel.ts
 */
import type { Clock } from '../base/clock.ts';

export interface Rates {
  readonly perSecond?: number;
  readonly perMinute?: number;
  readonly perHour?: number;
  readonly perDay?: number;
}

export interface Pace {
  /**
   * Takes the right to start one message: 0, or the ms after which to ask again (nothing was taken). Each caller who has
   * to wait is told a later time than the one before, so that a thousand of them do not come back together again and
   * again; an urgent one is told the next free moment.
   */
  take(urgent: boolean): number;
  /** A message was accepted. */
  accepted(): void;
  /** The server said that we are too fast. */
  throttled(): void;
  /** Learned limit, messages a second; `undefined` while there is none. */
  readonly learned: number | undefined;
}

interface Bucket {
  readonly perMs: number;
  readonly capacity: number;
  tokens: number;
  at: number;
}

interface Learned {
  readonly bucket: Bucket;
  /** After the first reply, until the second: how fast the server really is, is not known yet. */
  readonly searching: boolean;
  readonly since: number;
  readonly grownAt: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const RECOVERY = { everyMs: MINUTE, factor: 1.1 };
const SEARCH = { everyMs: 2 * SECOND, factor: 1.5 };
/** A pace above this limits nothing, messages a second. */
const PACE_MAX = 10_000;
const FORGET_MS = 30 * MINUTE;
/** A learned pace is a little below what was seen. */
const BELOW = 0.95;
/** Messages a second: what one reply may slow us to, and what many may. */
const FIRST_FLOOR = 1;
const FLOOR = 1 / 60;
/** Fewer accepted messages than this in the last second say nothing about a rate. */
const TELLING = 5;
/** Replies this soon after the pace was set answer messages that were on their way before. */
const SAME_BURST_MS = SECOND;
/** Nobody is sent away for longer, since rates change: configured, learned, and while the learned one is being sought. */
const AWAY_MAX_MS = 5 * MINUTE;
const AWAY_MAX_LEARNED_MS = MINUTE;
const AWAY_MAX_SEARCHING_MS = 5 * SECOND;
const REMEMBERED_MAX = 10_000;
/** Sums of fractions stay a little below the whole. */
const ALMOST_ONE = 1 - 1e-9;

export function createPace(rates: Rates, clock: Clock): Pace {
  const configured = bucketsFor(rates, clock.monotonic());
  let learned: Learned | undefined;
  let acceptedAt: number[] = [];
  let nextFree = -Infinity;

  function learn(perSecond: number, now: number, searching: boolean): void {
    const perMs = Math.max(perSecond, FLOOR) / SECOND;
    // Room for a few: who was told a time comes a few ms late, and what that loses would never come back.
    const bucket = { perMs, capacity: 1 + perMs * 100, tokens: 0, at: now };
    learned = { bucket, searching, since: now, grownAt: now };
  }

  function growOrForget(now: number): void {
    if (learned === undefined) return;
    const { bucket, searching, since, grownAt } = learned;
    const { everyMs, factor } = searching ? SEARCH : RECOVERY;
    const steps = Math.floor((now - grownAt) / everyMs);
    const perMs = bucket.perMs * factor ** steps;
    if (now - since > FORGET_MS || perMs * SECOND > PACE_MAX) learned = undefined;
    else if (steps > 0)
      learned = { ...learned, bucket: { ...bucket, perMs }, grownAt: grownAt + steps * everyMs };
  }

  /** Accepted since then, messages a second. */
  function tookSince(then: number, now: number): number {
    return (acceptedAt.filter((at) => at > then).length / (now - then)) * SECOND;
  }

  return {
    take(urgent) {
      const now = clock.monotonic();
      growOrForget(now);
      const buckets = learned === undefined ? configured : [...configured, learned.bucket];
      const waits = buckets.map((bucket) => ({ ms: waitFor(bucket, now), stepMs: 1 / bucket.perMs }));
      const longest = waits.reduce((a, b) => (b.ms > a.ms ? b : a), { ms: 0, stepMs: 0 });
      if (longest.ms === 0) {
        for (const bucket of buckets) bucket.tokens -= 1;
        return 0;
      }
      if (urgent) return Math.ceil(longest.ms);
      const awayMax = awayMaxOf(learned);
      const at = Math.min(Math.max(now + longest.ms, nextFree), now + awayMax);
      nextFree = at + longest.stepMs;
      return Math.ceil(at - now);
    },
    accepted() {
      if (acceptedAt.length >= REMEMBERED_MAX) acceptedAt = acceptedAt.slice(REMEMBERED_MAX / 2);
      acceptedAt.push(clock.monotonic());
    },
    throttled() {
      const now = clock.monotonic();
      acceptedAt = acceptedAt.filter((at) => now - at <= MINUTE);
      const lastSecond = tookSince(now - SECOND, now);
      const lastMinute = tookSince(now - MINUTE, now);
      if (learned === undefined) {
        learn(Math.max((lastSecond >= TELLING ? lastSecond : lastMinute) * BELOW, FIRST_FLOOR), now, true);
        return;
      }
      if (now - learned.since < SAME_BURST_MS) return;
      const before = learned.bucket.perMs * SECOND;
      const took = learned.searching
        ? lastSecond
        : tookSince(Math.max(learned.since, now - 10 * SECOND), now);
      const next = Math.min(Math.max(took * BELOW, before / 2), before * BELOW);
      learn(Math.max(next, lastMinute * BELOW), now, false);
    },
    get learned() {
      return learned === undefined ? undefined : learned.bucket.perMs * SECOND;
    },
  };
}

function awayMaxOf(learned: Learned | undefined): number {
  if (learned === undefined) return AWAY_MAX_MS;
  return learned.searching ? AWAY_MAX_SEARCHING_MS : AWAY_MAX_LEARNED_MS;
}

/**
 * A bucket of B that refills by N − B + 1 in its period lets at most N through in any span of that length: a full one can
 * be emptied at once, and the last drop falls after the end. Seconds are spaced evenly, for servers punish bursts there.
 */
function bucketsFor(rates: Rates, now: number): Bucket[] {
  const bucket = (count: number | undefined, periodMs: number, capacity: number): Bucket[] =>
    count === undefined
      ? []
      : [{ perMs: (count - capacity + 1) / periodMs, capacity, tokens: capacity, at: now }];
  const tenth = (count = 0): number => Math.max(1, Math.floor(count / 10));
  return [
    ...bucket(rates.perSecond, SECOND, 1),
    ...bucket(rates.perMinute, MINUTE, tenth(rates.perMinute)),
    ...bucket(rates.perHour, HOUR, tenth(rates.perHour)),
    ...bucket(rates.perDay, 24 * HOUR, tenth(rates.perDay)),
  ];
}

/** Fills the bucket up to now; ms until it holds one token. */
function waitFor(bucket: Bucket, now: number): number {
  bucket.tokens = Math.min(bucket.capacity, bucket.tokens + (now - bucket.at) * bucket.perMs);
  bucket.at = now;
  return bucket.tokens >= ALMOST_ONE ? 0 : (1 - bucket.tokens) / bucket.perMs;
}
