/**
 * The header of a finished message, for the ways out whose envelope is the header: read into fields, octet for octet, and
 * the addresses in one of them. Only what is understood for certain is answered; a caller must have another way for the rest.
 * Next: header.ts
 */
import { parseAddress, type Address } from './address.ts';

export interface HeaderField {
  /** In lower case. */
  readonly name: string;
  /** The field as it stands, its folding and its CRLF included; one octet per character. */
  readonly raw: string;
}

/** The fields of a header block with CRLF line ends, without the empty line behind it. Lines that are no field are kept, unnamed. */
export function readHeaderBlock(block: Buffer): HeaderField[] {
  const text = block.toString('latin1');
  // A line that begins with a space or a tab goes on with the field before it (RFC 5322 §2.2.3).
  const raws = text.match(/[^\r\n][^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*/g) ?? [];
  return raws.map((raw) => ({ name: /^([!-9;-~]+)[ \t]*:/.exec(raw)?.[1]?.toLowerCase() ?? '', raw }));
}

/** The fields as octets again. */
export function writeHeaderBlock(fields: readonly HeaderField[]): Buffer {
  return Buffer.from(fields.map(({ raw }) => raw).join(''), 'latin1');
}

export interface NamedAddress {
  readonly address: Address;
  /** As it stands in the field, with its name, unfolded. */
  readonly text: string;
}

/** The addresses of a `To`, `Cc` or `Bcc` field; `undefined` when not every part of it is understood. */
export function addressesOf({ raw }: HeaderField): NamedAddress[] | undefined {
  const unfolded = Buffer.from(raw, 'latin1').toString('utf8').replace(/\r\n/g, '');
  const value = unfolded.slice(unfolded.indexOf(':') + 1).trim();
  if (value === '' || /^[\w -]+:\s*;$/.test(value)) return []; // RFC 5322 §3.4: an empty group
  const parts = splitList(value);
  const addresses: NamedAddress[] = [];
  for (const part of parts ?? []) {
    const spec = /^(?:(?:[^<>"]|"(?:[^"\\]|\\.)*")*)<([^<>]+)>$/.exec(part)?.[1] ?? part;
    const parsed = parseAddress(spec.trim(), { quotedLocal: true, singleLabel: true });
    if (!parsed.ok) return undefined;
    addresses.push({ address: parsed.address, text: part });
  }
  return parts === undefined ? undefined : addresses;
}

/** The parts between the commas that are outside of quotes; `undefined` where there are groups or comments. */
function splitList(value: string): string[] | undefined {
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  for (let at = 0; at < value.length; at += 1) {
    const letter = value.charAt(at);
    if (quoted && letter === '\\') {
      part += letter + value.charAt((at += 1));
      continue;
    }
    if (letter === '"') quoted = !quoted;
    if (!quoted && letter === ',') {
      parts.push(part.trim());
      part = '';
      continue;
    }
    if (!quoted && /[():;[\]]/.test(letter)) return undefined;
    part += letter;
  }
  return quoted ? undefined : [...parts, part.trim()];
}
