/** One connection's live side against real peers: who is sent, who is sent back, what is learned, how it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countingDialer } from '../../test/counting-dialer.ts';
import { drive, settingsFor } from '../../test/delivery-scene.ts';
import { createFakeClock } from '../../test/fake-clock.ts';
import { startPeer } from '../../test/smtp-peer.ts';
import { address, mailOf, targetOf, words } from '../../test/smtp-scene.ts';
import { createLog } from '../base/log.ts';
import { classify, parseReplyLines, type Failure, type Verdict } from '../mail/mail.ts';
import { instanceEgress } from '../net/net.ts';
import { createSmtpPool, type SmtpTarget } from '../smtp/smtp.ts';
import { createChannel } from './channel.ts';

type Found = { ok: true; target: SmtpTarget } | { ok: false; failure: Failure };

function rig(port: number, options: { target?: () => Promise<Found>; pool?: number } = {}) {
  const clock = createFakeClock();
  const dialer = countingDialer();
  const settings = settingsFor('relay', port, { pool: { connections: options.pool ?? 4 } });
  assert.ok(settings.type === 'smtp');
  const states: string[] = [];
  const refusals: string[] = [];
  const channel = createChannel({
    connection: {
      id: 'con_1',
      tenantId: 'ten_1',
      name: 'relay',
      settings,
      status: 'active',
      revision: 1,
      revisionId: 'rev_1',
      draft: undefined,
      trial: undefined,
      version: 1,
      latest: 1,
      paused: false,
      managedBy: 'api',
      secrets: {},
      createdAt: 0,
      updatedAt: 0,
    },
    clock,
    known: undefined,
    open: async (atOnce) => {
      const found: Found = await (options.target?.() ?? { ok: true, target: targetOf(port) });
      if (!found.ok) return found;
      const sender = createSmtpPool({
        ...{ target: found.target, egress: instanceEgress(), dialer, clock, log: createLog('silent') },
        ...{ connectionsMax: atOnce, messagesMax: settings.pool.messages, idleMs: settings.pool.idleMs },
      });
      return { ok: true, sender };
    },
    changed: (state) => states.push(state),
    refused: (refusal) => refusals.push(refusal.errorId),
  });
  return { channel, clock, dialer, states, refusals };
}

const mail = () => mailOf({ recipients: [address('b@to.example')] });
const verdictOn = (
  phase: 'auth' | 'connect' | 'mail-from' | 'rcpt-to' | 'accepted',
  code: number,
  text: string,
): Verdict => classify({ phase, reply: parseReplyLines(code, [text]) });

test('R2, R3: when it opens, those that wait for a line are sent back unasked, not each to try for himself', async () => {
  const it = rig(1);
  it.dialer.dead.add(1);
  let dials = 0;
  const reports = await drive(
    it.clock,
    Promise.all(
      Array.from({ length: 300 }, async () => {
        const report = await it.channel.send(mail());
        if (words(report).join() !== 'stopped') {
          dials += 1;
          it.channel.learn(
            classify({ phase: 'connect', failure: { kind: 'tcp', code: 'ECONNREFUSED', message: '' } }),
            '',
            true,
          );
        }
        return words(report).join();
      }),
    ),
  );
  assert.equal(it.channel.breaker.state, 'open');
  assert.ok(it.dialer.dials(1) <= 6, `${String(it.dialer.dials(1))} dials`);
  assert.ok(dials <= 6);
  assert.equal(reports.filter((word) => word === 'stopped').length, 300 - dials);
  await it.channel.stop(0);
  assert.equal(it.clock.timers(), 0);
});

test('a failure while the secrets are read is that send’s alone', async () => {
  const peer = await startPeer();
  let reads = 0;
  const target = (): Promise<Found> => {
    reads += 1;
    if (reads === 1) return Promise.reject(new Error('the database is away'));
    const failure = {
      kind: 'capability',
      code: 'SECRET_MISSING',
      message: 'the password is not set',
    } as const;
    return Promise.resolve(reads === 2 ? { ok: false, failure } : { ok: true, target: targetOf(peer.port) });
  };
  const it = rig(peer.port, { target });
  await assert.rejects(it.channel.send(mail()), /away/);
  const missing = await it.channel.send(mail());
  assert.deepEqual([words(missing), missing.session?.phase], [['capability'], 'settings']);
  assert.deepEqual(words(await drive(it.clock, it.channel.send(mail()))), ['250']);
  await drive(it.clock, Promise.all([it.channel.send(mail()), it.channel.send(mail())]));
  assert.equal(reads, 3, 'read once for the lines that are kept');
  await drive(it.clock, it.channel.stop(0));
  await peer.close();
});

test('stopped while the secrets are read: nothing is dialled', async () => {
  const gate = Promise.withResolvers<Found>();
  const it = rig(1, { target: () => gate.promise });
  const sent = it.channel.send(mail());
  await it.channel.stop(0);
  gate.resolve({ ok: true, target: targetOf(1) });
  assert.deepEqual(words(await sent), ['stopped']);
  assert.deepEqual(words(await it.channel.send(mail())), ['stopped']);
  assert.equal(it.dialer.dials(1), 0);
});

test('R6: a rate of the connection slows it; what one recipient or one message is told does not', () => {
  const { channel } = rig(1);
  const free = (): boolean =>
    Array.from({ length: 100 }, () => channel.pace(true)).every((wait) => wait === 0);
  channel.learn(
    verdictOn('rcpt-to', 450, '4.2.1 The user you are trying to contact is receiving mail too quickly'),
    '',
    false,
  );
  channel.learn(verdictOn('rcpt-to', 452, '4.5.3 Too many recipients'), '', false);
  assert.ok(free());
  channel.learn(verdictOn('accepted', 454, 'Throttling failure: Maximum sending rate exceeded'), '', false);
  assert.ok(!free());
  assert.equal(channel.breaker.state, 'closed');
});

test('R4: too many lines make fewer lines, not a slower pace', () => {
  const { channel } = rig(1, { pool: 8 });
  for (let i = 0; i < 15; i += 1)
    channel.learn(classify({ phase: 'accepted', reply: parseReplyLines(250, ['ok']) }), '', false);
  assert.equal(channel.breaker.limit, 8);
  channel.learn(verdictOn('mail-from', 432, '4.3.2 Concurrent connections limit exceeded'), '', false);
  assert.equal(channel.breaker.limit, 7);
  assert.equal(channel.pace(true), 0);
});

test('R3: sign-in opens it at once in any phase; a refusal of one message, though it speaks of everybody, does not', () => {
  const atMail = rig(1);
  atMail.channel.learn(verdictOn('mail-from', 535, '5.7.8 Authentication required'), '', false);
  assert.equal(atMail.channel.breaker.state, 'open');
  const quota = rig(1);
  quota.channel.learn(verdictOn('accepted', 550, '5.4.5 Daily sending limit exceeded'), '', false);
  assert.equal(quota.channel.breaker.state, 'open');
  const relay = rig(1);
  relay.channel.learn(verdictOn('rcpt-to', 554, '5.7.1 Relay access denied'), '', false);
  assert.equal(relay.channel.breaker.state, 'closed');
  const greeting = rig(1);
  greeting.channel.learn(verdictOn('connect', 554, '5.7.1 blocked using zen.spamhaus.org'), '', true);
  assert.equal(greeting.channel.breaker.state, 'open');
});

test('what we ended ourselves teaches nothing', () => {
  const { channel, clock } = rig(1);
  channel.learn(verdictOn('auth', 535, '5.7.8 no'), '', true);
  clock.advance(5 * 60_000);
  assert.ok(channel.breaker.admit());
  for (const kind of ['stopped', 'lease'] as const) {
    channel.learn(classify({ phase: 'data', failure: { kind, code: 'X', message: '' } }), '', false);
  }
  assert.equal(channel.breaker.state, 'half-open');
});

test('Q15: a stop in a hurry ends lines that were already saying goodbye slowly', async () => {
  let reached = 0;
  const peer = await startPeer({
    script: ({ command }) => {
      if (command !== 'DATA') return undefined;
      reached += 1;
      return 'stall';
    },
  });
  const it = rig(peer.port);
  const sent = it.channel.send(mail());
  await drive(
    it.clock,
    (async () => {
      while (reached === 0) await new Promise((resolve) => setImmediate(resolve));
    })(),
  );
  it.channel.learn(verdictOn('auth', 535, '5.7.8 no'), '', true);
  const before = it.clock.monotonic();
  await drive(it.clock, it.channel.stop(1_000));
  assert.ok(it.clock.monotonic() - before < 5_000);
  assert.deepEqual(words(await sent), ['stopped']);
  assert.equal(it.clock.timers(), 0);
  await peer.close();
});
