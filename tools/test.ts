/**
 * `npm test`: everything, from a fresh clone, with one command.
 * Puts the system packages in place where it may (else says the one command to run), starts a PostgreSQL of its own,
 * runs all unit, feature and end-to-end tests, and leaves nothing behind. `npm test -- --only server/src/queue` narrows.
 * Next: test-provision.ts
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { provisioned } from './test-provision.ts';
import { runTests } from './test-run.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string', multiple: true, default: [] } },
});
process.exitCode = await provisioned((signal) =>
  runTests(root, { only: [...values.only, ...positionals] }, signal),
);
