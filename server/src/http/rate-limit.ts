/**
 * So many in a span of time: how long until one more fits. Where the times are kept is the caller's affair.
 * Next: operation.ts
 */
export interface RateLimit {
  readonly max: number;
  readonly windowMs: number;
}

/** Ms until one more fits, 0 or less when it does now; `starts` are those within the window, oldest first. */
export function waitForRoom(starts: readonly number[], { max, windowMs }: RateLimit, now: number): number {
  const inTheWay = starts[starts.length - max];
  return inTheWay === undefined ? 0 : inTheWay + windowMs - now;
}
