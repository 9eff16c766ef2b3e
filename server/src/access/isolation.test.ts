import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApi } from '../../test/api-scene.ts';
import { tryMatrix } from '../../test/isolation.ts';
import { plant, SEED_SCENE } from '../../test/route-seeds.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';
import { alternate, runModel } from '../../test/tenant-model.ts';
import { seededRandom } from '../../../e2e/crash/random.ts';

test('W3: no operation, asked by any role with what is another tenant’s in any place, tells anything of it', async (t) => {
  const api = await openApi(t, openTestSqlite, SEED_SCENE);
  const theirs = await plant(api, 'acme');
  const mine = await plant(api, 'shop');
  const { leaks, ...numbers } = await tryMatrix(api, mine, theirs);
  t.diagnostic(JSON.stringify(numbers));
  assert.deepEqual(leaks.slice(0, 20), []);
  for (const place of ['path', 'query', 'cursor', 'body', 'header', 'list'])
    assert.ok((numbers.byPlace[place] ?? 0) > 5, place);
});

/** 10,000 in `npm run prove -- isolation`. */
const SEQUENCES = 60;
const ALTERNATIONS = 600;

forEachStore('tenants beside each other', (open) => {
  test(`W3: ${String(SEQUENCES)} sequences of operations of three tenants answer as the model does`, async (t) => {
    const api = await openApi(t, open, SEED_SCENE);
    const tenants = [await plant(api, 'acme'), await plant(api, 'shop'), await plant(api, 'club')];
    const seed = Math.floor(Math.random() * 1e6);
    t.diagnostic(`seed ${String(seed)}`);
    const done = await runModel(api, tenants, { sequences: SEQUENCES, random: seededRandom(seed) });
    t.diagnostic(JSON.stringify(done));
    assert.ok(done.foreign > SEQUENCES / 3);
  });

  test(`W3: ${String(ALTERNATIONS)} requests of two tenants over the same pool bring nothing of the other`, async (t) => {
    const api = await openApi(t, open, SEED_SCENE);
    const tenants = [await plant(api, 'acme'), await plant(api, 'shop')];
    assert.deepEqual(await alternate(api, tenants, ALTERNATIONS), []);
  });
});
