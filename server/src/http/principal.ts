/**
 * Who asks: the words that every operation shares with `access/`, which makes principals and decides about them.
 * Next: operation.ts
 */

export type Role = 'instance_admin' | 'instance_developer' | 'tenant_admin' | 'tenant_developer';

/** What an operation can ask for. `access/` holds the table of which role has which. */
export type Permission =
  | 'messages:read'
  | 'messages:write'
  | 'connections:read'
  | 'connections:write'
  | 'connections:test'
  | 'secrets:read'
  | 'mailbox:read'
  | 'mailbox:write'
  | 'settings:read'
  | 'settings:write'
  | 'tenants:read'
  | 'tenants:write'
  | 'keys:read'
  | 'keys:write'
  | 'queue:read'
  | 'queue:write';

/** A caller whose key was checked, acting in exactly one tenant. Made by `access/` only. */
export interface Principal {
  /** `key_…`; never the secret. */
  readonly keyId: string;
  readonly keyName: string;
  /** Mail accepted with a `test` key is captured, whatever the delivery mode. */
  readonly kind: 'live' | 'test';
  readonly role: Role;
  /** The tenant this request acts in. */
  readonly tenantId: string;
  /** The tenant the key belongs to; an instance key may act in another. */
  readonly homeTenantId: string;
}
