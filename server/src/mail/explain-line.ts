/**
 * What an error id or a pasted line means, without a server and without a connection: for `posthorn explain`. Where the
 * phase is not given, the reading with the best evidence wins, and the others that are as good are named beside it.
 * Next: rule.ts
 */
import { classify, decidingRule, type Observation } from './classify.ts';
import { RULES } from './classify-rules.ts';
import { ERRORS, isErrorId, type ErrorId } from './error-catalogue.ts';
import { errorTitle, explain, type Explanation } from './explain.ts';
import { readLine } from './read-line.ts';
import { formatReply, PHASES, type Phase } from './reply.ts';

export type TextExplained =
  | {
      readonly ok: true;
      readonly explanation: Explanation;
      /** Where in the conversation it was read as; absent for an id. */
      readonly phase?: Phase;
      /** What else it can be, when the phase is not known. */
      readonly others: readonly { readonly id: ErrorId; readonly title: string; readonly phase: Phase }[];
    }
  /** `taken`: it is no error; `unknown_id`: looks like an id and is none; `unreadable`: nothing that mail knows. */
  | {
      readonly ok: false;
      readonly why: 'taken' | 'unknown_id' | 'unreadable' | 'unknown_phase';
      readonly near: readonly string[];
    };

const ID = /^[a-z][a-z0-9]*\.[a-z0-9_]+$/;
const NEAR_MAX = 12;

/** Pure; never throws. */
export function explainText(
  text: string,
  about: { readonly host?: string; readonly phase?: string } = {},
): TextExplained {
  const id = text.trim();
  if (isErrorId(id)) return { ok: true, explanation: explain(id), others: [] };
  if (ID.test(id)) return { ok: false, why: 'unknown_id', near: nearIds(id) };
  const phase = PHASES.find((known) => known === about.phase);
  if (about.phase !== undefined && phase === undefined)
    return { ok: false, why: 'unknown_phase', near: PHASES };
  const seen = readLine(text, {
    ...(about.host === undefined ? {} : { host: about.host }),
    ...(phase === undefined ? {} : { phase }),
  });
  const [best, ...rest] = readings(seen);
  if (best === undefined) return { ok: false, why: seen.length === 0 ? 'unreadable' : 'taken', near: [] };
  const others = rest.filter(
    ({ errorId, weight }, at) =>
      weight === best.weight &&
      weight > 0 &&
      errorId !== best.errorId &&
      rest.findIndex((other) => other.errorId === errorId) === at,
  );
  const { verdict, observation, errorId } = best;
  const guessed = phase === undefined && observation.reply !== undefined && best.weight === 0;
  const sure = others.length === 0 && !guessed;
  const confidence = verdict.confidence === 'certain' && !sure ? 'likely' : verdict.confidence;
  return {
    ok: true,
    explanation: explain({ ...verdict, confidence, errorId }, params(observation)),
    phase: observation.phase,
    others: others.map((other) => ({
      id: other.errorId,
      title: errorTitle(other.errorId) ?? '',
      phase: other.observation.phase,
    })),
  };
}

interface Reading {
  readonly observation: Observation;
  readonly verdict: ReturnType<typeof classify>;
  readonly errorId: ErrorId;
  /** 2 the text or status says so, 1 the code alone does, 0 nothing but the phase does. */
  readonly weight: number;
  readonly order: number;
}

function readings(seen: readonly Observation[]): Reading[] {
  const found = seen.flatMap((observation): Reading[] => {
    const verdict = classify(observation);
    const { errorId } = verdict;
    if (errorId === undefined || !isErrorId(errorId)) return [];
    const rule = decidingRule(observation);
    const order = rule === undefined ? RULES.length : RULES.indexOf(rule);
    return [{ observation, verdict, errorId, order, weight: weightOf(rule, verdict.confidence) }];
  });
  return found.toSorted((a, b) => b.weight - a.weight || (a.weight === 0 ? 0 : a.order - b.order));
}

function weightOf(rule: ReturnType<typeof decidingRule>, confidence: Explanation['confidence']): number {
  if (rule === undefined || confidence === 'unknown') return 0;
  const match = rule.reply;
  if (match === undefined) return 2;
  if (match.text !== undefined || match.enhanced !== undefined) return 2;
  return match.phases === undefined && match.codes.every((code) => typeof code === 'number') ? 1 : 0;
}

function params({ reply, failure, host }: Observation): Parameters<typeof explain>[1] {
  const answer = reply === undefined ? failure?.message : formatReply(reply);
  return { answer, host, reason: failure?.message, aadsts: /AADSTS(\d{4,9})/.exec(answer ?? '')?.[1] };
}

/** Ids of the same family, or with the same last part. */
function nearIds(id: string): string[] {
  const [family = '', last = ''] = id.split('.');
  return Object.keys(ERRORS)
    .filter((known) => known.startsWith(`${family}.`) || known.endsWith(`.${last}`))
    .slice(0, NEAR_MAX);
}
