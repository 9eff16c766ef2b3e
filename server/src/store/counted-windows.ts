/**
 * So many of something in a span of time, counted in the database: one statement decides and counts, so that however
 * many ask at once, on however many nodes, no more pass than may (A5). A window opens with the first and then closes
 * as a whole.
 * Next: store.ts
 */
import { sql } from 'kysely';
import type { Db, Tx } from './store.ts';

export interface CountedWindow {
  /** What is counted, such as `sign-in 192.0.2.1`. Addresses of people stand in it as digests only. */
  readonly name: string;
  readonly max: number;
  readonly windowMs: number;
}

export type Taken =
  | { readonly ok: true; readonly count: number }
  /** `retryAt` is when the window closes, epoch ms. */
  | { readonly ok: false; readonly window: CountedWindow; readonly retryAt: number };

interface Tables {
  counted_windows: { name: string; closes_at: number; count: number };
}

/** Counts `amount` more, if they all fit. */
export async function takeFrom(db: Db | Tx, window: CountedWindow, now: number, amount = 1): Promise<Taken> {
  const { name, max, windowMs } = window;
  const isOver = sql<boolean>`counted_windows.closes_at <= ${now}`;
  const row =
    amount > max
      ? undefined
      : await db
          .tables<Tables>()
          .insertInto('counted_windows')
          .values({ name, closes_at: now + windowMs, count: amount })
          .onConflict((conflict) =>
            conflict
              .column('name')
              .doUpdateSet({
                count: sql`case when ${isOver} then ${amount} else counted_windows.count + ${amount} end`,
                closes_at: sql`case when ${isOver} then ${now + windowMs} else counted_windows.closes_at end`,
              })
              .where((eb) => eb.or([isOver, sql<boolean>`counted_windows.count + ${amount} <= ${max}`])),
          )
          .returning('count')
          .executeTakeFirst();
  if (row !== undefined) return { ok: true, count: row.count };
  const { closesAt } = await lookInto(db, name, now);
  return { ok: false, window, retryAt: closesAt ?? now + windowMs };
}

/**
 * Counts one more in each of them, or in none: call it in the transaction that does the work, and throw when it answers
 * `ok: false`. They are taken in the order of their names, so that two who want the same never wait for each other.
 */
export async function takeFromAll(tx: Tx, windows: readonly CountedWindow[], now: number): Promise<Taken> {
  let last: Taken = { ok: true, count: 0 };
  for (const window of windows.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    last = await takeFrom(tx, window, now);
    if (!last.ok) return last;
  }
  return last;
}

/** What was counted so far; nothing when the window has closed or never opened. */
export async function lookInto(
  db: Db | Tx,
  name: string,
  now: number,
): Promise<{ readonly count: number; readonly closesAt?: number }> {
  const row = await db
    .tables<Tables>()
    .selectFrom('counted_windows')
    .select(['count', 'closes_at'])
    .where('name', '=', name)
    .where('closes_at', '>', now)
    .executeTakeFirst();
  return row === undefined ? { count: 0 } : { count: row.count, closesAt: row.closes_at };
}

/** Forgets a count: what it stood for was made good. */
export async function emptyWindow(db: Db | Tx, name: string): Promise<void> {
  await db.tables<Tables>().deleteFrom('counted_windows').where('name', '=', name).execute();
}

/** Forgets windows that have closed. */
export async function forgetWindows(db: Db, now: number): Promise<void> {
  await db.tables<Tables>().deleteFrom('counted_windows').where('closes_at', '<=', now).execute();
}
