/**
 * Too little disk space: new mail is refused before it could be lost, and taken again when there is space.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './child.ts';
import { startRecordingSink } from './recording-sink.ts';
import { toml } from './toml.ts';
import { cleanupOf, startWorld } from './world.ts';

const MESSAGE = { to: ['ana@example.net'], from: 'app@example.com', subject: 'x', text: 'x' };
/** More than any disk has. */
const TOO_MUCH = 2 ** 50;

test('D7: below the reserve a message is refused with 507, and taken when there is space, without a restart', async (t) => {
  const sink = await startRecordingSink();
  cleanupOf(t)(() => sink.close());
  const file = (minFreeBytes: number): string =>
    toml({ minFreeBytes, connections: [{ name: 'sink', host: '127.0.0.1', port: sink.port }] });
  const world = await startWorld(t, file(0));
  await world.reaches((await world.send(MESSAGE)).id, 'accepted');

  await world.home.writeConfig(file(TOO_MUCH));
  let taken = 1;
  const isRefused = async (): Promise<true | undefined> => {
    const answer = await world.api('POST', '/messages', MESSAGE);
    if (answer.status === 202) taken += 1;
    else assert.equal(answer.status, 507, answer.text);
    return answer.status === 507 ? true : undefined;
  };
  await until('new mail to be refused', isRefused, { everyMs: 100 });
  assert.equal((await world.server().api('GET', '/readyz')).status, 503, 'a balancer is told');
  assert.equal((await world.server().api('GET', '/healthz')).status, 200, 'it is alive');

  await world.home.writeConfig(file(0));
  const isTaken = async (): Promise<true | undefined> => {
    const answer = await world.api('POST', '/messages', MESSAGE);
    if (answer.status !== 202) return undefined;
    taken += 1;
    return true;
  };
  await until('mail to be taken again', isTaken, { everyMs: 100, timeoutMs: 30_000 });
  await sink.waitUntil('all that was taken', () => sink.arrivals.length >= taken);
  assert.equal(sink.arrivals.length, taken, 'what was taken is delivered, once; what was refused is not');
});
