/**
 * `npm run bench [-- client|end-to-end|accept|memory …] [--write]`: measures, on this machine and now, what Posthorn
 * promises, against its peers in the same run. Ends badly when a bar is missed. `--write` puts the table into README.md.
 * Next: client.ts
 */
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { toRfc3339, systemClock } from '../server/src/base/clock.ts';
import { benchAccept } from './accept.ts';
import { benchClient } from './client.ts';
import { benchEndToEnd } from './end-to-end.ts';
import { benchMemory } from './memory.ts';
import { table, type Row } from './measure.ts';

const PARTS: Readonly<Record<string, () => Promise<Row[]>>> = {
  client: benchClient,
  'end-to-end': benchEndToEnd,
  accept: benchAccept,
  memory: benchMemory,
};
const README = new URL('./README.md', import.meta.url);
const BEGIN = '<!-- measured: begin -->';
const END = '<!-- measured: end -->';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false } },
});
const wanted = positionals.length > 0 ? positionals : Object.keys(PARTS);
const rows: Row[] = [];
for (const name of wanted) {
  const part = PARTS[name];
  if (part === undefined)
    throw new Error(`no measurement "${name}"; there are ${Object.keys(PARTS).join(', ')}`);
  process.stdout.write(`${name}\n`);
  rows.push(...(await part()));
}
const text = table(rows);
process.stdout.write(`\n${text}\n`);
if (values.write) await writeReadme(text);
if (rows.some(({ good }) => !good)) process.exitCode = 1;

async function writeReadme(measured: string): Promise<void> {
  const readme = await readFile(README, 'utf8');
  const [before, rest] = readme.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error('bench/README.md has lost its markers');
  const day = toRfc3339(systemClock.now()).slice(0, 10);
  const machine = `${String(availableParallelism())} × ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.version}, ${day}`;
  await writeFile(README, `${before}${BEGIN}\n\n${machine}\n\n${measured}\n\n${END}${after}`);
}
