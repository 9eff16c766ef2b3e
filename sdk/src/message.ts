/**
 * Messages as the API takes and gives them. Times are RFC 3339 UTC. The fields are those of `openapi.json`.
 * Next: sdk.ts
 */
import type * as api from './gen/types.gen.ts';
import type { Given, Told } from './given.ts';

export type { MessageClass, RecipientState } from './gen/types.gen.ts';

/**
 * A message to send: at least one recipient in `to`, `cc` or `bcc`, and `text`, `html` or an attachment. Without `from`
 * the configured sender is used. `class` says what it is for: how urgent it is, and how long it is worth trying.
 * `connection` (an id or name) replaces the one that routing chooses.
 */
export interface MessageInput extends Given<api.SendMessageData['body']> {}

/** `ana@example.com`, or with a display name. */
export type AddressInput = NonNullable<MessageInput['from']>;

/** `content` is base64; `cid` is for pictures inside the HTML: `<img src="cid:…">`. */
export type AttachmentInput = NonNullable<MessageInput['attachments']>[number];

/** A recipient as a new message shows it. */
export interface AcceptedRecipient extends Told<api.AcceptedRecipient> {}

/** What a message that was taken is answered with. */
export interface Accepted extends Told<api.Accepted> {}

export interface Recipient extends Told<api.Recipient> {}

/** One conversation with a server about this message. */
export interface Attempt extends Told<api.Attempt> {}

/** A message as lists show it. */
export interface MessageSummary extends Told<api.MessageSummary> {}

/** A message with its attempts and everything that happened to it. */
export interface Message extends Told<api.Message> {}

/** Which connection the message would take now, and why. */
export interface Explanation extends Told<Omit<api.ExplainMessageResponse, 'state'>> {
  readonly state: api.RecipientState; // the API's schema says no more than "text" here
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Give it as `cursor` for the next page; `null` at the end. */
  readonly next: string | null;
}
