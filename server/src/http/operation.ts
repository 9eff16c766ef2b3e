/**
 * One operation of the API: what it takes, what it answers, what it may refuse, what it needs, and the function.
 * `operation()` closes over the schemas, so `run` is typed by them and nothing unparsed gets past this file;
 * answers are parsed as well, so a field outside the schema never leaves.
 * Next: mount.ts
 */
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { assert } from '../base/assert.ts';
import type { FieldError } from '../base/problem.ts';
import { reasonIn, runRecorded, type Audit, type AuditOfReading, type RecordAudit } from './audit.ts';
import type { EventFeed } from './event-stream.ts';
import type { Caller } from './caller.ts';
import { fieldErrors, parseOptions } from './field-errors.ts';
import { KEY_PERMISSIONS, type Permission, type Principal } from './principal.ts';
import { problem, type ProblemCode } from '../base/problem.ts';

export type RawBody = string | Uint8Array | Readable;

/** 303 and 400 are for pages that a person sees; programs are refused by a `Problem`. */
type Status = 200 | 201 | 202 | 204 | 303 | 400;
/** A list for what may stand there more than once: `set-cookie`. */
export type AnswerHeaders = Readonly<Record<string, string | string[]>>;
type AnswerSchemas = Readonly<Partial<Record<Status, z.ZodType>>>;

type AnswerOf<A extends AnswerSchemas> = {
  [S in keyof A & number]: {
    readonly status: S;
    readonly headers?: AnswerHeaders;
  } & (undefined extends z.input<NonNullable<A[S]>>
    ? { readonly body?: undefined }
    : { readonly body: z.input<NonNullable<A[S]>> });
}[keyof A & number];

/** What changes something says how it is recorded; the compiler asks for it. */
type Recorded =
  | { readonly method: 'GET'; readonly audit?: AuditOfReading }
  | { readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'; readonly audit: Audit };

interface OperationSpec<
  Params,
  Query,
  Body,
  Headers,
  A extends AnswerSchemas,
  P extends Permission | 'public',
> {
  /** Under `/api/v1` (or at the root when `outside`), parameters as `{id}`: `/messages/{id}`. */
  readonly path: `/${string}`;
  /** At the root of the server instead of under the base. */
  readonly outside?: boolean;
  readonly operationId: string;
  /** One line, imperative. */
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  /** What the caller's role must allow; `public` needs no key, and `principal` is then `undefined`. */
  readonly permission: P;
  /** Path parameters; a value that does not parse cannot exist, so it answers `not_found`. */
  readonly params?: z.ZodType<Params>;
  /** Values are strings (lists when repeated): use `z.coerce`, `z.stringbool`, `pageQuery`. Must be a `z.strictObject`. */
  readonly query?: z.ZodType<Query>;
  /** The query is written by a program that is not ours to correct: names that are not known are passed over. */
  readonly foreignQuery?: boolean;
  /** The body is what a page's form sends, and not JSON. */
  readonly form?: boolean;
  /** Must be strict at its top: unknown fields are refused by name. */
  readonly body?: z.ZodType<Body>;
  /** Names in lower case; other headers are not shown to it. */
  readonly headers?: z.ZodType<Headers> & { readonly shape: Readonly<Record<string, unknown>> };
  /** One schema per status; `z.undefined()` for no body, `rawAnswer(type)` for what is not JSON. */
  readonly answers: A;
  /** What it can refuse beyond what the kit itself refuses (malformed input, permission, size). */
  readonly refusals: readonly ProblemCode[];
  run(request: {
    readonly principal: P extends 'public' ? undefined : Principal;
    readonly params: Params;
    readonly query: Query;
    readonly body: Body;
    readonly headers: Headers;
    readonly caller: Caller;
    /** The same id as in the log and in a 500 answer. */
    readonly requestId: string;
  }): Promise<AnswerOf<A> & { readonly status: Status }>; // the second part keeps `status: 202` a literal type
}

/** What came in, before any schema has seen it. */
export interface Unparsed {
  readonly principal: Principal | undefined;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
  readonly requestId: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: AnswerHeaders | undefined;
  /** JSON text unless `contentType` says otherwise. */
  readonly payload: RawBody | undefined;
  /** Events in place of a payload. */
  readonly feed: EventFeed<unknown> | undefined;
  readonly contentType: string;
}

/** An operation with its types closed in: what `mountOperations` and the OpenAPI document need. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The whole path, base included, parameters as `{id}`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description: string | undefined;
  readonly tags: readonly string[];
  readonly permission: Permission | 'public';
  readonly audit: Audit | AuditOfReading | undefined;
  readonly form: boolean;
  readonly schemas: {
    readonly params: z.ZodType | undefined;
    readonly query: z.ZodType | undefined;
    readonly body: z.ZodType | undefined;
    readonly headers: z.ZodType | undefined;
    readonly answers: ReadonlyMap<number, z.ZodType>;
  };
  readonly refusals: readonly ProblemCode[];
  /** Parses, runs and writes the answer. Rejects with a `Problem`, or with an error that means a bug. */
  handle(request: Unparsed, record: RecordAudit): Promise<Answered>;
}

export const API_BASE = '/api/v1';

const PERMISSIONS: ReadonlySet<string> = new Set([...KEY_PERMISSIONS, 'account', 'public']);

const rawTypes = new WeakMap<z.ZodType, string>();

/** The schema of an answer that is not JSON: text, octets or a stream of this content type. */
export function rawAnswer(contentType: string): z.ZodType<RawBody, RawBody> {
  const schema = z.custom<RawBody>((value) => value !== undefined);
  rawTypes.set(schema, contentType);
  return schema;
}

/** The content type of an answer's schema, when it was made by `rawAnswer`. */
export function rawAnswerType(schema: z.ZodType): string | undefined {
  return rawTypes.get(schema);
}

const eventTypes = new WeakMap<z.ZodType, z.ZodType>();

/** The schema of an answer that tells events as they happen (`text/event-stream`), each with data of this schema. */
export function eventAnswer<I>(event: z.ZodType<unknown, I>): z.ZodType<EventFeed<I>, EventFeed<I>> {
  const schema = z.custom<EventFeed<I>>((value) => typeof value === 'function');
  eventTypes.set(schema, event);
  return schema;
}

/** The schema of one event, when the answer's schema was made by `eventAnswer`. */
export function eventAnswerType(schema: z.ZodType): z.ZodType | undefined {
  return eventTypes.get(schema);
}

/** Defines an operation; `run`'s input and answer are typed by the schemas. Throws when the definition is unsound. */
export function operation<
  const A extends AnswerSchemas,
  const P extends Permission | 'public',
  Params = undefined,
  Query = undefined,
  Body = undefined,
  Headers = undefined,
>(spec: OperationSpec<Params, Query, Body, Headers, A, P> & Recorded): Operation {
  const name = spec.operationId;
  assert(
    spec.method === 'GET' || (spec.audit as unknown) !== undefined,
    `${name}: says not how it is recorded`,
  );
  assert(PERMISSIONS.has(spec.permission), `${name}: has no permission`);
  assert(
    spec.permission !== 'public' || typeof spec.audit !== 'object',
    `${name}: nobody is known to have asked, so it keeps a record of its own`,
  );
  assert(
    spec.foreignQuery === true || isStrict(spec.query),
    `${name}: the query schema must be a z.strictObject`,
  );
  assert(isStrict(spec.body), `${name}: the body schema must be a z.strictObject`);
  const answers = new Map<number, z.ZodType>();
  for (const [status, schema] of Object.entries(spec.answers)) answers.set(Number(status), schema);
  const headerNames = spec.headers ? Object.keys(spec.headers.shape) : [];

  return {
    method: spec.method,
    path: spec.outside === true ? spec.path : API_BASE + spec.path,
    operationId: name,
    summary: spec.summary,
    description: spec.description,
    tags: spec.tags,
    permission: spec.permission,
    audit: spec.audit,
    form: spec.form === true,
    schemas: { params: spec.params, query: spec.query, body: spec.body, headers: spec.headers, answers },
    refusals: spec.refusals,

    async handle(request, record) {
      const errors: FieldError[] = [];
      const params = spec.params ? parseParams(spec.params, request.params) : undefined;
      const query = spec.query
        ? parsePart(spec.query, request.query, '?', errors)
        : refuseQuery(request.query, errors);
      const headers = spec.headers
        ? parsePart(spec.headers, picked(request.headers, headerNames), '', errors)
        : undefined;
      const body = spec.body ? parsePart(spec.body, request.body, '', errors) : undefined;
      if (errors.length > 0) throw invalidRequest(errors);
      // A part without a schema has the type `undefined` (its parameter's default), and `principal` is there unless
      // the permission is `public`; the compiler cannot tie either to the generic parameters.
      const parsed = {
        principal: request.principal,
        params,
        query,
        headers,
        body,
        caller: request.caller,
        requestId: request.requestId,
      };
      const run = () => spec.run(parsed as Parameters<typeof spec.run>[0]);
      const { audit } = spec;
      const { principal, caller } = request;
      const reason = reasonIn(query, body);
      const silent = audit === undefined || audit === 'none' || (spec.method === 'GET' && reason === null);
      if (silent || principal === undefined) return written(name, answers, await run());
      const changesTheOne = 'single' in audit && audit.single;
      const makes = spec.method === 'POST' && spec.params === undefined && !changesTheOne;
      const change = { name, audit, makes, principal, caller, params, reason, record, run };
      return written(name, answers, await runRecorded(change));
    },
  };
}

function parseParams<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (!result.success) throw problem('not_found', { detail: 'There is nothing with this id.' });
  return result.data;
}

function parsePart<T>(
  schema: z.ZodType<T>,
  value: unknown,
  at: '' | '?',
  errors: FieldError[],
): T | undefined {
  const result = schema.safeParse(value, parseOptions);
  if (result.success) return result.data;
  errors.push(...fieldErrors(result.error.issues, at));
  return undefined;
}

/** An operation that takes no query says so, rather than silently ignoring a misspelt filter. */
function refuseQuery(query: unknown, errors: FieldError[]): undefined {
  for (const name in query as object) errors.push({ path: `?${name}`, message: 'is not a known field' });
}

function picked(
  headers: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name of names) if (headers[name] !== undefined) found[name] = headers[name];
  return found;
}

function invalidRequest(errors: readonly FieldError[]) {
  const [first] = errors;
  const rest = errors.length - 1;
  const more = rest === 0 ? '' : ` (and ${String(rest)} more)`;
  return problem('invalid_request', {
    detail: first ? `${first.path} ${first.message}${more}.` : 'The request is invalid.',
    errors,
  });
}

interface AnyAnswer {
  readonly status: number;
  readonly headers?: AnswerHeaders;
  readonly body?: unknown;
}

function written(name: string, answers: ReadonlyMap<number, z.ZodType>, answer: AnyAnswer): Answered {
  const { status, headers, body } = answer;
  const schema = answers.get(status);
  assert(schema, `${name}: answered ${String(status)}, which it does not declare`);
  if (body === undefined) return { status, headers, payload: undefined, feed: undefined, contentType: '' };
  const event = eventTypes.get(schema);
  if (event !== undefined) {
    // Only what eventAnswer made is in eventTypes, and its schema types the body as a feed.
    const feed = checkedFeed(name, event, body as EventFeed<unknown>);
    return { status, headers, payload: undefined, feed, contentType: EVENT_TYPE };
  }
  const contentType = rawTypes.get(schema);
  // Only what rawAnswer made is in rawTypes, and its schema types the body as RawBody.
  if (contentType !== undefined)
    return { status, headers, payload: body as RawBody, feed: undefined, contentType };
  const result = schema.safeParse(body);
  assert(result.success, `${name}: the answer does not fit its schema: ${result.error?.message ?? ''}`);
  const payload = JSON.stringify(result.data);
  return { status, headers, payload, feed: undefined, contentType: JSON_TYPE };
}

/** Events are held against their schema like answers. */
function checkedFeed(name: string, schema: z.ZodType, feed: EventFeed<unknown>): EventFeed<unknown> {
  return ({ send, end, fail }) =>
    feed({
      end,
      fail,
      send(event) {
        const result = schema.safeParse(event.data);
        // Events come at any time: thrown here, nobody might be there to catch it.
        if (result.success) send({ ...event, data: result.data });
        else fail(new Error(`${name}: an event does not fit its schema: ${result.error.message}`));
      },
    });
}

const EVENT_TYPE = 'text/event-stream; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';

/** Whether an object schema (or each member of a union of them) refuses unknown names. */
function isStrict(schema: z.ZodType | undefined): boolean {
  if (schema === undefined) return true;
  if (schema instanceof z.ZodObject) return schema.def.catchall instanceof z.ZodNever;
  if (schema instanceof z.ZodUnion) return schema.def.options.every((option) => isStrict(asSchema(option)));
  return schema instanceof z.ZodPipe ? isStrict(asSchema(schema.def.in)) : true;
}

function asSchema(schema: unknown): z.ZodType | undefined {
  return schema instanceof z.ZodType ? schema : undefined;
}
