/** `posthorn test` against a server that plays a test: what it asks, what it shows, how it ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../bin/posthorn.mjs', import.meta.url));
const SECRET = 'canary-4f9c0d7e5b1a';

const FOLDER = mkdtempSync(join(tmpdir(), 'posthorn-cli-'));
after(() => {
  rmSync(FOLDER, { recursive: true });
});
const FILE = join(FOLDER, 'password');
writeFileSync(FILE, `${SECRET}\n`);

const TARGET = {
  name: 'relay',
  type: 'smtp',
  host: 'smtp.example.com',
  port: 587,
  security: 'starttls',
  auth: 'password',
  unsaved: false,
};
const DIAGNOSIS = {
  id: 'auth.bad_credentials',
  title: 'User name or password was not accepted.',
  cause: 'The server knows neither.',
  fixes: [
    { text: 'Type the password again.' },
    { text: 'Make an app password.', action: { kind: 'copy', label: 'Copy', text: 'make it\nnow' } },
  ],
  docs: [{ label: 'Help', url: 'https://docs.example.com/e' }],
  confidence: 'certain',
  params: {},
};
const PASSED = {
  ...{ id: 'tst_1', status: 'passed', connection: 'con_1', target: TARGET, mail: null, fingerprint: 'f' },
  ...{ startedAt: '', endedAt: '', ended: 'finished', ms: 321, transcript: '+0 ** connecting\n+1 <- 220 hi' },
  stages: [
    { id: 'dns', status: 'ok', ms: 2, fact: '1 address (1 IPv4)' },
    { id: 'ehlo', status: 'warn', ms: 3, fact: 'SIZE', notes: ['Not encrypted.'] },
  ],
};
const FAILED = {
  ...PASSED,
  ...{ status: 'failed', failedStage: 'auth' },
  stages: [
    PASSED.stages[0],
    { id: 'auth', status: 'failed', ms: 5397, reply: '535 5.7.8 No \u001b[2J way', diagnosis: DIAGNOSIS },
    { id: 'mail-from', status: 'not_reached' },
    { id: 'rcpt-to', status: 'not_reached' },
  ],
};

/** Plays one test; answers what it was asked. */
async function play(t: TestContext, found: typeof PASSED | typeof FAILED, joined = false) {
  const asked: { request: string; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const name = `${String(request.method)} ${String(request.url)}`;
      asked.push({ request: name, body });
      if (name === 'GET /api/v1/connection-tests/tst_1/events') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const [first, ...others] = found.stages;
        const told = (event: object) => `data: ${JSON.stringify({ t: 'stage', at: 0, ...event })}\n\n`;
        response.write(`id: 0\n${told({ ...first, status: 'running' })}: quiet\n\n`);
        response.write(told({ ...first }));
        for (const stage of others) response.write(told({ ...stage }));
        response.end(`data: ${JSON.stringify({ t: 'end', status: found.status })}\n\n`);
        return;
      }
      const status = request.method === 'POST' ? 202 : 200;
      const list = { items: [{ id: 'con_1', name: 'relay' }], next: null };
      const answer = name.endsWith('/connections') ? list : { ...found, joined };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
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

async function posthorn(url: string, args: readonly string[], stdin = '') {
  const child = spawn(process.execPath, [BIN, 'test', ...args], {
    env: {
      PATH: process.env['PATH'],
      LANG: 'C.UTF-8',
      POSTHORN_API_KEY: 'ph_live_x',
      POSTHORN_URL: url,
      RELAY_PASSWORD: SECRET,
    },
    timeout: 20_000,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

test('a failed test shows every stage, what it means, what to do, and exits with 1', async (t) => {
  const { url, asked } = await play(t, FAILED);
  const { code, stdout } = await posthorn(url, ['relay', '--to', 'ana@example.net', '--transcript']);
  assert.equal(code, 1);
  assert.deepEqual(JSON.parse(asked[0]?.body ?? ''), { connection: 'relay', to: 'ana@example.net' });
  const lines = stdout.split('\n');
  assert.equal(lines[1], '  relay  smtp.example.com:587 · STARTTLS required · password');
  assert.match(stdout, /^ {2}✓ DNS {17}1 address \(1 IPv4\) +2 ms$/m);
  assert.match(stdout, /^ {2}✗ Sign in {13}535 5\.7\.8 No +\[2J way +5397 ms$/m);
  assert.match(stdout, /^ {2}· MAIL FROM, RCPT TO not reached$/m);
  assert.match(stdout, /^ {2}User name or password was not accepted\.\n {2}The server knows neither\.$/m);
  assert.match(stdout, /^ {2}Fix {3}1 {2}Type the password again\.\n {8}2 {2}Make an app password\.$/m);
  assert.match(stdout, /^ {2}\+1 <- 220 hi$/m);
});

test('what a server said at length is shown whole behind the stages', async (t) => {
  const reply = `550 5.7.1 ${'because of this and that '.repeat(8)}end`;
  const [dns, auth] = FAILED.stages;
  const { url } = await play(t, { ...FAILED, stages: [dns, { ...auth, reply }] } as typeof FAILED);
  const { stdout } = await posthorn(url, ['relay']);
  assert.match(stdout, /^ {2}✗ Sign in {13}550 5\.7\.1 because .*… +5397 ms$/m);
  assert.ok(stdout.includes(`  Said  ${reply}\n\n  User name or password was not accepted.`));
});

test('a test that passed exits with 0 and shows what is worth knowing', async (t) => {
  const { url, asked } = await play(t, PASSED, true);
  const { code, stdout, stderr } = await posthorn(url, []);
  assert.equal(code, 0);
  assert.deepEqual(asked.slice(0, 2), [
    { request: 'GET /api/v1/connections', body: '' },
    { request: 'POST /api/v1/connection-tests', body: '{"connection":"con_1"}' },
  ]);
  assert.match(stdout, /^ {2}! EHLO/m);
  assert.match(stdout, /^ {24}Not encrypted\.$/m);
  assert.match(stdout, /Passed in 0\.3 s: nothing was sent/);
  assert.doesNotMatch(stdout, /220 hi/);
  assert.match(stderr, /running already/);
});

test('--json prints one document', async (t) => {
  const { url } = await play(t, FAILED);
  const { code, stdout } = await posthorn(url, ['relay', '--json']);
  assert.equal(code, 1);
  assert.equal((JSON.parse(stdout) as { failedStage: string }).failedStage, 'auth');
});

test('K5: a server as an address: its parts become settings, and its password is shown nowhere', async (t) => {
  const { url, asked } = await play(t, PASSED);
  const cases: [string[], object, string?][] = [
    [
      [`smtp://api%40key:${SECRET}@smtp.example.com:2525?security=starttls`],
      { host: 'smtp.example.com', port: 2525, security: 'starttls', username: 'api@key', password: SECRET },
    ],
    [
      ['smtps://app@[2001:db8::1]', '--password-stdin'],
      { host: '2001:db8::1', security: 'implicit', username: 'app', password: `${SECRET} ` },
      `${SECRET} \n`,
    ],
    [
      ['smtps://app@h.example', '--password-env', 'RELAY_PASSWORD'],
      { host: 'h.example', security: 'implicit', username: 'app', password: SECRET },
    ],
    [
      ['smtp://app@h.example', '--password-file', FILE, '--ca', FILE],
      { host: 'h.example', username: 'app', password: SECRET, ca: `${SECRET}\n` },
    ],
    [['smtp://127.0.0.1:25', '--security', 'none'], { host: '127.0.0.1', port: 25, security: 'none' }],
  ];
  for (const [args, settings, stdin] of cases) {
    asked.length = 0;
    const ran = await posthorn(url, args, stdin);
    assert.equal(ran.code, 0, ran.stderr);
    assert.doesNotMatch(ran.stdout + ran.stderr, new RegExp(SECRET));
    const auth = 'username' in settings ? { auth: 'password' } : {};
    assert.deepEqual(JSON.parse(asked[0]?.body ?? ''), { settings: { type: 'smtp', ...settings, ...auth } });
  }
});

test('K5: what is wrong with an address is said without it', async (t) => {
  const { url, asked } = await play(t, PASSED);
  const wrong: [string[], RegExp][] = [
    [[`ftp://a:${SECRET}@h`], /begins with smtp/],
    [[`smtp://a:${SECRET}@h:99999`], /no address of a server/],
    [[`smtp://a:${SECRET}%@h`], /%25/],
    [[`smtp://a:${SECRET}@h/path`], /behind the port/],
    [[`smtp://a:${SECRET}@h#x`], /%23/],
    [[`smtp://:${SECRET}@h`], /no user name/],
    [['smtp://a@h'], /--password-stdin/],
    [[`smtp://a:${SECRET}@h?security=tls`], /security is one of/],
    [[`smtp://a:${SECRET}@h?pasword=x`], /not known/],
    [[`smtp://a:${SECRET}@h?verify=maybe`], /true or false/],
    [['relay', '--security', 'none'], /for an address/],
    [['relay', '--from', 'a@b.example'], /--to/],
    [['relay', '--password-stdin'], /--password-stdin holds no password/],
    [['relay', '--password-env', 'NOT_SET'], /NOT_SET holds no password/],
    [['relay', '--password-file', '/nonexistent'], /--password-file: ENOENT/],
    [['relay', '--password-stdin', '--password-env', 'RELAY_PASSWORD'], /is enough/],
    [['relay', '--ca', FILE], /for an address/],
    [['smtp://h', '--ca', '/nonexistent'], /--ca: ENOENT/],
  ];
  for (const [args, message] of wrong) {
    const ran = await posthorn(url, args);
    assert.equal(ran.code, 2, `${String(args)}: ${ran.stderr}`);
    assert.match(ran.stderr, message);
    assert.doesNotMatch(ran.stdout + ran.stderr, new RegExp(SECRET));
  }
  assert.deepEqual(asked, []);
});
