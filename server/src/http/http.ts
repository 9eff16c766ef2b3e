/**
 * The kit for the HTTP API: an operation is a schema, what it needs, what it may refuse and one function.
 * From that come validation, permission, the answer's form and the OpenAPI document; no feature touches Fastify.
 * Next: operation.ts
 */
export type { Audit, AuditChange, Audited, AuditFacts, RecordAudit } from './audit.ts';
export { cookieOf, refuseCrossSite, refuseOtherHost, type Caller } from './caller.ts';
export { createHttpApp, type HttpAppOptions } from './create-app.ts';
export { mountOperations, type Door } from './mount.ts';
export {
  eventAnswer,
  operation,
  rawAnswer,
  type AnswerHeaders,
  type Operation,
  type RawBody,
} from './operation.ts';
export { openApiDocument } from './openapi.ts';
export { htmlPage, pageHeaders, type HtmlPage, type PageField } from './page.ts';
export { PROBLEMS, problem, type ProblemCode } from '../base/problem.ts';
export { idempotencyHeaders, pageAnswer, pageOf, pageQuery, readCursor, type Page } from './paging.ts';
export { rateLimited, waitForRoom, wholeSeconds, type RateLimit } from './rate-limit.ts';
export {
  KEY_PERMISSIONS,
  type KeyPermission,
  type Permission,
  type Principal,
  type Role,
} from './principal.ts';
