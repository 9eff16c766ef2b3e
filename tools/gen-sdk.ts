/**
 * `sdk/src/gen/types.gen.ts`: the types of the API, from the OpenAPI document. Types only: how a request is made is
 * written by hand in the SDK, which has no dependencies.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@hey-api/openapi-ts';

const HEADER = '// Made by `npm run gen` from the operations of the server; edit those.';

/** `document` is JSON text. */
export async function sdkTypes(document: string): Promise<string> {
  const input = JSON.parse(document) as Record<string, unknown>; // an OpenAPI document; the generator looks closer
  const folder = await mkdtemp(join(tmpdir(), 'posthorn-gen-'));
  try {
    await createClient({
      input,
      output: { path: folder, entryFile: false, header: HEADER },
      plugins: ['@hey-api/typescript'],
      logs: { level: 'silent', file: false },
    });
    return await readFile(join(folder, 'types.gen.ts'), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
