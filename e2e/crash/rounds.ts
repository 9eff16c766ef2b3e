/**
 * The two kinds of rehearsal: kill -9 at random moments under load, and once at each named point with one message at a
 * time, where it is known exactly how many copies may exist afterwards. Next: scene.ts
 */
import { CRASH_POINTS, type CrashPoint } from '../../server/src/base/crash-point.ts';
import { systemClock } from '../../server/src/base/clock.ts';
import { until } from '../child.ts';
import type { DatabaseKind } from '../postgres.ts';
import { readyUrl, withKey } from '../server.ts';
import { judge, type Judgement } from './history.ts';
import { postMessage, startLoad } from './load.ts';
import { kill, LATER, makeScene, whereabouts, type Scene } from './scene.ts';

export interface RandomRounds {
  readonly database: DatabaseKind;
  readonly rounds: number;
  /** Messages posted in a second. */
  readonly perSecond: number;
  /** 0 ≤ random < 1. */
  readonly random: () => number;
  readonly signal?: AbortSignal;
  /** Told after each kill. */
  readonly progress?: (round: number) => void;
}

export interface Result {
  readonly what: string;
  readonly judgement: Judgement;
  /** Why this is not good; empty when it is. */
  readonly faults: readonly string[];
}

/** The shortest and longest life of a server, ms after READY. */
const LIFE_MS = [20, 600] as const;

/** One server after the other on the same data, each killed at a random moment, then a full drain. */
export async function killAtRandom(options: RandomRounds): Promise<Result> {
  const scene = await makeScene(options.database);
  try {
    let child = await scene.start();
    const key = await scene.key();
    using load = startLoad({
      urls: scene.urls,
      key,
      history: scene.history,
      perSecond: options.perSecond,
      prefix: 'r',
    });
    for (let round = 1; round <= options.rounds && options.signal?.aborted !== true; round += 1) {
      const life = LIFE_MS[0] + options.random() * (LIFE_MS[1] - LIFE_MS[0]);
      await new Promise((resolve) => setTimeout(resolve, life));
      await kill(scene, child);
      options.progress?.(round);
      child = await scene.start();
    }
    await load.stop();
    await scene.drain({ key });
    const judgement = judge(scene.history);
    const missing: string[] = [];
    for (const id of judgement.lost.slice(0, 20))
      missing.push(`${id} is ${await whereabouts(scene, key, id)}`);
    return {
      what: `${String(scene.history.kills.length)} random kills`,
      judgement,
      faults: [...faultsOf(judgement), ...missing, ...load.refusals],
    };
  } finally {
    await scene.close();
  }
}

/** How many copies too many a kill at this point may leave of the one message that is in flight. */
function copiesTooMany(point: CrashPoint): number {
  switch (point) {
    case 'after-parse':
    case 'after-insert':
    case 'before-commit':
    case 'after-commit':
    case 'before-reply':
    case 'after-claim':
    case 'after-connect':
    case 'after-mail':
    case 'after-data':
    case 'mid-body':
    case 'after-outcome-commit':
    case 'during-migration':
    case 'rotation-after-key-file':
    case 'rotation-before-commit':
    case 'rotation-after-commit':
      return 0;
    case 'after-dot':
    case 'after-250':
    case 'before-outcome-commit':
      return 1;
    case 'during-checkpoint':
      return 1; // any message may be between its dot and its outcome then
    default:
      return point satisfies never;
  }
}

/** The points that are passed on this database. */
export function pointsOn(database: DatabaseKind): readonly CrashPoint[] {
  return CRASH_POINTS.filter((point) => {
    if (point.startsWith('rotation-')) return false; // not on a message's path: `operator/rotate.test.ts`
    return database === 'sqlite' || point !== 'during-checkpoint';
  });
}

/** The messages that are sent, one after the other, until the point is passed. */
const MESSAGES_MAX = 100;
const PASS = 3;
const PASS_ONCE = new Set<CrashPoint>([
  'after-claim',
  'after-connect',
  'during-migration',
  'during-checkpoint',
]);

/** Kills once at `point`, starts again, drains. */
export async function killAtPoint(database: DatabaseKind, point: CrashPoint): Promise<Result> {
  const scene = await makeScene(database);
  try {
    const pass = PASS_ONCE.has(point) ? 1 : PASS;
    const armed = { POSTHORN_CRASH_AT: `${point}:${String(pass)}` };
    // A fresh message is handed over in memory; only one that had to wait is claimed.
    const prefix = point === 'after-claim' ? LATER : 'p';
    // SQLite's log is folded in after 16 MiB: large messages get there with few.
    const lines = point === 'during-checkpoint' ? 10_000 : 20;
    const died =
      point === 'during-migration'
        ? await dieEarly(scene, armed)
        : await dieSending(scene, armed, { prefix, lines });
    const child = await scene.start();
    const key = await scene.key();
    // Who got no answer asks again, with the same key.
    for (const id of scene.history.attempted) {
      if (!scene.history.acknowledged.has(id)) await sendOne(scene, key, id, lines);
    }
    await sendOne(scene, key, 'last');
    await scene.drain();
    await child.stop();
    const judgement = judge(scene.history);
    const faults = faultsOf(judgement);
    if (!died) faults.push('did not die there while sending');
    if (judgement.duplicates > copiesTooMany(point))
      faults.push(`${String(judgement.duplicates)} duplicates`);
    return { what: point, judgement, faults };
  } finally {
    await scene.close();
  }
}

async function dieEarly(scene: Scene, env: Readonly<Record<string, string>>): Promise<boolean> {
  const child = await scene.spawn({ env });
  const exit = await child.exited;
  scene.history.kills.push(systemClock.monotonic());
  return exit.signal === 'SIGKILL';
}

async function dieSending(
  scene: Scene,
  env: Readonly<Record<string, string>>,
  { prefix, lines }: { readonly prefix: string; readonly lines: number },
): Promise<boolean> {
  const child = await scene.spawn({ env });
  const isReady = await readyUrl(child).catch(() => undefined);
  if (isReady === undefined) return false;
  const key = await scene.key();
  const state = { died: false };
  void child.exited.then((exit) => {
    state.died = exit.signal === 'SIGKILL';
    if (state.died) scene.history.kills.push(systemClock.monotonic());
  });
  for (let n = 1; n <= MESSAGES_MAX && !state.died; n += 1) {
    await Promise.race([sendOne(scene, key, `${prefix}${String(n)}`, lines), child.exited]);
  }
  const died = state.died;
  if (!died) await child.stop();
  return died;
}

/** Posts one message and waits until its outcome is stored, so that at most one message is ever in flight. */
async function sendOne(scene: Scene, key: string, id: string, lines?: number): Promise<void> {
  const [url = ''] = scene.urls;
  scene.history.attempted.add(id);
  const posted = await postMessage(url, key, id, { lines });
  if (posted.status !== 202) return;
  scene.history.acknowledged.add(id);
  const { id: messageId } = JSON.parse(posted.body ?? '{}') as { readonly id: string };
  const isSettled = async (): Promise<true | undefined> => {
    if (!scene.history.arrivals.has(id)) return undefined;
    const answer = await fetch(`${url}/api/v1/messages/${messageId}`, { headers: withKey(key) }).catch(
      () => undefined,
    );
    if (answer === undefined) return true; // dead: the caller sees it too
    const message = (await answer.json().catch(() => ({}))) as { readonly state?: string };
    return message.state === 'accepted' ? true : undefined;
  };
  await until(`${id} to be settled`, isSettled, { timeoutMs: 15_000, everyMs: 5 }).catch(() => undefined); // the judge says it
}

function faultsOf(judgement: Judgement): string[] {
  const faults: string[] = [];
  if (judgement.lost.length > 0) faults.push(`${String(judgement.lost.length)} lost`);
  if (judgement.unexpected.length > 0) faults.push(`${String(judgement.unexpected.length)} unexpected`);
  if (judgement.unexplained.length > 0)
    faults.push(`${String(judgement.unexplained.length)} unexplained duplicates`);
  if (judgement.acknowledged === 0) faults.push('nothing was acknowledged: the rehearsal proves nothing');
  return faults;
}
