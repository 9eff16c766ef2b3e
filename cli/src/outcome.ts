/**
 * What became of a message, in a line per recipient or one for all.
 * Next: messages.ts
 */
import type { Attempt, Message, Recipient, RecipientState } from '@posthorn/sdk';
import { clean, type Mark, type Terminal } from './terminal.ts';

/** How a state looks: done, still going, needs somebody, failed. */
export function markOf(state: RecipientState): Mark {
  switch (state) {
    case 'accepted':
    case 'captured':
    case 'delivered':
      return 'ok';
    case 'queued':
    case 'scheduled':
    case 'sending':
    case 'cancelled':
      return 'idle';
    case 'deferred':
    case 'held':
    case 'in_doubt':
      return 'warning';
    case 'failed':
    case 'expired':
    case 'suppressed':
    case 'bounced':
    case 'complaint':
      return 'problem';
  }
}

/** The lines that end `send --wait`: one when all recipients fared alike. */
export function outcomeLines(message: Message, terminal: Terminal): string[] {
  const [first] = message.recipients;
  const alike = first !== undefined && message.recipients.every(({ state }) => state === first.state);
  if (alike) return [`${terminal.mark(markOf(first.state))} ${sentence(first, message)}  ${message.id}`];
  return [
    ...message.recipients.map(
      (one) => `${terminal.mark(markOf(one.state))} ${clean(one.address)}: ${sentence(one, message)}`,
    ),
    `  ${message.id}`,
  ];
}

function sentence(recipient: Recipient, message: Message): string {
  const last = message.attempts.at(-1);
  switch (recipient.state) {
    case 'accepted':
      return last ? `Accepted by ${clean(last.connection.name)} in ${elapsed(message, last)}` : 'Accepted';
    case 'captured':
      return 'Captured, not sent (mode: capture)';
    case 'delivered':
      return 'Delivered';
    case 'queued':
      return 'Queued';
    case 'scheduled':
      return 'Scheduled';
    case 'sending':
      return 'Being sent';
    case 'deferred':
      return `Deferred, will be tried again${because(recipient, last)}`;
    case 'held':
      return `Held: its connection cannot be used${because(recipient, last)}`;
    case 'in_doubt':
      return 'In doubt: sent, but no reply was read';
    case 'failed':
      return `Failed${because(recipient, last)}`;
    case 'expired':
      return `Expired before it could be delivered${because(recipient, last)}`;
    case 'suppressed':
      return 'Not sent: the address is suppressed';
    case 'cancelled':
      return 'Cancelled';
    case 'bounced':
      return `Bounced${because(recipient, last)}`;
    case 'complaint':
      return 'Delivered, and reported as spam';
  }
}

function elapsed(message: Message, { endedAt }: Attempt): string {
  const ms = Math.max(Date.parse(endedAt) - Date.parse(message.createdAt), 0);
  return ms < 100 ? `${String(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function because({ errorId, reply }: Recipient, last: Attempt | undefined): string {
  const text = reply ?? last?.reply ?? errorId ?? last?.errorId ?? '';
  return text === '' ? '' : `: ${clean(text)}`;
}
