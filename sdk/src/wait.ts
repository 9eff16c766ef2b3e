/**
 * Waiting for a message's end, by asking with growing pauses.
 * Next: sdk.ts
 */
import type { CallOptions } from './call.ts';
import type { Message, RecipientState } from './message.ts';
import { sleep } from './sleep.ts';

export interface WaitOptions extends CallOptions {
  /** Give up after this long, ms, and answer what is known. */
  readonly timeoutMs: number;
}

export interface Waited {
  /** `false` when the time was over first. */
  readonly settled: boolean;
  readonly message: Message;
}

const FIRST_PAUSE_MS = 50;
const PAUSE_MAX_MS = 2_000;

/** Whether nothing more happens by itself to a recipient in this state, apart from news that come much later. */
export function isSettled(state: RecipientState): boolean {
  switch (state) {
    case 'queued':
    case 'scheduled':
    case 'sending':
    case 'deferred':
    case 'held':
    case 'in_doubt': // its class decides whether it is tried again
      return false;
    case 'accepted':
    case 'failed':
    case 'expired':
    case 'captured':
    case 'suppressed':
    case 'cancelled':
    case 'delivered':
    case 'bounced':
    case 'complaint':
      return true;
  }
}

export async function waitForMessage(
  get: (id: string, options: CallOptions) => Promise<Message>,
  id: string,
  { timeoutMs, signal }: WaitOptions,
): Promise<Waited> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, PAUSE_MAX_MS)) {
    const message = await get(id, { signal });
    const settled = message.recipients.every(({ state }) => isSettled(state));
    const leftMs = deadline - performance.now();
    if (settled || leftMs <= 0) return { settled, message };
    await sleep(Math.min(pauseMs, leftMs), signal);
  }
}
