/**
 * Recovery codes: ten, shown once, each good for one sign-in without the second step.
 * Next: second-step.ts
 */
import { randomInt } from 'node:crypto';
import { secretDigest } from '../access/access.ts';

const COUNT = 10;
const LENGTH = 12;
/** Without those that people confuse. */
const CHARACTERS = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789';

/** `ABCD-EFGH-JKMN`: 59 bits each, so that a plain digest gives nothing away. */
export function newRecoveryCodes(): readonly string[] {
  return Array.from({ length: COUNT }, () => grouped(randomText(LENGTH)));
}

export function randomText(length: number): string {
  return Array.from({ length }, () => CHARACTERS.charAt(randomInt(CHARACTERS.length))).join('');
}

export function grouped(text: string): string {
  return text.replace(/(.{4})(?=.)/g, '$1-');
}

/** The digest of a code as somebody typed it: hyphens, spaces and small letters do not matter. */
export function recoveryDigest(personId: string, typed: string): string {
  return secretDigest(`${personId} ${typed.replace(/[\s-]/g, '').toUpperCase()}`);
}
