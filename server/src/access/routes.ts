/**
 * API keys over the API: made once and shown once, rolled with an overlap, revoked. Nobody can make a key that may more
 * than the one it is made with (W4).
 */
import { z } from 'zod';
import { toRfc3339, type Clock } from '../base/clock.ts';
import { isId } from '../base/id.ts';
import { operation, pageAnswer, problem, type Operation, type Principal } from '../http/http.ts';
import type { Db } from '../store/store.ts';
import {
  createKey,
  getKey,
  keyState,
  listKeys,
  revokeKey,
  rollKey,
  type ApiKey,
  type CreatedKey,
} from './keys.ts';
import { isInstanceRole, mayI, permissionsOf, ROLES } from './roles.ts';

export interface KeyDeps {
  readonly db: Db;
  readonly clock: Clock;
}

const tags = ['API keys'];
const role = z.enum(ROLES).meta({ id: 'Role' });
const kind = z.enum(['live', 'test']);
const name = z.string().regex(/^[^\u0000-\u001f\u007f]{1,100}$/, {
  error: 'must be 1 to 100 characters without control characters',
});
const time = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 time such as 2027-01-31T10:00:00Z' })
  .transform((value) => Date.parse(value));

const keyView = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: kind.describe('Mail of a `test` key is always captured.'),
    role,
    state: z.enum(['active', 'expired', 'revoked']),
    createdAt: z.string(),
    expiresAt: z.string().nullable(),
    revokedAt: z.string().nullable(),
    lastUsedAt: z.string().nullable().describe('Written at most once a minute.'),
  })
  .meta({ id: 'ApiKey', description: 'What can be shown of a key; never the key itself.' });

const createdView = z
  .object({ id: z.string(), key: z.string().describe('Shown now and never again.') })
  .meta({ id: 'CreatedKey' });

const params = z.strictObject({ id: z.string().refine((id) => isId('key', id)) });

const HOUR_MS = 3_600_000;

export function keyOperations({ db, clock }: KeyDeps): Operation[] {
  return [
    operation({
      method: 'GET',
      path: '/keys',
      operationId: 'listKeys',
      summary: 'List the API keys, newest first',
      tags,
      permission: 'keys:read',
      answers: { 200: pageAnswer(keyView) },
      refusals: [],
      async run({ principal }) {
        const keys = await listKeys(db, principal.tenantId);
        return { status: 200, body: { items: keys.map((key) => viewKey(key, clock.now())), next: null } };
      },
    }),
    operation({
      method: 'POST',
      path: '/keys',
      operationId: 'createKey',
      summary: 'Make an API key; it is shown this one time',
      tags,
      permission: 'keys:write',
      body: z.strictObject({ name, kind: kind.default('live'), role, expiresAt: time.optional() }),
      answers: { 201: createdView },
      refusals: ['forbidden'],
      async run({ principal, body }) {
        refuseGreater(principal, body);
        if (body.expiresAt !== undefined && body.expiresAt <= clock.now()) throw inThePast();
        const { expiresAt, ...rest } = body;
        const made = await createKey(db, clock, {
          ...rest,
          tenantId: principal.tenantId,
          ...(expiresAt !== undefined && { expiresAt }),
        });
        return created(made);
      },
    }),
    operation({
      method: 'POST',
      path: '/keys/{id}/roll',
      operationId: 'rollKey',
      summary: 'Make a key in place of this one, which goes on for a while',
      tags,
      permission: 'keys:write',
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
        const made = await rollKey(db, clock, key, body.overlapHours * HOUR_MS);
        if (made === undefined) throw problem('conflict', { detail: `The key ${id} no longer works.` });
        return created(made);
      },
    }),
    operation({
      method: 'DELETE',
      path: '/keys/{id}',
      operationId: 'revokeKey',
      summary: 'Revoke a key: it is refused within a second, everywhere',
      tags,
      permission: 'keys:write',
      params,
      answers: { 204: z.undefined() },
      refusals: ['not_found', 'forbidden'],
      async run({ principal, params: { id } }) {
        const key = await mustFind(db, principal, id);
        refuseGreater(principal, key);
        await revokeKey(db, clock, { tenantId: principal.tenantId, id });
        return { status: 204 };
      },
    }),
  ];
}

function created({ id, key }: CreatedKey) {
  return { status: 201 as const, body: { id, key } };
}

async function mustFind(db: Db, { tenantId }: Principal, id: string): Promise<ApiKey> {
  const key = await getKey(db, tenantId, id);
  if (key === undefined) throw problem('not_found', { detail: `There is no key ${id}.` });
  return key;
}

/** A key may be made, rolled and revoked only with one that may do all that it may. */
function refuseGreater(principal: Principal, wanted: Pick<ApiKey, 'role' | 'kind'>): void {
  const refused = (path: string, what: string) =>
    problem('forbidden', {
      detail: `A ${principal.kind} key of the role ${principal.role} does not make or end ${what}.`,
      errors: [{ path, message: 'may more than the key that asks' }],
    });
  if (principal.kind === 'test' && wanted.kind === 'live') throw refused('kind', 'a live one');
  const lacks = permissionsOf(wanted.role).some((permission) => !mayI(principal, permission));
  const outside = isInstanceRole(wanted.role) && !isInstanceRole(principal.role);
  if (lacks || outside) throw refused('role', `one of the role ${wanted.role}`);
}

function inThePast() {
  return problem('invalid_request', {
    detail: 'expiresAt is in the past.',
    errors: [{ path: 'expiresAt', message: 'is in the past' }],
  });
}

function viewKey(key: ApiKey, now: number): z.input<typeof keyView> {
  const shownTime = (at: number | null) => (at === null ? null : toRfc3339(at));
  return {
    id: key.id,
    name: key.name,
    kind: key.kind,
    role: key.role,
    state: keyState(key, now),
    createdAt: toRfc3339(key.createdAt),
    expiresAt: shownTime(key.expiresAt),
    revokedAt: shownTime(key.revokedAt),
    lastUsedAt: shownTime(key.lastUsedAt),
  };
}
