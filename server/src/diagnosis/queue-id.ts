/**
 * The id under which the next server knows the message, from its last reply: what its operator asks for first.
 * Next: diagnosis.ts
 */
import type { Reply } from '../mail/mail.ts';

/** Most telling first; each has the id as its first group. */
const FORMS: readonly RegExp[] = [
  /\bqueued as ([A-Za-z0-9_.-]{4,80})/i, // Postfix, Haraka, Mailgun, SparkPost's PowerMTA
  /\bid=([A-Za-z0-9_.-]{4,80})/i, // Exim: `OK id=1abcDE-000000-00`
  /<([^<>\s]{4,200})> \[InternalId=/, // Exchange: its own id follows the message's
  /\bQueued mail for delivery.*?\bInternalId=(\d+)/i,
  /^Ok ([0-9a-f]{16}-[0-9a-f-]{20,60})/i, // SES
  /^OK\s+\d+ ([A-Za-z0-9_.-]+) - gsmtp/i, // Gmail
  /\bqueued as <?([^<>\s;]{4,200})>?/i,
  /^Ok: ([A-Za-z0-9_.-]{8,80})$/i,
  /([A-Za-z0-9]{10,20}) Message accepted for delivery/, // sendmail
];

/** `undefined` when the reply names none in a form that is known. */
export function queueIdOf(reply: Reply): string | undefined {
  const text = reply.lines.join(' ').slice(0, 1000);
  for (const form of FORMS) {
    const id = form.exec(text)?.[1];
    if (id !== undefined) return id;
  }
  return undefined;
}
