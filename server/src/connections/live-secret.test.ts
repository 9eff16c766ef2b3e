import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openApi } from '../../test/api-scene.ts';
import { startPeer } from '../../test/smtp-peer.ts';
import { openTestSqlite } from '../../test/stores.ts';

/** A mounted secret as Kubernetes lays it out: the name is a link through a folder link, which is moved at once. */
function mountedSecret(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-mounted-'));
  let version = 0;
  const set = (content: string): void => {
    version += 1;
    mkdirSync(join(folder, `..v${String(version)}`));
    writeFileSync(join(folder, `..v${String(version)}`, 'password'), content);
    symlinkSync(`..v${String(version)}`, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  set(text);
  symlinkSync('..data/password', join(folder, 'password'));
  return { path: join(folder, 'password'), set, remove: () => rmSync(folder, { recursive: true }) };
}

test('a secret file that changes is used within seconds, without a restart, and held mail goes out', async (t) => {
  let right = 'first';
  const tried: string[] = [];
  const peer = await startPeer({
    auth: {
      mechanisms: ['PLAIN'],
      next(_mechanism, answers) {
        const [, , password = ''] = (answers[0] ?? '').split('\0');
        tried.push(password);
        return { reply: password === right ? '235 2.7.0 Ok' : '535 5.7.8 No' };
      },
    },
  });
  const secret = mountedSecret('first\n');
  t.after(async () => {
    await peer.close();
    secret.remove();
  });
  const toml = `[delivery]
mode = "live"
[[connections]]
name = "relay"
host = "127.0.0.1"
port = ${String(peer.port)}
security = "none"
allow_plaintext_auth = true
auth = "password"
username = "app"
password = "file:${secret.path}"
`;
  const api = await openApi(t, openTestSqlite, { toml });
  await api.reaches(await api.send(), 'accepted');
  assert.deepEqual(tried, ['first']);

  // The provider changes the password, then the mount follows. The warm line goes on until it is replaced.
  right = 'second';
  secret.set('second\n');
  const changed = /"a secret file has changed/;
  while (!api.log.some((line) => changed.test(line))) await new Promise((resolve) => setTimeout(resolve, 50));
  await api.reaches(await api.send(), 'accepted');
  assert.deepEqual(tried, ['first', 'second']);

  // Other order: the mount is wrong for a while, the connection is out, and its mail waits.
  secret.set('wrong\n');
  while (api.log.filter((line) => changed.test(line)).length < 2)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const waiting = await api.send();
  await api.until(waiting, (shown) => shown.at('state') !== 'queued' && shown.at('state') !== 'sending');
  assert.notEqual((await api.ask('GET', `/messages/${waiting}`)).at('state'), 'accepted');
  right = 'third';
  secret.set('third\n');
  await api.reaches(waiting, 'accepted');
  assert.deepEqual(tried, ['first', 'second', 'wrong', 'third']);
  for (const line of api.log) assert.doesNotMatch(line, /first|second|wrong|third/);
});
