/**
 * Puts operations on the HTTP server. Before a body is read: key, permission, declared type and size. A request costs
 * one route-level hook and no other; ids, log lines and problem texts are made only when something goes wrong.
 * Next: request-memory.ts
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { assert } from '../base/assert.ts';
import type { RecordAudit } from './audit.ts';
import { callerOf, type Caller } from './caller.ts';
import { parseFormBody } from './form-body.ts';
import { parseJsonBody } from './json-body.ts';
import type { Answered, Operation } from './operation.ts';
import type { Permission, Principal } from './principal.ts';
import { problem } from '../base/problem.ts';

/** Who may come in, and what for: both made by `access/`. */
export interface Door {
  /**
   * The principal behind an API key or a session. Throws (or rejects with) `unauthorized` and the like. Answers without a
   * promise when it can: that is the hot path.
   */
  authenticate(caller: Caller, permission: Permission): Principal | Promise<Principal>;
  mayI(principal: Principal, permission: Permission): boolean;
  /** Keeps what was changed, and by whom (W6). */
  readonly audit: RecordAudit;
}

/** Of every answer: nothing of ours is kept, sniffed, run or framed. A page has a policy of its own (W5). */
export const SAFE_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** Bodies up to this size are read without asking: they are bounded by the number of connections. */
const SMALL_BODY_BYTES = 256 * 1024;

/** Mounts them all; the order of the list is the order of the OpenAPI document. Throws on two of the same id. */
export function mountOperations(app: FastifyInstance, operations: readonly Operation[], door: Door): void {
  for (const operation of operations) {
    const { operationId } = operation;
    assert(
      !app.kit.operations.some((other) => other.operationId === operationId),
      `${operationId} is mounted twice`,
    );
    app.kit.operations.push(operation);
    app.route({
      method: operation.method,
      url: operation.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      config: { form: operation.form },
      onRequest: entrance(app, operation, door),
      handler: async (request, reply) =>
        send(app, reply, await operation.handle(unparsed(request, operation), door.audit)),
    });
  }
}

type Done = (error?: Error) => void;

function entrance(app: FastifyInstance, operation: Operation, door: Door) {
  const { permission } = operation;

  function enter(
    request: FastifyRequest,
    reply: FastifyReply,
    principal: Principal | undefined,
    done: Done,
  ): void {
    if (principal && permission !== 'public' && !door.mayI(principal, permission)) {
      done(problem('forbidden', { detail: `The role ${principal.role} does not include ${permission}.` }));
      return;
    }
    request.principal = principal;
    admitBody(app, request, reply, done);
  }

  return (request: FastifyRequest, reply: FastifyReply, done: Done): void => {
    if (permission === 'public') {
      enter(request, reply, undefined, done);
      return;
    }
    let found: Principal | Promise<Principal>;
    try {
      found = door.authenticate(callerOf(request), permission);
    } catch (error) {
      done(error instanceof Error ? error : new Error('authenticate threw what is not an error'));
      return;
    }
    if (found instanceof Promise) {
      found.then((principal) => {
        enter(request, reply, principal, done);
      }, done);
    } else {
      enter(request, reply, found, done);
    }
  };
}

/** Lets a body be read, now or when there is memory for it (Q13). */
function admitBody(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply, done: Done): void {
  const { headers } = request.raw;
  const { bodyLimitBytes, memory } = app.kit;
  // RFC 9110 §8.4: a coded body could unfold to any size; we read none.
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
    done(problem('unsupported_media_type', { detail: 'Send the body without Content-Encoding.' }));
    return;
  }
  const length = headers['content-length'];
  const bytes =
    length === undefined ? (headers['transfer-encoding'] === undefined ? 0 : bodyLimitBytes) : Number(length);
  if (bytes > bodyLimitBytes) {
    done(tooLarge(bodyLimitBytes));
    return;
  }
  if (bytes <= SMALL_BODY_BYTES) {
    done();
    return;
  }
  const giveBack = memory.take(bytes, (outcome) => {
    if (outcome === 'fits') done();
    else
      done(
        problem('overloaded', { detail: 'Too many large requests are being handled. Try again shortly.' }),
      );
  });
  // `close` of the response comes after its last octet was handed over, or when the connection is lost before that.
  reply.raw.once('close', giveBack);
}

export function tooLarge(limitBytes: number) {
  return problem('body_too_large', { detail: `The body may have at most ${String(limitBytes)} octets.` });
}

function unparsed(request: FastifyRequest, { form }: Operation) {
  const { body } = request;
  request.body = undefined; // the octets are not kept beside what they are parsed to (Q13)
  return {
    principal: request.principal,
    params: request.params,
    query: request.query,
    body: Buffer.isBuffer(body) ? (form ? parseFormBody(body) : parseJsonBody(body)) : undefined,
    headers: request.raw.headers,
    caller: callerOf(request),
    requestId: request.id,
  };
}

function send(app: FastifyInstance, reply: FastifyReply, answer: Answered): FastifyReply {
  reply.code(answer.status).headers(SAFE_HEADERS);
  if (answer.headers) reply.headers(answer.headers);
  if (answer.feed !== undefined) {
    // Some reverse proxies would keep events until there are enough of them.
    reply.header('content-type', answer.contentType).header('x-accel-buffering', 'no');
    const { method, principal } = reply.request;
    const owner = principal?.tenantId ?? 'nobody';
    return reply.send(method === 'HEAD' ? undefined : app.kit.streams.open(answer.feed, owner));
  }
  if (answer.payload === undefined) return reply.send();
  return reply.header('content-type', answer.contentType).send(answer.payload);
}
