/**
 * Files that hold secrets, followed while the server runs: a mounted secret that is changed (a link that Kubernetes moves,
 * a file that an agent writes) is taken up within seconds. Only looking helps everywhere: network mounts tell nobody.
 * A variable of a running process cannot change, so there is nothing to follow.
 * Next: secret-reference.ts
 */
import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';

export interface SecretFilesOptions {
  readonly clock: Clock;
  /** The files to follow, as of now. */
  readonly paths: () => Iterable<string>;
  /** The content of these is another one, and was for two looks in a row: nobody is in the middle of writing it. */
  readonly changed: (paths: readonly string[]) => void;
  readonly lookMs?: number;
}

interface Seen {
  /** Of the content that is in use. */
  digest: string | undefined;
  /** Of another content that was there at the last look. */
  next: string | undefined;
  /** What the file system said when it was read. */
  mark: string;
}

const LOOK_MS = 1_000;
/** A secret is short; a file that is not is not read to its end. */
const BYTES_MAX = 1_000_000;

/** Starts looking; keeps no process alive. The answer ends it. */
export function followSecretFiles({ clock, lookMs = LOOK_MS, ...options }: SecretFilesOptions): () => void {
  let seen = new Map<string, Seen>();
  let cancel = (): void => undefined;
  let stopped = false;

  async function look(): Promise<void> {
    const now = new Map<string, Seen>();
    const changed: string[] = [];
    for (const path of new Set(options.paths())) {
      const before = seen.get(path);
      const found = await lookAt(path, before);
      now.set(path, found);
      if (before !== undefined && before.digest !== found.digest) changed.push(path);
    }
    seen = now;
    if (changed.length > 0 && !isStopped()) options.changed(changed);
  }

  const isStopped = (): boolean => stopped;
  function arm(): void {
    if (stopped) return;
    cancel = clock.after(lookMs, () => {
      // A mount that hangs delays the next look, and nothing else.
      void look().finally(arm);
    });
  }
  void look().finally(arm);
  return () => {
    stopped = true;
    cancel();
  };
}

async function lookAt(path: string, before: Seen | undefined): Promise<Seen> {
  const mark = await markOf(path);
  if (mark === undefined) return before ?? { digest: undefined, next: undefined, mark: '' }; // gone: what is known stays
  if (before?.mark === mark && before.next === undefined) return before;
  const digest = await digestOf(path);
  if (digest === undefined) return before ?? { digest: undefined, next: undefined, mark: '' };
  if (before === undefined || digest === before.digest) return { digest, next: undefined, mark };
  if (digest === before.next) return { digest, next: undefined, mark };
  return { digest: before.digest, next: digest, mark };
}

/** Changes whenever the file, or the one that a link leads to, is written or replaced. */
async function markOf(path: string): Promise<string | undefined> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${String(ino)} ${String(size)} ${String(mtimeNs)}`;
  } catch {
    return undefined;
  }
}

/** `undefined` for a file that is empty or cannot be read: somebody is writing it. */
async function digestOf(path: string): Promise<string | undefined> {
  try {
    await using handle = await open(path, 'r');
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(BYTES_MAX), 0, BYTES_MAX, 0);
    if (bytesRead === 0) return undefined;
    return createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('base64');
  } catch {
    return undefined;
  }
}
