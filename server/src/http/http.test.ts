import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test, type TestContext } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Log } from '../base/log.ts';
import { createHttpApp, mountOperations, openApiDocument, operation, problem, rawAnswer } from './http.ts';
import type { Door, Operation, Principal } from './http.ts';

const PRINCIPAL: Principal = {
  actorId: 'key_1',
  actorName: 'shop',
  kind: 'live',
  role: 'tenant_developer',
  tenantId: 'ten_a',
  homeTenantId: 'ten_a',
};

const door: Door = {
  authenticate({ authorization }) {
    if (authorization === undefined) throw problem('unauthorized', { detail: 'No key.' });
    return authorization === 'Bearer later' ? Promise.resolve(PRINCIPAL) : PRINCIPAL;
  },
  mayI: (_principal, permission) => permission !== 'keys:write',
  audit: () => Promise.resolve(),
};

const Address = z.union([
  z.string().regex(/@/, { error: 'must be an address such as ana@example.com' }),
  z.strictObject({
    name: z.string().optional(),
    address: z.string().regex(/@/, { error: 'must be an address' }),
  }),
]);
const Thing = z.object({ id: z.string(), to: z.number() }).meta({ id: 'Thing' });

const createThing = operation({
  method: 'POST',
  path: '/things',
  operationId: 'createThing',
  summary: 'Create a thing',
  tags: ['Things'],
  permission: 'messages:write',
  audit: 'none',
  headers: z.object({ 'idempotency-key': z.string().min(3).optional() }),
  body: z.strictObject({
    to: z.array(Address).min(1),
    limit: z.int().max(3).optional(),
    data: z.record(z.string(), z.unknown()).optional(),
  }),
  answers: { 202: Thing },
  refusals: ['storage_full'],
  async run({ body, principal }) {
    const answer = { id: principal.actorId, to: body.to.length, secret: 'hidden' };
    return { status: 202, body: answer };
  },
});

const getThing = operation({
  method: 'GET',
  path: '/things/{id}',
  operationId: 'getThing',
  summary: 'Get a thing',
  tags: ['Things'],
  permission: 'messages:read',
  params: z.object({ id: z.string().startsWith('thi_') }),
  query: z.strictObject({ deep: z.stringbool().default(false) }),
  answers: { 200: Thing, 204: z.undefined() },
  refusals: ['not_found'],
  async run({ params, query }) {
    if (params.id === 'thi_bug') throw new Error('SELECT secret FROM /home/node_modules');
    if (params.id === 'thi_wrong')
      return { status: 200, body: JSON.parse('{"id":1}') as z.infer<typeof Thing> };
    return query.deep ? { status: 200, body: { id: params.id, to: 0 } } : { status: 204 };
  },
});

const getSource = operation({
  method: 'GET',
  path: '/source',
  outside: true,
  operationId: 'getSource',
  summary: 'Get the source',
  tags: ['Things'],
  permission: 'public',
  answers: { 200: rawAnswer('message/rfc822') },
  refusals: [],
  run: async ({ principal }) => ({ status: 200, body: Buffer.from(`${typeof principal}\r\n`) }),
});

const deleteKeys = operation({
  method: 'DELETE',
  path: '/things',
  operationId: 'deleteThings',
  summary: 'Delete all things',
  tags: ['Things'],
  permission: 'keys:write',
  audit: 'none',
  answers: { 204: z.undefined() },
  refusals: [],
  run: async () => ({ status: 204 }),
});

function appWith(
  t: TestContext,
  operations: readonly Operation[],
  bounds: { body?: number; memory?: number } = {},
) {
  const lines: unknown[] = [];
  const write = (facts: unknown) => void lines.push(facts);
  const log = { debug: write, info: write, warn: write, error: write, fatal: write } as unknown as Log;
  const app = createHttpApp({
    log,
    bodyLimitBytes: bounds.body ?? 1_000_000,
    requestMemoryBytes: bounds.memory ?? 1_000_000,
    trustProxy: false,
    version: '1.2.3',
  });
  mountOperations(app, operations, door);
  t.after(() => app.close());
  return { app, lines };
}

const all = [createThing, getThing, getSource, deleteKeys];

function post(payload: string | object, headers: Record<string, string> = {}) {
  return {
    method: 'POST',
    url: '/api/v1/things',
    headers: { authorization: 'Bearer x', 'content-type': 'application/json', ...headers },
    payload,
  } as const;
}

test('W4 W6: an operation without a permission, or that does not say how it is recorded, is refused at once', () => {
  const spec = {
    ...{ method: 'POST', path: '/x', operationId: 'x', summary: 'X', tags: [], refusals: [] },
    ...{ permission: 'public', audit: 'none', answers: { 204: z.undefined() } },
    run: () => Promise.resolve({ status: 204 }),
  };
  const define = (change: object) => () =>
    operation({ ...spec, ...change } as Parameters<typeof operation>[0]);
  assert.doesNotThrow(define({}));
  assert.throws(define({ audit: undefined }), /x: says not how it is recorded/);
  assert.throws(define({ audit: { thing: 'x' } }), /x: nobody is known to have asked/);
  for (const permission of [undefined, '', 'messages:al'])
    assert.throws(define({ permission }), /x: has no permission/);
});

test('an answer holds only what its schema names', async (t) => {
  const { app } = appWith(t, all);
  const answer = await app.inject(post({ to: ['a@b'] }));
  assert.equal(answer.statusCode, 202);
  assert.deepEqual(answer.json(), { id: 'key_1', to: 1 });
  assert.equal(answer.headers['cache-control'], 'no-store');
});

test('every wrong field is listed with its path, unknown ones by name', async (t) => {
  const { app } = appWith(t, all);
  const payload = { to: ['x', 5, { adress: 'a@b' }, { address: 'y' }], limit: 9, zz: 1, yy: 2 };
  const answer = await app.inject(post(payload, { 'idempotency-key': 'a' }));
  assert.equal(answer.statusCode, 422);
  assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8');
  const body = answer.json<{ code: string; errors: { path: string; message: string }[] }>();
  assert.equal(body.code, 'invalid_request');
  assert.deepEqual(Object.fromEntries(body.errors.map(({ path, message }) => [path, message])), {
    'idempotency-key': 'must have at least 3 characters',
    'to[0]': 'must be an address such as ana@example.com',
    'to[1]': 'must be a string or an object',
    'to[2].address': 'is required',
    'to[2].adress': 'is not a known field',
    'to[3].address': 'must be an address',
    limit: 'must be at most 3',
    zz: 'is not a known field',
    yy: 'is not a known field',
  });
});

test('a body of very many wrong items is answered shortly', async (t) => {
  const { app } = appWith(t, all);
  const answer = await app.inject(post({ to: Array.from({ length: 20_000 }, () => 5) }));
  assert.equal(answer.statusCode, 422);
  assert.ok(answer.body.length < 10_000);
});

test('unknown query fields are refused, also where there is no query at all', async (t) => {
  const { app } = appWith(t, all);
  const headers = { authorization: 'Bearer x' };
  const one = await app.inject({ url: '/api/v1/things/thi_1?depp=true', headers });
  assert.deepEqual(one.json<{ errors: unknown }>().errors, [
    { path: '?depp', message: 'is not a known field' },
  ]);
  const two = await app.inject({ url: '/source?q=1' });
  assert.equal(two.statusCode, 422);
});

test('bodies that are no usable JSON are refused by reason', async (t) => {
  const { app } = appWith(t, all);
  const deep = `{"to":["a@b"],"data":{"a":${'['.repeat(30)}${']'.repeat(30)}}}`;
  const cases: [string | Buffer, string][] = [
    ['{"to":', 'malformed_json'],
    [deep, 'malformed_json'],
    ['{"to":["a@b"],"data":{"__proto__":{"x":1}}}', 'malformed_json'],
    ['{"to":["a@b"],"data":{"\\u005f_proto__":{"x":1}}}', 'malformed_json'],
    [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'malformed_json'],
    ['[]', 'invalid_request'],
    ['', 'invalid_request'],
  ];
  for (const [payload, code] of cases) {
    const answer = await app.inject(post(payload));
    assert.equal(answer.json<{ code: string }>().code, code, payload.toString());
  }
  const secret = await app.inject(post('{"password": hunter2}'));
  assert.ok(!secret.body.includes('hunter2'), 'the parser quotes the text; the answer must not');
});

test('only plain JSON bodies are taken', async (t) => {
  const { app } = appWith(t, all);
  const form = await app.inject(post('a=b', { 'content-type': 'application/x-www-form-urlencoded' }));
  assert.equal(form.statusCode, 415);
  const coded = await app.inject(post('{}', { 'content-encoding': 'gzip' }));
  assert.equal(coded.statusCode, 415);
  const charset = await app.inject(
    post('{"to":["a@b"]}', { 'content-type': 'application/json; charset=UTF-8' }),
  );
  assert.equal(charset.statusCode, 202);
});

test('key first, then permission; a promise of a principal will do', async (t) => {
  const { app } = appWith(t, all);
  const none = await app.inject({ method: 'POST', url: '/api/v1/things', payload: '{nonsense' });
  assert.equal(none.statusCode, 401);
  assert.match(String(none.headers['www-authenticate']), /^Bearer /);
  const denied = await app.inject({
    method: 'DELETE',
    url: '/api/v1/things',
    headers: { authorization: 'Bearer x' },
  });
  assert.equal(denied.statusCode, 403);
  const later = await app.inject(post({ to: ['a@b'] }, { authorization: 'Bearer later' }));
  assert.equal(later.statusCode, 202);
});

test('unknown addresses are 404, known ones with another method 405 with Allow', async (t) => {
  const { app } = appWith(t, all);
  assert.equal((await app.inject({ url: '/api/v1/nothing' })).json<{ code: string }>().code, 'not_found');
  const answer = await app.inject({ method: 'PATCH', url: '/api/v1/things/thi_1' });
  assert.equal(answer.statusCode, 405);
  assert.equal(answer.headers['allow'], 'GET');
  const headers = { authorization: 'Bearer x' };
  assert.equal((await app.inject({ url: '/api/v1/things/con_1', headers })).statusCode, 404);
  assert.equal((await app.inject({ url: '/api/v1/things/%ff', headers })).statusCode, 400);
});

test('W8: an unforeseen error is a generic 500 with an id, and the log has the cause', async (t) => {
  const { app, lines } = appWith(t, all);
  const headers = { authorization: 'Bearer x' };
  for (const id of ['thi_bug', 'thi_wrong']) {
    lines.length = 0;
    const answer = await app.inject({ url: `/api/v1/things/${id}?deep=true`, headers });
    assert.equal(answer.statusCode, 500);
    assert.doesNotMatch(answer.body, /\/home|node_modules|SELECT|at .*:\d+|schema/);
    const { instance } = answer.json<{ instance: string }>();
    assert.match(instance, /^req_/);
    const [line] = lines as { requestId: string; err: Error }[];
    assert.equal(line?.requestId, instance);
    assert.match(line.err.message, /SELECT|does not fit/);
  }
});

test('no body and raw bodies', async (t) => {
  const { app } = appWith(t, all);
  const none = await app.inject({ url: '/api/v1/things/thi_1', headers: { authorization: 'Bearer x' } });
  assert.equal(none.statusCode, 204);
  assert.equal(none.body, '');
  const raw = await app.inject({ url: '/source' });
  assert.equal(raw.headers['content-type'], 'message/rfc822');
  assert.equal(raw.body, 'undefined\r\n');
});

test('an operation with a loose body, or mounted twice, does not start', (t) => {
  assert.throws(
    () =>
      operation({
        method: 'POST',
        path: '/loose',
        operationId: 'loose',
        summary: '',
        tags: [],
        permission: 'messages:write',
        audit: 'none',
        body: z.object({ a: z.string() }),
        answers: { 204: z.undefined() },
        refusals: [],
        run: async () => ({ status: 204 }),
      }),
    /strictObject/,
  );
  assert.throws(() => appWith(t, [getThing, getThing]), /mounted twice/);
});

test('the OpenAPI document names operations, parts, refusals and shared schemas', async (t) => {
  const { app } = appWith(t, all);
  const served = (await app.inject({ url: '/openapi.json' })).json<unknown>();
  const document = JSON.parse(JSON.stringify(openApiDocument(all, '1.2.3')));
  assert.deepEqual(served, document);
  assert.equal(document.openapi, '3.1.1');
  const create = document.paths['/api/v1/things'].post;
  assert.equal(create.operationId, 'createThing');
  assert.deepEqual(create.responses['202'].content['application/json'].schema, {
    $ref: '#/components/schemas/Thing',
  });
  assert.deepEqual(Object.keys(create.responses), [
    '202',
    '400',
    '401',
    '403',
    '413',
    '415',
    '422',
    '500',
    '503',
    '507',
  ]);
  assert.deepEqual(
    create.parameters.map((one: { name: string }) => one.name),
    ['Idempotency-Key', 'Posthorn-Tenant'],
  );
  assert.deepEqual(document.paths['/source'].get.security, []);
  assert.deepEqual(Object.keys(document.components.schemas), ['Problem', 'Thing']);
});

test('a schema whose sent form differs gets a second component, others do not', () => {
  const Inner = z.strictObject({ a: z.string().default('x') }).meta({ id: 'Inner' });
  const Outer = z.strictObject({ inner: Inner }).meta({ id: 'Outer' });
  const Same = z.strictObject({ b: z.string() }).meta({ id: 'Same' });
  const Only = z.strictObject({ outer: Outer, same: Same }).meta({ id: 'Only' });
  const echo = operation({
    method: 'POST',
    path: '/echo',
    operationId: 'echo',
    summary: 'Echo',
    tags: [],
    permission: 'messages:write',
    audit: 'none',
    body: Only,
    answers: { 200: z.object({ outer: Outer, same: Same }) },
    refusals: [],
    run: async ({ body }) => ({ status: 200, body }),
  });
  const { components } = JSON.parse(JSON.stringify(openApiDocument([echo], '1')));
  assert.deepEqual(Object.keys(components.schemas), [
    'Problem',
    'Inner',
    'InnerInput',
    'Only',
    'Outer',
    'OuterInput',
    'Same',
  ]);
  assert.deepEqual(components.schemas.Only.properties.outer, { $ref: '#/components/schemas/OuterInput' });
  assert.deepEqual(components.schemas.Only.properties.same, { $ref: '#/components/schemas/Same' });
});

/** A connection that has written `text`, with a way to wait for what comes back. */
async function dial(t: TestContext, port: number, text: string) {
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  let received = '';
  socket.on('data', (chunk) => (received += chunk.toString()));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(text);
  const until = async (pattern: RegExp) => {
    while (!pattern.test(received)) await once(socket, 'data', { signal: AbortSignal.timeout(5_000) });
    return received;
  };
  return { socket, until, received: () => received };
}

const HEAD =
  'POST /api/v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nContent-Type: application/json\r\n';

async function listening(t: TestContext, bounds: { body: number; memory: number }) {
  const { app } = appWith(t, all, bounds);
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { app, port: portOf(app) };
}

function portOf(app: FastifyInstance): number {
  const address = app.server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

test('a body declared too large is refused before it is sent', async (t) => {
  const { port } = await listening(t, { body: 1000, memory: 1000 });
  const large = await dial(t, port, `${HEAD}Content-Length: 100000\r\n\r\n`);
  assert.match(
    await large.until(/\}$/),
    /^HTTP\/1\.1 413 [\s\S]*connection: keep-alive[\s\S]*body_too_large/i,
  );
  large.socket.destroy();
  // Far beyond the limit nobody takes the octets in only to drop them.
  const huge = await dial(t, port, `${HEAD}Content-Length: 1000000000\r\n\r\n`);
  assert.match(await huge.until(/\}$/), /^HTTP\/1\.1 413 [\s\S]*connection: close[\s\S]*body_too_large/i);
  const chunked = await dial(
    t,
    port,
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n7d0\r\n${'x'.repeat(2000)}\r\n`,
  );
  assert.match(await chunked.until(/\}$/), /^HTTP\/1\.1 413 /);
});

test('Q13: large bodies wait for memory in order, and a lost connection gives its share back', async (t) => {
  const size = 300_000;
  const { app, port } = await listening(t, { body: 500_000, memory: 500_000 });
  const head = `${HEAD}Content-Length: ${String(size)}\r\n\r\n`;
  const body = JSON.stringify({ to: ['a@b'], data: { pad: '' } });
  const padded = body.replace('""', `"${'x'.repeat(size - body.length)}"`);
  const { memory } = app.kit;
  const arrived = (load: { usedBytes: number; waiting: number }) => becomes(() => memory.load(), load);

  const first = await dial(t, port, head);
  await arrived({ usedBytes: size, waiting: 0 });
  const second = await dial(t, port, head + padded);
  await arrived({ usedBytes: size, waiting: 1 });
  const small = await dial(t, port, `${HEAD}Content-Length: 14\r\n\r\n{"to":["a@b"]}`);
  await small.until(/"to":1/);
  assert.equal(second.received(), '');

  first.socket.destroy();
  await second.until(/"to":1/);
  await arrived({ usedBytes: 0, waiting: 0 });
});

/** Waits, a turn of the event loop at a time and at most 5 s, until `read` gives `want`. */
async function becomes(read: () => unknown, want: unknown): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (JSON.stringify(read()) !== JSON.stringify(want)) {
    assert.ok(performance.now() < deadline, `stayed ${JSON.stringify(read())}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('what is not HTTP is answered as a problem, and the connection closes', async (t) => {
  const { port } = await listening(t, { body: 1000, memory: 1000 });
  const { until, socket } = await dial(t, port, 'NONSENSE\r\n\r\n');
  assert.match(await until(/\}$/), /^HTTP\/1\.1 400 [\s\S]*malformed_request/);
  if (!socket.closed) await once(socket, 'close');
});

test('closing lets a request end that came before, and then its connection', async (t) => {
  const running = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const slow = operation({
    method: 'POST',
    path: '/things',
    operationId: 'slow',
    summary: 'Wait',
    tags: [],
    permission: 'messages:write',
    audit: 'none',
    answers: { 204: z.undefined() },
    refusals: [],
    async run() {
      running.resolve();
      await release.promise;
      return { status: 204 };
    },
  });
  const { app } = appWith(t, [slow]);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { until, socket } = await dial(t, portOf(app), `${HEAD}Content-Length: 0\r\n\r\n`);
  await running.promise;
  const closed = app.close();
  release.resolve();
  assert.match(await until(/\r\n\r\n/), /^HTTP\/1\.1 204 /);
  await closed;
  if (!socket.closed) await once(socket, 'close');
});
