/**
 * One request and its answer: headers, time limit, repeating, and reading problems.
 * Repeated is only what changes nothing when it arrives twice: GET, and POST with an idempotency key.
 * Next: errors.ts
 */
import { PosthornError, PosthornUnreachable, type ProblemDetails } from './errors.ts';
import { sleep } from './sleep.ts';

export interface CallOptions {
  /** Gives up when aborted; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

interface CallInput extends CallOptions {
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly idempotencyKey?: string | undefined;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** `T` is what the API promises for this operation; the server checks its answers against the same schemas. */
export type Call = <T>(method: Method, path: string, input?: CallInput) => Promise<T>;

export interface CallSettings {
  readonly url: string;
  readonly key: string;
  readonly tenant?: string | undefined;
  readonly fetch?: typeof fetch | undefined;
  readonly timeoutMs?: number | undefined;
  readonly tries?: number | undefined;
}

const TIMEOUT_MS = 30_000;
const TRIES = 3;
const FIRST_PAUSE_MS = 250;
/** A server that asks for a longer pause is left alone; the caller decides. */
const PAUSE_MAX_MS = 10_000;
const PASSING = new Set([429, 502, 503, 504]);

export function createCall(settings: CallSettings): Call {
  const base = `${settings.url.replace(/\/+$/, '')}/api/v1`;
  const tries = settings.tries ?? TRIES;

  return async <T>(method: Method, path: string, input: CallInput = {}): Promise<T> => {
    const url = base + path + queryOf(input.query);
    const repeatable = method === 'GET' || input.idempotencyKey !== undefined;
    for (let left = repeatable ? tries : 1; ; left -= 1) {
      const pauseMs = FIRST_PAUSE_MS * 4 ** (tries - left);
      const tried = await attempt(settings, method, url, input);
      if (tried.kind === 'answered') return tried.value as T; // see `Call`
      const waitMs = tried.waitMs ?? pauseMs;
      if (left <= 1 || !tried.passing || waitMs > PAUSE_MAX_MS) throw tried.error;
      await sleep(waitMs, input.signal);
    }
  };
}

type Tried =
  | { readonly kind: 'answered'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly error: Error; readonly passing: boolean; readonly waitMs?: number };

async function attempt(
  settings: CallSettings,
  method: Method,
  url: string,
  input: CallInput,
): Promise<Tried> {
  const { signal } = input;
  const limit = AbortSignal.timeout(settings.timeoutMs ?? TIMEOUT_MS);
  let response: Response;
  let text: string;
  try {
    response = await (settings.fetch ?? fetch)(url, {
      method,
      headers: headersOf(settings, input),
      body: input.body === undefined ? null : JSON.stringify(input.body),
      redirect: 'error', // a redirect would take the key to another host
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    text = await response.text();
  } catch (cause) {
    signal?.throwIfAborted();
    return { kind: 'failed', error: new PosthornUnreachable(new URL(url).origin, cause), passing: true };
  }
  const value = parsed(text);
  if (response.ok && value !== NOT_JSON) return { kind: 'answered', value };
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  return {
    kind: 'failed',
    error: new PosthornError(problemOf(response, text)),
    passing: PASSING.has(response.status),
    ...(Number.isFinite(retryAfter) ? { waitMs: retryAfter * 1000 } : {}),
  };
}

/** The problem that an answer tells of, ours or somebody else's. */
export function problemOf(response: Response, text: string): ProblemDetails {
  const value = parsed(text);
  return isProblem(value) ? value : foreign(response);
}

export function headersOf(
  { key, tenant }: CallSettings,
  { body, idempotencyKey }: CallInput,
): Record<string, string> {
  return {
    authorization: `Bearer ${key}`,
    accept: 'application/json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(tenant === undefined ? {} : { 'posthorn-tenant': tenant }),
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
  };
}

function queryOf(query: CallInput['query']): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {}))
    if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? '' : `?${search.toString()}`;
}

const NOT_JSON = Symbol('not JSON');

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return NOT_JSON;
  }
}

function isProblem(value: unknown): value is ProblemDetails {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'code' in value && typeof value.code === 'string' && 'detail' in value && typeof value.detail === 'string'
  );
}

/** Something else than Posthorn answered: a proxy, or a wrong address. */
function foreign({ status, statusText, url }: Response): ProblemDetails {
  return {
    type: 'about:blank',
    title: statusText,
    status,
    detail: `${new URL(url).origin} answered ${String(status)} ${statusText}, but not as a Posthorn server does.`,
    code: 'not_posthorn',
  };
}
