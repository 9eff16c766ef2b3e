import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readToml } from '../../test/api-scene.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { forEachStore, openTestSqlite } from '../../test/stores.ts';
import { systemClock } from '../base/clock.ts';
import { createLog } from '../base/log.ts';
import type { Db } from '../store/store.ts';
import {
  createSettings,
  ensureTenants,
  INSTANCE_TENANT_ID,
  modeFrom,
  senderFrom,
  type SettingName,
} from './tenants.ts';

const INSTANCE = '[sender]\nname = "Shop"\naddress = "shop@example.com"\nreply_to = "help@example.com"\n';
const tenant = (slug: string, sender: string): string =>
  `[[tenants]]\nslug = "${slug}"\n${sender === '' ? '' : `[tenants.sender]\n${sender}`}`;
const KEY = 'key_1';

async function opened(db: Db, toml = '') {
  const settings = createSettings({ db, clock: createFakeClock(), log: createLog('silent') });
  await settings.refresh(readToml(toml));
  return settings;
}

async function tenantId(db: Db, slug = 'acme'): Promise<string> {
  const [made] = await ensureTenants(db, systemClock, [{ slug }]);
  assert.ok(made);
  return made.id;
}

const set = (values: Partial<Record<SettingName, unknown>>) =>
  new Map(Object.entries(values) as [SettingName, unknown][]);

test("a tenant's sender lies over the instance's field by field, and a refresh takes it back", async () => {
  await using store = await openTestSqlite();
  const slugs = ['none', 'name', 'address', 'whole', 'late'];
  const made = await ensureTenants(
    store.db,
    systemClock,
    slugs.map((slug) => ({ slug })),
  );
  const settings = await opened(store.db);
  const of = (slug: string) => senderFrom(settings, made.find((row) => row.slug === slug)?.id ?? '');
  assert.equal(of('none'), undefined, 'nobody, as long as nobody is set');

  const tenants = [
    tenant('none', ''),
    tenant('name', 'name = "Own"\n'),
    tenant('address', 'address = "own@example.org"\n'),
    tenant('whole', 'name = "All"\naddress = "all@example.org"\nreply_to = "re@example.org"\n'),
    tenant('unknown', 'address = "x@example.org"\n'), // declared, but not made yet
  ].join('');
  const shop = { name: 'Shop', address: 'shop@example.com', replyTo: 'help@example.com' };
  await settings.refresh(readToml(INSTANCE + tenants));
  assert.deepEqual(senderFrom(settings, INSTANCE_TENANT_ID), shop);
  assert.deepEqual(of('late'), shop, 'one that the file does not name');
  assert.deepEqual(of('none'), shop);
  assert.deepEqual(of('name'), { ...shop, name: 'Own' });
  assert.deepEqual(of('address'), { ...shop, address: 'own@example.org' });
  assert.deepEqual(of('whole'), { name: 'All', address: 'all@example.org', replyTo: 're@example.org' });

  await settings.refresh(readToml(tenants));
  assert.equal(senderFrom(settings, INSTANCE_TENANT_ID), undefined);
  assert.equal(of('name'), undefined, 'a name alone is no sender');
  assert.deepEqual(of('address'), { address: 'own@example.org' });
  await settings.refresh(readToml(''));
  assert.equal(of('whole'), undefined);
});

forEachStore('settings', (open) => {
  test('each setting says its value and where that comes from, in the order of strength', async () => {
    await using store = await open();
    const acme = await tenantId(store.db);
    const settings = await opened(store.db);
    const name = () => settings.effective(acme).get('sender.name');
    assert.deepEqual([name()?.origin, name()?.value], ['built-in', undefined], 'nobody has said anything');
    await settings.change(INSTANCE_TENANT_ID, set({ 'sender.name': 'Instance' }), KEY);
    assert.deepEqual([name()?.origin, name()?.value], ['inherited', 'Instance']);
    await settings.refresh(readToml(INSTANCE));
    assert.deepEqual([name()?.origin, name()?.value, name()?.byFile], ['inherited', 'Shop', true]);
    await settings.change(acme, set({ 'sender.name': 'Acme' }), KEY);
    assert.deepEqual([name()?.origin, name()?.value, name()?.inherited], ['own', 'Acme', 'Shop']);
    await settings.refresh(readToml(INSTANCE + tenant('acme', 'name = "By file"\n')));
    assert.deepEqual([name()?.origin, name()?.value], ['managed', 'By file']);
    await settings.refresh(readToml(INSTANCE));
    await settings.change(INSTANCE_TENANT_ID, set({}), KEY, ['sender']);
    assert.deepEqual(
      [name()?.origin, name()?.value, name()?.setAside, name()?.locked],
      ['locked', 'Shop', 'Acme', true],
      'the own value is kept and does not count',
    );
    assert.equal(settings.effective(acme).get('delivery.mode')?.locked, false);
    await settings.change(INSTANCE_TENANT_ID, set({}), KEY, []);
    assert.equal(name()?.value, 'Acme');
    await settings.change(acme, set({ 'sender.name': null }), KEY);
    assert.deepEqual([name()?.origin, name()?.value], ['inherited', 'Shop']);
    assert.deepEqual([...settings.own(acme)], []);
  });

  test('what is built in is the default of the configuration, and a set value is not', async () => {
    await using store = await open();
    const acme = await tenantId(store.db);
    const settings = await opened(store.db);
    assert.deepEqual(modeFrom(settings, acme), { mode: 'capture', allowList: [] });
    assert.equal(settings.effective(acme).get('delivery.mode')?.origin, 'built-in');
    await settings.refresh(readToml('[delivery]\nmode = "live"\n'));
    assert.equal(settings.effective(acme).get('delivery.mode')?.origin, 'inherited');
    await settings.change(
      acme,
      set({ 'delivery.mode': 'allow-list', 'delivery.allowList': ['@a.example'] }),
      KEY,
    );
    assert.deepEqual(modeFrom(settings, acme), { mode: 'allow-list', allowList: ['@a.example'] });
    assert.deepEqual(modeFrom(settings, INSTANCE_TENANT_ID), { mode: 'live', allowList: [] });
    const other = await tenantId(store.db, 'other');
    assert.equal(modeFrom(settings, other).mode, 'live', 'one tenant says nothing about another');
  });

  test('settings outlive a restart, and another node learns of a change', async () => {
    await using store = await open();
    const acme = await tenantId(store.db);
    const first = await opened(store.db);
    const clock = createFakeClock();
    const second = createSettings({ db: store.db, clock, log: createLog('silent') });
    await second.refresh(readToml(''));
    await first.change(acme, set({ 'sender.address': 'a@acme.example' }), KEY);
    if (store.db.dialect.manyNodes) {
      while (second.get(acme, 'sender.address') === undefined) await clock.run(500);
    }
    const third = await opened(store.db);
    assert.equal(third.get(acme, 'sender.address'), 'a@acme.example');
    for (const settings of [first, second, third]) settings.stop();
  });
});
