/**
 * The two ways a call can fail: the server said no, or it said nothing.
 * Next: call.ts
 */
import type { Problem } from './gen/types.gen.ts';
import type { Told } from './given.ts';

/** The answer's `application/problem+json` (RFC 9457). Branch on its `code`. */
export interface ProblemDetails extends Told<Omit<Problem, 'code'>> {
  /** `not_posthorn` when something else answered; a newer server may know more codes. */
  readonly code: Problem['code'] | 'not_posthorn' | (string & {});
}

/** The server answered, and refused or failed. */
export class PosthornError extends Error {
  readonly problem: ProblemDetails;

  constructor(problem: ProblemDetails) {
    super(problem.detail);
    this.name = 'PosthornError';
    this.problem = problem;
  }

  get code(): ProblemDetails['code'] {
    return this.problem.code;
  }

  get status(): number {
    return this.problem.status;
  }
}

/** There was no answer: whether the request was done is not known, unless it is one that may be repeated. */
export class PosthornUnreachable extends Error {
  /** The address that was tried. */
  readonly url: string;

  constructor(url: string, cause: unknown) {
    super(`No answer from ${url}: ${reasonOf(cause)}`, { cause });
    this.name = 'PosthornUnreachable';
    this.url = url;
  }
}

/** `fetch` says only "fetch failed"; the system's own word is its cause. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.name === 'TimeoutError') return 'it took too long';
  const { cause: inner } = cause;
  if (inner instanceof Error)
    return 'code' in inner && typeof inner.code === 'string' ? inner.code : inner.message;
  return cause.message;
}
