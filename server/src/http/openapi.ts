/**
 * The OpenAPI 3.1 document, made from the operations alone: no server needs to run for it.
 * Next: openapi-components.ts
 */
import { z } from 'zod';
import { createComponents, type Components, type Json } from './openapi-components.ts';
import { eventAnswerType, rawAnswerType, type Operation } from './operation.ts';
import { PROBLEMS, type ProblemCode } from '../base/problem.ts';

const STATUS_WORDS: Readonly<Record<number, string>> = {
  200: 'Done',
  201: 'Created',
  202: 'Accepted',
  204: 'Done, no content',
  303: 'Go on there',
  400: 'A page that says what is wrong',
};

const FORM_TYPE = 'application/x-www-form-urlencoded';

/** The document as a plain value; the same operations always give the same one. */
export function openApiDocument(operations: readonly Operation[], version: string): Json {
  const components = createComponents();
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const path = (paths[operation.path] ??= {});
    path[operation.method.toLowerCase()] = describe(operation, components);
  }
  const tags = [...new Set(operations.flatMap((operation) => operation.tags))];
  return components.resolve({
    openapi: '3.1.1',
    info: { title: 'Posthorn', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    tags: tags.map((name) => ({ name })),
    security: [{ apiKey: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'ph_live_… or ph_test_…' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-posthorn',
          description: 'A person who is signed in. What changes something also sends `Posthorn-CSRF`.',
        },
      },
      schemas: { Problem: PROBLEM_SCHEMA, ...components.schemas() },
    },
  });
}

function describe(operation: Operation, components: Components): Json {
  const { schemas, permission } = operation;
  const parameters = [
    ...pathParameters(operation.path, components.use(schemas.params, 'input')),
    ...parametersIn('query', components.use(schemas.query, 'input')),
    ...parametersIn('header', components.use(schemas.headers, 'input')),
    ...(permission === 'public' ? [] : [TENANT_HEADER]),
  ];
  return {
    operationId: operation.operationId,
    summary: operation.summary,
    ...(operation.description === undefined ? {} : { description: operation.description }),
    tags: operation.tags,
    ...(permission === 'public' ? { security: [] } : { 'x-permission': permission }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(schemas.body
      ? {
          requestBody: {
            required: !schemas.body.safeParse(undefined).success,
            content: {
              [operation.form ? FORM_TYPE : 'application/json']: {
                schema: components.use(schemas.body, 'input'),
              },
            },
          },
        }
      : {}),
    responses: { ...answers(schemas.answers, components), ...refusals(operation) },
  };
}

const TENANT_HEADER: Json = {
  name: 'Posthorn-Tenant',
  in: 'header',
  required: false,
  description:
    'The tenant to act in, by its slug. For keys and people of the instance; without it they act in the instance itself.',
  schema: { type: 'string' },
};

function pathParameters(path: string, schema: Json | undefined): Json[] {
  const properties = asObject(schema?.properties);
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: properties[name] ?? { type: 'string' },
  }));
}

function parametersIn(place: 'query' | 'header', schema: Json | undefined): Json[] {
  const required = Array.isArray(schema?.required) ? schema.required : [];
  return Object.entries(asObject(schema?.properties)).map(([name, value]) => {
    const { description, ...rest } = asObject(value);
    return {
      name: place === 'header' ? name.replace(/(^|-)[a-z]/g, (letters) => letters.toUpperCase()) : name,
      in: place,
      required: required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

function answers(schemas: ReadonlyMap<number, z.ZodType>, components: Components): Json {
  const found: Json = {};
  for (const [status, schema] of schemas) {
    const raw = rawAnswerType(schema);
    const description = STATUS_WORDS[status] ?? 'Done';
    const event = eventAnswerType(schema);
    if (event !== undefined) {
      const content = { 'text/event-stream': { schema: components.use(event, 'output') } };
      found[status] = { description: 'Events, each with this as its `data`', content };
    } else if (raw !== undefined)
      found[status] = { description, content: { [raw]: { schema: { type: 'string' } } } };
    else if (schema instanceof z.ZodUndefined) found[status] = { description };
    else
      found[status] = {
        description,
        content: { 'application/json': { schema: components.use(schema, 'output') } },
      };
  }
  return found;
}

/** Its own refusals and those of the kit, one entry per status with the codes in its text. */
function refusals(operation: Operation): Json {
  const codes = new Set<ProblemCode>(operation.refusals);
  if (operation.permission !== 'public') codes.add('unauthorized').add('forbidden').add('tenant_suspended');
  const { params, query, body, headers } = operation.schemas;
  if (query || body || headers) codes.add('invalid_request');
  if (body) codes.add('malformed_json').add('unsupported_media_type').add('body_too_large').add('overloaded');
  if (params) codes.add('not_found');
  codes.add('internal');
  const byStatus: Record<string, ProblemCode[]> = {};
  for (const code of codes) (byStatus[PROBLEMS[code].status] ??= []).push(code);
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, list]) => [
      status,
      {
        description: list.map((code) => `\`${code}\`: ${PROBLEMS[code].doc}`).join('\n\n'),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

const PROBLEM_SCHEMA: Json = {
  type: 'object',
  description: 'Why a request was not done (RFC 9457).',
  properties: {
    type: { type: 'string', description: 'Where the code is explained.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What was wrong this time.' },
    code: { type: 'string', enum: Object.keys(PROBLEMS) },
    instance: { type: 'string', description: 'The id under which the server log holds more.' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { path: { type: 'string' }, message: { type: 'string' } },
        required: ['path', 'message'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'code'],
};

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}; // schemas are plain JSON here
}
