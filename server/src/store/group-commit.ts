/**
 * Many callers, one synced transaction (D11). All writers of a database share it: messages that are accepted and
 * outcomes that are settled at the same time cost one sync together. While a commit is on its way, the next group
 * gathers; on a busy server a group also waits a moment for company, on an idle one a lone caller does not.
 * Next: ../messages/accept.ts
 */
import { assert } from '../base/assert.ts';
import { concernsEverybody } from './store-error.ts';
import type { Db, Tx } from './store.ts';
import { transaction } from './transaction.ts';

/** Items of one writer in one group; beyond that a longer transaction gains nothing and delays its first member. */
const GROUP_MAX = 128;
/** How long a group gathers on a busy server, ms. */
const WINDOW_MS = 2;
/** A group of this many is taken as the sign of a busy server. */
const BUSY_ITEMS = 4;

export interface GroupCommit<Item, Result> {
  /** Resolves after the transaction that holds this item is durable; rejects if it is not stored. */
  commit(item: Item): Promise<Result>;
  /** Items that wait or are being written. */
  readonly pending: number;
}

interface Waiting {
  readonly item: unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** One kind of thing to store, with those that wait for it. */
interface Writer {
  readonly write: (tx: Tx, items: readonly unknown[]) => Promise<readonly unknown[]>;
  waiting: Waiting[];
  pending: number;
}

/** Part of a group: items of one writer. */
interface Portion {
  readonly writer: Writer;
  readonly members: readonly Waiting[];
}

interface Committer {
  readonly writers: Writer[];
  schedule(): void;
}

const committers = new WeakMap<Db, Committer>();

/**
 * `write` stores all items of a group in the given transaction and answers in the same order.
 * If a group fails, its members are tried one by one, so that one bad item harms nobody else; but not when the database
 * itself is full, away or broken: 64 tries would keep everybody waiting, and after a failed sync a second may lie (D6).
 */
export function createGroupCommit<Item, Result>(options: {
  db: Db;
  write: (tx: Tx, items: readonly Item[]) => Promise<readonly Result[]>;
}): GroupCommit<Item, Result> {
  const { db } = options;
  let committer = committers.get(db);
  if (committer === undefined) {
    committer = createCommitter(db);
    committers.set(db, committer);
  }
  const { schedule, writers } = committer;
  // Only `commit` below puts items in and takes results out, so the types of this writer never meet another's.
  const writer: Writer = { write: options.write as Writer['write'], waiting: [], pending: 0 };
  writers.push(writer);

  return {
    commit(item) {
      return new Promise<Result>((resolve, reject) => {
        db.tables<unknown>(); // throws inside a transaction, where waiting for this commit would never end
        writer.pending += 1;
        writer.waiting.push({ item, resolve: resolve as Waiting['resolve'], reject });
        schedule();
      });
    },
    get pending() {
      return writer.pending;
    },
  };
}

function createCommitter(db: Db): Committer {
  const writers: Writer[] = [];
  let running = 0;
  let scheduled = false;
  let busy = false;

  function schedule(): void {
    if (scheduled || running >= db.dialect.commitsAtOnce || waitingItems(writers) === 0) return;
    scheduled = true;
    if (busy) setTimeout(start, WINDOW_MS);
    else setImmediate(start); // after this turn of the event loop, so that requests read together commit together
  }

  function start(): void {
    scheduled = false;
    const group = writers.flatMap((writer): Portion[] => {
      const members = writer.waiting.slice(0, GROUP_MAX);
      writer.waiting = writer.waiting.slice(GROUP_MAX);
      return members.length === 0 ? [] : [{ writer, members }];
    });
    busy = group.reduce((sum, { members }) => sum + members.length, 0) >= BUSY_ITEMS;
    running += 1;
    void flush(db, group).finally(() => {
      running -= 1;
      for (const { writer, members } of group) writer.pending -= members.length;
      schedule();
    });
    schedule();
  }

  return { writers, schedule };
}

function waitingItems(writers: readonly Writer[]): number {
  return writers.reduce((sum, { waiting }) => sum + waiting.length, 0);
}

async function flush(db: Db, group: readonly Portion[]): Promise<void> {
  try {
    const results = await transaction(db, (tx) => writeAll(tx, group));
    group.forEach(({ members }, at) => {
      members.forEach((member, index) => {
        member.resolve(results[at]?.[index]);
      });
    });
  } catch (error) {
    const alone = group.length === 1 && group[0]?.members.length === 1;
    if (alone || concernsEverybody(error)) {
      for (const { members } of group) for (const member of members) member.reject(error);
      return;
    }
    for (const { writer, members } of group)
      for (const member of members) await flush(db, [{ writer, members: [member] }]);
  }
}

async function writeAll(tx: Tx, group: readonly Portion[]): Promise<(readonly unknown[])[]> {
  const results: (readonly unknown[])[] = [];
  for (const { writer, members } of group) {
    const answers = await writer.write(
      tx,
      members.map((member) => member.item),
    );
    assert(answers.length === members.length, 'a group commit answers for each of its items');
    results.push(answers);
  }
  return results;
}
