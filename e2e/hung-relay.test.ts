/**
 * A relay that answers nothing, or drips: every phase ends at its deadline, and mail on other ways does not notice.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { startRecordingSink } from './recording-sink.ts';
import { toml } from './toml.ts';
import { cleanupOf, startWorld } from './world.ts';

const TIMEOUTS =
  '[connections.timeouts]\nconnect_ms = 1000\ngreeting_ms = 1000\ncommand_ms = 1000\ndata_ms = 1000\n';
const MESSAGE = { to: ['ana@example.net'], from: 'app@example.com', subject: 'x', text: 'x' };

test('Z1: a relay that accepts and says nothing is given up at the deadline; other connections go on', async (t) => {
  const cleanup = cleanupOf(t);
  const silent = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  cleanup(() => silent.close());
  const address = silent.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const good = await startRecordingSink();
  cleanup(() => good.close());
  const connections = [
    { name: 'good', host: '127.0.0.1', port: good.port, priority: 1 },
    { name: 'silent', host: '127.0.0.1', port, priority: 2 },
  ];
  const world = await startWorld(t, toml({ connections, more: TIMEOUTS }));
  const stuck = await Promise.all(
    Array.from({ length: 30 }, () => world.send({ ...MESSAGE, connection: 'silent' })),
  );
  const startedAt = performance.now();
  const { id } = await world.send({ ...MESSAGE, connection: 'good' });
  await world.reaches(id, 'accepted');
  assert.ok(performance.now() - startedAt < 1_500, 'not behind the silent one');
  for (const { id: stuckId } of stuck) await world.reaches(stuckId, ['deferred', 'held']);
});

test('Z1 M10: a relay that drips its greeting one octet at a time does not hold a message for ever', async (t) => {
  const cleanup = cleanupOf(t);
  const timers = new Set<NodeJS.Timeout>();
  const dripping = createServer((socket) => {
    const timer = setInterval(() => socket.write('2'), 200);
    timers.add(timer);
    socket
      .on('error', () => undefined)
      .on('close', () => {
        clearInterval(timer);
      });
  });
  await new Promise<void>((resolve) => dripping.listen(0, '127.0.0.1', resolve));
  cleanup(() => {
    for (const timer of timers) clearInterval(timer);
    dripping.close();
  });
  const address = dripping.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const world = await startWorld(
    t,
    toml({ connections: [{ name: 'drip', host: '127.0.0.1', port }], more: TIMEOUTS }),
  );
  const { id } = await world.send(MESSAGE);
  await world.reaches(id, ['deferred', 'held'], 10_000);
});
