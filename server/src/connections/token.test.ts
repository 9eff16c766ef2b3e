import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { makeCertificates } from '../../test/certificates.ts';
import { createFakeClock, type FakeClock } from '../../test/fake-clock.ts';
import {
  CLIENT,
  lastClaims,
  refuse,
  serviceAccountFile,
  startTokenServer,
  type TokenServer,
  type TokenServerOptions,
} from '../../test/token-server.ts';
import { createLog } from '../base/log.ts';
import { connectionSettings, type SecretField } from '../config/config.ts';
import { classify } from '../mail/mail.ts';
import { createDialer, createHttps, instanceEgress } from '../net/net.ts';
import type { TokenFacts } from '../smtp/smtp.ts';
import type { Grants } from './grants.ts';
import { createTokens, type TokenRequest, type Tokens } from './token.ts';
import { planToken } from './token-endpoint.ts';

const { ca } = makeCertificates();
const NO_GRANTS: Grants = {
  current: (_owner, configured) =>
    Promise.resolve(configured === undefined ? undefined : { token: configured, family: configured }),
  async use(_owner, configured, use) {
    if (configured === undefined) return 'none';
    return { done: (await use({ token: configured, family: configured })).result };
  },
};

interface Scene {
  readonly server: TokenServer;
  readonly clock: FakeClock;
  readonly tokens: Tokens;
  readonly log: string[];
  ask(changes?: Partial<TokenRequest>, settings?: Readonly<Record<string, unknown>>): Promise<Told>;
}
interface Told {
  readonly token: string | undefined;
  /** Error id that the failure means. */
  readonly errorId: string | undefined;
  readonly outcome: string | undefined;
  readonly message: string;
  readonly facts: TokenFacts;
  readonly retryAfterMs: number | undefined;
}

async function sceneOf(t: TestContext, options: TokenServerOptions = {}): Promise<Scene> {
  const server = await startTokenServer(options);
  t.after(() => server.close());
  const clock = createFakeClock();
  const log: string[] = [];
  const https = createHttps({ dialer: createDialer({ clock }), clock });
  const writer = createLog('debug', { write: (line) => void log.push(line) });
  const tokens = createTokens({ https, grants: NO_GRANTS, clock, log: writer });
  return {
    ...{ server, clock, tokens, log },
    async ask(changes = {}, settings = {}) {
      const told = await tokens.tokenFor({
        connection: { tenantId: 'ten_a', id: 'con_1', settings: settingsOf(server, settings) },
        secrets: new Map<SecretField, string>([['clientSecret', CLIENT.secret]]),
        egress: instanceEgress(),
        ...changes,
      });
      const failure = told.ok ? undefined : told.failure;
      const verdict = failure && classify({ phase: 'token', failure, host: 'smtp.gmail.com' });
      return {
        token: told.ok ? told.accessToken : undefined,
        errorId: verdict?.errorId,
        outcome: verdict?.outcome,
        retryAfterMs: verdict?.retryAfterMs,
        message: failure?.message ?? '',
        facts: told.facts,
      };
    },
  };
}

function settingsOf(server: TokenServer, changes: Readonly<Record<string, unknown>> = {}) {
  return connectionSettings.parse({
    ...{ name: 'relay', host: 'localhost', auth: 'oauth2-client-credentials', username: 'me@example.test' },
    ...{ tokenUrl: server.tokenUrl, clientId: CLIENT.id, ca },
    ...(changes['auth'] !== 'oauth2-jwt-bearer' && { scopes: ['https://mail.test/.default'] }),
    ...changes,
  });
}

test('client credentials: the form, the token, the facts; kept for the next one', async (t) => {
  const { server, ask } = await sceneOf(t);
  const first = await ask();
  assert.ok(server.knows(first.token ?? ''));
  assert.deepEqual(Object.fromEntries(new URLSearchParams(server.heard[0]?.body)), {
    grant_type: 'client_credentials',
    client_id: CLIENT.id,
    client_secret: CLIENT.secret,
    scope: 'https://mail.test/.default',
  });
  const { endpoint, grant, status, lifetimeSeconds, kept } = first.facts;
  assert.deepEqual(
    [endpoint, grant, status, lifetimeSeconds, kept],
    [server.tokenUrl, 'client_credentials', 200, 3600, false],
  );
  const second = await ask();
  assert.deepEqual([second.token, second.facts.kept], [first.token, true]);
  assert.equal(server.asked.length, 1);
});

test('Microsoft and Google need no addresses: their endpoints and scopes are known', () => {
  const base = { name: 'x', host: 'h.test', username: 'u@h.test', clientId: 'c' };
  const planOf = (more: object) => {
    const plan = planToken(connectionSettings.parse({ ...base, ...more }));
    return plan === undefined ? [] : [plan.endpoint, ...plan.scopes];
  };
  const tenantId = 'contoso.example';
  const login = `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`;
  assert.deepEqual(planOf({ auth: 'oauth2-client-credentials', tenantId }), [
    login,
    'https://outlook.office365.com/.default',
  ]);
  assert.deepEqual(planOf({ auth: 'oauth2-refresh-token', tenantId }), [login]);
  assert.deepEqual(planOf({ auth: 'oauth2-jwt-bearer' }), [
    'https://oauth2.googleapis.com/token',
    'https://mail.google.com/',
  ]);
  assert.deepEqual(planOf({ auth: 'oauth2-client-credentials', tokenUrl: 'https://other.test/token' }), [
    'https://other.test/token',
  ]);
  const graph = { type: 'graph', name: 'x', username: 'u@h.test', clientId: 'c', tenantId };
  const plan = planToken(connectionSettings.parse(graph));
  assert.deepEqual(plan?.scopes, ['https://graph.microsoft.com/.default']);
});

test('JWT bearer: signed for the mailbox, sent to the configured endpoint and never to that of the file', async (t) => {
  const { server, ask, clock } = await sceneOf(t);
  const secrets = new Map<SecretField, string>([['serviceAccount', serviceAccountFile()]]);
  const told = await ask({ secrets }, { auth: 'oauth2-jwt-bearer' });
  assert.ok(server.knows(told.token ?? ''), told.message);
  assert.deepEqual(lastClaims, {
    iss: 'robot@project.iam.example.test',
    sub: 'me@example.test',
    scope: 'https://mail.google.com/',
    aud: server.tokenUrl,
    iat: Math.floor(clock.now() / 1000),
    exp: Math.floor(clock.now() / 1000) + 3600,
  });
});

test('a clock that is wrong is found by the Date of the refusal', async (t) => {
  const { ask } = await sceneOf(t, { instead: (response) => refuse(response, 'invalid_grant', 'Bad JWT.') });
  const secrets = new Map<SecretField, string>([['serviceAccount', serviceAccountFile()]]);
  const told = await ask({ secrets }, { auth: 'oauth2-jwt-bearer' });
  assert.equal(told.errorId, 'oauth.clock');
  assert.match(told.message, /differs from theirs by -\d+ s/);
});

test('a service account key that is none is told as such, and none of it is repeated', async (t) => {
  const { server, ask } = await sceneOf(t);
  const files = [
    'no json',
    '[]',
    '{}',
    serviceAccountFile({ private_key: 'canary-of-a-key' }),
    serviceAccountFile({ client_email: 7 }),
  ];
  for (const file of files) {
    const secrets = new Map<SecretField, string>([['serviceAccount', file]]);
    const told = await ask({ secrets, fresh: true }, { auth: 'oauth2-jwt-bearer' });
    assert.deepEqual(
      [told.errorId, told.outcome],
      ['auth.secret_missing', 'connection_unusable'],
      told.message,
    );
    assert.doesNotMatch(told.message, /canary|robot/);
  }
  assert.equal(server.heard.length, 0);
});

test('K9: a thousand that want the same token make one request', async (t) => {
  const { server, ask } = await sceneOf(t);
  const told = await Promise.all(Array.from({ length: 1000 }, () => ask()));
  assert.equal(server.asked.length, 1);
  assert.equal(new Set(told.map(({ token }) => token)).size, 1);
});

test('K9: another tenant, client, secret, scope, endpoint or server finds no kept token', async (t) => {
  const { server, ask } = await sceneOf(t);
  const other = await startTokenServer();
  t.after(() => other.close());
  const first = await ask();
  const settings = settingsOf(server);
  const others = [
    await ask({ connection: { tenantId: 'ten_b', id: 'con_2', settings } }),
    await ask({}, { scopes: ['https://other.test/'] }),
    await ask({}, { host: 'mail.example.test' }),
    await ask({}, { tokenUrl: other.tokenUrl }),
  ];
  for (const { token } of others) assert.notEqual(token ?? '', first.token);
  assert.equal(server.asked.length, 4);
  const wrong = await ask({ secrets: new Map([['clientSecret', 'another secret']]) });
  assert.equal(wrong.errorId, 'entra.bad_secret');
  const elsewhere = await ask({}, { clientId: 'another client' });
  assert.equal(elsewhere.token, undefined);
});

test('K9: at 80 % of its life a token is renewed while the old one is still given out', async (t) => {
  const { server, ask, clock, tokens } = await sceneOf(t, { expiresIn: 1000 });
  const first = await ask();
  clock.advance(799_000);
  assert.equal((await ask()).token, first.token);
  assert.equal(server.asked.length, 1);
  clock.advance(2_000);
  assert.equal((await ask()).token, first.token);
  await tokens.stop(); // waits for the renewal
  assert.equal(server.asked.length, 2);
});

test('K9: the life of a token is between a minute and a day, whatever the provider says', async (t) => {
  const lives: [unknown, number][] = [
    ['-1', 60],
    [0, 60],
    [1e12, 86_400],
    ['3599', 3599],
    ['soon', 60],
    [null, 300],
    [undefined, 300],
    [{}, 60],
  ];
  for (const [expiresIn, seconds] of lives) {
    const { ask } = await sceneOf(t, { more: { expires_in: expiresIn } });
    assert.equal((await ask()).facts.lifetimeSeconds, seconds, String(expiresIn));
  }
});

test('K9: a refused token is dropped once, and whoever comes with it later gets its successor', async (t) => {
  const { server, ask } = await sceneOf(t);
  const { token: old = '' } = await ask();
  const [one, two] = await Promise.all([ask({ refused: old }), ask({ refused: old })]);
  assert.notEqual(one.token, old);
  assert.equal(one.token, two.token);
  assert.equal((await ask({ refused: old })).token, one.token);
  assert.equal(server.asked.length, 2);
});

type Garbage = readonly [string, (response: ServerResponse) => unknown, string];
const json = (response: ServerResponse, body: unknown, status = 200): unknown =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const GARBAGE: readonly Garbage[] = [
  ['HTML', (r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<html>login'), 'oauth.endpoint'],
  ['200 with error', (r) => json(r, { error: 'invalid_client' }), 'google.invalid_client'],
  ['401', (r) => refuse(r, 'invalid_client', 'AADSTS7000222: expired', 401), 'entra.secret_expired'],
  ['500 without body', (r) => r.writeHead(500).end(), 'oauth.endpoint'],
  ['404', (r) => r.writeHead(404).end('no'), 'oauth.endpoint'],
  ['10 MB', (r) => r.end(Buffer.alloc(10_485_760, 32)), 'oauth.endpoint'],
  ['truncated', (r) => r.writeHead(200).end('{"access_token":"a","expi'), 'oauth.endpoint'],
  ['empty', (r) => r.writeHead(200).end(), 'oauth.endpoint'],
  ['array', (r) => json(r, []), 'oauth.endpoint'],
  ['token is a number', (r) => json(r, { access_token: 5 }), 'oauth.endpoint'],
  ['token is empty', (r) => json(r, { access_token: '' }), 'oauth.endpoint'],
  ['token type', (r) => json(r, { access_token: 'a', token_type: 'mac' }), 'oauth.endpoint'],
  ['CRLF in it', (r) => json(r, { access_token: 'a\r\nRSET' }), 'oauth.endpoint'],
  ['^A in it', (r) => json(r, { access_token: 'a\x01auth=' }), 'oauth.endpoint'],
  ['huge token', (r) => json(r, { access_token: 'a'.repeat(20_000) }), 'oauth.endpoint'],
  ['redirect', (r) => r.writeHead(307, { location: 'https://evil.test/' }).end(), 'oauth.endpoint'],
  ['hangs up', (r) => r.destroy(), 'oauth.endpoint'],
  ['error is an object', (r) => json(r, { error: { status: 'X', message: 'y' } }, 403), 'oauth.endpoint'],
  ['error is a number', (r) => json(r, { error: 5 }, 400), 'oauth.endpoint'],
];

test('K9: whatever comes back is told, and nothing crashes', async (t) => {
  for (const [name, answer, errorId] of GARBAGE) {
    const { ask, server } = await sceneOf(t, { instead: answer });
    const told = await ask();
    assert.equal(told.errorId, errorId, `${name}: ${told.message}`);
    assert.notEqual(told.outcome, 'rejected');
    assert.equal(server.asked.length, 1, name);
  }
});

test('K9: one octet a second ends after ten seconds', async (t) => {
  let begun = (): void => undefined;
  const dripping = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const { ask, clock } = await sceneOf(t, {
    instead(response) {
      const drip = setInterval(() => {
        response.write(' ');
        begun();
      }, 5);
      response.on('close', () => {
        clearInterval(drip);
      });
    },
  });
  const asked = ask();
  await dripping;
  clock.advance(10_000);
  const told = await asked;
  assert.deepEqual([told.errorId, told.outcome], ['oauth.endpoint', 'deferred']);
});

test('K9: 429 with Retry-After: nobody asks again before that, not even a test, and the verdict says when', async (t) => {
  const { ask, server, clock } = await sceneOf(t, {
    instead: (response) =>
      server.asked.length > 1 ? false : response.writeHead(429, { 'retry-after': '120' }).end(),
  });
  const told = await ask();
  assert.deepEqual([told.errorId, told.outcome, told.retryAfterMs], ['oauth.temporary', 'deferred', 120_000]);
  clock.advance(60_000);
  assert.equal((await ask()).errorId, 'oauth.temporary');
  assert.equal((await ask({ fresh: true })).errorId, 'oauth.temporary');
  assert.equal(server.asked.length, 1);
  clock.advance(61_000);
  assert.ok((await ask()).token);
});

test('a refusal is told in the words of the provider, with its number and without our secrets', async (t) => {
  const { ask } = await sceneOf(t, {
    instead: (response, form) =>
      refuse(response, 'invalid_client', `AADSTS7000215: Wrong: ${form.get('client_secret') ?? ''}`, 401),
  });
  const told = await ask();
  assert.match(told.message, /refused \(HTTP 401\): invalid_client: AADSTS7000215: Wrong: \[secret\]$/);
  assert.deepEqual(
    [told.facts.status, told.facts.error, told.facts.correlationId],
    [401, 'invalid_client', 'corr-1234'],
  );
});

test('a missing secret is said without asking anybody', async (t) => {
  const { ask, server } = await sceneOf(t);
  for (const auth of ['oauth2-client-credentials', 'oauth2-refresh-token', 'oauth2-jwt-bearer']) {
    const told = await ask({ secrets: new Map() }, { auth });
    assert.equal(told.errorId, 'auth.secret_missing', told.message);
  }
  assert.equal(server.heard.length, 0);
});

test('whoever waits can give up; the others get their token', async (t) => {
  const { ask } = await sceneOf(t);
  const stop = new AbortController();
  const both = [ask({ signal: stop.signal }), ask()];
  stop.abort();
  const [first, second] = await Promise.all(both);
  assert.match(first?.message ?? '', /was stopped/);
  assert.ok(second?.token);
});
