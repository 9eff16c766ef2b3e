/**
 * What is mailed to prove an address, and what is kept of it: tokens by their digest, codes by a keyed digest, neither
 * in clear.
 * Next: queries.ts
 */
import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { KeyRing } from '../secrets/secrets.ts';

const TOKEN_BYTES = 32;
const TOKEN = /^[\w-]{43}$/;
/** Without those that people confuse: 0 and O, 1, I and L. */
const LETTERS_AND_DIGITS = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789';
const DIGITS = '0123456789';

/** 256 random bits in 43 URL-safe characters. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** What is stored of a token: it has so much randomness that a plain digest gives nothing away. */
export function tokenDigest(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** A code to type. */
export function newCode(length: number, alphabet: 'digits' | 'letters-and-digits'): string {
  const characters = alphabet === 'digits' ? DIGITS : LETTERS_AND_DIGITS;
  return Array.from({ length }, () => characters.charAt(randomInt(characters.length))).join('');
}

/** What is stored of a code: it has so little randomness that only a key keeps it from being guessed. */
export function codeDigest(
  keyRing: Pick<KeyRing, 'digest'>,
  tenantId: string,
  id: string,
  code: string,
): Promise<string> {
  return keyRing.digest(tenantId, 'verification code', `${id} ${code}`);
}

/** A code as somebody typed it, in the form in which it was made: without spaces and hyphens, in capitals. */
export function typedCode(text: string): string {
  return text.replace(/[\s-]/g, '').toUpperCase();
}

/** Whether two digests are the same, in the same time whichever they are. */
export function sameDigest(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
