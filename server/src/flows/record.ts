/**
 * What happened to a verification, told in the transaction that makes it so; and the refusal of what came too late.
 * Next: queries.ts
 */
import { appendEvents } from '../events/events.ts';
import { problem } from '../http/http.ts';
import type { Tx } from '../store/store.ts';

export function tell(
  tx: Tx,
  tenantId: string,
  id: string,
  at: number,
  what: string,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  return appendEvents(tx, [{ tenantId, subjectId: id, at, type: `verification.${what}`, data }]);
}

export function notPending({ id }: { readonly id: string }) {
  return problem('conflict', { detail: `The verification ${id} is over.` });
}
