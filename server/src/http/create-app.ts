/**
 * The HTTP server that operations are mounted on: bounds, time limits, and one place where an error becomes an answer.
 * A `Problem` is told as it is; anything else is a 500 with a generic text and an id, and the cause goes to the log (W8).
 * Next: mount.ts
 */
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { systemClock, type Clock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import type { Log } from '../base/log.ts';
import { Problem } from '../base/problem.ts';
import type { Caller } from './caller.ts';
import { SAFE_HEADERS, tooLarge } from './mount.ts';
import { openApiDocument } from './openapi.ts';
import type { Operation } from './operation.ts';
import type { Principal } from './principal.ts';
import { problemBody } from './problems.ts';
import { problem, type ProblemCode } from '../base/problem.ts';
import { createEventStreams, type EventStreams } from './event-stream.ts';
import { createRequestMemory, type RequestMemory } from './request-memory.ts';

export interface HttpAppOptions {
  readonly log: Log;
  /** Largest body of one request, octets. */
  readonly bodyLimitBytes: number;
  /** Octets of large bodies (above 256 KiB) that may be read at the same time; the parsed forms take about 3 times that. */
  readonly requestMemoryBytes: number;
  /** Whether `X-Forwarded-*` is believed, and from which proxies. */
  readonly trustProxy: boolean | readonly string[];
  /** Posthorn's version, for the OpenAPI document. */
  readonly version: string;
  readonly clock?: Clock;
  /** What an unforeseen error means, as a `Problem`, where somebody knows: a database that is away is no bug of ours. */
  readonly meaning?: (error: unknown) => unknown;
}

interface Kit {
  readonly operations: Operation[];
  readonly bodyLimitBytes: number;
  readonly memory: RequestMemory;
  readonly streams: EventStreams;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** What the operation kit keeps with a server. */
    readonly kit: Kit;
  }
  interface FastifyContextConfig {
    /** The operation reads what a page's form sends. */
    form?: boolean;
  }
  interface FastifyRequest {
    principal: Principal | undefined;
    caller: Caller | undefined;
  }
}

/** Reading one whole request may take this long; a client that drips octets is cut off (CWE-400). */
const REQUEST_TIMEOUT_MS = 120_000;
const HEADERS_TIMEOUT_MS = 15_000;
/** Longer than the idle time of common reverse proxies (60 s), so that it is the proxy that closes first. */
const KEEP_ALIVE_MS = 65_000;
const FORM_TYPE = 'application/x-www-form-urlencoded';
const RETRY_AFTER_SECONDS = 5;
/** Octets of a refused body that are taken in and thrown away. */
const DROP_MAX_BYTES = 128 * 1024 * 1024;

/** A server without operations; `mountOperations` adds them, `app.listen` starts it, `app.close()` lets requests end. */
export function createHttpApp(options: HttpAppOptions): FastifyInstance {
  const { bodyLimitBytes } = options;
  const idStart = newId('req');
  let idCount = 0;
  const app = fastify({
    logger: false,
    // Made for every request, so it must cost nothing: one random part for the process, then a count.
    genReqId: () => `${idStart}-${(idCount++).toString(36)}`,
    requestIdHeader: false,
    bodyLimit: bodyLimitBytes,
    trustProxy: typeof options.trustProxy === 'boolean' ? options.trustProxy : [...options.trustProxy],
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS },
    return503OnClosing: false, // a request that came in over an open connection is still served; then it closes
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: (error, request, reply) => {
      answerError(options, error, request, reply);
    },
    clientErrorHandler: (_error, socket) => {
      if (socket.writable) socket.end(MALFORMED_ANSWER);
      else socket.destroy();
    },
  });
  const clock = options.clock ?? systemClock;
  const memory = createRequestMemory(options.requestMemoryBytes, clock);
  const streams = createEventStreams(clock);
  app.decorate('kit', { operations: [], bodyLimitBytes, memory, streams });
  app.addHook('preClose', (done) => {
    streams.closeAll();
    done();
  });
  app.decorateRequest('principal', undefined);
  app.decorateRequest('caller', undefined);
  app.removeAllContentTypeParsers();
  // The body is parsed in the operation, so that a malformed one does not cost the connection.
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  app.addContentTypeParser(FORM_TYPE, { parseAs: 'buffer' }, (request, body, done) => {
    const { config } = request.routeOptions;
    if (config.form === true) done(null, body);
    else
      done(problem('unsupported_media_type', { detail: 'Send the body as Content-Type: application/json.' }));
  });
  app.setErrorHandler((error, request, reply) => {
    answerError(options, error, request, reply);
  });
  app.setNotFoundHandler((request, reply) => {
    answerNoRoute(app, request, reply);
  });
  let document: string | undefined;
  app.get('/openapi.json', (_request, reply) => {
    document ??= JSON.stringify(openApiDocument(app.kit.operations, options.version));
    return reply
      .headers(SAFE_HEADERS)
      .header('content-type', 'application/json; charset=utf-8')
      .send(document);
  });
  return app;
}

const MALFORMED_BODY = problemBody(
  problem('malformed_request', { detail: 'The request is not valid HTTP.' }),
);
const MALFORMED_ANSWER =
  'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/problem+json\r\n' +
  `Content-Length: ${String(Buffer.byteLength(MALFORMED_BODY))}\r\n\r\n${MALFORMED_BODY}`;

function answerError(
  { log, meaning }: HttpAppOptions,
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const error = meaning?.(thrown) ?? thrown;
  const known = error instanceof Problem ? error : fromFastify(error, request);
  if (known && known.status < 500) {
    sendProblem(request, reply, known);
    return;
  }
  const found = known ?? problem('internal', { detail: 'Something went wrong on our side.', cause: error });
  const facts = {
    requestId: request.id,
    method: request.method,
    route: request.routeOptions.url,
    code: found.code,
  };
  if (found.code === 'internal') log.error({ ...facts, err: found.cause ?? found }, 'request failed');
  else log.warn({ ...facts, err: found.cause }, found.detail);
  sendProblem(request, reply, found, request.id);
}

function sendProblem(request: FastifyRequest, reply: FastifyReply, found: Problem, requestId?: string): void {
  reply.code(found.status).header('content-type', 'application/problem+json').headers(SAFE_HEADERS);
  if (found.status === 401) reply.header('www-authenticate', 'Bearer realm="posthorn"'); // RFC 6750 §3
  const retryAfter = found.retryAfterSeconds ?? (found.status === 503 ? RETRY_AFTER_SECONDS : undefined);
  if (retryAfter !== undefined && !reply.hasHeader('retry-after')) reply.header('retry-after', retryAfter);
  // A body that nobody reads is taken in and dropped, so that the answer arrives: a close with octets on their way
  // resets the line. Beyond a bound, or without a declared end, RFC 9112 §9.6 lets us close.
  if (!request.raw.complete && !isDroppable(request)) reply.header('connection', 'close');
  reply.send(problemBody(found, requestId));
}

function isDroppable({ raw }: FastifyRequest): boolean {
  return (
    raw.headers['transfer-encoding'] === undefined &&
    Number(raw.headers['content-length'] ?? 0) <= DROP_MAX_BYTES
  );
}

/** Errors that the framework makes before an operation runs. */
function fromFastify(error: unknown, request: FastifyRequest): Problem | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, statusCode } = error as Partial<FastifyError>; // fields that its own errors carry; checked below
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return tooLarge(request.server.kit.bodyLimitBytes);
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return problem('unsupported_media_type', { detail: 'Send the body as Content-Type: application/json.' });
  }
  if (typeof code !== 'string' || !code.startsWith('FST_') || statusCode === undefined || statusCode >= 500) {
    return clientGone(error) ? problem('malformed_request', { detail: 'The body ended early.' }) : undefined;
  }
  const fallback: ProblemCode = statusCode === 404 ? 'not_found' : 'malformed_request';
  return problem(fallback, { detail: 'The address or the framing of the request is not valid.' });
}

/** Reading the body failed because the peer went away: no failure of ours, and nobody hears the answer. */
function clientGone(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'ERR_STREAM_PREMATURE_CLOSE');
}

function answerNoRoute(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): void {
  const path = request.url.split('?', 1)[0] ?? '';
  const methods = app.kit.operations
    .filter((operation) => matches(operation.path, path))
    .map(({ method }) => method);
  if (methods.length === 0) {
    sendProblem(request, reply, problem('not_found', { detail: 'There is nothing at this address.' }));
    return;
  }
  const allowed = [...new Set(methods)].join(', ');
  reply.header('allow', allowed); // RFC 9110 §15.5.6
  sendProblem(request, reply, problem('method_not_allowed', { detail: `This address knows ${allowed}.` }));
}

function matches(template: string, path: string): boolean {
  const want = template.split('/');
  const have = path.split('/');
  return want.length === have.length && want.every((part, at) => part.startsWith('{') || part === have[at]);
}
