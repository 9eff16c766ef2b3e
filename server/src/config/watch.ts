/**
 * Takes changes of the file while the server runs. A broken or vanished file changes nothing: the settings that run
 * stay, and the reasons are reported. Settings that need a restart are named, not applied.
 * Next: describe.ts
 */
import { statSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../base/clock.ts';
import type { ConfigProblem } from './config-problem.ts';
import { settingFacts } from './describe.ts';
import type { LoadedConfig, LoadResult } from './load.ts';

export interface ConfigChange {
  readonly loaded: LoadedConfig;
  /** Settings that differ from those that ran until now, in the file's spelling; lists of tables as a whole. */
  readonly changed: readonly string[];
  /** Settings that differ from those the process started with and take effect only when it starts again. */
  readonly needRestart: readonly string[];
}

export type ReloadOutcome =
  | { readonly kind: 'unchanged' }
  | ({ readonly kind: 'changed' } & ConfigChange)
  | { readonly kind: 'refused'; readonly errors: readonly ConfigProblem[] };

export interface ConfigWatch {
  /** The settings that run. */
  current(): LoadedConfig;
  /** Reads everything again now (SIGHUP, the API); also calls `onChange` or `onRefused`. */
  reload(): ReloadOutcome;
  stop(): void;
}

export interface WatchOptions {
  /** What the process started with. */
  readonly loaded: LoadedConfig;
  readonly load: () => LoadResult;
  readonly onChange: (change: ConfigChange) => void;
  /** Called once per broken state of the file, not again until the file changes again. */
  readonly onRefused: (errors: readonly ConfigProblem[]) => void;
  readonly clock: Clock;
  /** Folder that the file's name starts at. */
  readonly cwd?: string;
  /** Quiet time after a change before the file is read, ms: editors write in several steps. */
  readonly settleMs?: number;
  /** How often to look without being told, ms: some file systems (network, some containers) tell nobody. */
  readonly pollMs?: number;
}

/** Starts watching the file of `loaded`, if there is one. Keeps no process alive. */
export function watchConfig(options: WatchOptions): ConfigWatch {
  const { clock, loaded: started } = options;
  let running = started;
  const file = started.file === undefined ? undefined : resolve(options.cwd ?? '.', started.file);

  const reload = (): ReloadOutcome => {
    const outcome = compare(options.load(), running, started);
    if (outcome.kind === 'refused') options.onRefused(outcome.errors);
    if (outcome.kind !== 'changed') return outcome;
    running = outcome.loaded;
    options.onChange({ loaded: outcome.loaded, changed: outcome.changed, needRestart: outcome.needRestart });
    return outcome;
  };
  const stop = file === undefined ? () => undefined : followFile(file, clock, reload, options);
  return { current: () => running, reload, stop };
}

function compare(result: LoadResult, running: LoadedConfig, started: LoadedConfig): ReloadOutcome {
  if (!result.ok) return { kind: 'refused', errors: result.errors };
  const { loaded } = result;
  // An editor that replaces the file leaves a moment without one: that is not a wish for the defaults.
  if (running.file !== undefined && loaded.file === undefined) {
    const message = 'the file is gone: the running settings stay';
    return { kind: 'refused', errors: [{ path: '', file: running.file, message }] };
  }
  const changed = differences(running, loaded);
  if (changed.length === 0) return { kind: 'unchanged' };
  const live = new Map(settingFacts().map((setting) => [setting.key, setting.live]));
  const needRestart = differences(started, loaded).filter((key) => live.get(key) === false);
  return { kind: 'changed', loaded, changed, needRestart };
}

/** Settings whose values differ. */
function differences(before: LoadedConfig, after: LoadedConfig): string[] {
  return settingFacts()
    .filter(({ path }) => !isDeepStrictEqual(valueAt(before.config, path), valueAt(after.config, path)))
    .map(({ key }) => key);
}

export function valueAt(config: unknown, path: readonly string[]): unknown {
  let value = config;
  for (const step of path) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined;
  }
  return value;
}

/** Calls `reload` after the file changed and then stayed quiet. The answer ends it. */
function followFile(
  file: string,
  clock: Clock,
  reload: () => void,
  { settleMs = 150, pollMs = 5_000 }: WatchOptions,
): () => void {
  let seen = fingerprint(file);
  let cancelSettle = () => {};
  let cancelPoll = () => {};
  const look = () => {
    const found = fingerprint(file);
    if (found === seen) return;
    seen = found;
    cancelSettle();
    cancelSettle = clock.after(settleMs, settled);
  };
  const settled = () => {
    const found = fingerprint(file);
    if (found === seen) reload();
    else look();
  };
  const poll = () => {
    look();
    cancelPoll = clock.after(pollMs, poll);
  };
  // The folder, not the file: a file that is replaced is another file. Kubernetes replaces a link beside it.
  const watcher = watchFolder(dirname(file), (name) => {
    if (name === null || name === basename(file) || name.startsWith('..')) look();
  });
  cancelPoll = clock.after(pollMs, poll);
  return () => {
    watcher?.close();
    cancelSettle();
    cancelPoll();
  };
}

/** The watcher, or nothing where the system has none to give: then the poll does it alone. */
function watchFolder(folder: string, seen: (name: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, (_event, name) => {
      seen(name);
    });
    watcher.on('error', () => {
      watcher.close();
    });
    return watcher;
  } catch {
    return undefined;
  }
}

/** Changes whenever the file is written or replaced. */
function fingerprint(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? 'none' : `${String(stat.ino)} ${String(stat.size)} ${String(stat.mtimeNs)}`;
}
