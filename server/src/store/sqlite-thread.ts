/**
 * The thread that has the database file. It does one statement after the other, as they come, and knows nothing else.
 * Next: sqlite-statements.ts
 */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { armCrashPoint, type CrashPoint } from '../base/crash-point.ts';
import { StoreRefused } from './refused.ts';
import { openStatements, type Answer, type SqliteStatements } from './sqlite-statements.ts';

export interface ThreadStart {
  readonly path: string;
  readonly crash: { readonly point: CrashPoint; readonly pass: number } | undefined;
}

export type ToThread =
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly sql: string;
      readonly parameters: readonly unknown[];
    }
  | {
      readonly kind: 'runEach';
      readonly id: number;
      readonly sql: string;
      readonly lists: readonly (readonly unknown[])[];
    }
  /** Part of a transaction that nobody waits for: a failure is told to the next statement, at the latest to the commit. */
  | { readonly kind: 'post'; readonly sql: string; readonly lists: readonly (readonly unknown[])[] }
  | { readonly kind: 'close' };

export interface PlainError {
  readonly message: string;
  readonly code?: string;
  readonly errcode?: number;
}

export type FromThread =
  | { readonly kind: 'open' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'broken'; readonly error: PlainError }
  | { readonly kind: 'done'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'doneEach'; readonly id: number; readonly changes: number[] }
  | { readonly kind: 'failed'; readonly id: number; readonly error: PlainError };

if (parentPort !== null) serve(parentPort, workerData as ThreadStart); // what `startSqliteThread` gave

function serve(port: MessagePort, { path, crash }: ThreadStart): void {
  if (crash !== undefined) armCrashPoint(crash.point, crash.pass);
  const tell = (message: FromThread): void => {
    port.postMessage(message);
  };
  let statements: SqliteStatements;
  try {
    statements = openStatements(path, (error) => {
      tell({ kind: 'broken', error: plain(error) });
    });
  } catch (error) {
    if (!(error instanceof StoreRefused)) throw error;
    tell({ kind: 'refused', message: error.message });
    port.close();
    return;
  }
  let failed: PlainError | undefined; // why the transaction that is open cannot be committed
  port.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'close':
        statements.close();
        port.close();
        return;
      case 'post':
        failed ??= post(statements, message);
        return;
      default:
        tell(failed === undefined ? run(statements, message) : refuse(statements, message, failed));
        if (ENDS.has(message.sql)) failed = undefined;
    }
  });
  tell({ kind: 'open' });
}

type Asked = Extract<ToThread, { kind: 'run' | 'runEach' }>;

const ENDS: ReadonlySet<string> = new Set(['commit', 'rollback']);

function post(
  statements: SqliteStatements,
  { sql, lists }: Extract<ToThread, { kind: 'post' }>,
): PlainError | undefined {
  try {
    statements.runEach(sql, lists);
    return undefined;
  } catch (error) {
    return plain(error);
  }
}

/** Nothing more of a transaction is done once a part of it failed; what was done before is undone by its rollback. */
function refuse(statements: SqliteStatements, message: Asked, failed: PlainError): FromThread {
  if (message.sql === 'rollback') return run(statements, message);
  if (message.sql === 'commit') post(statements, { kind: 'post', sql: 'rollback', lists: [[]] });
  return { kind: 'failed', id: message.id, error: failed };
}

function run(statements: SqliteStatements, message: Asked): FromThread {
  const { id, sql } = message;
  try {
    return message.kind === 'run'
      ? { kind: 'done', id, answer: statements.run(sql, message.parameters) }
      : { kind: 'doneEach', id, changes: statements.runEach(sql, message.lists) };
  } catch (error) {
    return { kind: 'failed', id, error: plain(error) };
  }
}

/** Errors lose their codes on the way between threads, so these are taken along by name. */
function plain(error: unknown): PlainError {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return {
    message: error instanceof Error ? error.message : String(error),
    ...(typeof code === 'string' && { code }),
    ...(typeof errcode === 'number' && { errcode }),
  };
}
