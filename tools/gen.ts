/**
 * `npm run gen`: writes what is made from the code. `npm run gen -- --check` writes nothing and names what is stale.
 * A generator is one line in the list: the file, and how its text is made.
 * Next: gen-config.ts
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { configPage } from './gen-config.ts';
import { errorsPage } from './gen-errors.ts';
import { openApiText } from './gen-openapi.ts';
import { permissionsPage } from './gen-permissions.ts';
import { sdkTypes } from './gen-sdk.ts';
import { statesPage } from './gen-states.ts';

interface Generated {
  /** From the repository's root. */
  readonly file: string;
  readonly make: () => string | Promise<string>;
}

const document = openApiText();
const GENERATED: readonly Generated[] = [
  { file: 'docs/config.md', make: configPage },
  { file: 'docs/errors.md', make: errorsPage },
  { file: 'docs/permissions.md', make: async () => permissionsPage(await document) },
  { file: 'docs/states.md', make: statesPage },
  { file: 'openapi.json', make: () => document },
  { file: 'sdk/src/gen/types.gen.ts', make: async () => sdkTypes(await document) },
];

const stale: string[] = [];
for (const { file, make } of GENERATED) {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
  const text = await format(await make(), { ...(await resolveConfig(path)), filepath: path });
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
  stale.push(file);
  if (process.argv.includes('--check')) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  process.stdout.write(`${file} written\n`);
}
if (process.argv.includes('--check') && stale.length > 0) {
  process.stderr.write(`stale: ${stale.join(', ')}; run: npm run gen\n`);
  process.exitCode = 1;
}
