import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { caller } from '../../test/caller.ts';
import { createAuthenticate } from '../access/access.ts';
import { systemClock } from '../base/clock.ts';
import { createKeyRing, createMasterKey } from '../secrets/secrets.ts';
import { openStore, type Db } from '../store/store.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import {
  checkConfig,
  createKeyLocally,
  verifyAuditLocally,
  doctor,
  explainConfig,
  OperatorRefused,
  type DoctorCheck,
  type Place,
} from './operator.ts';

const ROOM = '[storage]\nmin_free_bytes = 0\nmin_free_percent = 0\n';
const LIVE = `${ROOM}[delivery]\nmode = "live"\n`;
const RELAY = '[[connections]]\nname = "relay"\nhost = "relay.example"\n';

type FullPlace = Place & { readonly folder: string; readonly data: string };

function newPlace(t: TestContext, toml: string): FullPlace {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-place-'));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const config = join(folder, 'posthorn.toml');
  writeFileSync(config, toml, { mode: 0o600 });
  return { folder, config, data: join(folder, 'data'), env: {} };
}

async function visit<T>(place: FullPlace, serve: boolean, work: (db: Db) => Promise<T>): Promise<T> {
  const url = `sqlite:${join(place.data, 'posthorn.db')}`;
  const store = await openStore({ url, serve, onBroken: () => undefined });
  try {
    return await work(store.db);
  } finally {
    await store.close();
  }
}

/** Makes the place look as after a first start in which a secret was stored. */
async function settle(place: FullPlace): Promise<void> {
  await visit(place, false, async (db) => {
    const made = await createMasterKey(join(place.data, 'master.key'));
    assert.ok(made.ok);
    const keyRing = createKeyRing({ db, masterKey: made.masterKey, clock: systemClock });
    const binding = {
      tenantId: INSTANCE_TENANT_ID,
      ownerId: 'con_1',
      field: 'password',
      destination: {},
    };
    await keyRing.seal(binding, 'secret');
  });
}

/** As the server stores one; answers the tables. */
async function addConnection(db: Db, name: string, managed_by: 'api' | 'file', settings: string) {
  const tables = db.tables<Record<'connections' | 'connection_revisions' | 'connection_secrets', object>>();
  const connection = { id: 'con_1', tenant_id: INSTANCE_TENANT_ID, name, managed_by, paused: 0 };
  await tables
    .insertInto('connections')
    .values({ ...connection, created_at: 1, updated_at: 1 })
    .execute();
  const revision = { id: 'rev_1', connection_id: 'con_1', number: 1, state: 'active', settings };
  await tables
    .insertInto('connection_revisions')
    .values({ ...revision, origin: 'saved', created_at: 1, created_by: 'key_1' })
    .execute();
  return tables;
}

async function checksOf(place: Place): Promise<Record<string, DoctorCheck>> {
  const { groups } = await doctor(place);
  return Object.fromEntries(groups.flatMap(({ checks }) => checks.map((check) => [check.name, check])));
}

test('doctor: a healthy place has no problem and no warning', async (t) => {
  const place = newPlace(t, `${LIVE}${RELAY}`);
  await settle(place);
  await visit(place, true, async (db) => {
    await addConnection(db, 'relay', 'file', '{"type":"mailbox","name":"relay","senders":[],"priority":100}');
  });
  const { groups } = await doctor(place);
  assert.deepEqual(
    groups.map(({ title }) => title),
    ['Configuration', 'Storage', 'Secrets', 'Delivery'],
  );
  for (const check of groups.flatMap(({ checks }) => checks))
    assert.equal(check.status, 'ok', JSON.stringify(check));
});

test('doctor: on a place that was never started it makes nothing', async (t) => {
  const place = newPlace(t, ROOM);
  const checks = await checksOf(place);
  assert.equal(checks['database']?.status, 'warning');
  assert.match(checks['database']?.detail ?? '', /is not there yet; the first start makes it/);
  assert.equal(existsSync(place.data), false);
});

test('doctor: a misconfigured place has every reason with its line', async (t) => {
  const place = newPlace(t, '[delivery]\nmode = "loud"\n[log]\nlevel = "all"\n');
  const { groups } = await doctor(place);
  const found = groups.flatMap(({ checks }) => checks);
  assert.deepEqual(
    found.map(({ status }) => status),
    ['problem', 'problem'],
  );
  assert.match(found[0]?.detail ?? '', /posthorn\.toml:2:\d+/);
  assert.match(found[1]?.detail ?? '', /posthorn\.toml:4:\d+/);
});

test('doctor: a full disk, no way out, a lost and a wrong key are problems', async (t) => {
  const place = newPlace(t, '[delivery]\nmode = "live"\n[storage]\nmin_free_bytes = 9000000000000000\n');
  await settle(place);
  const checks = await checksOf(place);
  assert.match(checks['disk']?.detail ?? '', /new mail is refused/);
  assert.equal(checks['connections']?.status, 'problem');
  assert.equal(checks['master key']?.status, 'ok');
  const keyFile = join(place.data, 'master.key');
  rmSync(keyFile);
  assert.deepEqual([(await checksOf(place))['master key']?.status, existsSync(keyFile)], ['problem', false]);
  await createMasterKey(keyFile);
  const wrong = (await checksOf(place))['master key'];
  assert.equal(wrong?.status, 'problem');
  assert.match(wrong.detail, /sealed under the master key/);
  assert.match(wrong.fix ?? '', /put the right key file back/);
});

test('doctor: of an old key file that is missing it is that file that is told', async (t) => {
  const place = newPlace(t, '[secrets]\nprevious_key_files = ["/nowhere/old.key"]\n');
  await createMasterKey(join(place.data, 'master.key'));
  await settle(place).catch(() => undefined); // it does not start so
  const key = (await checksOf(place))['master key'];
  assert.equal(key?.status, 'problem');
  assert.match(key.detail, /no master key file \/nowhere\/old\.key/);
});

test('doctor: secrets that end soon, have ended or are old are told', async (t) => {
  const inDays = (days: number): string =>
    new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const declared = (name: string, more: string): string =>
    `[[connections]]\nname = "${name}"\nhost = "relay.example"\npassword = "env:RELAY"\n${more}`;
  const place = newPlace(
    t,
    LIVE +
      declared('gone', `secret_expires_on = "${inDays(-1)}"\n`) +
      declared('week', `secret_expires_on = "${inDays(6)}"\n`) +
      declared('month', `secret_expires_on = "${inDays(29)}"\n`) +
      declared('fine', `secret_expires_on = "${inDays(90)}"\n`),
  );
  await settle(place);
  await visit(place, false, async (db) => {
    const tables = await addConnection(
      db,
      'stored',
      'api',
      '{"type":"smtp","name":"stored","host":"relay.example"}',
    );
    const rotated_at = Date.now() - 181 * 86_400_000;
    const secret = { revision_id: 'rev_1', field: 'password', sealed: 'x', since: 1, rotated_at };
    await tables.insertInto('connection_secrets').values(secret).execute();
  });
  const checks = await checksOf(place);
  const told = Object.entries(checks).filter(([name]) => name.startsWith('password of'));
  assert.deepEqual(
    told.map(([name, { status }]) => `${name}: ${status}`),
    [
      'password of stored: warning',
      'password of gone: problem',
      'password of week: warning',
      'password of month: warning',
    ],
  );
  assert.equal(checks['password of stored']?.detail, 'was set 181 days ago');
  assert.match(checks['password of week']?.detail ?? '', /^ends in 6 days, on /);
});

test('doctor: a damaged database is a problem and stays as it is', async (t) => {
  const place = newPlace(t, ROOM);
  await settle(place);
  const file = join(place.data, 'posthorn.db');
  writeFileSync(file, 'this is no database, but long enough to be taken for the header of one: '.repeat(200));
  const before = statSync(file).mtimeMs;
  const check = (await checksOf(place))['database'];
  assert.equal(check?.status, 'problem');
  assert.match(check.detail, /is not a SQLite database, or its header is damaged/);
  assert.equal(statSync(file).mtimeMs, before);
});

test('doctor: looks beside a running server', async (t) => {
  const place = newPlace(t, `${LIVE}${RELAY}`);
  await settle(place);
  await visit(place, true, async () => {
    const checks = await checksOf(place);
    assert.equal(checks['database']?.status, 'ok');
    assert.equal(checks['queue']?.status, 'ok');
  });
});

test('a key is made on an empty place, and beside a running server; its role fits its tenant', async (t) => {
  const place = newPlace(t, `${ROOM}[[tenants]]\nslug = "acme"\n`);
  const first = await createKeyLocally({ ...place, name: 'first', kind: 'live' });
  assert.match(first.key, /^ph_live_/);
  await visit(place, true, async (db) => {
    const second = await createKeyLocally({ ...place, name: 'second', kind: 'test', tenant: 'acme' });
    const authenticate = createAuthenticate({
      db,
      clock: systemClock,
      sessionTimes: () => ({ idle: 1, lifetime: 1 }),
    });
    assert.equal(
      (await authenticate(caller({ authorization: `Bearer ${first.key}` }), 'messages:read')).role,
      'instance_admin',
    );
    const principal = await authenticate(caller({ authorization: `Bearer ${second.key}` }), 'messages:read');
    assert.deepEqual([principal.role, principal.kind], ['tenant_admin', 'test']);
    const chains = await verifyAuditLocally(place);
    assert.deepEqual(
      Object.fromEntries(chains.map(({ tenant, ok, checked }) => [tenant, ok && checked])),
      { acme: 1, instance: 1 },
      'W6: a command on the machine is recorded like anything else',
    );
  });
  const refused = async (wanted: Partial<Parameters<typeof createKeyLocally>[0]>): Promise<string> => {
    try {
      await createKeyLocally({ ...place, name: 'x', kind: 'live', ...wanted });
      return 'made';
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
  };
  assert.match(await refused({ tenant: 'nobody' }), /There is no tenant “nobody”. Declare it/);
  assert.match(await refused({ role: 'tenant_admin' }), /role is for keys of a tenant/);
  assert.match(await refused({ tenant: 'acme', role: 'instance_admin' }), /role is for keys of the instance/);
  assert.match(await refused({ name: ' ' }), /name must have 1 to 100 characters/);
  assert.match(await refused({ config: '/nowhere.toml' }), /cannot be read/);
});

test('config check lists problems and warnings; config explain says where each value comes from', async (t) => {
  const place = newPlace(t, `${ROOM}[log]\nlevel = "debug"\n`);
  const env = { POSTHORN_DELIVERY__MODE: 'live', POSTHORN_LIMTS__BATCH: '1' };
  const report = await checkConfig({ ...place, env });
  assert.deepEqual(report.problems, []);
  assert.match(report.warnings.join('\n'), /POSTHORN_LIMTS__BATCH/);
  assert.equal(report.file, place.config);
  const settings = await explainConfig({
    ...place,
    env: { POSTHORN_DELIVERY__MODE: 'live' },
    http: '127.0.0.1:1',
  });
  const origin = (key: string) => settings.find((setting) => setting.key === key)?.origin ?? '';
  assert.match(origin('log.level'), /posthorn\.toml:5:\d+/);
  assert.equal(origin('delivery.mode'), 'POSTHORN_DELIVERY__MODE');
  assert.equal(origin('server.http'), '--http');
  assert.equal(origin('limits.batch'), 'default');
  const broken = newPlace(t, '[log]\nlevel = 7\n');
  assert.match((await checkConfig(broken)).problems.join(), /posthorn\.toml:2:\d+/);
  await assert.rejects(async () => explainConfig(broken), OperatorRefused);
  assert.deepEqual(readdirSync(place.folder), ['posthorn.toml'], 'looking makes nothing');
});
