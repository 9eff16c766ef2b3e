/**
 * The matrix of isolation (W3): every operation, asked by every role of one tenant with what belongs to another in every
 * place that its schemas have. The answer must be the one for what never existed, and hold nothing of the other.
 * Next: route-seeds.ts
 */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { ROLES, roleMay, type Role } from '../src/access/access.ts';
import type { Operation } from '../src/http/http.ts';
import type { Answer, Api } from './api-scene.ts';
import { addressOf, seedOf, type Planted, type SeedRequest } from './route-seeds.ts';

/** Operations that show the instance's people all tenants, and why. Of a tenant's own people none is here. */
const OF_THE_INSTANCE: Readonly<Record<string, string>> = {
  listTenants: 'the list of tenants is for the people of the instance',
  getTenant: 'as the list',
  createTenant: 'a slug is taken for everybody',
  patchTenant: 'tenants are named by the people of the instance',
};

/** What belongs to the other tenant, beside its like that never existed. */
interface Reference {
  readonly theirs: string;
  readonly ghost: string;
}

interface Place {
  /** Such as `body settings.host`. */
  readonly where: string;
  /** The good request with this text there instead. */
  put(own: SeedRequest, text: string): SeedRequest;
  /** Texts that its schema refuses are nothing that could lead anywhere. */
  takes(text: string): boolean;
}

export interface Matrix {
  readonly operations: number;
  readonly cells: number;
  /** Cells by place: path, query, cursor, body, header, list. */
  readonly byPlace: Readonly<Record<string, number>>;
  /** Too many requests: no leak, and nothing to compare. */
  readonly limited: number;
  readonly leaks: readonly string[];
}

/** Asks everything in the name of `mine` about `theirs`. Throws for an operation without a seed. */
export async function tryMatrix(api: Api, mine: Planted, theirs: Planted): Promise<Matrix> {
  const byPlace: Record<string, number> = {};
  const leaks: string[] = [];
  let limited = 0;
  const named = new Map<Operation, readonly Reference[]>();
  for (const operation of api.operations)
    named.set(operation, pathReferences(operation, await seedOf(operation.operationId)(theirs)));
  const before = await snapshot(api, theirs);
  const attackers = await Promise.all(ROLES.map((role) => attackerOf(api, mine, role)));
  const asked = api.operations.flatMap((operation) =>
    attackers.filter(({ role }) => isAsked(operation, role)).map((attacker) => ({ operation, ...attacker })),
  );
  const count = (kind: string): void => {
    byPlace[kind] = (byPlace[kind] ?? 0) + 1;
  };
  // Lists first: later the names of the other tenant have been sent, and may stand in what was made.
  for (const { operation, role, ask } of asked) {
    count('list');
    const answer = await ask(operation, await seedOf(operation.operationId)(mine));
    // Everybody may read the metrics, where a connection of a tenant is called by its id.
    const ids = operation.permission === 'public' ? [] : Object.values(theirs.ids);
    for (const found of heldIn(answer, [...privateTexts(theirs), ...ids]))
      leaks.push(`${operation.operationId} as ${role}, list: ${found}`);
  }
  for (const { operation, role, ask } of asked) {
    const good = await seedOf(operation.operationId)(mine);
    const references = [...referencesTo(theirs), ...(named.get(operation) ?? [])];
    for (const place of placesOf(operation, role)) {
      // In the path every role is tried; elsewhere one of the instance and one of the tenant.
      const inPath = place.where.startsWith('path');
      if (!inPath && role !== firstOfItsHome(operation, role)) continue;
      // What makes something does it once; a request of the same name would be refused for that.
      const fresh = operation.method === 'POST' && !operation.path.includes('{');
      const own = async () => (fresh ? seedOf(operation.operationId)(mine) : good);
      const leak = (what: string) =>
        leaks.push(`${operation.operationId} as ${role}, ${place.where}: ${what}`);
      for (const { theirs: theirName, ghost } of references) {
        const [told, wanted] = [textFor(place, theirName), textFor(place, ghost)];
        if (!place.takes(told) || !place.takes(wanted)) continue;
        count(place.where.split(' ')[0] ?? '');
        const answer = await ask(operation, place.put(await own(), told));
        const never = await ask(operation, place.put(await own(), wanted));
        for (const found of heldIn(answer, privateTexts(theirs))) leak(found);
        if (answer.status === 429 || never.status === 429) limited += 1;
        else if (!isAlike(operation, [answer, theirName, told], [never, ghost, wanted]))
          leak(`${theirName}: ${brief(answer)}; never existed: ${brief(never)}`);
        // It takes any text, and something was made with it: text it is.
        if (!inPath && answer.status === never.status && [201, 202].includes(answer.status)) break;
      }
    }
  }
  const after = await snapshot(api, theirs);
  for (const [name, text] of before)
    if (after.get(name) !== text) leaks.push(`${name} of the other tenant shows something else now`);
  const cells = Object.values(byPlace).reduce((sum, one) => sum + one, 0);
  return { operations: api.operations.length, cells, byPlace, limited, leaks };
}

function firstOfItsHome(operation: Operation, role: Role): Role | undefined {
  return ROLES.find((one) => ofInstance(one) === ofInstance(role) && isAsked(operation, one));
}

/** Who has no permission is asked in `permissions.test.ts`. */
function isAsked({ permission, operationId }: Operation, role: Role): boolean {
  if (permission !== 'public' && !roleMay(role, permission)) return false;
  return !(ofInstance(role) && Object.hasOwn(OF_THE_INSTANCE, operationId));
}

const ofInstance = (role: Role): boolean => !role.startsWith('tenant_');

async function attackerOf(api: Api, mine: Planted, role: Role) {
  const tenantRole = !ofInstance(role);
  const key = await api.makeKey({ role, name: mine.canary, ...(tenantRole && { tenant: mine.slug }) });
  const acting = tenantRole ? {} : { 'posthorn-tenant': mine.slug };
  return {
    role,
    ask: (operation: Operation, request: SeedRequest): Promise<Answer> =>
      api.ask(operation.method, addressOf(operation, request), {
        key: operation.permission === 'public' ? null : key,
        headers: { ...(operation.permission !== 'public' && acting), ...request.headers },
        ...(request.body !== undefined && { body: request.body }),
      }),
  };
}

function referencesTo({ ids, slug, tenantId }: Planted): Reference[] {
  return [
    ...[...Object.values(ids), tenantId].map((theirs) => ({ theirs, ghost: nextTo(theirs) })),
    { theirs: slug, ghost: nextTo(slug) },
  ];
}

/** What never existed, and would stand right beside it in a list. */
function nextTo(id: string): string {
  const last = id.at(-1) ?? '';
  return id.slice(0, -1) + (last === '0' ? '1' : '0');
}

/** What the operation's own seed names in the other tenant, such as a connection that can be activated. */
function pathReferences({ path }: Operation, { params = {} }: SeedRequest): Reference[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const first = params[names[0] ?? ''];
  if (first === undefined) return [];
  return [{ theirs: first, ghost: nextTo(first) }];
}

/** Every place where the request could name something: what no operation has is not there. */
function placesOf({ path, schemas, permission }: Operation, role: Role): Place[] {
  const any = () => true;
  const places: Place[] = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    where: `path ${name}`,
    put: (own, text) => ({ ...own, params: { ...own.params, [name]: text } }),
    takes: any,
  }));
  for (const { path: at, schema } of fieldsOf(schemas.query))
    places.push({
      where: at.join() === 'cursor' ? 'cursor' : `query ${at.join('.')}`,
      put: (own, text) => ({ ...own, query: { ...own.query, [at.join('.')]: text } }),
      takes: (text) => schema.safeParse(text).success,
    });
  for (const { path: at, schema } of fieldsOf(schemas.headers))
    places.push({
      where: `header ${at.join('.')}`,
      put: (own, text) => ({ ...own, headers: { ...own.headers, [at.join('.')]: text } }),
      takes: (text) => schema.safeParse(text).success,
    });
  for (const { path: at, schema } of fieldsOf(schemas.body))
    for (const wrap of [(text: string): unknown => text, (text: string): unknown => [text]])
      places.push({
        where: `body ${at.join('.')}`,
        put: (own, text) => ({ ...own, body: putAt(own.body, at, wrap(text)) }),
        takes: (text) => schema.safeParse(wrap(text)).success,
      });
  if (permission !== 'public' && !ofInstance(role))
    places.push({
      where: 'header Posthorn-Tenant',
      put: (own, text) => ({ ...own, headers: { ...own.headers, 'posthorn-tenant': text } }),
      takes: any,
    });
  return places;
}

/** A cursor is an id in other letters, and a search line names fields. */
function textFor({ where }: Place, text: string): string {
  if (where === 'cursor') return Buffer.from(`after:${text}`).toString('base64url');
  return where === 'query q' ? `id:${text}` : text;
}

interface Field {
  readonly path: readonly string[];
  readonly schema: z.ZodType;
}

/** Fields of a schema, two deep. */
function fieldsOf(schema: unknown, at: readonly string[] = []): Field[] {
  if (!(schema instanceof z.ZodType) || at.length > 2) return [];
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, inner]) => [
      { path: [...at, name], schema: inner },
      ...fieldsOf(inner, [...at, name]),
    ]);
  if (schema instanceof z.ZodUnion) return schema.def.options.flatMap((one) => fieldsOf(one, at));
  if (schema instanceof z.ZodPipe) return fieldsOf(schema.def.in, at);
  const { def } = schema as { readonly def: { readonly innerType?: unknown } };
  return fieldsOf(def.innerType, at);
}

function putAt(body: unknown, [name = '', ...rest]: readonly string[], value: unknown): unknown {
  const held = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  return { ...held, [name]: rest.length === 0 ? value : putAt(held[name], rest, value) };
}

const privateTexts = ({ canary, secret }: Planted): string[] => [canary, secret];

/** Which of these texts an answer holds. */
function heldIn({ text, headers }: Answer, texts: readonly string[]): string[] {
  const whole = `${text}\n${JSON.stringify(headers)}`;
  return texts.filter((one) => whole.includes(one));
}

type Told = readonly [answer: Answer, named: string, text: string];

/** The same status; and the same body, unless something was made, which differs by itself. */
function isAlike({ method }: Operation, one: Told, other: Told): boolean {
  const [answer] = one;
  if (answer.status !== other[0].status) return false;
  return (method !== 'GET' && answer.status < 300) || plainText(one) === plainText(other);
}

function plainText([{ text }, named, told]: Told): string {
  return text
    .replaceAll(told, 'NAMED')
    .replaceAll(named, 'NAMED')
    .replaceAll(/\b[a-z]{3}_[0-9a-z]{26}(?:-\w+)?\b/g, 'ID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/"(?:ms|ageDays)":\d+/g, '"ms":0');
}

const brief = ({ status, text }: Answer): string => `${String(status)} ${text.slice(0, 160)}`;

/** Everything that the other tenant's own admin can read. */
async function snapshot(api: Api, tenant: Planted): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const operation of api.operations) {
    if (operation.method !== 'GET' || operation.permission === 'public') continue;
    if (!roleMay('tenant_admin', operation.permission)) continue;
    const seed = await seedOf(operation.operationId)(tenant);
    const answer = await api.ask('GET', addressOf(operation, seed), { key: tenant.key });
    assert.ok(answer.status < 300, answer.text);
    const { text } = answer;
    found.set(operation.operationId, text.replaceAll(/"(?:lastUsed\w+|ageDays)":(?:"[^"]*"|\w+)/g, ''));
  }
  return found;
}
