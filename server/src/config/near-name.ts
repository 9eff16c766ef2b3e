/**
 * "Did you mean": the known name nearest to one that is not known.
 */

/** The nearest of `known` to `name`, if it is near enough to be a slip of the fingers, of `slipsMax` letters at most. */
export function nearName(name: string, known: Iterable<string>, slipsMax = 3): string | undefined {
  const wanted = fold(name);
  let best: { name: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(wanted, fold(candidate));
    if (
      distance <= Math.min(slipsMax, slipsAllowed(candidate)) &&
      (best === undefined || distance < best.distance)
    ) {
      best = { name: candidate, distance };
    }
  }
  return best?.name;
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[-_ .]/g, '');
}

function slipsAllowed(name: string): number {
  return name.length <= 3 ? 1 : Math.min(3, Math.ceil(name.length / 4));
}

/** Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(at(row, j - 1) + 1, at(last, j) + 1, at(last, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(before, j - 2) + 1);
      }
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
