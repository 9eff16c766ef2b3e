/**
 * What tests of the SMTP client start from: a target that leads to a scripted peer, a mail, a pool over the real dialer.
 */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { systemClock, type Clock } from '../src/base/clock.ts';
import { createLog } from '../src/base/log.ts';
import { type Address, parseAddress } from '../src/mail/mail.ts';
import { createDialer, type Dialer, instanceEgress } from '../src/net/net.ts';
import {
  createSmtpPool,
  type OutgoingMail,
  type RecipientResult,
  type SendReport,
  type SmtpPool,
  type SmtpTarget,
} from '../src/smtp/smtp.ts';
import { closePeers } from './smtp-peer.ts';

after(closePeers);

export const egress = instanceEgress();
export const dialer = createDialer({ clock: systemClock });
/** The same way out, but every address counts as a public one. */
export const publicDialer: Dialer = {
  async dial(target) {
    const dialed = await dialer.dial(target);
    return dialed.ok ? { ...dialed, internal: false } : dialed;
  },
};

/** An address written as `local@domain`. */
export function address(text: string): Address {
  const parsed = parseAddress(text, { quotedLocal: true });
  assert.ok(parsed.ok, text);
  return parsed.address;
}

/** A plain target on this machine, with deadlines long enough for a slow one. */
export function targetOf(port: number, changes: Partial<SmtpTarget> = {}): SmtpTarget {
  return {
    host: '127.0.0.1',
    port,
    security: 'none',
    signIn: { kind: 'anonymous' },
    allowPlaintextAuth: false,
    ehloName: 'client.example.test',
    tls: { minVersion: 'TLSv1.2', verify: true },
    timeouts: timeoutsOf(10_000),
    ...changes,
  };
}

export function timeoutsOf(ms: number): SmtpTarget['timeouts'] {
  return { connectMs: ms, greetingMs: ms, commandMs: ms, dataMs: ms };
}

export function poolOf(
  target: SmtpTarget,
  changes: {
    connectionsMax?: number;
    messagesMax?: number;
    idleMs?: number;
    clock?: Clock;
    dialer?: Dialer;
  } = {},
): SmtpPool {
  return createSmtpPool({
    target,
    egress,
    dialer,
    clock: systemClock,
    log: createLog('silent'),
    connectionsMax: 1,
    messagesMax: 1000,
    idleMs: 10_000,
    ...changes,
  });
}

export const BODY = Buffer.from('From: a@from.test\r\nSubject: hello\r\n\r\nThe body.\r\n');

/** A small mail for one recipient. */
export function mailOf(changes: Partial<OutgoingMail> = {}): OutgoingMail {
  const content = changes.content ?? BODY;
  return {
    from: address('a@from.test'),
    recipients: [address('b@to.test')],
    sizeBytes: Buffer.isBuffer(content) ? content.length : 0,
    utf8Headers: false,
    eightBit: false,
    content,
    lane: 1,
    mayCommit: () => true,
    ...changes,
  };
}

/** A result in one word: `250`, `451`, `timeout`, `dropped in doubt`. */
export function word(result: RecipientResult | undefined): string {
  if (result === undefined) return 'nothing';
  if (result.kind === 'replied') return String(result.reply.code);
  return result.failure.kind + (result.inDoubt ? ' in doubt' : '');
}

/** The results of a report in words. */
export function words(report: SendReport): string[] {
  return report.results.map(word);
}

/** The code of the first failure, or `''`. */
export function failureCode(report: SendReport): string {
  const failed = report.results.find((result) => result.kind === 'failed');
  return failed?.failure.code ?? report.session?.failure?.code ?? '';
}
