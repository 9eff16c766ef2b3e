/** Messages as accepting makes them, for tests of delivery that begin behind it. */
import { newId } from '../src/base/id.ts';
import { storedAddress, type Letter, type NewDelivery } from '../src/delivery/delivery.ts';
import { serializeAddress } from '../src/mail/mail.ts';
import { INSTANCE_TENANT_ID as TENANT } from '../src/tenants/tenants.ts';

const HOUR = 3_600_000;

export interface Mail {
  readonly to?: readonly string[];
  readonly from?: string;
  readonly class?: Letter['class'];
  /** From now, ms. */
  readonly lifetimeMs?: number;
  readonly connection?: string;
  readonly captureOnly?: boolean;
  readonly content?: string;
  /** Handed to this process's worker instead of waiting in the database. */
  readonly atOnce?: boolean;
}

export function newDelivery(now: number, mail: Mail): NewDelivery {
  const id = newId('msg');
  const raw = `Message-ID: <${id}@shop.example>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\nSubject: x\r\n\r\n${mail.content ?? 'Hello.'}\r\n`;
  const content = Buffer.from(raw);
  const letter: Letter = {
    id,
    tenantId: TENANT,
    class: mail.class ?? 'notification',
    from: storedAddress(mail.from ?? 'orders@shop.example'),
    wanted: mail.connection ?? null,
    createdAt: now,
    expiresAt: now + (mail.lifetimeMs ?? 72 * HOUR),
    sizeBytes: content.length,
    utf8Headers: false,
    eightBit: false,
    captureOnly: mail.captureOnly === true,
    recipients: (mail.to ?? ['to@customer.example']).map((address, position) => ({
      position,
      address: storedAddress(address),
      state: 'queued',
      attempts: 0,
      nextAt: null,
      connectionId: null,
    })),
    content,
  };
  return { letter, kinds: letter.recipients.map(() => 'to'), sendAt: null };
}

export function messageRow({ letter }: NewDelivery) {
  return {
    tenant_id: letter.tenantId,
    id: letter.id,
    created_at: letter.createdAt,
    class: letter.class,
    from_address: serializeAddress(letter.from),
    from_name: null,
    subject: 'x',
    message_id: `${letter.id}@shop.example`,
    connection: letter.wanted,
    send_at: null,
    expires_at: letter.expiresAt,
    collapse_key: null,
    size_bytes: letter.sizeBytes,
    content_flags: 0,
    capture_only: letter.captureOnly ? 1 : 0,
    tags: null,
    metadata: null,
    key_id: 'key_test',
    idempotency_key: null,
    resend_of: null,
  };
}
