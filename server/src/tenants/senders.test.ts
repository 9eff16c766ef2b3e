import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../test/api-scene.ts';
import { openTestSqlite } from '../../test/stores.ts';
import { systemClock } from '../base/clock.ts';
import { createSenders, ensureTenants, INSTANCE_TENANT_ID } from './tenants.ts';

const INSTANCE = '[sender]\nname = "Shop"\naddress = "shop@example.com"\nreply_to = "help@example.com"\n';
const tenant = (slug: string, sender: string): string =>
  `[[tenants]]\nslug = "${slug}"\n${sender === '' ? '' : `[tenants.sender]\n${sender}`}`;

test("a tenant's sender lies over the instance's field by field, and a refresh takes it back", async () => {
  await using store = await openTestSqlite();
  const slugs = ['none', 'name', 'address', 'whole', 'late'];
  const ids = new Map(
    (
      await ensureTenants(
        store.db,
        systemClock,
        slugs.map((slug) => ({ slug })),
      )
    ).map(({ slug, id }) => [slug, id]),
  );
  const senders = createSenders(store.db);
  const of = (slug: string) => senders.senderFor(ids.get(slug) ?? '');
  assert.equal(of('none'), undefined, 'before the configuration is known nobody is');

  const tenants = [
    tenant('none', ''),
    tenant('name', 'name = "Own"\n'),
    tenant('address', 'address = "own@example.org"\n'),
    tenant('whole', 'name = "All"\naddress = "all@example.org"\nreply_to = "re@example.org"\n'),
    tenant('unknown', 'address = "x@example.org"\n'), // declared, but not made yet
  ].join('');
  const shop = { name: 'Shop', address: 'shop@example.com', replyTo: 'help@example.com' };
  await senders.refresh(readConfig(INSTANCE + tenants));
  assert.deepEqual(senders.senderFor(INSTANCE_TENANT_ID), shop);
  assert.deepEqual(of('late'), shop, 'one that the file does not name');
  assert.deepEqual(of('none'), shop);
  assert.deepEqual(of('name'), { ...shop, name: 'Own' });
  assert.deepEqual(of('address'), { ...shop, address: 'own@example.org' });
  assert.deepEqual(of('whole'), { name: 'All', address: 'all@example.org', replyTo: 're@example.org' });

  await senders.refresh(readConfig(tenants));
  assert.equal(senders.senderFor(INSTANCE_TENANT_ID), undefined);
  assert.equal(of('name'), undefined, 'a name alone is no sender');
  assert.deepEqual(of('address'), { address: 'own@example.org' });
  await senders.refresh(readConfig(''));
  assert.equal(of('whole'), undefined);
});
