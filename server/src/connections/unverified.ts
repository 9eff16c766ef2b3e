/**
 * What only people of the instance may set in a connection of a tenant: certificates that nobody checks. TLS older than
 * 1.2 is refused to everybody, by the schema.
 * Next: routes.ts
 */
import { problem, type Principal } from '../http/http.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';

/** Throws `forbidden` when people of a tenant ask for a connection that trusts any certificate; `at` begins the path. */
export function refuseUnverified(
  { homeTenantId }: Principal,
  settings: Readonly<Record<string, unknown>>,
  at = '',
): void {
  if (homeTenantId === INSTANCE_TENANT_ID || settings['verify'] !== false) return;
  throw problem('forbidden', {
    detail: `${at}verify: only people of the instance may switch the check of the certificate off.`,
    errors: [{ path: `${at}verify`, message: 'may be switched off by the people of the instance only' }],
  });
}
