/** Servers that mean harm: what they say is bounded, clean, and not shown to who should not see it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { tenantEgress } from '../net/net.ts';
import { startPeer } from '../../test/smtp-peer.ts';
import { dialer, egress, targetOf, timeoutsOf } from '../../test/smtp-scene.ts';
import { openSession, type OpenedSession, type PhaseRecord } from './smtp.ts';
import type { TranscriptLine } from './transcript.ts';

interface Seen {
  readonly opened: OpenedSession;
  readonly lines: readonly TranscriptLine[];
  readonly phases: readonly PhaseRecord[];
  /** Everything that a person or a log could be shown, in one text. */
  readonly text: string;
}

/** Opens a watched session with a server that does what `greet` does, and ends it. */
async function visit(greet: (socket: Socket) => void, policy = egress, ms = 5_000): Promise<Seen> {
  const guests = new Set<Socket>();
  const server = createServer((socket) => {
    guests.add(socket);
    socket.on('error', () => undefined);
    greet(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const lines: TranscriptLine[] = [];
  const phases: PhaseRecord[] = [];
  const opened = await openSession({
    target: targetOf(port, { timeouts: timeoutsOf(ms) }),
    egress: policy === egress ? egress : tenantEgress({ allow: [`127.0.0.1:${String(port)}`] }),
    dialer,
    clock: systemClock,
    watch: { onLine: (line) => lines.push(line), onPhase: (record) => phases.push(record) },
  });
  if (opened.ok) opened.session.line.destroy();
  for (const guest of guests) guest.destroy();
  server.close();
  const said = opened.ok ? [] : [opened.failure, opened.reply];
  return { opened, lines, phases, text: JSON.stringify([lines, phases, said]) };
}

const tenant = tenantEgress();

test('S4: who may only go to mail servers is not told what else answered; the instance is', async () => {
  const banners = [
    'HTTP/1.1 200 OK\r\nX-Internal: top-secret\r\n\r\n',
    'SSH-2.0-top-secret\r\n',
    '+OK top-secret\r\n',
  ];
  for (const banner of banners) {
    const greet = (socket: Socket): void => void socket.write(banner);
    const shown = await visit(greet);
    assert.ok(!shown.opened.ok && shown.opened.failure?.code === 'NOT_SMTP');
    if (!banner.startsWith('HTTP')) assert.match(shown.text, /top-secret/);
    const hidden = await visit(greet, tenant);
    assert.ok(!hidden.opened.ok && hidden.opened.failure?.code === 'NOT_SMTP');
    assert.doesNotMatch(hidden.text, /top-secret|HTTP|SSH|OK/);
    assert.equal(hidden.opened.failure.message, 'What answered is not an SMTP server.');
  }
});

test('S4: nor what came later in place of a reply', async () => {
  const greet = (socket: Socket): void => {
    socket.write('220 hello\r\n');
    socket.on('data', () => socket.write('250-hello\r\n300 top-secret\r\n'));
  };
  const hidden = await visit(greet, tenant);
  assert.ok(!hidden.opened.ok && hidden.opened.failure?.code === 'INCONSISTENT_REPLY');
  assert.doesNotMatch(hidden.text, /top-secret/);
});

test('a greeting or an EHLO that never ends is given up after 64 KB', async () => {
  const endless = (socket: Socket, line: string): void => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(line.repeat(100)));
      if (!socket.destroyed) socket.once('drain', more);
    };
    more();
  };
  for (const line of ['220-still greeting\r\n', '220 no end of line', '2'.repeat(1000)]) {
    const seen = await visit((socket) => endless(socket, line));
    assert.ok(!seen.opened.ok && seen.opened.failure?.kind === 'protocol', seen.text.slice(0, 500));
    assert.ok(seen.text.length < 4_000, `${String(seen.text.length)} characters kept`);
  }
  const seen = await visit((socket) => {
    socket.write('220 hello\r\n');
    socket.once('data', () => {
      endless(socket, '250-X-KEYWORD and a lot of words behind it\r\n');
    });
  });
  assert.ok(!seen.opened.ok && seen.opened.failure?.code === 'REPLY_TOO_LONG');
});

test('an EHLO that drips is given up at its deadline, however steadily it drips', async () => {
  const seen = await visit(
    (socket) => {
      socket.write('220 hello\r\n');
      socket.once('data', () => {
        const timer = setInterval(() => socket.write('250-X\r\n'), 20);
        socket.on('close', () => clearInterval(timer));
      });
    },
    egress,
    400,
  );
  assert.ok(!seen.opened.ok && seen.opened.failure?.kind === 'timeout' && seen.opened.phase === 'ehlo');
});

test('W7: nothing that is kept can paint a terminal, forge a line or turn text around', async () => {
  const evil = '\x1b[2J\x1b]0;owned\x07\x9b31m\0\x08\v\u202Efdp.exe\u2066\u2028** forged\rline';
  const peer = await startPeer({
    extensions: [`X${evil}`, evil, `AUTH ${evil} PLAIN`, `SIZE ${evil}`],
    script: ({ command }) => (command === '' ? `220 ${evil}\r\n` : undefined),
  });
  const lines: TranscriptLine[] = [];
  const phases: PhaseRecord[] = [];
  const opened = await openSession({
    target: targetOf(peer.port),
    egress,
    dialer,
    clock: systemClock,
    watch: { onLine: (line) => lines.push(line), onPhase: (record) => phases.push(record) },
  });
  assert.ok(opened.ok);
  const { keywords, auth } = opened.session.capabilities;
  opened.session.line.destroy();
  const texts = [
    ...lines.map(({ text }) => text),
    ...phases.flatMap(({ reply }) => reply?.lines ?? []),
    ...[...keywords].flat(),
    ...auth,
  ];
  assert.ok(texts.length > 8);
  for (const text of texts)
    assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
  await peer.close();
});
