/**
 * Looks for planted secrets in bytes, in every writing in which a program may carry them on.
 */
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A secret that occurs nowhere else: 24 letters and digits, after a prefix that tells what it is. */
export function newCanary(prefix: string): string {
  return `${prefix}${randomBytes(18).toString('base64url').replace(/[-_]/g, 'x')}`.slice(0, 24);
}

export interface Writing {
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * The writings of a secret: as it is, as hex, as a URL component, reversed into UTF-16, and inside base64 text at each
 * of its three alignments, where the outer digits that depend on the neighbours are cut off (RFC 4648 §4).
 */
export function writingsOf(secret: string): Writing[] {
  const raw = Buffer.from(secret);
  const base64 = (shift: number): string => {
    const text = Buffer.concat([Buffer.alloc(shift), raw])
      .toString('base64')
      .replace(/=+$/, '');
    const first = Math.ceil((shift * 8) / 6);
    const last = Math.floor(((shift + raw.length) * 8) / 6);
    return text.slice(first, last);
  };
  const texts: [string, string][] = [
    ['raw', secret],
    ['hex', raw.toString('hex')],
    ['HEX', raw.toString('hex').toUpperCase()],
    ['url', encodeURIComponent(secret)],
    ...[0, 1, 2].map((shift): [string, string] => [`base64 +${String(shift)}`, base64(shift)]),
    ...[0, 1, 2].map((shift): [string, string] => [
      `base64url +${String(shift)}`,
      base64(shift).replaceAll('+', '-').replaceAll('/', '_'),
    ]),
  ];
  return [
    ...texts.map(([name, text]) => ({ name, bytes: Buffer.from(text) })),
    { name: 'utf-16', bytes: Buffer.from(secret, 'utf16le') },
  ];
}

/** Names of the writings of `secret` that occur in `bytes`. */
export function findSecret(secret: string, bytes: Buffer): string[] {
  return writingsOf(secret)
    .filter((writing) => bytes.includes(writing.bytes))
    .map(({ name }) => name);
}

/** Every file under a folder with its content. */
export async function readTree(folder: string): Promise<{ path: string; bytes: Buffer }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (path) => ({ path, bytes: await readFile(path) })));
}
