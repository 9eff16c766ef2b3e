/** Randomness for jitter, passed in wherever it is used so that a test can own it. Never for secrets. */
export type Random = () => number;

/** 0 up to, not including, 1. */
export const systemRandom: Random = Math.random;
