/**
 * Identifiers: a prefix that tells the kind, and a UUID version 7 (RFC 9562 §5.7) in Crockford's base 32,
 * so that ids of one kind sort by the time they were made.
 */
import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

export type IdPrefix =
  | 'msg'
  | 'con'
  | 'rev'
  | 'att'
  | 'ten'
  | 'key'
  | 'evt'
  | 'job'
  | 'nod'
  | 'req'
  | 'tst'
  | 'ver'
  | 'aud'
  | 'usr'
  | 'ses'
  | 'inv'
  | 'snd';
export type Id<P extends IdPrefix> = `${P}_${string}`;

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID_LENGTH = 26;
const scratch = new Uint8Array(16);

/** Randomness is asked for in large portions: the system call costs more than all the rest of an id. */
const pool = new Uint8Array(16 * 512);
let used = pool.length;
let lastMs = 0;
let sequence = 0;

/** A new id, larger than every id of its kind that this process made before. */
export function newId<P extends IdPrefix>(prefix: P): Id<P> {
  if (used >= pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.subarray(used, used + 16);
  used += 16;
  const now = Date.now();
  // RFC 9562 §6.2 method 1: a counter orders the ids of one millisecond; a clock that goes back does not turn the order.
  if (now > lastMs) {
    lastMs = now;
    sequence = 0;
  } else sequence += 1;
  v7({ random, msecs: lastMs, seq: sequence }, scratch);
  return `${prefix}_${base32(scratch)}`;
}

/** Whether `value` has the form of an id with this prefix; says nothing about whether it exists. */
export function isId<P extends IdPrefix>(prefix: P, value: string): value is Id<P> {
  return (
    value.length === prefix.length + 1 + ID_LENGTH &&
    value.startsWith(`${prefix}_`) &&
    /^[0-9a-hjkmnp-tv-z]+$/.test(value.slice(prefix.length + 1))
  );
}

function base32(bytes: Uint8Array): string {
  let out = '';
  let carry = 0;
  let bits = 2; // 128 bits fill 26 digits of 5 bits with 2 to spare: they lead, as zeros
  for (const byte of bytes) {
    carry = (carry << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += ALPHABET.charAt((carry >> bits) & 31);
      carry &= (1 << bits) - 1;
    }
  }
  return out;
}

/** The smallest possible id of its kind made at this time (epoch ms): ids of a span of time are a range. */
export function idAt<P extends IdPrefix>(prefix: P, epochMs: number): Id<P> {
  const bytes = new Uint8Array(16);
  // RFC 9562 §5.7: the first 48 bits are the time.
  let rest = Math.max(0, Math.floor(epochMs));
  for (let at = 5; at >= 0; at -= 1) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return `${prefix}_${base32(bytes)}`;
}
