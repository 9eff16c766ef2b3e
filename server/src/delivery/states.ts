/**
 * The states of a recipient and every legal move between them. `settle.ts` is their only writer after birth;
 * `docs/states.md` is made from these tables and the schema's CHECK repeats the names.
 * Next: schedule.ts
 */
export const RECIPIENT_STATES = {
  queued: 'Waits for its turn. Every accepted recipient begins here, unless it has a time to wait for.',
  scheduled: 'Waits for the time that the caller asked for (`sendAt`).',
  sending:
    'An attempt is running. Never stored: it is `queued`, `scheduled` or `deferred` with a job that a worker has.',
  accepted: 'The next server took the message. Final, unless a provider or a bounce says more.',
  deferred: 'Not taken yet; the next try has a time.',
  held: 'Its connection cannot send. Waits without using up tries.',
  in_doubt:
    'The final dot was sent and no reply was read: it may have arrived. Sent again, or left, as its class says.',
  failed: 'Refused for good, with the reason. Final.',
  expired: 'Not sent within its lifetime. Final.',
  captured: 'Kept in the local mailbox, not sent. Final.',
  suppressed: 'Not sent, because the address is on the suppression list. Final.',
  cancelled: 'Withdrawn before it was sent. Final.',
  delivered: 'Proved by the provider to have reached the mailbox.',
  bounced: 'Returned after it was accepted, proved by a bounce.',
  complaint: 'Reported as unwanted by the recipient, proved by the provider.',
} as const;
export type RecipientState = keyof typeof RECIPIENT_STATES;

/** States with work left to do. */
export const PENDING_STATES = ['queued', 'scheduled', 'deferred', 'held', 'in_doubt'] as const;
export type PendingState = (typeof PENDING_STATES)[number];

export function isPending(state: RecipientState): state is PendingState {
  return (PENDING_STATES as readonly RecipientState[]).includes(state);
}

const ANY_ATTEMPT: readonly RecipientState[] = [
  'accepted',
  'deferred',
  'held',
  'in_doubt',
  'failed',
  'expired',
  'captured',
  'cancelled',
];

/** From each state the states that may follow. */
export const RECIPIENT_MOVES: Readonly<Record<RecipientState, readonly RecipientState[]>> = {
  queued: ANY_ATTEMPT,
  scheduled: ANY_ATTEMPT,
  deferred: ANY_ATTEMPT,
  held: ANY_ATTEMPT,
  // May have arrived: it can no longer be said to have expired unsent.
  in_doubt: ['accepted', 'deferred', 'held', 'in_doubt', 'failed', 'captured', 'cancelled'],
  sending: [],
  accepted: ['delivered', 'bounced', 'complaint'],
  delivered: ['bounced', 'complaint'],
  failed: [],
  expired: [],
  captured: [],
  suppressed: [],
  cancelled: [],
  bounced: [],
  complaint: [],
};

/** Worst first: the state that a message with several recipients shows. */
export const SEVERITY: readonly RecipientState[] = [
  'failed',
  'bounced',
  'complaint',
  'expired',
  'in_doubt',
  'held',
  'deferred',
  'suppressed',
  'sending',
  'queued',
  'scheduled',
  'cancelled',
  'captured',
  'accepted',
  'delivered',
];

/** The state of a message: the worst of its recipients. */
export function messageState(states: readonly RecipientState[]): RecipientState {
  return SEVERITY.find((state) => states.includes(state)) ?? 'queued';
}
