/**
 * Durations and sizes as people write them. A whole number without a unit is milliseconds or bytes.
 */

const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const SIZE_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1_000,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  TB: 1_000_000_000_000,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** `"90s"`, `"1h30m"`, `"500ms"` or whole milliseconds, in ms. Undefined for anything else. */
export function parseDuration(value: unknown): number | undefined {
  return parseQuantity(value, DURATION_MS);
}

/** `"25MB"` (decimal), `"64MiB"` (binary) or whole bytes, in bytes. Undefined for anything else. */
export function parseSize(value: unknown): number | undefined {
  return parseQuantity(value, SIZE_BYTES);
}

/** Milliseconds in the largest unit that divides them: `4320000` is `72m`, `0` is `0s`. */
export function formatDuration(ms: number): string {
  return formatQuantity(ms, [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
    ['ms', 1],
  ]);
}

/** Bytes in the largest unit that divides them: `25000000` is `25MB`. */
export function formatSize(bytes: number): string {
  return formatQuantity(bytes, [
    ['GB', 1_000_000_000],
    ['MB', 1_000_000],
    ['kB', 1_000],
    ['B', 1],
  ]);
}

function parseQuantity(value: unknown, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string' || !/^(?:\d+(?:\.\d+)? ?[A-Za-z]+ ?)+$/.test(value)) return undefined;
  let sum = 0;
  for (const [, amount = '', unit = ''] of value.matchAll(/(\d+(?:\.\d+)?) ?([A-Za-z]+)/g)) {
    if (!Object.hasOwn(units, unit)) return undefined;
    sum += Number(amount) * (units[unit] ?? Number.NaN);
  }
  const whole = Math.round(sum);
  return Number.isSafeInteger(whole) ? whole : undefined;
}

function formatQuantity(amount: number, units: readonly (readonly [string, number])[]): string {
  const zero = units.find(([name]) => name === 's' || name === 'B');
  if (amount === 0) return `0${zero?.[0] ?? ''}`;
  const [name, factor] = units.find(([, each]) => amount % each === 0) ?? ['', 1];
  return `${String(amount / factor)}${name}`;
}
