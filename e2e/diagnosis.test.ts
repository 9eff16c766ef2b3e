/**
 * Diagnosis against real servers that are set up wrong, each in its own way: through the API alone, the stage where it
 * failed and the id of the catalogue must be exactly right each time, and no secret may be in what is kept of it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeProxies } from '../server/test/proxy-server.ts';
import { findSecret, newCanary, readTree } from './canary.ts';
import { until } from './child.ts';
import { startListener } from './diagnosis/listeners.ts';
import { startNames, type Names } from './diagnosis/names.ts';
import { startWrongPostfix, type WrongPostfix } from './diagnosis/postfix.ts';
import { startTesters, type Testers } from './diagnosis/testers.ts';
import { signedIn, TO, type Way } from './diagnosis/way.ts';
import { INSIDE, NAMES } from './diagnosis/ways-early.ts';
import { WAYS } from './diagnosis/ways.ts';
import { mayRunPostfix } from './postfix-instance.ts';
import { createKey } from './server.ts';
import { makeTempDir, type TempDir } from './temp-dir.ts';
import { toml } from './toml.ts';

const skip = mayRunPostfix() ? false : 'Postfix runs as root only';
/** A tenant may have eight tests under way; the slow ones wait for time to pass. */
const AT_ONCE = 6;
const account = { username: 'apps', password: newCanary('pw') };

let folder: TempDir;
let postfix: WrongPostfix;
let names: Names | { readonly skip: string };
let testers: Testers;

if (skip === false) {
  before(async () => {
    folder = await makeTempDir('names');
    names = await startNames(folder.path, NAMES);
    postfix = await startWrongPostfix(account);
    const messages = WAYS.filter(({ to }) => to !== undefined).length + 2;
    testers = await startTesters(
      toml({ more: '[[tenants]]\nslug = "acme"\n' }),
      messages,
      'within' in names ? names.within : [],
    );
  });
  after(async () => {
    await testers.stop();
    closeProxies();
    await postfix.stop();
    if ('within' in names) await names.stop();
    await folder.remove();
  });
}

test(
  'every way of being set up wrong has its stage and its id',
  { skip, concurrency: AT_ONCE },
  async (t) => {
    assert.ok(WAYS.length >= 60, `${String(WAYS.length)} ways`);
    assert.equal(new Set(WAYS.map(({ way }) => way)).size, WAYS.length, 'each way once');
    await Promise.all(
      WAYS.map((way) => {
        const why = way.names === true && 'skip' in names ? names.skip : false;
        return t.test(way.way, { skip: why }, () => tryWay(way));
      }),
    );
  },
);

async function tryWay(way: Way): Promise<void> {
  const listener = typeof way.on === 'function' ? await way.on(postfix.certificates) : undefined;
  const door = typeof way.on === 'string' && way.on !== 'nothing' ? postfix.ports[way.on] : undefined;
  const port = listener?.port ?? door ?? postfix.closedPort;
  const undo = await way.meanwhile?.(port);
  try {
    const { certificates, closedPort } = postfix;
    const beside = listener?.beside === undefined ? {} : { beside: listener.beside };
    const own = way.settings({ port, ...beside, closedPort, account, certificates });
    const settings = { name: 'wrong', host: 'localhost', port, ...own };
    const { shown, raw } = await testers.test({
      settings,
      ...(way.to === undefined ? {} : { to: way.to }),
    });
    assert.equal(shown.status, 'failed', raw);
    const failed = shown.stages.filter(({ status }) => status === 'failed');
    assert.deepEqual(
      { stage: shown.failedStage, ids: failed.map(({ id, diagnosis }) => `${id} ${diagnosis?.id ?? '-'}`) },
      { stage: way.stage, ids: [`${way.stage} ${way.id}`] },
      raw,
    );
    const at = shown.stages.findIndex(({ status }) => status === 'failed');
    for (const { id, status } of shown.stages.slice(0, at)) assert.match(status, /^(?:ok|warn)$/, id);
    for (const { id, status } of shown.stages.slice(at + 1)) assert.equal(status, 'not_reached', id);
    assert.deepEqual(findSecret(account.password, Buffer.from(raw)), [], raw);
  } finally {
    undo?.();
    await listener?.stop();
  }
}

for (const [name, door, security] of [
  ['STARTTLS', 'submission', 'starttls'],
  ['TLS at once', 'implicit', 'implicit'],
] as const) {
  test(`what is set up right passes, by ${name}`, { skip }, async () => {
    const { certificates, closedPort, ports } = postfix;
    const material = { port: ports[door], closedPort, account, certificates };
    const settings = {
      name: 'right',
      host: 'localhost',
      port: ports[door],
      ...signedIn({ security })(material),
    };
    const { shown, raw } = await testers.test({ settings, to: TO });
    assert.equal(shown.status, 'passed', raw);
    assert.ok(
      shown.stages.every(({ status }) => status === 'ok' || status === 'warn'),
      raw,
    );
    assert.equal(shown.stages.at(-1)?.id, 'accepted');
    const queueId = /queued as (\w+)/.exec(shown.stages.at(-1)?.reply ?? '')?.[1] ?? 'none';
    const sent = new RegExp(`${queueId}: to=<ana@inmail\\.test>, .*status=sent`);
    await until('Postfix to deliver it', async () => sent.test(await postfix.log()) || undefined);
  });
}

test(
  'S4: a tenant learns nothing of what is inside, not even whether something listens',
  { skip },
  async (t) => {
    if ('skip' in names) {
      t.skip(names.skip);
      return;
    }
    let guests = 0;
    const listener = await startListener(
      (socket) => {
        guests += 1;
        socket.write('220 secret.inside.test ESMTP\r\n');
      },
      { host: INSIDE, port: 587 },
    );
    try {
      const [home] = testers.homes;
      assert.ok(home !== undefined);
      const key = await createKey(home, { tenant: 'acme', role: 'tenant_admin' });
      const answers: string[] = [];
      const hosts = [
        'inside.posthorn.test',
        'nobody-inside.posthorn.test',
        INSIDE,
        '127.88.77.65',
        '127.0.0.1',
      ];
      for (const host of hosts) {
        const settings = { name: 'inside', host, port: 587, security: 'none' };
        const { shown, raw } = await testers.test({ settings, key });
        const { diagnosis } = shown.stages.find(({ status }) => status === 'failed') ?? {};
        assert.deepEqual([shown.failedStage, diagnosis?.id], ['connect', 'tcp.private_blocked'], raw);
        if (host.endsWith('.test'))
          assert.doesNotMatch(raw, /127\.\d+\.\d+\.\d+|secret/, 'nor where the name leads');
        const stages = JSON.stringify(shown.stages, (name, value: unknown) =>
          name === 'ms' ? undefined : value,
        );
        const transcript = shown.transcript.replace(/^\+\d+/gm, '');
        answers.push(`${stages}\n${transcript}`.replaceAll(host, 'HOST'));
      }
      assert.equal(new Set(answers).size, 1, [...new Set(answers)].join('\n'));
      assert.equal(guests, 0, 'nothing was dialled');
    } finally {
      await listener.stop();
    }
  },
);

test('K5: no password in any file of the servers nor in anything they wrote', { skip }, async () => {
  assert.deepEqual(findSecret(account.password, Buffer.from(testers.output())), []);
  for (const home of testers.homes) {
    for (const { path, bytes } of await readTree(home.folder))
      assert.deepEqual(findSecret(account.password, bytes), [], path);
  }
});
