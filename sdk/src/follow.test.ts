import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { createPosthorn, PosthornError, PosthornUnreachable } from './sdk.ts';

/** A server that plays `answers` one after another; answers the `Last-Event-ID` of each request. */
async function serverWith(t: TestContext, answers: ((response: ServerResponse) => void)[]) {
  const last: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const id = request.headers['last-event-id'];
    last.push(typeof id === 'string' ? id : undefined);
    answers.shift()?.(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const posthorn = createPosthorn({ url: `http://127.0.0.1:${String(address.port)}`, key: 'ph_live_x' });
  return { events: posthorn.connectionTests.events, last };
}

const open = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' });
const stage = (id: string, n: number) =>
  `id: ${String(n)}\ndata: ${JSON.stringify({ t: 'stage', id, status: 'ok', at: n })}\n\n`;
const END = 'id: 9\ndata: {"t":"end","status":"passed"}\n\n';

test('events come one by one, however the network cuts them, and end with the last', async (t) => {
  const { events } = await serverWith(t, [
    (response) => {
      open(response);
      const text = Buffer.from(`retry: 1000\n\n:\n\n${stage('dns ü', 0)}${stage('tls', 1)}${END}ignored`);
      const cut = text.indexOf('ü') + 1; // in the middle of a letter
      response.write(text.subarray(0, cut));
      setImmediate(() => response.write(text.subarray(cut)));
    },
  ]);
  const seen: string[] = [];
  for await (const event of events('tst_1')) seen.push('id' in event ? event.id : event.t);
  assert.deepEqual(seen, ['dns ü', 'tls', 'end']);
});

test('a lost line is taken up behind the last event', async (t) => {
  const { events, last } = await serverWith(t, [
    (response) => {
      open(response).write(stage('dns', 4), () => response.socket?.destroy());
    },
    (response) => open(response).end(END),
  ]);
  const seen: string[] = [];
  for await (const event of events('tst_1')) seen.push(event.t);
  assert.deepEqual(seen, ['stage', 'end']);
  assert.deepEqual(last, [undefined, '4']);
});

test('a refusal is told as one, and a signal ends the wait', async (t) => {
  const problem = { type: '', title: '', status: 404, detail: 'There is no test.', code: 'not_found' };
  const { events } = await serverWith(t, [
    (response) =>
      response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify(problem)),
    (response) => open(response).flushHeaders(),
  ]);
  await assert.rejects(
    events('tst_1').next(),
    (error) => error instanceof PosthornError && error.status === 404,
  );
  const abort = new AbortController();
  const waiting = events('tst_1', { signal: abort.signal }).next();
  abort.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
});

test('a server that is away for good is said to be', async () => {
  const { events } = createPosthorn({ url: 'http://127.0.0.1:9', key: 'k' }).connectionTests;
  await assert.rejects(events('tst_1').next(), PosthornUnreachable);
});
