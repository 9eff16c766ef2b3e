/**
 * Named points of a message's path, and of a rotation of the master key, at which a rehearsal may kill the process, to prove that nothing is lost there.
 * Unarmed (always, outside `e2e/crash`) a point costs one comparison.
 */
import { Worker } from 'node:worker_threads';

export const CRASH_POINTS = [
  'after-parse',
  'after-insert',
  'before-commit',
  'after-commit',
  'before-reply',
  'after-claim',
  'after-connect',
  'after-mail',
  'after-data',
  'mid-body',
  'after-dot',
  'after-250',
  'before-outcome-commit',
  'after-outcome-commit',
  'during-checkpoint',
  'during-migration',
  'rotation-after-key-file',
  'rotation-before-commit',
  'rotation-after-commit',
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

let armed: { point: CrashPoint; passesLeft: number } | undefined;

/** Arms one point: the process dies with SIGKILL when it is passed for the `pass`-th time (from 1). */
export function armCrashPoint(point: CrashPoint, pass: number): void {
  armed = { point, passesLeft: pass };
}

/** What is armed, for a thread that has points of its own. */
export function armedCrashPoint(): { point: CrashPoint; pass: number } | undefined {
  return armed && { point: armed.point, pass: armed.passesLeft };
}

/** Dies here if this point is armed and its turn has come. */
export function crashPoint(point: CrashPoint): void {
  if (isDue(point)) process.kill(process.pid, 'SIGKILL');
}

/** Like `crashPoint`, for a synchronous stretch: dies from a second thread `delayMs` after the stretch was entered. */
export function crashWithin(point: CrashPoint, delayMs: number): void {
  if (!isDue(point)) return;
  const wait = `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${String(delayMs)});`;
  new Worker(`${wait} process.kill(${String(process.pid)}, 'SIGKILL')`, { eval: true });
}

function isDue(point: CrashPoint): boolean {
  if (armed?.point !== point) return false;
  armed.passesLeft -= 1;
  return armed.passesLeft === 0;
}
