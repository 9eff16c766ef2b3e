/**
 * The settings that decide what happens to a message, as delivery sees them; read anew for every attempt, so that a
 * changed file takes effect at once.
 * Next: decide.ts
 */
import { covers, type Address } from '../mail/mail.ts';
import type { MessageClass } from './letter.ts';

export interface DeliveryPolicy {
  readonly mode: 'capture' | 'allow-list' | 'live';
  /** Addresses or `@domain`s that get mail in the mode `allow-list`. */
  readonly allowList: readonly string[];
  /** Waits before the 2nd, 3rd … try, ms; the last repeats. Never empty. */
  readonly retry: readonly number[];
  readonly inDoubt: Readonly<Record<MessageClass, 'retry' | 'hold'>>;
  /** Wait before a try that repeats one in doubt, ms. */
  readonly inDoubtWait: Readonly<Record<MessageClass, number>>;
}

/** Whether the delivery mode lets mail out to this address. */
export function letsOut(policy: DeliveryPolicy, address: Address): boolean {
  return policy.mode === 'allow-list' ? covers(policy.allowList, address) : policy.mode === 'live';
}
