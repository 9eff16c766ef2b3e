/** Connections on both databases: made, changed, paused, removed, declared by a file, watched; and where secrets go. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../../test/api-scene.ts';
import { drive, FORCED, keyRingFor, NOTHING_PROVED, settingsFor } from '../../test/delivery-scene.ts';
import { createFakeClock, type FakeClock } from '../../test/fake-clock.ts';
import { problemCode } from '../../test/problem-code.ts';
import { startPeer } from '../../test/smtp-peer.ts';
import { forEachStore, openTestPostgres, withoutPostgres, type TestStore } from '../../test/stores.ts';
import { address, mailOf } from '../../test/smtp-scene.ts';
import { systemClock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import { createLog } from '../base/log.ts';
import {
  classifyField,
  connectionPatch,
  connectionSettings,
  SECRET_FIELDS,
  type Config,
  type ConnectionPatch,
  type SmtpSettings,
} from '../config/config.ts';
import { createDialer, instanceEgress } from '../net/net.ts';
import type { KeyRing } from '../secrets/secrets.ts';
import { transaction } from '../store/store.ts';
import { INSTANCE_TENANT_ID as TENANT } from '../tenants/tenants.ts';
import { openConnections, readHealth, type Connections } from './connections.ts';
import { connectionOperations } from './routes.ts';

const SECRET = 'correct horse battery staple';
const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----';
const KEY = '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----';

interface Rig extends AsyncDisposable {
  readonly connections: Connections;
  readonly clock: FakeClock;
  readonly keyRing: KeyRing;
}

async function rig(
  store: TestStore,
  shared: { clock?: FakeClock; keyRing?: KeyRing; db?: TestStore['db'] } = {},
): Promise<Rig> {
  const db = shared.db ?? store.db;
  const clock = shared.clock ?? createFakeClock();
  const keyRing = shared.keyRing ?? (await keyRingFor(db, clock));
  const connections = await openConnections({
    db,
    keyRing,
    clock,
    log: createLog('silent'),
    dialer: createDialer({ clock: systemClock }),
    egressFor: () => instanceEgress(),
    pickupFolders: () => [],
    ...NOTHING_PROVED,
  });
  return { connections, clock, keyRing, [Symbol.asyncDispose]: () => drive(clock, connections.stopAll(0)) };
}

const full = (): Omit<SmtpSettings, 'clientSecret' | 'refreshToken' | 'serviceAccount' | 'proxyPassword'> => {
  const settings = settingsFor('relay', 2525, {
    security: 'starttls',
    auth: 'password',
    username: 'user',
    password: SECRET,
    clientCert: CERTIFICATE,
    clientKey: KEY,
  });
  assert.ok(settings.type === 'smtp');
  return settings;
};

/** Per field another value than `full()` has. A field that is missing here is one that nobody thought about. */
const OTHER: Readonly<Record<string, unknown>> = {
  type: 'mailbox',
  name: 'other-name',
  senders: ['@else.example'],
  priority: 7,
  notes: 'a note',
  host: '127.0.0.2',
  port: 2526,
  security: 'implicit',
  auth: 'anonymous',
  username: 'someone-else',
  password: 'another password',
  allowPlaintextAuth: true,
  ehloName: 'mail.example.com',
  minTls: '1.3',
  verify: false,
  ca: CERTIFICATE,
  clientCert: `${CERTIFICATE}\n${CERTIFICATE}`,
  clientKey: `${KEY}\n`,
  serverName: 'mx.example.com',
  timeouts: { commandMs: 1_234 },
  pool: { connections: 3 },
  rate: { perSecond: 9 },
  tenantId: 'contoso.example',
  clientId: 'another-client',
  clientSecret: 'another secret',
  tokenUrl: 'https://login.example.com/token',
  authorizeUrl: 'https://login.example.com/authorize',
  scopes: ['mail.send'],
  refreshToken: 'another token',
  serviceAccount: '{}',
  secretExpiresOn: '2030-01-31',
  pin: 'ab'.repeat(32),
  ipVersion: '4',
  proxy: 'socks5://proxy.example.com:1080',
  proxyPassword: null,
  // of other kinds of connections
  graphUrl: 'https://graph.example.com',
  folder: '/var/spool/pickup',
};

/** Runs the operation with this id as its owner would. */
async function call(
  connections: Connections,
  id: string,
  params: Record<string, string>,
  body?: unknown,
): Promise<string> {
  const found = connectionOperations(connections, () => readConfig('')).find(
    ({ operationId }) => operationId === id,
  );
  assert.ok(found, id);
  const principal = { tenantId: TENANT, kind: 'live', actorId: 'key_1', permissions: new Set() } as unknown;
  const request = { principal, params, body, query: {}, headers: {} } as Parameters<typeof found.handle>[0];
  const { payload } = await found.handle(request, () => Promise.resolve());
  return typeof payload === 'string' ? payload : '';
}

forEachStore('connections', (open) => {
  test('made, found by id and name, listed, patched field by field, cleared by null, removed', async () => {
    await using store = await open();
    await using it = await rig(store);
    const { connections, clock } = it;
    const changes: (readonly string[])[] = [];
    connections.onChange((ids) => changes.push(ids));
    const made = await connections.create(
      TENANT,
      settingsFor('relay', 2525, { rate: { perSecond: 5, perDay: 100 } }),
      FORCED,
    );
    assert.deepEqual(
      [made.revision, made.paused, made.managedBy, made.createdAt],
      [1, false, 'api', clock.now()],
    );
    assert.equal(connections.find(TENANT, 'relay'), connections.find(TENANT, made.id));
    assert.equal(connections.find('ten_other', 'relay'), undefined);
    assert.equal(connections.byId(made.id)?.name, 'relay');

    const patched = await connections.patch(
      TENANT,
      'relay',
      {
        rate: { perDay: null },
        notes: 'n',
        name: 'renamed',
      },
      FORCED,
    );
    assert.ok(patched.settings.type === 'smtp');
    assert.deepEqual([patched.revision, patched.name, patched.settings.notes], [2, 'renamed', 'n']);
    assert.deepEqual(patched.settings.rate, { perSecond: 5 });
    const cleared = await connections.patch(TENANT, made.id, { notes: null, rate: null }, FORCED);
    assert.ok(cleared.settings.type === 'smtp');
    assert.deepEqual([cleared.settings.notes, cleared.settings.rate], [undefined, {}]);

    await connections.create(TENANT, settingsFor('second', 1), FORCED);
    assert.equal(await problemCode(connections.create(TENANT, settingsFor('second', 1), FORCED)), 'conflict');
    assert.equal(
      await problemCode(connections.patch(TENANT, 'renamed', { name: 'second' }, FORCED)),
      'conflict',
    );
    assert.equal(
      await problemCode(connections.patch(TENANT, 'renamed', { auth: 'password' }, FORCED)),
      'invalid_request',
    );
    assert.equal(await problemCode(connections.patch(TENANT, 'nobody', { notes: 'x' }, FORCED)), 'not_found');

    await connections.remove(TENANT, made.id);
    assert.equal(connections.byId(made.id), undefined);
    assert.equal(await problemCode(connections.remove(TENANT, made.id)), 'not_found');
    assert.deepEqual(
      changes.map((ids) => ids.length),
      [1, 1, 1, 1, 1],
    );
  });

  test('K1: each field that decides where a secret goes asks for the secret again, and no other does', async () => {
    await using store = await open();
    await using it = await rig(store);
    const fields = new Set(connectionSettings.options.flatMap((option) => Object.keys(option.shape)));
    assert.deepEqual(
      [...fields].filter((name) => !(name in OTHER)),
      [],
      'a new field: say here how it changes',
    );
    for (const name of fields) assert.ok(classifyField(name), `${name} is not classified`);
    const [smtp] = connectionSettings.options;
    for (const name of Object.keys(smtp.shape)) {
      const role = classifyField(name);
      const made = await it.connections.create(TENANT, full(), FORCED);
      const patch = (change: Record<string, unknown>): Promise<unknown> =>
        it.connections.patch(
          TENANT,
          made.id,
          connectionPatch.parse({ [name]: OTHER[name], ...change }),
          FORCED,
        );
      const alone = await problemCode(patch({}));
      assert.equal(alone, role === 'destination' ? 'secret_required' : 'none', name);
      if (role === 'destination') {
        assert.deepEqual(it.connections.byId(made.id)?.revision, 1, `${name}: nothing was changed`);
        assert.equal(
          await problemCode(patch({ password: SECRET })),
          name === 'type' ? 'invalid_request' : 'secret_required',
          name,
        );
        const both =
          name === 'type' ? { password: null, clientKey: null } : { password: SECRET, clientKey: KEY };
        assert.equal(await problemCode(patch(both)), 'none', name);
      }
      await it.connections.remove(TENANT, it.connections.byId(made.id)?.id ?? '');
    }
  });

  test('K1: without a stored secret every field may change; a cleared secret is gone', async () => {
    await using store = await open();
    await using it = await rig(store);
    const made = await it.connections.create(TENANT, settingsFor('relay', 1), FORCED);
    await it.connections.patch(TENANT, made.id, { host: '127.0.0.9', port: 9 }, FORCED);
    await it.connections.patch(TENANT, made.id, { password: SECRET }, FORCED);
    assert.equal(
      await problemCode(it.connections.patch(TENANT, made.id, { host: '127.0.0.8' }, FORCED)),
      'secret_required',
    );
    const moved = await it.connections.patch(TENANT, made.id, { host: '127.0.0.8', password: null }, FORCED);
    assert.deepEqual(moved.secrets, {});
    const rows = await store.db
      .tables<{ connection_secrets: { revision_id: string } }>()
      .selectFrom('connection_secrets')
      .select('revision_id')
      .execute();
    assert.equal(rows.length, 1, 'only the revision that had it keeps it');
    assert.notEqual(rows[0]?.revision_id, moved.revisionId);
  });

  test('K2: a mask is no secret', async () => {
    await using store = await open();
    await using it = await rig(store);
    const made = await it.connections.create(TENANT, full(), FORCED);
    for (const mask of ['••••••••', '********']) {
      assert.equal(
        await problemCode(it.connections.patch(TENANT, made.id, { password: mask }, FORCED)),
        'invalid_request',
        mask,
      );
      const asNew = { ...full(), name: 'new', password: mask };
      assert.equal(await problemCode(it.connections.create(TENANT, asNew, FORCED)), 'invalid_request', mask);
    }
    assert.equal(it.connections.byId(made.id)?.revision, 1);
  });

  test('K5: no answer, no object and no row holds a secret in clear', async () => {
    await using store = await open();
    await using it = await rig(store);
    const { connections } = it;
    const answers = [await call(connections, 'createConnection', {}, full())];
    const id = connections.find(TENANT, 'relay')?.id ?? '';
    answers.push(
      await call(connections, 'patchConnection', { id }, { password: `${SECRET}!`, notes: 'n' }),
      await call(connections, 'getConnection', { id }),
      await call(connections, 'listConnections', {}),
      await call(connections, 'pauseConnection', { id }),
      await call(connections, 'resumeConnection', { id }),
      JSON.stringify(connections.everywhere()),
    );
    for (const table of [
      'connections',
      'connection_revisions',
      'connection_secrets',
      'events',
      'data_keys',
    ]) {
      const rows = await store.db.tables<Record<string, object>>().selectFrom(table).selectAll().execute();
      answers.push(JSON.stringify(rows));
    }
    for (const answer of answers) {
      assert.ok(answer.length > 2);
      assert.ok(!answer.includes(SECRET), answer);
      assert.ok(!answer.includes('BEGIN PRIVATE KEY'), answer);
    }
    assert.match(answers[2] ?? '', /"password":\{"set":true,"source":"api","rotatedAt":"20/);
    for (const field of SECRET_FIELDS) {
      const isSet = field === 'password' || field === 'clientKey';
      assert.match(answers[2] ?? '', new RegExp(`"${field}":\\{"set":${String(isSet)}`));
    }
  });

  test('patches at the same time all count, and the line that sends knows the last of them', async () => {
    await using store = await open();
    await using it = await rig(store);
    const made = await it.connections.create(TENANT, settingsFor('relay', 1), FORCED);
    const before = it.connections.channel(made.id);
    const patches: ConnectionPatch[] = [
      { notes: 'n' },
      { priority: 3 },
      { port: 3 },
      { senders: ['@a.example'] },
    ];
    const all = Promise.all([
      ...patches.map((patch) => it.connections.patch(TENANT, made.id, patch, FORCED)),
      it.connections.setPaused(TENANT, made.id, true),
    ]);
    await drive(it.clock, all);
    const now = it.connections.byId(made.id);
    assert.ok(now?.settings.type === 'smtp');
    const { notes, priority, port, senders } = now.settings;
    assert.deepEqual([notes, priority, port, senders, now.paused], ['n', 3, 3, ['@a.example'], true]);
    assert.equal(now.revision, 5);
    assert.notEqual(it.connections.channel(made.id), before);
    assert.equal(it.connections.channel(made.id)?.connection.revision, 5);
  });

  test('pausing touches nothing else and keeps the line', async () => {
    await using store = await open();
    await using it = await rig(store);
    const made = await it.connections.create(TENANT, full(), FORCED);
    const channel = it.connections.channel(made.id);
    const paused = await it.connections.setPaused(TENANT, made.id, true);
    assert.deepEqual([paused.paused, paused.revision], [true, 1]);
    assert.equal(it.connections.channel(made.id), channel);
    assert.deepEqual(paused.settings, made.settings);
  });

  test('declared by a file: made, updated, taken over, removed; not to be changed over the API', async () => {
    await using store = await open();
    await using it = await rig(store);
    const { connections } = it;
    const own = await connections.create(TENANT, { ...full(), name: 'taken' }, FORCED);
    const declare = (...declared: Config['connections']): Promise<void> =>
      connections.declare(TENANT, declared);
    const entry = (name: string, port: number) => {
      const { password: _password, clientKey: _key, ...rest } = full();
      return { ...rest, name, port, password: { kind: 'literal', value: SECRET } } as const;
    };
    await declare(entry('a', 1), entry('taken', 2));
    const [a, taken] = [connections.find(TENANT, 'a'), connections.find(TENANT, 'taken')];
    assert.deepEqual([a?.managedBy, a?.revision, taken?.managedBy, taken?.id], ['file', 1, 'file', own.id]);
    assert.deepEqual(taken?.secrets, {}, 'what was set over the API does not stay');
    assert.ok(taken !== undefined && connections.secretStates(taken).get('password')?.set);
    assert.ok(!JSON.stringify(connections.everywhere()).includes(SECRET));

    for (const work of [
      connections.patch(TENANT, 'a', { notes: 'x' }, FORCED),
      connections.remove(TENANT, 'a'),
    ]) {
      assert.equal(await problemCode(work), 'managed_by_file');
    }
    assert.equal((await connections.setPaused(TENANT, 'a', true)).paused, true, 'pausing is no setting');

    await declare(entry('a', 1), entry('taken', 2));
    assert.equal(connections.find(TENANT, 'a')?.revision, 1, 'the same again is no change');
    assert.equal(connections.find(TENANT, 'a')?.paused, true);
    await declare(entry('a', 5));
    assert.deepEqual(
      [connections.find(TENANT, 'a')?.revision, connections.find(TENANT, 'taken')],
      [2, undefined],
    );
    await declare({ ...entry('a', 5), password: { kind: 'literal', value: 'new' } });
    assert.equal(connections.find(TENANT, 'a')?.revision, 3, 'another secret is a change');
    await declare();
    assert.deepEqual(connections.list(TENANT), []);
  });

  test('R2: a secret of the file is read again after it was refused', async () => {
    await using store = await open();
    await using it = await rig(store);
    const folder = mkdtempSync(join(tmpdir(), 'posthorn-secret-'));
    const path = join(folder, 'password');
    const offered: string[] = [];
    const peer = await startPeer({
      auth: {
        mechanisms: ['PLAIN'],
        next(_mechanism, answers) {
          const password = answers.join().split('\0').at(-1) ?? '';
          offered.push(password);
          return { reply: password === 'right' ? '235 2.7.0 Welcome' : '535 5.7.8 No' };
        },
      },
    });
    writeFileSync(path, 'wrong\n', { mode: 0o600 });
    const { password: _password, clientKey: _key, ...rest } = full();
    const declared = {
      ...rest,
      security: 'none',
      allowPlaintextAuth: true,
      port: peer.port,
      password: { kind: 'file', path },
    } as const;
    await it.connections.declare(TENANT, [declared]);
    const channel = it.connections.channel(it.connections.find(TENANT, 'relay')?.id ?? '');
    assert.ok(channel);
    const refused = await drive(it.clock, channel.send(mailOf({ recipients: [address('a@b.example')] })));
    assert.equal(refused.session?.phase, 'auth');
    channel.breaker.failed({ errorId: 'auth.bad_credentials', detail: '', unusable: true, proven: true });
    writeFileSync(path, 'right\n', { mode: 0o600 });
    const taken = await drive(it.clock, channel.send(mailOf({ recipients: [address('a@b.example')] })));
    assert.equal(taken.results[0]?.kind, 'replied');
    assert.deepEqual(offered, ['wrong', 'right']);
    rmSync(folder, { recursive: true });
    await peer.close();
  });

  test('trouble is known after a restart, and forgotten when the settings change', async () => {
    await using store = await open();
    const clock = createFakeClock();
    await using first = await rig(store, { clock });
    const made = await first.connections.create(TENANT, settingsFor('relay', 1), FORCED);
    const failure = { errorId: 'auth.bad_credentials', detail: '535 no', unusable: true, proven: true };
    first.connections.channel(made.id)?.breaker.failed(failure);
    await drive(clock, first.connections.stopAll(0));
    assert.equal((await readHealth(store.db))[0]?.trouble?.errorId, 'auth.bad_credentials');

    await using second = await rig(store, { clock, keyRing: first.keyRing });
    await second.connections.patch(TENANT, made.id, { notes: 'not even dialled yet' }, FORCED);
    await drive(clock, second.connections.stopAll(0));
    assert.equal((await readHealth(store.db))[0]?.trouble, undefined);

    await using third = await rig(store, { clock, keyRing: first.keyRing });
    const states: string[] = [];
    third.connections.onBreaker((_connection, state) => states.push(state));
    const channel = third.connections.channel(made.id);
    assert.equal(channel?.breaker.state, 'closed');
    channel.breaker.failed(failure);
    clock.advance(5 * 60_000);
    assert.ok(channel.breaker.admit());
    channel.breaker.passed();
    assert.deepEqual(states, ['open', 'half-open', 'closed']);
    await drive(clock, third.connections.stopAll(0));
    assert.equal((await readHealth(store.db))[0]?.trouble, undefined, 'the last word is stored last');
    await using fourth = await rig(store, { clock, keyRing: first.keyRing });
    assert.equal(fourth.connections.channel(made.id)?.breaker.state, 'closed');
  });

  test('what old settings still find out says nothing about the new ones', async () => {
    await using store = await open();
    await using it = await rig(store);
    const made = await it.connections.create(TENANT, settingsFor('relay', 1), FORCED);
    const old = it.connections.channel(made.id);
    const states: string[] = [];
    it.connections.onBreaker((_connection, state) => states.push(state));
    await it.connections.patch(TENANT, made.id, { port: 2 }, FORCED);
    old?.breaker.failed({ errorId: 'x.y', detail: '', unusable: true, proven: true });
    assert.deepEqual(states, []);
    assert.equal(it.connections.channel(made.id)?.breaker.state, 'closed');
    await drive(it.clock, it.connections.stopAll(0));
    assert.equal((await readHealth(store.db))[0]?.trouble, undefined);
  });

  test('settings that a later version stored do not stop this one', async () => {
    await using store = await open();
    {
      await using it = await rig(store);
      await it.connections.create(TENANT, settingsFor('relay', 2525), FORCED);
    }
    const tables = store.db.tables<{ connection_revisions: { settings: string } }>();
    const row = await tables.selectFrom('connection_revisions').select('settings').executeTakeFirstOrThrow();
    const settings = JSON.parse(row.settings) as Record<string, object>;
    const later = { ...settings, shiny: true, pool: { ...settings['pool'], colour: 'blue' } };
    await transaction(store.db, (tx) =>
      tx.dialect.runEach(tx, 'update connection_revisions set settings = $1', [[JSON.stringify(later)]]),
    );
    await using it = await rig(store);
    const found = it.connections.find(TENANT, 'relay');
    assert.deepEqual(found?.settings, settings);
  });

  test('a tenant’s own connections replace the instance’s as one block', async () => {
    await using store = await open();
    await using it = await rig(store);
    const tenantId = newId('ten');
    await transaction(store.db, (tx) =>
      tx.dialect.insertRows(tx, 'tenants', [{ id: tenantId, slug: 'acme', name: 'Acme', created_at: 0 }]),
    );
    const ours = await it.connections.create(TENANT, settingsFor('relay', 1), FORCED);
    assert.deepEqual(it.connections.usableBy(tenantId), [ours]);
    assert.deepEqual(it.connections.list(tenantId), []);
    const theirs = await it.connections.create(tenantId, settingsFor('relay', 2), FORCED);
    assert.deepEqual(it.connections.usableBy(tenantId), [theirs]);
    assert.ok(
      it.connections.isUsableBy(tenantId, theirs.id) && !it.connections.isUsableBy(tenantId, ours.id),
    );
    assert.equal(
      await problemCode(it.connections.patch(tenantId, ours.id, { notes: 'mine' }, FORCED)),
      'not_found',
    );
    assert.equal(await problemCode(it.connections.remove(tenantId, ours.id)), 'not_found');
  });

  test('stopped, nothing is left that would wake up', async () => {
    await using store = await open();
    const it = await rig(store);
    const made = await it.connections.create(TENANT, settingsFor('relay', 1), FORCED);
    it.connections
      .channel(made.id)
      ?.breaker.failed({ errorId: 'x.y', detail: '', unusable: true, proven: true });
    await drive(it.clock, it.connections.stopAll(0));
    await it.clock.run(10_000);
    assert.equal(it.clock.timers(), 0);
  });
});

test('a second node sees what the first one changes', { skip: withoutPostgres }, async () => {
  await using store = await openTestPostgres();
  const clock = createFakeClock();
  await using first = await rig(store, { clock });
  await using second = await rig(store, { clock, keyRing: first.keyRing, db: await store.another() });
  const seen = async (what: string, holds: () => boolean): Promise<void> => {
    const before = clock.monotonic();
    await drive(
      clock,
      (async () => {
        while (!holds()) await new Promise((resolve) => setImmediate(resolve));
      })(),
    );
    assert.ok(clock.monotonic() - before <= 30_000, what);
  };
  const made = await first.connections.create(TENANT, settingsFor('relay', 1), FORCED);
  await seen('made', () => second.connections.find(TENANT, 'relay') !== undefined);
  const channel = second.connections.channel(made.id);
  await first.connections.patch(TENANT, made.id, { port: 2 }, FORCED);
  await seen('patched', () => second.connections.byId(made.id)?.revision === 2);
  assert.notEqual(second.connections.channel(made.id), channel);
  // A stale node patches what it has not seen yet: both changes count.
  await first.connections.patch(TENANT, made.id, { notes: 'from the first' }, FORCED);
  await second.connections.patch(TENANT, made.id, { priority: 9 }, FORCED);
  assert.deepEqual(
    [second.connections.byId(made.id)?.settings.notes, second.connections.byId(made.id)?.settings.priority],
    ['from the first', 9],
  );
  await first.connections.setPaused(TENANT, made.id, true);
  await seen('paused', () => second.connections.byId(made.id)?.paused === true);
  await first.connections.remove(TENANT, made.id);
  await seen('removed', () => second.connections.byId(made.id) === undefined);
});
