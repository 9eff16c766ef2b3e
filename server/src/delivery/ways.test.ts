/** Mail on its ways out that are not SMTP, from the database to what became of it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openScene, TENANT, type Scene } from '../../test/delivery-scene.ts';
import { forEachStore } from '../../test/stores.ts';
import { connectionSettings } from '../config/config.ts';

const root = mkdtempSync(join(tmpdir(), 'posthorn-ways-'));
after(() => {
  rmSync(root, { recursive: true });
});
let count = 0;
const newFolder = (): string => join(root, `f${String((count += 1))}`);

const connectFolder = (scene: Scene, name: string, folder: string, more = {}) =>
  scene.connections.create(TENANT, connectionSettings.parse({ type: 'pickup', name, folder, ...more }));

forEachStore('ways out', (open) => {
  test('U4: a message goes into the pickup folder, one file for all its recipients, without any host', async () => {
    await using store = await open();
    await using scene = await openScene(store.db, { pickupFolders: [root] });
    const folder = newFolder();
    mkdirSync(folder);
    const connection = await connectFolder(scene, 'folder', folder);
    const id = await scene.accept({ to: ['b@to.example', 'c@to.example'] });
    await scene.untilState(id, 'accepted');
    const [name = '', ...others] = readdirSync(folder);
    assert.deepEqual(others, []);
    const text = readFileSync(join(folder, name), 'utf8');
    assert.match(text, /^X-Sender: .*\r\nX-Receiver: b@to\.example\r\nX-Receiver: c@to\.example\r\n/);
    const [recipient] = await scene.recipients(id);
    assert.deepEqual(
      [recipient?.connection_id, recipient?.reply],
      [connection.id, `250 Put into the folder as ${name}`],
    );
    assert.deepEqual(await scene.events(id), ['accepted']);
  });

  test('R2: mail is held while the folder is missing, and goes out when it is there', async () => {
    await using store = await open();
    await using scene = await openScene(store.db, { pickupFolders: [root] });
    const folder = newFolder();
    await connectFolder(scene, 'folder', folder);
    const id = await scene.accept();
    await scene.untilState(id, 'held');
    const [held] = await scene.recipients(id);
    assert.deepEqual([held?.error_id, held?.attempts], ['pickup.not_found', 0]);
    assert.equal(scene.connections.channel((await only(scene)).id)?.breaker.state, 'open');
    mkdirSync(folder);
    await scene.until('it is sent', async () => (await scene.states(id))[0] === 'accepted', 1_000);
    assert.equal(readdirSync(folder).length, 1);
  });

  test('R7: when the folder cannot be used, the next connection takes the message', async () => {
    await using store = await open();
    await using scene = await openScene(store.db, { pickupFolders: [root] });
    const folder = newFolder();
    mkdirSync(folder);
    await connectFolder(scene, 'first', newFolder(), { priority: 1 });
    const second = await connectFolder(scene, 'second', folder, { priority: 2 });
    const id = await scene.accept();
    await scene.untilState(id, 'accepted');
    assert.equal((await scene.recipients(id))[0]?.connection_id, second.id);
    assert.deepEqual(
      (await scene.attempts(id)).map((row) => row.error_id),
      ['pickup.not_found', null],
    );
  });

  test('a folder that is no longer opened is not written to', async () => {
    const opened = [root];
    await using store = await open();
    await using scene = await openScene(store.db, { pickupFolders: opened });
    const folder = newFolder();
    mkdirSync(folder);
    await connectFolder(scene, 'folder', folder);
    opened.pop();
    const id = await scene.accept();
    await scene.untilState(id, 'held');
    assert.equal((await scene.recipients(id))[0]?.error_id, 'pickup.not_allowed');
    assert.deepEqual(readdirSync(folder), []);
  });

  test('what may not be used is not saved: other folders, a tenant’s folder, a proxy in the way of the rules', async () => {
    await using store = await open();
    await using scene = await openScene(store.db, { pickupFolders: [root] });
    for (const folder of ['/etc', root + 'x', 'relative', join(root, '..')])
      await assert.rejects(connectFolder(scene, 'folder', folder), { code: 'invalid_request' }, folder);
    const settings = connectionSettings.parse({ type: 'pickup', name: 'mine', folder: root });
    await assert.rejects(scene.connections.create('ten_other', settings), { code: 'invalid_request' });
  });
});

async function only(scene: Scene) {
  const [connection] = await Promise.resolve(scene.connections.list(TENANT));
  assert.ok(connection);
  return connection;
}
