import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { createPosthorn, PosthornError, PosthornUnreachable } from './sdk.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** A server that answers each request with the next of `answers`. */
async function serverWith(t: TestContext, answers: ((response: ServerResponse) => void)[]) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, headers, body: text === '' ? undefined : JSON.parse(text) });
      answers.shift()?.(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { url: `http://127.0.0.1:${String(address.port)}`, seen };
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
const drop = (response: ServerResponse) => void response.socket?.destroy();
const ACCEPTED = { id: 'msg_1', state: 'queued', recipients: [], createdAt: '', expiresAt: '' };

test('a lost answer of a send is asked for again with the same idempotency key', async (t) => {
  const { url, seen } = await serverWith(t, [drop, json(202, ACCEPTED)]);
  const posthorn = createPosthorn({ url: `${url}/`, key: 'ph_live_x', tenant: 'acme' });
  assert.deepEqual(await posthorn.messages.send({ to: ['ana@example.com'], text: 'Hi' }), ACCEPTED);
  assert.equal(seen.length, 2);
  const [first, second] = seen;
  assert.equal(first?.url, '/api/v1/messages');
  assert.equal(first.headers.authorization, 'Bearer ph_live_x');
  assert.equal(first.headers['posthorn-tenant'], 'acme');
  assert.match(String(first.headers['idempotency-key']), /^[\da-f-]{36}$/);
  assert.equal(second?.headers['idempotency-key'], first.headers['idempotency-key']);
  assert.deepEqual(second?.body, { to: ['ana@example.com'], text: 'Hi' });
});

test('what may not be repeated is not', async (t) => {
  const { url, seen } = await serverWith(t, [drop, json(200, {})]);
  await assert.rejects(createPosthorn({ url, key: 'k' }).messages.resend('msg_1'), PosthornUnreachable);
  assert.equal(seen.length, 1);
});

test('a refusal is a PosthornError with the problem, and is not repeated', async (t) => {
  const problem = {
    type: '/problems/invalid_request',
    title: 'T',
    status: 422,
    detail: 'D',
    code: 'invalid_request',
  };
  const { url, seen } = await serverWith(t, [json(422, problem)]);
  const error = await createPosthorn({ url, key: 'k' })
    .messages.send({ to: [] })
    .catch((caught: unknown) => caught);
  assert.ok(error instanceof PosthornError);
  assert.equal(error.code, 'invalid_request');
  assert.deepEqual(error.problem, problem);
  assert.equal(seen.length, 1);
});

test('a passing failure is repeated after the pause that the server names, unless that is long', async (t) => {
  const busy = { code: 'overloaded', detail: 'Busy' };
  const page = { items: [], next: null };
  const { url, seen } = await serverWith(t, [
    json(503, busy, { 'retry-after': '0' }),
    json(200, page),
    json(503, busy, { 'retry-after': '3600' }),
  ]);
  const posthorn = createPosthorn({ url, key: 'k' });
  assert.deepEqual(await posthorn.messages.list({ q: 'a b', limit: 5 }), page);
  assert.equal(seen[0]?.url, '/api/v1/messages?q=a+b&limit=5');
  await assert.rejects(posthorn.messages.list(), PosthornError);
  assert.equal(seen.length, 3);
});

test('an answer that is not from Posthorn says so', async (t) => {
  const page = (response: ServerResponse) => void response.writeHead(200).end('<html>');
  const { url } = await serverWith(t, [
    page,
    (response) => void response.writeHead(301, { location: '/x' }).end(),
  ]);
  const posthorn = createPosthorn({ url, key: 'k', tries: 1 });
  await assert.rejects(posthorn.messages.get('msg_1'), { code: 'not_posthorn' });
  await assert.rejects(posthorn.messages.get('msg_1'), PosthornUnreachable);
});

test('a server that says nothing is given up after timeoutMs, and a signal ends it before', async (t) => {
  const { url } = await serverWith(t, []);
  const posthorn = createPosthorn({ url, key: 'k', timeoutMs: 30, tries: 1 });
  await assert.rejects(posthorn.messages.get('msg_1'), {
    name: 'PosthornUnreachable',
    message: /took too long/,
  });
  const reason = new Error('enough');
  await assert.rejects(posthorn.messages.get('msg_1', { signal: AbortSignal.abort(reason) }), reason);
});

test('waiting ends when every recipient is settled, or when the time is over', async (t) => {
  const at = (...states: string[]) =>
    json(200, { ...ACCEPTED, recipients: states.map((state) => ({ state })) });
  const { url, seen } = await serverWith(t, [
    at('queued', 'accepted'),
    at('deferred', 'accepted'),
    at('failed', 'accepted'),
    at('held'),
  ]);
  const posthorn = createPosthorn({ url, key: 'k' });
  const done = await posthorn.waitForMessage('msg_1', { timeoutMs: 10_000 });
  assert.equal(done.settled, true);
  assert.equal(seen.length, 3);
  const late = await posthorn.waitForMessage('msg_1', { timeoutMs: 0 });
  assert.equal(late.settled, false);
  assert.equal(late.message.recipients[0]?.state, 'held');
});

test('ids from outside cannot leave their place in the address', async (t) => {
  const { url, seen } = await serverWith(t, [json(200, {})]);
  await createPosthorn({ url, key: 'k' }).connections.get('../keys?x');
  assert.equal(seen[0]?.url, '/api/v1/connections/..%2Fkeys%3Fx');
});

test('verifications and notices: each call is the one of the API, and none is repeated', async (t) => {
  const made = { id: 'ver_1', state: 'pending' };
  const answers = [json(202, made), json(200, { status: 'approved' }), json(200, made), json(202, made)];
  const { url, seen } = await serverWith(t, [
    ...answers,
    json(200, made),
    json(202, { messageId: 'msg_1' }),
    drop,
  ]);
  const posthorn = createPosthorn({ url, key: 'ph_live_x' });
  const to = 'ana@example.net';
  await posthorn.verifications.create({ flow: 'activation', to, clientAddress: '192.0.2.1', locale: 'de' });
  await posthorn.verifications.check({ id: 'ver_1', code: '123456' });
  await posthorn.verifications.get('ver_1');
  await posthorn.verifications.resend('ver_1', { clientAddress: '192.0.2.1' });
  await posthorn.verifications.revoke('ver_1');
  await posthorn.notices.send({ flow: 'security-notice', about: 'password-changed', to });
  await assert.rejects(posthorn.verifications.check({ token: 'x' }), PosthornUnreachable);
  assert.deepEqual(
    seen.map(({ method, url: path }) => `${method} ${path}`),
    [
      ...[
        'POST /api/v1/verifications',
        'POST /api/v1/verifications/check',
        'GET /api/v1/verifications/ver_1',
      ],
      ...['POST /api/v1/verifications/ver_1/resend', 'POST /api/v1/verifications/ver_1/revoke'],
      ...['POST /api/v1/notices', 'POST /api/v1/verifications/check'],
    ],
  );
  assert.deepEqual(seen[3]?.body, { clientAddress: '192.0.2.1' });
});
