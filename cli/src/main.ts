/**
 * The `posthorn` command. Results go to standard output, everything else to standard error.
 * Next: run.ts
 */
import { run } from './run.ts';

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signals: process,
  // The server is loaded only by the verbs that need it: remote ones start in a few dozen milliseconds.
  loadOperator: () => import('@posthorn/server/operator'),
});
