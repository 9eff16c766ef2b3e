/**
 * A key as the API shows it, the fields that can be given, and who may make, change or end which (W4).
 * Next: routes.ts
 */
import { z } from 'zod';
import { toRfc3339 } from '../base/clock.ts';
import { isId } from '../base/id.ts';
import { KEY_PERMISSIONS, problem, type Principal } from '../http/http.ts';
import { isNetwork } from '../net/net.ts';
import { keyState, type ApiKey } from './keys.ts';
import { isInstanceRole, mayI, permissionsOf, roleMay, ROLES } from './roles.ts';

const NETWORKS_MAX = 50;
const role = z.enum(ROLES).meta({ id: 'Role' });
const kind = z.enum(['live', 'test']);
const permission = z.enum(KEY_PERMISSIONS).meta({ id: 'Permission' });
const name = z.string().regex(/^[^\u0000-\u001f\u007f]{1,100}$/, {
  error: 'must be 1 to 100 characters without control characters',
});
const notes = z.string().regex(/^[^\u0000-\u0009\u000b-\u001f\u007f]{0,1000}$/, {
  error: 'must be at most 1000 characters without control characters',
});
const networks = z
  .array(
    z
      .string()
      .max(64)
      .refine(isNetwork, { error: 'must be a network or an address, such as 192.0.2.0/24 or 2001:db8::1' }),
  )
  .min(1)
  .max(NETWORKS_MAX)
  .describe('Networks and addresses that it may be used from. Any, when there are none.');
/** A time in a request, as epoch ms. */
export const timeIn = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 time such as 2027-01-31T10:00:00Z' })
  .transform((value) => Date.parse(value));

export const newKeyBody = z.strictObject({
  name,
  kind: kind.default('live'),
  role,
  expiresAt: timeIn.optional(),
  permissions: z
    .array(permission)
    .min(1)
    .max(KEY_PERMISSIONS.length)
    .optional()
    .describe('What is left of the permissions of the role. All of them, when absent.'),
  networks: networks.optional(),
  notes: notes.optional(),
});

export const keyPatch = z
  .strictObject({
    name: name.optional(),
    notes: notes.nullable().optional(),
    networks: networks.nullable().optional(),
    expiresAt: timeIn.nullable().optional(),
  })
  .meta({ id: 'ApiKeyPatch', description: 'Absent keeps, `null` clears.' });

export const keyView = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: kind.describe('Mail of a `test` key is always captured.'),
    role,
    permissions: z.array(permission).nullable().describe('`null`: all of the role.'),
    networks: z.array(z.string()).nullable().describe('`null`: from anywhere.'),
    notes: z.string().nullable(),
    state: z.enum(['active', 'expired', 'revoked']),
    createdAt: z.string(),
    createdBy: z
      .object({ id: z.string(), name: z.string() })
      .nullable()
      .describe('`null`: on the machine itself, by command.'),
    expiresAt: z.string().nullable(),
    revokedAt: z.string().nullable(),
    lastUsedAt: z.string().nullable().describe('Written at most once a minute.'),
    lastUsedAddress: z.string().nullable(),
    lastUsedAgent: z.string().nullable().describe('The `User-Agent` of that request.'),
  })
  .meta({ id: 'ApiKey', description: 'What can be shown of a key; never the key itself.' });

export const createdView = z
  .object({ id: z.string(), key: z.string().describe('Shown now and never again.') })
  .meta({ id: 'CreatedKey' });

/** What does not have the form of an id is not asked for. */
export const keyParams = z.strictObject({ id: z.string().refine((id) => isId('key', id)) });

export function viewKey(key: ApiKey, now: number): z.input<typeof keyView> {
  const shownTime = (at: number | null) => (at === null ? null : toRfc3339(at));
  const { id, role: itsRole, kind: itsKind, notes: itsNotes, createdBy, lastUse } = key;
  return {
    ...{ id, name: key.name, kind: itsKind, role: itsRole, notes: itsNotes, createdBy },
    permissions: key.permissions === null ? null : [...key.permissions],
    networks: key.networks === null ? null : [...key.networks],
    state: keyState(key, now),
    createdAt: toRfc3339(key.createdAt),
    expiresAt: shownTime(key.expiresAt),
    revokedAt: shownTime(key.revokedAt),
    lastUsedAt: shownTime(lastUse?.at ?? null),
    lastUsedAddress: lastUse?.address ?? null,
    lastUsedAgent: lastUse?.userAgent ?? null,
  };
}

type Wanted = Pick<ApiKey, 'role' | 'kind'> & { readonly permissions?: ApiKey['permissions'] | undefined };

/** A key may be made, changed, rolled and revoked only by one who may do all that it may. */
export function refuseGreater(principal: Principal, wanted: Wanted): void {
  const refused = (path: string, what: string) =>
    problem('forbidden', {
      detail: `A ${principal.kind} key of the role ${principal.role} does not make, change or end ${what}.`,
      errors: [{ path, message: 'may more than who asks' }],
    });
  const liveToo = principal.kind === 'live' && mayI(principal, 'keys:write');
  if (wanted.kind === 'live' && !liveToo) throw refused('kind', 'a live one');
  const ofRole = permissionsOf(wanted.role);
  const outside = isInstanceRole(wanted.role) && !isInstanceRole(principal.role);
  if (outside || ofRole.some((one) => !roleMay(principal.role, one)))
    throw refused('role', `one of the role ${wanted.role}`);
  const lacking = (wanted.permissions ?? ofRole).find((one) => !mayI(principal, one));
  if (lacking !== undefined) throw refused('permissions', `one that may ${lacking}`);
}
