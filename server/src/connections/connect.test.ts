import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { makeCertificates } from '../../test/certificates.ts';
import { fieldErrors, openApi, refusal, type Answer, type Api } from '../../test/api-scene.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { startHttpsPeer } from '../../test/https-peer.ts';
import { startPeer, type Peer, type PeerOptions } from '../../test/smtp-peer.ts';
import { openTestSqlite } from '../../test/stores.ts';
import {
  CLIENT,
  serviceAccountFile,
  startTokenServer,
  type TokenServer,
  type TokenServerOptions,
} from '../../test/token-server.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { createDialer, createHttps, instanceEgress } from '../net/net.ts';

const certificates = makeCertificates();
const { ca, cert, key } = certificates;
const LIVE = '[server]\npublic_url = "https://mail.example.test/"\n[delivery]\nmode = "live"\n';

interface Scene {
  readonly api: Api;
  readonly server: TokenServer;
  readonly peer: Peer;
  /** Every answer so far, for the search for secrets. */
  readonly said: string[];
  make(more?: Readonly<Record<string, unknown>>, query?: string): Promise<string>;
  ask(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<Answer>;
  /** Goes where a browser would go, and answers the page. */
  signIn(id: string, change?: (back: URL) => void): Promise<Answer>;
  grant(id: string, path: string): Promise<unknown>;
}

interface Options extends TokenServerOptions {
  readonly mechanisms?: readonly string[];
  readonly clock?: Clock;
}

async function sceneOf(t: TestContext, options: Options = {}): Promise<Scene> {
  const server = await startTokenServer({ rotates: true, ...options });
  const peer = await startPeer(doorOf(server, options.mechanisms ?? ['XOAUTH2']));
  const { clock } = options;
  const api = await openApi(t, openTestSqlite, { toml: LIVE, ...(clock && { clock, working: false }) });
  t.after(async () => {
    await peer.close();
    await server.close();
  });
  const said: string[] = [];
  const ask: Scene['ask'] = async (method, path, body) => {
    const answer = await api.ask(method, path, { body });
    said.push(answer.text, JSON.stringify(answer.headers));
    return answer;
  };
  return {
    ...{ api, server, peer, said, ask },
    async make(more = {}, query = '?force=true&reason=test') {
      const answer = await ask('POST', `/connections${query}`, {
        ...{ name: 'box', host: 'localhost', port: peer.port, auth: 'oauth2-refresh-token' },
        ...{ username: 'mailbox@example.test', clientId: CLIENT.id, clientSecret: CLIENT.secret, ca },
        ...{ tokenUrl: server.tokenUrl, authorizeUrl: server.authorizeUrl, ehloName: 'client.example.test' },
        ...more,
      });
      assert.equal(answer.status, 201, answer.text);
      return String(answer.at('id'));
    },
    async signIn(id, change) {
      const begun = await ask('POST', `/connections/${id}/connect`);
      assert.equal(begun.status, 200, begun.text);
      const back = await browse(String(begun.at('authorizationUrl')));
      change?.(back);
      return ask('GET', `/${back.pathname}${back.search}`);
    },
    async grant(id, path) {
      return (await ask('GET', `/connections/${id}`)).at(`grant${path}`);
    },
  };
}

/** The provider lets the person in at once and sends the browser back; answers where to. */
async function browse(url: string): Promise<URL> {
  const https = createHttps({ dialer: createDialer({ clock: systemClock }), clock: systemClock });
  const target = new URL(url);
  // Our client follows no redirect and tells only the host, so the way back is made of what the server wrote down.
  const answer = await https.request({ method: 'GET', url, egress: instanceEgress(), ca });
  assert.ok(!answer.ok && answer.failure.code === 'HTTP_REDIRECT', JSON.stringify(answer));
  const back = new URL(target.searchParams.get('redirect_uri') ?? '');
  back.searchParams.set('code', CODES.at(-1)?.secrets.findLast((one) => one.startsWith('code-')) ?? '');
  back.searchParams.set('state', target.searchParams.get('state') ?? '');
  return back;
}
const CODES: TokenServer[] = [];

/** Lets in who shows a token that the server gave out, as the connection's user. */
function doorOf(server: TokenServer, mechanisms: readonly string[]): PeerOptions {
  CODES.push(server);
  return {
    tls: { key, cert },
    auth: {
      mechanisms,
      next: (_, answers) => {
        if (answers.length === 0) return { challenge: '' };
        const token = /auth=Bearer ([^\x01]+)\x01/.exec(answers[0] ?? '')?.[1] ?? '';
        const isUser = /(?:user=|a=)mailbox@example\.test[\x01,]/.test(answers[0] ?? '');
        if (isUser && server.knows(token)) return { reply: '235 2.7.0 Welcome' };
        return answers.length === 1 ? { challenge: '{"status":"401"}' } : { reply: '535 5.7.3 Not you' };
      },
    },
  };
}

function assertNothingSecret(scene: Scene, more: readonly string[] = []): void {
  const everything = [...scene.said, ...scene.api.log].join('\n');
  for (const secret of [...scene.server.secrets, CLIENT.secret, ...more]) {
    for (const form of [secret, Buffer.from(secret).toString('hex'), encodeURIComponent(secret)])
      assert.ok(!everything.includes(form), `${secret.slice(0, 8)}… was told`);
  }
}

for (const mechanism of ['XOAUTH2', 'OAUTHBEARER']) {
  test(`mail goes out with ${mechanism}, by each grant, and no token is told`, async (t) => {
    const scene = await sceneOf(t, { mechanisms: [mechanism] });
    const { api, server, peer, make, ask } = scene;
    const file = serviceAccountFile();
    const ways: Record<string, Readonly<Record<string, unknown>>> = {
      credentials: { auth: 'oauth2-client-credentials', scopes: ['https://mail.test/.default'] },
      refresh: { refreshToken: server.grant() },
      robot: { auth: 'oauth2-jwt-bearer', serviceAccount: file },
    };
    for (const [name, way] of Object.entries(ways)) {
      const id = await make({ name, ...way });
      const messages = [await api.send({ connection: id }), await api.send({ connection: id })];
      for (const message of messages) {
        const shown = await api.reaches(message, 'accepted');
        scene.said.push(shown.text);
      }
      const phases = await ask('GET', `/messages/${messages[0] ?? ''}`);
      assert.equal(phases.at('attempts[0].phases[0].phase'), 'token');
    }
    assert.equal(peer.messages.length, 6);
    assert.equal(server.asked.length, 3, 'one request for each connection, whatever it sends');
    const pem = String((JSON.parse(file) as Record<string, unknown>)['private_key']).split('\n')[3] ?? '?';
    assertNothingSecret(scene, [pem]);
  });
}

test('a token that cannot be had holds the connection and burns no message', async (t) => {
  const { api, make, peer, ask } = await sceneOf(t);
  const id = await make({ refreshToken: 'never-given-out' });
  const message = await api.send({ connection: id });
  const shown = await api.reaches(message, 'held');
  assert.equal(shown.at('recipients[0].state'), 'held');
  assert.equal(shown.at('attempts[0].errorId'), 'entra.grant_ended');
  assert.equal((await ask('GET', `/connections/${id}`)).at('state'), 'failing');
  assert.equal(peer.connections(), 0);
});

test('connect: the whole way, and mail goes out with what came of it', async (t) => {
  const scene = await sceneOf(t);
  const { api, server, peer, make, ask, signIn, grant } = scene;
  const id = await make();
  const waiting = await api.send({ connection: id });
  await api.reaches(waiting, 'held');
  assert.equal(await grant(id, '.state'), undefined);

  const begun = await ask('POST', `/connections/${id}/connect`);
  const url = new URL(String(begun.at('authorizationUrl')));
  assert.equal(begun.at('redirectUri'), 'https://mail.example.test/oauth/callback');
  assert.deepEqual(begun.at('notes'), []);
  assert.equal(`${url.origin}${url.pathname}`, server.authorizeUrl);
  assert.deepEqual([...url.searchParams.keys()].sort(), [
    ...['client_id', 'code_challenge', 'code_challenge_method', 'login_hint'],
    ...['redirect_uri', 'response_type', 'state'],
  ]);

  const page = await signIn(id);
  assert.equal(page.status, 200, page.text);
  assert.match(page.text, /Connected as mailbox@example\.test/);
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.match(String(page.headers['content-security-policy']), /^default-src 'none'/);
  assert.equal(page.headers['referrer-policy'], 'no-referrer');
  assert.equal(page.headers['cache-control'], 'no-store');
  assert.equal(await grant(id, '.state'), 'connected');
  assert.equal(await grant(id, '.account'), 'mailbox@example.test');
  assert.equal(await grant(id, '.accountDiffers'), false);
  assert.equal(await grant(id, '.connectedBy.name'), 'test');
  assert.equal(await grant(id, '.trouble'), null);

  await api.reaches(waiting, 'accepted');
  assert.equal(peer.messages.length, 1);
  assert.equal((await ask('GET', `/connections/${id}`)).at('revision'), 1);
  assertNothingSecret(scene);
});

test('connect: a draft is connected, tested, activated by that proof, and sends', async (t) => {
  const scene = await sceneOf(t);
  const { api, server, make, ask, signIn, grant } = scene;
  const id = await make({}, '');
  const check = async (): Promise<Answer> => {
    const started = await ask('POST', '/connection-tests', { connection: id });
    assert.equal(started.status, 202, started.text);
    for (;;) {
      const shown = await ask('GET', `/connection-tests/${String(started.at('id'))}`);
      if (shown.at('status') !== 'running') return shown;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const before = await check();
  assert.deepEqual([before.at('status'), before.at('failedStage')], ['failed', 'token'], before.text);
  refusal(await ask('POST', `/connections/${id}/activate`, {}), 409, 'not_proved');

  assert.equal((await signIn(id)).status, 200);
  assert.equal(await grant(id, '.state'), 'connected');
  const after = await check();
  assert.equal(after.at('status'), 'passed', after.text);
  const activated = await ask('POST', `/connections/${id}/activate`, {});
  assert.equal(activated.status, 200, activated.text);
  await api.reaches(await api.send({ connection: id }), 'accepted');
  // Another draft that leads elsewhere has no grant, and what is in force keeps its own.
  const patched = await ask('PATCH', `/connections/${id}`, {
    scopes: ['https://other.test/'],
    clientSecret: CLIENT.secret,
  });
  assert.equal(patched.status, 200, patched.text);
  assert.equal((await check()).at('failedStage'), 'token');
  await api.reaches(await api.send({ connection: id }), 'accepted');
  assert.ok(server.asked.includes('refresh_token'));
  assertNothingSecret(scene);
});

test('connect: a state is good once, for ten minutes, and nothing else is', async (t) => {
  const clock = createFakeClock(Date.now());
  const { server, make, ask, signIn, said } = await sceneOf(t, { clock });
  const id = await make();
  let used = '';
  const first = await signIn(id, (back) => {
    used = `/${back.pathname}${back.search}`;
  });
  assert.equal(first.status, 200);
  const asked = server.asked.length;
  const again = await ask('GET', used);
  assert.equal(again.status, 400);
  assert.match(again.text, /not known any more/);
  for (const query of [
    '',
    '?state=',
    '?state=x&code=y',
    '?code=y',
    `?state=${'s'.repeat(400)}`,
    '?state=a&state=b',
  ]) {
    assert.equal((await ask('GET', `//oauth/callback${query}`)).status, 400, query);
  }
  const late = await ask('POST', `/connections/${id}/connect`);
  const back = await browse(String(late.at('authorizationUrl')));
  clock.advance(10 * 60_000);
  assert.equal((await ask('GET', `/${back.pathname}${back.search}`)).status, 400);
  assert.equal(server.asked.length, asked);
  assert.ok(!said.join().includes('<script'));
});

test('connect: what the browser brings back is shown as text and never as markup', async (t) => {
  const { make, signIn, grant } = await sceneOf(t);
  const id = await make();
  const page = await signIn(id, (back) => {
    back.searchParams.delete('code');
    back.searchParams.set('error', 'access_denied');
    back.searchParams.set('error_description', '<img src=x onerror=alert(1)>"\'&');
    back.searchParams.set('authuser', '0');
  });
  assert.equal(page.status, 400);
  assert.match(page.text, /access_denied: &lt;img src=x onerror=alert\(1\)&gt;&quot;&#39;&amp;/);
  assert.doesNotMatch(page.text, /<img/);
  assert.equal(await grant(id, '.state'), 'none');
  assert.equal(await grant(id, '.trouble.errorId'), 'oauth.denied');
  assert.equal(await grant(id, '.trouble.about'), 'connect');
});

test('connect: changed settings, a revoked key, another issuer and another code come to nothing', async (t) => {
  const { api, server, make, ask, signIn } = await sceneOf(t);
  const evil = await startHttpsPeer((response) => response.end('{}'));
  t.after(() => evil.close());
  const id = await make();
  const begin = async (own?: string) => {
    const begun = await api.ask('POST', `/connections/${id}/connect`, own === undefined ? {} : { key: own });
    const back = await browse(String(begun.at('authorizationUrl')));
    return `/${back.pathname}${back.search}`;
  };

  const issuer = await signIn(id, (back) => {
    back.searchParams.set('iss', 'https://evil.example.test');
  });
  assert.match(issuer.text, /another provider/);
  const code = await signIn(id, (back) => {
    back.searchParams.set('code', 'code-of-somebody-else');
  });
  assert.match(code.text, /was not connected/);
  assert.doesNotMatch(code.text, /code-of-somebody-else/);

  const other = await api.makeKey({ name: 'other' });
  const started = await begin(other);
  const [, keyId = ''] = /^ph_live_([^_]+)_/.exec(other) ?? [];
  interface Keys {
    api_keys: { id: string; revoked_at: number };
  }
  await api.db
    .tables<Keys>()
    .updateTable('api_keys')
    .set({ revoked_at: 1 })
    .where('id', 'like', `%${keyId}`)
    .execute();
  assert.match((await ask('GET', started)).text, /key that began this sign-in is not valid/);

  const asked = server.asked.length;
  const moving = await begin();
  const moved = { tokenUrl: `${evil.origin}/token`, clientSecret: 'another-secret-of-the-test' };
  assert.equal((await ask('PATCH', `/connections/${id}?force=true&reason=test`, moved)).status, 200);
  assert.match((await ask('GET', moving)).text, /settings were changed/);
  assert.equal(server.asked.length, asked);
  assert.equal(evil.heard.length, 0);
});

test('connect: no refresh token is told as such; another account is told and kept', async (t) => {
  const without = await sceneOf(t, { withoutRefresh: true });
  const first = await without.make();
  const page = await without.signIn(first);
  assert.equal(page.status, 400);
  assert.match(page.text, /oauth\.no_refresh/);
  assert.equal(await without.grant(first, '.trouble.errorId'), 'oauth.no_refresh');

  const other = await sceneOf(t, {
    account: 'ana@example.test',
    more: { refresh_token_expires_in: 604_799 },
  });
  const id = await other.make();
  assert.match(
    (await other.signIn(id)).text,
    /You signed in as ana@example\.test, but the user name .*mailbox@/,
  );
  assert.equal(await other.grant(id, '.accountDiffers'), true);
  assert.equal(typeof (await other.grant(id, '.endsAt')), 'string');
  const same = await sceneOf(t, { account: 'Mailbox@Example.TEST' });
  const third = await same.make();
  await same.signIn(third);
  assert.equal(await same.grant(third, '.accountDiffers'), false);
});

test('connect: only what can be connected; disconnect forgets the token', async (t) => {
  const { api, server, make, ask, signIn, grant } = await sceneOf(t);
  const password = await ask('POST', '/connections', { name: 'pw', host: 'localhost' });
  const path = `/connections/${String(password.at('id'))}/connect`;
  assert.match(fieldErrors(await ask('POST', path)).join(), /^auth must be oauth2-refresh-token/);
  const id = await make({ name: 'known', authorizeUrl: undefined });
  assert.match(fieldErrors(await ask('POST', `/connections/${id}/connect`)).join(), /^authorizeUrl missing/);
  refusal(await ask('POST', '/connections/con_none/connect'), 404, 'not_found');
  const developer = await api.makeKey({ role: 'instance_developer' });
  refusal(await api.ask('POST', `/connections/${id}/connect`, { key: developer }), 403, 'forbidden');

  const box = await make();
  await signIn(box);
  await api.reaches(await api.send({ connection: box }), 'accepted');
  assert.equal((await ask('DELETE', `/connections/${box}/connect`)).status, 204);
  assert.equal(await grant(box, ''), null);
  const asked = server.asked.length;
  await api.reaches(await api.send({ connection: box }), 'held');
  assert.equal(server.asked.length, asked);
});

test('connect: Google and Microsoft are known, with what each wants', async (t) => {
  const { make, ask } = await sceneOf(t);
  const google = await make({
    ...{ name: 'google', host: 'smtp.gmail.com', port: 587 },
    ...{ authorizeUrl: undefined, tokenUrl: 'https://oauth2.googleapis.com/token' },
  });
  const begun = await ask('POST', `/connections/${google}/connect`);
  const url = new URL(String(begun.at('authorizationUrl')));
  assert.equal(`${url.origin}${url.pathname}`, 'https://accounts.google.com/o/oauth2/v2/auth');
  assert.equal(url.searchParams.get('scope'), 'https://mail.google.com/ openid email');
  assert.equal(url.searchParams.get('access_type'), 'offline');
  assert.match(String(begun.at('notes[0]')), /7 days/);
  const microsoft = await make({
    ...{ name: 'microsoft', host: 'smtp.office365.com', port: 587, tenantId: 'contoso.example' },
    ...{ authorizeUrl: undefined, tokenUrl: undefined },
  });
  const other = await ask('POST', `/connections/${microsoft}/connect`);
  const there = new URL(String(other.at('authorizationUrl')));
  assert.equal(
    `${there.origin}${there.pathname}`,
    'https://login.microsoftonline.com/contoso.example/oauth2/v2.0/authorize',
  );
  assert.match(there.searchParams.get('scope') ?? '', /SMTP\.Send offline_access/);
});

test('a refresh token that nobody used for a day is used by us, and one that ended shows', async (t) => {
  const clock = createFakeClock(Date.now());
  let ended = false;
  const { server, make, signIn, grant } = await sceneOf(t, {
    clock,
    instead: (response, form) =>
      ended && form.get('grant_type') === 'refresh_token'
        ? response.writeHead(400).end('{"error":"invalid_grant","error_description":"AADSTS700082: ended"}')
        : false,
  });
  const id = await make();
  await signIn(id);
  const before = await grant(id, '.renewedAt');
  const refreshes = () => server.asked.filter((one) => one === 'refresh_token').length;
  await passHours(clock, 23);
  assert.equal(refreshes(), 0);
  await passHours(clock, 2, () => refreshes() === 1);
  await until(async () => (await grant(id, '.renewedAt')) !== before);
  ended = true;
  await passHours(clock, 25, () => refreshes() >= 2);
  await until(async () => (await grant(id, '.state')) === 'ended');
  assert.equal(await grant(id, '.trouble.errorId'), 'entra.grant_ended');
  ended = false;
  await signIn(id);
  assert.equal(await grant(id, '.state'), 'connected');
});

/** An hour at a time, each with what it brings; until it holds, if that is awaited. */
async function passHours(
  clock: { run(ms: number): Promise<void> },
  hours: number,
  holds?: () => boolean,
): Promise<void> {
  for (let hour = 0; hour < hours; hour += 1) {
    await clock.run(3_600_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (holds !== undefined) await until(() => Promise.resolve(holds()));
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await holds())) {
    assert.ok(performance.now() < end, 'waited in vain');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
