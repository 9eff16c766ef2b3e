/** One message after another on the wire: groups, parameters, refusals, deadlines, and when the right to send is lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { fakeClock } from '../../test/fake-clock.ts';
import { type PeerOptions, type Scripted, startPeer } from '../../test/smtp-peer.ts';
import {
  address,
  BODY,
  dialer,
  egress,
  failureCode,
  mailOf,
  poolOf,
  targetOf,
  words,
} from '../../test/smtp-scene.ts';
import {
  type OutgoingMail,
  openSession,
  type PhaseRecord,
  quitSession,
  sendOver,
  type SendReport,
} from './smtp.ts';

/** Sends all mails at once over one connection. */
async function exchange(
  options: PeerOptions,
  mails: readonly OutgoingMail[],
): Promise<{
  reports: SendReport[];
  commands: string[];
  reads: string[];
  bodies: Buffer[];
  connections: number;
}> {
  const peer = await startPeer(options);
  const pool = poolOf(targetOf(peer.port));
  const reports = await Promise.all(mails.map((mail) => pool.send(mail)));
  await pool.stop(5_000);
  await peer.close();
  return {
    reports,
    commands: peer.commands,
    reads: peer.reads.map(String),
    bodies: peer.messages.map((message) => message.wire),
    connections: peer.connections(),
  };
}

const from = (name: string, changes: Partial<OutgoingMail> = {}): OutgoingMail =>
  mailOf({ from: address(`${name}@from.test`), ...changes });

test('with PIPELINING the envelope is one group, and the next one goes with the body (RFC 2920 §3.1)', async () => {
  const { reports, reads } = await exchange({ extensions: ['PIPELINING'] }, [
    from('one'),
    from('two'),
    from('three'),
  ]);
  assert.deepEqual(reports.map(words), [['250'], ['250'], ['250']]);
  const group = (name: string): string => `MAIL FROM:<${name}@from.test>\r\nRCPT TO:<b@to.test>\r\nDATA\r\n`;
  const body = `${BODY.toString()}.\r\n`;
  assert.deepEqual(reads, [
    'EHLO client.example.test\r\n',
    group('one'),
    body + group('two'),
    body + group('three'),
    body,
    'QUIT\r\n',
  ]);
});

test('without PIPELINING there is one command at a time', async () => {
  const { reads } = await exchange({}, [from('one'), from('two')]);
  const commands = reads.filter((read) => !read.endsWith('.\r\n'));
  assert.ok(
    commands.every((read) => read.indexOf('\r\n') === read.length - 2),
    JSON.stringify(reads),
  );
  assert.equal(commands.length, 1 + 3 + 3 + 1);
});

test('Q8: 250, 451 and 550 for three recipients are three results, in their order', async () => {
  const recipients = ['a@to.test', 'b@to.test', 'c@to.test'].map(address);
  const script = ({ command }: { command: string }): Scripted =>
    command.includes('<b@')
      ? '451 4.2.1 Later\r\n'
      : command.includes('<c@')
        ? '550 5.1.1 Nobody\r\n'
        : undefined;
  for (const extensions of [[], ['PIPELINING']]) {
    const { reports, bodies } = await exchange({ extensions, script }, [mailOf({ recipients })]);
    assert.deepEqual(words(reports[0] as SendReport), ['250', '451', '550']);
    assert.equal(bodies.length, 1);
  }
});

test('a refused message leaves the connection good, and RSET clears what is open', async () => {
  const script = ({ command }: { command: string }): Scripted => {
    if (command.includes('refused@')) return '550 5.7.1 No\r\n';
    return command.includes('nobody@') ? '550 5.1.1 Nobody\r\n' : undefined;
  };
  const mails = [
    from('refused'),
    from('x', { recipients: [address('nobody@to.test')] }),
    from('y', { recipients: [address('nobody@to.test'), address('b@to.test')] }),
    from('z'),
  ];
  for (const extensions of [[], ['PIPELINING']]) {
    const { reports, commands, connections } = await exchange({ extensions, script }, mails);
    assert.deepEqual(reports.map(words), [['550'], ['550'], ['550', '250'], ['250']]);
    assert.equal(connections, 1);
    assert.equal(commands.filter((command) => command === 'RSET').length, 1);
    assert.ok(!reports.some((report) => report.session !== undefined));
  }
});

test('354 for a message that nobody takes is answered by a lone dot, and the connection goes on', async () => {
  const script = ({ command }: { command: string }): Scripted => {
    if (command.includes('nobody@')) return '550 5.1.1 Nobody\r\n';
    return command === 'DATA' ? '354 Go on\r\n' : undefined;
  };
  const mails = [from('x', { recipients: [address('nobody@to.test')] }), from('y')];
  const { reports, bodies, connections } = await exchange({ extensions: ['PIPELINING'], script }, mails);
  assert.deepEqual(reports.map(words), [['550'], ['250']]);
  assert.deepEqual(bodies.map(String), ['', BODY.toString()]);
  assert.equal(connections, 1);
});

test('what a server cannot take is said before it is asked, and the next message goes its way', async () => {
  const mails = [
    from('big', { sizeBytes: 5_000 }),
    from('eight', { eightBit: true }),
    from('utf', { recipients: [address('\u00fc@to.test')] }),
    from('good'),
  ];
  const { reports, commands } = await exchange({ extensions: ['SIZE 4000'] }, mails);
  assert.deepEqual(reports.map(failureCode), ['SIZE_EXCEEDED', 'EIGHT_BIT_MISSING', 'SMTPUTF8_MISSING', '']);
  assert.equal(
    commands.filter((command) => command.startsWith('MAIL')).join(),
    `MAIL FROM:<good@from.test> SIZE=${String(BODY.length)}`,
  );
});

test('Q7: an answer to the dot after 590 s counts; after 600 s the message is in doubt', async () => {
  const late = async function* (): AsyncGenerator<Buffer> {
    yield BODY;
    clock.advance(500_000); // the body has its own time
  };
  let clock = fakeClock();
  for (const content of [BODY, late]) {
    for (const [waitMs, wanted] of [
      [590_000, '250'],
      [600_001, 'timeout in doubt'],
    ] as const) {
      clock = fakeClock();
      const dotted = Promise.withResolvers<void>();
      const gate = Promise.withResolvers<void>();
      const script = async ({ command }: { command: string }): Promise<Scripted> => {
        if (command !== '.') return undefined;
        dotted.resolve();
        await gate.promise;
        return undefined;
      };
      const peer = await startPeer({ script, extensions: ['PIPELINING'] });
      const timeouts = { connectMs: 30_000, greetingMs: 60_000, commandMs: 60_000, dataMs: 600_000 };
      const pool = poolOf(targetOf(peer.port, { timeouts }), { clock });
      const sent = pool.send(mailOf({ content }));
      const behind = pool.send(mailOf());
      await dotted.promise;
      clock.advance(waitMs);
      gate.resolve();
      assert.deepEqual(words(await sent), [wanted]);
      const second = await behind;
      assert.deepEqual(words(second), ['250']);
      const waited = second.phases.some((record) => record.ms > 0);
      assert.ok(wanted !== '250' || !waited, 'the wait was for the other message');
      await pool.stop(0);
      await peer.close();
      assert.equal(clock.timers(), 0);
    }
  }
});

test('Q6: a reset right behind the 250 changes nothing', async () => {
  const count = 300;
  const peer = await startPeer({
    extensions: ['PIPELINING'],
    script: ({ command }) => (command === '.' ? { text: '250 2.0.0 Ok\r\n', after: 'rst' } : undefined),
  });
  const pool = poolOf(targetOf(peer.port), { connectionsMax: 8 });
  const reports = await Promise.all(
    Array.from({ length: count }, (_, n) => pool.send(from(`n${String(n)}`))),
  );
  await pool.stop(1_000);
  await peer.close();
  assert.deepEqual(new Set(reports.flatMap(words)), new Set(['250']));
  assert.equal(new Set(peer.messages.map((message) => message.from)).size, count);
  assert.equal(peer.messages.length, count);
});

test('the right to send is asked for before the body and before the dot; lost, nothing is completed or in doubt', async () => {
  const streamed = async function* (): AsyncGenerator<Buffer> {
    yield BODY;
    yield BODY;
  };
  for (const content of [BODY, Buffer.alloc(200_000, 'x'), streamed]) {
    for (const grants of [0, 1]) {
      let left = grants;
      const mail = from('lost', { content, mayCommit: () => left-- > 0 });
      const { reports, bodies } = await exchange({ extensions: ['PIPELINING'] }, [mail, from('next')]);
      assert.deepEqual(reports.map(words), [['lease'], ['250']]);
      assert.equal(failureCode(reports[0] as SendReport), 'LEASE_LOST');
      assert.equal(bodies.length, 1);
    }
  }
});

test('U2: long and streamed bodies arrive whole, at the speed of the reader', async () => {
  const line = Buffer.from('.A line that begins with a dot, and holds a bare\nline end.\r\n');
  const whole = Buffer.concat(Array.from({ length: 40_000 }, () => line));
  const streamed = async function* (): AsyncGenerator<Buffer> {
    for (let at = 0; at < whole.length; at += 10_007) yield whole.subarray(at, at + 10_007);
  };
  const { reports, bodies } = await exchange({}, [mailOf({ content: whole }), mailOf({ content: streamed })]);
  assert.deepEqual(reports.map(words), [['250'], ['250']]);
  const wanted = whole
    .toString()
    .replace(/(?<!\r)\n/g, '\r\n')
    .replace(/^\./gm, '..');
  for (const body of bodies) assert.ok(body.toString() === wanted);
});

test('a reader that stops is not flooded', async () => {
  let yielded = 0;
  const endless = async function* (): AsyncGenerator<Buffer> {
    for (; yielded < 2_000; yielded += 1) yield Buffer.alloc(64 * 1024, 'x');
  };
  const peer = await startPeer({ faults: [{ point: 'body', fault: 'stall', percent: 0 }] });
  const timeouts = { connectMs: 1_000, greetingMs: 1_000, commandMs: 1_000, dataMs: 300 };
  const pool = poolOf(targetOf(peer.port, { timeouts }));
  assert.deepEqual(words(await pool.send(mailOf({ content: endless }))), ['timeout']);
  assert.ok(yielded < 500, `${String(yielded)} pieces of 64 KB were read ahead of the network`);
  await pool.stop(0);
  await peer.close();
});

test('a message that cannot be read to its end is not ended by a dot', async () => {
  const broken = async function* (): AsyncGenerator<Buffer> {
    yield BODY;
    await Promise.resolve();
    throw new Error('the disk is gone');
  };
  const { reports, bodies } = await exchange({}, [mailOf({ content: broken })]);
  assert.equal(failureCode(reports[0] as SendReport), 'CONTENT_UNREADABLE');
  assert.deepEqual(reports.map(words), [['stopped']]);
  assert.equal(bodies.length, 0);
});

test('a small body that the server never answers is in doubt, because its dot went out with it', async () => {
  const { reports } = await exchange(
    { extensions: ['SIZE'], faults: [{ point: 'body', fault: 'fin', percent: 50 }] },
    [mailOf()],
  );
  assert.deepEqual(reports.map(words), [['dropped in doubt']]);
});

test('a port that speaks something else is named with its first words', async () => {
  for (const [banner, shown] of [
    ['HTTP/1.1 400 Bad Request\r\n\r\n', /HTTP\/1\.1 400/],
    ['SSH-2.0-OpenSSH_9.2\u001b[2J\r\n', /SSH-2\.0-OpenSSH_9\.2 \[2J/],
    ['* OK IMAP4rev1', /\* OK IMAP4rev1/],
  ] as const) {
    const { reports } = await exchange({ script: () => banner }, [mailOf()]);
    assert.equal(failureCode(reports[0] as SendReport), 'NOT_SMTP');
    assert.match(reports[0]?.session?.failure?.message ?? '', shown);
    assert.equal(reports[0]?.session?.phase, 'greeting');
  }
});

test('a server that knows no EHLO is greeted with HELO', async () => {
  const script = ({ command }: { command: string }): Scripted =>
    command.startsWith('EHLO') ? '502 5.5.1 What?\r\n' : undefined;
  const { reports, commands } = await exchange({ script }, [mailOf()]);
  assert.deepEqual(reports.map(words), [['250']]);
  assert.deepEqual(commands.slice(0, 3), [
    'EHLO client.example.test',
    'HELO client.example.test',
    'MAIL FROM:<a@from.test>',
  ]);
});

test('a session opened by hand tells each phase as it ends, and carries messages', async () => {
  const peer = await startPeer({ extensions: ['SIZE 1000'] });
  const seen: string[] = [];
  const onPhase = (record: PhaseRecord): void => {
    seen.push(`${record.phase} ${String(record.reply?.code ?? '-')}`);
  };
  const opened = await openSession({
    target: targetOf(peer.port),
    egress,
    dialer,
    clock: systemClock,
    watch: { onPhase },
  });
  assert.ok(opened.ok);
  assert.deepEqual(seen.splice(0), ['dns -', 'connect -', 'greeting 220', 'ehlo 250']);
  const report = await sendOver(opened.session, mailOf(), { watch: { onPhase } });
  assert.deepEqual(words(report), ['250']);
  assert.deepEqual(seen, ['mail-from 250', 'rcpt-to 250', 'data 354', 'accepted 250']);
  assert.deepEqual(report.phases.map((record) => record.phase).slice(0, 4), [
    'dns',
    'connect',
    'greeting',
    'ehlo',
  ]);
  assert.match(
    report.transcript,
    /^\+0 \*\* connecting to 127\.0\.0\.1[^]*\n\+\d+ <- 250 2\.0\.0 Ok: queued as 4711$/,
  );
  await quitSession(opened.session);
  assert.equal(peer.commands.at(-1), 'QUIT');
  assert.deepEqual(words(await sendOver(opened.session, mailOf())), ['dropped']);
  await quitSession(opened.session);
  await peer.close();
});

test('a transcript has at most 16 KB, with its beginning and its end', async () => {
  const recipients = Array.from({ length: 900 }, (_, n) => address(`r${String(n)}@to.test`));
  const { reports } = await exchange({ extensions: ['PIPELINING'] }, [mailOf({ recipients })]);
  const text = reports[0]?.transcript ?? '';
  assert.equal(reports[0]?.results.length, 900);
  assert.ok(Buffer.byteLength(text) <= 16 * 1024 && Buffer.byteLength(text) > 15 * 1024);
  assert.match(text, /^\+0 \*\* connecting[^]*lines left out[^]*queued as 4711$/);
  assert.doesNotMatch(text, /The body/);
});
