/**
 * What an attempt needs to know of a message: envelope, lifetime, the recipients still to serve, and where its octets are.
 * Made by `schedule.ts` at birth (handed over in memory) or by `queries.ts` from the database.
 * Next: attempt.ts
 */
import { assert } from '../base/assert.ts';
import { parseAddress, type Address } from '../mail/mail.ts';
import type { RecipientState } from './states.ts';

export const MESSAGE_CLASSES = ['otp', 'account', 'notification', 'bulk'] as const;
export type MessageClass = (typeof MESSAGE_CLASSES)[number];

/** The queue's lane of each class: most urgent first. */
export const LANE: Readonly<Record<MessageClass, number>> = { otp: 0, account: 1, notification: 2, bulk: 3 };

/** Content up to this size may stay in memory between accept and attempt; larger content is read in parts (Q13). */
export const INLINE_MAX_BYTES = 64 * 1024;
/** Size of one stored part of the content. */
export const PART_BYTES = 256 * 1024;

export interface LetterRecipient {
  readonly position: number;
  readonly address: Address;
  readonly state: RecipientState;
  /** Tries that counted: the ones that ended in a deferral of this recipient or message. */
  readonly attempts: number;
  /** Epoch ms before which it is not tried again. */
  readonly nextAt: number | null;
  /** The connection of its last attempt. */
  readonly connectionId: string | null;
}

export interface Letter {
  readonly id: string;
  readonly tenantId: string;
  readonly class: MessageClass;
  readonly from: Address;
  /** The connection that the caller asked for, id or name. */
  readonly wanted: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly sizeBytes: number;
  readonly utf8Headers: boolean;
  readonly eightBit: boolean;
  /** Captured whatever the delivery mode: it came with a test key. */
  readonly captureOnly: boolean;
  /** Only recipients that are not final. */
  readonly recipients: readonly LetterRecipient[];
  /** Its content is stored sealed. */
  readonly sealed?: boolean;
  /** The whole content when it is small and at hand. */
  readonly content: Buffer | null;
}

/** An address from our own database, written there by `serializeAddress`. */
export function storedAddress(text: string): Address {
  const parsed = parseAddress(text, { quotedLocal: true, singleLabel: true });
  assert(parsed.ok, 'a stored address can be read');
  return parsed.address;
}
