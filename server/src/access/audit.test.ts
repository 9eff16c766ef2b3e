import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApi, refusal, type Api } from '../../test/api-scene.ts';
import { addressOf, plant, SEED_SCENE, seedOf, type Planted } from '../../test/route-seeds.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import type { Operation } from '../http/http.ts';
import type { Db } from '../store/store.ts';
import type { AuditRow } from './audit-queries.ts';

interface Tables {
  audit_log: AuditRow;
  audit_heads: { tenant_id: string; seq: number; hash: string };
}

const rows = (db: Db) => db.tables<Tables>().selectFrom('audit_log').selectAll().orderBy('id').execute(); // ids sort by time, over all chains

/** The operation's seed, asked for by somebody who may everything, in the tenant. */
async function askSeed(api: Api, tenant: Planted, operation: Operation) {
  const seed = await seedOf(operation.operationId)(tenant);
  const before = (await rows(api.db)).length;
  const answer = await api.ask(operation.method, addressOf(operation, seed), {
    key: operation.permission === 'public' || seed.headers?.['cookie'] !== undefined ? null : api.key,
    headers: {
      ...seed.headers,
      ...(operation.permission !== 'public' && { 'posthorn-tenant': tenant.slug }),
    },
    ...(seed.body !== undefined && { body: seed.body }),
  });
  const success = seed.status === undefined ? answer.status < 300 : answer.status === seed.status;
  assert.ok(success, `${operation.operationId}: ${String(answer.status)} ${answer.text}`);
  return { answer, entries: (await rows(api.db)).slice(before) };
}

test('W6: every operation that changes something leaves exactly one entry, or says why it has its own record', async (t) => {
  const api = await openApi(t, openTestSqlite, SEED_SCENE);
  const tenant = await plant(api, 'acme');
  const recorded: string[] = [];
  for (const operation of api.operations) {
    const { entries } = await askSeed(api, tenant, operation);
    const audited = operation.method !== 'GET' && operation.audit !== 'none';
    assert.equal(entries.length, audited ? 1 : 0, operation.operationId);
    const [entry] = entries;
    if (entry === undefined) continue;
    recorded.push(operation.operationId);
    // The own account is the same in every tenant, and kept by the instance.
    const keptBy = operation.permission === 'account' ? INSTANCE_TENANT_ID : tenant.tenantId;
    assert.deepEqual([entry.operation, entry.tenant_id], [operation.operationId, keptBy]);
    const { thing } = operation.audit as { thing: string };
    assert.equal(entry.thing_type, thing);
    if (!['settings', 'session'].includes(thing))
      assert.match(String(entry.thing_id), /^(?:key|con|ten|usr|inv|snd)_/, operation.operationId);
    const told = JSON.parse(entry.changes) as { path: string }[];
    const same = ['pauseConnection', 'resumeConnection', 'connectConnection', 'disconnectConnection'].concat(
      ['changePassword', 'changeEmail', 'beginTotp', 'renewRecoveryCodes', 'endOtherSessions', 'endSession'],
      ['resendInvitation', 'checkSender'],
    );
    if (!same.includes(operation.operationId)) assert.ok(told.length > 0, operation.operationId);
  }
  assert.ok(recorded.length >= 16, recorded.join());
  const all = await api.ask('POST', '/audit/verify', { headers: { 'posthorn-tenant': 'acme' } });
  assert.equal(all.at('ok'), true);

  const text = JSON.stringify(await rows(api.db));
  assert.ok(text.includes(tenant.canary), 'what is no secret is told');
  for (const secret of [tenant.secret, api.key.slice(-43), tenant.key.slice(-43)])
    for (const spelling of [secret, Buffer.from(secret).toString('base64').slice(0, -4)])
      assert.equal(text.includes(spelling), false, 'K5: no secret is in an entry');
  assert.equal(/ph_(?:live|test)_/.test(text), false, 'no key is in an entry');
});

forEachStore('the audit log', (open) => {
  test('W6: an entry tells who, what, when, from where, what was different and why; secrets only that', async (t) => {
    const api = await openApi(t, open, SEED_SCENE);
    const acme = await plant(api, 'acme');
    const id = acme.ids.connection;
    const headers = { 'user-agent': 'posthorn-cli' };
    const change = { notes: 'after', password: `${acme.secret}-other` };
    const path = `/connections/${id}?force=true&reason=because`;
    const changed = await api.ask('PATCH', path, { key: acme.key, headers, body: change });
    assert.equal(changed.status, 200, changed.text);
    const list = await api.ask('GET', '/audit?operation=patchConnection', { key: acme.key });
    assert.equal((list.at('items') as object[]).length, 1);
    const entry = list.at('items[0]') as Record<string, unknown>;
    assert.deepEqual(entry['thing'], { type: 'connection', id });
    assert.equal(entry['reason'], 'because');
    assert.deepEqual(
      [entry['via'], entry['address'], entry['userAgent']],
      ['cli', '127.0.0.1', 'posthorn-cli'],
    );
    const { actor } = entry as { actor: Record<string, unknown> };
    assert.deepEqual([actor['name'], actor['kind'], actor['ofInstance']], [acme.canary, 'key', false]);
    const changes = entry['changes'] as { path: string }[];
    assert.deepEqual(
      changes.find((one) => one.path === 'notes'),
      { path: 'notes', before: acme.canary, after: 'after' },
    );
    assert.deepEqual(
      changes.find((one) => one.path === 'password'),
      { path: 'password', changed: true },
    );
    const one = await api.ask('GET', `/audit/${String(entry['id'])}`, { key: acme.key });
    assert.deepEqual(one.at(), entry);
  });

  test('W6: what is refused leaves no entry', async (t) => {
    const api = await openApi(t, open, SEED_SCENE);
    const acme = await plant(api, 'acme');
    const viewer = await api.makeKey({ tenant: 'acme', role: 'tenant_viewer' });
    const before = (await rows(api.db)).length;
    const at = `/connections/${acme.ids.connection}`;
    const refused = [
      await api.ask('PATCH', at, { key: acme.key, body: { nope: 1 } }),
      await api.ask('PATCH', at, { key: viewer, body: { notes: 'x' } }),
      await api.ask('PATCH', at, { key: 'none', body: { notes: 'x' } }),
      await api.ask('DELETE', '/connections/con_none', { key: acme.key }),
      await api.ask('POST', `${at}/activate`, { key: acme.key, body: { revision: 9 } }),
      await api.ask('PATCH', '/settings', { key: acme.key, body: { delivery: { mode: 'live' } } }),
      await api.ask('POST', '/keys', { key: acme.key, body: { name: 'x', role: 'instance_admin' } }),
    ];
    for (const { status, text } of refused) assert.ok(status >= 400, text);
    assert.equal((await rows(api.db)).length, before);
  });

  test('W6: one row that was edited, taken out, put in or moved is found; also when it is the last', async (t) => {
    const api = await openApi(t, open, SEED_SCENE);
    const acme = await plant(api, 'acme');
    await plant(api, 'other');
    const verify = async () => (await api.ask('POST', '/audit/verify', { key: acme.key })).at();
    const good = (await verify()) as { ok: boolean; checked: number; head: { seq: number } };
    assert.ok(good.ok && good.checked >= 3 && good.head.seq === good.checked);
    const mine = (await rows(api.db)).filter((row) => row.tenant_id === acme.tenantId);
    const table = () => api.db.tables<Tables>();
    const put = async (row: AuditRow) => {
      await table().deleteFrom('audit_log').where('id', '=', row.id).execute();
      await table().insertInto('audit_log').values(row).execute();
    };
    for (const row of mine) {
      for (const [field, value] of Object.entries({
        ...{ at: row.at + 1, actor_id: 'key_x', actor_name: 'x', address: null, agent: 'x', via: 'page' },
        ...{
          operation: 'x',
          thing_type: 'x',
          thing_id: 'x',
          changes: '[]x',
          reason: 'x',
          hash: 'f'.repeat(64),
        },
      })) {
        await put({ ...row, [field]: value });
        const found = (await verify()) as { ok: boolean; checked: number; brokenAt: number };
        assert.deepEqual([found.ok, found.brokenAt], [false, row.seq], field);
      }
      await table().deleteFrom('audit_log').where('id', '=', row.id).execute();
      assert.equal(((await verify()) as { brokenAt: number }).brokenAt, row.seq, 'taken out');
      await put(row);
    }
    const last = mine.at(-1);
    assert.ok(last);
    await put({ ...last, id: `${last.id.slice(0, -1)}x`, seq: last.seq + 1 });
    await table()
      .updateTable('audit_heads')
      .set({ seq: last.seq + 1 })
      .execute();
    assert.equal(((await verify()) as { ok: boolean }).ok, false, 'put in');
  });

  test('W6: changes at the same time make one chain', async (t) => {
    const api = await openApi(t, open, SEED_SCENE);
    const acme = await plant(api, 'acme');
    const before = (await rows(api.db)).length;
    const body = { name: 'n', role: 'tenant_viewer', kind: 'test' };
    const made = await Promise.all(Array.from({ length: 40 }, () => acme.must('POST', '/keys', body)));
    assert.equal((await rows(api.db)).length, before + made.length);
    assert.equal((await acme.must('POST', '/audit/verify')).at('ok'), true);
  });

  test('the log is filtered, goes a page at a time, and is exported whole and in order', async (t) => {
    const api = await openApi(t, open, SEED_SCENE);
    const acme = await plant(api, 'acme');
    for (let n = 0; n < 5; n += 1)
      await acme.must('POST', '/keys', { name: `k${String(n)}`, role: 'tenant_viewer', kind: 'test' });
    const ids = async (query: string) =>
      ((await acme.must('GET', `/audit${query}`)).at('items') as { id: string }[]).map(({ id }) => id);
    const all = await ids('');
    const page = await acme.must('GET', '/audit?limit=3');
    const rest = await ids(`?cursor=${String(page.at('next'))}`);
    assert.deepEqual([...(page.at('items') as { id: string }[]).map(({ id }) => id), ...rest], all);
    assert.deepEqual(all, all.toSorted().toReversed());
    const exported = await api.ask('GET', '/audit/export', { key: acme.key });
    assert.match(String(exported.headers['content-type']), /ndjson/);
    const read = exported.text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id);
    assert.deepEqual(read, all.toReversed());
    assert.equal((await ids('?operation=createKey')).length, 6);
    assert.equal((await ids('?thing=connection')).length, 1);
    assert.equal((await ids(`?thing=${acme.ids.connection}`)).length, 1);
    assert.equal((await ids('?since=2999-01-01T00:00:00Z')).length, 0);
    assert.equal((await ids('?until=2999-01-01T00:00:00Z')).length, all.length);
    assert.equal((await ids('?actor=key_nobody')).length, 0);
  });

  test('W3: a tenant reads its own log only, and is not told who of the instance acted in it', async (t) => {
    const api = await openApi(t, open, SEED_SCENE);
    const acme = await plant(api, 'acme');
    const headers = { 'posthorn-tenant': 'acme', 'user-agent': 'ops/1' };
    const body = { sender: { name: 'by the instance' } };
    assert.equal((await api.ask('PATCH', '/settings', { headers, body })).status, 200);
    const theirs = await acme.must('GET', '/audit?limit=1');
    const actor = theirs.at('items[0].actor');
    assert.deepEqual(actor, { id: null, name: 'the instance', kind: 'key', ofInstance: true });
    assert.deepEqual([theirs.at('items[0].address'), theirs.at('items[0].userAgent')], [null, null]);
    const ours = await api.ask('GET', '/audit?limit=1', { headers });
    assert.equal(ours.at('items[0].userAgent'), 'ops/1');
    const ourId = String(ours.at('items[0].actor.id'));
    assert.deepEqual((await acme.must('GET', `/audit?actor=${ourId}`)).at('items'), []);
    const own = await api.ask('GET', '/audit');
    assert.ok(!own.text.includes('by the instance'));
    refusal(await api.ask('GET', `/audit/${acme.ids.entry}`), 404, 'not_found');
  });
});

test('W6: a change whose entry cannot be written stands, and the log has the entry', async (t) => {
  const api = await openApi(t, openTestSqlite, SEED_SCENE);
  await api.db.tables<Tables>().schema.dropTable('audit_heads').execute();
  const made = await api.ask('POST', '/keys', { body: { name: 'made', role: 'auditor' } });
  assert.equal(made.status, 201, made.text);
  const line = api.log.find((one) => one.includes('could not be recorded')) ?? '';
  assert.match(line, /"operation":"createKey"/);
  assert.ok(line.includes(String(made.at('id'))));
  assert.ok(!line.includes(String(made.at('key')).slice(-43)));
});
