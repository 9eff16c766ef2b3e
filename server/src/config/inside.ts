/**
 * Whether a folder is in one of some others, by its name alone, without a look at the disk. A relative name is in none:
 * what it means depends on where the program was started.
 * Next: schema.ts
 */
import { isAbsolute, resolve, sep } from 'node:path';

export function isInside(folder: string, allowed: readonly string[]): boolean {
  if (!isAbsolute(folder)) return false;
  const path = resolve(folder);
  return allowed.some((root) => {
    const base = resolve(root);
    return path === base || path.startsWith(base.endsWith(sep) ? base : base + sep);
  });
}
