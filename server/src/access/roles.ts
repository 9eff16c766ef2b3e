/**
 * What each role may. Deny by default: a permission that is not listed is not there (W4).
 * Next: authenticate.ts
 */
import type { Permission, Principal, Role } from '../http/http.ts';

export const ROLES = ['instance_admin', 'instance_developer', 'tenant_admin', 'tenant_developer'] as const;

const DEVELOPER: readonly Permission[] = [
  'messages:read',
  'messages:write',
  'connections:read',
  'connections:test',
  'mailbox:read',
  'mailbox:write',
  'settings:read',
];

const TENANT_ADMIN: readonly Permission[] = [
  ...DEVELOPER,
  'settings:write',
  'keys:read',
  'keys:write',
  'queue:read',
];

const INSTANCE_ADMIN: readonly Permission[] = [
  ...TENANT_ADMIN,
  'connections:write',
  'secrets:read',
  'tenants:read',
  'tenants:write',
  'queue:write',
];

const GRANTS: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  instance_admin: new Set(INSTANCE_ADMIN),
  instance_developer: new Set(DEVELOPER),
  tenant_admin: new Set(TENANT_ADMIN),
  tenant_developer: new Set(DEVELOPER),
};

/** Whether the principal's role includes the permission, in the tenant it acts in. */
export function mayI(principal: Principal, permission: Permission): boolean {
  return roleMay(principal.role, permission);
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

/** An instance role belongs to the instance and may act in any tenant; a tenant role only in its own. */
export function isInstanceRole(role: Role): boolean {
  return role === 'instance_admin' || role === 'instance_developer';
}
