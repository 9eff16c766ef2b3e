import assert from 'node:assert/strict';
import { Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import type { DoctorReport, Operator } from './operator.ts';
import { run } from './run.ts';

function sink() {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  return { stream, text: () => text };
}

/** Runs a local verb with an operator that has only the given functions. */
async function posthorn(
  args: readonly string[],
  operator: Partial<Operator>,
  env: Record<string, string> = {},
) {
  const stdout = sink();
  const stderr = sink();
  const code = await run(args, {
    env,
    stdin: Readable.from([]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    signals: { on: () => undefined },
    loadOperator: () => Promise.resolve(operator as Operator), // the verb under test uses nothing else
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

test('serve passes its flags on and ends with the exit code of the server', async () => {
  const given: unknown[] = [];
  const serve: Operator['serve'] = ({ stdout: _stdout, stderr: _stderr, signals: _signals, ...options }) => {
    given.push(options);
    return Promise.resolve(7);
  };
  const env = { A: 'b' };
  const flags = ['--config', 'c.toml', '--data', 'd', '--http', '127.0.0.1:0'];
  assert.equal((await posthorn(['serve', ...flags], { serve }, env)).code, 7);
  await posthorn(['serve'], { serve });
  assert.deepEqual(given, [{ env, config: 'c.toml', data: 'd', http: '127.0.0.1:0' }, { env: {} }]);
});

test('key create prints the key alone on standard output', async () => {
  const given: unknown[] = [];
  const createKeyLocally: Operator['createKeyLocally'] = (options) => {
    given.push(options);
    return Promise.resolve({ id: 'key_1', key: 'ph_test_1_s' });
  };
  const flags = [
    'key',
    'create',
    '--name',
    'ci',
    '--tenant',
    'acme',
    '--kind',
    'test',
    '--role',
    'tenant_developer',
  ];
  const plain = await posthorn(flags, { createKeyLocally });
  assert.equal(plain.code, 0);
  assert.equal(plain.stdout, 'ph_test_1_s\n');
  assert.deepEqual(given, [{ env: {}, name: 'ci', tenant: 'acme', kind: 'test', role: 'tenant_developer' }]);
  const json = await posthorn([...flags, '--json'], { createKeyLocally });
  assert.deepEqual(JSON.parse(json.stdout), { id: 'key_1', key: 'ph_test_1_s' });
  for (const wrong of [
    ['--kind', 'dead'],
    ['--role', 'king'],
  ]) {
    assert.equal((await posthorn(['key', 'create', '--name', 'x', ...wrong], { createKeyLocally })).code, 2);
  }
  assert.equal(given.length, 2);
});

test('K10: key create takes what narrows a key, and an end in the future only', async () => {
  const given: Parameters<Operator['createKeyLocally']>[0][] = [];
  const createKeyLocally: Operator['createKeyLocally'] = (options) => {
    given.push(options);
    return Promise.resolve({ id: 'key_1', key: 'ph_live_1_s' });
  };
  const make = (...more: string[]) =>
    posthorn(['key', 'create', '--name', 'ci', ...more], { createKeyLocally });
  const narrow = [
    '--permission',
    'messages:write',
    '--permission',
    'messages:read',
    '--network',
    '192.0.2.0/24',
  ];
  assert.equal((await make(...narrow, '--expires', '2999-01-31')).code, 0);
  assert.deepEqual(given.pop(), {
    ...{ env: {}, name: 'ci', kind: 'live' },
    ...{ permissions: ['messages:write', 'messages:read'], networks: ['192.0.2.0/24'] },
    expiresAt: Date.UTC(2999, 0, 31),
  });
  const before = Date.now();
  assert.equal((await make('--expires', '90d')).code, 0);
  const until = (given.pop()?.expiresAt ?? 0) - before;
  assert.ok(until >= 90 * 86_400_000 && until < 90 * 86_400_000 + 60_000);
  for (const bad of ['soon', '2020-01-01', '90', '2027-13-45'])
    assert.equal((await make('--expires', bad)).code, 2, bad);
  assert.equal(given.length, 0);
});

test('W6: audit verify tells each chain, and fails when one is broken', async () => {
  const head = { seq: 2, hash: 'ab' };
  const fine = { tenant: 'instance', ok: true, checked: 2, head };
  const broken = { tenant: 'acme', ok: false, checked: 6, head, brokenAt: 7 };
  const given: unknown[] = [];
  const verify = (chains: (typeof fine | typeof broken)[], ...flags: string[]) =>
    posthorn(['audit', 'verify', ...flags], {
      verifyAuditLocally: (options) => {
        given.push(options);
        return Promise.resolve(chains);
      },
    });
  const good = await verify([fine], '--tenant', 'acme');
  assert.equal(good.code, 0);
  assert.equal(good.stdout, '✓ instance: 2 entries as they were written; the last is ab\n');
  assert.deepEqual(given, [{ env: {}, tenant: 'acme' }]);
  const bad = await verify([fine, broken]);
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /✗ acme: not as it was written from entry 7 on; 6 before it are/);
  assert.deepEqual(JSON.parse((await verify([broken], '--json')).stdout), { items: [broken] });
});

test('doctor lists checks by group and what is wrong, worst first', async () => {
  const report: DoctorReport = {
    groups: [
      { title: 'Server', checks: [{ name: 'database', status: 'ok', detail: '0 pending migrations' }] },
      {
        title: 'Secrets',
        checks: [
          { name: 'backup', status: 'warning', detail: '9 days ago' },
          { name: 'key file', status: 'problem', detail: 'mode 0644', fix: 'chmod 600 data/master.key' },
        ],
      },
    ],
  };
  const { code, stdout } = await posthorn(['doctor'], { doctor: () => Promise.resolve(report) });
  assert.equal(code, 1);
  assert.equal(
    stdout,
    [
      'Server   ✓ database: 0 pending migrations',
      'Secrets  ! backup: 9 days ago',
      '         ✗ key file: mode 0644',
      '',
      '1 problem, 1 warning. Worst first:',
      '  ✗ key file   chmod 600 data/master.key',
      '  ! backup     9 days ago',
      '',
    ].join('\n'),
  );
  const fine: DoctorReport = {
    groups: [{ title: 'S', checks: [{ name: 'x', status: 'warning', detail: '' }] }],
  };
  assert.equal((await posthorn(['doctor'], { doctor: () => Promise.resolve(fine) })).code, 0);
  assert.equal((await posthorn(['doctor', '--strict'], { doctor: () => Promise.resolve(fine) })).code, 1);
});

test('config check and explain', async () => {
  const checkConfig = () =>
    Promise.resolve({ problems: ['posthorn.toml:3: no such key'], warnings: ['old'] });
  const bad = await posthorn(['config', 'check'], { checkConfig });
  assert.equal(bad.code, 1);
  assert.equal(bad.stdout, '✗ posthorn.toml:3: no such key\n! old\n');
  const good = await posthorn(['config', 'check'], {
    checkConfig: () => Promise.resolve({ problems: [], warnings: [], file: 'p.toml' }),
  });
  assert.deepEqual([good.code, good.stdout], [0, '✓ p.toml is fine\n']);

  const values = [
    { key: 'delivery.mode', value: 'capture', origin: 'default' },
    { key: 'server.http', value: '127.0.0.1:1', origin: '--http' },
  ];
  const explainConfig = () => Promise.resolve(values);
  const some = await posthorn(['config', 'explain', 'delivery'], { explainConfig });
  assert.equal(some.stdout, 'SETTING        VALUE    FROM\ndelivery.mode  capture  default\n');
  const json = await posthorn(['config', 'explain', '--json'], { explainConfig });
  assert.deepEqual(JSON.parse(json.stdout), values);
  assert.equal((await posthorn(['config', 'explain', 'nope'], { explainConfig })).code, 2);
});

test('what a local verb throws is told in a line; a refusal by rule is 4, anything else 1', async () => {
  const doctor = () => Promise.reject(new Error('disk\n\u001b[2J broke'));
  const broken = await posthorn(['doctor', '--json'], { doctor });
  assert.equal(broken.code, 1);
  assert.equal(broken.stderr, 'error: disk [2J broke\n');
  assert.equal(JSON.parse(broken.stdout).error.code, 'failed');
  const createKeyLocally = () =>
    Promise.reject(Object.assign(new Error('no'), { status: 422, code: 'invalid_request' }));
  assert.equal((await posthorn(['key', 'create', '--name', 'x'], { createKeyLocally })).code, 4);
});

test('a locale without UTF-8 gets plain marks', async () => {
  const checkConfig = () => Promise.resolve({ problems: [], warnings: [] });
  const { stdout } = await posthorn(['config', 'check'], { checkConfig }, { LC_ALL: 'C' });
  assert.equal(stdout, 'ok The configuration is fine\n');
});

test('explain says what an id or a line means, and asks no server', async () => {
  const words = {
    id: 'm365.send_as_denied',
    title: 'The account may not send as this sender.',
    cause: 'It has no right.\u001b[31m',
    fixes: [
      { text: 'Use its own address.' },
      { text: 'Or an admin.', action: { kind: 'copy', label: 'Copy', text: 'Add-It -Now\nAdd-More' } },
    ],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'sender',
    docs: [{ label: 'Posthorn', url: 'docs/errors.md#m365.send_as_denied' }],
    confidence: 'certain',
  } as const;
  const asked: unknown[] = [];
  const explainText: Operator['explainText'] = (...given) => {
    asked.push(given);
    return { ok: true, explanation: words, phase: 'accepted', others: [] };
  };
  const { code, stdout, stderr } = await posthorn(['explain', '550', '5.7.60', 'no'], { explainText });
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(
    stdout,
    [
      'm365.send_as_denied   (certain)',
      'The account may not send as this sender.',
      'It has no right. [31m',
      'Fix    1  Use its own address.',
      '       2  Or an admin.',
      '          Add-It -Now',
      '          Add-More',
      'Who    an administrator at the provider',
      'Retry  when it is set right; until then it waits (everything from this sender)',
      'Docs   docs/errors.md#m365.send_as_denied',
      '',
    ].join('\n'),
  );
  const flags = ['explain', '550 no', '--host', 'h', '--phase', 'auth', '--json'];
  const json = await posthorn(flags, { explainText });
  assert.deepEqual(JSON.parse(json.stdout), { ...words, phase: 'accepted', others: [] });
  assert.deepEqual(asked, [
    ['550 5.7.60 no', {}],
    ['550 no', { host: 'h', phase: 'auth' }],
  ]);
  const unknown = await posthorn(['explain', 'tls.expire'], {
    explainText: () => ({ ok: false, why: 'unknown_id', near: ['tls.expired'] }),
  });
  assert.deepEqual([unknown.code, unknown.stdout], [2, '']);
  assert.equal(unknown.stderr, 'error: there is no error "tls.expire"; there is tls.expired\n');
});
