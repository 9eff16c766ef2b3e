/**
 * A message as Microsoft Graph takes it: whole, in base64, and with its envelope in the header, since `sendMail` sends to
 * whoever `To`, `Cc` and `Bcc` name and to nobody else. So the header is made to name exactly the recipients of this
 * attempt: blind copies get a `Bcc` field, which Exchange takes off again; who is named but not to be sent to now, having
 * got it before or being held back, is taken out.
 * Next: graph-answer.ts
 */
import {
  addressesOf,
  addressKey,
  serializeAddress,
  writeHeaderBlock,
  type Failure,
  type HeaderField,
} from '../mail/mail.ts';
import type { OutgoingMail } from '../smtp/smtp.ts';
import { ContentUnreadable, openContent } from './content.ts';

/** Octets of one request; Graph takes 4 MB. Base64 makes a message a third larger. */
const REQUEST_MAX = 4 * 1024 * 1024;
const RAW_MAX = Math.floor(REQUEST_MAX / 4) * 3;
const RECIPIENT_FIELDS: readonly string[] = ['to', 'cc'];
/** Exchange would send to these as well (RFC 5322 §3.6.6). */
const DROPPED_FIELDS: readonly string[] = ['bcc', 'resent-to', 'resent-cc', 'resent-bcc'];

export async function toGraph(mail: OutgoingMail): Promise<Failure | { readonly body: string }> {
  if (mail.sizeBytes > RAW_MAX) return tooBig(mail.sizeBytes);
  try {
    const { fields, body } = await openContent(mail.content);
    const parts = [writeHeaderBlock(addressTo(mail, fields))];
    let octets = parts[0]?.length ?? 0;
    for await (const chunk of body) {
      octets += chunk.length;
      if (octets > RAW_MAX) return tooBig(octets);
      parts.push(chunk);
    }
    return { body: Buffer.concat(parts).toString('base64') };
  } catch (error) {
    if (error instanceof ContentUnreadable) return error.failure;
    throw error;
  }
}

/** The fields, naming the recipients of this attempt and nobody else. */
export function addressTo(
  { recipients }: Pick<OutgoingMail, 'recipients'>,
  fields: readonly HeaderField[],
): HeaderField[] {
  const unnamed = new Map(recipients.map((address) => [addressKey(address), address]));
  const due = new Set(unnamed.keys());
  const written = fields.flatMap((field): HeaderField[] => {
    if (DROPPED_FIELDS.includes(field.name)) return [];
    if (!RECIPIENT_FIELDS.includes(field.name)) return [field];
    // A list that is not understood for certain is left out: those of it who are due get a blind copy.
    const named = addressesOf(field) ?? [];
    const kept = named.filter(({ address }) => due.has(addressKey(address)));
    for (const { address } of kept) unnamed.delete(addressKey(address));
    if (kept.length === 0) return [];
    return kept.length === named.length
      ? [field]
      : [
          listField(
            field.name,
            kept.map(({ text }) => text),
          ),
        ];
  });
  if (unnamed.size === 0) return written;
  return [...written, listField('bcc', [...unnamed.values()].map(serializeAddress))];
}

/** One address a line, so that no line gets too long (RFC 5322 §2.1.1). */
function listField(name: string, texts: readonly string[]): HeaderField {
  const shown = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return { name, raw: Buffer.from(`${shown}: ${texts.join(',\r\n ')}\r\n`).toString('latin1') };
}

function tooBig(octets: number): Failure {
  const mega = (octets / 1024 / 1024).toFixed(1);
  const message = `The message has ${mega} MB; Microsoft Graph takes 3 MB, because a request with it in base64 may have 4.`;
  return { kind: 'api', code: 'ErrorMessageSizeExceeded', message };
}
