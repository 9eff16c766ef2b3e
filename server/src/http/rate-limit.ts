/**
 * So many in a span of time: how long until one more fits. Where the times are kept is the caller's affair.
 * Next: operation.ts
 */
import { problem } from '../base/problem.ts';

export interface RateLimit {
  readonly max: number;
  readonly windowMs: number;
}

/** Ms until one more fits, 0 or less when it does now; `starts` are those within the window, oldest first. */
export function waitForRoom(starts: readonly number[], { max, windowMs }: RateLimit, now: number): number {
  const inTheWay = starts[starts.length - max];
  return inTheWay === undefined ? 0 : inTheWay + windowMs - now;
}

/** The refusal of what is too much, with when it may come again. */
export function rateLimited(detail: string, waitMs: number) {
  return problem('rate_limited', { detail, retryAfterSeconds: wholeSeconds(waitMs) });
}

/** A wait as `Retry-After` tells it (RFC 9110 §10.2.3): at least a second, and never too short. */
export function wholeSeconds(waitMs: number): number {
  return Math.max(1, Math.ceil(waitMs / 1_000));
}
