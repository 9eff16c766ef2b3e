/**
 * What people of a tenant see of connections that are the instance's: that they were tried and what became of it, and
 * neither host nor user. What a server says while the line is being opened names both, so it is left out; what it says
 * of the message stays.
 * Next: read-operations.ts
 */
import type { z } from 'zod';
import { PENDING_STATES } from '../delivery/delivery.ts';
import type { Principal } from '../http/http.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import type { messageView, summaryView } from './view.ts';

type Shown = z.input<typeof messageView>;
type Summary = z.input<typeof summaryView>;

/** Whether the tenant has a connection of this id itself. */
export type OwnsConnection = (tenantId: string, id: string) => boolean;

const ABOUT_THE_MESSAGE: ReadonlySet<string> = new Set(['mail-from', 'rcpt-to', 'data', 'accepted']);
const OPEN: ReadonlySet<string> = new Set([...PENDING_STATES, 'sending']);
const NOT_TOLD = 'the connection of the instance could not send';

/** The message as this principal may see it. */
export function forPrincipal(principal: Principal, shown: Shown, owns: OwnsConnection): Shown {
  const { tenantId, homeTenantId } = principal;
  if (homeTenantId === INSTANCE_TENANT_ID) return shown;
  const hidden = new Set<string>();
  const attempts = shown.attempts.map((attempt) => {
    if (owns(tenantId, attempt.connection.id)) return attempt;
    const opening = attempt.outcome === 'connection_unusable' || !attempt.phases.some(isAboutMessage);
    const told = <T extends string | null>(words: T): T | string => {
      if (!opening || words === null) return words;
      hidden.add(words);
      return NOT_TOLD;
    };
    return {
      ...attempt,
      reply: told(attempt.reply),
      phases: attempt.phases.map((phase) =>
        isAboutMessage(phase) ? phase : { phase: phase.phase, ms: phase.ms },
      ),
      recipients: attempt.recipients.map((one) => ({ ...one, reply: told(one.reply) })),
      transcript: '',
      peer: null,
    };
  });
  const plain = (words: string): string => withoutTrouble(hidden.has(words) ? NOT_TOLD : words);
  return {
    ...shown,
    attempts,
    recipients: shown.recipients.map((one) => ({
      ...one,
      reply: one.reply === null ? null : plain(one.reply),
    })),
    timeline: shown.timeline.map((event) => {
      const why = event.data['why'];
      return typeof why === 'string' ? { ...event, data: { ...event.data, why: plain(why) } } : event;
    }),
  };
}

/** The same in a list, which does not say over which connection: what is not final may be about any of them. */
export function listedFor(principal: Principal, items: readonly Summary[]): Summary[] {
  if (principal.homeTenantId === INSTANCE_TENANT_ID) return [...items];
  return items.map((item) => ({
    ...item,
    recipients: item.recipients.map((one) => (OPEN.has(one.state) ? { ...one, reply: null } : one)),
  }));
}

/** Why a route was passed over, as this principal may see it. */
export function whyFor({ homeTenantId }: Principal, why: string): string {
  return homeTenantId === INSTANCE_TENANT_ID ? why : withoutTrouble(why);
}

function isAboutMessage({ phase }: { readonly phase: string }): boolean {
  return ABOUT_THE_MESSAGE.has(phase);
}

/** A connection that cannot send says so with the words of its last failure. */
function withoutTrouble(why: string): string {
  const at = why.indexOf('cannot send: ');
  return at < 0 ? why : `${why.slice(0, at)}cannot send`;
}
