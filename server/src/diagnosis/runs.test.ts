/** The life of a test: followed, joined, stopped, interrupted, limited, forgotten; on one node and on two. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { openApi, openNode, relayToml, refusal, type Api } from '../../test/api-scene.ts';
import { someMasterKey } from '../../test/delivery-scene.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { startPeer, type Peer } from '../../test/smtp-peer.ts';
import { forEachStore, type TestStore } from '../../test/stores.ts';
import {
  followTest,
  runTest,
  stageIn,
  stagesIn,
  startTest,
  testEnd,
  type SeenEvent,
} from '../../test/test-run-scene.ts';
import { forgetOldTests } from './diagnosis.ts';

/** A server that answers EHLO when it is let go; `asked` resolves when it was asked. */
async function slowPeer(t: TestContext): Promise<Peer & { asked: Promise<void>; letGo: () => void }> {
  const gate = Promise.withResolvers<undefined>();
  const asked = Promise.withResolvers<void>();
  const peer = await startPeer({
    script: ({ command }) => {
      if (!command.startsWith('EHLO')) return undefined;
      asked.resolve();
      return gate.promise;
    },
  });
  t.after(() => peer.close());
  const letGo = (): void => {
    gate.resolve(undefined);
  };
  return { ...peer, asked: asked.promise, letGo };
}

const settingsFor = ({ port }: Peer, more: object = {}) => ({
  settings: { host: '127.0.0.1', port, security: 'none', ...more },
});

async function all(events: AsyncGenerator<SeenEvent>): Promise<SeenEvent[]> {
  const seen: SeenEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

const words = (events: readonly SeenEvent[]): string[] =>
  events.filter(({ t }) => t !== 'line').map(({ t, stage, status }) => `${stage ?? t} ${String(status)}`);

forEachStore('the life of a connection test', (open) => {
  test('it is followed live: what was, what comes, and then the end', async (t) => {
    const peer = await slowPeer(t);
    const api = await openApi(t, open);
    const url = await api.listen();
    const id = await startTest(api, settingsFor(peer));
    await peer.asked;
    const seen: SeenEvent[] = [];
    for await (const event of followTest(api, url, id)) {
      seen.push(event);
      if (event.stage === 'ehlo' && event.status === 'running') peer.letGo();
    }
    assert.deepEqual(words(seen).slice(5), [
      ...['settings running', 'settings ok', 'dns running', 'dns ok', 'connect running', 'connect ok'],
      ...['greeting running', 'greeting ok', 'ehlo running', 'ehlo ok', 'end passed'],
    ]);
    assert.ok(
      seen.some(
        ({ t: kind, dir, text }) => kind === 'line' && dir === 'in' && text === '220 peer.test ESMTP',
      ),
    );
    assert.deepEqual(
      seen.map((event) => event.id),
      seen.map((_, index) => index),
    );
    const shown = await api.ask('GET', `/connection-tests/${id}`);
    assert.equal(shown.at('status'), 'passed', 'whoever hears of the end can read it');
    const later = await all(followTest(api, url, id, '4'));
    assert.deepEqual(later, seen.slice(5), 'Last-Event-ID goes on behind that event');
    const again = await all(followTest(api, url, id));
    assert.deepEqual(again, seen);
  });

  test('a connection has one test at a time; a second start answers the one that runs', async (t) => {
    const peer = await slowPeer(t);
    const api = await openApi(t, open, { toml: relayToml(peer.port) });
    const first = await api.ask('POST', '/connection-tests', { body: { connection: 'relay' } });
    assert.equal(first.at('joined'), false);
    await peer.asked;
    const second = await api.ask('POST', '/connection-tests', { body: { connection: 'relay' } });
    assert.equal(second.status, 202);
    assert.equal(second.at('id'), first.at('id'));
    assert.equal(second.at('joined'), true);
    assert.equal(second.at('status'), 'running');
    peer.letGo();
    const done = await testEnd(api, String(first.at('id')));
    assert.equal(done.at('status'), 'passed');
    assert.equal(done.at('target.unsaved'), false);
    assert.equal(peer.connections(), 1);
    const third = await api.ask('POST', '/connection-tests', { body: { connection: 'relay' } });
    assert.equal(third.at('joined'), false);
    await testEnd(api, String(third.at('id')));
  });

  test('many starts at once make one test', async (t) => {
    const peer = await slowPeer(t);
    const api = await openApi(t, open, { toml: relayToml(peer.port) });
    const starts = Array.from({ length: 8 }, () => startTest(api, { connection: 'relay' }));
    const ids = await Promise.all(starts);
    assert.equal(new Set(ids).size, 1);
    peer.letGo();
    await testEnd(api, ids[0] ?? '');
  });

  test('a stop ends it at once and lets go of the server; a second stop changes nothing', async (t) => {
    const peer = await slowPeer(t);
    const api = await openApi(t, open);
    const id = await startTest(api, settingsFor(peer));
    await peer.asked;
    const stopped = await api.ask('POST', `/connection-tests/${id}/cancel`);
    assert.equal(stopped.status, 200);
    assert.equal(stopped.at('status'), 'failed');
    assert.equal(stopped.at('ended'), 'cancelled');
    assert.equal(stopped.at('failedStage'), undefined);
    assert.equal(stagesIn(stopped).at(-1), 'ehlo not_reached');
    await peer.deserted();
    const again = await api.ask('POST', `/connection-tests/${id}/cancel`);
    assert.equal(again.text, stopped.text);
  });

  test('a stopped test does not hand its message over', async (t) => {
    const gate = Promise.withResolvers<undefined>();
    const asked = Promise.withResolvers<void>();
    const peer = await startPeer({
      script: ({ command }) => {
        if (command !== 'DATA') return undefined;
        asked.resolve();
        return gate.promise;
      },
    });
    t.after(() => peer.close());
    const api = await openApi(t, open);
    const mail = { to: 'ana@example.net', from: 'app@example.com' };
    const id = await startTest(api, { ...settingsFor(peer), ...mail });
    await asked.promise;
    await api.ask('POST', `/connection-tests/${id}/cancel`);
    gate.resolve(undefined);
    await peer.deserted();
    assert.equal(peer.messages.length, 0);
  });

  test('however slowly a server drips, a test ends after two minutes', async (t) => {
    const clock = createFakeClock(1_900_000_000_000);
    const peer = await slowPeer(t);
    const api = await openApi(t, open, { clock, working: false });
    const timeouts = { commandMs: 600_000 };
    const id = await startTest(api, settingsFor(peer, { timeouts }));
    await peer.asked;
    for (let second = 0; second < 121; second += 1) await clock.run(1_000);
    const done = await testEnd(api, id);
    assert.equal(done.at('status'), 'failed');
    assert.equal(done.at('ended'), 'timed_out');
    assert.equal(done.at('failedStage'), 'ehlo');
    assert.equal(stageIn(done, 'ehlo').diagnosis?.id, 'smtp.timeout');
    await peer.deserted();
  });

  test('a test that ran when its process was lost is shown as interrupted, not running for ever', async (t) => {
    const clock = createFakeClock(1_900_000_000_000);
    const store = await open();
    const masterKey = await someMasterKey();
    const peer = await slowPeer(t);
    const lost = await openNode(store.db, { clock, working: false, masterKey, toml: relayToml(peer.port) });
    const nodes = [lost];
    t.after(async () => {
      peer.letGo();
      for (const node of nodes.reverse()) await node.close(); // before the store: what still runs would wait for it
      await store.close();
    });
    const id = await startTest(lost, { connection: 'relay' });
    await peer.asked;
    await clock.run(2_500); // its heartbeat is stored; nothing more is heard of it, because its clock stands still
    const later = createFakeClock(clock.now() + 20_000);
    const node = await openNode(store.db, {
      clock: later,
      working: false,
      masterKey,
      toml: relayToml(peer.port),
    });
    nodes.push(node);
    const shown = await node.ask('GET', `/connection-tests/${id}`, { key: lost.key });
    assert.equal(shown.at('status'), 'failed', shown.text);
    assert.equal(shown.at('ended'), 'interrupted');
    assert.equal(stagesIn(shown).at(-1), 'ehlo not_reached');
    assert.equal(stagesIn(shown)[2], 'connect ok');
    // And nothing is in the way of the next one.
    const next = await node.ask('POST', '/connection-tests', {
      body: { connection: 'relay' },
      key: lost.key,
    });
    assert.equal(next.at('joined'), false, next.text);
    assert.notEqual(next.at('id'), id);
    peer.letGo();
  });

  test('a run of another node that fell silent is over for whoever looks', async (t) => {
    const clock = createFakeClock(1_900_000_000_000);
    const store = await open();
    const masterKey = await someMasterKey();
    const peer = await slowPeer(t);
    const looking = createFakeClock(clock.now());
    const node = await openNode(store.db, { clock: looking, working: false, masterKey });
    const lost = await openNode(store.db, { clock, working: false, masterKey });
    t.after(async () => {
      await lost.close();
      await node.close();
      await store.close();
    });
    const id = await startTest(lost, settingsFor(peer));
    await peer.asked;
    looking.jump(14_000);
    const asked = (path: string) => node.ask('GET', path, { key: lost.key });
    assert.equal((await asked(`/connection-tests/${id}`)).at('status'), 'running');
    looking.jump(2_000);
    const shown = await asked(`/connection-tests/${id}`);
    assert.equal(shown.at('ended'), 'interrupted', shown.text);
    assert.equal((await asked('/connection-tests')).at('items[0].status'), 'failed');
  });

  test('a stop of the server ends its tests, and says so', async (t) => {
    const store = await open();
    const masterKey = await someMasterKey();
    const peer = await slowPeer(t);
    const api = await openNode(store.db, { masterKey });
    const id = await startTest(api, settingsFor(peer));
    await peer.asked;
    await api.close();
    await peer.deserted();
    const node = await openNode(store.db, { masterKey });
    t.after(async () => {
      await node.close();
      await store.close();
    });
    const shown = await node.ask('GET', `/connection-tests/${id}`);
    assert.equal(shown.at('ended'), 'interrupted');
  });

  test('S7: a key sends 5 test messages in a minute, a tenant 20 in an hour; parallel starts count once each', async (t) => {
    const clock = createFakeClock(1_900_000_000_000);
    const peer = await startPeer();
    t.after(() => peer.close());
    const api = await openApi(t, open, { clock, working: false });
    let count = 0;
    const start = (key: string) => {
      count += 1;
      const body = {
        ...settingsFor(peer, { ehloName: `n${String(count)}.example.test` }),
        ...{ to: 'ana@example.net', from: 'app@example.com' },
      };
      return api.ask('POST', '/connection-tests', { body, key });
    };
    const answers = await Promise.all(Array.from({ length: 8 }, () => start(api.key)));
    const taken = answers.filter(({ status }) => status === 202);
    assert.equal(taken.length, 5);
    for (const answer of taken) await testEnd(api, String(answer.at('id')));
    const refused = answers.find(({ status }) => status !== 202);
    assert.ok(refused !== undefined);
    refusal(refused, 429, 'rate_limited');
    assert.equal(refused.headers['retry-after'], '60');
    assert.equal((await startTest(api, settingsFor(peer))).length > 0, true, 'a check is no message');
    for (let round = 0; round < 3; round += 1) {
      await clock.run(60_001);
      for (let n = 0; n < 5; n += 1) {
        const answer = await start(api.key);
        assert.equal(answer.status, 202, answer.text);
        await testEnd(api, String(answer.at('id')));
      }
    }
    assert.equal(peer.messages.length, 20);
    const other = await api.makeKey();
    const late = await start(other);
    refusal(late, 429, 'rate_limited');
    assert.equal(Number(late.headers['retry-after']), 3600 - 180);
    await clock.run(3_600_000);
    assert.equal((await start(other)).status, 202);
  });

  test('tests are listed newest first, by page and by connection, and forgotten after 30 days', async (t) => {
    const clock = createFakeClock(Date.now());
    const peer = await startPeer();
    t.after(() => peer.close());
    const api = await openApi(t, open, { clock, working: false, toml: relayToml(peer.port) });
    const ids: unknown[] = [];
    for (let n = 0; n < 3; n += 1) ids.unshift((await runTest(api, settingsFor(peer))).at('id'));
    const saved = await runTest(api, { connection: 'relay' });
    const page = await api.ask('GET', '/connection-tests?limit=2');
    assert.deepEqual([page.at('items[0].id'), page.at('items[1].id')], [saved.at('id'), ids[0]]);
    const next = await api.ask('GET', `/connection-tests?limit=2&cursor=${String(page.at('next'))}`);
    assert.deepEqual(
      [next.at('items[0].id'), next.at('items[1].id'), next.at('next')],
      [ids[1], ids[2], null],
    );
    const own = await api.ask('GET', `/connection-tests?connection=${String(saved.at('connection'))}`);
    assert.equal(own.at('items[0].id'), saved.at('id'));
    assert.equal(own.at('items[1]'), undefined);
    clock.jump(30 * 86_400_000 - 60_000);
    await forgetOldTests(api.db, clock);
    assert.equal((await api.ask('GET', '/connection-tests')).at('items[3].id'), ids[2]);
    clock.jump(120_000);
    await forgetOldTests(api.db, clock);
    assert.equal((await api.ask('GET', '/connection-tests')).at('items[0]'), undefined);
  });
});

/** Two nodes on one database: only PostgreSQL has them. */
forEachStore('a connection test on two nodes', (open) => {
  const nodes = async (t: TestContext, toml = ''): Promise<[TestStore, Api, Api]> => {
    const store = await open();
    const masterKey = await someMasterKey();
    const a = await openNode(store.db, { masterKey, toml });
    const b = await openNode(await store.another(), { masterKey, toml });
    t.after(async () => {
      await a.close();
      await b.close();
      await store.close();
    });
    return [store, a, b];
  };

  test('what runs on one is read, followed, joined and stopped on the other', async (t) => {
    const peer = await slowPeer(t);
    const [store, a, b] = await nodes(t, relayToml(peer.port));
    if (store.name === 'sqlite') return;
    const url = await b.listen();
    const id = await startTest(a, { connection: 'relay' });
    await peer.asked;
    const joined = await b.ask('POST', '/connection-tests', { body: { connection: 'relay' } });
    assert.equal(joined.at('id'), id);
    const seen: SeenEvent[] = [];
    for await (const event of followTest(b, url, id)) {
      seen.push(event);
      if (event.stage === 'ehlo' && event.status === 'running') {
        const stopped = await b.ask('POST', `/connection-tests/${id}/cancel`);
        assert.equal(stopped.at('ended'), 'cancelled');
      }
    }
    assert.equal(words(seen).at(-1), 'end failed');
    await peer.deserted(); // the node that runs it hears of the stop when it says that it is still there
    assert.equal((await a.ask('GET', `/connection-tests/${id}`)).at('ended'), 'cancelled');
  });
});
