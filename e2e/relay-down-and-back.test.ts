/**
 * The relay goes away under load and comes back: mail waits without using up tries, and goes out without a stampede.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRecordingSink } from './recording-sink.ts';
import { DATABASES, skipWithout } from './postgres.ts';
import { toml } from './toml.ts';
import { cleanupOf, startWorld } from './world.ts';

const MESSAGES = 300;
/** Connects that R3 allows for an outage and the recovery. */
const CONNECTS_MAX = 40;

for (const database of DATABASES) {
  const skip = skipWithout(database);
  test(
    `C2 R3: ${String(MESSAGES)} messages wait out an outage and drain through few connections, ${database}`,
    { skip },
    async (t) => {
      const sink = await startRecordingSink();
      cleanupOf(t)(() => sink.close());
      const connections = [{ name: 'sink', host: '127.0.0.1', port: sink.port }];
      const world = await startWorld(t, toml({ connections }), { database });
      const message = { to: ['ana@example.net'], from: 'app@example.com', subject: 'x', text: 'x' };
      await world.reaches((await world.send(message)).id, 'accepted');

      await sink.close();
      const before = sink.connects();
      const ids: string[] = [];
      for (let n = 0; n < MESSAGES; n += 1) ids.push((await world.send(message)).id);
      const last = await world.reaches(ids.at(-1) ?? '', 'held');
      assert.equal(last.recipients[0]?.attempts, 0, 'waiting uses up no try');

      await sink.open();
      await sink.waitUntil('all messages', () => sink.arrivals.length === MESSAGES + 1, 90_000);
      for (const id of ids) {
        const shown = await world.reaches(id, 'accepted');
        assert.ok((shown.recipients[0]?.attempts ?? 99) <= 1, `${id}: ${JSON.stringify(shown.recipients)}`);
      }
      assert.equal(sink.arrivals.length, MESSAGES + 1, 'each once');
      assert.ok(sink.connects() - before <= CONNECTS_MAX, `${String(sink.connects() - before)} connects`);
    },
  );
}
