/**
 * Birth of a message's work: its recipients with their first state, and its job. In the transaction that accepts it.
 * Next: runner.ts
 */
import { serializeAddress, type Address } from '../mail/mail.ts';
import type { NewJob } from '../queue/queue.ts';
import type { Tx } from '../store/store.ts';
import { LANE, type Letter } from './letter.ts';

export const DELIVERY = 'delivery';

export type RecipientKind = 'to' | 'cc' | 'bcc';

export interface NewDelivery {
  readonly letter: Letter;
  /** By position, the field each recipient was named in. */
  readonly kinds: readonly RecipientKind[];
  /** Epoch ms before which nothing is sent. */
  readonly sendAt: number | null;
}

/** Domain first, so that one index answers for an address and for a whole domain. */
export function searchKey(address: Address): string {
  return `${address.domain}@${address.local.toLowerCase()}`;
}

export function jobOf({ letter, sendAt }: NewDelivery): NewJob {
  return {
    kind: DELIVERY,
    id: letter.id,
    tenantId: letter.tenantId,
    lane: LANE[letter.class],
    dueAt: sendAt ?? letter.createdAt,
  };
}

export async function writeNewRecipients(tx: Tx, deliveries: readonly NewDelivery[]): Promise<void> {
  const rows = deliveries.flatMap(({ letter, kinds }) =>
    letter.recipients.map((recipient, index) => ({
      message_id: letter.id,
      position: recipient.position,
      tenant_id: letter.tenantId,
      kind: kinds[index] ?? 'to',
      address: serializeAddress(recipient.address),
      address_key: searchKey(recipient.address),
      state: recipient.state,
      attempts: 0,
      error_id: null,
      reply: null,
      connection_id: null,
      next_at: recipient.nextAt,
      updated_at: letter.createdAt,
    })),
  );
  await tx.dialect.insertRows(tx, 'recipients', rows);
}
