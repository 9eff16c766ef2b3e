/**
 * Verifications: an address is proved by a link or a code that was mailed to it. Issue, check, send again, revoke.
 * A new one for the same address and subject takes the place of the old one, also in the queue. There are two audiences
 * that never meet (F1): the people of applications, over the API, and our own, for whom `accounts/` calls the `…Own`.
 * Next: issue.ts
 */
import { isSecretToken, secretDigest } from '../access/access.ts';
import { problem, type Principal } from '../http/http.ts';
import type { Mailbox } from '../mail/mail.ts';
import { transaction } from '../store/store.ts';
import type { FlowName } from '../tenants/tenants.ts';
import { check, type Checked, type CheckRequest } from './check.ts';
import { createIssuing, type IssueDeps, type Issued, type IssueRequest } from './issue.ts';
import { end, readByToken, readVerification, revokeSubject, type Verification } from './queries.ts';
import { notPending, tell } from './record.ts';
import type { FlowWords } from './words.ts';

export type VerificationDeps = IssueDeps;

export interface OwnRequest {
  readonly flow: FlowName;
  readonly to: Mailbox;
  /** Whom we mean by it, such as a user id. */
  readonly subject: string;
  readonly data?: Readonly<Record<string, string>>;
  /** The address of our page for this token. With it a link is mailed, without it a code; what the setting `kind` says is for applications. */
  readonly link?: (token: string) => string;
  /** In place of the words of the flow. What people wrote goes through `harmless` first. */
  readonly words?: FlowWords;
  /** A language tag; the setting `locale` when absent. */
  readonly locale?: string;
  /** Where the request came from, where it came from a person: counts towards the limits. */
  readonly clientAddress?: string;
  /** `if-possible`: the proof stands although no mail can be made, and the link is shown by the caller. */
  readonly mail?: 'required' | 'if-possible' | 'none';
}

export type OwnCheck =
  | { readonly flow: FlowName; readonly token: string }
  | { readonly flow: FlowName; readonly id: string; readonly code: string };

export interface Verifications {
  /** Throws `rate_limited`, and what accepting mail throws. */
  issue(principal: Principal, request: IssueRequest): Promise<Verification>;
  check(tenantId: string, request: CheckRequest): Promise<Checked>;
  /** Mails a new proof; the old one no longer counts. Throws `not_found`, `conflict`, `rate_limited`. */
  resend(principal: Principal, id: string, clientAddress?: string): Promise<Verification>;
  /** Throws `not_found`, `conflict`. */
  revoke(principal: Principal, id: string): Promise<Verification>;
  get(tenantId: string, id: string): Promise<Verification>;

  /** For our own people, under the settings of the flow at `principal.tenantId`; throws as `issue`. */
  issueOwn(principal: Principal, request: OwnRequest): Promise<Issued>;
  /** Counts once. */
  checkOwn(tenantId: string, request: OwnCheck): Promise<Checked>;
  /** The pending verification of a token, to show a page for it; it counts as before (F2). */
  peekOwn(
    tenantId: string,
    request: { readonly flow: FlowName; readonly token: string },
  ): Promise<Verification | undefined>;
  /** Ends everything that is pending for one subject, in one flow or in all (F1); answers how many it ended. */
  revokeOwn(
    tenantId: string,
    request: { readonly flow?: FlowName | undefined; readonly subject: string },
  ): Promise<number>;
}

export function createVerifications(deps: VerificationDeps): Verifications {
  const { db, clock } = deps;
  const issuing = createIssuing(deps);

  async function get(tenantId: string, id: string): Promise<Verification> {
    const found = await readVerification(db, { tenantId, audience: 'application' }, id);
    if (found === undefined) throw problem('not_found', { detail: `There is no verification ${id}.` });
    return found;
  }

  return {
    get,
    async issue(principal, request) {
      const askedBy = request.clientAddress === undefined ? 'caller' : 'stranger';
      const terms = { audience: 'application', askedBy, mail: 'required' } as const;
      return (await issuing.issue(principal, request, terms)).verification;
    },
    check: (tenantId, request) => check(deps, { tenantId, audience: 'application' }, request),
    resend: async (principal, id, clientAddress) =>
      issuing.resend(principal, await get(principal.tenantId, id), clientAddress),
    async revoke(principal, id) {
      const { tenantId } = principal;
      const now = clock.now();
      const found = await get(tenantId, id);
      await transaction(db, async (tx) => {
        if (!(await end(tx, id, 'revoked', now))) throw notPending(found);
        await tell(tx, tenantId, id, now, 'revoked', { key: principal.actorId });
      });
      return get(tenantId, id);
    },
    ...ownVerifications(deps, issuing),
  };
}

function ownVerifications(
  deps: VerificationDeps,
  issuing: ReturnType<typeof createIssuing>,
): Pick<Verifications, 'issueOwn' | 'checkOwn' | 'peekOwn' | 'revokeOwn'> {
  const { db, clock } = deps;
  const own = (tenantId: string) => ({ tenantId, audience: 'posthorn' as const });
  return {
    issueOwn(principal, { link, words, mail = 'required', data = {}, ...request }) {
      return issuing.issue(
        principal,
        { ...request, data },
        {
          audience: 'posthorn',
          kind: link === undefined ? 'code' : 'link',
          ...(link !== undefined && { link }),
          words,
          // An invitation is made by somebody who is signed in; the others can be set off by anybody (A2).
          askedBy: request.flow === 'invitation' ? 'caller' : 'stranger',
          mail,
        },
      );
    },
    checkOwn: (tenantId, request) => check(deps, own(tenantId), request),
    async peekOwn(tenantId, { flow, token }) {
      if (!isSecretToken(token)) return undefined;
      const found = await readByToken(db, own(tenantId), secretDigest(token));
      const isPending = found?.state === 'pending' && found.expiresAt > clock.now();
      return isPending && found.flow === flow ? found : undefined;
    },
    revokeOwn: (tenantId, { flow, subject }) =>
      transaction(db, async (tx) => {
        const now = clock.now();
        const ended = await revokeSubject(tx, own(tenantId), { flow, subject }, now);
        for (const id of ended) await tell(tx, tenantId, id, now, 'revoked', {});
        return ended.length;
      }),
  };
}
