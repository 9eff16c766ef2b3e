import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openApi, refusal } from '../../test/api-scene.ts';
import { addressOf, plant, SEED_SCENE } from '../../test/route-seeds.ts';
import { openTestSqlite } from '../../test/stores.ts';
import { ROLES } from './access.ts';

/** `METHOD /path` → permission, and a mark for each role. */
function goldenTable(): Map<string, string[]> {
  const text = readFileSync(new URL('../../../docs/permissions.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `([A-Z]+ \/[^`]*)` *\|(.*)\|$/gm)];
  return new Map(
    rows.map(([, name = '', cells = '']) => [name, cells.split('|').map((cell) => cell.trim())]),
  );
}

test('W4: every operation answers every role as docs/permissions.md says', async (t) => {
  const api = await openApi(t, openTestSqlite, SEED_SCENE);
  const golden = goldenTable();
  const names = api.operations.map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual([...golden.keys()].toSorted(), names.toSorted(), 'run npm run gen');
  await api.ask('POST', '/tenants', { body: { slug: 'acme', name: 'Acme' } });
  const keys: string[] = [];
  for (const role of ROLES)
    keys.push(await api.makeKey({ role, ...(role.startsWith('tenant_') && { tenant: 'acme' }) }));
  let refused = 0;
  for (const operation of api.operations) {
    const [permission, ...marks] = golden.get(`${operation.method} ${operation.path}`) ?? [];
    assert.equal(permission, operation.permission);
    assert.equal(marks.length, ROLES.length);
    const path = addressOf(operation, { params: { id: 'x', slug: 'x', revision: '1' } });
    for (const [at, role] of ROLES.entries()) {
      const answer = await api.ask(operation.method, path, { key: keys[at] ?? '' });
      const why = answer.status === 403 ? String(answer.at('detail')) : '';
      const may = !why.startsWith(`The role ${role} does not include`);
      assert.equal(may, marks[at] === '✓', `${role} ${operation.method} ${operation.path}: ${answer.text}`);
      if (!may) refused += 1;
    }
    if (permission === 'public') continue;
    for (const key of [null, 'ph_live_x', `${keys[0] ?? ''}x`])
      refusal(await api.ask(operation.method, path, { key }), 401, 'unauthorized');
  }
  assert.ok(refused > 100);
});

test('W4: what only its recipient should see needs a role and a reason, and is recorded', async (t) => {
  const toml = `${SEED_SCENE.toml ?? ''}[delivery]\nmode = "live"\n`;
  const api = await openApi(t, openTestSqlite, { ...SEED_SCENE, toml });
  const acme = await plant(api, 'acme');
  const shown = await acme.must('GET', `/verifications/${acme.ids.verification}`);
  const path = `/messages/${String(shown.at('messageId'))}/source`;
  const entries = async () =>
    (await acme.must('GET', '/audit?operation=getMessageSource')).at('items') as { reason: string }[];
  const headers = { 'posthorn-tenant': 'acme' };
  const as = (role: string) =>
    ROLES.filter((one) => one === role).map((one) =>
      role.startsWith('tenant_') ? api.makeKey({ tenant: 'acme', role: one }) : api.makeKey({ role: one }),
    )[0];
  for (const role of ROLES) {
    const asking = { key: (await as(role)) ?? '', ...(!role.startsWith('tenant_') && { headers }) };
    refusal(await api.ask('GET', path, asking), 403, 'forbidden');
    assert.equal((await entries()).length, 0);
    const answer = await api.ask('GET', `${path}?reason=a%20complaint`, asking);
    if (!['instance_admin', 'operator', 'tenant_admin'].includes(role)) {
      refusal(answer, 403, 'forbidden');
      continue;
    }
    assert.equal(answer.status, 200, `${role} ${answer.text}`);
    assert.match(answer.text, /Your code: \d{6}/);
    assert.deepEqual(
      (await entries()).map(({ reason }) => reason),
      ['a complaint'],
    );
    await api.db.tables<{ audit_log: object }>().deleteFrom('audit_log').execute();
  }
  assert.equal((await api.ask('GET', `${path}?reason=`, { key: acme.key })).status, 422);
});
