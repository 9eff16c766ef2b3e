/**
 * Sending a message again: a new message with the same content, linked to the old one, with an identity of its own.
 * Next: accept.ts
 */
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import type { FieldError } from '../base/problem.ts';
import {
  EIGHT_BIT,
  readContent,
  SENSITIVE,
  storedAddress,
  UTF8_HEADERS,
  type Letter,
  type RecipientKind,
} from '../delivery/delivery.ts';
import { problem, type Principal } from '../http/http.ts';
import { newMessageId, type Address, type Mailbox } from '../mail/mail.ts';
import type { Config } from '../config/config.ts';
import type { Db } from '../store/store.ts';
import { refuseSender, refuseStopped, type Senders } from '../tenants/tenants.ts';
import { answerOf, chooseRecipients, invalidFields, type Prepared } from './prepare.ts';
import { readMessage, readRecipients } from './read-queries.ts';

/** Makes the copy; `to` replaces the recipients (blind: the header fields stay as they were). Throws `not_found`, `invalid_request` or `sender_not_allowed`. */
export async function prepareResend(
  deps: { db: Db; clock: Clock; config: () => Config; senders: Pick<Senders, 'allows'> },
  principal: Principal,
  id: string,
  to: readonly Mailbox[] | undefined,
): Promise<Prepared> {
  const { db, clock, config } = deps;
  const { tenantId } = principal;
  refuseStopped(principal.tenantStopped);
  const original = await readMessage(db, tenantId, id);
  if (original === undefined) throw problem('not_found', { detail: `There is no message ${id}.` });
  if ((original.content_flags & SENSITIVE) !== 0) throw isSensitive();
  const chunks: Buffer[] = [];
  for await (const chunk of readContent(db, id)) chunks.push(chunk);

  const now = clock.now();
  const newMessage = newId('msg');
  const from = storedAddress(original.from_address);
  if (!deps.senders.allows(tenantId, from)) refuseSender(from, 'from');
  const messageId = newMessageId(newMessage, from.domain);
  const content = withIdentity(Buffer.concat(chunks), messageId, new Date(now));
  const recipients =
    to === undefined
      ? (await readRecipients(db, [id])).map((row) => ({
          address: storedAddress(row.address),
          kind: row.kind,
        }))
      : others(to, config());
  const letter: Letter & { content: Buffer } = {
    id: newMessage,
    tenantId,
    class: original.class,
    from,
    wanted: original.connection,
    createdAt: now,
    expiresAt: now + config().delivery.lifetime[original.class],
    sizeBytes: content.length,
    utf8Headers: (original.content_flags & UTF8_HEADERS) !== 0,
    eightBit: (original.content_flags & EIGHT_BIT) !== 0,
    captureOnly: principal.kind === 'test',
    recipients: recipients.map(({ address }, position) => ({
      position,
      address,
      state: 'queued',
      attempts: 0,
      nextAt: null,
      connectionId: null,
    })),
    content,
  };
  return {
    message: {
      letter,
      fromName: original.from_name,
      subject: original.subject,
      messageId,
      sendAt: null,
      tags: original.tags === null ? [] : (JSON.parse(original.tags) as string[]), // our own writing
      metadata: original.metadata === null ? null : (JSON.parse(original.metadata) as Record<string, string>),
      keyId: principal.actorId,
      idempotencyKey: null,
      collapseKey: null,
      resendOf: id,
      sensitive: false,
    },
    delivery: { letter, kinds: recipients.map(({ kind }) => kind), sendAt: null },
    answer: answerOf(letter, 'queued'),
  };
}

function isSensitive() {
  return problem('conflict', {
    detail:
      'The message carries a link or a code that may count no more. Send the verification again instead: POST /verifications/{id}/resend.',
  });
}

/** The recipients that a resend names instead, once each. Throws `invalid_request` when they are too many. */
function others(to: readonly Mailbox[], config: Config): { address: Address; kind: RecipientKind }[] {
  const errors: FieldError[] = [];
  const chosen = chooseRecipients({ to: [], cc: [], bcc: to }, config, (path, message) => {
    errors.push({ path, message });
  });
  if (errors.length > 0) throw invalidFields(errors);
  return chosen.map(({ mailbox, kind }) => ({ address: mailbox.address, kind }));
}

const HEADER_END = Buffer.from('\r\n\r\n');

/** The same content with another Message-ID and Date: two messages with one id would be one to every receiver. */
function withIdentity(content: Buffer, messageId: string, date: Date): Buffer {
  const end = content.indexOf(HEADER_END);
  const header = content
    .subarray(0, end)
    .toString('utf8')
    .replace(/^Message-ID:.*(\r\n[ \t].*)*/im, `Message-ID: ${messageId}`)
    .replace(/^Date:.*(\r\n[ \t].*)*/im, `Date: ${date.toUTCString().replace('GMT', '+0000')}`);
  return Buffer.concat([Buffer.from(header), content.subarray(end)]);
}
