/**
 * What ends a request: one `Problem` with two texts, from one catalogue (RFC 9457). `detail` is safe for the caller;
 * `cause` is for the log only. A code never changes its meaning or its status.
 * `doc` is the sentence of the reference; what was wrong this time is the problem's `detail`.
 */
export interface FieldError {
  /** Where: a JSON path such as `to[0].address`, or a header's name. */
  readonly path: string;
  /** What is wrong and what would be right, for a person. */
  readonly message: string;
}

export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly FieldError[];
  /** When to try again, where that is known. */
  readonly retryAfterSeconds: number | undefined;

  constructor(init: {
    code: string;
    status: number;
    title: string;
    detail: string;
    errors?: readonly FieldError[] | undefined;
    retryAfterSeconds?: number | undefined;
    cause?: unknown;
  }) {
    super(`${init.code}: ${init.detail}`, init.cause === undefined ? {} : { cause: init.cause });
    this.name = 'Problem';
    this.code = init.code;
    this.status = init.status;
    this.title = init.title;
    this.detail = init.detail;
    this.errors = init.errors ?? [];
    this.retryAfterSeconds = init.retryAfterSeconds;
  }
}

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  readonly doc: string;
}

export const PROBLEMS = {
  invalid_request: {
    status: 422,
    title: 'The request has invalid fields',
    doc: 'One or more fields are missing, unknown or malformed; `errors` lists every one of them with its path.',
  },
  malformed_json: {
    status: 400,
    title: 'The body is not usable JSON',
    doc: 'The body is not JSON in UTF-8, is nested deeper than 20 levels, holds more than 200,000 values, the same name twice in one object, or a key named `__proto__`.',
  },
  malformed_request: {
    status: 400,
    title: 'The request is malformed',
    doc: 'The address, a header or the framing of the request is not valid HTTP.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body has an unsupported type or encoding',
    doc: 'Bodies are `application/json` without a content encoding.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    doc: 'The body is larger than `limits.request_bytes`; attachments count with their base64 size.',
  },
  unauthorized: {
    status: 401,
    title: 'Not signed in',
    doc: 'There is neither a valid API key in `Authorization: Bearer ph_…` nor a session: it is missing, unknown, wrong, expired or revoked.',
  },
  sign_in_failed: {
    status: 401,
    title: 'Sign-in failed',
    doc: 'The address, the password or the code is not right, or this sign-in is over. Which of them is not told.',
  },
  link_over: {
    status: 410,
    title: 'The link is over',
    doc: 'The link is unknown, was used, has expired or was replaced by a newer one. Which of them is not told.',
  },
  forbidden: {
    status: 403,
    title: 'Not allowed',
    doc: 'The key or person is known, but the role does not allow this operation, the named tenant is another, or the request came from a page of another site.',
  },
  tenant_suspended: {
    status: 403,
    title: 'The tenant is suspended',
    doc: 'People of the instance stopped this tenant, or deleted it: its keys are refused and nothing is sent in it. Waiting mail is held, and goes on when the tenant is resumed.',
  },
  sender_not_allowed: {
    status: 403,
    title: 'Not allowed to send as this address',
    doc: 'The tenant may send as what `senders.allowed` names, as addresses and domains that it has proved to be its own, and as the sender that it inherits.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    doc: 'There is no such thing in this tenant; things of other tenants are answered the same way.',
  },
  misdirected: {
    status: 421,
    title: 'Asked for under another name',
    doc: 'Pages for people are served under the host of `server.public_url` only.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    doc: 'The path exists, but not with this method; the `Allow` header lists those it has.',
  },
  conflict: {
    status: 409,
    title: 'Conflict with the present state',
    doc: 'The thing exists already or is in a state that does not allow this; `detail` names it.',
  },
  idempotency_conflict: {
    status: 409,
    title: 'The idempotency key was used for another request',
    doc: 'The same `Idempotency-Key` came earlier with a different body; nothing was done.',
  },
  secret_required: {
    status: 422,
    title: 'The password must be given again',
    doc: 'A stored secret is bound to where it is sent. The destination changed, so the secret must be given again.',
  },
  not_proved: {
    status: 409,
    title: 'No passing test of exactly these values',
    doc: 'New settings come in force after a test of exactly these values has passed, or when they are forced with a reason.',
  },
  managed_by_file: {
    status: 409,
    title: 'Managed by the configuration file',
    doc: 'This value comes from the configuration file and is changed there.',
  },
  locked: {
    status: 403,
    title: 'Locked by the instance',
    doc: 'The instance keeps this setting the same for all tenants; its people can unlock it.',
  },
  not_cancellable: {
    status: 409,
    title: 'Too late to cancel',
    doc: 'Every recipient of the message is already finished, or is being sent to at this moment.',
  },
  storage_full: {
    status: 507,
    title: 'Storage is full',
    doc: 'There is too little disk space to accept a message safely; nothing was stored.',
  },
  overloaded: {
    status: 503,
    title: 'Too busy',
    doc: 'A bound on waiting work was reached; nothing was stored. Try again after `Retry-After` seconds.',
  },
  unavailable: {
    status: 503,
    title: 'Temporarily unavailable',
    doc: 'The database or another part this needs cannot be used now; nothing was stored. Try again.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    doc: 'A limit of this key or tenant was reached. Try again after `Retry-After` seconds.',
  },
  quota_reached: {
    status: 429,
    title: 'The quota of this month is used up',
    doc: 'The tenant has sent as many messages over the connections of the instance as it may in a calendar month (UTC). `Retry-After` leads to the next.',
  },
  internal: {
    status: 500,
    title: 'Internal error',
    doc: 'A bug or an unforeseen failure. The id in `instance` leads to the cause in the server log.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** The problem with this code. `detail` is shown to the caller; `cause` goes to the log only. */
export function problem(
  code: ProblemCode,
  about: {
    readonly detail: string;
    readonly errors?: readonly FieldError[];
    readonly retryAfterSeconds?: number;
    readonly cause?: unknown;
  },
): Problem {
  const kind = PROBLEMS[code];
  return new Problem({
    code,
    status: kind.status,
    title: kind.title,
    detail: about.detail,
    errors: about.errors,
    retryAfterSeconds: about.retryAfterSeconds,
    cause: about.cause,
  });
}
