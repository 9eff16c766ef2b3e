/**
 * Messages as the API shows them: schemas of the answers, and from rows to those.
 * Next: routes.ts
 */
import { z } from 'zod';
import { toRfc3339 } from '../base/clock.ts';
import {
  isPending,
  MESSAGE_CLASSES,
  messageState,
  RECIPIENT_STATES,
  type RecipientState,
} from '../delivery/delivery.ts';
import type { EventRow } from '../events/events.ts';
import { errorTitle } from '../mail/mail.ts';
import type { Accepted } from './prepare.ts';
import type { AttemptReadRow, MessageRow, RecipientRow } from './read-queries.ts';

const state = z
  .enum(Object.keys(RECIPIENT_STATES) as [RecipientState, ...RecipientState[]]) // a non-empty object's keys
  .meta({ id: 'RecipientState' });
const time = z.string();
const title = z.string().nullable().describe('What `errorId` means, in one sentence; see docs/errors.md.');

const acceptedRecipientView = z
  .object({ address: z.string(), state })
  .meta({ id: 'AcceptedRecipient', description: 'A recipient as a new message shows it.' });

export const acceptedView = z
  .object({
    id: z.string(),
    state,
    recipients: z.array(acceptedRecipientView),
    createdAt: time,
    expiresAt: time,
  })
  .meta({ id: 'Accepted', description: 'What a message that was taken is answered with.' });

const recipientView = z
  .object({
    address: z.string(),
    kind: z.enum(['to', 'cc', 'bcc']),
    state,
    attempts: z.number().describe('Tries that counted.'),
    errorId: z.string().nullable(),
    errorTitle: title,
    reply: z.string().nullable().describe("The server's own words."),
    nextAttemptAt: time.nullable(),
    updatedAt: time,
  })
  .meta({ id: 'Recipient' });

const summary = z.object({
  id: z.string(),
  state,
  class: z.enum(MESSAGE_CLASSES).meta({ id: 'MessageClass' }),
  from: z.object({ name: z.string().nullable(), address: z.string() }),
  subject: z.string(),
  recipients: z.array(recipientView),
  tags: z.array(z.string()),
  createdAt: time,
  sendAt: time.nullable(),
  expiresAt: time,
  sizeBytes: z.number(),
});

export const summaryView = summary.meta({ id: 'MessageSummary' });

const attemptView = z
  .object({
    id: z.string(),
    connection: z.object({ id: z.string(), name: z.string() }),
    startedAt: time,
    endedAt: time,
    outcome: z.enum(['accepted', 'deferred', 'rejected', 'in_doubt', 'connection_unusable']),
    errorId: z.string().nullable(),
    errorTitle: title,
    reply: z.string().nullable(),
    phases: z.array(z.object({ phase: z.string(), ms: z.number(), reply: z.string().optional() })),
    recipients: z.array(
      z.object({
        address: z.string(),
        outcome: z.string(),
        errorId: z.string().optional(),
        reply: z.string(),
      }),
    ),
    transcript: z.string().describe('The conversation, without secrets and body.'),
    peer: z
      .object({
        address: z.string(),
        reused: z.boolean(),
        tls: z.object({ protocol: z.string(), cipher: z.string(), verified: z.boolean() }).optional(),
      })
      .nullable(),
  })
  .meta({ id: 'Attempt' });

export const messageView = summary
  .extend({
    messageId: z.string().describe("The `Message-ID` header's value."),
    connection: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    idempotencyKey: z.string().nullable(),
    collapseKey: z.string().nullable(),
    resendOf: z.string().nullable(),
    attempts: z.array(attemptView),
    timeline: z.array(z.object({ at: time, type: z.string(), data: z.record(z.string(), z.unknown()) })),
  })
  .meta({ id: 'Message' });

export function viewAccepted(accepted: Accepted): z.input<typeof acceptedView> {
  return {
    id: accepted.id,
    state: accepted.state,
    recipients: [...accepted.recipients],
    createdAt: toRfc3339(accepted.createdAt),
    expiresAt: toRfc3339(accepted.expiresAt),
  };
}

/** `running` tells that a worker has the message right now: open recipients are then shown as sending. */
export function viewSummary(
  row: MessageRow,
  recipients: readonly RecipientRow[],
  running: boolean,
): z.input<typeof summaryView> {
  const shown = recipients.map((recipient) => viewRecipient(recipient, running));
  return {
    id: row.id,
    state: messageState(shown.map((recipient) => recipient.state)),
    class: row.class,
    from: { name: row.from_name, address: row.from_address },
    subject: row.subject,
    recipients: shown,
    tags: row.tags === null ? [] : (JSON.parse(row.tags) as string[]), // our own writing, here and below
    createdAt: toRfc3339(row.created_at),
    sendAt: row.send_at === null ? null : toRfc3339(row.send_at),
    expiresAt: toRfc3339(row.expires_at),
    sizeBytes: row.size_bytes,
  };
}

function viewRecipient(row: RecipientRow, running: boolean) {
  // One in doubt keeps saying so: "sending" would hide that it may have arrived.
  const sending = running && isPending(row.state) && row.state !== 'in_doubt';
  return {
    address: row.address,
    kind: row.kind,
    state: sending ? ('sending' as const) : row.state,
    attempts: row.attempts,
    errorId: row.error_id,
    errorTitle: errorTitle(row.error_id, { recipient: row.address }) ?? null,
    reply: row.reply,
    nextAttemptAt: row.next_at === null ? null : toRfc3339(row.next_at),
    updatedAt: toRfc3339(row.updated_at),
  };
}

export function viewMessage(
  row: MessageRow,
  recipients: readonly RecipientRow[],
  running: boolean,
  attempts: readonly AttemptReadRow[],
  events: readonly EventRow[],
): z.input<typeof messageView> {
  return {
    ...viewSummary(row, recipients, running),
    messageId: row.message_id,
    connection: row.connection,
    metadata: row.metadata === null ? {} : (JSON.parse(row.metadata) as Record<string, string>),
    idempotencyKey: row.idempotency_key,
    collapseKey: row.collapse_key,
    resendOf: row.resend_of,
    attempts: attempts.map((attempt) => viewAttempt(attempt, recipients)),
    timeline: events.map((event) => ({ at: toRfc3339(event.at), type: event.type, data: event.data })),
  };
}

interface AttemptDetail {
  readonly phases: { phase: string; ms: number; reply?: string }[];
  readonly recipients: { position: number; outcome: string; errorId?: string; reply: string }[];
  readonly transcript: string;
  readonly peer?: {
    address: string;
    reused: boolean;
    tls?: { protocol: string; cipher: string; verified: boolean };
  };
}

function viewAttempt(row: AttemptReadRow, recipients: readonly RecipientRow[]): z.input<typeof attemptView> {
  const detail = JSON.parse(row.detail) as AttemptDetail;
  return {
    id: row.id,
    connection: { id: row.connection_id, name: row.connection_name },
    startedAt: toRfc3339(row.started_at),
    endedAt: toRfc3339(row.ended_at),
    outcome: row.outcome as z.input<typeof attemptView>['outcome'],
    errorId: row.error_id,
    errorTitle: errorTitle(row.error_id) ?? null,
    reply: row.reply,
    phases: detail.phases,
    recipients: detail.recipients.map(({ position, ...rest }) => ({
      address: recipients.find((recipient) => recipient.position === position)?.address ?? '',
      ...rest,
    })),
    transcript: detail.transcript,
    peer: detail.peer ?? null,
  };
}
