import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import {
  applyConnectionPatch,
  classifyField,
  connectionPatch,
  connectionPort,
  connectionSettings,
  DESTINATION_FIELDS,
  SECRET_FIELDS,
} from './config.ts';
import { fieldsOf } from './fields.ts';

const MINIMAL = { name: 'primary', host: 'smtp.example.com' };

function issues(value: unknown): string[] {
  const result = connectionSettings.safeParse(value);
  return result.success
    ? []
    : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

test('K1: every field is classified as secret, destination or other', () => {
  const names = [...fieldsOf(connectionSettings).keys()];
  assert.ok(names.length >= 22, `only ${String(names.length)} fields seen`);
  for (const name of names) assert.ok(classifyField(name), `${name} is not classified`);
  assert.deepEqual(
    [...SECRET_FIELDS].toSorted(),
    names.filter((name) => classifyField(name) === 'secret').toSorted(),
  );
  assert.deepEqual(
    DESTINATION_FIELDS,
    names.filter((name) => classifyField(name) === 'destination'),
  );
  for (const name of [
    'host',
    'port',
    'security',
    'verify',
    'auth',
    'username',
    'ca',
    'serverName',
    'minTls',
  ]) {
    assert.equal(classifyField(name), 'destination', name);
  }
  assert.equal(classifyField('unheardOf'), undefined);
});

test('a name and a host are enough', () => {
  const settings = connectionSettings.parse(MINIMAL);
  assert.ok(settings.type === 'smtp');
  assert.equal(settings.security, 'starttls');
  assert.equal(settings.auth, 'anonymous');
  assert.equal(settings.verify, true);
  assert.deepEqual(settings.timeouts, {
    connectMs: 30_000,
    greetingMs: 60_000,
    commandMs: 60_000,
    dataMs: 600_000,
  });
  assert.deepEqual(settings.pool, { connections: 5, messages: 1_000, idleMs: 30_000 });
  assert.equal(connectionPort(settings), 587);
  assert.equal(connectionPort({ security: 'implicit' }), 465);
  assert.equal(connectionPort({ security: 'implicit', port: 2465 }), 2465);
});

test('what is wrong is told field by field', () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ host: undefined }, 'host: missing: this field is required'],
    [{ host: 'smtp://x' }, 'host: expected a host name or an IP address, without scheme and port'],
    [{ host: 'x:25' }, 'host: expected a host name or an IP address, without scheme and port'],
    [{ host: 'a\r\nb' }, 'host: expected a host name or an IP address, without scheme and port'],
    [{ name: 'Primary' }, 'name: expected lower-case letters, digits and hyphens, 1 to 63 of them'],
    [{ port: 0 }, 'port: must be at least 1'],
    [{ port: 65_536 }, 'port: must be at most 65535'],
    [{ port: '25' }, 'port: expected a whole number, got text'],
    [
      { security: 'tls' },
      'security: expected one of none, auto, implicit, starttls, starttls-when-available; got "tls"',
    ],
    [
      { ehloName: 'localhost' },
      'ehloName: expected a domain name or an address literal, and not "localhost"',
    ],
    [{ ehloName: 'a b' }, 'ehloName: expected a domain name or an address literal, and not "localhost"'],
    [{ senders: ['example.com'] }, 'senders.0: expected an address or "@domain"'],
    [{ username: 'a\0b' }, 'username: expected a user name without control characters'],
    [{ password: '' }, 'password: expected text without NUL'],
    [{ auth: 'password' }, 'username: missing: signing in needs a user name'],
    [
      { auth: 'password', username: 'u', security: 'none' },
      'security: signing in without TLS shows the password to the network; allow it by allowPlaintextAuth',
    ],
    [
      { clientKey: '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----' },
      'clientCert: missing: a client key needs its certificate',
    ],
    [{ ca: 'file:/etc/passwd' }, 'ca: expected certificates in PEM form'],
    [{ timeouts: { connectMs: 1 } }, 'timeouts.connectMs: must be at least 100'],
    [{ hots: 'x' }, ': unknown field "hots": did you mean "host"?'],
    [{ pool: { conections: 1 } }, 'pool: unknown field "conections": did you mean "connections"?'],
    [{ type: 'fax' }, 'type: expected one of smtp, graph, pickup, mailbox'],
    [{ type: 'mailbox' }, ': a mailbox connection has no "host": it keeps mail here and connects nowhere'],
  ];
  for (const [change, expected] of cases)
    assert.deepEqual(issues({ ...MINIMAL, ...change }), [expected], JSON.stringify(change));
});

test('addresses, literals and plain sign-in that was asked for are fine', () => {
  const fine: Record<string, unknown>[] = [
    { host: '127.0.0.1' },
    { host: '2001:db8::1' },
    { host: 'bücher.example' },
    { ehloName: '[192.0.2.1]' },
    { ehloName: '[IPv6:2001:db8::1]' },
    { ehloName: 'mail.example.com' },
    { username: 'u' },
    { auth: 'password', username: 'u' },
    { auth: 'password', username: 'u', security: 'none', allowPlaintextAuth: true },
    { senders: ['@example.com', 'a@example.com'] },
  ];
  for (const change of fine) assert.deepEqual(issues({ ...MINIMAL, ...change }), [], JSON.stringify(change));
  assert.deepEqual(
    issues({ name: 'kept', type: 'mailbox', senders: ['@x.example'], priority: 5, notes: 'n' }),
    [],
  );
});

test('in the API a password that looks like a reference is only text', () => {
  const settings = connectionSettings.parse({ ...MINIMAL, password: 'env:HOME' });
  assert.ok(settings.type === 'smtp');
  assert.equal(settings.password, 'env:HOME');
});

test('a patch keeps what it leaves out, clears by null, and sets the rest', () => {
  const current = connectionSettings.parse({
    ...MINIMAL,
    port: 25,
    notes: 'old',
    rate: { perDay: 5 },
    pool: { messages: 7 },
  });
  const apply = (patch: unknown) =>
    connectionSettings.parse(applyConnectionPatch(current, connectionPatch.parse(patch)));
  assert.deepEqual(apply({}), current);
  const changed = apply({
    port: null,
    notes: null,
    verify: false,
    rate: { perDay: null, perHour: 3 },
    pool: null,
  });
  assert.ok(changed.type === 'smtp');
  assert.equal('port' in changed || 'notes' in changed, false);
  assert.equal(changed.verify, false);
  assert.deepEqual(changed.rate, { perHour: 3 });
  assert.equal(changed.pool.messages, 1_000);
  assert.deepEqual(apply({ type: 'mailbox' }), {
    type: 'mailbox',
    name: 'primary',
    senders: [],
    priority: 100,
    notes: 'old',
  });
  assert.deepEqual(
    connectionPatch.safeParse({ hots: 'x' }).error?.issues.map((issue) => issue.message),
    ['unknown field "hots": did you mean "host"?'],
  );
});

test('both schemas can be told as JSON schema', () => {
  for (const schema of [connectionSettings, connectionPatch]) z.toJSONSchema(schema, { io: 'input' });
});
