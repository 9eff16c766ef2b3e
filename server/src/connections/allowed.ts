/**
 * What may be saved at all: places that a connection could never use are refused while somebody is there to read it.
 * Every place is checked again at each use, since names and links change their meaning (S3).
 * Next: registry.ts
 */
import type { ConnectionSettings } from '../config/config.ts';
import { problem } from '../http/http.ts';
import {
  checkAddress,
  checkHost,
  parseHost,
  parseProxy,
  proxyEgress,
  type EgressPolicy,
} from '../net/net.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import { findFolder } from './pickup-folder.ts';
import { planToken } from './token-endpoint.ts';
import type { EgressFor } from './way.ts';

export interface AllowedPlaces {
  readonly egressFor: EgressFor;
  readonly pickupFolders: () => readonly string[];
}

/** Throws `invalid_request` that names the field. */
export async function refuseForbidden(
  tenantId: string,
  settings: ConnectionSettings,
  { egressFor, pickupFolders }: AllowedPlaces,
): Promise<void> {
  if (settings.type === 'pickup') {
    if (tenantId !== INSTANCE_TENANT_ID)
      refuse('type', 'a pickup folder is on this server, so only the instance may have one');
    const found = await findFolder(settings.folder, pickupFolders());
    if (!found.ok && found.failure.code === 'FOLDER_NOT_ALLOWED') refuse('folder', found.failure.message);
  }
  const https = egressFor(tenantId, 'https');
  const plan = planToken(settings);
  if (plan !== undefined) refuseUrl(https, 'tokenUrl', plan.endpoint);
  if (settings.type === 'graph' && settings.graphUrl !== undefined)
    refuseUrl(https, 'graphUrl', settings.graphUrl);
  if (settings.type === 'smtp' && settings.proxy !== undefined) {
    const proxy = parseProxy(settings.proxy);
    if (proxy === undefined)
      return refuse('proxy', 'is no proxy that can be used: look at user name and port');
    if (!mayReach(proxyEgress(egressFor(tenantId, 'mail')), proxy.host, proxy.port))
      refuse('proxy', 'is at an address or port that is not allowed here');
  }
}

/** Token endpoints and the like: addresses that are asked over HTTPS. */
function refuseUrl(egress: EgressPolicy, field: string, url: string): void {
  const { hostname, port } = new URL(url);
  if (!mayReach(egress, hostname.replace(/^\[|\]$/g, ''), port === '' ? 443 : Number(port)))
    refuse(field, 'is at an address or port that is not allowed here');
}

/** As far as it can be told without asking DNS. */
function mayReach(egress: EgressPolicy, text: string, port: number): boolean {
  const host = parseHost(text);
  if (host === undefined) return false;
  const gate = checkHost(egress, host, port);
  if (!gate.allowed || host.kind === 'name') return gate.allowed;
  return checkAddress(egress, host.address, port, gate.named).allowed;
}

function refuse(path: string, message: string): never {
  throw problem('invalid_request', {
    detail: 'The connection could not be used like this.',
    errors: [{ path, message }],
  });
}
