/**
 * Isolation of tenants in full (W3): 10,000 random sequences of three tenants against a model, 10,000 alternations over
 * one pool of connections, on both databases.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { openApi } from '../../server/test/api-scene.ts';
import { plant, SEED_SCENE } from '../../server/test/route-seeds.ts';
import { forEachStore } from '../../server/test/stores.ts';
import { alternate, runModel } from '../../server/test/tenant-model.ts';
import { seededRandom } from '../crash/random.ts';

const SEQUENCES = 10_000;
const ALTERNATIONS = 10_000;

forEachStore('isolation', (open) => {
  test(`W3: ${String(SEQUENCES)} random sequences of three tenants answer as the model does`, async (t) => {
    const api = await openApi(t, open, SEED_SCENE);
    const tenants = [await plant(api, 'acme'), await plant(api, 'shop'), await plant(api, 'club')];
    const seed = randomInt(1e9);
    t.diagnostic(`seed ${String(seed)}`);
    const done = await runModel(api, tenants, { sequences: SEQUENCES, random: seededRandom(seed) });
    t.diagnostic(JSON.stringify(done));
    assert.ok(done.foreign > SEQUENCES / 3);
  });

  test(`W3: ${String(ALTERNATIONS)} alternations over one pool bring nothing of another tenant`, async (t) => {
    const api = await openApi(t, open, SEED_SCENE);
    const tenants = [await plant(api, 'acme'), await plant(api, 'shop')];
    assert.deepEqual(await alternate(api, tenants, ALTERNATIONS), []);
  });
});
