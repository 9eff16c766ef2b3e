/**
 * A message as a caller submits it: the schema of the API's body, and what it parses to. After this file every address,
 * header and content type is typed and checked; both doors end here.
 * Next: accept.ts
 */
import { z } from 'zod';
import { MESSAGE_CLASSES } from '../delivery/delivery.ts';
import { checkHeader, parseContentType, parseMailbox, type Mailbox } from '../mail/mail.ts';

const HEADERS_MAX = 100;
/** The highest that `limits.recipients`, `.attachments` and `.batch` can be set to. */
const LIST_MAX = 10_000;
const SUBJECT_MAX = 998; // RFC 5322 §2.1.1: longer could not be one unfolded line
const TAGS_MAX = 10;
const METADATA_MAX = 50;

/** One address, with a name or without; never several (F5). */
export const mailboxSchema = z
  .union([z.string(), z.strictObject({ name: z.string().optional(), address: z.string() })])
  .transform((value, context): Mailbox => {
    const parsed = parseMailbox(value);
    if (parsed.ok) return parsed.mailbox;
    const path = typeof value === 'string' ? [] : ['address'];
    context.addIssue({ code: 'custom', path, message: parsed.message });
    return z.NEVER;
  });
const mailboxes = list(mailboxSchema);

const attachment = z.strictObject({
  filename: z.string().min(1).max(1_000),
  contentType: z.string().transform((value, context) => {
    const parsed = parseContentType(value);
    if (parsed.ok) return parsed.contentType;
    context.addIssue({ code: 'custom', message: parsed.message });
    return z.NEVER;
  }),
  content: z.string().transform((value, context) => {
    const bytes = decodeBase64(value);
    if (bytes !== undefined) return bytes;
    context.addIssue({ code: 'custom', message: 'is not base64 (RFC 4648 §4)' });
    return z.NEVER;
  }),
  cid: z
    .string()
    .regex(/^[A-Za-z0-9.!#$&'*+/=?^_{|}~@-]{1,200}$/, {
      error: 'must be 1 to 200 characters of a content id',
    })
    .optional(),
});

const headers = z
  .record(z.string(), z.string())
  .optional()
  .superRefine((value, context) => {
    const entries = Object.entries(value ?? {});
    if (entries.length > HEADERS_MAX) {
      context.addIssue({
        code: 'custom',
        message: `has ${String(entries.length)} fields; at most ${String(HEADERS_MAX)} are allowed`,
      });
    }
    for (const [name, text] of entries) {
      const checked = checkHeader(name, text);
      if (!checked.ok) context.addIssue({ code: 'custom', path: [name], message: checked.message });
    }
  });

const time = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 time such as 2026-11-21T10:00:00Z' })
  .transform((value) => Date.parse(value));

const label = z
  .string()
  .regex(/^[\w.:/-]{1,100}$/, { error: 'must be 1 to 100 letters, digits or any of _ . : / -' });

/** Texts of the caller's own, given back as they came. */
export const metadataSchema = z
  .record(z.string().max(100), z.string().max(1_000))
  .refine((value) => Object.keys(value).length <= METADATA_MAX, {
    error: `has more than ${String(METADATA_MAX)} fields`,
  });

export const submissionSchema = z
  .strictObject({
    to: mailboxes.default([]),
    cc: mailboxes.default([]),
    bcc: mailboxes.default([]),
    from: mailboxSchema.optional(),
    replyTo: mailboxes.optional(),
    subject: z
      .string()
      .max(SUBJECT_MAX)
      .regex(/^[^\u0000-\u001f\u007f]*$/, { error: 'must be one line without control characters' })
      .default(''),
    text: z.string().optional(),
    html: z.string().optional(),
    attachments: list(attachment).default([]),
    headers,
    class: z.enum(MESSAGE_CLASSES).default('notification'),
    connection: z.string().min(1).max(100).optional(),
    sendAt: time.optional(),
    expiresAt: time.optional(),
    collapseKey: z
      .string()
      .regex(/^[\x21-\x7e]{1,200}$/, { error: 'must be 1 to 200 visible ASCII characters' })
      .describe('A new message takes the place of an earlier one with the same key that is not sent yet.')
      .optional(),
    tags: z.array(label).max(TAGS_MAX).default([]),
    metadata: metadataSchema.optional(),
  })
  .superRefine((value, context) => {
    if (value.to.length + value.cc.length + value.bcc.length === 0) {
      context.addIssue({
        code: 'custom',
        path: ['to'],
        message: 'names nobody: give at least one recipient in to, cc or bcc',
      });
    }
    if (value.text === undefined && value.html === undefined && value.attachments.length === 0) {
      context.addIssue({
        code: 'custom',
        path: ['text'],
        message: 'is missing: give text, html or an attachment',
      });
    }
  });

export const batchSchema = z.strictObject({ messages: list(submissionSchema, 1) });

/** What a resend may change; no body changes nothing. */
export const resendSchema = z.strictObject({ to: list(mailboxSchema, 1).optional() }).prefault({});

export type Submission = z.output<typeof submissionSchema>;

/** A list whose length is looked at before its items: to complain of a million of them would cost more than they do. */
function list<T extends z.ZodType>(item: T, min = 0) {
  return z.preprocess(
    (value, context) => {
      if (!Array.isArray(value) || value.length <= LIST_MAX) return value;
      context.addIssue({
        code: 'custom',
        message: `has ${String(value.length)} items; at most ${String(LIST_MAX)} are allowed`,
      });
      return z.NEVER;
    },
    min > 0 ? z.array(item).min(min) : z.array(item),
  );
}

/** Strict base64, padded or not; undefined for anything else. `Buffer` alone would skip what it does not know. */
function decodeBase64(text: string): Buffer | undefined {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  if (digits % 4 === 1 || (padding > 0 && text.length % 4 !== 0)) return undefined;
  // `Buffer` also reads the alphabet of URLs, and of a character beyond U+00FF the low octet.
  if (text.includes('-') || text.includes('_') || Buffer.byteLength(text) !== text.length) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === Math.floor((digits * 3) / 4) ? bytes : undefined;
}
