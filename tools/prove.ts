/**
 * `npm run prove -- NAME …`: what the requirements ask for in full size and takes minutes; `npm test` has the small form.
 * The proofs are `e2e/prove/NAME.ts`. Next: test-run.ts
 */
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from 'node:test';
import type { TestEvent } from 'node:test/reporters';
import { provisioned } from './test-provision.ts';
import { createReport } from './test-report.ts';

const TIMEOUT_MS = 3_600_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const known = new Map(
  globSync('e2e/prove/*.ts', { cwd: root }).map((file) => [basename(file, '.ts'), file] as const),
);
const names = process.argv.slice(2);
const files = names.map((name) => known.get(name));
if (names.length === 0 || files.includes(undefined)) {
  process.stderr.write(`npm run prove -- NAME …   there are: ${[...known.keys()].join(' ')}\n`);
  process.exitCode = 2;
} else {
  process.exitCode = await provisioned((signal) =>
    prove(
      files.filter((file) => file !== undefined),
      signal,
    ),
  );
}

async function prove(chosen: string[], signal: AbortSignal): Promise<boolean> {
  const report = createReport(root, (text) => process.stdout.write(text));
  const events = run({
    cwd: root,
    files: chosen,
    concurrency: 1,
    timeout: TIMEOUT_MS,
    signal,
    isolation: 'process',
  });
  for await (const event of events as AsyncIterable<TestEvent>) report.read(event);
  return report.close();
}
