import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../bin/posthorn.mjs', import.meta.url));

interface Asked {
  readonly request: string;
  readonly key: string;
  readonly tenant: unknown;
  // Parsed JSON, looked at field by field in the assertions.
  readonly body: Record<string, unknown> | undefined;
}

/** A server that answers `METHOD /path` from a table, and whatever is not in it with a 404 problem. */
async function fakeServer(t: TestContext, routes: Record<string, [status: number, body: unknown]>) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const name = `${String(request.method)} ${String(request.url)}`;
      asked.push({
        request: name,
        key: String(request.headers.authorization),
        tenant: request.headers['posthorn-tenant'],
        body: text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>),
      });
      const [status, body] = routes[name] ?? [
        404,
        problem(404, 'not_found', 'There is nothing with this id.'),
      ];
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
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
  return { url: `http://127.0.0.1:${String(address.port)}`, asked };
}

function problem(status: number, code: string, detail: string, errors?: unknown) {
  return { type: `/problems/${code}`, title: 'T', status, detail, code, errors };
}

async function posthorn(
  args: readonly string[],
  more: { env?: Record<string, string>; stdin?: string } = {},
) {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', POSTHORN_API_KEY: 'ph_live_x', ...more.env },
    timeout: 20_000,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => undefined); // it may end before it reads
  child.stdin.end(more.stdin ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

const ACCEPTED = {
  id: 'msg_1',
  state: 'queued',
  recipients: [{ address: 'ana@example.com', state: 'queued' }],
  createdAt: '2030-01-01T00:00:00.000Z',
  expiresAt: '2030-01-04T00:00:00.000Z',
};

function message(state: string, more: object = {}) {
  const attempt = {
    id: 'att_1',
    connection: { id: 'con_1', name: 'smtp.example.com' },
    startedAt: '2030-01-01T00:00:00.500Z',
    endedAt: '2030-01-01T00:00:00.900Z',
    outcome: state === 'accepted' ? 'accepted' : 'rejected',
    reply: '550 5.1.1 \u001b[2JNo such user',
    phases: [{ phase: 'connect', ms: 12.4 }],
  };
  const recipients = [{ address: 'ana@example.com', state, reply: null, errorId: null, nextAttemptAt: null }];
  return { ...ACCEPTED, state, subject: 'Hello', recipients, attempts: [attempt], timeline: [], ...more };
}

test('send hands over what the flags say, and names the next command', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'posthorn-cli-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'report.pdf'), 'PDF');
  const { url, asked } = await fakeServer(t, { 'POST /api/v1/messages': [202, ACCEPTED] });
  const to = ['--to', '"Ana M" <ana@example.com>', '--to', 'bo@example.com', '--cc', '<cy@example.com>'];
  const content = [
    '--subject',
    'Hi',
    '--text',
    'T',
    '--attach',
    join(folder, 'report.pdf'),
    '--class',
    'account',
  ];
  const { code, stdout, stderr } = await posthorn(
    ['send', ...to, ...content, '--tag', 'a', '--tag', 'b', '--tenant', 'acme'],
    {
      env: { POSTHORN_URL: url },
    },
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '✓ Queued  msg_1\n');
  assert.match(stderr, /posthorn messages show msg_1/);
  assert.equal(asked[0]?.key, 'Bearer ph_live_x');
  assert.equal(asked[0].tenant, 'acme');
  assert.deepEqual(asked[0].body, {
    to: [{ name: 'Ana M', address: 'ana@example.com' }, 'bo@example.com'],
    cc: ['cy@example.com'],
    subject: 'Hi',
    text: 'T',
    attachments: [{ filename: 'report.pdf', contentType: 'application/pdf', content: 'UERG' }],
    class: 'account',
    tags: ['a', 'b'],
  });
});

test('the text comes from standard input when no content is named', async (t) => {
  const { url, asked } = await fakeServer(t, { 'POST /api/v1/messages': [202, ACCEPTED] });
  const { code } = await posthorn(['send', '--to', 'a@b', '--server', url, '--key', 'ph_test_y'], {
    stdin: 'Grüße\n',
  });
  assert.equal(code, 0);
  assert.equal(asked[0]?.body?.['text'], 'Grüße\n');
  assert.equal(asked[0].key, 'Bearer ph_test_y');
});

test('send --wait tells how it ended, and the exit code says it too', async (t) => {
  const cases = [
    ['accepted', 0, /^✓ Accepted by smtp\.example\.com in 0\.9 s {2}msg_1\n$/],
    ['captured', 0, /^✓ Captured, not sent \(mode: capture\) {2}msg_1\n$/],
    ['failed', 1, /^✗ Failed: 550 5\.1\.1 {2}\[2JNo such user {2}msg_1\n$/],
    ['held', 1, /^! Held: its connection cannot be used/],
  ] as const;
  for (const [state, want, line] of cases) {
    const { url } = await fakeServer(t, {
      'POST /api/v1/messages': [202, ACCEPTED],
      'GET /api/v1/messages/msg_1': [200, message(state)],
    });
    const args = ['send', '--to', 'a@b', '--text', 'x', '--wait', '--timeout', '0s', '--server', url];
    const { code, stdout } = await posthorn(args);
    assert.equal(code, want, state);
    assert.match(stdout, line);
  }
});

test('--json prints exactly one document, also for refusals', async (t) => {
  const refusal = problem(422, 'invalid_request', 'to[0] is wrong', [
    { path: 'to[0]', message: 'is wrong' },
    { path: 'text', message: 'is too' },
  ]);
  const { url } = await fakeServer(t, {
    'GET /api/v1/messages?q=status%3Afailed&limit=2': [200, { items: [message('failed')], next: 'abc' }],
    'POST /api/v1/messages': [422, refusal],
  });
  const listed = await posthorn([
    'messages',
    'list',
    'status:failed',
    '--limit',
    '2',
    '--json',
    '--server',
    url,
  ]);
  assert.equal(listed.code, 0, listed.stderr);
  assert.equal(JSON.parse(listed.stdout).next, 'abc');
  assert.equal(listed.stderr, '');

  const refused = await posthorn(['send', '--to', 'x', '--text', 'x', '--json', '--server', url]);
  assert.equal(refused.code, 4);
  assert.deepEqual(JSON.parse(refused.stdout), { error: refusal });
  assert.match(refused.stderr, /to\[0\] {2}is wrong/);

  const usage = await posthorn(['send', '--json']);
  assert.equal(usage.code, 2);
  assert.equal(JSON.parse(usage.stdout).error.code, 'usage');
});

const EXPLAINED = {
  state: 'held',
  route: {
    connection: null,
    reason: 'none usable',
    considered: [
      { connection: 'a', verdict: 'passed over', why: 'paused' },
      { connection: 'bc', verdict: 'passed over', why: 'failing' },
    ],
  },
};

test('messages: list, show, verbs and explain for people', async (t) => {
  const { url, asked } = await fakeServer(t, {
    'GET /api/v1/messages': [200, { items: [message('failed')], next: 'abc' }],
    'GET /api/v1/messages/msg_1': [200, message('accepted')],
    'POST /api/v1/messages/msg_1/cancel': [200, message('cancelled')],
    'POST /api/v1/messages/msg_1/retry': [200, message('queued')],
    'POST /api/v1/messages/msg_1/resend': [202, { ...ACCEPTED, id: 'msg_2' }],
    'GET /api/v1/messages/msg_1/explain': [200, EXPLAINED],
  });
  const say = async (...args: string[]) => posthorn([...args, '--server', url]);
  const listed = await say('messages');
  assert.match(
    listed.stdout,
    /^ID +STATE +CREATED +TO +SUBJECT\nmsg_1 +failed +\S+ +ana@example.com +Hello\n$/,
  );
  assert.match(listed.stderr, /posthorn messages list --cursor abc/);
  const shown = await say('messages', 'show', 'msg_1');
  assert.match(
    shown.stdout,
    /✓ Accepted by smtp\.example\.com[\s\S]*Subject +Hello[\s\S]*connect 12 · 400 ms/,
  );
  assert.ok(!shown.stdout.includes('\u001b'), 'no control characters from a server');
  assert.match((await say('messages', 'cancel', 'msg_1')).stdout, /Cancelled {2}msg_1/);
  assert.match((await say('message', 'retry', 'msg_1')).stdout, /Will be tried now {2}msg_1/);
  assert.match((await say('messages', 'resend', 'msg_1')).stdout, /Queued again {2}msg_2/);
  const explained = await say('explain', 'msg_1');
  assert.equal(
    explained.stdout,
    '! held\nNo connection: none usable\n  a   passed over: paused\n  bc  passed over: failing\n',
  );
  assert.equal(asked.length, 6);
});

test('connections: list, show, pause', async (t) => {
  const primary = {
    id: 'con_1',
    name: 'primary',
    state: 'active',
    type: 'smtp',
    host: 'h',
    port: 587,
    security: 'starttls',
    auth: 'password',
  };
  const { url } = await fakeServer(t, {
    'GET /api/v1/connections': [200, { items: [primary], next: null }],
    'POST /api/v1/connections/primary/pause': [200, { ...primary, state: 'paused' }],
    'GET /api/v1/connections/primary': [200, { ...primary, password: { set: true } }],
  });
  const listed = await posthorn(['connections', 'list', '--server', url]);
  assert.match(listed.stdout, /\nprimary {2}active {2}smtp {2}h:587 +starttls +password +con_1\n$/);
  const shown = await posthorn(['connections', 'show', 'primary', '--server', url]);
  assert.match(shown.stdout, /Password\n {2}Set {2}true\n/);
  const paused = await posthorn(['connections', 'pause', 'primary', '--server', url]);
  assert.equal(paused.stdout, '✓ primary is paused\n');
});

test('connections: activate, revisions, restore', async (t) => {
  const active = { id: 'con_1', name: 'primary', state: 'active', revision: 2, draft: null };
  const saved = {
    createdAt: '2026-11-24T10:00:00.000Z',
    createdBy: 'key_1',
    origin: 'saved',
    returned: null,
  };
  const revisions = [
    { ...saved, revision: 2, state: 'active', proof: null, forced: 'moving', changes: [{ field: 'host' }] },
    { ...saved, revision: 1, state: 'superseded', proof: { test: 't' }, forced: null, changes: [] },
  ];
  const { url, asked } = await fakeServer(t, {
    'POST /api/v1/connections/primary/activate': [200, active],
    'GET /api/v1/connections/primary/revisions': [200, { items: revisions, next: null }],
    'POST /api/v1/connections/primary/revisions/1/restore': [200, { ...active, draft: { revision: 3 } }],
  });
  const say = (...args: string[]) => posthorn(['connections', ...args, '--server', url]);
  const activated = await say('activate', 'primary', '--force', '--reason', 'moving');
  assert.equal(activated.stdout, '✓ primary is active, revision 2\n');
  const past = await say('revisions', 'primary');
  assert.match(past.stdout, /\n2 +active +2026-\S+ +key_1 +forced: moving +host\n1 +superseded .* tested/);
  const restored = await say('restore', 'primary', '1');
  assert.equal(restored.stdout, '✓ primary is active, revision 2; revision 3 is a draft\n');
  assert.equal((await say('restore', 'primary', 'x')).code, 2);
  assert.equal(asked.length, 3);
});

test('exit codes: 3 for no answer or no sign-in, 4 for refused, 2 for usage', async (t) => {
  const { url } = await fakeServer(t, {
    'GET /api/v1/messages/msg_401': [401, problem(401, 'unauthorized', 'No.')],
    'GET /api/v1/messages/msg_403': [403, problem(403, 'forbidden', 'No.')],
    'GET /api/v1/messages/msg_500': [500, problem(500, 'internal', 'No.')],
  });
  const codeOf = async (...args: string[]) => (await posthorn(args)).code;
  const codes = await Promise.all([
    ...['msg_401', 'msg_403', 'msg_404', 'msg_500', 'con_1'].map((id) =>
      codeOf('messages', 'show', id, '--server', url),
    ),
    codeOf('messages', 'list', '--server', 'nonsense'),
  ]);
  assert.deepEqual(codes, [3, 4, 4, 1, 2, 2]);

  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const address = closed.address();
  assert.ok(address !== null && typeof address === 'object');
  closed.close();
  await once(closed, 'close');
  const dead = `http://127.0.0.1:${String(address.port)}`;
  const gone = await posthorn([
    'send',
    '--to',
    'a@b',
    '--text',
    'x',
    '--idempotency-key',
    'k',
    '--server',
    dead,
  ]);
  assert.equal(gone.code, 3);
  assert.match(gone.stderr, /ECONNREFUSED[\s\S]*posthorn serve/);
});

test('a misspelt command is answered with the near one, help begins with examples', async () => {
  const misspelt = await posthorn(['mesages']);
  assert.equal(misspelt.code, 2);
  assert.match(misspelt.stderr, /Did you mean (one of )?messages?/);
  const help = await posthorn(['send', '--help']);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^Examples:\n {2}\$ posthorn send --to/);
  assert.equal(
    (await posthorn(['send', '--to', 'a@b', '--text', 'x'], { env: { POSTHORN_API_KEY: '' } })).code,
    2,
  );
});
