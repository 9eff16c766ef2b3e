/**
 * What a rule is, and the words the rule files share: groups of phases, hosts of providers, and the findings that many
 * rules end in. Next: rules-token.ts
 */
import type { ErrorId } from './error-catalogue.ts';
import type { Category, OutcomeKind, Scope } from './outcome.ts';
import type { FailureKind, Phase } from './reply.ts';

/** What a rule looks at; every part that is given must fit. */
export interface ReplyMatch {
  /** Reply codes, or whole classes by their first digit. */
  readonly codes: readonly (number | '4xx' | '5xx')[];
  readonly phases?: readonly Phase[];
  /** Subject and detail of the enhanced status, `7.139`; its class is left to the reply code (RFC 5321 §4.2.1). */
  readonly enhanced?: readonly string[];
  /** Tested against the text lines joined by spaces. Linear: no nested and no unbounded gaps. */
  readonly text?: RegExp;
  /** Tested against the host name of the connection. */
  readonly host?: RegExp;
}

export interface FailureMatch {
  readonly kinds: readonly FailureKind[];
  readonly phases?: readonly Phase[];
  /** `Failure.code`, compared as a whole. */
  readonly codes?: readonly string[];
  /** Tested against code and message. */
  readonly text?: RegExp;
  readonly host?: RegExp;
}

export interface Finding {
  readonly errorId: ErrorId;
  readonly outcome: Exclude<OutcomeKind, 'accepted' | 'in_doubt'>;
  readonly category: Category;
  /** `phase` reads the scope off the phase: the connection until sign-in, then message, recipient, message. */
  readonly scope: Scope | 'phase';
  readonly confidence: 'certain' | 'likely' | 'unknown';
  readonly retryAfterMs?: number;
  readonly retriesMax?: number;
  readonly giveUpAfterMs?: number;
}

export type Rule =
  | (Finding & { readonly reply: ReplyMatch; readonly failure?: never })
  | (Finding & { readonly failure: FailureMatch; readonly reply?: never });

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** Before anyone signs in. */
export const OPENING: readonly Phase[] = ['connect', 'greeting', 'ehlo', 'tls', 'ehlo-tls'];
export const ENVELOPE: readonly Phase[] = ['mail-from', 'rcpt-to'];
export const CONTENT: readonly Phase[] = ['data', 'accepted'];
/** From MAIL on: a refusal concerns this message. */
export const MAIL: readonly Phase[] = [...ENVELOPE, ...CONTENT];

export const GOOGLE = /(?:^|\.)(?:gmail|google|googlemail|googleapis)\.com$/i;
export const MICROSOFT = /(?:^|\.)(?:office365|outlook|hotmail|microsoftonline)\.(?:com|us|cn|de)$/i;
export const MAILGUN = /(?:^|\.)mailgun\.org$/i;
export const SPARKPOST = /(?:^|\.)sparkpostmail\.com$/i;

/** Someone must change something: the connection's queue is held. */
export function hold(errorId: ErrorId, category: Category): Finding {
  return { errorId, outcome: 'connection_unusable', category, scope: 'connection', confidence: 'certain' };
}

/** As `hold`, for one sender of the connection. */
export function holdSender(errorId: ErrorId): Finding {
  return {
    errorId,
    outcome: 'connection_unusable',
    category: 'sender',
    scope: 'sender',
    confidence: 'certain',
  };
}

/** Later, and slower for everyone on this connection. */
export function slow(errorId: ErrorId, retryAfterMs: number): Finding {
  return {
    errorId,
    outcome: 'deferred',
    category: 'rate-limit',
    scope: 'connection',
    confidence: 'certain',
    retryAfterMs,
  };
}

/** Given up for this recipient. */
export function badRecipient(errorId: ErrorId): Finding {
  return { errorId, outcome: 'rejected', category: 'recipient', scope: 'recipient', confidence: 'certain' };
}

/** Given up for this message: another message may well be taken. */
export function badMessage(errorId: ErrorId, category: Category): Finding {
  return { errorId, outcome: 'rejected', category, scope: 'message', confidence: 'certain' };
}
