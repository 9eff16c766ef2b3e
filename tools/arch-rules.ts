/**
 * The house as a table, and the rules that hold it. `ARCHITECTURE.md` tells the same table to people.
 * A rule takes all modules and answers what breaks it; what is allowed on purpose stands in the table with its reason.
 * Next: arch.test.ts
 */
import { posix } from 'node:path';
import type { ImportFact, Module } from './arch-read.ts';

export interface Violation {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

interface Room {
  readonly level: number;
  /** Folders whose faces it may import; a number stands for every folder up to that level. */
  readonly may: readonly (string | number)[];
  /** Folders of which it may import types only. */
  readonly types?: readonly string[];
}

/** `server/src`: rooms and doors. Imports go down, never sideways unless named. */
export const ROOMS: Readonly<Record<string, Room>> = {
  base: { level: 0, may: [] },
  mail: { level: 1, may: ['base'] },
  net: { level: 1, may: ['base'], types: ['mail'] }, // a failed dial is told in the words of mail
  store: { level: 1, may: ['base'] },
  http: { level: 1, may: ['base'] },
  config: { level: 1, may: ['base'] },
  secrets: { level: 2, may: [1] },
  tenants: { level: 2, may: [1] },
  access: { level: 2, may: [1, 'secrets', 'tenants'] },
  smtp: { level: 2, may: [1] },
  templates: { level: 2, may: [1, 'tenants'] },
  queue: { level: 2, may: ['base', 'store'] },
  connections: { level: 3, may: [2, 'events'] }, // what became of settings is told like anything else
  events: { level: 3, may: [2] },
  diagnosis: { level: 4, may: [3] },
  routing: { level: 4, may: ['base', 'mail'], types: ['connections', 'config'] },
  delivery: { level: 5, may: [4] },
  messages: { level: 6, may: [5] },
  flows: { level: 7, may: [6] },
  alerts: { level: 7, may: [6] },
  rules: { level: 7, may: [6] },
  forms: { level: 7, may: [6] },
  reports: { level: 7, may: [6] },
  mailbox: { level: 7, may: [6] },
  submission: { level: 7, may: [6] },
  importers: { level: 7, may: [4] },
  accounts: { level: 8, may: [7] },
  operator: { level: 8, may: [8] },
};

/** Files beside the rooms: they may import any face. */
const ROOF = new Set(['app.ts', 'main.ts', 'wire.ts']);

/** `base/` is a closed list: what everything may import must stay small. */
const BASE_FILES = new Set(['assert', 'clock', 'crash-point', 'id', 'log', 'problem', 'random', 'version']);

/** Packages that only some places may import; the others are free. `kysely` types are free too. */
const PACKAGE_OWNERS: Readonly<Record<string, RegExp>> = {
  nodemailer: /\/mail\/compose\.ts$/,
  fastify: /\/http\/|\/src\/app\.ts$/,
  pg: /\/store\//,
  kysely: /\/store\/|queries\.ts$/,
  pino: /\/base\/log\.ts$/,
  'smol-toml': /\/config\//,
  uuid: /\/base\/id\.ts$/,
  'ipaddr.js': /\/net\//,
};

const NETWORK = /^(?:node:)?(?:net|tls|dns|dns\/promises|http|https|http2|dgram)$|^undici$/;
const EMPTY_NAMES = new Set(
  'utils util helpers helper common shared misc lib types constants index'.split(' '),
);
const EMPTY_SUFFIX = /(?:Service|Manager|Helper|Handler|Util|Impl)$/;
const LINES_MAX = 400;
const TEST_LINES_MAX = 600;
const FUNCTION_LINES_MAX = 70;

const SERVER = 'server/src/';
const isTest = (path: string) => path.endsWith('.test.ts') || path.startsWith('server/test/');
const inServer = (path: string) => path.startsWith(SERVER);
const isQueries = (path: string) => /(?:^|[/-])queries\.ts$/.test(path) || path.startsWith(`${SERVER}store/`);

/** Everything that breaks a rule, in the order of the rules. */
export function findViolations(modules: readonly Module[]): Violation[] {
  const perModule = [places, imports, packages, uses, sizes, names];
  return [
    ...perModule.flatMap((rule) => modules.flatMap(rule)),
    ...folderCycles(modules),
    ...fileCycles(modules),
  ];
}

/** The folder of `server/src` that a file is in; `''` for one directly under it. */
function roomOf(path: string): string {
  const [room = '', file] = path.slice(SERVER.length).split('/');
  return file === undefined ? '' : room;
}

function places({ path, hasOpening }: Module): Violation[] {
  const found: Violation[] = [];
  const fail = (message: string) => found.push({ rule: 'place', file: path, line: 1, message });
  if (!hasOpening && !isTest(path)) fail('opens without a paragraph about itself');
  if (!inServer(path)) return found;
  const steps = path.slice(SERVER.length).split('/');
  const [room = '', file = ''] = steps;
  if (steps.length > 2) fail('a folder inside a folder: two levels, no third');
  else if (steps.length === 1 && !ROOF.has(room) && !isTest(path))
    fail('only app.ts, wire.ts and main.ts stand beside the folders');
  else if (steps.length === 2 && ROOMS[room] === undefined) fail(`the folder ${room}/ is not in the table`);
  if (room === 'base' && !isTest(path) && !BASE_FILES.has(posix.basename(file, '.ts'))) {
    fail('base/ is a closed list and this file is not in it');
  }
  return found;
}

/** Doors between folders, and between the packages. */
function imports({ path, imports: all }: Module): Violation[] {
  return all.flatMap((one) => {
    const message = inServer(path) ? serverImport(path, one) : packageImport(path, one);
    return message === undefined ? [] : [{ rule: 'import', file: path, line: one.line, message }];
  });
}

function serverImport(path: string, { target, typeOnly }: ImportFact): string | undefined {
  if (target === undefined) return undefined;
  if (!inServer(target)) return isTest(path) ? undefined : `${target} is outside server/src`;
  const from = roomOf(path);
  const to = roomOf(target);
  if (from === to) return undefined;
  if (to === '') return isTest(path) ? undefined : `${target} stands above every folder`;
  const isFace = target === `${SERVER}${to}/${to}.ts`;
  const routes = path === `${SERVER}app.ts` && target === `${SERVER}${to}/routes.ts`;
  if (!isFace && !routes && to !== 'base') return `${target} is private: import ${to}/${to}.ts`;
  if (from === '' || isTest(path) || mayImport(from, to, typeOnly)) return undefined;
  return `${from}/ may not import ${to}/${ROOMS[from]?.types?.includes(to) === true ? ' (types only)' : ''}`;
}

function mayImport(from: string, to: string, typeOnly: boolean): boolean {
  const room = ROOMS[from];
  const level = ROOMS[to]?.level ?? Number.POSITIVE_INFINITY;
  if (room === undefined) return true; // the table says so once, in `places`
  if (typeOnly && room.types?.includes(to) === true) return true;
  return room.may.some((allowed) => (typeof allowed === 'number' ? level <= allowed : allowed === to));
}

function packageImport(path: string, { from, target }: ImportFact): string | undefined {
  if (path.startsWith('sdk/') && !isTest(path)) {
    return target?.startsWith('sdk/') === true ? undefined : `the SDK has no dependencies, not even ${from}`;
  }
  if (!path.startsWith('cli/') || isTest(path)) return undefined;
  if (target !== undefined)
    return target.startsWith('cli/') ? undefined : `${target}: name the package, not the file`;
  const allowed = /^(?:node:.+|@posthorn\/sdk|@posthorn\/server\/operator|commander)$/.test(from);
  return allowed
    ? undefined
    : `${from}: the command line imports the SDK, the server's operator face and commander only`;
}

function packages({ path, imports: all }: Module): Violation[] {
  if (isTest(path) || !inServer(path)) return [];
  return all.flatMap(({ from, typeOnly, line }) => {
    const fail = (message: string) => [{ rule: 'package', file: path, line, message }];
    if (NETWORK.test(from) && roomOf(path) !== 'net' && !(typeOnly && roomOf(path) === 'http')) {
      return fail(`${from} outside net/: everything that leaves goes through its dialer`);
    }
    const owner = PACKAGE_OWNERS[from];
    if (owner === undefined || owner.test(path) || (typeOnly && from === 'kysely')) return [];
    return fail(
      from === 'kysely' ? 'SQL belongs in queries.ts' : `${from} has one importer, and this is not it`,
    );
  });
}

function uses({ path, uses: all }: Module): Violation[] {
  if (isTest(path) || !(inServer(path) || path.startsWith('cli/'))) return [];
  const room = inServer(path) ? roomOf(path) : 'cli';
  return all.flatMap(({ name, line }) => {
    const message = useProblem(name, path, room);
    return message === undefined ? [] : [{ rule: 'use', file: path, line, message }];
  });
}

function useProblem(name: string, path: string, room: string): string | undefined {
  switch (name) {
    case 'fetch()':
      return room === 'net' || room === 'cli' ? undefined : 'fetch() outside net/';
    case 'process.env':
      return room === 'config' || room === 'cli' || path === `${SERVER}main.ts`
        ? undefined
        : 'process.env outside config/';
    case 'Date.now':
    case 'Math.random':
    case 'new Date()':
      return room === 'base' || room === 'cli' ? undefined : `${name} outside base/: take a Clock`;
    default:
      return isQueries(path) || room === 'cli' ? undefined : `${name}: SQL belongs in queries.ts`;
  }
}

function sizes({ path, lines, functions }: Module): Violation[] {
  const most = isTest(path) ? TEST_LINES_MAX : LINES_MAX;
  const tooLong =
    lines > most
      ? [{ rule: 'size', file: path, line: most, message: `${String(lines)} lines; ${String(most)} at most` }]
      : [];
  if (isTest(path)) return tooLong;
  const long = functions.filter((one) => one.lines > FUNCTION_LINES_MAX);
  return [
    ...tooLong,
    ...long.map(({ name, line, lines: length }) => {
      const message = `${name} has ${String(length)} lines; ${String(FUNCTION_LINES_MAX)} at most`;
      return { rule: 'size', file: path, line, message };
    }),
  ];
}

function names({ path, starExports, declared }: Module): Violation[] {
  const fail = (line: number, message: string) => ({ rule: 'name', file: path, line, message });
  const steps = path.replace(/(?:\.test)?\.ts$/, '').split('/');
  const empty = steps.filter((step) => EMPTY_NAMES.has(step));
  const said = declared.filter(({ name }) => EMPTY_SUFFIX.test(name));
  return [
    ...empty.map((step) => fail(1, `"${step}" says nothing about what is in it`)),
    ...starExports.map(({ line }) => fail(line, 'export *: a face names what it shows')),
    ...said.map(({ name, line }) => fail(line, `${name}: the suffix says nothing`)),
  ];
}

/** Folders that reach each other, types included. */
function folderCycles(modules: readonly Module[]): Violation[] {
  const edges = new Map<string, Set<string>>();
  for (const { path, imports: all } of modules.filter(
    (module) => inServer(module.path) && !isTest(module.path),
  )) {
    for (const { target } of all) {
      if (target === undefined || !inServer(target)) continue;
      if (roomOf(target) !== roomOf(path)) addEdge(edges, roomOf(path), roomOf(target));
    }
  }
  return findCycles(edges).map((cycle) =>
    cycleViolation('folder-cycle', cycle, `${SERVER}${cycle[0] ?? ''}`),
  );
}

/** Files that reach each other when they run. */
function fileCycles(modules: readonly Module[]): Violation[] {
  const edges = new Map<string, Set<string>>();
  for (const { path, imports: all } of modules) {
    for (const { target, typeOnly } of all)
      if (target !== undefined && !typeOnly) addEdge(edges, path, target);
  }
  return findCycles(edges).map((cycle) => cycleViolation('file-cycle', cycle, cycle[0] ?? ''));
}

function addEdge(edges: Map<string, Set<string>>, from: string, to: string): void {
  edges.set(from, (edges.get(from) ?? new Set()).add(to));
}

function cycleViolation(rule: string, cycle: readonly string[], file: string): Violation {
  return { rule, file, line: 1, message: [...cycle, cycle[0] ?? ''].join(' → ') };
}

/** One cycle for each knot of the graph (depth-first; a step back onto the path closes one). */
function findCycles(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const done = new Set<string>();
  const cycles: string[][] = [];
  const path: string[] = [];
  const visit = (node: string): void => {
    const back = path.indexOf(node);
    if (back !== -1) cycles.push(path.slice(back));
    if (back !== -1 || done.has(node)) return;
    path.push(node);
    for (const next of edges.get(node) ?? []) visit(next);
    path.pop();
    done.add(node);
  };
  for (const node of edges.keys()) visit(node);
  return cycles;
}
