import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import { createFakeClock } from '../../test/fake-clock.ts';
import { createLog } from '../base/log.ts';
import { createEventStreams, type EventFeed } from './event-stream.ts';
import { createHttpApp, eventAnswer, mountOperations, openApiDocument, operation } from './http.ts';

const Tick = z.object({ n: z.number() }).meta({ id: 'Tick' });
type Out = Parameters<EventFeed<{ n: number }>>[0];

/** A server with one feed; `next` waits for a client, `stopped` for its going away. */
async function serveFeed(t: TestContext) {
  const clock = createFakeClock();
  const opened = Promise.withResolvers<Out>();
  const stopped = Promise.withResolvers<void>();
  const app = createHttpApp({
    log: createLog('silent'),
    bodyLimitBytes: 1000,
    requestMemoryBytes: 1000,
    trustProxy: false,
    version: '1',
    clock,
  });
  const follow = operation({
    method: 'GET',
    path: '/ticks',
    operationId: 'followTicks',
    summary: 'Follow',
    tags: ['Ticks'],
    permission: 'public',
    answers: { 200: eventAnswer(Tick) },
    refusals: [],
    run: () =>
      Promise.resolve({
        status: 200,
        body: (out: Out) => {
          opened.resolve(out);
          return () => {
            stopped.resolve();
          };
        },
      }),
  });
  mountOperations(app, [follow], {
    authenticate: () => {
      throw new Error('public');
    },
    mayI: () => false,
    audit: () => Promise.resolve(),
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  assert.ok(address !== null && typeof address === 'object');
  const socket = net.connect(address.port, '127.0.0.1');
  socket.on('error', () => undefined);
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  t.after(async () => {
    socket.destroy();
    await app.close();
  });
  socket.write('GET /api/v1/ticks HTTP/1.1\r\nHost: a\r\n\r\n');
  const hears = async (text: string): Promise<void> => {
    while (!heard.includes(text)) await once(socket, 'data');
  };
  return { app, clock, out: await opened.promise, stopped: stopped.promise, socket, hears, follow };
}

test('events arrive as they are told, with their ids, and the answer ends with the feed', async (t) => {
  const { out, hears, socket } = await serveFeed(t);
  await hears('retry: 1000\n\n');
  await hears('content-type: text/event-stream; charset=utf-8\r\n');
  await hears('cache-control: no-store\r\n');
  out.send({ id: '0', data: { n: 1 } });
  await hears('id: 0\ndata: {"n":1}\n\n');
  out.send({ data: { n: 2, secret: 'no field of the schema' } as { n: number } });
  await hears('data: {"n":2}\n\n');
  out.end();
  await hears('\r\n0\r\n\r\n');
  socket.end();
});

test('a quiet line is kept alive', async (t) => {
  const { clock, hears } = await serveFeed(t);
  await hears('retry: 1000\n\n');
  clock.advance(15_000);
  await hears(':\n\n');
});

test('a client that is gone is noticed', async (t) => {
  const { socket, stopped, hears, clock } = await serveFeed(t);
  await hears('retry');
  socket.destroy();
  await stopped;
  assert.equal(clock.timers(), 0);
});

test('a stop of the server ends every stream', async (t) => {
  const { app, stopped, hears } = await serveFeed(t);
  await hears('retry');
  await app.close();
  await stopped;
});

test('what waits for a client that does not read is bounded', async () => {
  const clock = createFakeClock();
  let stopped = false;
  const stream = createEventStreams(clock).open((out) => {
    for (let n = 0; n < 2000; n += 1) out.send({ data: 'x'.repeat(1000) });
    return () => {
      stopped = true;
    };
  }, 'acme');
  await once(stream, 'close');
  assert.ok(stopped);
  assert.ok(stream.readableLength < 1024 * 1024 + 2000);
  assert.equal(clock.timers(), 0);
});

test('a client that never takes the end is let go', async () => {
  const clock = createFakeClock();
  const stream = createEventStreams(clock).open((out) => {
    out.send({ data: 1 });
    out.end();
    return () => undefined;
  }, 'acme');
  clock.advance(30_000);
  assert.ok(stream.destroyed);
  await once(stream, 'close');
});

test('an event that does not fit its schema ends its stream and not the process', async (t) => {
  const { out, socket, stopped, hears } = await serveFeed(t);
  const gone = once(socket, 'close');
  out.send({ data: { n: 1 } });
  await hears('"n":1');
  queueMicrotask(() => {
    out.send({ data: { n: 'two' as unknown as number } }); // of another version, say
  });
  await Promise.all([gone, stopped]);
});

test('a feed that cannot begin keeps no place', () => {
  const streams = createEventStreams(createFakeClock());
  const broken: EventFeed<unknown> = () => {
    throw new Error('on purpose');
  };
  for (let tries = 0; tries < 101; tries += 1) assert.throws(() => streams.open(broken, 'one'), /on purpose/);
});

test('there are at most a thousand streams, and a hundred of one tenant', () => {
  const streams = createEventStreams(createFakeClock());
  const feed = () => () => undefined;
  for (let n = 0; n < 100; n += 1) streams.open(feed, 'acme');
  assert.throws(() => streams.open(feed, 'acme'), /Too many clients/);
  for (let n = 100; n < 1000; n += 1) streams.open(feed, `tenant ${String(n)}`);
  assert.throws(() => streams.open(feed, 'other'), /Too many clients/);
  streams.closeAll();
  streams.open(feed, 'acme').destroy();
});

test('the OpenAPI document names what an event holds', async (t) => {
  const { follow } = await serveFeed(t);
  const text = JSON.stringify(openApiDocument([follow], '1'));
  assert.match(text, /"text\/event-stream":\{"schema":\{"\$ref":"#\/components\/schemas\/Tick"\}\}/);
});
