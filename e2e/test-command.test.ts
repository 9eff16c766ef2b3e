/**
 * `posthorn test` as people see it, against a real Postfix; and the guide to it, whose commands are run as they stand.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findSecret, newCanary } from './canary.ts';
import { run, type Finished } from './child.ts';
import { startWrongPostfix, type DoorName, type WrongPostfix } from './diagnosis/postfix.ts';
import { TO } from './diagnosis/way.ts';
import { mayRunPostfix } from './postfix-instance.ts';
import { createKey, makeHome, posthorn, startPosthorn, type Home, type PosthornServer } from './server.ts';
import { toml } from './toml.ts';

const skip = mayRunPostfix() ? false : 'Postfix runs as root only';
const PROGRAM = fileURLToPath(new URL('../cli/bin/posthorn.mjs', import.meta.url));
const GUIDE = fileURLToPath(new URL('../docs/testing-a-connection.md', import.meta.url));
const account = { username: 'apps', password: newCanary('pw') };

let postfix: WrongPostfix;
let home: Home;
let server: PosthornServer;
let env: Record<string, string>;
let ca: string;

if (skip === false) {
  before(async () => {
    postfix = await startWrongPostfix(account);
    const submission = { host: 'localhost', port: postfix.ports.submission, security: 'starttls' };
    const primary = {
      name: 'primary',
      ...submission,
      auth: 'password',
      ...account,
      ca: postfix.certificates.ca,
    };
    home = await makeHome(toml({ connections: [primary] }));
    ca = join(home.folder, 'ca.pem');
    await writeFile(ca, postfix.certificates.ca);
    server = await startPosthorn(home);
    const key = await createKey(home);
    env = {
      POSTHORN_URL: server.url,
      POSTHORN_API_KEY: key,
      RELAY_PASSWORD: account.password,
      LANG: 'C.UTF-8',
    };
  });
  after(async () => {
    await server.stop();
    await postfix.stop();
    await home.remove();
  });
}

async function tried(args: readonly string[], more: Record<string, string> = {}): Promise<Finished> {
  const done = await posthorn(home, ['test', ...args], { ...env, ...more });
  assert.deepEqual(findSecret(account.password, Buffer.from(done.stdout + done.stderr)), []);
  return done;
}

function at(door: DoorName, user = ''): string {
  return `smtp://${user}localhost:${String(postfix.ports[door])}`;
}

test(
  'a test that passes shows every stage on a line, with its time, and exits with 0',
  { skip },
  async () => {
    const done = await tried(['primary', '--to', TO]);
    assert.equal(done.code, 0, done.stderr + done.stdout);
    assert.equal(done.stderr, '', 'nothing but the result, when nobody looks');
    const lines = done.stdout.split('\n');
    const port = String(postfix.ports.submission);
    assert.deepEqual(lines.slice(0, 3), [
      '',
      `  primary  localhost:${port} · STARTTLS required · password`,
      '',
    ]);
    const stages = lines.slice(3, 3 + lines.slice(3).indexOf(''));
    assert.deepEqual(
      stages.map((line) => line.slice(0, 24).trim()),
      [
        ...['✓ Settings', '✓ DNS', '✓ TCP', '✓ Greeting', '✓ EHLO', '✓ TLS', '✓ EHLO after TLS', '✓ Sign in'],
        ...['✓ MAIL FROM', '✓ RCPT TO', '✓ DATA', '✓ Accepted'],
      ],
    );
    for (const line of stages) assert.match(line, /^ {2}✓ .{20}\S.* +\d+ ms$/);
    assert.equal(new Set(stages.map((line) => line.length)).size, 1, 'times stand in one column');
    assert.match(
      done.stdout,
      /^ {2}Passed in \d+\.\d s: a message to ana@inmail\.test was accepted, .* [0-9A-F]{6,}$/m,
    );
    assert.match(done.stdout, /^ {2}Run {3}tst_\w+$/m);
  },
);

test(
  'a test that fails says where, what, why and what was not reached, and exits with 1',
  { skip },
  async () => {
    const wrong = { RELAY_PASSWORD: 'not it' };
    const done = await tried(
      [at('submission', 'apps@'), '--ca', ca, '--password-env', 'RELAY_PASSWORD', '--to', TO],
      wrong,
    );
    assert.equal(done.code, 1, done.stderr + done.stdout);
    assert.match(done.stdout, /^ {2}✗ Sign in {13}535 5\.7\.8 .* \d+ ms$/m);
    assert.match(done.stdout, /^ {2}· MAIL FROM, RCPT TO, DATA, Accepted not reached$/m);
    assert.match(done.stdout, /^ {2}User name or password was not accepted\.$/m);
    assert.match(done.stdout, /auth\.bad_credentials/);
    assert.doesNotMatch(done.stdout, /Passed|✓ MAIL FROM/);
  },
);

test(
  'a reply that does not fit its row is shown whole; the transcript when asked for',
  { skip },
  async () => {
    const whole =
      '550 5.1.1 <nobody@inmail.test>: Recipient address rejected: User unknown in virtual mailbox table';
    const args = [at('open'), '--security', 'none', '--to', 'nobody@inmail.test'];
    const short = await tried(args);
    assert.match(short.stdout, /^ {2}✗ RCPT TO {13}550 5\.1\.1 .*… +\d+ ms$/m);
    assert.ok(short.stdout.includes(`  Said  ${whole}\n`), short.stdout);
    assert.doesNotMatch(short.stdout, /Transcript/);
    const long = await tried([...args, '--transcript']);
    assert.ok(long.stdout.includes(`<- ${whole}\n`), long.stdout);
  },
);

test('without UTF-8 the marks are words, in columns all the same', { skip }, async () => {
  const done = await tried([at('doorClosed'), '--security', 'none'], { LANG: 'C' });
  assert.equal(done.code, 1);
  assert.match(done.stdout, /^ {2}ok TCP {17} *\S/m);
  assert.match(done.stdout, /^ {2}x {2}Greeting {12}554 5\.7\.1 /m);
});

test('--json prints the test as the API has it', { skip }, async () => {
  const done = await tried([at('doorClosed'), '--security', 'none', '--json']);
  assert.equal(done.code, 1);
  const shown = JSON.parse(done.stdout) as { status: string; failedStage: string };
  assert.deepEqual([shown.status, shown.failedStage], ['failed', 'greeting']);
});

test('wrong usage ends with 2, no server with 3, a refusal with 4', { skip }, async () => {
  const codes = async (args: string[], more = {}): Promise<number | null> => (await tried(args, more)).code;
  assert.equal(await codes(['smtp://apps@localhost:25']), 2, 'a user and no password');
  assert.equal(
    await codes([at('open')], { POSTHORN_URL: `http://127.0.0.1:${String(postfix.closedPort)}` }),
    3,
  );
  assert.equal(await codes(['nothing-of-this-name']), 4);
  assert.equal(await codes([at('open'), '--security', 'none', '--to', 'nonsense']), 4);
});

test('every command of the guide does what it says, as it stands there', { skip }, async (t) => {
  const guide = await readFile(GUIDE, 'utf8');
  const commands = [...guide.matchAll(/^```sh\n([^`]*)^```$/gm)]
    .flatMap((block) => (block[1] ?? '').split('\n'))
    .filter((line) => /^(?:npx posthorn|curl) /.test(line));
  assert.ok(commands.length >= 8, `${String(commands.length)} commands`);
  const port = String(postfix.ports.submission);
  // A key of its own: one key may send five test messages in a minute.
  const own = { ...env, POSTHORN_API_KEY: await createKey(home) };
  for (const command of commands) {
    const here = command
      .replace(/^npx posthorn/, `'${process.execPath}' '${PROGRAM}'`)
      .replaceAll('http://127.0.0.1:8025', server.url)
      .replaceAll('smtp.example.com:587', `localhost:${port} --ca '${ca}'`)
      .replaceAll(
        '"host": "smtp.example.com", "port": 587',
        `"host": "localhost", "port": ${port}, ${caField()}`,
      )
      .replaceAll('you@example.com', TO);
    const script = command.startsWith('curl ') ? here.replace('curl ', 'curl --fail-with-body ') : here;
    const done = await run('sh', ['-c', script], {
      env: { PATH: process.env['PATH'], ...own },
      cwd: home.folder,
    });
    t.diagnostic(`${String(done.code)}  ${command}`);
    assert.equal(done.code, 0, `${command}\n${done.stderr}${done.stdout}`);
    assert.deepEqual(findSecret(account.password, Buffer.from(done.stdout + done.stderr)), [], command);
  }
});

/** The authority, as a field of a JSON body inside single quotes. */
function caField(): string {
  return `"ca": ${JSON.stringify(postfix.certificates.ca)}`;
}
