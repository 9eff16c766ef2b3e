/**
 * The commands of one message's envelope, made from typed values only (RFC 5321 §3.3), with the parameters the server
 * offers; or the capability that is missing, found before anything is sent.
 * Next: transaction.ts
 */
import { type Address, type Failure, isAsciiAddress, serializeAddress } from '../mail/mail.ts';
import type { Capabilities } from './capabilities.ts';
import type { DsnRequest, OutgoingMail } from './smtp.ts';

export interface Envelope {
  /** MAIL, each RCPT, DATA: without line ends, in the order of the replies to come. */
  readonly commands: readonly string[];
}

export type PlannedEnvelope =
  { readonly ok: true; readonly envelope: Envelope } | { readonly ok: false; readonly failure: Failure };

/** Plans the envelope for a server that offers `offered`. */
export function planEnvelope(mail: OutgoingMail, offered: Capabilities): PlannedEnvelope {
  const international =
    mail.utf8Headers ||
    (mail.from !== null && !isAsciiAddress(mail.from)) ||
    !mail.recipients.every(isAsciiAddress);
  if (international && !offered.utf8) {
    return missing(
      'SMTPUTF8_MISSING',
      'The server does not take addresses or headers beyond ASCII (SMTPUTF8).',
    );
  }
  if (mail.eightBit && !offered.eightBit) {
    return missing(
      'EIGHT_BIT_MISSING',
      'The server does not take 8-bit text (8BITMIME), and the message has some.',
    );
  }
  if (offered.sizeMax !== undefined && mail.sizeBytes > offered.sizeMax) {
    const sizes = `${String(mail.sizeBytes)} octets, and the server takes ${String(offered.sizeMax)}`;
    return missing('SIZE_EXCEEDED', `The message has ${sizes}.`);
  }
  const commands = [mailCommand(mail, offered, international)];
  const dsn = offered.dsn ? mail.dsn : undefined;
  for (const recipient of mail.recipients) commands.push(rcptCommand(recipient, dsn));
  commands.push('DATA');
  return { ok: true, envelope: { commands } };
}

function mailCommand(mail: OutgoingMail, offered: Capabilities, international: boolean): string {
  let command = mail.from === null ? 'MAIL FROM:<>' : `MAIL FROM:<${serializeAddress(mail.from)}>`;
  if (offered.size) command += ` SIZE=${String(mail.sizeBytes)}`; // RFC 1870 §6
  // RFC 6531 §3.6: a message with UTF-8 headers is 8-bit whatever its body holds
  if (offered.eightBit && (mail.eightBit || international)) command += ' BODY=8BITMIME';
  if (international) command += ' SMTPUTF8';
  if (offered.dsn && mail.dsn !== undefined) {
    command += ` RET=${mail.dsn.ret === 'full' ? 'FULL' : 'HDRS'} ENVID=${xtext(mail.dsn.envelopeId)}`;
  }
  return command;
}

function rcptCommand(recipient: Address, dsn: DsnRequest | undefined): string {
  const address = serializeAddress(recipient);
  const command = `RCPT TO:<${address}>`;
  if (dsn === undefined) return command;
  // RFC 3461 §4.1: NEVER stands alone
  const notify = dsn.notify.includes('never') ? 'NEVER' : dsn.notify.join(',').toUpperCase();
  return `${command}${notify === '' ? '' : ` NOTIFY=${notify}`} ORCPT=${originalRecipient(recipient, address)}`;
}

/** RFC 3461 §4.2, and RFC 6533 §3 for an address beyond ASCII. */
function originalRecipient(recipient: Address, address: string): string {
  if (isAsciiAddress(recipient)) return `rfc822;${xtext(address)}`;
  const encoded = Array.from(address, (char) =>
    /^[!-*,-<>-[\]-~]$/.test(char) ? char : `\\x{${hex(char.codePointAt(0) ?? 0)}}`,
  );
  return `utf-8;${encoded.join('')}`;
}

/** RFC 3461 §4: everything but `!` to `~` without `+` and `=` is written as `+` and two hex digits. */
function xtext(text: string): string {
  return text.replace(/[^!-*,-<>-~]/g, (char) =>
    Array.from(Buffer.from(char), (byte) => `+${hex(byte)}`).join(''),
  );
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, '0');
}

function missing(code: string, message: string): PlannedEnvelope {
  return { ok: false, failure: { kind: 'capability', code, message } };
}
