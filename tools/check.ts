/**
 * `npm run check`: types, lint, format, architecture, generated files, dependencies (those named are those used); all at
 * once. One line per step, and the output of those that fail. `npm run check -- lint types` runs only these.
 * Next: arch-rules.ts
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Command lines, the slow ones first: they decide how long the whole takes. What can remember its last run does. */
const STEPS: Readonly<Record<string, string>> = {
  format: 'prettier --check --cache --log-level=warn **/*.{ts,mjs,md,json,yaml,yml}',
  lint: 'oxlint --type-aware --deny-warnings --format=unix',
  types: 'tsc -p tsconfig.json --incremental --tsBuildInfoFile node_modules/.cache/types.tsbuildinfo',
  architecture: 'node --test tools/arch.test.ts',
  generated: 'node tools/gen.ts --check',
  dependencies: 'knip --no-progress',
};

interface Outcome {
  readonly ok: boolean;
  readonly ms: number;
  readonly output: string;
}

function run(commandLine: string): Promise<Outcome> {
  const [name = '', ...args] = commandLine.split(' ');
  const command = name === 'node' ? process.execPath : join(ROOT, 'node_modules', '.bin', name);
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    const end = (ok: boolean, output: string) => {
      resolve({ ok, ms: performance.now() - started, output });
    };
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => {
      end(false, error.message);
    });
    child.on('close', (code) => {
      end(code === 0, Buffer.concat(chunks).toString('utf8'));
    });
  });
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(STEPS, name));
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(' ')}; there are: ${Object.keys(STEPS).join(' ')}\n`);
  process.exit(2);
}
const chosen = Object.entries(STEPS).filter(([name]) => wanted.length === 0 || wanted.includes(name));
const failed: { name: string; output: string }[] = [];
await Promise.all(
  chosen.map(async ([name, commandLine]) => {
    const { ok, ms, output } = await run(commandLine);
    process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(12)} ${(ms / 1000).toFixed(1)} s\n`);
    if (!ok) failed.push({ name, output });
  }),
);
for (const { name, output } of failed) process.stdout.write(`\n--- ${name}\n${output.trimEnd()}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
