/**
 * D9: however often and however much at once a message is posted under one key, there is one message.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DATABASES, skipWithout } from './postgres.ts';
import { startRecordingSink } from './recording-sink.ts';
import { toml } from './toml.ts';
import { cleanupOf, startWorld } from './world.ts';

const CALLERS = 100;

for (const database of DATABASES) {
  const skip = skipWithout(database);
  test(
    `D9: ${String(CALLERS)} parallel posts with one key make one message and one delivery, ${database}`,
    { skip },
    async (t) => {
      const sink = await startRecordingSink();
      cleanupOf(t)(() => sink.close());
      const connections = [{ name: 'sink', host: '127.0.0.1', port: sink.port }];
      const world = await startWorld(t, toml({ connections }), { database });
      const message = { to: ['ana@example.net'], from: 'app@example.com', subject: 'x', text: 'x' };
      for (const key of ['one', 'two', 'three']) {
        const header = { 'idempotency-key': key };
        const answers = await Promise.all(Array.from({ length: CALLERS }, () => world.send(message, header)));
        assert.equal(new Set(answers.map(({ id }) => id)).size, 1);
        await world.reaches(answers[0]?.id ?? '', 'accepted');
        assert.equal((await world.send(message, header)).id, answers[0]?.id, 'later too');
      }
      const { items } = (await world.api('GET', '/messages')).json<{ items: unknown[] }>();
      assert.equal(items.length, 3);
      // The key outlives the process.
      const [before] = [await world.send(message, { 'idempotency-key': 'one' })];
      await world.server().kill9();
      await world.restart();
      assert.equal((await world.send(message, { 'idempotency-key': 'one' })).id, before?.id);
      await world.reaches((await world.send(message, { 'idempotency-key': 'four' })).id, 'accepted');
      assert.equal(sink.arrivals.length, 4);
    },
  );
}
