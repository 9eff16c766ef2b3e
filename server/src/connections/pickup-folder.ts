/**
 * Which folders mail may be put into, and whether one of them can be used. A folder is judged by where it really is, so
 * that no link leads out of what the operator opened; it is judged when it is saved and again whenever it is used.
 * Next: pickup.ts
 */
import { realpath, stat } from 'node:fs/promises';
import { isInside } from '../config/config.ts';
import type { Failure } from '../mail/mail.ts';

export type Folder =
  { readonly ok: true; readonly path: string } | { readonly ok: false; readonly failure: Failure };

/** The real place of `folder`, if it is in one of `allowed` and is a folder. */
export async function findFolder(folder: string, allowed: readonly string[]): Promise<Folder> {
  if (!isInside(folder, allowed)) return { ok: false, failure: notAllowed() };
  let path: string;
  try {
    path = await realpath(folder);
  } catch (error) {
    return { ok: false, failure: fileFailure(error, 'The pickup folder cannot be used') };
  }
  const roots = await Promise.all(allowed.map((root) => realpath(root).catch(() => undefined)));
  const known = roots.filter((root) => root !== undefined);
  if (!isInside(path, known)) return { ok: false, failure: notAllowed() };
  try {
    if ((await stat(path)).isDirectory()) return { ok: true, path };
  } catch (error) {
    return { ok: false, failure: fileFailure(error, 'The pickup folder cannot be used') };
  }
  const message = 'The pickup folder is a file and no folder (ENOTDIR).';
  return { ok: false, failure: { kind: 'file', code: 'ENOTDIR', message } };
}

/** The system's own word; paths are not repeated, since the connection shows its folder. */
export function fileFailure(error: unknown, what: string): Failure {
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EIO';
  return { kind: 'file', code, message: `${what}: ${WORDS[code] ?? 'the system refused'} (${code}).` };
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is not a folder',
  ELOOP: 'its links go round in circles',
  EACCES: 'Posthorn may not write there',
  EPERM: 'Posthorn may not write there',
  EROFS: 'the disk can only be read',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  ETIMEDOUT: 'the disk did not answer in time',
};

function notAllowed(): Failure {
  const message = 'The folder is not in one of those that the setting pickup.folders names.';
  return { kind: 'file', code: 'FOLDER_NOT_ALLOWED', message };
}
