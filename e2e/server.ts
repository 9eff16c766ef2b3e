/**
 * A Posthorn of the test's own: the real program in a process of its own, spoken to through its command line and its
 * HTTP API only. Next: postfix.ts
 */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, startChild, type Child, type Exit, type Finished } from './child.ts';
import { makeTempDir, type TempDir } from './temp-dir.ts';

const PROGRAM = fileURLToPath(new URL('../cli/bin/posthorn.mjs', import.meta.url));
const READY_WITHIN_MS = 30_000;

/** Where a Posthorn keeps its things; several processes may run on it one after the other, or together. */
export interface Home {
  readonly folder: string;
  readonly dataDir: string;
  readonly configFile: string;
  /** Everything that any server of this home wrote to its standard output and error, in order. */
  readonly logs: string[];
  /** Replaces the configuration file in one step, as an editor does. */
  writeConfig(toml: string): Promise<void>;
  remove(): Promise<void>;
}

/** A home with this `posthorn.toml`; nothing runs yet. */
export async function makeHome(toml: string): Promise<Home> {
  const temp: TempDir = await makeTempDir('home');
  const configFile = join(temp.path, 'posthorn.toml');
  const home: Home = {
    folder: temp.path,
    dataDir: join(temp.path, 'data'),
    configFile,
    logs: [],
    writeConfig: async (text) => {
      await writeFile(`${configFile}.new`, text);
      await rename(`${configFile}.new`, configFile);
    },
    remove: () => temp.remove(),
  };
  await mkdir(home.dataDir, { recursive: true });
  await home.writeConfig(toml);
  return home;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed JSON body; throws when the answer is none. */
  json<T = Json>(): T;
}
/** Any JSON object, for tests that look at a few fields. */
export type Json = { readonly [name: string]: unknown };

export interface ServerOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Further arguments of `posthorn serve`. */
  readonly args?: readonly string[];
  /** A command that runs the program in surroundings of its own, such as `unshare`; it must end in `exec`. */
  readonly within?: readonly string[];
}

export interface PosthornServer {
  readonly home: Home;
  readonly child: Child;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Everything the process wrote so far. */
  output(): string;
  /** `key` as bearer when given. `body` is sent as JSON unless it is a string or bytes already. */
  api(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** SIGKILL, and waits until it is gone. */
  kill9(): Promise<void>;
  /** SIGTERM, and waits for the drained end. */
  stop(): Promise<Exit>;
}

/** Starts `posthorn serve` on free ports and waits until it says READY. */
export async function startPosthorn(home: Home, options: ServerOptions = {}): Promise<PosthornServer> {
  const child = await spawnServe(home, options);
  const url = await readyUrl(child);
  return {
    home,
    child,
    url,
    output: () => child.stdout() + child.stderr(),
    api: (method, path, body, headers) => callApi(`${url}${path}`, method, body, headers),
    kill9: async () => {
      child.signal('SIGKILL');
      await child.exited;
    },
    stop: () => child.stop(40_000),
  };
}

/** Starts `posthorn serve` and leaves waiting for it to the caller: it may never be ready, or die on the way. */
export async function spawnServe(home: Home, options: ServerOptions = {}): Promise<Child> {
  const where = [
    '--config',
    home.configFile,
    '--data',
    home.dataDir,
    ...(options.args?.includes('--http') === true ? [] : ['--http', '127.0.0.1:0']),
  ];
  const line = [
    ...(options.within ?? []),
    process.execPath,
    PROGRAM,
    'serve',
    ...where,
    ...(options.args ?? []),
  ];
  const child = await startChild(line[0] ?? '', line.slice(1), {
    cwd: home.folder,
    env: environment(options.env),
  });
  void child.exited.then(() => home.logs.push(child.stdout(), child.stderr()));
  return child;
}

/** Waits for the READY line; answers the API's base address. Rejects when the process ends first. */
export function readyUrl(child: Child): Promise<string> {
  return child.line((line) => {
    if (!line.includes('"READY"')) return undefined;
    const entry = JSON.parse(line) as { readonly msg?: string; readonly http?: string };
    return entry.msg === 'READY' && entry.http !== undefined ? entry.http.replace(/\/$/, '') : undefined;
  }, READY_WITHIN_MS);
}

/** Starts `posthorn serve` where it must not start; answers its exit code and words. Fails when it does start, or hangs. */
export async function refusesToStart(home: Home): Promise<{ code: number; said: string }> {
  const child = await spawnServe(home);
  const started = readyUrl(child).then(
    () => 'it started',
    () => 'it neither started nor ended',
  );
  const ended = await Promise.race([child.exited, started]);
  const said = child.stdout() + child.stderr();
  if (typeof ended === 'string') await child.stop();
  if (typeof ended === 'string' || ended.code === null || ended.code === 0) {
    throw new Error(`posthorn serve should refuse: ${JSON.stringify(ended)}\n${said}`);
  }
  return { code: ended.code, said };
}

/** Runs `posthorn ARGS` to its end in the home's folder. */
export function posthorn(
  home: Home,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  return run(process.execPath, [PROGRAM, ...args], {
    cwd: home.folder,
    env: environment(env),
    timeoutMs: 60_000,
  });
}

export interface KeyOptions {
  readonly tenant?: string;
  readonly kind?: 'live' | 'test';
  readonly role?: string;
}

/** Makes an API key with `posthorn key create`, on the home's data; also while a server runs. Answers the key. */
export async function createKey(home: Home, options: KeyOptions = {}): Promise<string> {
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const place = ['--config', home.configFile, '--data', home.dataDir];
  const done = await posthorn(home, ['key', 'create', '--name', 'e2e', ...flags, ...place, '--json']);
  if (done.code !== 0)
    throw new Error(`posthorn key create ended with ${String(done.code)}\n${done.stderr}${done.stdout}`);
  const made = JSON.parse(done.stdout) as { readonly key: string };
  return made.key;
}

/** The headers of a request with this key. */
export function withKey(key: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { authorization: `Bearer ${key}`, ...more };
}

async function callApi(
  url: string,
  method: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(url, {
    method,
    headers: body === undefined ? { ...headers } : { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: isRaw ? (body as string) : JSON.stringify(body) }),
    signal: AbortSignal.timeout(60_000),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: <T>() => JSON.parse(text) as T,
  };
}

/** What the program sees: PATH and temporary folder, and nothing of Posthorn's but what the test gives. */
function environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), ...more };
}
