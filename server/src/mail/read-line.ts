/**
 * A pasted line made into what the classifier looks at: a reply as a server writes it, what a sign-in service or
 * Microsoft Graph said, or an error of Node or OpenSSL, with or without the words programs put around them. A line does
 * not say in which phase it came, so every phase that fits is a candidate. Next: explain-line.ts
 */
import { RULES } from './classify-rules.ts';
import type { Observation } from './classify.ts';
import { parseReplyLines, type Failure, type FailureKind, type Phase, type Reply } from './reply.ts';
import type { FailureMatch } from './rule.ts';

const TEXT_MAX = 8_000;
const LINES_MAX = 64;

/** The phases a reply may come in that does not speak of signing in, the likeliest first. */
const REPLY_PHASES: readonly Phase[] = [
  'rcpt-to',
  'accepted',
  'mail-from',
  'greeting',
  'ehlo',
  'tls',
  'data',
];
const SIGN_IN = /auth|log ?in|password|credential|sign[- ]?in/i;
/** RFC 4954 §6: codes of signing in and of nothing else, and those that are mostly so. */
const ONLY_SIGN_IN: readonly number[] = [334, 534, 535, 538];
const MOSTLY_SIGN_IN: readonly number[] = [432, 454, 504, 530];

const AADSTS = /\bAADSTS\d{4,9}\b/;
const OAUTH_WORD =
  /\b(?:invalid_(?:grant|client|request|scope|rapt)|unauthorized_client|unsupported_grant_type|access_denied|redirect_uri_mismatch|(?:deleted|disabled)_client|org_internal|admin_policy_enforced|temporarily_unavailable)\b/;
/** RFC 5321 §4.2: a code, and a space or hyphen; at the start of a line, or inside with an enhanced status. */
const LEADING_REPLY = /^["'“‘(<\s]*(?:S:|<-|<<<?|<)?\s*([2-5]\d\d)(?:[ -](.*))?$/;
const INNER_REPLY = /(?:^|[\s:"'“(>])([2-5]\d\d)[ -](#?[245]\.\d{1,3}\.\d{1,3}\b.*)$/;
const QUOTED_REPLY = /[:"'“] ?([45]\d\d)[ -]([A-Za-z<].*)$/;
const LOOKUP = /\b(EAI_[A-Z]+|ESERVFAIL|EREFUSED|ETIMEOUT|EBADRESP)\b/;
const OPENSSL = /\b(ERR_SSL_\w+|ERR_TLS_\w+)\b|wrong version number|SSL routines|alert handshake failure/;
const DURING_TLS = /before secure TLS connection was established/;
const WORD = /\b[A-Za-z][A-Za-z0-9_]{3,60}\b/g;

/** What the text may be, the likeliest first. Empty when it is nothing that mail knows. */
export function readLine(
  given: string,
  about: { readonly host?: string; readonly phase?: Phase },
): Observation[] {
  const text = given.slice(0, TEXT_MAX).trim();
  const host = about.host === undefined ? {} : { host: about.host };
  if (AADSTS.test(text)) return [{ phase: 'token', failure: tokenFailure(text), ...host }];
  const failure = readFailure(text);
  const reply = readReply(text, failure === undefined);
  if (reply !== undefined) {
    const phases = about.phase === undefined ? phasesOf(reply) : [about.phase];
    return phases.map((phase) => ({ phase, reply, ...host }));
  }
  const found =
    failure ?? (OAUTH_WORD.test(text) ? { phase: 'token' as const, failure: tokenFailure(text) } : undefined);
  return found === undefined ? [] : [{ phase: about.phase ?? found.phase, failure: found.failure, ...host }];
}

function phasesOf({ code, lines }: Reply): readonly Phase[] {
  if (ONLY_SIGN_IN.includes(code)) return ['auth'];
  const spoken = SIGN_IN.test(lines.join(' '));
  if (!spoken && !MOSTLY_SIGN_IN.includes(code)) return REPLY_PHASES;
  return spoken ? ['auth', ...REPLY_PHASES] : [...REPLY_PHASES, 'auth'];
}

function readReply(text: string, alone: boolean) {
  const lines = text.split(/\r?\n|\\r\\n|\\n/).slice(0, LINES_MAX);
  const first = lines.findIndex((line) => LEADING_REPLY.test(line));
  if (first >= 0) {
    const code = LEADING_REPLY.exec(lines[first] ?? '')?.[1];
    const own = lines.slice(first).map((line) => LEADING_REPLY.exec(line));
    return parseReplyLines(
      Number(code),
      own.flatMap((match) => (match?.[1] === code ? [unquoted(match?.[2] ?? '')] : [])),
    );
  }
  const inner = INNER_REPLY.exec(lines.join(' ')) ?? (alone ? QUOTED_REPLY.exec(lines.join(' ')) : null);
  return inner === null ? undefined : parseReplyLines(Number(inner[1]), [unquoted(inner[2] ?? '')]);
}

function unquoted(text: string): string {
  return text.replace(/["'”]+$/, '');
}

function tokenFailure(text: string): Failure {
  return { kind: 'protocol', code: OAUTH_WORD.exec(text)?.[0] ?? 'TOKEN', message: text };
}

interface Found {
  readonly phase: Phase;
  readonly failure: Failure;
}

/** Codes that a rule compares as a whole, with the kind and the phase it is for. */
const BY_CODE: ReadonlyMap<string, FailureMatch> = new Map(
  RULES.flatMap(({ failure }) =>
    (failure?.codes ?? []).map((code) => [code, failure as FailureMatch] as const),
  ),
);
const PHASE_OF: Readonly<Record<FailureKind, Phase>> = {
  dns: 'dns',
  egress: 'connect',
  tcp: 'connect',
  tls: 'tls',
  timeout: 'connect',
  dropped: 'rcpt-to',
  protocol: 'connect',
  capability: 'auth',
  api: 'accepted',
  file: 'accepted',
  lease: 'data',
  stopped: 'data',
};

function readFailure(text: string): Found | undefined {
  const lookup = LOOKUP.exec(text)?.[1];
  if (lookup !== undefined) return failureOf('dns', lookup, text);
  if (DURING_TLS.test(text)) return { ...failureOf('dropped', 'ECONNRESET', text), phase: 'tls' };
  const ssl = OPENSSL.exec(text);
  for (const [code] of text.matchAll(WORD)) {
    const match = BY_CODE.get(code);
    if (match === undefined) continue;
    const [kind = 'protocol'] = match.kinds;
    return {
      ...failureOf(kind, code, text),
      ...(match.phases?.[0] === undefined ? {} : { phase: match.phases[0] }),
    };
  }
  return ssl === null ? undefined : failureOf('tls', ssl[1] ?? 'EPROTO', text);
}

function failureOf(kind: FailureKind, code: string, message: string): Found {
  return { phase: PHASE_OF[kind], failure: { kind, code, message } };
}
