/**
 * The short rehearsal of kill -9; the long one is `npm run e2e -- crash`. Next: crash/rounds.ts
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { suite, test } from 'node:test';
import { describeJudgement } from './crash/history.ts';
import { seededRandom } from './crash/random.ts';
import { killAtPoint, killAtRandom, pointsOn, type Result } from './crash/rounds.ts';
import { DATABASES, skipWithout } from './postgres.ts';

const RANDOM_KILLS = 10;

function assertGood(result: Result): void {
  assert.deepEqual(result.faults, [], describeJudgement(result.judgement));
}

for (const database of DATABASES) {
  const skip = skipWithout(database);
  test(
    `D1 D4 Q4: ${String(RANDOM_KILLS)} random kills under load lose nothing, ${database}`,
    { skip },
    async (t) => {
      const seed = randomInt(1_000_000);
      t.diagnostic(`seed ${String(seed)}`);
      assertGood(
        await killAtRandom({ database, rounds: RANDOM_KILLS, perSecond: 200, random: seededRandom(seed) }),
      );
    },
  );
}

// Each has a server and a relay of its own and mostly waits: several at a time.
suite('one kill at each point', { concurrency: 4 }, () => {
  for (const point of pointsOn('sqlite')) {
    test(`D4 D9 Q4: killed at ${point}: nothing lost, no copy but the one in doubt`, async () => {
      assertGood(await killAtPoint('sqlite', point));
    });
  }
});
