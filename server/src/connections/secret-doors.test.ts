import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { seededRandom } from '../../../e2e/crash/random.ts';
import { DOORS, OPERATIONS, tryDoors } from '../../test/secret-doors.ts';
import { openStage } from '../../test/secret-stage.ts';
import { openApi } from '../../test/api-scene.ts';
import { fieldsByRole, MASKS, mutations } from '../../test/setting-mutations.ts';
import { openTestSqlite } from '../../test/stores.ts';
import { isMaskedSecret } from '../secrets/secrets.ts';

test('K1: every setting is classified, and the proof knows how to change it', () => {
  const { secret, destination, other, unclassified } = fieldsByRole();
  assert.deepEqual(unclassified, [], 'say by `of(…)` what it means for a stored secret');
  assert.ok(secret.length >= 6 && destination.length >= 10 && other.length >= 5);
  const known = Object.keys(mutations({ other: 1, proxy: 2, token: 3 })).sort();
  assert.deepEqual(known, [...destination, ...other].sort(), 'add values to setting-mutations.ts');
});

test('K1: every operation that takes settings or uses a secret is one of the doors', () => {
  const { paths } = JSON.parse(readFileSync(new URL('../../../openapi.json', import.meta.url), 'utf8')) as {
    paths: Record<string, Record<string, { operationId: string; requestBody?: unknown }>>;
  };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method, { requestBody }]) => {
        const body = JSON.stringify(requestBody ?? '');
        return (
          method !== 'get' && (/connection/i.test(path) || /"#\/components\/schemas\/Connection/.test(body))
        );
      })
      .map(([, { operationId }]) => operationId),
  );
  assert.deepEqual(operations.sort(), Object.keys(OPERATIONS).sort());
  for (const door of Object.values(OPERATIONS)) if (typeof door === 'string') assert.ok(door in DOORS);
});

/** Each setting by itself, and a hundred at random; 5,000 in `npm run prove -- secrets`. */
const MUTATIONS = 1_100;

test(`K1: ${String(MUTATIONS)} changed settings, secret left out or masked: it arrives nowhere`, async (t) => {
  const seed = Math.floor(Math.random() * 1e6);
  t.diagnostic(`seed ${String(seed)}`);
  const { answers, leaks, delivered } = await tryDoors(await openStage(t), MUTATIONS, seededRandom(seed));
  t.diagnostic(JSON.stringify({ answers, delivered }));
  assert.deepEqual(leaks, []);
  for (const door of ['patch', 'test'])
    assert.ok((answers[`${door} secret_required`] ?? 0) > MUTATIONS / 20, `${door} refuses many`);
  assert.ok(delivered > MUTATIONS / 100, 'and where nothing of importance changed it does arrive');
});

test('K2: twelve masks are refused at every door, and none of them is stored', async (t) => {
  const api = await openApi(t, openTestSqlite);
  const settings = { name: 'relay', host: 'relay.example.com', auth: 'password', username: 'app' };
  const made = await api.ask('POST', '/connections', { body: { ...settings, password: 'correct horse' } });
  assert.equal(made.status, 201, made.text);
  const id = String(made.at('id'));
  assert.equal(new Set(MASKS).size, 12);
  for (const password of MASKS) {
    assert.ok(isMaskedSecret(password));
    const doors = [
      await api.ask('POST', '/connections', { body: { ...settings, name: 'other', password } }),
      await api.ask('PATCH', `/connections/${id}`, { body: { password } }),
      await api.ask('POST', '/connection-tests', { body: { connection: id, settings: { password } } }),
      await api.ask('POST', '/connection-tests', { body: { settings: { ...settings, password } } }),
    ];
    for (const answer of doors) {
      assert.equal(answer.status, 422, answer.text);
      assert.equal(answer.at('code'), 'invalid_request');
      assert.match(String(answer.at('errors[0].path')), /^(?:settings\.)?password$/);
      assert.match(String(answer.at('errors[0].message')), /mask/);
    }
  }
  assert.equal((await api.ask('GET', `/connections/${id}`)).at('revision'), 1);
});
