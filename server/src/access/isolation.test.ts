import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApi } from '../../test/api-scene.ts';
import { tryMatrix } from '../../test/isolation.ts';
import { plant, SEED_SCENE } from '../../test/route-seeds.ts';
import { openTestSqlite } from '../../test/stores.ts';

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
