/**
 * What one attempt found for one recipient, and what it says about the world beyond that recipient.
 * `classify` makes these from replies and failures; `delivery/settle.ts` turns them into state.
 * Next: classify.ts
 */

export type OutcomeKind =
  | 'accepted' // the next server took the message for this recipient
  | 'deferred' // not now; the same again later
  | 'rejected' // never: proven permanent
  | 'in_doubt' // the final dot was written, no reply was read
  | 'connection_unusable'; // nobody's mail can go this way until someone or something changes: hold, burn no attempt

/**
 * How far a finding reaches. `connection_unusable` with scope `sender` means: nobody's mail *from this sender* can go
 * this way; mail from other senders can.
 */
export type Scope = 'recipient' | 'message' | 'sender' | 'connection';

export type Category =
  | 'accepted'
  | 'network'
  | 'dns'
  | 'tls'
  | 'authentication'
  | 'configuration'
  | 'rate-limit'
  | 'quota'
  | 'sender'
  | 'recipient'
  | 'mailbox-full'
  | 'size'
  | 'policy'
  | 'reputation'
  | 'protocol'
  | 'storage'
  | 'in-doubt'
  | 'unknown';

export interface Verdict {
  readonly outcome: OutcomeKind;
  readonly category: Category;
  readonly scope: Scope;
  /** Id in the error catalogue (`docs/errors.md`); absent for `accepted`. */
  readonly errorId?: string;
  readonly confidence: 'certain' | 'likely' | 'unknown';
  /** The earliest sensible next try, ms from now, when the reply or its rule says so. */
  readonly retryAfterMs?: number;
  /** How often to try again before the deferral becomes a failure; absent means until the message expires (R10). */
  readonly retriesMax?: number;
  /** Ends the retries this many ms after the message was accepted, when that is before it expires. */
  readonly giveUpAfterMs?: number;
}
