/**
 * `npm run e2e`: the scenarios alone. `npm run e2e -- NAME …` runs those whose file name contains NAME;
 * `npm run e2e -- crash [--rounds N] [--point NAME] [--postgres]` is the long rehearsal of kill -9.
 * Next: test-provision.ts
 */
import { fileURLToPath } from 'node:url';
import { rehearse } from '../e2e/crash/rehearse.ts';
import { provisioned } from './test-provision.ts';
import { runTests } from './test-run.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const [first, ...rest] = process.argv.slice(2);
process.exitCode = await provisioned((signal) => {
  if (first === 'crash') return rehearse(rest, signal);
  const names = first === undefined ? [''] : [first, ...rest];
  return runTests(root, { only: names.map((name) => `e2e/${name}`) }, signal);
});
