/**
 * A server's reply (RFC 5321 §4.2) and the words for what can go wrong around one.
 * Next: outcome.ts
 */
import { peerText } from '../base/log.ts';

/** Enhanced status code, RFC 3463 §2: class.subject.detail. */
export interface EnhancedStatus {
  readonly class: 2 | 4 | 5;
  readonly subject: number;
  readonly detail: number;
}

export interface Reply {
  /** Three digits, 200–599. */
  readonly code: number;
  readonly enhanced?: EnhancedStatus;
  /** The text lines without code and enhanced status; cleaned of control characters, bounded in length. */
  readonly lines: readonly string[];
}

/** The phases of one attempt, in order; the same ids the API shows. `accepted` begins when the final dot is written. */
export const PHASES = [
  'settings',
  'token',
  'dns',
  'connect',
  'greeting',
  'ehlo',
  'tls',
  'ehlo-tls',
  'auth',
  'mail-from',
  'rcpt-to',
  'data',
  'accepted',
] as const;
export type Phase = (typeof PHASES)[number];

/** Why there was no usable reply. */
export const FAILURE_KINDS = [
  'dns', // the name could not be resolved
  'egress', // our own policy forbids the address
  'tcp', // refused, unreachable, reset while connecting
  'tls', // handshake or certificate
  'timeout', // a phase's deadline passed
  'dropped', // the peer closed or reset the line
  'protocol', // a reply that is not SMTP, out of order, or too long
  'capability', // the server does not offer what this message or connection needs
  'api', // an HTTP interface answered with an error: the code is its own word, or `HTTP_503` when it gave none
  'file', // the operating system or our own policy refused a file or folder
  'lease', // we lost the right to send before the final dot
  'stopped', // we are shutting down
] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

export interface Failure {
  readonly kind: FailureKind;
  /** Machine word: a Node or OpenSSL code (`ECONNREFUSED`, `CERT_HAS_EXPIRED`), or ours (`STARTTLS_MISSING`). */
  readonly code: string;
  /** For a person; peer text is already cleaned. */
  readonly message: string;
}

/** Lines kept of one reply. An EHLO answer has about 20. */
const LINES_MAX = 64;
/** UTF-16 units of a line looked at; `peerText` shortens further. */
const LINE_LOOK_MAX = 1000;

// RFC 2034 §4: the status leads the text of every line. Cisco writes `#5.1.0`, some put a colon behind it.
const ENHANCED = /^#?([245])\.(\d{1,3})\.(\d{1,3})(?::\s*|\s+|$)/;
// qmail writes `(#5.1.1)` at the end instead.
const ENHANCED_LAST = /\(#([245])\.(\d{1,3})\.(\d{1,3})\)$/;

/**
 * Makes a `Reply` of a code and its text lines (what follows `250-` or `250 ` on the wire, without CRLF).
 * The first enhanced status counts; it is taken off every line that carries one. Never throws.
 */
export function parseReplyLines(code: number, lines: readonly string[]): Reply {
  let enhanced: EnhancedStatus | undefined;
  const clean: string[] = [];
  const count = Math.min(lines.length, LINES_MAX);
  for (let index = 0; index < count; index += 1) {
    let text = peerText((lines[index] ?? '').slice(0, LINE_LOOK_MAX).toWellFormed());
    const first = ENHANCED.exec(text);
    const match = first ?? (text.endsWith(')') ? ENHANCED_LAST.exec(text) : null);
    if (match !== null) {
      enhanced ??= { class: readClass(match[1]), subject: Number(match[2]), detail: Number(match[3]) };
    }
    if (first !== null) text = text.slice(first[0].length);
    clean.push(text);
  }
  return enhanced === undefined ? { code, lines: clean } : { code, enhanced, lines: clean };
}

/** `5.7.8` */
export function formatEnhanced(status: EnhancedStatus): string {
  return `${String(status.class)}.${String(status.subject)}.${String(status.detail)}`;
}

/** The reply in one line for people and logs: `550 5.1.1 No such user`; at most about 500 characters. */
export function formatReply(reply: Reply): string {
  const enhanced = reply.enhanced === undefined ? '' : ` ${formatEnhanced(reply.enhanced)}`;
  return peerText(`${String(reply.code)}${enhanced} ${reply.lines.join(' ')}`);
}

function readClass(digit: string | undefined): 2 | 4 | 5 {
  return digit === '2' ? 2 : digit === '4' ? 4 : 5;
}
