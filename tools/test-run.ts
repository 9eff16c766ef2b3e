/**
 * Runs test files with Node's own runner, each in a process of its own, and tells the result: a line per file,
 * every failure in full, and the runner's closing counts over all of it. Next: test-report.ts
 */
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import type { TestEvent } from 'node:test/reporters';
import { createReport, type Report } from './test-report.ts';

/** Where tests are. The order is the order of running: what is quick and close to the code comes first. */
const STAGES: readonly Stage[] = [
  {
    name: 'unit and feature tests',
    globs: [
      'server/src/**/*.test.ts',
      'sdk/**/*.test.ts',
      'cli/**/*.test.ts',
      'tools/**/*.test.ts',
      'bench/**/*.test.ts',
    ],
    filesMin: 60,
    timeoutMs: 300_000,
  },
  { name: 'scenarios', globs: ['e2e/**/*.test.ts'], filesMin: 15, timeoutMs: 600_000 },
];

interface Stage {
  readonly name: string;
  readonly globs: readonly string[];
  /** Fewer files than this means that they were not found, not that they are not there. */
  readonly filesMin: number;
  /** For one test, and for one file. */
  readonly timeoutMs: number;
}

export interface Selection {
  /** Only files whose path contains one of these; all when empty. */
  readonly only: readonly string[];
}

/** Runs the selected tests from `root`; answers whether all passed and enough were found. */
export async function runTests(root: string, selection: Selection, signal: AbortSignal): Promise<boolean> {
  const report = createReport(root, (text) => process.stdout.write(text));
  let found = 0;
  let complete = true;
  for (const stage of STAGES) {
    const files = stage.globs.flatMap((glob) => findFiles(root, glob, selection.only));
    found += files.length;
    if (selection.only.length === 0 && files.length < stage.filesMin) {
      complete = false;
      report.say(
        `only ${String(files.length)} files of ${stage.name} found; at least ${String(stage.filesMin)} are expected`,
      );
    }
    if (files.length === 0 || signal.aborted) continue;
    report.say(`${stage.name}: ${String(files.length)} files`);
    await runStage(root, files, stage.timeoutMs, report, signal);
  }
  if (found === 0) report.say(`no test file matches ${selection.only.join(' ')}`);
  return report.close() && complete && found > 0;
}

function findFiles(root: string, glob: string, only: readonly string[]): string[] {
  const all = globSync(glob, { cwd: root, exclude: (name) => name === 'node_modules' }).sort();
  return only.length === 0
    ? all
    : all.filter((file) => only.some((part) => file.includes(part.replace(/^\.\//, ''))));
}

async function runStage(
  root: string,
  files: readonly string[],
  timeout: number,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const concurrency = Math.max(2, Math.min(4, availableParallelism()));
  const events = run({ cwd: root, files: [...files], concurrency, timeout, signal, isolation: 'process' });
  for await (const event of events as AsyncIterable<TestEvent>) report.read(event);
}
