/**
 * How a problem is written as an answer (RFC 9457). The catalogue itself is `base/problem.ts`.
 * Next: create-app.ts
 */
import type { Problem } from '../base/problem.ts';

/** Where a code is explained: the `type` member of the answer, a reference relative to the server (RFC 9457 §3.1.1). */
export function problemType(code: string): string {
  return `/problems/${code}`;
}

/** The answer's body for a problem. `requestId` is given only where the log holds more. */
export function problemBody(found: Problem, requestId?: string): string {
  return JSON.stringify({
    type: problemType(found.code),
    title: found.title,
    status: found.status,
    detail: found.detail,
    code: found.code,
    ...(requestId === undefined ? {} : { instance: requestId }),
    ...(found.errors.length === 0 ? {} : { errors: found.errors }),
  });
}
