/**
 * API keys over the API: made once and shown once, changed, rolled with an overlap, revoked. Nobody can make a key that
 * may more than the one it is made with (W4). Next: key-view.ts
 */
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import {
  operation,
  pageAnswer,
  pageOf,
  pageQuery,
  problem,
  readCursor,
  type Audit,
  type Operation,
  type Principal,
} from '../http/http.ts';
import type { Db } from '../store/store.ts';
import { createdView, keyParams, keyPatch, keyView, newKeyBody, refuseGreater, viewKey } from './key-view.ts';
import { createKey, getKey, listKeys, patchKey, revokeKey, rollKey } from './keys.ts';
import type { ApiKey, CreatedKey } from './keys.ts';

export { auditOperations } from './audit-operations.ts';

export interface KeyDeps {
  readonly db: Db;
  readonly clock: Clock;
}

const tags = ['API keys'];
const params = keyParams;
const HOUR_MS = 3_600_000;

export function keyOperations(deps: KeyDeps): Operation[] {
  return [listing(deps), making(deps), showing(deps), patching(deps), rolling(deps), revoking(deps)];
}

function listing({ db, clock }: KeyDeps): Operation {
  return operation({
    method: 'GET',
    path: '/keys',
    operationId: 'listKeys',
    summary: 'List the API keys, newest first',
    tags,
    permission: 'keys:read',
    query: z.strictObject(pageQuery),
    answers: { 200: pageAnswer(keyView) },
    refusals: [],
    async run({ principal, query: { limit, cursor } }) {
      const before = readCursor(cursor, 'key');
      const rows = await listKeys(db, principal.tenantId, { before, limit: limit + 1 });
      const page = pageOf(rows, limit, ({ id }) => id);
      const now = clock.now();
      return { status: 200, body: { items: page.items.map((key) => viewKey(key, now)), next: page.next } };
    },
  });
}

function making(deps: KeyDeps): Operation {
  const { db, clock } = deps;
  return operation({
    method: 'POST',
    path: '/keys',
    operationId: 'createKey',
    summary: 'Make an API key; it is shown this one time',
    description: 'With `keys:test` only test keys can be made, changed, rolled and revoked.',
    tags,
    permission: 'keys:test',
    audit: audited(deps),
    body: newKeyBody,
    answers: { 201: createdView },
    refusals: ['forbidden'],
    async run({ principal, body }) {
      refuseGreater(principal, body);
      refusePast(body.expiresAt, clock);
      const { tenantId } = principal;
      return created(await createKey(db, clock, { ...given(body), tenantId, createdBy: makerOf(principal) }));
    },
  });
}

function showing({ db, clock }: KeyDeps): Operation {
  return operation({
    method: 'GET',
    path: '/keys/{id}',
    operationId: 'getKey',
    summary: 'Show one API key; never the key itself',
    tags,
    permission: 'keys:read',
    params,
    answers: { 200: keyView },
    refusals: ['not_found'],
    run: async ({ principal, params: { id } }) => ({
      status: 200,
      body: viewKey(await mustFind(db, principal, id), clock.now()),
    }),
  });
}

function patching(deps: KeyDeps): Operation {
  const { db, clock } = deps;
  return operation({
    method: 'PATCH',
    path: '/keys/{id}',
    operationId: 'patchKey',
    summary: 'Change name, notes, networks or end of a key; never what it may',
    description:
      'In force within a second, everywhere. A key does not change its own networks and end. What a key may is changed ' +
      'by making another.',
    tags,
    permission: 'keys:test',
    audit: audited(deps),
    params,
    body: keyPatch,
    answers: { 200: keyView },
    refusals: ['not_found', 'forbidden', 'conflict'],
    async run({ principal, params: { id }, body }) {
      const key = await mustFind(db, principal, id);
      refuseGreater(principal, key);
      refuseOwnBounds(principal, id, body);
      refusePast(body.expiresAt ?? undefined, clock);
      if (!(await patchKey(db, clock, key, body))) throw ended(id);
      return { status: 200, body: viewKey(await mustFind(db, principal, id), clock.now()) };
    },
  });
}

function rolling(deps: KeyDeps): Operation {
  const { db, clock } = deps;
  return operation({
    method: 'POST',
    path: '/keys/{id}/roll',
    operationId: 'rollKey',
    summary: 'Make a key in place of this one, which goes on for a while',
    tags,
    permission: 'keys:test',
    audit: audited(deps),
    params,
    body: z
      .strictObject({
        overlapHours: z.int().min(0).max(168).default(24).describe('How long the old key still works.'),
      })
      .prefault({}),
    answers: { 201: createdView },
    refusals: ['not_found', 'forbidden', 'conflict'],
    async run({ principal, params: { id }, body }) {
      const key = await mustFind(db, principal, id);
      refuseGreater(principal, key);
      const how = { overlapMs: body.overlapHours * HOUR_MS, by: makerOf(principal) };
      const made = await rollKey(db, clock, key, how);
      if (made === undefined) throw ended(id);
      return created(made);
    },
  });
}

function revoking(deps: KeyDeps): Operation {
  const { db, clock } = deps;
  return operation({
    method: 'DELETE',
    path: '/keys/{id}',
    operationId: 'revokeKey',
    summary: 'Revoke a key: it is refused within a second, everywhere',
    tags,
    permission: 'keys:test',
    audit: audited(deps),
    params,
    answers: { 204: z.undefined() },
    refusals: ['not_found', 'forbidden'],
    async run({ principal, params: { id } }) {
      const key = await mustFind(db, principal, id);
      refuseGreater(principal, key);
      await revokeKey(db, clock, { tenantId: principal.tenantId, id });
      return { status: 204 };
    },
  });
}

/** How a key is recorded: without when it was used. */
function audited({ db, clock }: KeyDeps): Audit {
  return {
    thing: 'key',
    async view(principal, id) {
      const shown = viewKey(await mustFind(db, principal, id), clock.now());
      const { lastUsedAt: _at, lastUsedAddress: _address, lastUsedAgent: _agent, ...rest } = shown;
      return rest;
    },
  };
}

function created({ id, key }: CreatedKey) {
  return { status: 201 as const, body: { id, key } };
}

/** Absent fields are not there at all. */
function given({ expiresAt, permissions, networks, notes, ...rest }: z.output<typeof newKeyBody>) {
  return {
    ...rest,
    expiresAt: expiresAt ?? null,
    permissions: permissions === undefined ? null : [...new Set(permissions)],
    networks: networks ?? null,
    notes: notes ?? null,
  };
}

function makerOf({ actorId, actorName }: Principal) {
  return { id: actorId, name: actorName };
}

async function mustFind(db: Db, { tenantId }: Principal, id: string): Promise<ApiKey> {
  const key = await getKey(db, tenantId, id);
  if (key === undefined) throw problem('not_found', { detail: `There is no key ${id}.` });
  return key;
}

function ended(id: string) {
  return problem('conflict', { detail: `The key ${id} no longer works.` });
}

function refusePast(expiresAt: number | undefined, clock: Clock): void {
  if (expiresAt === undefined || expiresAt > clock.now()) return;
  throw problem('invalid_request', {
    detail: 'expiresAt is in the past.',
    errors: [{ path: 'expiresAt', message: 'is in the past' }],
  });
}

/** Bounds that a key could lift itself would bound nobody who has stolen it. */
function refuseOwnBounds(principal: Principal, id: string, change: z.output<typeof keyPatch>): void {
  const paths = (['networks', 'expiresAt'] as const).filter((path) => change[path] !== undefined);
  if (principal.actorId !== id || paths.length === 0) return;
  throw problem('forbidden', {
    detail: 'A key does not change its own networks and end.',
    errors: paths.map((path) => ({ path, message: 'is changed with another key' })),
  });
}
