/**
 * What a person reads while and after the tests run. A passing file is one line; a failing test is named at once and
 * shown at the end with its place and its error; then the counts, under the names that Node's own reporters use.
 */
import { isAbsolute, relative } from 'node:path';
import { inspect } from 'node:util';
import type { TestEvent } from 'node:test/reporters';

export interface Report {
  read(event: TestEvent): void;
  say(text: string): void;
  /** Prints the failures and the counts; answers whether nothing failed. */
  close(): boolean;
}

interface FileTally {
  passed: number;
  failed: number;
  skipped: number;
  output: string;
}

const COUNTS = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo'] as const;

/** `print` gets whole lines. */
export function createReport(root: string, print: (text: string) => void): Report {
  const tallies = new Map<string, FileTally>();
  const totals = new Map<string, number>(COUNTS.map((name) => [name, 0]));
  const failures: string[] = [];
  const begunAt = performance.now();
  const short = (file: string): string => (isAbsolute(file) ? relative(root, file) : file);
  const tally = (file: string | undefined): FileTally => {
    const key = short(file ?? '');
    const found = tallies.get(key) ?? { passed: 0, failed: 0, skipped: 0, output: '' };
    tallies.set(key, found);
    return found;
  };
  return {
    say: (text) => {
      print(`${text}\n`);
    },
    read: (event) => {
      switch (event.type) {
        case 'test:pass':
          if (event.data.details.type === 'suite') break;
          if (event.data.skip === undefined || event.data.skip === false) tally(event.data.file).passed += 1;
          else tally(event.data.file).skipped += 1;
          break;
        case 'test:fail': {
          const text = describeFailure(event.data, short);
          if (text === undefined) break;
          tally(event.data.file).failed += 1;
          failures.push(text);
          print(`✖ ${event.data.name}\n`);
          break;
        }
        case 'test:stdout':
        case 'test:stderr': {
          const file = tally(event.data.file);
          file.output = (file.output + event.data.message).slice(-OUTPUT_MAX);
          break;
        }
        case 'test:summary':
          if (event.data.file === undefined) addCounts(totals, event.data.counts);
          else closeFile(short(event.data.file), tally(event.data.file), event.data.duration_ms, print);
          break;
        default:
          break; // what only a live display would show
      }
    },
    close: () => {
      if (failures.length > 0) print(`\nfailing tests:\n${failures.join('')}`);
      const lines = COUNTS.map((name) => `ℹ ${name} ${String(totals.get(name) ?? 0)}\n`);
      print(`\n${lines.join('')}ℹ duration_ms ${(performance.now() - begunAt).toFixed(0)}\n`);
      const bad = (totals.get('fail') ?? 0) + (totals.get('cancelled') ?? 0) + failures.length;
      return bad === 0 && (totals.get('pass') ?? 0) > 0;
    },
  };
}

/** How much of a failing file's own output is shown, characters from its end. */
const OUTPUT_MAX = 20_000;

function closeFile(file: string, tally: FileTally, durationMs: number, print: (text: string) => void): void {
  const skipped = tally.skipped === 0 ? '' : `, ${String(tally.skipped)} skipped`;
  const failed = tally.failed === 0 ? '' : `, ${String(tally.failed)} FAILED`;
  const mark = tally.failed === 0 ? '✔' : '✖';
  print(`${mark} ${file}  ${String(tally.passed)} passed${skipped}${failed}  ${durationMs.toFixed(0)} ms\n`);
  if (tally.failed > 0 && tally.output !== '') print(`  its output:\n${indent(tally.output)}\n`);
}

type FailEvent = Extract<TestEvent, { type: 'test:fail' }>['data'];

/** `undefined` for a failure that only repeats that of a test inside it. */
function describeFailure(data: FailEvent, short: (file: string) => string): string | undefined {
  const error = data.details.error;
  const failureType: unknown = Reflect.get(error, 'failureType');
  if (failureType === 'subtestsFailed') return undefined;
  const place = data.file === undefined ? '' : `${short(data.file)}:${String(data.line ?? 0)}`;
  return `✖ ${data.name}\n  at ${place}\n${indent(inspect(error.cause ?? error, { depth: 6 }))}\n`;
}

function addCounts(totals: Map<string, number>, counts: object): void {
  // Node's own summary says `passed`, its printed lines say `pass`.
  const names = {
    tests: 'tests',
    suites: 'suites',
    pass: 'passed',
    cancelled: 'cancelled',
    skipped: 'skipped',
    todo: 'todo',
  };
  const read = (name: string): number => {
    const value: unknown = Reflect.get(counts, name);
    return typeof value === 'number' ? value : 0;
  };
  for (const [name, source] of Object.entries(names))
    totals.set(name, (totals.get(name) ?? 0) + read(source));
  const other = read('passed') + read('cancelled') + read('skipped') + read('todo');
  totals.set('fail', (totals.get('fail') ?? 0) + Math.max(0, read('tests') - other));
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}
