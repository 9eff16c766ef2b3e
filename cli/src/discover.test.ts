import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../bin/posthorn.mjs', import.meta.url));

/** Runs the command against a server that gives this answer to everything; tells also what was asked. */
async function posthorn(t: TestContext, answer: unknown, ...args: readonly string[]) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push(
        `${String(request.method)} ${String(request.url)} ${Buffer.concat(chunks).toString()}`.trim(),
      );
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const child = spawn(process.execPath, [BIN, ...args, '--server', `http://127.0.0.1:${String(port)}`], {
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', POSTHORN_API_KEY: 'ph_live_x' },
    timeout: 20_000,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr, asked };
}

const SUGGESTION = {
  name: 'Gmail and Google Workspace',
  preset: 'gmail',
  settings: {
    host: 'smtp.gmail.com',
    port: 587,
    security: 'starttls',
    auth: 'password',
    username: 'a@b.test',
  },
  source: 'mx',
  evidence: [{ source: 'mx', text: 'Mail to b.test goes \u001b[2Jto aspmx.l.google.com.' }],
  caution: null,
};

test('discover shows what was found and why, cleaned', async (t) => {
  const found = { domain: 'b.test', suggestions: [SUGGESTION], steps: [], ms: 5 };
  const { code, stdout, asked } = await posthorn(t, found, 'discover', 'a@b.test');
  assert.equal(code, 0);
  assert.deepEqual(asked, ['POST /api/v1/discover {"address":"a@b.test"}']);
  assert.match(
    stdout,
    /Gmail and Google Workspace {2}recommended\n {4}smtp\.gmail\.com:587 {2}starttls {2}password {2}a@b\.test\n/,
  );
  assert.ok(!stdout.includes('\u001b'));
});

test('discover of nothing says what was asked, and is a failure', async (t) => {
  const none = {
    domain: 'b.test',
    suggestions: [],
    steps: [{ source: 'mx', asked: 'MX b.test', found: false }],
    ms: 5,
  };
  const { code, stdout, asked } = await posthorn(t, none, 'discover', 'b.test');
  assert.equal(code, 1);
  assert.deepEqual(asked, ['POST /api/v1/discover {"domain":"b.test"}']);
  assert.match(stdout, /No settings were found for b\.test\..*\n {2}· MX b\.test: nothing\n/);
});

test('probe shows a row for each port', async (t) => {
  const row = {
    port: 587,
    state: 'open',
    speaks: 'plain',
    startTls: true,
    ms: 12,
    change: { label: 'x', change: { port: 587, security: 'starttls' } },
  };
  const closed = { port: 25, state: 'filtered', speaks: null, startTls: null, ms: 3000, change: null };
  const shown = await posthorn(t, { host: 'm.test', ports: [closed, row], trouble: null }, 'probe', 'm.test');
  assert.equal(shown.code, 0);
  assert.match(shown.stdout, /587 {3}open {6}SMTP with STARTTLS {2}12 ms {4}security starttls/);
  const lost = await posthorn(
    t,
    { host: 'm.test', ports: [], trouble: 'DNS has no address for m.test.' },
    'probe',
    'm.test',
  );
  assert.equal(lost.code, 1);
  assert.equal(lost.stdout, 'DNS has no address for m.test.\n');
});

const PRESET = {
  id: 'sendgrid',
  name: 'SendGrid',
  host: 'smtp.sendgrid.net',
  port: 587,
  security: 'starttls',
  regions: [],
  ports: [{ port: 587, security: 'starttls' }],
  auth: ['password'],
  username: { fixed: 'apikey', placeholder: 'apikey', rule: 'The word apikey.' },
  secret: { label: 'API key', placeholder: 'SG.…', helpSteps: ['Open Settings.'] },
  limits: {},
  senders: 'verified',
  docs: [],
  reviewedOn: '2020-01-01',
  stale: true,
  notices: [{ from: null, to: null, severity: 'warn', text: 'Look out.' }],
};

test('presets lists them, shows one, and knows when it is old', async (t) => {
  const all = await posthorn(t, { items: [PRESET] }, 'presets');
  assert.match(all.stdout, /sendgrid {2}SendGrid {2}smtp\.sendgrid\.net {2}587 {3}starttls {2}apikey\n/);
  const one = await posthorn(t, { items: [PRESET] }, 'presets', 'sendgrid');
  assert.match(
    one.stdout,
    /1 {2}Open Settings\.[\s\S]*! Look out\.[\s\S]*check these values with the provider/,
  );
  const none = await posthorn(t, { items: [PRESET] }, 'presets', 'nobody');
  assert.equal(none.code, 2);
  assert.match(none.stderr, /there is no preset "nobody": sendgrid/);
  const json = await posthorn(t, { items: [PRESET] }, 'presets', '--json');
  assert.deepEqual(JSON.parse(json.stdout), { items: [PRESET] });
});

test('deliverability shows rows, and fails when one does', async (t) => {
  const row = {
    check: 'spf',
    status: 'fail',
    found: 'no SPF record',
    expected: null,
    why: 'It is missing.',
    fix: 'Publish it.',
  };
  const found = { domain: 'b.test', host: 'm.test', rows: [row] };
  const { code, stdout, asked } = await posthorn(t, found, 'deliverability', 'a@b.test', '--host', 'm.test');
  assert.equal(code, 1);
  assert.match(stdout, /✗ SPF {10}It is missing\.\n +no SPF record\n +Fix Publish it\.\n/);
  assert.deepEqual(asked, ['POST /api/v1/deliverability {"from":"a@b.test","host":"m.test"}']);
  assert.equal((await posthorn(t, found, 'deliverability', 'a@b.test')).code, 2);
});
