/**
 * The final dot was sent and no reply came: the message may have arrived. That is a state of its own.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawHeader } from './received.ts';
import { startRecordingSink } from './recording-sink.ts';
import { startSink } from './sink.ts';
import { freePorts } from './child.ts';
import { toml } from './toml.ts';
import { cleanupOf, startWorld } from './world.ts';

const MESSAGE = { to: ['ana@example.net'], from: 'app@example.com', subject: 'Once?', text: 'x' };

test('Q5 Q9: a relay that keeps the message and drops the line: in doubt, no other way taken, same bytes again', async (t) => {
  const cleanup = cleanupOf(t);
  const [port = 0] = await freePorts(1);
  const dropping = await startSink({ port, dump: true, flags: ['-q', '.'] });
  cleanup(() => dropping.stop());
  const other = await startRecordingSink();
  cleanup(() => other.close());
  const connections = [
    { name: 'first', host: '127.0.0.1', port, priority: 1 },
    { name: 'second', host: '127.0.0.1', port: other.port, priority: 2 },
  ];
  const world = await startWorld(t, toml({ connections, inDoubtSeconds: 2 }));
  const { id } = await world.send(MESSAGE);
  const shown = await world.reaches(id, 'in_doubt');
  assert.equal(shown.attempts.at(-1)?.outcome, 'in_doubt');
  const [before] = await dropping.dumped();
  await dropping.stop();

  const healthy = await startSink({ port, dump: true });
  cleanup(() => healthy.stop());
  await world.reaches(id, 'accepted', 40_000);
  const [after] = await healthy.dumped();
  assert.ok(before !== undefined && after !== undefined);
  for (const header of ['Message-ID', 'Date', 'Subject', 'From', 'To', 'Content-Type']) {
    assert.equal(rawHeader(after, header), rawHeader(before, header), header);
  }
  assert.equal(
    rawHeader(after, 'Message-ID'),
    shown.messageId.startsWith('<') ? shown.messageId : `<${shown.messageId}>`,
  );
  assert.equal(other.arrivals.length, 0, 'nobody else was given a message that may have arrived');
});

test('Q5: with the policy "hold" there is no second try until a person asks for one', async (t) => {
  const sink = await startRecordingSink({ answerDot: () => 'drop' });
  cleanupOf(t)(() => sink.close());
  const more = '[delivery.in_doubt]\nnotification = "hold"\n';
  const connections = [{ name: 'sink', host: '127.0.0.1', port: sink.port }];
  const world = await startWorld(t, toml({ connections, inDoubtSeconds: 0, more }));
  const { id } = await world.send(MESSAGE);
  await world.reaches(id, 'in_doubt');
  const later = await world.send({ ...MESSAGE, to: ['later@example.net'] });
  await world.reaches(later.id, 'in_doubt');
  assert.equal(sink.arrivals.filter(({ recipients }) => recipients.includes('ana@example.net')).length, 1);
  assert.equal((await world.api('POST', `/messages/${id}/retry`)).status, 200);
  await sink.waitUntil('the asked-for second try', () => sink.arrivals.length === 3);
});

test('Q5: a line that goes silent after the dot is in doubt too, once its deadline has passed', async (t) => {
  const sink = await startRecordingSink({ answerDot: () => 'stall' });
  cleanupOf(t)(() => sink.close());
  const more = '[connections.timeouts]\ndata_ms = 1000\n';
  const connections = [{ name: 'sink', host: '127.0.0.1', port: sink.port }];
  const world = await startWorld(t, toml({ connections, inDoubtSeconds: 60, more }));
  const { id } = await world.send(MESSAGE);
  await world.reaches(id, 'in_doubt');
});

test('Q6: a 250 is final, whatever happens to the line after it', async (t) => {
  const sink = await startSink({ dump: true, flags: ['-q', 'RSET,QUIT'] });
  cleanupOf(t)(() => sink.stop());
  const connections = [{ name: 'sink', host: '127.0.0.1', port: sink.port }];
  const world = await startWorld(t, toml({ connections }));
  const ids = await Promise.all(Array.from({ length: 50 }, () => world.send(MESSAGE)));
  for (const { id } of ids) await world.reaches(id, 'accepted');
  assert.equal(sink.counts().messages, 50);
});
