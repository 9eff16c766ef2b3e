/**
 * What each role may. Deny by default: a permission that is not listed is not there (W4).
 * Next: authenticate.ts
 */
import type { Permission, Principal, Role } from '../http/http.ts';

export const ROLES = [
  'instance_admin',
  'operator',
  'instance_developer',
  'auditor',
  'tenant_admin',
  'tenant_developer',
  'tenant_viewer',
] as const satisfies readonly Role[];

/** What everybody may who may anything. */
const VIEWER: readonly Permission[] = ['messages:read', 'settings:read', 'mailbox:read'];

const DEVELOPER: readonly Permission[] = [
  ...VIEWER,
  'messages:body',
  'messages:write',
  'messages:act',
  'connections:read',
  'connections:test',
  'mailbox:write',
  'keys:read',
  'keys:test',
];

const TENANT_ADMIN: readonly Permission[] = [
  ...DEVELOPER,
  'settings:write',
  'connections:write',
  'keys:write',
  'people:read',
  'people:write',
  'audit:read',
  'queue:read',
];

const GRANTS: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  instance_admin: new Set([...TENANT_ADMIN, 'secrets:read', 'tenants:read', 'tenants:write', 'queue:write']),
  operator: new Set([
    ...VIEWER,
    'messages:body',
    'messages:act',
    'connections:read',
    'connections:test',
    'mailbox:write',
    'tenants:read',
    'audit:read',
    'queue:read',
    'queue:write',
  ]),
  instance_developer: new Set([...DEVELOPER, 'tenants:read']),
  auditor: new Set([
    'messages:read',
    'settings:read',
    'connections:read',
    'secrets:read',
    'tenants:read',
    'keys:read',
    'people:read',
    'audit:read',
    'queue:read',
  ]),
  tenant_admin: new Set(TENANT_ADMIN),
  tenant_developer: new Set(DEVELOPER),
  tenant_viewer: new Set(VIEWER),
};

/** Whether the principal may do this, in the tenant it acts in. */
export function mayI(principal: Principal, permission: Permission): boolean {
  if (permission === 'account') return principal.sessionId !== undefined;
  return roleMay(principal.role, permission) && isLeft(principal.only, permission);
}

/** Who may make any key may make one for tests. */
function isLeft(only: ReadonlySet<Permission> | undefined, permission: Permission): boolean {
  return only === undefined || only.has(permission) || (permission === 'keys:test' && only.has('keys:write'));
}

export function roleMay(role: Role, permission: Permission): boolean {
  return GRANTS[role].has(permission);
}

/** Everything that a role includes. */
export function permissionsOf(role: Role): readonly Permission[] {
  return [...GRANTS[role]];
}

export function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text);
}

const OF_INSTANCE: ReadonlySet<Role> = new Set([
  'instance_admin',
  'operator',
  'instance_developer',
  'auditor',
]);

/** An instance role belongs to the instance and may act in any tenant; a tenant role only in its own. */
export function isInstanceRole(role: Role): boolean {
  return OF_INSTANCE.has(role);
}
