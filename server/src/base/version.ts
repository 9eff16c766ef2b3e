/** The version of this program, as its package says. */
import { readFileSync } from 'node:fs';
import { assert } from './assert.ts';

export const VERSION: string = readVersion();

function readVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  assert(
    typeof parsed === 'object' && parsed !== null && 'version' in parsed,
    'the package names its version',
  );
  return String(parsed.version);
}
