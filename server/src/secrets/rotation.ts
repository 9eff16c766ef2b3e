/**
 * Rotation of the master key: every data key is wrapped anew, a few at a time, while servers run. Killed at any point,
 * it goes on where it was: a row is under the old key or under the new one, and both are in the key file until none is
 * left under the old. Next: queries.ts
 */
import { crashPoint } from '../base/crash-point.ts';
import type { Clock } from '../base/clock.ts';
import { transaction, type Db } from '../store/store.ts';
import type { MasterKey } from './master-key.ts';
import {
  countWrapped,
  forgetMasterKeys,
  holdCurrentMasterKey,
  readCurrentMasterKeyId,
  readDataKeys,
  readDataKeysUnderOthers,
  rewrapDataKey,
  switchMasterKey,
  type DataKeyRow,
} from './queries.ts';
import { masterKeyIdOf, rewrap, unwrap } from './wrapping.ts';

export interface MasterKeyUse {
  readonly id: string;
  readonly current: boolean;
  /** Data keys that it wraps. */
  readonly dataKeys: number;
}

export interface Rewrapped {
  /** Data keys wrapped anew by this run. */
  readonly rewrapped: number;
  /** All data keys that the new master key opens; each was tried. */
  readonly verified: number;
  /** Data keys that could not be opened, and so are as they were. */
  readonly failed: readonly string[];
}

/** Rows of one transaction: small, so that a running server hardly waits for it. */
const BATCH = 50;

/** Each master key that the database knows of; the current one first. */
export async function masterKeyUse(db: Db): Promise<readonly MasterKeyUse[]> {
  const current = await readCurrentMasterKeyId(db);
  const wrapped = await countWrapped(db);
  const uses = wrapped.map(({ masterKeyId: id, count }) => ({
    id,
    current: id === current,
    dataKeys: count,
  }));
  if (current !== undefined && !uses.some((use) => use.current))
    uses.push({ id: current, current: true, dataKeys: 0 });
  return uses.toSorted((a, b) => Number(b.current) - Number(a.current));
}

/**
 * Makes `to` the key that wraps new data keys. `prepare` runs while nobody else can rotate and before anything is
 * changed; what it throws leaves everything as it was. Answers whether it did; `false` when `from` is not current any more.
 */
export function makeCurrent(
  deps: { db: Db; clock: Clock },
  from: string,
  to: string,
  prepare: () => Promise<void>,
): Promise<boolean> {
  const now = deps.clock.now();
  return transaction(deps.db, async (tx) => {
    if (!(await holdCurrentMasterKey(tx, from, now))) return false;
    await prepare();
    crashPoint('rotation-after-key-file');
    await switchMasterKey(tx, from, to, now);
    return true;
  });
}

/**
 * Wraps what other keys wrap under `to`, which must be the current one, and then tries `to` on every data key. Answers
 * `undefined` when another rotation made another key the current one meanwhile.
 */
export async function rewrapAll(
  { db, clock, batch = BATCH }: { db: Db; clock: Clock; batch?: number },
  keys: readonly MasterKey[],
  to: MasterKey,
): Promise<Rewrapped | undefined> {
  let rewrapped = 0;
  let after = '';
  for (;;) {
    const rows = await readDataKeysUnderOthers(db, to.id, after, batch);
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last.key_id;
    const fresh = rows.flatMap((row) => {
      const from = keys.find(({ id }) => id === masterKeyIdOf(row));
      const wrapped = from && rewrap(from, to, row);
      return wrapped === undefined ? [] : [{ row, wrapped }];
    });
    const ours = await transaction(db, async (tx) => {
      if (!(await holdCurrentMasterKey(tx, to.id, clock.now()))) return false;
      for (const { row, wrapped } of fresh) await rewrapDataKey(tx, row, wrapped);
      crashPoint('rotation-before-commit');
      return true;
    });
    if (!ours) return undefined;
    crashPoint('rotation-after-commit');
    rewrapped += fresh.length;
  }
  const tried = await verifyAll(db, to, batch);
  // What another rotation has wrapped meanwhile is not damaged.
  const current = await readCurrentMasterKeyId(db);
  return current === undefined || current === to.id ? { rewrapped, ...tried } : undefined;
}

async function verifyAll(
  db: Db,
  masterKey: MasterKey,
  batch: number,
): Promise<Pick<Rewrapped, 'verified' | 'failed'>> {
  const failed: string[] = [];
  let verified = 0;
  let rows: DataKeyRow[] = [];
  do {
    rows = await readDataKeys(db, rows.at(-1)?.key_id ?? '', batch);
    for (const row of rows) {
      if (unwrap(masterKey, row) === undefined) failed.push(row.key_id);
      else verified += 1;
    }
  } while (rows.length === batch);
  return { verified, failed };
}

/** Forgets the master keys that wrap nothing any more. */
export async function forgetUnused(db: Db): Promise<void> {
  await transaction(db, forgetMasterKeys);
}
