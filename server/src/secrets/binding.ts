/**
 * What a secret is tied to, as bytes. Two bindings have the same bytes only if they are equal, so that no clever tenant
 * name or port can make one destination look like another.
 * Next: seal.ts
 */
import { assert } from '../base/assert.ts';

/** Whose secret it is, which one, and everything that decides where it is sent. */
export interface SecretBinding {
  readonly tenantId: string;
  /** The connection or other thing that the secret belongs to. */
  readonly ownerId: string;
  /** Which secret of the owner, such as `password`. */
  readonly field: string;
  /** Host, port, TLS mode and the like. A part that is `null` differs from one that is not there. */
  readonly destination: Readonly<Record<string, string | number | boolean | null>>;
}

/** The canonical bytes of a binding: each part with its type and length in front, the destination sorted by name. */
export function encodeBinding(binding: SecretBinding): Buffer {
  const parts = Object.entries(binding.destination).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat([
    encodeText(binding.tenantId),
    encodeText(binding.ownerId),
    encodeText(binding.field),
    ...parts.flatMap(([name, value]) => [encodeText(name), encodeValue(value)]),
  ]);
}

function encodeValue(value: string | number | boolean | null): Buffer {
  if (typeof value === 'string') return encodeText(value);
  if (value === null) return encode('-', '');
  if (typeof value === 'boolean') return encode('b', value ? '1' : '0');
  assert(Number.isFinite(value), 'a destination part must be a finite number');
  return encode('n', String(value));
}

function encodeText(text: string): Buffer {
  return encode('s', text);
}

function encode(type: string, text: string): Buffer {
  // UTF-16, because UTF-8 has only one spelling for all halves of surrogate pairs.
  const bytes = Buffer.from(text, 'utf16le');
  const head = Buffer.alloc(5, type);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
