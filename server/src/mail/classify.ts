/**
 * From what happened to what it means: a pure, first-match reading of the rules. Never throws; what no rule knows is
 * temporary, except a 5xx to the envelope or the content, which is a proof by itself.
 * Next: classify-rules.ts
 */
import { RULES } from './classify-rules.ts';
import type { Scope, Verdict } from './outcome.ts';
import { FAILURE_KINDS } from './reply.ts';
import type { Failure, FailureKind, Phase, Reply } from './reply.ts';
import { retryHintMs } from './retry-hint.ts';
import type { FailureMatch, Finding, ReplyMatch, Rule } from './rule.ts';

/** What one attempt saw for one recipient, or for the session before any recipient was named. */
export interface Observation {
  readonly phase: Phase;
  readonly reply?: Reply;
  readonly failure?: Failure;
  /** The final dot was, or may have been, written and no reply to it was read. Decides alone. */
  readonly inDoubt?: boolean;
  /** Host name of the connection; tells providers apart whose replies do not. */
  readonly host?: string;
}

const ACCEPTED: Verdict = {
  outcome: 'accepted',
  category: 'accepted',
  scope: 'recipient',
  confidence: 'certain',
};
const IN_DOUBT: Verdict = {
  outcome: 'in_doubt',
  category: 'in-doubt',
  scope: 'message',
  errorId: 'smtp.dropped_in_data',
  confidence: 'certain',
};
/** A reply no phase ends with, such as 354 to MAIL FROM. */
const OUT_OF_ORDER: Verdict = {
  outcome: 'deferred',
  category: 'protocol',
  scope: 'connection',
  errorId: 'smtp.bad_protocol',
  confidence: 'certain',
};
const NOTHING_KNOWN: Verdict = {
  outcome: 'deferred',
  category: 'unknown',
  scope: 'message',
  errorId: 'unknown.failure',
  confidence: 'unknown',
};
/** UTF-16 units of a reply's text that the rules look at. */
const TEXT_LOOK_MAX = 2000;

/** The verdict on one observation. Pure. */
export function classify(observation: Observation): Verdict {
  if (observation.inDoubt === true) return IN_DOUBT;
  const { reply, failure } = observation;
  if (reply !== undefined) return classifyReply(observation, reply);
  return failure === undefined ? NOTHING_KNOWN : classifyFailure(observation, failure);
}

/** The rule that decides, for explanations and for the proof that every rule is needed. */
export function decidingRule(observation: Observation): Rule | undefined {
  const { reply, failure } = observation;
  if (reply !== undefined) return findReplyRule(observation, reply, joinText(reply));
  return failure === undefined ? undefined : findFailureRule(observation, failure);
}

function classifyReply(observation: Observation, reply: Reply): Verdict {
  const { code } = reply;
  if (code >= 200 && code < 300) return ACCEPTED;
  // 334 is the one intermediate reply that can be a last word: Google's refusal of a token comes in it.
  if (!(code >= 400 && code < 600) && !(code === 334 && observation.phase === 'auth')) return OUT_OF_ORDER;
  const text = joinText(reply);
  const rule = findReplyRule(observation, reply, text);
  if (rule === undefined) return code < 400 ? OUT_OF_ORDER : NOTHING_KNOWN;
  return toVerdict(rule, observation.phase, rule.outcome === 'deferred' ? retryHintMs(text) : undefined);
}

function classifyFailure(observation: Observation, failure: Failure): Verdict {
  const rule = findFailureRule(observation, failure);
  if (rule === undefined) return NOTHING_KNOWN;
  // Only an HTTP answer says how long to wait; what the operating system says is no such thing.
  const says = failure.kind === 'api' && rule.outcome === 'deferred';
  return toVerdict(
    rule,
    observation.phase,
    says ? retryHintMs(failure.message.slice(0, TEXT_LOOK_MAX)) : undefined,
  );
}

// Most rules name their codes, so each code gets its own short list, made once when it is first seen.
const byCode = new Map<number, readonly (Rule & { readonly reply: ReplyMatch })[]>();

function rulesFor(code: number): readonly (Rule & { readonly reply: ReplyMatch })[] {
  const known = byCode.get(code);
  if (known !== undefined) return known;
  const group = code < 500 ? '4xx' : '5xx';
  const rules = RULES.filter((rule) => isReplyRule(rule)).filter(
    ({ reply }) => reply.codes.includes(code) || (code >= 400 && reply.codes.includes(group)),
  );
  byCode.set(code, rules); // at most 200 codes reach this
  return rules;
}

function isReplyRule(rule: Rule): rule is Rule & { readonly reply: ReplyMatch } {
  return rule.reply !== undefined;
}

function isFailureRule(rule: Rule): rule is Rule & { readonly failure: FailureMatch } {
  return rule.failure !== undefined;
}

function findReplyRule(observation: Observation, reply: Reply, text: string): Rule | undefined {
  const { enhanced } = reply;
  const detail = enhanced === undefined ? '' : `${String(enhanced.subject)}.${String(enhanced.detail)}`;
  const host = observation.host ?? '';
  return rulesFor(reply.code).find(
    ({ reply: match }) =>
      (match.phases === undefined || match.phases.includes(observation.phase)) &&
      (match.enhanced === undefined || match.enhanced.includes(detail)) &&
      (match.host === undefined || match.host.test(host)) &&
      (match.text === undefined || match.text.test(text)),
  );
}

const byKind = new Map<FailureKind, readonly (Rule & { readonly failure: FailureMatch })[]>(
  FAILURE_KINDS.map((kind) => [
    kind,
    RULES.filter((rule) => isFailureRule(rule)).filter(({ failure }) => failure.kinds.includes(kind)),
  ]),
);

function findFailureRule(observation: Observation, failure: Failure): Rule | undefined {
  const text = `${failure.code} ${failure.message}`.slice(0, TEXT_LOOK_MAX);
  const host = observation.host ?? '';
  return byKind
    .get(failure.kind)
    ?.find(
      ({ failure: match }) =>
        (match.phases === undefined || match.phases.includes(observation.phase)) &&
        (match.codes === undefined || match.codes.includes(failure.code)) &&
        (match.host === undefined || match.host.test(host)) &&
        (match.text === undefined || match.text.test(text)),
    );
}

function joinText(reply: Reply): string {
  const [first = ''] = reply.lines;
  return (reply.lines.length === 1 ? first : reply.lines.join(' ')).slice(0, TEXT_LOOK_MAX);
}

function toVerdict(finding: Finding, phase: Phase, hintMs: number | undefined): Verdict {
  const { outcome, category, errorId, confidence, retriesMax, giveUpAfterMs } = finding;
  const retryAfterMs = hintMs ?? finding.retryAfterMs;
  return {
    outcome,
    category,
    scope: finding.scope === 'phase' ? scopeOf(phase) : finding.scope,
    errorId,
    confidence,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(retriesMax === undefined ? {} : { retriesMax }),
    ...(giveUpAfterMs === undefined ? {} : { giveUpAfterMs }),
  };
}

function scopeOf(phase: Phase): Scope {
  switch (phase) {
    case 'mail-from':
    case 'data':
    case 'accepted':
      return 'message';
    case 'rcpt-to':
      return 'recipient';
    case 'settings':
    case 'token':
    case 'dns':
    case 'connect':
    case 'greeting':
    case 'ehlo':
    case 'tls':
    case 'ehlo-tls':
    case 'auth':
      return 'connection';
  }
}
