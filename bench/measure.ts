/**
 * Runs that take turns, their medians, and a table. Taking turns lets a slow minute of the machine fall on both sides.
 */

export interface Contestant {
  readonly name: string;
  /** One run; answers messages (or whatever is counted) in a second. */
  readonly run: () => Promise<number>;
}

export interface Score {
  readonly name: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

/** Runs every contestant once for warming up, which does not count, and then `rounds` times in turn. */
export async function takeTurns(contestants: readonly Contestant[], rounds: number): Promise<Score[]> {
  const results = new Map<string, number[]>();
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, run } of contestants) {
      const rate = await run();
      if (round === 0) continue;
      const rates = results.get(name) ?? [];
      rates.push(rate);
      results.set(name, rates);
      process.stdout.write(`  ${name} ${String(round)}/${String(rounds)}: ${rate.toFixed(0)}/s\n`);
    }
  }
  return contestants.map(({ name }) => score(name, results.get(name) ?? []));
}

export function score(name: string, values: readonly number[]): Score {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    name,
    median: quantile(sorted, 0.5),
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    runs: sorted.length,
  };
}

/** The value below which the share `at` of ascending values lies; between two values it is their mean's line. */
export function quantile(sorted: ArrayLike<number>, at: number): number {
  const place = (sorted.length - 1) * at;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

export interface Row {
  readonly what: string;
  readonly measured: string;
  /** What it must be; empty when nothing is asked of it. */
  readonly bar: string;
  readonly good: boolean;
}

/** The row of one contest: the first score over the second. */
export function ratioRow(what: string, ours: Score, theirs: Score, bar: number): Row {
  const ratio = ours.median / theirs.median;
  const side = ({ name, median, min, max }: Score): string =>
    `${name} ${median.toFixed(0)}/s (${min.toFixed(0)}–${max.toFixed(0)})`;
  return {
    what,
    measured: `${side(ours)}, ${side(theirs)}: ${ratio.toFixed(1)}×`,
    bar: `≥ ${String(bar)}×`,
    good: ratio >= bar,
  };
}

/** A Markdown table. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ what, measured, bar, good }) => `| ${what} | ${measured} | ${bar} | ${good ? 'met' : 'MISSED'} |`,
  );
  return ['| what | median of runs (lowest–highest) | bar | |', '|---|---|---|---|', ...lines].join('\n');
}
