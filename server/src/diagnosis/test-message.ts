/**
 * The message that a test sends: small, plain, and clear about what it is.
 * Next: runs.ts
 */
import { toRfc3339 } from '../base/clock.ts';
import type { FieldError } from '../base/problem.ts';
import { problem } from '../http/http.ts';
import { composeMessage, newMessageId, parseMailbox, type Mailbox } from '../mail/mail.ts';
import type { OutgoingMail } from '../smtp/smtp.ts';
import type { Sender } from '../tenants/tenants.ts';

export interface Correspondents {
  readonly from: Mailbox;
  readonly to: Mailbox;
}

/** Who writes to whom. Throws `invalid_request` that names the field. */
export function chooseCorrespondents(
  given: { readonly from?: string | undefined; readonly to: string },
  sender: Sender | undefined,
): Correspondents {
  const errors: FieldError[] = [];
  const to = readMailbox('to', given.to, errors);
  const from = chooseFrom(given.from, sender, errors);
  if (to !== undefined && from !== undefined) return { from, to };
  const [first] = errors;
  throw problem('invalid_request', {
    detail: first === undefined ? 'The addresses are invalid.' : `${first.path} ${first.message}.`,
    errors,
  });
}

function chooseFrom(
  given: string | undefined,
  sender: Sender | undefined,
  errors: FieldError[],
): Mailbox | undefined {
  if (given !== undefined) return readMailbox('from', given, errors);
  if (sender === undefined) {
    errors.push({ path: 'from', message: 'is missing, and no default sender is configured' });
    return undefined;
  }
  const found = readMailbox('from', sender.address, errors);
  return found === undefined || sender.name === undefined ? found : { ...found, name: sender.name };
}

function readMailbox(path: 'from' | 'to', text: string, errors: FieldError[]): Mailbox | undefined {
  const parsed = parseMailbox(text);
  if (parsed.ok) return parsed.mailbox;
  errors.push({ path, message: parsed.message });
  return undefined;
}

/** Composes it. `mayCommit` is asked right before the message is handed over. */
export async function composeTest(
  test: { readonly id: string; readonly connection: string; readonly now: number },
  { from, to }: Correspondents,
  mayCommit: () => boolean,
): Promise<OutgoingMail> {
  const { id, connection, now } = test;
  const composed = await composeMessage({
    from,
    to: [to],
    cc: [],
    subject: `Posthorn test of ${connection}`,
    text: `This is a test message. Nobody needs to answer it.

Somebody is trying out the connection ${connection}
of a Posthorn server. You can read this, so mail gets through.

Test  ${id}
Time  ${toRfc3339(now)}
`,
    attachments: [],
    headers: [{ name: 'X-Posthorn-Test', value: id }],
    messageId: newMessageId(id, from.address.domain),
    date: new Date(now),
    boundarySeed: id,
    autoSubmitted: true,
  });
  return {
    from: from.address,
    recipients: [to.address],
    sizeBytes: composed.raw.length,
    utf8Headers: composed.utf8Headers,
    eightBit: composed.eightBit,
    content: composed.raw,
    lane: 0,
    mayCommit,
  };
}
