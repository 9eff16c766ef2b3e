/**
 * `npm run e2e -- crash [--rounds 200] [--point NAME] [--postgres] [--seed N]`: the long rehearsal (D4).
 * Prints the checker's words and a table; ends badly when anything was lost, came from nowhere, or came twice without
 * a reason. Next: rounds.ts
 */
import { parseArgs } from 'node:util';
import { randomInt } from 'node:crypto';
import { CRASH_POINTS, type CrashPoint } from '../../server/src/base/crash-point.ts';
import type { DatabaseKind } from '../postgres.ts';
import { describeJudgement } from './history.ts';
import { seededRandom } from './random.ts';
import { killAtPoint, killAtRandom, pointsOn, type Result } from './rounds.ts';

const MESSAGES_PER_SECOND = 200;

/** Plays what the arguments ask for; answers whether everything was good. */
export async function rehearse(args: readonly string[], signal: AbortSignal): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '200' },
      point: { type: 'string', multiple: true, default: [] },
      postgres: { type: 'boolean', default: false },
      seed: { type: 'string', default: String(randomInt(1_000_000)) },
    },
  });
  const database: DatabaseKind = values.postgres ? 'postgres' : 'sqlite';
  const points = values.point.length > 0 ? values.point.map(parsePoint) : pointsOn(database);
  const rounds = values.point.length > 0 ? 0 : Number(values.rounds);
  process.stdout.write(`kill -9 rehearsal on ${database}, seed ${values.seed}\n`);
  const results: Result[] = [];
  const note = (result: Result): void => {
    results.push(result);
    process.stdout.write(`${result.what}: ${describeJudgement(result.judgement)}\n`);
    for (const fault of result.faults) process.stdout.write(`  FAULT ${fault}\n`);
  };
  for (const point of points) {
    if (signal.aborted) return false;
    note(await killAtPoint(database, point));
  }
  if (rounds > 0) {
    const random = seededRandom(Number(values.seed));
    const progress = (round: number): void => {
      if (round % 20 === 0) process.stdout.write(`  ${String(round)} of ${String(rounds)} kills\n`);
    };
    note(await killAtRandom({ database, rounds, perSecond: MESSAGES_PER_SECOND, random, signal, progress }));
  }
  process.stdout.write(table(results));
  return results.every(({ faults }) => faults.length === 0) && !signal.aborted;
}

function parsePoint(name: string): CrashPoint {
  const found = CRASH_POINTS.find((point) => point === name);
  if (found === undefined) throw new Error(`no point "${name}"; there are ${CRASH_POINTS.join(' ')}`);
  return found;
}

function table(results: readonly Result[]): string {
  const rows = results.map(({ what, judgement, faults }) => [
    what,
    String(judgement.acknowledged),
    String(judgement.delivered),
    String(judgement.lost.length),
    String(judgement.unexpected.length),
    String(judgement.duplicates),
    faults.length === 0 ? 'good' : 'BAD',
  ]);
  const head = ['killed at', 'acknowledged', 'delivered', 'lost', 'unexpected', 'duplicates', ''];
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return `\n${all.map((row) => line(row).trimEnd()).join('\n')}\n`;
}
