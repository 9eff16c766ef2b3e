/**
 * Our SMTP client against nodemailer's pool: the same composed messages, as many connections, the same sink, in turns.
 * Next: end-to-end.ts
 */
import { createTransport } from 'nodemailer';
import { startSink, type Sink } from '../e2e/sink.ts';
import { systemClock } from '../server/src/base/clock.ts';
import { createLog } from '../server/src/base/log.ts';
import { parseAddress, type Address } from '../server/src/mail/mail.ts';
import { createDialer, instanceEgress } from '../server/src/net/net.ts';
import { createSmtpPool, type OutgoingMail, type SmtpTarget } from '../server/src/smtp/smtp.ts';
import { ratioRow, takeTurns, type Contestant, type Row, type Score } from './measure.ts';

/** What both pools open by default. */
const CONNECTIONS = 5;
/** Sends that are asked for at the same time: enough that no connection ever waits for work. */
const AT_ONCE = 4 * CONNECTIONS;
const MESSAGES = 10_000;
const ROUNDS = 5;
const BAR = 5;
const FROM = 'bench@example.com';
const TO = 'someone@example.net';

export async function benchClient(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kilobytes of [1, 10]) {
    const sink = await startSink();
    const content = composed(kilobytes * 1024);
    const contestants = [ours(sink, content), nodemailer(sink, content)];
    let scores: Score[];
    try {
      scores = await takeTurns(contestants, ROUNDS);
    } finally {
      await sink.stop();
    }
    const [first, second] = scores;
    if (first === undefined || second === undefined) throw new Error('a contestant is missing');
    rows.push(
      ratioRow(
        `SMTP client, ${String(kilobytes)} KB, ${String(CONNECTIONS)} connections`,
        first,
        second,
        BAR,
      ),
    );
  }
  return rows;
}

function ours(sink: Sink, content: Buffer): Contestant {
  const run = async (): Promise<number> => {
    const pool = createSmtpPool({
      target: target(sink),
      egress: instanceEgress(),
      dialer: createDialer({ clock: systemClock }),
      clock: systemClock,
      log: createLog('error'),
      connectionsMax: CONNECTIONS,
      messagesMax: Number.MAX_SAFE_INTEGER,
      idleMs: 60_000,
    });
    const mail: OutgoingMail = {
      from: address(FROM),
      recipients: [address(TO)],
      sizeBytes: content.length,
      utf8Headers: false,
      eightBit: false,
      content,
      lane: 0,
      mayCommit: () => true,
    };
    const rate = await measure(async () => {
      const report = await pool.send(mail);
      const [result] = report.results;
      if (result?.kind !== 'replied' || result.reply.code !== 250) throw new Error(JSON.stringify(report));
    });
    await pool.stop(1_000);
    return rate;
  };
  return { name: 'Posthorn', run };
}

function nodemailer(sink: Sink, content: Buffer): Contestant {
  const run = async (): Promise<number> => {
    const transport = createTransport({
      pool: true,
      host: sink.host,
      port: sink.port,
      ignoreTLS: true,
      maxConnections: CONNECTIONS,
      maxMessages: Infinity,
    });
    const rate = await measure(() =>
      transport.sendMail({ envelope: { from: FROM, to: [TO] }, raw: content }),
    );
    transport.close();
    return rate;
  };
  return { name: 'nodemailer', run };
}

/** Messages in a second, counted by their answers. */
async function measure(send: () => Promise<unknown>): Promise<number> {
  let left = MESSAGES;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await send();
    }
  };
  const startedAt = systemClock.monotonic();
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return (MESSAGES * 1000) / (systemClock.monotonic() - startedAt);
}

function target(sink: Sink): SmtpTarget {
  return {
    host: sink.host,
    port: sink.port,
    security: 'none',
    signIn: { kind: 'anonymous' },
    allowPlaintextAuth: false,
    ehloName: 'bench.example.com',
    tls: { minVersion: 'TLSv1.2', verify: true },
    timeouts: { connectMs: 10_000, greetingMs: 10_000, commandMs: 10_000, dataMs: 10_000 },
  };
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.address;
}

/** A plain text message of about `bytes` octets, line ends included. */
function composed(bytes: number): Buffer {
  const head = [
    `From: Bench <${FROM}>`,
    `To: ${TO}`,
    'Subject: A message to measure with',
    'Date: Sat, 21 Nov 2026 12:00:00 +0000',
    'Message-ID: <measure@example.com>',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    '',
  ].join('\r\n');
  const line = `${'All work and no play makes for a dull line of text, again and again. '.slice(0, 70)}\r\n`;
  return Buffer.from(head + line.repeat(Math.ceil((bytes - head.length) / line.length)));
}
