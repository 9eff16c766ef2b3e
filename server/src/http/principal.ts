/**
 * Who asks: the words that every operation shares with `access/`, which makes principals and decides about them.
 * Next: caller.ts
 */

export type Role =
  | 'instance_admin'
  | 'operator'
  | 'instance_developer'
  | 'auditor'
  | 'tenant_admin'
  | 'tenant_developer'
  | 'tenant_viewer';

/** What a key can be narrowed to. */
export const KEY_PERMISSIONS = [
  'messages:read',
  'messages:body',
  'messages:write',
  'messages:act',
  'connections:read',
  'connections:write',
  'connections:test',
  'secrets:read',
  'mailbox:read',
  'mailbox:write',
  'settings:read',
  'settings:write',
  'tenants:read',
  'tenants:write',
  'keys:read',
  'keys:test',
  'keys:write',
  'people:read',
  'people:write',
  'audit:read',
  'queue:read',
  'queue:write',
] as const;

export type KeyPermission = (typeof KEY_PERMISSIONS)[number];

/** What an operation can ask for. `access/` holds the table of which role has which. */
export type Permission =
  | KeyPermission
  /** One's own account and sessions: of people who are signed in, whatever their role; never of an API key. */
  | 'account';

/** A caller whose key or session was checked, acting in exactly one tenant. Made by `access/` only. */
export interface Principal {
  /** `key_…` of an API key, `usr_…` of a person; never a secret. */
  readonly actorId: string;
  /** For people: the key's name, the person's address. */
  readonly actorName: string;
  /** The session of a person; a key has none. */
  readonly sessionId?: string;
  /** Mail accepted with a `test` key is captured, whatever the delivery mode. */
  readonly kind: 'live' | 'test';
  readonly role: Role;
  /** What is left of the role's permissions where a key has fewer. */
  readonly only?: ReadonlySet<Permission>;
  /** The tenant this request acts in. */
  readonly tenantId: string;
  /** The tenant that key or role belong to; one of the instance may act in another. */
  readonly homeTenantId: string;
  /** The tenant is suspended or deleted: whoever acts in it from the instance may look, and sends nothing. */
  readonly tenantStopped?: 'suspended' | 'deleted';
}
