/** Mail over Microsoft Graph, against a stand-in that reads requests as Graph does, over TLS. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { makeCertificates } from '../../test/certificates.ts';
import { startGraph, type GraphScript, type GraphServer } from '../../test/graph-server.ts';
import { address, mailOf } from '../../test/smtp-scene.ts';
import { systemClock } from '../base/clock.ts';
import { connectionSettings, type GraphSettings } from '../config/config.ts';
import { classify, readHeaderBlock, writeHeaderBlock, type Verdict } from '../mail/mail.ts';
import { createDialer, createHttps, instanceEgress, tenantEgress } from '../net/net.ts';
import type { OutgoingMail, PhaseRecord, SendReport, TokenSource } from '../smtp/smtp.ts';
import { addressTo } from './graph-message.ts';
import { checkGraph, sendOverGraph, type GraphOptions } from './graph.ts';

const clock = systemClock;
const https = createHttps({ dialer: createDialer({ clock }), clock });

function settingsOf(graph: GraphServer, changes: object = {}): GraphSettings {
  const settings = connectionSettings.parse({
    ...{
      type: 'graph',
      name: 'graph',
      username: 'no-reply@example.com',
      clientId: 'app',
      tenantId: 'contoso',
    },
    ...{ graphUrl: graph.origin, ca: makeCertificates().ca },
    ...changes,
  });
  assert.ok(settings.type === 'graph');
  return settings;
}

/** Hands out `token-1` until it is refused, then `token-2`. */
const tokens: TokenSource = ({ refused }) =>
  Promise.resolve({
    ok: true,
    accessToken: refused === undefined ? 'token-1' : 'token-2',
    facts: {
      endpoint: 'https://login.example/token',
      grant: 'client_credentials',
      scopes: [],
      kept: refused === undefined,
    },
  });

interface Rig {
  readonly graph: GraphServer;
  send(mail?: OutgoingMail, changes?: Partial<GraphOptions>): Promise<SendReport>;
  check(changes?: Partial<GraphOptions>): Promise<SendReport>;
}

async function rig(t: TestContext, script: readonly GraphScript[] = []): Promise<Rig> {
  const graph = await startGraph();
  t.after(() => graph.close());
  graph.next.push(...script);
  const options: GraphOptions = {
    ...{ settings: settingsOf(graph), token: tokens, https, egress: instanceEgress(), clock },
    signal: new AbortController().signal,
  };
  return {
    graph,
    send: (mail = mailTo('b@to.test'), changes = {}) => sendOverGraph(mail, { ...options, ...changes }),
    check: (changes = {}) => checkGraph({ ...options, ...changes }),
  };
}

function mailTo(...recipients: string[]): OutgoingMail {
  const content = Buffer.from(
    'From: no-reply@example.com\r\nTo: b@to.test\r\nSubject: hi\r\n\r\n.\r\nbody\r\n',
  );
  return mailOf({ content, recipients: recipients.map(address) });
}

function verdictOf(report: SendReport): Verdict {
  const [first] = report.results;
  assert(first !== undefined);
  if (first.kind === 'replied') return classify({ phase: first.phase, reply: first.reply });
  const { phase, failure, inDoubt } = first;
  return classify({ phase, failure, inDoubt });
}

const phasesOf = (report: SendReport): string[] => report.phases.map(({ phase }) => phase);

test('B5: a message goes out whole, in base64, and is accepted with its request id', async (t) => {
  const { graph, send } = await rig(t);
  const mail = mailTo('b@to.test', 'blind@to.test', 'other@to.test');
  const report = await send(mail);
  assert.deepEqual(
    report.results.map((result) => result.kind === 'replied' && [result.phase, result.reply]),
    mail.recipients.map(() => ['accepted', { code: 202, lines: ['Accepted, request-id=b1e5-0000-4711'] }]),
  );
  assert.equal(verdictOf(report).outcome, 'accepted');
  assert.deepEqual(phasesOf(report), ['token', 'dns', 'connect', 'tls', 'data', 'accepted']);
  const [sent] = graph.sent;
  assert.deepEqual([sent?.mailbox, sent?.token], ['no-reply@example.com', 'token-1']);
  assert.equal(
    sent?.mime,
    'From: no-reply@example.com\r\nTo: b@to.test\r\nSubject: hi\r\nBcc: blind@to.test,\r\n other@to.test\r\n\r\n.\r\nbody\r\n',
  );
  assert.deepEqual(sent.recipients, ['b@to.test', 'blind@to.test', 'other@to.test']);
  assert.match(
    report.transcript,
    /~> POST localhost:\d+\/v1\.0\/users\/no-reply%40example\.com\/sendMail \(\d+ octets\)/,
  );
  assert.doesNotMatch(report.transcript, /token-1/);
});

test('the header names the recipients of this attempt and nobody else', () => {
  const header = (to: string, ...recipients: string[]): string =>
    writeHeaderBlock(
      addressTo({ recipients: recipients.map(address) }, readHeaderBlock(Buffer.from(`${to}Subject: x\r\n`))),
    ).toString('utf8');
  const both = 'To: "Doe, J." <j@to.test>,\r\n =?utf-8?q?B?= <b@to.test>\r\nCc: c@TO.test\r\n';
  assert.equal(header(both, 'j@to.test', 'b@to.test', 'c@to.test'), `${both}Subject: x\r\n`, 'untouched');
  assert.equal(header(both, 'b@to.test'), 'To: =?utf-8?q?B?= <b@to.test>\r\nSubject: x\r\n');
  assert.equal(
    header(both, 'j@to.test', 'd@to.test'),
    'To: "Doe, J." <j@to.test>\r\nSubject: x\r\nBcc: d@to.test\r\n',
  );
  assert.equal(header('To: undisclosed-recipients:;\r\n', 'd@to.test'), 'Subject: x\r\nBcc: d@to.test\r\n');
  for (const odd of [
    'To: team: a@to.test, b@to.test;\r\n',
    'To: a@to.test (c@to.test), b@to.test\r\n',
    'To: "a@to.test\r\n',
    'To: <a@to.test> <b@to.test>\r\n',
    'To: a@to.test b@to.test\r\n',
    'to : x@to.test, b@to.test\r\nTO: @@\r\n',
    'Bcc: victim@to.test\r\nResent-To: victim@to.test\r\nResent-Bcc: victim@to.test\r\n',
  ]) {
    const written = header(odd, 'b@to.test');
    assert.deepEqual([...new Set(written.match(/[a-z]+@to\.test/g))], ['b@to.test'], odd);
  }
});

test('what Graph says no with, by its own code, with the time it asks for', async (t) => {
  const cases: readonly [GraphScript, string, string, number?][] = [
    [
      { status: 429, code: 'ApplicationThrottled', retryAfter: '120' },
      'graph.throttled',
      'deferred',
      120_000,
    ],
    [{ status: 503, code: 'serviceNotAvailable', retryAfter: '30' }, 'graph.unavailable', 'deferred', 30_000],
    [{ status: 503, page: '<html>no</html>' }, 'graph.unavailable', 'deferred'],
    [{ status: 403, code: 'ErrorAccessDenied' }, 'graph.forbidden', 'connection_unusable'],
    [{ status: 403, code: 'ErrorSendAsDenied' }, 'm365.send_as_denied', 'connection_unusable'],
    [{ status: 404, code: 'ErrorInvalidUser' }, 'graph.mailbox_not_found', 'connection_unusable'],
    [{ status: 400, code: 'ErrorInvalidRecipients' }, 'graph.bad_recipient', 'rejected'],
    [{ status: 413, page: 'too large' }, 'graph.too_big', 'rejected'],
    [{ status: 401, page: '' }, 'graph.bad_token', 'connection_unusable'],
    [{ status: 302, page: '' }, 'smtp.bad_protocol', 'deferred'],
  ];
  for (const [script, errorId, outcome, retryAfterMs] of cases) {
    const { send, graph } = await rig(t, [script, script]);
    const report = await send();
    const verdict = verdictOf(report);
    assert.deepEqual([verdict.errorId, verdict.outcome], [errorId, outcome], JSON.stringify(script));
    if (retryAfterMs !== undefined) assert.equal(verdict.retryAfterMs, retryAfterMs);
    assert.equal(graph.sent.length, 0);
    assert.equal(report.session === undefined, outcome === 'rejected', 'whether it is about the connection');
  }
});

test('a Retry-After may be a date, and nonsense is no time', async (t) => {
  const inTwoMinutes = new Date(Date.now() + 120_000).toUTCString();
  for (const [retryAfter, from, to] of [
    [inTwoMinutes, 110_000, 121_000],
    ['soon', undefined, undefined],
    ['-5', undefined, undefined],
    ['999999', 86_400_000, 86_400_000],
  ] as const) {
    const { send } = await rig(t, [{ status: 503, code: 'ServiceUnavailable', retryAfter }]);
    const { retryAfterMs } = verdictOf(await send());
    if (from === undefined) assert.equal(retryAfterMs, undefined, retryAfter);
    else
      assert(retryAfterMs !== undefined && retryAfterMs >= from && retryAfterMs <= to, String(retryAfterMs));
  }
});

test('K9: a token that is refused is fetched anew once, and nobody is told it', async (t) => {
  const { graph, send } = await rig(t);
  graph.tokens.add('token-2');
  const report = await send();
  assert.equal(verdictOf(report).outcome, 'accepted');
  assert.equal(graph.sent[0]?.token, 'token-2');
  graph.tokens.clear();
  graph.tokens.add('none');
  const before = graph.heard.length;
  const refused = await send();
  assert.equal(graph.heard.length - before, 2, 'once more, not for ever');
  assert.equal(verdictOf(refused).errorId, 'graph.bad_token');
  assert.doesNotMatch(JSON.stringify(refused) + refused.transcript, /token-[12]/);
});

test('Q5: a request that was written whole and not answered leaves the message in doubt', async (t) => {
  for (const script of ['hang up', { status: 504, code: 'GatewayTimeout' }] as const) {
    const { send } = await rig(t, [script]);
    assert.equal(verdictOf(await send()).outcome, 'in_doubt', JSON.stringify(script));
  }
  const { send, graph } = await rig(t, ['silent']);
  const settings = settingsOf(graph, { timeouts: { connectMs: 150, dataMs: 150 } });
  const report = await send(undefined, { settings });
  assert.equal(verdictOf(report).outcome, 'in_doubt');
  const [first] = report.results;
  assert.equal(first?.phase, 'accepted');
});

test('before the request nothing is in doubt: no token, no way there, the right to send lost, a stop', async (t) => {
  const { graph, send } = await rig(t);
  const failure = { kind: 'protocol', code: 'invalid_client', message: 'AADSTS7000215: bad secret' } as const;
  const facts = { endpoint: '', grant: '', scopes: [], kept: false };
  const none = await send(undefined, { token: () => Promise.resolve({ ok: false, failure, facts }) });
  assert.deepEqual([none.session?.phase, verdictOf(none).outcome], ['token', 'connection_unusable']);
  const late = await send(mailOf({ mayCommit: () => false }));
  assert.equal(verdictOf(late).errorId, 'internal.lease');
  const abort = new AbortController();
  abort.abort();
  assert.equal(verdictOf(await send(undefined, { signal: abort.signal })).errorId, 'internal.stopped');
  const untrusted = await send(undefined, {
    settings: settingsOf(graph, { ca: makeCertificates().selfSigned.cert }),
  });
  assert.deepEqual([untrusted.session?.phase, verdictOf(untrusted).category], ['tls', 'tls']);
  const blocked = await send(undefined, { egress: tenantEgress() });
  assert.equal(verdictOf(blocked).errorId, 'tcp.private_blocked');
  assert.equal(graph.heard.length, 0);
});

test('a message that Graph could not take is refused before anything is asked', async (t) => {
  const { graph, send } = await rig(t);
  const big = Buffer.alloc(3_200_000, 'x');
  for (const sizeBytes of [big.length, 0]) {
    const report = await send(
      mailOf({ content: Buffer.concat([Buffer.from('A: b\r\n\r\n'), big]), sizeBytes }),
    );
    assert.deepEqual([verdictOf(report).errorId, verdictOf(report).outcome], ['graph.too_big', 'rejected']);
    assert.equal(report.session, undefined);
  }
  assert.equal(graph.heard.length, 0);
  const content = Buffer.concat([Buffer.from('To: b@to.test\r\n\r\n'), Buffer.alloc(2_899_998, 'y\r\n')]);
  assert.equal(verdictOf(await send(mailOf({ content }))).outcome, 'accepted', 'just below it is taken');
  assert.equal(graph.sent[0]?.mime.length, content.length);
});

test('a check proves the token and sends nothing', async (t) => {
  const { graph, check } = await rig(t);
  for (const [look, passed] of [
    [403, true],
    [200, true],
    [404, false],
    [500, false],
  ] as const) {
    graph.look = look;
    const phases: PhaseRecord[] = [];
    const report = await check({ watch: { onPhase: (record) => phases.push(record) } });
    assert.equal(report.session === undefined, passed, String(look));
    assert.deepEqual(
      phases.map(({ phase }) => phase),
      ['token', 'dns', 'connect', 'tls', 'auth'],
    );
    assert.deepEqual(
      phases.slice(0, 4).map(({ facts }) => facts?.about),
      ['token', 'dns', 'connect', 'tls'],
    );
  }
  assert.equal(graph.sent.length, 0);
  graph.tokens.add('another');
  assert.equal((await check()).session?.failure?.code, 'InvalidAuthenticationToken');
});
