/** Suspending, deleting, restoring and removing tenants, over the API and on the schema. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldErrors, openApi, openNode, refusal, relayToml, type Api } from '../../test/api-scene.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';
import { someMasterKey } from '../../test/delivery-scene.ts';
import { startPeer, type PeerMessage } from '../../test/smtp-peer.ts';
import { createLog } from '../base/log.ts';
import { TENANT_TABLES } from '../store/store.ts';
import { findTenantBySlug, purgeTenants, TENANT_MOVES, TENANT_STATES } from './tenants.ts';

const DAY_MS = 86_400_000;
const HELLO = { from: 'app@example.com', to: ['ana@example.net'], subject: 's', text: 't' };

/** A tenant that may send as anybody, with a key of its own. */
async function withTenant(api: Api, slug = 'acme') {
  const made = await api.ask('POST', '/tenants', { body: { slug, name: slug } });
  assert.equal(made.status, 201, made.text);
  await api.allow(slug);
  const headers = { 'posthorn-tenant': slug };
  return { key: await api.makeKey({ tenant: slug }), inside: { headers } };
}

const suspend = (api: Api, reason = 'unpaid') =>
  api.ask('POST', '/tenants/acme/suspend', { body: { reason } });

forEachStore('the life of a tenant', (open) => {
  test('every move of the table is made over the API, and no other', async (t) => {
    const clock = createFakeClock();
    const api = await openApi(t, open, { clock, working: false });
    await withTenant(api);
    const state = async () => (await api.ask('GET', '/tenants/acme')).at('state');
    const act = (verb: string) =>
      verb === 'delete'
        ? api.ask('DELETE', '/tenants/acme')
        : api.ask('POST', `/tenants/acme/${verb}`, verb === 'suspend' ? { body: { reason: 'why' } } : {});

    assert.equal(await state(), 'active');
    refusal(await act('restore'), 409, 'conflict');
    assert.equal((await act('resume')).at('state'), 'active', 'nothing to do is no fault');
    const suspended = await act('suspend');
    assert.deepEqual([suspended.at('state'), suspended.at('stateReason')], ['suspended', 'why']);
    assert.equal((await suspend(api, 'other')).at('stateReason'), 'other');
    const deleted = await act('delete');
    assert.equal(deleted.at('state'), 'deleted');
    assert.equal(
      Date.parse(String(deleted.at('goneAt'))) - Date.parse(String(deleted.at('deletedAt'))),
      30 * DAY_MS,
    );
    for (const verb of ['suspend', 'resume']) refusal(await act(verb), 409, 'conflict');
    clock.advance(DAY_MS);
    assert.equal((await act('delete')).at('goneAt'), deleted.at('goneAt'), 'no second grace period');
    assert.equal((await act('restore')).at('state'), 'suspended', 'as it was before');
    assert.equal((await act('resume')).at('state'), 'active');
    await act('delete');
    const back = await act('restore');
    assert.deepEqual([back.at('state'), back.at('goneAt'), back.at('deletedAt')], ['active', null, null]);
    await act('delete');
    clock.advance(30 * DAY_MS);
    assert.match(refusal(await act('restore'), 409, 'conflict'), /grace period .* is over/);
  });

  test('tenants are listed by state; who may do what is refused by role; the file decides its own', async (t) => {
    const toml = '[[tenants]]\nslug = "filed"\n';
    const api = await openApi(t, open, { toml, working: false });
    const acme = await withTenant(api);
    await withTenant(api, 'other');
    await suspend(api);
    const listed = async (query: string) => {
      const answer = await api.ask('GET', `/tenants${query}`);
      return (answer.at('items') as { slug: string }[]).map(({ slug }) => slug).sort();
    };
    assert.deepEqual(await listed('?state=suspended'), ['acme']);
    assert.deepEqual(await listed('?state=active'), ['filed', 'other']);
    assert.match(fieldErrors(await api.ask('GET', '/tenants?state=odd')).join(), /^\?state must be one of/);
    const operator = await api.makeKey({ role: 'operator' });
    const other = await api.makeKey({ tenant: 'other' });
    for (const key of [operator, other]) {
      for (const path of ['suspend', 'resume', 'restore'])
        refusal(
          await api.ask('POST', `/tenants/acme/${path}`, {
            key,
            ...(path === 'suspend' && { body: { reason: 'x' } }),
          }),
          403,
          'forbidden',
        );
      refusal(await api.ask('DELETE', '/tenants/acme', { key }), 403, 'forbidden');
    }
    refusal(await api.ask('DELETE', '/tenants/acme', acme), 403, 'tenant_suspended');
    refusal(await api.ask('DELETE', '/tenants/filed'), 409, 'managed_by_file');
    refusal(
      await api.ask('POST', '/tenants/filed/suspend', { body: { reason: 'x' } }),
      409,
      'managed_by_file',
    );
    for (const slug of ['instance', 'nobody']) {
      refusal(await api.ask('DELETE', `/tenants/${slug}`), 404, 'not_found');
      refusal(await api.ask('POST', `/tenants/${slug}/resume`), 404, 'not_found');
    }
    for (const [body, path] of [
      [{}, /^reason /],
      [{ reason: '' }, /^reason must be/],
      [{ reason: 'two\nlines' }, /^reason must be/],
      [{ reason: 'x'.repeat(501) }, /^reason must be/],
      [{ reason: 'x', until: 1 }, /^until /],
    ] as const)
      assert.match(fieldErrors(await api.ask('POST', '/tenants/acme/suspend', { body })).join(), path);
  });

  test('within a second every node refuses the keys of a suspended tenant; the instance may look and not send', async (t) => {
    const clock = createFakeClock();
    const store = await open();
    t.after(() => store.close());
    const masterKey = await someMasterKey();
    const options = { clock, working: false, masterKey };
    const one = await openNode(store.db, options);
    t.after(() => one.close());
    const two = await openNode(await store.another(), options);
    t.after(() => two.close());
    const { key, inside } = await withTenant(one);
    const id = await one.send(HELLO, { key });
    assert.equal((await two.ask('GET', `/messages/${id}`, { key })).status, 200);
    await suspend(one);
    clock.advance(1_000);
    for (const node of [one, two]) {
      const admin = { key: one.key, ...inside };
      refusal(await node.ask('GET', `/messages/${id}`, { key }), 403, 'tenant_suspended');
      refusal(await node.ask('POST', '/messages', { key, body: HELLO }), 403, 'tenant_suspended');
      assert.equal((await node.ask('GET', `/messages/${id}`, admin)).status, 200);
      refusal(await node.ask('POST', '/messages', { ...admin, body: HELLO }), 403, 'tenant_suspended');
      refusal(
        await node.ask('POST', '/messages/batch', { ...admin, body: { messages: [HELLO] } }),
        403,
        'tenant_suspended',
      );
      refusal(
        await node.ask('POST', `/messages/${id}/resend`, { ...admin, body: {} }),
        403,
        'tenant_suspended',
      );
    }
    await one.ask('DELETE', '/tenants/acme');
    clock.advance(1_000);
    for (const node of [one, two]) {
      refusal(await node.ask('GET', `/messages/${id}`, { key }), 401, 'unauthorized');
      refusal(
        await node.ask('POST', '/messages', { key: one.key, ...inside, body: HELLO }),
        403,
        'tenant_suspended',
      );
    }
    await one.ask('POST', '/tenants/acme/restore');
    await one.ask('POST', '/tenants/acme/resume');
    clock.advance(1_000);
    for (const node of [one, two])
      assert.equal((await node.ask('GET', `/messages/${id}`, { key })).status, 200);
  });

  test('a tenant that is gone leaves no row and frees its slug; others stay whole', async (t) => {
    const clock = createFakeClock();
    const api = await openApi(t, open, { clock, working: false });
    const tables = await tenantTables(api);
    assert.deepEqual(
      tables,
      [...TENANT_TABLES].sort(),
      'every table with a tenant_id is named in tenant-rows.ts',
    );
    const tenants: Awaited<ReturnType<typeof fill>>[] = [];
    for (const slug of ['acme', 'other']) tenants.push(await fill(api, slug));
    const [acme, other] = tenants;
    assert.ok(acme && other);
    const before = await counts(api, tables, other.id);
    const log = createLog('silent');
    const goneAfter = await api.ask('DELETE', '/tenants/acme');
    clock.advance(30 * DAY_MS - 1);
    assert.equal(await purgeTenants({ db: api.db, clock, log }, []), 0, 'not before its time');
    clock.advance(1);
    assert.equal(await purgeTenants({ db: api.db, clock, log }, ['acme']), 0, 'the file names it');
    assert.equal(await purgeTenants({ db: api.db, clock, log }, []), 1, goneAfter.text);
    for (const [table, count] of Object.entries(await counts(api, tables, acme.id)))
      assert.equal(count, 0, table);
    assert.deepEqual(await counts(api, tables, other.id), before);
    assert.equal(await contents(api), 1, "the other's message has its content still");
    refusal(await api.ask('GET', '/tenants/acme'), 404, 'not_found');
    assert.equal((await api.ask('POST', '/tenants', { body: { slug: 'acme', name: 'New' } })).status, 201);
    assert.notEqual((await findTenantBySlug(api.db, 'acme'))?.id, acme.id);
  });
});

test('Q6: what waits while its tenant is suspended is held, and goes out once after the resume', async (t) => {
  const peer = await startPeer();
  t.after(() => peer.close());
  const api = await openApi(t, openTestSqlite, { toml: relayToml(peer.port) });
  const { key, inside } = await withTenant(api);
  const sending = Array.from({ length: 40 }, (_, at) =>
    api.ask('POST', '/messages', { key, body: { ...HELLO, subject: `load ${String(at)}` } }),
  );
  const stopping = suspend(api);
  const answers = await Promise.all(sending);
  await stopping;
  for (const answer of answers) assert.ok([202, 403].includes(answer.status), answer.text);

  await api.ask('POST', '/tenants/acme/resume');
  await api.ask('POST', '/connections/relay/pause'); // so that what is accepted now waits
  const late = await api.send({ ...HELLO, subject: 'late' }, { key });
  const short = await api.send({ ...HELLO, subject: 'short', expiresAt: soon(1_500) }, { key });
  const other = await api.send({ ...HELLO, subject: 'instance' });
  await suspend(api);
  await api.ask('POST', '/connections/relay/resume');
  const because = (shown: { at(path: string): unknown }) => shown.at('recipients[0].errorId');
  const held = await api.until(late, (shown) => because(shown) === 'route.tenant_suspended', inside);
  assert.equal(held.at('state'), 'held');
  assert.match(String(held.at('recipients[0].errorTitle')), /suspended/);
  await api.reaches(short, 'expired', inside);
  await api.reaches(other, 'accepted');
  assert.equal(timesSent(peer.messages, 'late'), 0);
  await api.ask('POST', '/tenants/acme/resume');
  const ids = answers.flatMap((answer) => (answer.status === 202 ? [String(answer.at('id'))] : []));
  for (const id of [late, ...ids]) await api.reaches(id, 'accepted', inside);
  assert.equal(timesSent(peer.messages, 'late'), 1);
  assert.equal(timesSent(peer.messages, 'short'), 0);
  for (const [at, answer] of answers.entries())
    assert.equal(timesSent(peer.messages, `load ${String(at)}`), answer.status === 202 ? 1 : 0);
});

test('the states and their moves fit together', () => {
  const states = Object.keys(TENANT_STATES);
  for (const { from, to } of TENANT_MOVES)
    assert.ok([...states, 'none'].includes(from) && [...states, 'gone'].includes(to), `${from} → ${to}`);
});

function soon(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}

function timesSent(messages: readonly PeerMessage[], subject: string): number {
  return messages.filter(({ wire }) => wire.includes(`Subject: ${subject}\r\n`)).length;
}

type Rows = Record<string, Record<string, unknown>>;

async function tenantTables(api: Api): Promise<string[]> {
  const found = await api.db.tables<Rows>().introspection.getTables();
  return found
    .filter(({ columns }) => columns.some(({ name }) => name === 'tenant_id'))
    .map(({ name }) => name)
    .sort();
}

async function counts(
  api: Api,
  tables: readonly string[],
  tenantId: string,
): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const table of tables) {
    const rows = await api.db
      .tables<Rows>()
      .selectFrom(table)
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .execute();
    found[table] = rows.length;
  }
  return found;
}

async function contents(api: Api): Promise<number> {
  return (await api.db.tables<Rows>().selectFrom('message_content').selectAll().execute()).length;
}

/** A tenant with a row in every table. */
async function fill(api: Api, slug: string): Promise<{ id: string }> {
  const { key, inside } = await withTenant(api, slug);
  const id = (await findTenantBySlug(api.db, slug))?.id ?? '';
  const ask = async (path: string, body: unknown, headers = {}) => {
    const answer = await api.ask('POST', path, { key, body, headers });
    assert.ok(answer.status < 300, answer.text);
    return answer;
  };
  const url = 'https://app.example.com/{token}';
  const set = await api.ask('PATCH', '/settings', {
    ...inside,
    body: { flows: { activation: { url } } },
  });
  assert.equal(set.status, 200, set.text);
  await ask('/messages', { ...HELLO, tags: ['a'] }, { 'idempotency-key': 'one' });
  const connection = await ask('/connections', {
    ...{ name: 'own', type: 'smtp', host: 'relay.example.com', auth: 'password', username: 'u' },
    password: 'secret',
  });
  // What a membership refers to.
  await api.db
    .tables<Rows>()
    .insertInto('people')
    .values({
      ...{
        id: `${slug} person_id`,
        email: slug,
        email_key: slug,
        name: slug,
        state: 'active',
        created_at: 1,
      },
    })
    .execute();
  const all = await api.db.tables<Rows>().introspection.getTables();
  for (const [table, rows] of Object.entries(await counts(api, await tenantTables(api), id))) {
    if (rows > 0) continue;
    const columns =
      all.find(({ name }) => name === table)?.columns.filter(({ isNullable }) => !isNullable) ?? [];
    const row = columns.map(({ name, dataType }) => [name, /int/.test(dataType) ? 1 : `${slug} ${name}`]);
    await api.db
      .tables<Rows>()
      .insertInto(table)
      .values({
        ...Object.fromEntries(row),
        tenant_id: id,
        ...NOT_ANY[table],
        ...reference(columns, connection.at('id')),
      })
      .execute();
  }
  return { id };
}

/** Of tables whose CHECK takes not any value. */
const NOT_ANY: Rows = {
  connection_tests: { status: 'passed', ended_at: 1 },
  sender_claims: { state: 'pending' },
  verifications: { state: 'pending', audience: 'application', landing: 'caller', asked_by: 'caller' },
  invitations: { state: 'pending' },
};

function reference(columns: readonly { readonly name: string }[], id: unknown): Record<string, unknown> {
  return columns.some(({ name }) => name === 'connection_id') ? { connection_id: id } : {};
}
