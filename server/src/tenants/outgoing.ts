/**
 * What sending needs of a tenant's settings: who mail comes from when a message names nobody, and whom it may reach.
 * Next: settings.ts
 */
import type { Settings } from './settings.ts';

export interface Sender {
  readonly name?: string;
  readonly address: string;
  readonly replyTo?: string;
}

/** The tenant's sender; `undefined` while nobody has set an address: a name alone is no sender. */
export function senderFrom(settings: Pick<Settings, 'get'>, tenantId: string): Sender | undefined {
  const address = settings.get(tenantId, 'sender.address');
  if (address === undefined) return undefined;
  const name = settings.get(tenantId, 'sender.name');
  const replyTo = settings.get(tenantId, 'sender.replyTo');
  return { address, ...(name !== undefined && { name }), ...(replyTo !== undefined && { replyTo }) };
}

/** The delivery mode of a tenant and its allow list. Without any it is `capture`: nothing leaves by accident. */
export function modeFrom(settings: Pick<Settings, 'get'>, tenantId: string) {
  return {
    mode: settings.get(tenantId, 'delivery.mode') ?? 'capture',
    allowList: settings.get(tenantId, 'delivery.allowList') ?? [],
  };
}
