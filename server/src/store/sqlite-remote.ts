/**
 * The near end of the SQLite thread: statements go over, rows or changes come back, in the order they were sent.
 * A thread that dies takes every waiting statement with it, and is told to `onBroken` like a failed disk.
 * Next: sqlite-thread.ts
 */
import { Worker } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { armedCrashPoint } from '../base/crash-point.ts';
import { StoreRefused } from './refused.ts';
import type { SqliteAccess } from './sqlite.ts';
import type { FromThread, PlainError, ThreadStart, ToThread } from './sqlite-thread.ts';

/** Octets from which handing a block over is cheaper than copying it once more. */
const TRANSFER_BYTES = 32 * 1024;

interface Waiting {
  readonly resolve: (answer: FromThread) => void;
  readonly reject: (error: unknown) => void;
}

/** Starts the thread and opens the file in it. Rejects with `StoreRefused`. */
export async function startSqliteThread(
  path: string,
  onBroken: (error: unknown) => void,
): Promise<SqliteAccess> {
  const workerData: ThreadStart = { path, crash: armedCrashPoint() };
  const worker = new Worker(new URL('./sqlite-thread.ts', import.meta.url), { workerData });
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let gone: Error | undefined;
  const ended = new Promise<void>((resolve) =>
    worker.once('exit', () => {
      resolve();
    }),
  );

  function settle(id: number): Waiting | undefined {
    const found = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref(); // an idle database keeps no process alive
    return found;
  }

  function fail(error: Error): void {
    gone = error;
    for (const id of [...waiting.keys()]) settle(id)?.reject(error);
  }

  const opened = new Promise<void>((resolve, reject) => {
    worker.on('message', (message: FromThread) => {
      switch (message.kind) {
        case 'open':
          resolve();
          return;
        case 'refused':
          reject(new StoreRefused(message.message));
          return;
        case 'broken':
          onBroken(errorOf(message.error));
          return;
        case 'done':
        case 'doneEach':
          settle(message.id)?.resolve(message);
          return;
        case 'failed':
          settle(message.id)?.reject(errorOf(message.error));
      }
    });
    worker.once('error', (error: Error) => {
      fail(error);
      reject(error);
      onBroken(error);
    });
    worker.once('exit', () => {
      fail(new Error('the database is closed'));
    });
  });

  /** Sends what `message` makes with an id of its own; the answer has the same id. */
  function send(message: (id: number) => ToThread, transfer: ArrayBuffer[]): Promise<FromThread> {
    return new Promise((resolve, reject) => {
      if (gone !== undefined) {
        reject(gone);
        return;
      }
      lastId += 1;
      if (waiting.size === 0) worker.ref();
      waiting.set(lastId, { resolve, reject });
      worker.postMessage(message(lastId), transfer);
    });
  }

  await opened;
  worker.unref();
  return {
    async run(sql, parameters) {
      const transfer: ArrayBuffer[] = [];
      const moved = movable(parameters, transfer);
      const told = await send((id) => ({ kind: 'run', id, sql, parameters: moved }), transfer);
      assert(told.kind === 'done', 'the thread answers what it was asked');
      return told.answer;
    },
    async runEach(sql, lists) {
      const transfer: ArrayBuffer[] = [];
      const moved = lists.map((list) => movable(list, transfer));
      const told = await send((id) => ({ kind: 'runEach', id, sql, lists: moved }), transfer);
      assert(told.kind === 'doneEach', 'the thread answers what it was asked');
      return told.changes;
    },
    post(sql, lists) {
      if (gone !== undefined) throw gone;
      const transfer: ArrayBuffer[] = [];
      const moved = lists.map((list) => movable(list, transfer));
      worker.postMessage({ kind: 'post', sql, lists: moved } satisfies ToThread, transfer);
    },
    close() {
      if (gone === undefined) {
        worker.ref();
        worker.postMessage({ kind: 'close' } satisfies ToThread);
      }
      return ended;
    },
  };
}

/** Octets go over as copies of their own: a `Buffer` is often a window on a much larger block, which would go with it. */
function movable(parameters: readonly unknown[], transfer: ArrayBuffer[]): readonly unknown[] {
  if (!parameters.some((value) => value instanceof Uint8Array)) return parameters;
  return parameters.map((value) => {
    if (!(value instanceof Uint8Array)) return value;
    const copy = new Uint8Array(value);
    if (copy.length >= TRANSFER_BYTES) transfer.push(copy.buffer);
    return copy;
  });
}

/** An error with the codes that `store-error.ts` reads. */
function errorOf({ message, ...codes }: PlainError): Error {
  return Object.assign(new Error(message), codes);
}
