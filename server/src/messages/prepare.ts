/**
 * From a submission to everything that will be stored: who sends, whom it is for, until when it is worth sending, and the
 * octets. Every field that cannot be is named, all of them at once. Nothing here renders, resolves a name or dials (D10).
 * Next: accept.ts
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { crashPoint } from '../base/crash-point.ts';
import { newId } from '../base/id.ts';
import type { FieldError } from '../base/problem.ts';
import type { Config } from '../config/config.ts';
import type { Letter, NewDelivery, RecipientKind, RecipientState } from '../delivery/delivery.ts';
import { problem, type Principal } from '../http/http.ts';
import {
  addressKey,
  composeMessage,
  newMessageId,
  parseMailbox,
  type Composed,
  type Mailbox,
} from '../mail/mail.ts';
import { refuseSender, refuseStopped, type Sender, type Senders } from '../tenants/tenants.ts';
import type { NewMessage } from './queries.ts';
import type { Submission } from './submission.ts';

export interface PrepareDeps {
  readonly clock: Clock;
  readonly config: () => Config;
  /** Who mail of this tenant comes from when a message names nobody. */
  readonly senderFor: (tenantId: string) => Sender | undefined;
  /** Who may send as whom (I5). */
  readonly senders: Pick<Senders, 'allows'>;
  /** Whether the tenant can use a connection of this id or name. */
  readonly hasConnection: (tenantId: string, idOrName: string) => boolean;
}

/** What the caller is told. Times are epoch ms. */
export interface Accepted {
  readonly id: string;
  readonly state: RecipientState;
  readonly recipients: readonly { readonly address: string; readonly state: RecipientState }[];
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface Prepared {
  readonly message: NewMessage;
  readonly delivery: NewDelivery;
  readonly answer: Accepted;
}

/** `at` begins the paths in a refusal. Throws a `Problem` that names each field. */
export async function prepare(
  deps: PrepareDeps,
  principal: Principal,
  submission: Submission,
  idempotencyKey: string | undefined,
  at: string,
): Promise<Prepared> {
  const { tenantId } = principal;
  refuseStopped(principal.tenantStopped);
  const errors: FieldError[] = [];
  const refuse = (path: string, message: string): void => {
    errors.push({ path: at + path, message });
  };
  const sender = deps.senderFor(tenantId);
  const from = chooseFrom(submission, sender, refuse);
  const recipients = chooseRecipients(submission, deps.config(), refuse);
  const times = chooseTimes(submission, deps, refuse);
  checkSize(submission, deps.config(), refuse);
  if (submission.connection !== undefined && !deps.hasConnection(tenantId, submission.connection)) {
    refuse('connection', `there is no connection “${submission.connection}”`);
  }
  if (errors.length > 0 || from === undefined) throw invalidFields(errors);
  if (!deps.senders.allows(tenantId, from.address)) refuseSender(from.address, `${at}from`);
  crashPoint('after-parse');

  const id = newId('msg');
  const messageId = newMessageId(id, from.address.domain);
  const composed = await compose(submission, {
    id,
    messageId,
    from,
    now: times.now,
    replyTo: defaultReplyTo(submission, sender),
  });
  const letter = letterOf(principal, submission, { id, from, times, recipients, composed });
  return {
    message: {
      letter,
      fromName: from.name ?? null,
      subject: submission.subject,
      messageId,
      sendAt: times.sendAt,
      collapseKey: submission.collapseKey ?? null,
      tags: submission.tags,
      metadata: submission.metadata ?? null,
      keyId: principal.actorId,
      idempotencyKey: idempotencyKey ?? null,
      resendOf: null,
      sensitive: false,
    },
    delivery: { letter, kinds: recipients.map(({ kind }) => kind), sendAt: times.sendAt },
    answer: answerOf(letter, firstState(times.sendAt)),
  };
}

/** The refusal that names every wrong field. */
export function invalidFields(errors: readonly FieldError[]) {
  const more = errors.length > 1 ? ` (and ${String(errors.length - 1)} more)` : '';
  return problem('invalid_request', {
    detail: `${errors[0]?.path ?? 'The request'} ${errors[0]?.message ?? 'is invalid'}${more}.`,
    errors,
  });
}

function firstState(sendAt: number | null): 'queued' | 'scheduled' {
  return sendAt === null ? 'queued' : 'scheduled';
}

function letterOf(
  principal: Principal,
  submission: Submission,
  parts: {
    readonly id: string;
    readonly from: Mailbox;
    readonly times: Times;
    readonly recipients: readonly { readonly mailbox: Mailbox }[];
    readonly composed: Composed;
  },
): Letter & { readonly content: Buffer } {
  const { id, from, times, recipients, composed } = parts;
  const state = firstState(times.sendAt);
  return {
    id,
    tenantId: principal.tenantId,
    class: submission.class,
    from: from.address,
    wanted: submission.connection ?? null,
    createdAt: times.now,
    expiresAt: times.expiresAt,
    sizeBytes: composed.raw.length,
    utf8Headers: composed.utf8Headers,
    eightBit: composed.eightBit,
    captureOnly: principal.kind === 'test',
    recipients: recipients.map(({ mailbox }, position) => ({
      position,
      address: mailbox.address,
      state,
      attempts: 0,
      nextAt: times.sendAt,
      connectionId: null,
    })),
    content: composed.raw,
  };
}

export function answerOf(letter: Letter, state: RecipientState): Accepted {
  return {
    id: letter.id,
    state,
    recipients: letter.recipients.map(({ address }) => ({
      address: `${address.local}@${address.domain}`,
      state,
    })),
    createdAt: letter.createdAt,
    expiresAt: letter.expiresAt,
  };
}

type Refuse = (path: string, message: string) => void;

/** Epoch ms. */
interface Times {
  readonly now: number;
  readonly sendAt: number | null;
  readonly expiresAt: number;
}

function chooseFrom(submission: Submission, sender: Sender | undefined, refuse: Refuse): Mailbox | undefined {
  if (submission.from !== undefined) return submission.from;
  if (sender === undefined) {
    refuse('from', 'is missing, and no default sender is set ([sender] address in the configuration)');
    return undefined;
  }
  const parsed = parseMailbox({ name: sender.name, address: sender.address });
  if (parsed.ok) return parsed.mailbox;
  refuse('from', `is missing, and the default sender cannot be used: it ${parsed.message}`);
  return undefined;
}

function defaultReplyTo(submission: Submission, sender: Sender | undefined): readonly Mailbox[] {
  if (submission.replyTo !== undefined) return submission.replyTo;
  if (submission.from !== undefined || sender?.replyTo === undefined) return [];
  const parsed = parseMailbox(sender.replyTo);
  return parsed.ok ? [parsed.mailbox] : [];
}

/** Everybody once: an address that is named twice gets one copy, in the first field that names it. */
export function chooseRecipients(
  submission: Readonly<Record<RecipientKind, readonly Mailbox[]>>,
  config: Config,
  refuse: Refuse,
): { mailbox: Mailbox; kind: RecipientKind }[] {
  const seen = new Set<string>();
  const chosen: { mailbox: Mailbox; kind: RecipientKind }[] = [];
  for (const kind of ['to', 'cc', 'bcc'] as const) {
    for (const mailbox of submission[kind]) {
      const key = addressKey(mailbox.address);
      if (seen.has(key)) continue;
      seen.add(key);
      chosen.push({ mailbox, kind });
    }
  }
  const { recipients } = config.limits;
  if (chosen.length > recipients)
    refuse(
      'to',
      `and cc and bcc name ${String(chosen.length)} recipients; at most ${String(recipients)} are allowed`,
    );
  return chosen;
}

function chooseTimes(submission: Submission, deps: PrepareDeps, refuse: Refuse): Times {
  const now = deps.clock.now();
  const sendAt = submission.sendAt !== undefined && submission.sendAt > now ? submission.sendAt : null;
  const lifetime = deps.config().delivery.lifetime[submission.class];
  const expiresAt = submission.expiresAt ?? (sendAt ?? now) + lifetime;
  if (expiresAt <= now) refuse('expiresAt', 'is in the past');
  else if (sendAt !== null && expiresAt <= sendAt)
    refuse('expiresAt', 'is not after sendAt: it would expire before it may be sent');
  return { now, sendAt, expiresAt };
}

function checkSize(submission: Submission, config: Config, refuse: Refuse): void {
  const { messageBytes, attachments } = config.limits;
  if (submission.attachments.length > attachments) {
    refuse(
      'attachments',
      `has ${String(submission.attachments.length)} items; at most ${String(attachments)} are allowed`,
    );
  }
  const bodies = Buffer.byteLength(submission.text ?? '') + Buffer.byteLength(submission.html ?? '');
  const bytes = submission.attachments.reduce((sum, item) => sum + item.content.length, bodies);
  if (bytes > messageBytes) {
    throw problem('body_too_large', {
      detail: `The message has ${String(bytes)} bytes of text and attachments; at most ${String(messageBytes)} are allowed.`,
    });
  }
}

function compose(
  submission: Submission,
  identity: { id: string; messageId: string; from: Mailbox; now: number; replyTo: readonly Mailbox[] },
) {
  return composeMessage({
    from: identity.from,
    to: submission.to,
    cc: submission.cc,
    replyTo: identity.replyTo,
    subject: submission.subject,
    ...(submission.text !== undefined && { text: submission.text }),
    ...(submission.html !== undefined && { html: submission.html }),
    attachments: submission.attachments.map(({ filename, contentType, content, cid }) => ({
      filename,
      contentType,
      content,
      ...(cid !== undefined && { cid }),
    })),
    headers: Object.entries(submission.headers ?? {}).map(([name, value]) => ({ name, value })),
    messageId: identity.messageId,
    date: new Date(identity.now),
    boundarySeed: identity.id,
    autoSubmitted: true,
  });
}

/**
 * What makes two requests the same for an idempotency key: what they mean, not how they were written. Attachments count
 * by their octets; the order of names in an object says nothing (RFC 8259 §4).
 */
export function hashSubmissions(submissions: readonly Submission[]): string {
  const hash = createHash('sha256');
  for (const submission of submissions) {
    const attachments = submission.attachments.map(({ content, ...about }) => ({
      ...about,
      bytes: content.length,
    }));
    const headers = inOrder(submission.headers);
    const metadata = inOrder(submission.metadata);
    hash.update(JSON.stringify({ ...submission, headers, metadata, attachments }));
    for (const { content } of submission.attachments) hash.update(content);
  }
  return hash.digest('base64url');
}

function inOrder(record: Readonly<Record<string, string>> | undefined): [string, string][] {
  return Object.entries(record ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}
