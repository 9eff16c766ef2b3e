/**
 * What is refused, with which answer, and that a refusal leaves nothing behind.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKey, makeHome, refusesToStart, withKey, type Answer } from './server.ts';
import { toml } from './toml.ts';
import { cleanupOf, startWorld } from './world.ts';

const GOOD = { to: ['ana@example.net'], from: 'app@example.com', subject: 'x', text: 'x' };

interface ProblemBody {
  readonly code: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

function assertProblem(answer: Answer, status: number, code?: string): ProblemBody {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  const body = answer.json<ProblemBody>();
  if (code !== undefined) assert.equal(body.code, code);
  return body;
}

test('malformed messages are refused with the place of every mistake, and nothing is stored', async (t) => {
  const world = await startWorld(t, toml({ mode: 'capture' }));
  const cases: readonly (readonly [body: unknown, path: RegExp])[] = [
    [{ ...GOOD, tos: ['x@example.net'] }, /tos/],
    [{ ...GOOD, to: ['not an address'] }, /to\[0\]/],
    [{ ...GOOD, to: ['a@example.net', { address: 'a@@b' }] }, /to\[1\]/],
    [{ ...GOOD, to: ['a@example.net\r\nBcc: v@example.net'] }, /to\[0\]/],
    [{ ...GOOD, to: [] }, /to/],
    [{ ...GOOD, headers: { 'X-A': 'b\r\nBcc: v@example.net' } }, /headers/],
    [{ ...GOOD, headers: { Bcc: 'v@example.net' } }, /headers/],
    [{ ...GOOD, subject: 5 }, /subject/],
    [
      { ...GOOD, attachments: [{ filename: 'a', contentType: 'text/plain', content: '***' }] },
      /attachments\[0\]\.content/,
    ],
    [
      { ...GOOD, attachments: [{ filename: 'a', contentType: 'text/plain', path: '/etc/passwd' }] },
      /attachments\[0\]/,
    ],
    [{ ...GOOD, class: 'urgent' }, /class/],
  ];
  for (const [body, path] of cases) {
    const answer = await world.api('POST', '/messages', body);
    const { errors = [] } = assertProblem(answer, 422, 'invalid_request');
    assert.ok(
      errors.some((error) => path.test(error.path)),
      `${String(path)} in ${answer.text}`,
    );
  }
  const two = await world.api('POST', '/messages', { ...GOOD, to: ['bad', 'worse'], subject: 1 });
  assert.ok((assertProblem(two, 422).errors ?? []).length >= 2, 'all mistakes at once');
  const batch = await world.api('POST', '/messages/batch', { messages: [GOOD, { ...GOOD, to: ['bad'] }] });
  assert.match(assertProblem(batch, 422).errors?.[0]?.path ?? '', /messages\[1\]/);
  await assertNothingStored(world);
});

test('what is not a usable request is refused before it is read as a message', async (t) => {
  const world = await startWorld(t, toml({ mode: 'capture' }));
  const { url } = world.server();
  const raw = (body: string, headers: Record<string, string>): Promise<Response> =>
    fetch(`${url}/api/v1/messages`, { method: 'POST', body, headers: withKey(world.key, headers) });
  assertProblem(await world.api('POST', '/messages', '{"to": ['), 400, 'malformed_json');
  assertProblem(await world.api('POST', '/messages', `${'['.repeat(200)}${']'.repeat(200)}`), 400);
  assertProblem(await world.api('GET', '/nothing-here'), 404, 'not_found');
  assert.equal((await raw('x', { 'content-type': 'text/plain' })).status, 415);
  const huge = await world.api('POST', '/messages', { ...GOOD, text: 'x'.repeat(41_000_000) });
  assertProblem(huge, 413, 'body_too_large');
  const attachment = {
    filename: 'a',
    contentType: 'text/plain',
    content: Buffer.alloc(26_000_000).toString('base64'),
  };
  assertProblem(await world.api('POST', '/messages', { ...GOOD, attachments: [attachment] }), 413);
  await assertNothingStored(world);
});

test('keys: none, wrong, revoked by a letter, too weak, of another tenant', async (t) => {
  const sender = '[tenants.sender]\naddress = "app@example.com"\n';
  const tenants = `[[tenants]]\nslug = "acme"\n${sender}[[tenants]]\nslug = "other"\n`;
  const world = await startWorld(t, toml({ mode: 'capture', more: tenants }));
  const { api } = world.server();
  const post = (headers: Record<string, string>): Promise<Answer> =>
    api('POST', '/api/v1/messages', GOOD, headers);
  assertProblem(await post({}), 401, 'unauthorized');
  assertProblem(await post(withKey('ph_live_nonsense')), 401, 'unauthorized');
  const last = world.key.endsWith('a') ? 'b' : 'a';
  assertProblem(await post(withKey(world.key.slice(0, -1) + last)), 401, 'unauthorized');
  const acme = await createKey(world.home, { tenant: 'acme', role: 'tenant_developer' });
  assertProblem(await post(withKey(acme, { 'posthorn-tenant': 'other' })), 403, 'forbidden');
  const mine = await post(withKey(acme));
  assert.equal(mine.status, 202, mine.text);
  const { id } = mine.json<{ id: string }>();
  const other = await createKey(world.home, { tenant: 'other' });
  assertProblem(await api('GET', `/api/v1/messages/${id}`, undefined, withKey(other)), 404, 'not_found');
  const connection = { name: 'c', host: 'relay.example.com' };
  assertProblem(await api('POST', '/api/v1/connections', connection, withKey(acme)), 403, 'forbidden');
});

test('D9: an idempotency key used for another message is refused, and nothing of it is stored', async (t) => {
  const world = await startWorld(t, toml({ mode: 'capture' }));
  const header = { 'idempotency-key': 'order-1' };
  const { id } = await world.send(GOOD, header);
  assert.equal((await world.send(GOOD, header)).id, id);
  const other = await world.api('POST', '/messages', { ...GOOD, subject: 'other' }, header);
  assertProblem(other, 409, 'idempotency_conflict');
  const { items } = (await world.api('GET', '/messages')).json<{ items: unknown[] }>();
  assert.equal(items.length, 1);
});

test('a broken posthorn.toml is refused whole, with file, line and column; nothing is opened or made', async (t) => {
  const cleanup = cleanupOf(t);
  const home = await makeHome('[server]\nhttp = "127.0.0.1:0"\n\n[delivery]\nmode = "life"\nmodus = 1\n');
  cleanup(() => home.remove());
  const { said } = await refusesToStart(home);
  assert.match(said, /posthorn\.toml:5:\d+/);
  assert.match(said, /posthorn\.toml:6:\d+/);
  await home.writeConfig('[server\n');
  assert.match((await refusesToStart(home)).said, /posthorn\.toml:1:\d+/);
});

async function assertNothingStored(world: {
  api: (method: string, path: string) => Promise<Answer>;
}): Promise<void> {
  const { items } = (await world.api('GET', '/messages')).json<{ items: unknown[] }>();
  assert.deepEqual(items, []);
}
