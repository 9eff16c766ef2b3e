/**
 * Child processes of the tests: start one, read its lines, end it, and leave nothing behind.
 * Every started pid is noted in the folder `POSTHORN_TEST_PIDS` (set by `npm test`) until it has ended, so that an
 * interrupted run can end exactly those. Next: postfix.ts
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '../server/src/base/clock.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  /** Everything written so far, standard output and standard error each. */
  stdout(): string;
  stderr(): string;
  /** The first line, past or future, of either stream for which `pick` gives a value. Rejects at exit or `timeoutMs`. */
  line<T>(pick: (line: string) => T | undefined, timeoutMs: number): Promise<T>;
  readonly exited: Promise<Exit>;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after `graceMs`; answers how it ended. */
  stop(graceMs?: number): Promise<Exit>;
}

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Not kept in memory: called with each chunk of standard output instead. */
  readonly onStdout?: (chunk: Buffer) => void;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a process that outlives this call. Throws when the program cannot be started. */
export async function startChild(
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<Child> {
  const child = spawn(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal });
    });
  });
  const output = new Lines();
  child.stdout.on('data', (chunk: Buffer) => {
    if (options.onStdout === undefined) output.add('stdout', chunk.toString());
    else options.onStdout(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output.add('stderr', chunk.toString());
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const pid = child.pid ?? -1;
  running.add(child);
  notePid(pid, command);
  void exited.then(() => {
    running.delete(child);
    forgetPid(pid);
    output.end(`${command} ended`);
  });
  return {
    pid,
    exited,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    line: (pick, timeoutMs) => output.first(pick, timeoutMs),
    signal: (signal) => {
      if (running.has(child)) child.kill(signal);
    },
    stop: async (graceMs = 10_000) => {
      if (running.has(child)) child.kill('SIGTERM');
      const cancel = systemClock.after(graceMs, () => child.kill('SIGKILL'));
      const exit = await exited;
      cancel();
      return exit;
    },
  };
}

type Stream = 'stdout' | 'stderr';

/** The output of a child, cut into lines for whoever waits for one. */
class Lines {
  stdout = '';
  stderr = '';
  private readonly complete: string[] = [];
  private readonly open = { stdout: '', stderr: '' };
  private readonly waiting = new Set<(line: string | undefined) => void>();
  private ended: string | undefined;

  add(stream: Stream, text: string): void {
    this[stream] += text;
    const lines = (this.open[stream] + text).split('\n');
    this.open[stream] = lines.pop() ?? '';
    for (const line of lines) {
      this.complete.push(line);
      for (const tell of this.waiting) tell(line);
    }
  }

  end(reason: string): void {
    this.ended = reason;
    for (const tell of this.waiting) tell(undefined);
  }

  first<T>(pick: (line: string) => T | undefined, timeoutMs: number): Promise<T> {
    for (const line of this.complete) {
      const value = pick(line);
      if (value !== undefined) return Promise.resolve(value);
    }
    return new Promise<T>((resolve, reject) => {
      const fail = (why: string): void => {
        reject(new Error(`${why} before the awaited line\n${this.tail()}`));
      };
      if (this.ended !== undefined) {
        fail(this.ended);
        return;
      }
      const timer = setTimeout(() => {
        this.waiting.delete(tell);
        fail(`${String(timeoutMs)} ms passed`);
      }, timeoutMs);
      const tell = (line: string | undefined): void => {
        const value = line === undefined ? undefined : pick(line);
        if (line !== undefined && value === undefined) return;
        clearTimeout(timer);
        this.waiting.delete(tell);
        if (value === undefined) fail(this.ended ?? 'ended');
        else resolve(value);
      };
      this.waiting.add(tell);
    });
  }

  private tail(): string {
    return `stdout: ${this.stdout.slice(-4000)}\nstderr: ${this.stderr.slice(-4000)}`;
  }
}

export interface Finished extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, with `input` on standard input. Never rejects for a bad exit code. */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string | Buffer; timeoutMs?: number } = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
      timeout: options.timeoutMs ?? 60_000,
      killSignal: 'SIGKILL',
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', () => undefined); // a program may end without reading its input
    child.stdin.end(options.input ?? '');
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}

/** Like `run`, and throws with the program's own words when it fails. Answers its standard output. */
export async function must(
  command: string,
  args: readonly string[],
  options: Parameters<typeof run>[2] = {},
): Promise<string> {
  const done = await run(command, args, options);
  if (done.code !== 0) {
    throw new Error(
      `${command} ${args.join(' ')} ended with ${String(done.code ?? done.signal)}\n${done.stderr}${done.stdout}`,
    );
  }
  return done.stdout;
}

/** Waits until `check` gives a value, asking again every `everyMs`; throws with `what` after `timeoutMs`. */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined> | T | undefined,
  { timeoutMs = 20_000, everyMs = 20 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const deadline = systemClock.monotonic() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value !== undefined) return value;
    if (systemClock.monotonic() > deadline)
      throw new Error(`waited ${String(timeoutMs)} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** `count` distinct TCP ports of 127.0.0.1 that are free now, for programs that cannot listen on port 0. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Notes a process that this run is responsible for, also one that put itself in the background. */
export function notePid(pid: number, command: string): void {
  const folder = process.env['POSTHORN_TEST_PIDS'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, String(pid)), `${startTime(pid)} ${command}`);
}

export function forgetPid(pid: number): void {
  const folder = process.env['POSTHORN_TEST_PIDS'];
  if (folder !== undefined) rmSync(join(folder, String(pid)), { force: true });
}

/** When a process was started, in kernel ticks: tells it apart from a later one with the same pid. `-` when unknown. */
export function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-';
  } catch {
    return '-';
  }
}

/** Whether a process exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
