import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { makeCertificates } from '../../test/certificates.ts';
import { someMasterKey } from '../../test/delivery-scene.ts';
import { forEachStore, type TestStore } from '../../test/stores.ts';
import {
  CLIENT,
  startTokenServer,
  type TokenServer,
  type TokenServerOptions,
} from '../../test/token-server.ts';
import { systemClock as clock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import { createLog } from '../base/log.ts';
import { connectionSettings, type SecretField } from '../config/config.ts';
import { createDialer, createHttps, instanceEgress } from '../net/net.ts';
import { createKeyRing, type KeyRing } from '../secrets/secrets.ts';
import { transaction, type Db } from '../store/store.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import type { Connection } from './connection.ts';
import { readGrants } from './grant-queries.ts';
import { createGrants } from './grants.ts';
import { declaredRevision } from './draft.ts';
import { insertConnection, readConnections } from './queries.ts';
import { insertRevision } from './revision-queries.ts';
import { createTokens, type TokenRequest } from './token.ts';

const { ca } = makeCertificates();
const log = createLog('silent');

interface Node {
  ask(connection: Connection, refreshToken?: string, more?: Partial<TokenRequest>): Promise<string>;
}

interface Scene {
  readonly db: Db;
  readonly server: TokenServer;
  readonly connection: Connection;
  /** Another process on the same database. */
  node(): Promise<Node>;
}

async function sceneOf(
  t: TestContext,
  open: () => Promise<TestStore>,
  options: TokenServerOptions = { rotates: true },
): Promise<Scene> {
  const store = await open();
  const server = await startTokenServer(options);
  t.after(async () => {
    await server.close();
    await store.close();
  });
  const { db } = store;
  const masterKey = await someMasterKey();
  const settings = connectionSettings.parse({
    ...{ name: 'relay', host: 'localhost', auth: 'oauth2-refresh-token', username: 'me@example.test' },
    ...{ tokenUrl: server.tokenUrl, clientId: CLIENT.id, ca },
  });
  const place = { id: newId('con'), tenantId: INSTANCE_TENANT_ID };
  await transaction(db, async (tx) => {
    const row = { ...place, name: 'relay', status: 'active', managedBy: 'api' } as const;
    await insertConnection(tx, { ...row, createdAt: 0, updatedAt: 0 });
    const first = { connection: place, settings, number: 1, basedOn: null, now: 0 };
    await insertRevision(tx, declaredRevision(first), []);
  });
  const [connection] = await readConnections(db);
  assert.ok(connection);
  return {
    ...{ db, server, connection },
    node: async () => {
      const handle = await store.another();
      return nodeOf(handle, createKeyRing({ db: handle, masterKey, clock }));
    },
  };
}

function nodeOf(db: Db, keyRing: KeyRing): Node {
  const https = createHttps({ dialer: createDialer({ clock }), clock });
  const grants = createGrants({ db, keyRing, clock, log });
  const tokens = createTokens({ https, grants, clock, log });
  return {
    async ask(connection, refreshToken, more = {}) {
      const secrets = new Map<SecretField, string>([['clientSecret', CLIENT.secret]]);
      if (refreshToken !== undefined) secrets.set('refreshToken', refreshToken);
      const told = await tokens.tokenFor({
        ...{ connection, secrets, egress: instanceEgress(), fresh: true },
        ...more,
      });
      return told.ok ? told.accessToken : `failed: ${told.failure.message}`;
    },
  };
}

forEachStore('refresh tokens', (open) => {
  test('K9: the token that replaces another is stored at once: the next process goes on with it', async (t) => {
    const { server, connection, node, db } = await sceneOf(t, open);
    const given = server.grant();
    for (let round = 0; round < 4; round += 1) {
      const told = await (await node()).ask(connection, given);
      assert.ok(server.knows(told), `round ${String(round)}: ${told}`);
    }
    const rows = await readGrants(db, [connection.id]);
    assert.equal(rows.length, 1);
    for (const secret of server.secrets) assert.ok(!JSON.stringify(rows).includes(secret));
    const [stored] = await readConnections(db);
    assert.equal(stored?.revision, 1, 'a new refresh token is no new revision');
  });

  test('K9: nodes that renew at the same time use each token once', async (t) => {
    const { server, connection, node } = await sceneOf(t, open);
    const given = server.grant();
    const nodes = [await node(), await node(), await node()];
    for (let round = 0; round < 3; round += 1) {
      const told = await Promise.all(nodes.map((one) => one.ask(connection, given)));
      for (const token of told) assert.ok(server.knows(token), token);
    }
    assert.equal(server.asked.length, 9);
  });

  test('K9: the kept access token outlives the rotation of its refresh token', async (t) => {
    const { server, connection, node } = await sceneOf(t, open);
    const given = server.grant();
    const one = await node();
    const first = await one.ask(connection, given);
    assert.equal(await one.ask(connection, given, { fresh: false }), first);
    assert.equal(server.asked.length, 1);
  });

  test('another token that is set is newer than what followed the old one; without one there is none', async (t) => {
    const { server, connection, node } = await sceneOf(t, open);
    const [old, next] = [server.grant(), server.grant()];
    const one = await node();
    await one.ask(connection, old);
    assert.ok(server.knows(await one.ask(connection, next)));
    assert.ok(server.knows(await one.ask(connection, next)));
    assert.match(await one.ask(connection), /refresh token is not set/);
    assert.match(await one.ask(connection, old), /was used before/);
  });

  test('K1: settings that lead elsewhere find no stored token', async (t) => {
    const { server, connection, node, db } = await sceneOf(t, open);
    const given = server.grant();
    const one = await node();
    await one.ask(connection, given);
    const before = server.heard.length;
    const changes = [{ host: 'evil.example.test' }, { username: 'other@example.test' }, { port: 2525 }];
    for (const change of changes) {
      const settings = connectionSettings.parse({ ...connection.settings, ...change });
      assert.match(await one.ask({ ...connection, settings }), /refresh token is not set/);
    }
    // The row itself, moved to the other settings, does not open either.
    const settings = connectionSettings.parse({ ...connection.settings, host: 'evil.example.test' });
    const moved = { ...connection, settings };
    await one.ask(moved, 'anything');
    const rows = await readGrants(db, [connection.id]);
    assert.equal(new Set(rows.map(({ destination }) => destination)).size, rows.length);
    assert.equal(server.heard.length, before + 1);
  });

  test('settings that are not stored keep the newest token in memory', async (t) => {
    const { server, connection, node, db } = await sceneOf(t, open);
    const unsaved = { ...connection, id: '' };
    const given = server.grant();
    const one = await node();
    assert.ok(server.knows(await one.ask(unsaved, given)));
    assert.ok(server.knows(await one.ask(unsaved, given)));
    assert.equal((await readGrants(db, [connection.id])).length, 0);
    // Saved now: it goes on from there, and from then on it is stored.
    assert.ok(server.knows(await one.ask(connection, given)));
    assert.ok(server.knows(await (await node()).ask(connection, given)));
  });

  test('a grant that ended is remembered with the words of the provider', async (t) => {
    const { connection, node, db } = await sceneOf(t, open);
    assert.match(await (await node()).ask(connection, 'never-given-out'), /AADSTS700082/);
    const [row] = await readGrants(db, [connection.id]);
    assert.match(row?.trouble ?? '', /AADSTS700082/);
    assert.doesNotMatch(row?.trouble ?? '', /never-given-out/);
    assert.equal(row?.lease_by, null);
  });

  test('a process that died with the lease is waited for, and no longer than its lease', async (t) => {
    const { server, connection, node, db } = await sceneOf(t, open);
    const given = server.grant();
    const one = await node();
    await one.ask(connection, given);
    interface Tables {
      connection_grants: { lease_by: string; lease_until: number };
    }
    const until = clock.now() + 600;
    await db
      .tables<Tables>()
      .updateTable('connection_grants')
      .set({ lease_by: 'dead', lease_until: until })
      .execute();
    assert.ok(server.knows(await one.ask(connection, given)));
    assert.ok(clock.now() >= until);
  });
});
