/** The queue's conformance suite: every move of `states.ts`, the same on SQLite and PostgreSQL. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachStore, openTestPostgres, withoutPostgres } from '../../test/stores.ts';
import { transaction, type Db } from '../store/store.ts';
import { claimReady, insertJobs, nextDueAt, renewLeases, rescueEnded, wakeHeldDue } from './queries.ts';
import {
  CLAIMS_MAX,
  countByState,
  hasten,
  heldKeys,
  LANES,
  release,
  remove,
  settle,
  type Claim,
  type NewJob,
  type Verdict,
} from './queue.ts';

const NOW = 1_000_000;
const LEASE_UNTIL = NOW + 60_000;
const KIND = 'mail';

const job = (id: string, lane = 2, dueAt = NOW): NewJob => ({
  kind: KIND,
  id,
  tenantId: 'ten_1',
  lane,
  dueAt,
});

const add = (db: Db, ...jobs: NewJob[]): Promise<void> =>
  transaction(db, (tx) =>
    insertJobs(
      tx,
      jobs.map((it) => ({ job: it, handOver: false })),
      'nobody',
      0,
    ),
  );

const claim = (db: Db, options: Partial<Parameters<typeof claimReady>[1]> = {}): Promise<Claim[]> =>
  claimReady(db, {
    kind: KIND,
    lane: 2,
    suspects: false,
    now: NOW,
    limit: 100,
    owner: 'w1',
    leaseUntil: LEASE_UNTIL,
    ...options,
  });

const end = (db: Db, claims: readonly Claim[], verdict: Verdict): Promise<boolean[]> =>
  transaction(db, (tx) =>
    settle(
      tx,
      claims.map((it) => ({ claim: it, verdict })),
    ),
  );

const idsOf = (claims: readonly Claim[]): string[] => claims.map((it) => it.id).toSorted();

interface JobRow {
  id: string;
  state: string;
  due_at: number;
  held_by: string | null;
  owner: string | null;
  lease_until: number | null;
  fence: number;
  claims: number;
  note: string | null;
}
async function row(db: Db, id: string): Promise<JobRow | undefined> {
  return db.tables<{ jobs: JobRow }>().selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst();
}

async function counts(db: Db): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { state, count } of await countByState(db, KIND)) sums[state] = (sums[state] ?? 0) + count;
  return sums;
}

forEachStore('queue', (open) => {
  test('Q1: enqueued jobs are ready, or born running for their own worker', async () => {
    await using store = await open();
    await transaction(store.db, (tx) =>
      insertJobs(
        tx,
        [
          { job: job('own', 0), handOver: true },
          { job: job('left', 1), handOver: false },
        ],
        'w1',
        LEASE_UNTIL,
      ),
    );
    const own = await row(store.db, 'own');
    assert.deepEqual(
      [own?.state, own?.owner, own?.lease_until, own?.fence, own?.claims],
      ['running', 'w1', LEASE_UNTIL, 1, 1],
    );
    const left = await row(store.db, 'left');
    assert.deepEqual([left?.state, left?.owner, left?.lease_until, left?.claims], ['ready', null, null, 0]);
    await assert.rejects(add(store.db, job('own')), 'one job per kind and id');
    await add(store.db, { ...job('own'), kind: 'other' });
    assert.deepEqual(
      (await countByState(store.db, KIND)).toSorted((a, b) => a.lane - b.lane),
      [
        { state: 'running', lane: 0, count: 1 },
        { state: 'ready', lane: 1, count: 1 },
      ],
    );
  });

  test('a claim takes what is due of its lane and kind, oldest first, up to its limit', async () => {
    await using store = await open();
    await add(
      store.db,
      job('c', 2, NOW - 1),
      job('b', 2, NOW - 2),
      job('a', 2, NOW),
      job('later', 2, NOW + 1),
      job('lane', 1),
    );
    await add(store.db, { ...job('kind'), kind: 'other' });
    const first = await claim(store.db, { limit: 2 });
    assert.deepEqual(idsOf(first), ['b', 'c']);
    assert.deepEqual(
      first.find((it) => it.id === 'b'),
      {
        kind: KIND,
        id: 'b',
        tenantId: 'ten_1',
        lane: 2,
        owner: 'w1',
        fence: 2,
        claims: 1,
        note: null,
      },
    );
    assert.deepEqual(idsOf(await claim(store.db)), ['a']);
    assert.deepEqual(await claim(store.db), []);
    assert.equal(await nextDueAt(store.db, KIND, 2), NOW + 1);
    assert.equal(await nextDueAt(store.db, KIND, 1), NOW);
    assert.equal(await nextDueAt(store.db, KIND, 3), undefined);
    assert.deepEqual(LANES.length, 4);
  });

  test('Q2: four claimers at once never get the same job', async () => {
    await using store = await open();
    await add(store.db, ...Array.from({ length: 600 }, (_, n) => job(`j${String(n)}`)));
    const nodes = [store.db, await store.another(), await store.another(), await store.another()];
    const taken = await Promise.all(
      nodes.map(async (db, n) => {
        const mine: string[] = [];
        for (let misses = 0; misses < 3;) {
          const claims = await claim(db, { limit: 17, owner: `w${String(n)}` });
          misses = claims.length === 0 ? misses + 1 : 0;
          mine.push(...claims.map((it) => it.id));
        }
        return mine;
      }),
    );
    const all = taken.flat();
    assert.equal(all.length, 600);
    assert.equal(new Set(all).size, 600);
  });

  const verdicts: [verdict: Verdict, expected: Partial<JobRow> | undefined][] = [
    [{ kind: 'done' }, undefined],
    [
      { kind: 'keep', note: 'n' },
      { state: 'running', owner: 'w1', note: 'n', claims: 1, lease_until: LEASE_UNTIL },
    ],
    [
      { kind: 'again', dueAt: NOW + 9, note: 'n' },
      { state: 'ready', owner: null, lease_until: null, due_at: NOW + 9, note: 'n', claims: 0 },
    ],
    [
      { kind: 'again', dueAt: NOW + 9, note: null, counts: true },
      { state: 'ready', due_at: NOW + 9, note: null, claims: 1 },
    ],
    [
      { kind: 'hold', by: 'con_1', until: NOW + 9, note: 'n' },
      { state: 'held', owner: null, held_by: 'con_1', due_at: NOW + 9, note: 'n', claims: 0 },
    ],
  ];
  for (const [verdict, expected] of verdicts) {
    test(`Q2: settling with ${verdict.kind}${'counts' in verdict ? ', counted,' : ''} works once, for the claim that still holds`, async () => {
      await using store = await open();
      await add(store.db, job('a'));
      const [held] = await claim(store.db);
      assert.ok(held);
      const before = await row(store.db, 'a');
      const stale = [
        { ...held, fence: held.fence - 1 },
        { ...held, fence: held.fence + 1 },
        { ...held, owner: 'w2' },
        { ...held, id: 'b' },
        { ...held, kind: 'other' },
      ];
      assert.deepEqual(
        await end(store.db, stale, verdict),
        stale.map(() => false),
      );
      assert.deepEqual(await row(store.db, 'a'), before);
      assert.deepEqual(await end(store.db, [held], verdict), [true]);
      const after = await row(store.db, 'a');
      if (expected === undefined) assert.equal(after, undefined);
      else
        for (const [column, value] of Object.entries(expected))
          assert.equal(after?.[column as keyof JobRow], value, column);
      if (verdict.kind !== 'keep') assert.deepEqual(await end(store.db, [held], verdict), [false]);
      assert.equal((await row(store.db, 'a'))?.state, after?.state);
    });
  }

  test('a mixed settling answers in its order', async () => {
    await using store = await open();
    await add(store.db, ...['a', 'b', 'c', 'd', 'e'].map((id) => job(id)));
    const claims = (await claim(store.db)).toSorted((x, y) => x.id.localeCompare(y.id));
    const kinds: Verdict[] = [
      { kind: 'hold', by: 'x', until: NOW, note: null },
      { kind: 'done' },
      { kind: 'again', dueAt: NOW, note: null },
      { kind: 'done' },
      { kind: 'keep', note: null },
    ];
    const settled = claims.flatMap((it, n) => {
      const verdict = kinds[n];
      return verdict === undefined ? [] : [{ claim: n === 3 ? { ...it, fence: 0 } : it, verdict }];
    });
    assert.deepEqual(await transaction(store.db, (tx) => settle(tx, settled)), [
      true,
      true,
      true,
      false,
      true,
    ]);
    assert.deepEqual(await counts(store.db), { held: 1, ready: 1, running: 2 });
  });

  test('Q2: a settling is undone with its owner’s transaction', async () => {
    await using store = await open();
    await add(store.db, job('a'));
    const claims = await claim(store.db);
    await assert.rejects(
      transaction(store.db, async (tx) => {
        await settle(
          tx,
          claims.map((it) => ({ claim: it, verdict: { kind: 'done' } })),
        );
        throw new Error('on purpose');
      }),
    );
    assert.deepEqual(await end(store.db, claims, { kind: 'done' }), [true]);
  });

  test('Q3: a job whose lease ended is ready again, and its old claim writes nothing', async () => {
    await using store = await open();
    await add(store.db, job('a'), job('b'));
    const [stale] = await claim(store.db, { limit: 1 });
    assert.ok(stale);
    assert.equal(await rescueEnded(store.db, { kind: KIND, now: LEASE_UNTIL, everyone: false }), 0);
    assert.equal(await rescueEnded(store.db, { kind: 'other', now: LEASE_UNTIL + 1, everyone: true }), 0);
    assert.equal(await rescueEnded(store.db, { kind: KIND, now: LEASE_UNTIL + 1, everyone: false }), 1);
    assert.deepEqual(await counts(store.db), { ready: 2 });
    const again = (await claim(store.db, { now: LEASE_UNTIL + 1, owner: 'w2' })).find(
      (it) => it.id === stale.id,
    );
    assert.deepEqual([again?.fence, again?.claims], [stale.fence + 1, 2]);
    assert.deepEqual(await end(store.db, [stale], { kind: 'done' }), [false]);
    assert.equal((await row(store.db, stale.id))?.owner, 'w2');
  });

  test('Q3: at the start of the only server every running job of its kind is taken up, whatever its lease', async () => {
    await using store = await open();
    await add(store.db, job('a'), { ...job('b'), kind: 'other' });
    await claim(store.db);
    await claim(store.db, { kind: 'other' });
    assert.equal(await rescueEnded(store.db, { kind: KIND, now: NOW, everyone: true }), 1);
    assert.equal((await row(store.db, 'b'))?.state, 'running', 'another kind has its own worker');
  });

  test('Q2: renewing moves the lease of the named jobs, if they are still the owner’s', async () => {
    await using store = await open();
    await add(store.db, job('a'), job('b'), job('lost'), job('ready', 3));
    await claim(store.db);
    await rescueEnded(store.db, { kind: KIND, now: NOW, everyone: true });
    await claim(store.db, { limit: 3 });
    await transaction(store.db, (tx) =>
      tx.dialect.runEach(tx, "update jobs set owner = 'w2' where id = $1", [['lost']]),
    );
    const ids = ['a', 'lost', 'ready', 'gone', ...Array.from({ length: 2500 }, (_, n) => `none${String(n)}`)];
    await renewLeases(store.db, { kind: KIND, owner: 'w1', ids, leaseUntil: LEASE_UNTIL + 5 });
    await renewLeases(store.db, { kind: KIND, owner: 'w1', ids: [], leaseUntil: 0 });
    const leases = await Promise.all(
      ['a', 'b', 'lost', 'ready'].map(async (id) => (await row(store.db, id))?.lease_until),
    );
    assert.deepEqual(leases, [LEASE_UNTIL + 5, LEASE_UNTIL, LEASE_UNTIL, null]);
  });

  test('a release lets go up to its limit, urgent lanes and older ids first, of one holder only', async () => {
    await using store = await open();
    const hold = async (by: string, ...jobs: NewJob[]): Promise<void> => {
      await add(store.db, ...jobs);
      for (const lane of LANES)
        await end(store.db, await claim(store.db, { lane }), {
          kind: 'hold',
          by,
          until: NOW + 99,
          note: 'n',
        });
    };
    await hold('con_1', job('3'), job('1'), job('2'), job('9', 0));
    await hold('con_2', job('0'));
    assert.deepEqual((await heldKeys(store.db, KIND)).toSorted(), ['con_1', 'con_2']);
    const letGo = (limit: number): Promise<number> =>
      release(store.db, { kind: KIND, heldBy: 'con_1', now: NOW + 5, limit });
    assert.equal(await letGo(2), 2);
    assert.deepEqual(idsOf(await claim(store.db, { lane: 0, now: NOW + 5 })), ['9']);
    assert.deepEqual(idsOf(await claim(store.db, { now: NOW + 5 })), ['1']);
    assert.equal(await letGo(10), 2);
    assert.equal(await letGo(10), 0);
    assert.deepEqual(
      (await claim(store.db, { now: NOW + 5 })).map((it) => it.note),
      ['n', 'n'],
    );
    assert.deepEqual(await heldKeys(store.db, KIND), ['con_2']);
    assert.equal(await release(store.db, { kind: 'other', heldBy: 'con_2', now: NOW, limit: 9 }), 0);
    assert.deepEqual(await heldKeys(store.db, 'other'), []);
  });

  test('held jobs wake when their time comes, a bounded number at once', async () => {
    await using store = await open();
    await add(store.db, job('a'), job('b'), job('c'));
    const claims = await claim(store.db);
    await end(store.db, claims.slice(0, 2), { kind: 'hold', by: 'x', until: NOW + 10, note: null });
    await end(store.db, claims.slice(2), { kind: 'hold', by: 'y', until: NOW + 11, note: null });
    assert.equal(await wakeHeldDue(store.db, NOW + 9, 10), 0);
    assert.equal(await wakeHeldDue(store.db, NOW + 10, 1), 1);
    assert.equal(await wakeHeldDue(store.db, NOW + 10, 10), 1);
    assert.deepEqual(await counts(store.db), { ready: 2, held: 1 });
    assert.equal((await claim(store.db, { now: NOW + 10 })).length, 2);
  });

  test('an idle job can be removed or hastened, a running one or one that is gone cannot', async () => {
    await using store = await open();
    await add(store.db, job('ready', 2, NOW + 99), job('held'), job('run'));
    const claims = await claim(store.db);
    await end(
      store.db,
      claims.filter((it) => it.id === 'held'),
      { kind: 'hold', by: 'x', until: NOW + 99, note: 'old' },
    );
    const soon = (id: string): Promise<boolean> =>
      transaction(store.db, (tx) => hasten(tx, { kind: KIND, id, now: NOW + 1, note: 'new' }));
    assert.deepEqual(
      [await soon('ready'), await soon('held'), await soon('run'), await soon('gone')],
      [true, true, false, false],
    );
    assert.equal((await row(store.db, 'run'))?.note, null);
    assert.deepEqual(
      (await claim(store.db, { now: NOW + 1 })).map((it) => [it.note, it.claims]),
      [
        ['new', 1],
        ['new', 1],
      ],
    );
    await rescueEnded(store.db, { kind: KIND, now: NOW, everyone: true });
    await claim(store.db, { limit: 1 });
    const gone = (id: string): Promise<boolean> => transaction(store.db, (tx) => remove(tx, KIND, id));
    const answers = [await gone('held'), await gone('ready'), await gone('run'), await gone('gone')];
    assert.equal(answers.filter((answer) => answer).length, 2);
    assert.deepEqual(await counts(store.db), { running: 1 });
  });

  test('Q12: a job that two claims did not end is left to the search for suspects', async () => {
    await using store = await open();
    await add(store.db, job('bad', 1), job('good', 1));
    for (let crash = 1; crash < CLAIMS_MAX; crash += 1) {
      assert.deepEqual(idsOf(await claim(store.db, { lane: 1 })), crash === 1 ? ['bad', 'good'] : ['bad']);
      if (crash === 1)
        await transaction(store.db, (tx) =>
          tx.dialect.runEach(tx, 'delete from jobs where id = $1', [['good']]),
        );
      await rescueEnded(store.db, { kind: KIND, now: NOW, everyone: true });
    }
    assert.deepEqual(await claim(store.db, { lane: 1 }), []);
    assert.equal(await nextDueAt(store.db, KIND, 1), undefined);
    const [third] = await claim(store.db, { lane: 0, suspects: true, limit: 1 });
    assert.deepEqual([third?.id, third?.claims], ['bad', CLAIMS_MAX]);
  });

  test('Q1: the schema refuses rows that no state allows', async () => {
    await using store = await open();
    const good = {
      kind: KIND,
      id: 'x',
      tenant_id: 't',
      lane: 0,
      state: 'ready',
      due_at: 1,
      held_by: null,
      owner: null,
      lease_until: null,
      fence: 1,
      claims: 0,
      note: null,
    };
    const illegal = [
      { state: 'gone' },
      { state: 'ready', owner: 'w' },
      { state: 'ready', held_by: 'x' },
      { state: 'running' },
      { state: 'running', owner: 'w' },
      { state: 'running', lease_until: 1 },
      { state: 'running', owner: 'w', lease_until: 1, held_by: 'x' },
      { state: 'held' },
      { state: 'held', held_by: 'x', owner: 'w' },
    ];
    for (const change of illegal) {
      await assert.rejects(
        transaction(store.db, (tx) => tx.dialect.insertRows(tx, 'jobs', [{ ...good, ...change }])),
        /check constraint|CHECK constraint/,
        JSON.stringify(change),
      );
    }
    await transaction(store.db, (tx) => tx.dialect.insertRows(tx, 'jobs', [good]));
    assert.deepEqual(await counts(store.db), { ready: 1 });
  });
});

test(
  'a rescue does not wait for a job that is being settled: a node could not start for the deadlock',
  { skip: withoutPostgres },
  async () => {
    await using store = await openTestPostgres();
    const other = await store.another();
    await add(store.db, job('a'), job('b'));
    const claims = await claim(store.db);
    await transaction(store.db, async (tx) => {
      assert.deepEqual(await settle(tx, [{ claim: claims[1] ?? assert.fail(), verdict: { kind: 'done' } }]), [
        true,
      ]);
      const late = { kind: KIND, now: LEASE_UNTIL + 1, everyone: false };
      assert.equal(await rescueEnded(other, late), 1, 'the one that nobody settles');
    });
    assert.deepEqual(await counts(store.db), { ready: 1 });
  },
);
