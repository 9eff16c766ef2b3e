/** Mail on its ways out that are not SMTP, from the database to what became of it. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { FORCED, openScene, TENANT, type Scene } from '../../test/delivery-scene.ts';
import { makeCertificates } from '../../test/certificates.ts';
import { startGraph } from '../../test/graph-server.ts';
import { CLIENT, startTokenServer } from '../../test/token-server.ts';
import { closeProxies, startProxy } from '../../test/proxy-server.ts';
import { startPeer } from '../../test/smtp-peer.ts';
import { forEachStore } from '../../test/stores.ts';
import { connectionSettings } from '../config/config.ts';

const root = mkdtempSync(join(tmpdir(), 'posthorn-ways-'));
after(() => {
  closeProxies();
  rmSync(root, { recursive: true });
});
async function connectGraph(t: TestContext, scene: Scene, more = {}) {
  const [graph, token] = [await startGraph(), await startTokenServer()];
  t.after(() => Promise.all([graph.close(), token.close()]));
  const settings = connectionSettings.parse({
    ...{ type: 'graph', name: 'graph', username: 'no-reply@example.com', clientId: CLIENT.id },
    ...{
      clientSecret: CLIENT.secret,
      tokenUrl: token.tokenUrl,
      graphUrl: graph.origin,
      ca: makeCertificates().ca,
    },
    timeouts: LONG,
    ...more,
  });
  return { graph, token, connection: await scene.connections.create(TENANT, settings, FORCED) };
}

const LONG = { connectMs: 3_600_000, greetingMs: 3_600_000, commandMs: 3_600_000, dataMs: 3_600_000 };
let count = 0;
const newFolder = (): string => join(root, `f${String((count += 1))}`);

const connectFolder = (scene: Scene, name: string, folder: string, more = {}) =>
  scene.connections.create(
    TENANT,
    connectionSettings.parse({ type: 'pickup', name, folder, ...more }),
    FORCED,
  );

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

  test('S5: mail goes through a proxy with sign-in to a pinned server, and the password of neither is told anywhere', async () => {
    for (const kind of ['socks5', 'http'] as const) {
      await using store = await open();
      await using scene = await openScene(store.db);
      const { selfSigned } = makeCertificates();
      const peer = await startPeer({ tls: selfSigned, auth: { mechanisms: ['PLAIN'] } });
      const signIn = { username: 'through', password: 'canary-of-the-proxy' };
      const proxy = await startProxy(kind, { signIn });
      const settings = {
        security: 'starttls',
        ...{ auth: 'password', username: 'u', password: 'canary-of-the-server' },
        pin: new X509Certificate(selfSigned.cert).fingerprint256,
        proxy: `${kind}://through@127.0.0.1:${String(proxy.port)}`,
        proxyPassword: signIn.password,
        ipVersion: '4',
        timeouts: LONG, // time in the scene must not run out while a busy machine shakes hands
      };
      const relay = await scene.connect('relay', peer.port, settings);
      const id = await scene.accept();
      await scene.untilState(id, 'accepted');
      assert.deepEqual(proxy.asked, [`127.0.0.1:${String(peer.port)}`]);
      assert.equal(peer.messages.length, 1);
      await scene.until('it is observed', () => scene.settlements.length === 1);
      const { attempted } = scene.settlements[0] ?? {};
      assert.ok(attempted?.kind === 'tried');
      assert.match(attempted.report.transcript, /through the proxy 127\.0\.0\.1:\d+/);
      assert.match(attempted.report.transcript, /certificate pinned/);
      assert.doesNotMatch(JSON.stringify(attempted) + attempted.report.transcript, /canary/);
      assert.doesNotMatch(JSON.stringify(scene.connections.list(TENANT)), /canary/);

      // K1: another proxy, or another certificate to trust, is another destination.
      for (const change of [
        { proxy: `${kind}://through@127.0.0.1:1` },
        { pin: null },
        { pin: 'ab'.repeat(32) },
      ] as const)
        await assert.rejects(scene.connections.patch(TENANT, relay.id, change, FORCED), {
          code: 'secret_required',
        });
      await scene.connections.patch(TENANT, relay.id, { proxyPassword: 'wrong' }, FORCED);
      const held = await scene.accept();
      await scene.untilState(held, 'held');
      assert.equal((await scene.recipients(held))[0]?.error_id, 'proxy.auth');
      await peer.close();
    }
  });

  test('K3: another certificate than the pinned one gets no password', async () => {
    await using store = await open();
    await using scene = await openScene(store.db);
    let signIns = 0;
    const { cert, key, ca, selfSigned } = makeCertificates();
    const next = () => ((signIns += 1), { reply: '235 2.7.0 Welcome' });
    const peer = await startPeer({ tls: { cert, key }, auth: { mechanisms: ['PLAIN'], next } });
    await scene.connect('relay', peer.port, {
      ...{ host: 'localhost', security: 'starttls', ca, verify: false },
      ...{ auth: 'password', username: 'u', password: 'p' },
      pin: new X509Certificate(selfSigned.cert).fingerprint256,
      timeouts: LONG,
    });
    const id = await scene.accept();
    await scene.untilState(id, 'held');
    assert.equal((await scene.recipients(id))[0]?.error_id, 'tls.pin_mismatch');
    assert.equal(signIns, 0);
    await peer.close();
  });

  test('B5: a message goes over Microsoft Graph with a token of the application, and its blind copies too', async (t) => {
    await using store = await open();
    await using scene = await openScene(store.db);
    const { graph, token } = await connectGraph(t, scene);
    const [first, second] = [
      await scene.accept({ to: ['b@to.example', 'c@to.example'] }),
      await scene.accept(),
    ];
    for (const id of [first, second]) await scene.untilState(id, 'accepted');
    assert.match(
      (await scene.recipients(first))[0]?.reply ?? '',
      /^202 Accepted, request-id=b1e5-0000-4711$/,
    );
    assert.deepEqual(graph.sent.find(({ recipients }) => recipients.length === 2)?.recipients, [
      'b@to.example',
      'c@to.example',
    ]);
    assert.equal(graph.sent.length, 2);
    assert.ok(graph.sent.every((sent) => token.knows(sent.token)));
    assert.deepEqual(token.asked, ['client_credentials'], 'one token for both');
    await scene.until('both are observed', () => scene.settlements.length === 2);
    const text = JSON.stringify(scene.settlements.map(({ attempted }) => attempted));
    for (const secret of [...token.secrets, CLIENT.secret]) assert.ok(!text.includes(secret));
  });

  test('R6: throttled by Graph, a message waits as long as it asks and then goes out', async (t) => {
    await using store = await open();
    await using scene = await openScene(store.db);
    const { graph } = await connectGraph(t, scene);
    graph.next.push({ status: 429, code: 'ApplicationThrottled', retryAfter: '300' });
    const id = await scene.accept();
    await scene.untilState(id, 'deferred');
    const [waiting] = await scene.recipients(id);
    assert.equal(waiting?.error_id, 'graph.throttled');
    const inMs = Number(waiting.next_at) - scene.clock.now();
    assert.ok(inMs > 250_000 && inMs < 400_000, String(inMs));
    await scene.until('it is sent', async () => (await scene.states(id))[0] === 'accepted', 5_000);
    assert.equal(graph.sent.length, 1);
  });

  test('Q5: without an answer the message is in doubt, and goes the same way once more, to those alone who are due', async (t) => {
    await using store = await open();
    await using scene = await openScene(store.db, { pickupFolders: [root] });
    const folder = newFolder();
    mkdirSync(folder);
    const { graph } = await connectGraph(t, scene, { priority: 1 });
    await connectFolder(scene, 'reserve', folder, { priority: 2 });
    graph.next.push('hang up');
    const id = await scene.accept();
    await scene.untilState(id, 'in_doubt');
    assert.deepEqual(readdirSync(folder), [], 'nobody else may send it now');
    await scene.until('it is sent', async () => (await scene.states(id))[0] === 'accepted', 15_000);
    assert.deepEqual([graph.sent.length, readdirSync(folder).length], [1, 0]);
    const bodies = graph.heard.filter(({ method }) => method === 'POST').map(({ body }) => body);
    assert.deepEqual([bodies.length, new Set(bodies).size], [2, 1], 'the same octets both times');
  });

  test('R2: a mailbox that the app may not send from holds the mail; a bad recipient fails alone', async (t) => {
    await using store = await open();
    await using scene = await openScene(store.db);
    const { graph, connection } = await connectGraph(t, scene);
    graph.next.push(
      { status: 400, code: 'ErrorInvalidRecipients' },
      { status: 403, code: 'ErrorAccessDenied' },
    );
    const bad = await scene.accept();
    await scene.untilState(bad, 'failed');
    assert.equal((await scene.recipients(bad))[0]?.error_id, 'graph.bad_recipient');
    const held = await scene.accept();
    await scene.untilState(held, 'held');
    const [recipient] = await scene.recipients(held);
    assert.deepEqual([recipient?.error_id, recipient?.attempts], ['graph.forbidden', 0]);
    await scene.connections.patch(TENANT, connection.id, { notes: 'allowed now' }, FORCED);
    await scene.untilState(held, 'accepted');
  });

  test('a secret that the token endpoint refuses holds the mail', async (t) => {
    await using store = await open();
    await using scene = await openScene(store.db);
    const { graph, connection } = await connectGraph(t, scene, { clientSecret: 'wrong' });
    const id = await scene.accept();
    await scene.untilState(id, 'held');
    assert.equal((await scene.recipients(id))[0]?.error_id, 'entra.bad_secret');
    assert.equal(graph.heard.length, 0);
    await scene.connections.patch(TENANT, connection.id, { clientSecret: CLIENT.secret }, FORCED);
    await scene.untilState(id, 'accepted');
    for (const change of [{ graphUrl: 'https://evil.example' }, { username: 'other@example.com' }])
      await assert.rejects(scene.connections.patch(TENANT, connection.id, change, FORCED), {
        code: 'secret_required',
      });
  });

  test('what may not be used is not saved: other folders, a tenant’s folder, a proxy in the way of the rules', async () => {
    await using store = await open();
    await using scene = await openScene(store.db, { pickupFolders: [root] });
    for (const folder of ['/etc', root + 'x', 'relative', join(root, '..')])
      await assert.rejects(connectFolder(scene, 'folder', folder), { code: 'invalid_request' }, folder);
    const settings = connectionSettings.parse({ type: 'pickup', name: 'mine', folder: root });
    await assert.rejects(scene.connections.create('ten_other', settings, FORCED), {
      code: 'invalid_request',
    });
    for (const proxy of ['http://p.example:0', 'http://a%3Ab@p.example:1', 'socks5://u%0d%0a@p.example:1080'])
      await assert.rejects(scene.connect('relay', 25, { proxy }), { code: 'invalid_request' }, proxy);
  });
});

async function only(scene: Scene) {
  const [connection] = await Promise.resolve(scene.connections.list(TENANT));
  assert.ok(connection);
  return connection;
}
