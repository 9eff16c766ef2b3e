import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createKeyLocally } from './operator/operator.ts';
import { serve, type ServeOptions } from './main.ts';

const ROOM = '[storage]\nmin_free_bytes = 0\nmin_free_percent = 0\n';

interface Run {
  readonly place: { config: string; data: string; env: Record<string, string> };
  readonly signals: EventEmitter;
  readonly code: Promise<number>;
  said(): string;
  /** Where it listens; fails when it ends before it says so. */
  ready(): Promise<string>;
  lines(): { level: string; msg: string }[];
}

function newPlace(
  t: TestContext,
  toml = ROOM,
): { folder: string; config: string; data: string; env: Record<string, string> } {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-serve-'));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const config = join(folder, 'posthorn.toml');
  writeFileSync(config, toml, { mode: 0o600 });
  return { folder, config, data: join(folder, 'data'), env: {} };
}

function run(
  place: { config: string; data: string; env: Record<string, string> },
  more: Partial<ServeOptions> = {},
): Run {
  const signals = new EventEmitter();
  const heard = new EventEmitter();
  let said = '';
  const stream = {
    write(text: string) {
      said += text;
      heard.emit('text');
    },
  };
  const code = serve({ ...place, http: '127.0.0.1:0', stdout: stream, stderr: stream, signals, ...more });
  return {
    place,
    signals,
    code,
    said: () => said,
    lines: () =>
      said
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as { level: string; msg: string }),
    async ready() {
      for (;;) {
        const found = /"http":"([^"]+)"[^\n]*"READY"/.exec(said)?.[1];
        if (found !== undefined) return found.replace(/\/$/, '');
        const ended = await Promise.race([once(heard, 'text').then(() => undefined), code]);
        assert.equal(ended, undefined, `it ended with ${String(ended)}: ${said}`);
      }
    },
  };
}

async function refusedWith(place: Run['place'], more: Partial<ServeOptions> = {}): Promise<string> {
  const started = run(place, more);
  assert.equal(await started.code, 4, started.said());
  assert.doesNotMatch(started.said(), /READY|    at |node:internal/);
  return started.said();
}

test('serve greets, says READY however quiet the log is, and ends cleanly at SIGTERM', async (t) => {
  const started = run(newPlace(t, `${ROOM}[log]\nlevel = "error"\n`));
  const url = await started.ready();
  assert.match(started.said(), /capture: every message is kept here/);
  assert.match(started.said(), new RegExp(`API +${url}/api/v1`));
  assert.match(started.said(), /npx posthorn key create --name first --config \S+ --data \S+/);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  started.signals.emit('SIGTERM');
  assert.equal(await started.code, 0);
  assert.deepEqual(
    started.lines().map(({ msg }) => msg),
    ['READY'],
  );
  await assert.rejects(fetch(`${url}/healthz`), 'it listens no more');
  const again = run(started.place);
  await again.ready();
  again.signals.emit('SIGINT');
  assert.equal(await again.code, 0, 'and the data folder is free again');
});

test('serve refuses with 4 and says what is wrong and where', async (t) => {
  const file = newPlace(t, `${ROOM}[delivery]\nmode = "loud"\nmodus = 1\n`);
  const said = await refusedWith(file);
  assert.match(said, /posthorn\.toml:5:\d+/);
  assert.match(said, /mode/);
  assert.match(said, /modus/);
  assert.equal(existsSync(file.data), false, 'nothing was made');
  assert.match(await refusedWith(newPlace(t, '[server\n')), /posthorn\.toml:1:\d+/);
  assert.match(await refusedWith({ ...newPlace(t), config: '/nowhere/posthorn.toml' }), /ENOENT/);
  const tenant = newPlace(t, `${ROOM}[[tenants]]\nslug = "instance"\n`);
  assert.match(await refusedWith(tenant), /cannot start: .*instance/);
});

test('serve refuses an address that is taken or not ours, and lets the data folder go again', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const address = other.address();
  assert.ok(typeof address === 'object' && address !== null);
  const place = newPlace(t);
  const taken = `127.0.0.1:${String(address.port)}`;
  assert.match(await refusedWith(place, { http: taken }), /cannot start: .*EADDRINUSE.*127\.0\.0\.1/);
  assert.match(await refusedWith(place, { http: '192.0.2.1:0' }), /cannot start: .*EADDRNOTAVAIL/);
  const free = run(place);
  await free.ready();
  free.signals.emit('SIGTERM');
  assert.equal(await free.code, 0);
});

test('D3: a second server on the same data folder is refused, the first goes on', async (t) => {
  const place = newPlace(t);
  const first = run(place);
  const url = await first.ready();
  assert.match(await refusedWith(place), /Another Posthorn server uses this data folder/);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  first.signals.emit('SIGTERM');
  await first.code;
});

test('serve refuses a data folder that cannot be one', async (t) => {
  const place = newPlace(t);
  writeFileSync(join(place.folder, 'file'), '');
  assert.match(await refusedWith({ ...place, data: join(place.folder, 'file') }), /cannot start: /);
  assert.match(await refusedWith({ ...place, data: join(place.folder, 'file', 'below') }), /cannot start: /);
  mkdirSync(place.data);
  mkdirSync(join(place.data, 'posthorn.db'));
  assert.match(await refusedWith(place), /cannot start: .*posthorn\.db/);
});

test('K6: a wrong or lost master key is refused, and nothing is written that would hide the mistake', async (t) => {
  const place = newPlace(t);
  const first = run(place);
  const url = await first.ready();
  const { key } = await createKeyLocally({ ...place, name: 'first', kind: 'live' });
  const settings = {
    name: 'relay',
    host: 'relay.example',
    auth: 'password',
    username: 'u',
    password: 'geheim-42',
  };
  const made = await fetch(`${url}/api/v1/connections`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(settings),
  });
  assert.equal(made.status, 201, await made.text());
  first.signals.emit('SIGTERM');
  assert.equal(await first.code, 0);

  const keyFile = join(place.data, 'master.key');
  const right = readFileSync(keyFile);
  const files = (): string[] => readdirSync(place.data).sort();
  const before = files();
  rmSync(keyFile);
  assert.match(await refusedWith(place), /master key/);
  assert.equal(existsSync(keyFile), false, 'a lost key is not replaced by another one');
  const wrong = newPlace(t);
  const other = run(wrong);
  await other.ready();
  other.signals.emit('SIGTERM');
  await other.code;
  writeFileSync(keyFile, readFileSync(join(wrong.data, 'master.key')), { mode: 0o600 });
  assert.match(await refusedWith(place), /sealed under the master key \w+; the key file holds \w+/);
  writeFileSync(keyFile, right, { mode: 0o600 });
  const last = run(place);
  await last.ready();
  last.signals.emit('SIGTERM');
  assert.equal(await last.code, 0);
  assert.deepEqual(files(), before);
});

test('SIGHUP takes a changed file; a broken one changes nothing', async (t) => {
  const place = newPlace(t);
  const started = run(place);
  const url = await started.ready();
  const { key } = await createKeyLocally({ ...place, name: 'first', kind: 'live' });
  const send = async (): Promise<number> => {
    const answer = await fetch(`${url}/api/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ to: ['ana@example.net'], text: 'x' }),
    });
    return answer.status;
  };
  const says = async (msg: string, times = 1): Promise<void> => {
    while (started.lines().filter((line) => line.msg.includes(msg)).length < times)
      await new Promise((resolve) => setImmediate(resolve));
  };
  assert.equal(await send(), 422, 'there is no sender');
  writeFileSync(place.config, `${ROOM}[sender]\naddress = "app@example.com"\n`);
  started.signals.emit('SIGHUP');
  await says('configuration changed');
  let status = 422;
  while (status !== 202) status = await send();
  writeFileSync(place.config, `${ROOM}[sender\n`);
  started.signals.emit('SIGHUP');
  await says('is refused; the old one stays');
  assert.equal(await send(), 202);
  started.signals.emit('SIGTERM');
  assert.equal(await started.code, 0);
});

test('D6: a disk that fails makes the server not ready, and then ends it with 70', async (t) => {
  const place = newPlace(t);
  const program = fileURLToPath(new URL('../../cli/bin/posthorn.mjs', import.meta.url));
  const args = ['serve', '--config', place.config, '--data', place.data, '--http', '127.0.0.1:0'];
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      said += String(chunk);
      const found = /"http":"([^"]+)"[^\n]*"READY"/.exec(said)?.[1];
      if (found !== undefined) resolve(found.replace(/\/$/, ''));
    });
    child.once('exit', (code) => {
      reject(new Error(`it ended with ${String(code)}: ${said}`));
    });
  });
  // Another process writes, so that the server must read again; and what it will read is spoilt.
  const { key } = await createKeyLocally({ ...place, name: 'first', kind: 'live' });
  for (const name of ['posthorn.db', 'posthorn.db-wal']) {
    const file = join(place.data, name);
    writeFileSync(file, Buffer.alloc(statSync(file).size, 0xa5), { flag: 'r+' });
  }
  const ask = async (path: string): Promise<number> => {
    const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } });
    return answer.status;
  };
  assert.ok((await ask('/api/v1/messages')) >= 500);
  assert.equal(await ask('/readyz'), 503);
  assert.equal(await ask('/healthz'), 200);
  assert.deepEqual(await ended, [70, null]);
});
