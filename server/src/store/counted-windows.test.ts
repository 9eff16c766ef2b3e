import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachStore } from '../../test/stores.ts';
import { forgetWindows, lookInto, takeFrom, takeFromAll } from './counted-windows.ts';
import { transaction } from './transaction.ts';

const HOUR_MS = 3_600_000;
const window = { name: 'reset ana', max: 5, windowMs: HOUR_MS };

forEachStore('counted windows', (open) => {
  test('A5: of 500 at once, over two handles, exactly 5 pass', async () => {
    await using store = await open();
    const nodes = [store.db, await store.another()];
    const taken = await Promise.all(
      Array.from({ length: 500 }, (_, n) => takeFrom(nodes[n % 2] ?? store.db, window, 1_000)),
    );
    assert.equal(taken.filter(({ ok }) => ok).length, 5);
    const refused = taken.find(({ ok }) => !ok);
    assert.deepEqual(refused, { ok: false, window, retryAt: 1_000 + HOUR_MS });
    assert.deepEqual(await lookInto(store.db, window.name, 2_000), { count: 5, closesAt: 1_000 + HOUR_MS });
  });

  test('a window closes as a whole, and the next opens with the next one', async () => {
    await using store = await open();
    for (let n = 0; n < 5; n += 1) assert.ok((await takeFrom(store.db, window, 1_000 + n)).ok);
    assert.ok(!(await takeFrom(store.db, window, 999 + HOUR_MS)).ok);
    assert.deepEqual(await takeFrom(store.db, window, 1_000 + HOUR_MS), { ok: true, count: 1 });
    await forgetWindows(store.db, 1_000 + 2 * HOUR_MS);
    assert.deepEqual(await lookInto(store.db, window.name, 1_001 + HOUR_MS), { count: 0 });
  });

  test('an amount fits as a whole or not at all, and more than ever fits is refused', async () => {
    await using store = await open();
    assert.deepEqual(await takeFrom(store.db, window, 1, 4), { ok: true, count: 4 });
    assert.ok(!(await takeFrom(store.db, window, 1, 2)).ok);
    assert.deepEqual(await takeFrom(store.db, window, 1, 1), { ok: true, count: 5 });
    assert.ok(!(await takeFrom(store.db, { ...window, name: 'other' }, 1, 6)).ok);
    assert.deepEqual(await lookInto(store.db, 'other', 1), { count: 0 });
  });

  test('of several windows all are counted or none', async () => {
    await using store = await open();
    const narrow = { name: 'a narrow one', max: 1, windowMs: HOUR_MS };
    const both = () =>
      transaction(store.db, async (tx) => {
        const taken = await takeFromAll(tx, [window, narrow], 5);
        if (!taken.ok) throw new Error(taken.window.name);
      });
    await both();
    await assert.rejects(both, /a narrow one/);
    assert.equal((await lookInto(store.db, window.name, 5)).count, 1);
  });
});
