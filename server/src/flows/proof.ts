/**
 * Codes that are mailed to prove an address, and what is kept of them: a keyed digest. Tokens of links are those of
 * `access/`.
 * Next: queries.ts
 */
import { randomInt } from 'node:crypto';
import type { KeyRing } from '../secrets/secrets.ts';

/** Without those that people confuse: 0 and O, 1, I and L. */
const LETTERS_AND_DIGITS = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789';
const DIGITS = '0123456789';

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
