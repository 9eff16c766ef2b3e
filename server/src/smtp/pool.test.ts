/** Connections kept, shared, given up and replaced. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeClock } from '../../test/fake-clock.ts';
import { type PeerOptions, type Scripted, startPeer } from '../../test/smtp-peer.ts';
import { address, mailOf, poolOf, targetOf, words } from '../../test/smtp-scene.ts';
import type { OutgoingMail } from './smtp.ts';
import { createWaiting } from './waiting.ts';

const from = (name: string, changes: Partial<OutgoingMail> = {}): OutgoingMail =>
  mailOf({ from: address(`${name}@from.test`), ...changes });

/** A script that answers the dot only when the gate is opened. */
function gated(): { options: PeerOptions; dotted: Promise<void>; open: () => void } {
  const dotted = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const script = async ({ command }: { command: string }): Promise<Scripted> => {
    if (command !== '.') return undefined;
    dotted.resolve();
    await gate.promise;
    return undefined;
  };
  return { options: { script }, dotted: dotted.promise, open: gate.resolve };
}

test('a connection is used again, up to its number of messages', async () => {
  const peer = await startPeer();
  const pool = poolOf(targetOf(peer.port), { messagesMax: 2 });
  const reused: unknown[] = [];
  for (let n = 0; n < 5; n += 1) reused.push((await pool.send(mailOf())).peer?.reused);
  assert.deepEqual(reused, [false, true, false, true, false]);
  assert.deepEqual(peer.commands.filter((command) => command === 'QUIT').length, 2);
  await pool.stop(1_000);
  await peer.close();
});

test('a connection takes no message beyond its number from those who wait', async () => {
  const peer = await startPeer({ extensions: ['PIPELINING'] });
  const pool = poolOf(targetOf(peer.port), { messagesMax: 2 });
  const reports = await Promise.all(Array.from({ length: 5 }, () => pool.send(mailOf())));
  assert.deepEqual(
    reports.map((report) => report.peer?.reused),
    [false, true, false, true, false],
  );
  await pool.stop(1_000);
  await peer.close();
});

test('an idle connection says goodbye after its time', async () => {
  const quit = Promise.withResolvers<void>();
  const script = ({ command }: { command: string }): Scripted => {
    if (command === 'QUIT') quit.resolve();
    return undefined;
  };
  const peer = await startPeer({ script });
  const clock = fakeClock();
  const pool = poolOf(targetOf(peer.port), { clock, idleMs: 30_000 });
  await pool.send(mailOf());
  clock.advance(29_999);
  assert.deepEqual(pool.load(), { open: 1, waiting: 0 });
  clock.advance(2);
  await quit.promise;
  await pool.stop(0);
  assert.equal(clock.timers(), 0);
  await peer.close();
});

test('never more connections than allowed, and every send is told', async () => {
  const peer = await startPeer({ extensions: ['PIPELINING'] });
  const pool = poolOf(targetOf(peer.port), { connectionsMax: 3 });
  const sends = Array.from({ length: 50 }, (_, n) => pool.send(from(`n${String(n)}`)));
  assert.deepEqual(pool.load(), { open: 3, waiting: 47 });
  const reports = await Promise.all(sends);
  assert.deepEqual(new Set(reports.flatMap(words)), new Set(['250']));
  assert.equal(peer.connections(), 3);
  pool.resize(1);
  await pool.stop(1_000);
  assert.deepEqual(pool.load(), { open: 0, waiting: 0 });
  await peer.close();
});

test('lower lanes go first, and within a lane the first', async () => {
  const { options, dotted, open } = gated();
  const peer = await startPeer(options);
  const pool = poolOf(targetOf(peer.port));
  const sends = [pool.send(from('first', { lane: 9 }))];
  await dotted;
  for (const [name, lane] of [
    ['c', 5],
    ['d', 5],
    ['a', 1],
    ['b', 1],
  ] as const)
    sends.push(pool.send(from(name, { lane })));
  open();
  await Promise.all(sends);
  const names = peer.messages.map((message) => message.from.split('@')[0]);
  assert.deepEqual(names, ['first', 'a', 'b', 'c', 'd']);
  await pool.stop(1_000);
  await peer.close();
});

test('resize opens room for those who wait, and closes what is too much', async () => {
  const { options, dotted, open } = gated();
  const peer = await startPeer(options);
  const pool = poolOf(targetOf(peer.port));
  const sends = [pool.send(from('one')), pool.send(from('two'))];
  await dotted;
  assert.deepEqual(pool.load(), { open: 1, waiting: 1 });
  pool.resize(2);
  assert.deepEqual(pool.load(), { open: 2, waiting: 0 });
  open();
  await Promise.all(sends);
  pool.resize(0);
  const waiting = pool.send(from('three'));
  assert.equal(pool.load().waiting, 1);
  pool.resize(1);
  assert.deepEqual(words(await waiting), ['250']);
  await pool.stop(1_000);
  await peer.close();
});

test('a failed connection fails the send that opened it; the next one opens its own', async () => {
  const peer = await startPeer({
    script: ({ connection, command }) => (connection < 3 && command === '' ? '554 5.3.2 No\r\n' : undefined),
  });
  const pool = poolOf(targetOf(peer.port));
  const reports = await Promise.all([
    pool.send(from('a')),
    pool.send(from('b')),
    pool.send(from('c')),
    pool.send(from('d')),
  ]);
  assert.deepEqual(reports.map(words), [['554'], ['554'], ['250'], ['250']]);
  assert.deepEqual(
    reports.map((report) => report.session?.phase),
    ['greeting', 'greeting', undefined, undefined],
  );
  assert.equal(peer.connections(), 3);
  await pool.stop(1_000);
  await peer.close();
  const closed = poolOf(targetOf(peer.port), { connectionsMax: 2 });
  const failed = await Promise.all(Array.from({ length: 6 }, () => closed.send(mailOf())));
  assert.deepEqual(new Set(failed.flatMap(words)), new Set(['tcp']));
  assert.deepEqual(closed.load(), { open: 0, waiting: 0 });
  await closed.stop(0);
});

/** Drops the connection at MAIL of its second message, in one of the ways in which a kept connection is found gone. */
function goneAtSecond(how: Scripted): PeerOptions {
  return {
    script: ({ connection, messages, command }) =>
      connection === 1 && messages === 1 && command.startsWith('MAIL') ? how : undefined,
  };
}

for (const how of ['fin', 'rst', { text: '421 4.4.2 Idle too long\r\n', after: 'fin' }] as const) {
  test(`a kept connection that is gone (${JSON.stringify(how)}) costs the message nothing: one new connection is tried`, async () => {
    const peer = await startPeer(goneAtSecond(how));
    const pool = poolOf(targetOf(peer.port));
    await pool.send(from('one'));
    const report = await pool.send(from('two'));
    assert.deepEqual(words(report), ['250'], report.transcript);
    assert.equal(report.peer?.reused, false);
    assert.match(report.transcript, /Trying again on a new connection/);
    assert.deepEqual([peer.connections(), peer.messages.length], [2, 2]);
    await pool.stop(1_000);
    await peer.close();
  });
}

test('a new connection that breaks at once is not tried again', async () => {
  const peer = await startPeer({ script: ({ command }) => (command.startsWith('MAIL') ? 'rst' : undefined) });
  const pool = poolOf(targetOf(peer.port));
  const report = await pool.send(mailOf());
  assert.deepEqual(words(report), ['dropped']);
  assert.equal(report.session?.phase, 'mail-from');
  assert.equal(peer.connections(), 1);
  await pool.stop(0);
  await peer.close();
});

test('a kept connection that breaks after its first answer is not tried again', async () => {
  const script = ({ messages, command }: { messages: number; command: string }): Scripted =>
    messages === 1 && command.startsWith('RCPT') ? 'rst' : undefined;
  const peer = await startPeer({ script });
  const pool = poolOf(targetOf(peer.port));
  await pool.send(from('one'));
  const report = await pool.send(from('two'));
  assert.deepEqual(words(report), ['dropped']);
  assert.equal(report.session, undefined, 'the message was being judged');
  await pool.stop(0);
  await peer.close();
});

for (const how of ['fin', { text: '421 4.3.2 Closing\r\n', after: 'fin' }, '999 what\r\n'] as const) {
  test(`the message behind one that ends with ${JSON.stringify(how)} is sent on a new connection, once`, async () => {
    const script = ({ connection, command }: { connection: number; command: string }): Scripted =>
      connection === 1 && command === '.' ? how : undefined;
    const peer = await startPeer({ extensions: ['PIPELINING'], script });
    const pool = poolOf(targetOf(peer.port));
    const [one, two] = await Promise.all([pool.send(from('one')), pool.send(from('two'))]);
    const ends = { fin: 'dropped in doubt', '999 what\r\n': 'protocol in doubt' };
    assert.deepEqual(words(one), [typeof how === 'string' ? ends[how] : '421']);
    assert.deepEqual(words(two), ['250'], two.transcript);
    assert.equal(peer.messages.filter((message) => message.from === 'two@from.test').length, 1);
    await pool.stop(1_000);
    await peer.close();
  });
}

test('a reply too many spoils the connection, not the message that waits for it', async () => {
  const script = ({ connection, command }: { connection: number; command: string }): Scripted =>
    connection === 1 && command === '.' ? '250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n' : undefined;
  const peer = await startPeer({ script });
  const pool = poolOf(targetOf(peer.port));
  const reports = await Promise.all([pool.send(from('one')), pool.send(from('two'))]);
  assert.deepEqual(reports.map(words), [['250'], ['250']]);
  assert.equal(peer.connections(), 2);
  await pool.stop(1_000);
  await peer.close();
});

test('stop lets a running send end, and tells those who wait and those who come later', async () => {
  const { options, dotted, open } = gated();
  const peer = await startPeer(options);
  const pool = poolOf(targetOf(peer.port));
  const running = pool.send(from('running'));
  await dotted;
  const waiting = pool.send(from('waiting'));
  const stopped = pool.stop(10_000);
  assert.deepEqual(words(await waiting), ['stopped']);
  assert.deepEqual(words(await pool.send(from('late'))), ['stopped']);
  open();
  assert.deepEqual(words(await running), ['250']);
  await stopped;
  await pool.stop(0);
  assert.deepEqual(pool.load(), { open: 0, waiting: 0 });
  await peer.close();
});

test('stop breaks off what does not end in time, and says whether that leaves a doubt', async () => {
  const { options, dotted } = gated();
  const peer = await startPeer(options);
  const pool = poolOf(targetOf(peer.port));
  const running = pool.send(mailOf());
  await dotted;
  await pool.stop(0);
  assert.deepEqual(words(await running), ['stopped in doubt']);
  await peer.close();
});

test('stop gives up a connection that is being made', { timeout: 5_000 }, async () => {
  const greeted = Promise.withResolvers<void>();
  const peer = await startPeer({
    script: () => {
      greeted.resolve();
      return new Promise<Scripted>(() => undefined);
    },
  });
  const pool = poolOf(targetOf(peer.port));
  const opening = pool.send(mailOf());
  await greeted.promise;
  await pool.stop(0);
  assert.deepEqual(words(await opening), ['stopped']);
  await peer.deserted();
  await peer.close();
});

test('a pool that is stopping opens nothing new', async () => {
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const script = async ({ messages, command }: { messages: number; command: string }): Promise<Scripted> => {
    if (messages === 0 || !command.startsWith('MAIL')) return undefined;
    asked.resolve();
    await gate.promise;
    return 'rst';
  };
  const peer = await startPeer({ script });
  const pool = poolOf(targetOf(peer.port));
  await pool.send(mailOf());
  const report = pool.send(mailOf());
  await asked.promise;
  const stopped = pool.stop(10_000);
  gate.resolve();
  assert.deepEqual(words(await report), ['dropped']);
  await stopped;
  assert.equal(peer.connections(), 1);
  await peer.close();
});

test('the waiting line keeps its order over many lanes and items', () => {
  const waiting = createWaiting<number>();
  for (let n = 0; n < 5_000; n += 1) waiting.push(n % 3, n);
  const out: number[] = [];
  for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) out.push(item);
  const wanted = Array.from({ length: 5_000 }, (_, n) => n).toSorted((a, b) => (a % 3) - (b % 3) || a - b);
  assert.deepEqual(out, wanted);
  assert.equal(waiting.size, 0);
});
