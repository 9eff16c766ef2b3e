/**
 * A folder of its own for one test, gone afterwards. Under `TMPDIR`, which `npm test` points at one folder per run.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TempDir {
  readonly path: string;
  remove(): Promise<void>;
}

/** Makes a folder whose name begins with `posthorn-NAME-`. Other users may enter it: Postfix and PostgreSQL run as others. */
export async function makeTempDir(name: string): Promise<TempDir> {
  const path = await mkdtemp(join(tmpdir(), `posthorn-${name}-`));
  await chmod(path, 0o755);
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}
