/**
 * What a server offers, from its EHLO reply (RFC 5321 §4.1.1.1). Bounded, case-blind, later lines never remove an offer.
 * Next: handshake.ts
 */
import type { Reply } from '../mail/mail.ts';

export interface Capabilities {
  readonly pipelining: boolean;
  readonly eightBit: boolean;
  readonly utf8: boolean;
  readonly dsn: boolean;
  readonly startTls: boolean;
  /** Whether SIZE is offered (RFC 1870); `sizeMax` is absent when the server names no limit. */
  readonly size: boolean;
  /** Octets. */
  readonly sizeMax?: number;
  /** SASL mechanisms, upper case, in the order offered. */
  readonly auth: readonly string[];
  /** Every keyword with its parameters as offered, for people; at most 64. */
  readonly keywords: ReadonlyMap<string, string>;
}

/** What is known of a server that only answered HELO. */
export const NO_CAPABILITIES: Capabilities = readCapabilities([]);

const KEYWORDS_MAX = 64;
const MECHANISMS_MAX = 32;

/** Reads a 250 reply to EHLO; its first line is the greeting and holds no offer. */
export function parseCapabilities(reply: Reply): Capabilities {
  return readCapabilities(reply.lines.slice(1));
}

function readCapabilities(lines: readonly string[]): Capabilities {
  const keywords = new Map<string, string>();
  const auth: string[] = [];
  for (const line of lines) {
    // Some old servers announce `AUTH=LOGIN PLAIN`.
    const match = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:[ =](.*))?$/.exec(line.trim());
    if (match?.[1] === undefined || keywords.size >= KEYWORDS_MAX) continue;
    const keyword = match[1].toUpperCase();
    const parameters = (match[2] ?? '').trim();
    if (keyword === 'AUTH') addMechanisms(auth, parameters);
    if (!keywords.has(keyword)) keywords.set(keyword, parameters);
  }
  const sizeMax = Number(/^\d{1,15}$/.exec(keywords.get('SIZE') ?? '')?.[0] ?? 0);
  return {
    pipelining: keywords.has('PIPELINING'),
    eightBit: keywords.has('8BITMIME'),
    utf8: keywords.has('SMTPUTF8'),
    dsn: keywords.has('DSN'),
    startTls: keywords.has('STARTTLS'),
    size: keywords.has('SIZE'),
    ...(sizeMax > 0 ? { sizeMax } : {}), // RFC 1870 §4: 0 means no fixed limit
    auth,
    keywords,
  };
}

function addMechanisms(auth: string[], parameters: string): void {
  for (const name of parameters.toUpperCase().split(/\s+/)) {
    if (auth.length < MECHANISMS_MAX && /^[A-Z0-9_-]{1,20}$/.test(name) && !auth.includes(name))
      auth.push(name);
  }
}
