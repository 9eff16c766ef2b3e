/**
 * Random numbers that can be had again: the same seed gives the same rehearsal.
 */

/** Numbers 0 ≤ n < 1 from a 32-bit seed: a Weyl sequence through a mixing function, enough to choose moments with. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 0x1_0000_0000;
  };
}
