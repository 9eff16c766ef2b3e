/**
 * Random tokens that open something by themselves: sessions, devices, links in mails. Shown once, kept as their digest.
 * Next: sessions.ts
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

const TOKEN_BYTES = 32;
const TOKEN = /^[\w-]{43}$/;

/** 256 random bits in 43 URL-safe characters. */
export function newSecretToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

export function isSecretToken(text: string | undefined): text is string {
  return text !== undefined && TOKEN.test(text);
}

/** What is stored of a token: it has so much randomness that a plain digest gives nothing away. */
export function secretDigest(token: string): string {
  return hash('sha256', token, 'base64url');
}

/** Whether two digests are the same, in the same time whichever they are. */
export function sameDigest(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
