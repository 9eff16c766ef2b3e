/**
 * From what ended a test to words that help: the classifier's verdict and the catalogue's text for it.
 * Next: settings-stage.ts
 */
import { classify, ERRORS, type ErrorId } from '../mail/mail.ts';
import { faultCase, type CaseFacts } from './case-facts.ts';
import type { Fault } from './recorder.ts';
import type { Diagnosis } from './stage.ts';

/** What the catalogue says about it. Never invents a cause: what nobody knows is said to be unknown. */
export function explainFault(fault: Fault, facts: CaseFacts): Diagnosis {
  const { phase, reply, failure, inDoubt } = fault;
  const verdict = classify({
    phase,
    ...(facts['host'] === undefined ? {} : { host: facts['host'] }),
    ...(reply === undefined ? {} : { reply }),
    ...(failure === undefined ? {} : { failure }),
    ...(inDoubt === true ? { inDoubt } : {}),
  });
  const id = verdict.errorId ?? 'unknown.4xx';
  const title = id in ERRORS ? ERRORS[id as ErrorId] : 'The server gave an answer that is not known here.';
  return {
    id,
    title,
    cause: failure?.message ?? '',
    fixes: [],
    docs: [],
    confidence: verdict.confidence,
    params: { ...facts, ...faultCase(fault, facts) },
  };
}
