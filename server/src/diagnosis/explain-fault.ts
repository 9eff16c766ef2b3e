/**
 * From what ended a test to words that help: the classifier's verdict and the catalogue's text for it.
 * Next: settings-stage.ts
 */
import { classify, explain } from '../mail/mail.ts';
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
  const params = { ...facts, ...faultCase(fault, facts) };
  const words = explain({ ...verdict, errorId: verdict.errorId ?? 'unknown.failure' }, params);
  const { id, title, cause, fixes, docs, who, retry, confidence } = words;
  return { id, title, cause, fixes, docs, who, retry, confidence, params };
}
