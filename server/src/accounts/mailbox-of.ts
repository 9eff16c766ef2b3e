/**
 * A stored address as mail needs it. What is stored was parsed when it came in.
 * Next: own-mails.ts
 */
import { assert } from '../base/assert.ts';
import { parseMailbox, type Mailbox } from '../mail/mail.ts';

export function mailboxOf(email: string): Mailbox {
  const parsed = parseMailbox(email);
  assert(parsed.ok, 'a stored address can be parsed');
  return parsed.mailbox;
}
