/**
 * Recovery codes: ten, shown once, each good for one sign-in without the second step.
 * Next: second-step.ts
 */
import { secretDigest } from '../access/access.ts';
import { newCode, typedCode } from '../flows/flows.ts';

const COUNT = 10;
const LENGTH = 12;
/** `ABCD-EFGH-JKMN`: 59 bits each, so that a plain digest gives nothing away. */
export function newRecoveryCodes(): readonly string[] {
  return Array.from({ length: COUNT }, () => newGroupedCode(LENGTH));
}

/** A code of letters and digits in groups of four. */
export function newGroupedCode(length: number): string {
  return newCode(length, 'letters-and-digits').replace(/(.{4})(?=.)/g, '$1-');
}

/** The digest of a code as somebody typed it: hyphens, spaces and small letters do not matter. */
export function recoveryDigest(personId: string, typed: string): string {
  return secretDigest(`${personId} ${typedCode(typed)}`);
}
