/**
 * A message's identity on the wire: fixed at accept, the same in every attempt, and silent about this machine (Q9).
 */

/** `<id@domain>` (RFC 5322 §3.6.4). `id` is our message id, `domain` the sender's domain as A-labels. */
export function newMessageId(id: string, domain: string): string {
  return `<${id}@${domain}>`;
}
