/**
 * Postfix's own test receiver, smtp-sink, as the relay that takes everything, or that fails where it is told to.
 * It has nothing in common with our client, and costs little time. Next: received.ts
 */
import { chmod, mkdir, readdir, readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '../server/src/base/clock.ts';
import { freePorts, startChild, until } from './child.ts';
import { makeTempDir, type TempDir } from './temp-dir.ts';

export interface SinkOptions {
  /** The port to listen on; a free one by default. Naming one lets a relay come back where it was. */
  readonly port?: number;
  /** smtp-sink's own fault flags, such as `['-q', '.']` (take the message, then drop the line) or `['-r', 'RCPT']`. */
  readonly flags?: readonly string[];
  /** Whether to keep what arrives, for `dumped()`. Slower. */
  readonly dump?: boolean;
  /** Sessions taken at the same time. */
  readonly sessionsMax?: number;
}

export interface Counts {
  readonly sessions: number;
  /** Final dots received, answered or not. */
  readonly messages: number;
}

export interface Sink {
  readonly host: '127.0.0.1';
  readonly port: number;
  counts(): Counts;
  /** Waits until `count` messages have arrived; answers when that was, on the monotonic clock, ms. */
  waitFor(count: number, timeoutMs?: number): Promise<number>;
  /** The messages kept so far, whole, each with smtp-sink's `X-Mail-Args:` and `X-Rcpt-Args:` lines before it. */
  dumped(): Promise<Buffer[]>;
  stop(): Promise<void>;
}

export async function startSink(options: SinkOptions = {}): Promise<Sink> {
  const port = options.port ?? (await freePorts(1))[0] ?? 0;
  const folder = options.dump === true ? await dumpFolder() : undefined;
  const counter = new Counter();
  const asRoot = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const dump = folder === undefined ? [] : ['-d', join(folder.path, 'kept/%H%M%S.')];
  const args = [
    '-4',
    '-c',
    '-m',
    String(options.sessionsMax ?? 512),
    ...asRoot,
    ...dump,
    ...(options.flags ?? []),
  ];
  const child = await startChild('/usr/sbin/smtp-sink', [...args, `127.0.0.1:${String(port)}`, '512'], {
    onStdout: (chunk) => {
      counter.read(chunk.toString('latin1'));
    },
  });
  await until('smtp-sink to listen', () => canConnect(port)).catch(async (error: unknown) => {
    await child.stop();
    throw new Error(`smtp-sink did not start: ${child.stderr()}`, { cause: error });
  });
  counter.ignoreSession(); // ours, just now
  return {
    host: '127.0.0.1',
    port,
    counts: () => counter.counts,
    waitFor: (count, timeoutMs = 60_000) => counter.reached(count, timeoutMs),
    dumped: async () => (folder === undefined ? [] : readDumps(join(folder.path, 'kept'))),
    stop: async () => {
      await child.stop();
      await folder?.remove();
    },
  };
}

/** Reads the running counters that `-c` prints: `sess=1 quit=0 mesg=12`, each followed by a carriage return. */
class Counter {
  counts: Counts = { sessions: 0, messages: 0 };
  private ignoredSessions = 0;
  private rest = '';
  private readonly waiting = new Set<() => void>();

  read(text: string): void {
    const parts = (this.rest + text).split('\r');
    this.rest = parts.pop() ?? '';
    const numbers = /sess=(\d+) quit=\d+ mesg=(\d+)/.exec(parts.at(-1) ?? '');
    if (numbers === null) return;
    this.counts = { sessions: Number(numbers[1]) - this.ignoredSessions, messages: Number(numbers[2]) };
    for (const look of this.waiting) look();
  }

  ignoreSession(): void {
    this.ignoredSessions = 1;
  }

  reached(count: number, timeoutMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.counts.messages < count) return;
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve(systemClock.monotonic());
      };
      const timer = setTimeout(() => {
        this.waiting.delete(look);
        reject(
          new Error(
            `${String(this.counts.messages)} of ${String(count)} messages after ${String(timeoutMs)} ms`,
          ),
        );
      }, timeoutMs);
      this.waiting.add(look);
      look();
    });
  }
}

async function dumpFolder(): Promise<TempDir> {
  const folder = await makeTempDir('sink');
  await mkdir(join(folder.path, 'kept'));
  await chmod(join(folder.path, 'kept'), 0o777); // smtp-sink gives root up before it writes
  return folder;
}

async function readDumps(folder: string): Promise<Buffer[]> {
  const names = (await readdir(folder)).sort();
  return Promise.all(names.map((name) => readFile(join(folder, name))));
}

function canConnect(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(undefined);
    });
  });
}
