/** Delivery on a real database, with real connections to scripted peers: what becomes of a message in each case. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORCED, openScene, receivedIds, TENANT, type Scene } from '../../test/delivery-scene.ts';
import { startPeer, type Asked, type PeerOptions, type Scripted } from '../../test/smtp-peer.ts';
import { forEachStore } from '../../test/stores.ts';
import { transaction } from '../store/store.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const act = (scene: Scene, verb: 'cancel' | 'retry', messageId: string): Promise<boolean> =>
  transaction(scene.db, (tx) =>
    scene.delivery[verb](tx, { tenantId: TENANT, messageId, by: 'key_test' }),
  ).finally(() => {
    scene.delivery.wake();
  });

/** Answers this to RCPT for addresses that begin with these letters. */
function rcptScript(replies: Readonly<Record<string, string>>): NonNullable<PeerOptions['script']> {
  return ({ command }: Asked): Scripted => {
    const [, local = ''] = /^RCPT TO:<([^@]*)@/.exec(command) ?? [];
    return replies[local];
  };
}

forEachStore('delivery', (open) => {
  test('accepted: handed over in memory or found in the database, one copy, no job left', async () => {
    await using store = await open();
    await using scene = await openScene(store.db);
    const peer = await startPeer();
    await scene.connect('relay', peer.port);
    const ids = [await scene.accept({ atOnce: true }), await scene.accept()];
    for (const id of ids) await scene.untilState(id, 'accepted');
    assert.deepEqual(receivedIds(peer).toSorted(), ids.toSorted());
    assert.deepEqual(await scene.jobs(), []);
    for (const id of ids) {
      assert.deepEqual(await scene.events(id), ['accepted']);
      assert.deepEqual(
        (await scene.attempts(id)).map((it) => [it.connection_name, it.outcome]),
        [['relay', 'accepted']],
      );
      const [row] = await scene.recipients(id);
      assert.deepEqual([row?.error_id, row?.next_at, row?.attempts], [null, null, 0]);
    }
    await peer.close();
  });

  test('Q8: of three recipients one is taken, one refused for good, one deferred: each has its own end and the taken one one copy', async () => {
    await using store = await open();
    await using scene = await openScene(store.db);
    let later = '451 4.3.0 Not now\r\n';
    const peer = await startPeer({
      script: (asked) => rcptScript({ gone: '550 5.1.1 No such user\r\n', later })(asked),
    });
    await scene.connect('relay', peer.port);
    const id = await scene.accept({ to: ['ok@c.example', 'gone@c.example', 'later@c.example'] });
    await scene.until(
      'two are decided',
      async () => (await scene.states(id)).join() === 'accepted,failed,deferred',
    );
    assert.equal((await scene.job(id))?.state, 'ready');
    assert.equal((await scene.recipients(id))[2]?.attempts, 1);
    later = '250 2.1.5 Ok\r\n';
    await scene.pass(2 * MINUTE);
    await scene.until(
      'the last is taken',
      async () => (await scene.states(id)).join() === 'accepted,failed,accepted',
    );
    assert.deepEqual(
      peer.messages.map((message) => message.recipients),
      [['ok@c.example'], ['later@c.example']],
    );
    assert.deepEqual(await scene.jobs(), []);
    await peer.close();
  });

  test('Q5: cut after the final dot: in doubt, then the same bytes over the same connection, and no third copy by itself', async () => {
    await using store = await open();
    await using scene = await openScene(store.db);
    const script = ({ command }: Asked): Scripted => (command === '.' ? 'fin' : undefined);
    const cutting = await startPeer({ script });
    const other = await startPeer();
    await scene.connect('a', cutting.port, { priority: 1 });
    await scene.connect('b', other.port, { priority: 2 });
    const id = await scene.accept();
    await scene.untilState(id, 'in_doubt');
    assert.equal((await scene.job(id))?.state, 'ready');
    await scene.pass(9 * MINUTE, 5 * SECOND);
    assert.equal((await scene.attempts(id)).length, 1, 'not before its wait is over');
    await scene.pass(2 * MINUTE, 5 * SECOND);
    await scene.until('it is repeated once', async () => (await scene.job(id))?.held_by === 'person');
    await scene.pass(70 * MINUTE, MINUTE);
    assert.equal((await scene.attempts(id)).length, 2);
    assert.equal(cutting.messages.length, 2);
    assert.deepEqual(cutting.messages[0]?.wire, cutting.messages[1]?.wire);
    assert.equal(other.messages.length, 0, 'never to another connection');
    assert.deepEqual(await scene.states(id), ['in_doubt']);
    assert.ok(await act(scene, 'retry', id), 'a person may send it once more');
    await scene.until('it went again', async () => (await scene.attempts(id)).length === 3);
    await cutting.close();
    await other.close();
  });

  test('Q5: bulk in doubt waits for a person, also over a restart, and is not said to have expired', async () => {
    await using store = await open();
    const peer = await startPeer({ script: ({ command }) => (command === '.' ? 'rst' : undefined) });
    const clock = await (async () => {
      await using scene = await openScene(store.db);
      await scene.connect('relay', peer.port);
      const id = await scene.accept({ class: 'bulk', lifetimeMs: 90 * MINUTE });
      await scene.untilState(id, 'in_doubt');
      assert.equal((await scene.job(id))?.held_by, 'person');
      return scene.clock;
    })();
    await using scene = await openScene(store.db, { clock });
    await scene.pass(70 * MINUTE, MINUTE);
    const [job] = await scene.jobs();
    assert.deepEqual([job?.state, job?.held_by], ['held', 'person']);
    await scene.pass(20 * MINUTE, MINUTE);
    await scene.until('its time is over', async () => (await scene.jobs()).length === 0, SECOND);
    assert.deepEqual(await scene.tally(), { in_doubt: 1 });
    assert.equal(peer.connections(), 1, 'never dialled again');
    await peer.close();
  });

  test('Q6: 250 is final, whatever happens to the line afterwards', async () => {
    await using store = await open();
    await using scene = await openScene(store.db);
    const peer = await startPeer({
      // Whatever comes after the first message of a connection is answered by a reset.
      script: ({ messages }) => (messages > 0 ? 'rst' : undefined),
    });
    await scene.connect('relay', peer.port);
    const ids = await scene.acceptMany(20);
    await scene.until('all are accepted', async () => (await scene.tally())['accepted'] === 20);
    assert.deepEqual(receivedIds(peer).toSorted(), ids.toSorted());
    await peer.close();
  });

  test('Q9, R1: five attempts by the schedule, one Message-ID, one Date', async () => {
    await using store = await open();
    await using scene = await openScene(store.db);
    const bodies: string[] = [];
    const peer = await startPeer({
      script: ({ command, messages }) =>
        command === '.' && messages >= 0 ? '451 4.3.0 Not now\r\n' : undefined,
    });
    await scene.connect('relay', peer.port);
    const id = await scene.accept();
    await scene.until('the fifth attempt', async () => (await scene.attempts(id)).length === 5, 6 * SECOND);
    const starts = (await scene.attempts(id)).map(({ started_at }) => started_at);
    const waits = starts.slice(1).map((at, index) => at - (starts[index] ?? 0));
    [1, 5, 15, 30].forEach((minutes, index) => {
      const wait = waits[index] ?? 0;
      assert.ok(
        wait >= minutes * MINUTE * 0.8 && wait <= minutes * MINUTE * 1.2 + 15 * SECOND,
        `${String(index)}: ${String(wait)}`,
      );
    });
    for (const part of peer
      .rawBytes()
      .toString('latin1')
      .matchAll(/(Message-ID|Date): .*/g))
      bodies.push(part[0]);
    assert.equal(bodies.length, 10);
    assert.equal(new Set(bodies).size, 2);
    await peer.close();
  });

  test('Q11: the relay is away for 11 minutes: a code expires and is never sent late', async () => {
    await using store = await open();
    await using scene = await openScene(store.db);
    const peer = await startPeer();
    scene.dialer.dead.add(peer.port);
    await scene.connect('relay', peer.port);
    const code = await scene.accept({ class: 'otp', lifetimeMs: 10 * MINUTE, atOnce: true });
    const news = await scene.accept();
    await scene.pass(11 * MINUTE, 3 * SECOND);
    assert.deepEqual(await scene.states(code), ['expired']);
    assert.equal((await scene.events(code)).filter((type) => type === 'expired').length, 1);
    scene.dialer.dead.clear();
    await scene.until(
      'the other one is sent',
      async () => (await scene.states(news)).join() === 'accepted',
      SECOND,
    );
    assert.deepEqual(receivedIds(peer), [news]);
    await peer.close();
  });

  test('R7: the first connection refuses connects: the second takes over, and no try is used up', async () => {
    await using store = await open();
    await using scene = await openScene(store.db);
    const peer = await startPeer();
    scene.dialer.dead.add(1);
    await scene.connect('a', 1, { priority: 1 });
    await scene.connect('b', peer.port, { priority: 2 });
    const ids = await scene.acceptMany(30);
    await scene.until('all are accepted', async () => (await scene.tally())['accepted'] === 30);
    assert.deepEqual(receivedIds(peer).toSorted(), ids.toSorted());
    for (const id of ids) assert.equal((await scene.recipients(id))[0]?.attempts, 0);
    assert.ok(scene.dialer.dials(1) <= 10, `${String(scene.dialer.dials(1))} dials`);
    await peer.close();
  });

  test('R7: both defer: one round by both connections, then the schedule; no ping-pong', async () => {
    await using store = await open();
    await using scene = await openScene(store.db);
    const busy: PeerOptions = {
      script: ({ command }) => (command.startsWith('MAIL') ? '451 4.3.0 Busy\r\n' : undefined),
    };
    const peers = [await startPeer(busy), await startPeer(busy)];
    for (const [index, peer] of peers.entries()) await scene.connect(`c${String(index)}`, peer.port);
    const id = await scene.accept();
    await scene.pass(50 * SECOND);
    assert.deepEqual(
      (await scene.attempts(id)).map((it) => it.connection_name),
      ['c0', 'c1'],
    );
    assert.equal((await scene.recipients(id))[0]?.attempts, 1);
    await scene.until('the second round', async () => (await scene.attempts(id)).length === 4, SECOND);
    assert.ok(scene.clock.monotonic() <= 90 * SECOND);
    for (const peer of peers) await peer.close();
  });

  test('no connection: held; one is made: sent. Paused: held; resumed: sent. Wrong port: held; patched: sent', async () => {
    await using store = await open();
    await using scene = await openScene(store.db);
    const peer = await startPeer();
    const first = await scene.accept();
    await scene.untilState(first, 'held');
    assert.match((await scene.job(first))?.held_by ?? '', /^route@/);
    const relay = await scene.connect('relay', peer.port);
    await scene.untilState(first, 'accepted');

    await scene.connections.setPaused(TENANT, relay.id, true);
    const second = await scene.accept({ atOnce: true });
    await scene.untilState(second, 'held');
    await scene.connections.setPaused(TENANT, relay.id, false);
    await scene.untilState(second, 'accepted');

    scene.dialer.dead.add(1);
    await scene.connections.patch(TENANT, relay.id, { port: 1 }, FORCED);
    const third = await scene.acceptMany(7);
    await scene.until(
      'the connection is known to be dead',
      () => scene.connections.channel(relay.id)?.breaker.state === 'open',
      500,
    );
    await scene.connections.patch(TENANT, relay.id, { port: peer.port }, FORCED);
    await scene.until('all are sent', async () => (await scene.tally())['accepted'] === 9, 500);
    assert.equal(peer.messages.length, 9);
    assert.ok(third.length === 7);
    await peer.close();
  });

  test('R2: held for two dead connections, a message goes as soon as either returns', async () => {
    await using store = await open();
    await using scene = await openScene(store.db);
    const peer = await startPeer();
    scene.dialer.dead.add(1).add(peer.port);
    await scene.connect('a', 1, { priority: 1 });
    await scene.connect('b', peer.port, { priority: 2 });
    const ids = await scene.acceptMany(12);
    await scene.until('all are held', async () => (await scene.tally())['held'] === 12, 500);
    for (const job of await scene.jobs()) assert.match(job.held_by ?? '', /^connection:con_\w+\+con_\w+@/);
    scene.dialer.dead.delete(peer.port);
    await scene.pass(6 * MINUTE, 4 * SECOND);
    assert.deepEqual(await scene.tally(), { accepted: 12 });
    assert.deepEqual(receivedIds(peer).toSorted(), ids.toSorted());
    await peer.close();
  });

  test('capture keeps everything here; the allow list divides the recipients of one message; a test key keeps its own', async () => {
    await using store = await open();
    await using scene = await openScene(store.db, { policy: { mode: 'capture' } });
    const peer = await startPeer();
    await scene.connect('relay', peer.port);
    const all = await scene.accept({ atOnce: true });
    await scene.untilState(all, 'captured');
    assert.deepEqual(await scene.events(all), ['captured']);

    scene.policy = { ...scene.policy, mode: 'allow-list', allowList: ['Me@Team.example', '@ours.example'] };
    const mixed = await scene.accept({
      to: ['me@team.example', 'you@team.example', 'x@ours.example', 'y@else.example'],
    });
    await scene.untilState(mixed, 'captured', 'accepted');
    assert.deepEqual(await scene.states(mixed), ['accepted', 'captured', 'accepted', 'captured']);
    assert.deepEqual(
      peer.messages.map(({ recipients }) => recipients),
      [['me@team.example', 'x@ours.example']],
    );

    scene.policy = { ...scene.policy, mode: 'live' };
    const tested = await scene.accept({ captureOnly: true });
    await scene.untilState(tested, 'captured');
    assert.equal(peer.messages.length, 1);
    assert.deepEqual(await scene.jobs(), []);
    await peer.close();
  });

  test('a mailbox connection captures', async () => {
    await using store = await open();
    await using scene = await openScene(store.db);
    await scene.connections.create(
      TENANT,
      { type: 'mailbox', name: 'inbox', senders: [], priority: 1 },
      FORCED,
    );
    const id = await scene.accept();
    await scene.untilState(id, 'captured');
  });

  test('cancel and retry: refused while it is being sent, effective while it waits', async () => {
    await using store = await open();
    await using scene = await openScene(store.db);
    const gate = Promise.withResolvers<Scripted>();
    let sending = false;
    const peer = await startPeer({
      script: ({ command }) => {
        if (command !== '.' || sending) return undefined;
        sending = true;
        return gate.promise;
      },
    });
    const relay = await scene.connect('relay', peer.port);
    const running = await scene.accept();
    await scene.until('it is being sent', () => sending);
    assert.equal(await act(scene, 'cancel', running), false);
    assert.equal(await act(scene, 'retry', running), false);
    gate.resolve('451 4.3.0 Not now\r\n');
    await scene.untilState(running, 'deferred');
    assert.equal(await act(scene, 'retry', running), true);
    await scene.untilState(running, 'accepted');
    assert.equal(await act(scene, 'cancel', running), false, 'final');

    await scene.connections.setPaused(TENANT, relay.id, true);
    const held = await scene.accept({ to: ['a@c.example', 'b@c.example'] });
    await scene.untilState(held, 'held');
    assert.equal(await act(scene, 'cancel', held), true);
    assert.deepEqual(await scene.states(held), ['cancelled', 'cancelled']);
    await scene.connections.setPaused(TENANT, relay.id, false);
    await scene.pass(MINUTE);
    assert.equal(peer.messages.length, 1);
    assert.deepEqual((await scene.events(held)).at(-1), 'cancelled');
    await peer.close();
  });

  test('a connection is removed while its mail waits: the mail takes another', async () => {
    await using store = await open();
    await using scene = await openScene(store.db);
    const peer = await startPeer();
    scene.dialer.dead.add(1);
    const dead = await scene.connect('a', 1, { priority: 1 });
    const ids = await scene.acceptMany(6);
    await scene.until('all are held', async () => (await scene.tally())['held'] === 6, 500);
    await scene.connections.remove(TENANT, dead.id);
    await scene.connect('b', peer.port);
    await scene.until('all are sent', async () => (await scene.tally())['accepted'] === 6, 200);
    assert.equal(peer.messages.length, ids.length);
    await peer.close();
  });
});
