/**
 * Our SMTP client: what it is asked and what it answers. Delivery and diagnosis both use it.
 * It never decides anything about a message's state: it reports, phase by phase, what happened.
 * Next: pool.ts
 */
import type { Address } from '../mail/mail.ts';
import type { Failure, Phase, Reply } from '../mail/mail.ts';
import type { Proxy, TlsFacts, TlsOptions } from '../net/net.ts';
import type { PhaseFacts } from './watch.ts';

export { createSmtpPool } from './pool.ts';
export type { SmtpPoolOptions } from './pool.ts';
export { parseCapabilities } from './capabilities.ts';
export { planTls } from './handshake.ts';
export { openSession } from './session.ts';
export type { OpenedSession, Session, SessionOptions } from './session.ts';
export { quitSession, sendOver } from './single.ts';
export type { TranscriptLine } from './transcript.ts';
export { newTranscript, note, noteOurs, noteTheirs, renderTranscript } from './transcript.ts';
export { createWaiting } from './waiting.ts';
export type { PhaseFacts, SessionWatch } from './watch.ts';

export type Security = 'none' | 'auto' | 'implicit' | 'starttls' | 'starttls-when-available';

export type SignIn =
  | { readonly kind: 'anonymous' }
  | Credentials
  /** An access token is asked for when a line is opened: it lives shorter than the settings. */
  | { readonly kind: 'token-source'; readonly username: string; readonly token: TokenSource };

export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'token'; readonly username: string; readonly accessToken: string };

/** Never rejects. `refused` is a token that the server did not accept: another one is wanted. */
export type TokenSource = (wanted: {
  readonly refused?: string;
  readonly signal?: AbortSignal;
}) => Promise<TokenGiven>;

export type TokenGiven =
  | { readonly ok: true; readonly accessToken: string; readonly facts: TokenFacts }
  | { readonly ok: false; readonly failure: Failure; readonly facts: TokenFacts };

/** How an access token came about, or why not; never the token itself. */
export interface TokenFacts {
  /** URL of the token endpoint. */
  readonly endpoint: string;
  /** RFC 6749 `grant_type`. */
  readonly grant: string;
  readonly scopes: readonly string[];
  /** It was fetched earlier, for another line: nothing was asked now. */
  readonly kept: boolean;
  /** HTTP status of the answer. */
  readonly status?: number;
  /** The endpoint's word for what is wrong (RFC 6749 §5.2). */
  readonly error?: string;
  /** By which the provider finds the request in its own logs. */
  readonly correlationId?: string;
  readonly lifetimeSeconds?: number;
}

/** Absolute deadlines, ms, each for its whole phase however slowly bytes drip in (RFC 5321 §4.5.3.2). */
export interface SmtpTimeouts {
  readonly connectMs: number;
  readonly greetingMs: number;
  readonly commandMs: number;
  /** From the final dot to its reply; RFC 5321 §4.5.3.2.6 asks for 10 minutes. The body has the same time again. */
  readonly dataMs: number;
}

/** Where a connection goes and how it introduces itself: everything of a connection that the conversation needs. */
export interface SmtpTarget {
  readonly host: string;
  readonly port: number;
  readonly security: Security;
  readonly signIn: SignIn;
  /** Allows AUTH without TLS, and then only to a private address (an internal relay). */
  readonly allowPlaintextAuth: boolean;
  readonly ehloName: string;
  readonly tls: TlsOptions;
  readonly timeouts: SmtpTimeouts;
  /** Only addresses of this IP version. */
  readonly family?: 4 | 6;
  readonly proxy?: Proxy;
}

/** Delivery status notification parameters, RFC 3461 §4; sent only where the server offers DSN. */
export interface DsnRequest {
  readonly notify: readonly ('never' | 'success' | 'failure' | 'delay')[];
  readonly ret: 'full' | 'hdrs';
  /** Envelope id, already safe as xtext source: printable ASCII. */
  readonly envelopeId: string;
}

export interface OutgoingMail {
  /** MAIL FROM; `null` is the empty reverse-path. */
  readonly from: Address | null;
  /** At least one. */
  readonly recipients: readonly Address[];
  /** Octets of `content` before dot-stuffing. */
  readonly sizeBytes: number;
  /** Whether the header block holds non-ASCII octets (then SMTPUTF8 is needed as much as for a non-ASCII address). */
  readonly utf8Headers: boolean;
  /** Whether the body holds octets above 127. */
  readonly eightBit: boolean;
  /** The message in canonical form or not: the client writes CRLF line ends and dot-stuffing by itself. */
  readonly content: Buffer | (() => AsyncIterable<Buffer>);
  readonly dsn?: DsnRequest;
  /** Lower goes first when sends wait for a connection. */
  readonly lane: number;
  /** Asked right before the first body octet and right before the final dot; `false` gives the attempt up untaken. */
  readonly mayCommit: () => boolean;
}

export interface PhaseRecord {
  readonly phase: Phase;
  /** How long the phase took. */
  readonly ms: number;
  readonly reply?: Reply;
  /** Why it did not end well, where no reply says so. Only for who watches. */
  readonly failure?: Failure;
  /** What was learned. Only for who watches. */
  readonly facts?: PhaseFacts;
}

/** What became of one recipient of an `OutgoingMail`. */
export type RecipientResult =
  /** Refused at RCPT, or the whole message refused at MAIL, DATA or the dot: `phase` says where. */
  | { readonly kind: 'replied'; readonly phase: Phase; readonly reply: Reply }
  /** No usable reply; `inDoubt` when the final dot was (or may have been) written for this recipient. */
  | { readonly kind: 'failed'; readonly phase: Phase; readonly failure: Failure; readonly inDoubt: boolean };

export interface SendReport {
  /** One per recipient, in the order of `OutgoingMail.recipients`. */
  readonly results: readonly RecipientResult[];
  /**
   * What ended the attempt before the envelope was judged (greeting, TLS, sign-in …): it concerns the connection, not
   * this message. Absent when the server's replies to MAIL, RCPT, DATA or the dot decided.
   */
  readonly session?: { readonly phase: Phase; readonly reply?: Reply; readonly failure?: Failure };
  readonly phases: readonly PhaseRecord[];
  /** The conversation with `-> <- ~> <~ **` markers and ms, credentials and body redacted; bounded. */
  readonly transcript: string;
  readonly peer?: { readonly address: string; readonly reused: boolean; readonly tls?: TlsFacts };
}

/** A bounded set of warm connections to one target. */
export interface SmtpPool {
  /** Sends one message; never rejects: everything that can happen is in the report. */
  send(mail: OutgoingMail): Promise<SendReport>;
  /** Changes how many connections may be open; existing ones finish what they do. */
  resize(connectionsMax: number): void;
  /** Connections that are open or being opened, and sends that wait for one. */
  load(): { readonly open: number; readonly waiting: number };
  /** Lets running sends end (up to `graceMs`), then closes every connection. Waiting sends end as `stopped`. */
  stop(graceMs: number): Promise<void>;
}
