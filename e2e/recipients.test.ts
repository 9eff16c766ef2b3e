/**
 * Q8: each recipient of a message has a fate of its own.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DATABASES, skipWithout } from './postgres.ts';
import { startRecordingSink } from './recording-sink.ts';
import { toml } from './toml.ts';
import { cleanupOf, startWorld } from './world.ts';

for (const database of DATABASES) {
  const skip = skipWithout(database);
  test(
    `Q8: one taken, one told to wait, one refused: each gets what it was told, once, ${database}`,
    { skip },
    async (t) => {
      let waits = 2;
      const sink = await startRecordingSink({
        answerRecipient: (address) => {
          if (address.startsWith('never')) return '550 5.1.1 No such user';
          if (!address.startsWith('later') || waits === 0) return '250 2.1.5 Ok';
          waits -= 1;
          return '451 4.3.0 Not now';
        },
      });
      cleanupOf(t)(() => sink.close());
      const connections = [{ name: 'sink', host: '127.0.0.1', port: sink.port }];
      const world = await startWorld(t, toml({ connections }), { database });
      const to = ['now@example.net', 'later@example.net', 'never@example.net'];
      const { id } = await world.send({ to, from: 'app@example.com', subject: 'x', text: 'x' });
      await sink.waitUntil('both copies', () => sink.arrivals.length === 2);
      const shown = await world.reaches(id, ['accepted', 'failed']);
      const states = Object.fromEntries(shown.recipients.map(({ address, state }) => [address, state]));
      assert.deepEqual(states, {
        'now@example.net': 'accepted',
        'later@example.net': 'accepted',
        'never@example.net': 'failed',
      });
      assert.deepEqual(
        sink.arrivals.map(({ recipients }) => recipients),
        [['now@example.net'], ['later@example.net']],
      );
    },
  );
}
