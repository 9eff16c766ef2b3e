/**
 * Verifications: an address is proved by a link or a code that was mailed to it. Issue, check, send again, revoke.
 * What cannot be approved is answered in one way, whatever the reason: unknown, another tenant's, used, superseded,
 * late. A new one for the same address and subject takes the place of the old one, also in the queue.
 * Next: proof.ts
 */
import type { Clock } from '../base/clock.ts';
import { isId, newId } from '../base/id.ts';
import { appendEvents } from '../events/events.ts';
import { problem, type Principal } from '../http/http.ts';
import { addressKey, type Mailbox, serializeAddress } from '../mail/mail.ts';
import type { Acceptor, Prepared } from '../messages/messages.ts';
import type { KeyRing } from '../secrets/secrets.ts';
import { transaction, type Db, type Tx } from '../store/store.ts';
import { lockTenant, type FlowName, type Settings } from '../tenants/tenants.ts';
import { writeFlowMail } from './flow-mail.ts';
import { flowSettings, type FlowSettings } from './flow-settings.ts';
import { refuseTooSoon } from './limits.ts';
import { isToken, newCode, newToken, sameDigest, tokenDigest, typedCode } from './proof.ts';
import {
  countTry,
  end,
  insertVerification,
  noteMessage,
  noteSend,
  readByToken,
  readVerification,
  removeVerification,
  replaceProof,
  supersede,
  type Verification,
} from './queries.ts';

export interface VerificationDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly keyRing: Pick<KeyRing, 'digest'>;
  readonly settings: Settings;
  readonly acceptor: Acceptor;
}

export interface IssueRequest {
  readonly flow: FlowName;
  readonly to: Mailbox;
  /** Whom the application means by it, such as a user id; told again when it is approved. */
  readonly subject: string;
  readonly data: Readonly<Record<string, string>>;
}

export type CheckRequest =
  | { readonly token: string; readonly flow: FlowName | undefined }
  | { readonly id: string; readonly code: string; readonly flow: FlowName | undefined };

/** `expired` says nothing more than that this cannot be approved. */
export type Checked =
  | { readonly status: 'approved'; readonly verification: Verification }
  | { readonly status: 'pending'; readonly triesLeft: number }
  | { readonly status: 'locked' | 'expired' };

export interface Verifications {
  /** Throws `rate_limited`, and what accepting mail throws. */
  issue(principal: Principal, request: IssueRequest): Promise<Verification>;
  check(tenantId: string, request: CheckRequest): Promise<Checked>;
  /** Mails a new proof; the old one no longer counts. Throws `not_found`, `conflict`, `rate_limited`. */
  resend(principal: Principal, id: string): Promise<Verification>;
  /** Throws `not_found`, `conflict`. */
  revoke(principal: Principal, id: string): Promise<Verification>;
  get(tenantId: string, id: string): Promise<Verification>;
}

interface Proof {
  readonly token: string | undefined;
  readonly code: string | undefined;
}

export function createVerifications(deps: VerificationDeps): Verifications {
  const { db, clock, keyRing, settings, acceptor } = deps;

  const codeDigest = (tenantId: string, id: string, code: string): Promise<string> =>
    keyRing.digest(tenantId, 'verification code', `${id} ${code}`);

  async function prove(tenantId: string, id: string, { kind, codeLength, codeAlphabet }: FlowSettings) {
    const proof: Proof = {
      token: kind === 'code' ? undefined : newToken(),
      code: kind === 'link' ? undefined : newCode(codeLength, codeAlphabet),
    };
    const tokenHash = proof.token === undefined ? null : tokenDigest(proof.token);
    const codeHash = proof.code === undefined ? null : await codeDigest(tenantId, id, proof.code);
    return { proof, tokenHash, codeHash };
  }

  /**
   * The mail of a proof, made before anything is stored: one that cannot be made must not end the proof that the address
   * has. It is worth nothing once the proof has expired, and is not sent then.
   */
  async function compose(principal: Principal, made: Verification, proof: Proof, own: FlowSettings) {
    const prepared = await acceptor.prepare(principal, writeFlowMail(made, proof, own), undefined);
    return { ...prepared, message: { ...prepared.message, sensitive: true } };
  }

  async function mail(principal: Principal, made: Verification, prepared: Prepared) {
    const [accepted] = await acceptor.accept(principal, [prepared], undefined);
    const messageId = accepted?.id ?? null;
    if (messageId !== null) await transaction(db, (tx) => noteMessage(tx, made.id, messageId));
    return { ...made, messageId };
  }

  async function get(tenantId: string, id: string): Promise<Verification> {
    const found = await readVerification(db, tenantId, id);
    if (found === undefined) throw problem('not_found', { detail: `There is no verification ${id}.` });
    return found;
  }

  async function issue(principal: Principal, request: IssueRequest): Promise<Verification> {
    const { tenantId } = principal;
    const own = flowSettings(settings, tenantId, request.flow);
    const id = newId('ver');
    const { proof, ...hashes } = await prove(tenantId, id, own);
    const now = clock.now();
    const made: Verification = {
      id,
      tenantId,
      flow: request.flow,
      address: serializeAddress(request.to.address),
      addressKey: addressKey(request.to.address),
      subject: request.subject,
      state: 'pending',
      ...hashes,
      tries: 0,
      triesMax: own.attempts,
      createdAt: now,
      expiresAt: now + own.lifetimeSeconds * 1_000,
      endedAt: null,
      messageId: null,
      data: request.data,
    };
    const prepared = await compose(principal, made, proof, own);
    await transaction(db, async (tx) => {
      await lockTenant(tx, tenantId);
      await refuseTooSoon(tx, made, own, now);
      const older = await supersede(tx, made, made.subject, now);
      await insertVerification(tx, made);
      await noteSend(tx, made, now, id);
      for (const old of older) await tell(tx, tenantId, old, now, 'superseded', { by: id });
      await tell(tx, tenantId, id, now, 'issued', { flow: made.flow, key: principal.actorId });
    });
    try {
      return await mail(principal, made, prepared);
    } catch (error) {
      await transaction(db, (tx) => removeVerification(tx, id));
      throw error;
    }
  }

  async function approve(found: Verification, now: number): Promise<Checked> {
    const won = await transaction(db, async (tx) => {
      const ended = await end(tx, found.id, 'approved', now);
      if (ended) await tell(tx, found.tenantId, found.id, now, 'approved', {});
      return ended;
    });
    if (!won) return { status: 'expired' };
    return { status: 'approved', verification: { ...found, state: 'approved', endedAt: now } };
  }

  async function checkCode(
    tenantId: string,
    { id, code, flow }: { id: string; code: string; flow: FlowName | undefined },
  ): Promise<Checked> {
    if (!isId('ver', id)) return { status: 'expired' };
    const now = clock.now();
    const given = await codeDigest(tenantId, id, typedCode(code));
    const known = await readVerification(db, tenantId, id);
    if (known === undefined || (flow !== undefined && flow !== known.flow)) return { status: 'expired' };
    const tries = await transaction(db, (tx) => countTry(tx, tenantId, id, now));
    // Read again: a resend may have replaced the code, and the try was counted against the new one.
    const found = await readVerification(db, tenantId, id);
    if (found === undefined) return { status: 'expired' };
    if (tries === undefined) return { status: isLocked(found, now) ? 'locked' : 'expired' };
    if (found.codeHash !== null && sameDigest(given, found.codeHash)) return approve(found, now);
    const triesLeft = found.triesMax - tries;
    if (triesLeft > 0) return { status: 'pending', triesLeft };
    await transaction(db, async (tx) => {
      if (await end(tx, id, 'locked', now)) await tell(tx, tenantId, id, now, 'locked', { tries });
    });
    return { status: 'locked' };
  }

  return {
    issue,
    get,
    async check(tenantId, request) {
      if (!('token' in request)) return checkCode(tenantId, request);
      if (!isToken(request.token)) return { status: 'expired' };
      const found = await readByToken(db, tenantId, tokenDigest(request.token));
      const other = request.flow !== undefined && found?.flow !== request.flow;
      return found === undefined || other ? { status: 'expired' } : approve(found, clock.now());
    },
    async resend(principal, id) {
      const { tenantId } = principal;
      const found = await get(tenantId, id);
      const own = flowSettings(settings, tenantId, found.flow);
      const { proof, ...hashes } = await prove(tenantId, id, own);
      const now = clock.now();
      const expiresAt = now + own.lifetimeSeconds * 1_000;
      const renewed: Verification = { ...found, ...hashes, tries: 0, expiresAt };
      const prepared = await compose(principal, renewed, proof, own);
      await transaction(db, async (tx) => {
        await lockTenant(tx, tenantId);
        await refuseTooSoon(tx, found, own, now);
        if (!(await replaceProof(tx, id, { ...hashes, expiresAt }))) throw notPending(found);
        await noteSend(tx, found, now, id);
        await tell(tx, tenantId, id, now, 'resent', { key: principal.actorId });
      });
      return mail(principal, renewed, prepared);
    },
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
  };
}

function isLocked({ state, tries, triesMax, expiresAt }: Verification, now: number): boolean {
  return state === 'locked' || (state === 'pending' && tries >= triesMax && expiresAt > now);
}

function notPending({ id }: Verification) {
  return problem('conflict', { detail: `The verification ${id} is over.` });
}

function tell(
  tx: Tx,
  tenantId: string,
  id: string,
  at: number,
  what: string,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  return appendEvents(tx, [{ tenantId, subjectId: id, at, type: `verification.${what}`, data }]);
}
