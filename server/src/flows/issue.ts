/**
 * Issuing a verification and mailing it anew. The mail is made before anything is stored: one that cannot be made must
 * not end the proof that the address has.
 * Next: limits.ts
 */
import { newSecretToken, secretDigest } from '../access/access.ts';
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/id.ts';
import { Problem } from '../base/problem.ts';
import type { Config } from '../config/config.ts';
import { problem, type Principal } from '../http/http.ts';
import { sealContent, storedAddress } from '../delivery/delivery.ts';
import { addressKey, serializeAddress, type Address, type Mailbox } from '../mail/mail.ts';
import type { Acceptor, Prepared } from '../messages/messages.ts';
import type { KeyRing } from '../secrets/secrets.ts';
import { transaction, type Db } from '../store/store.ts';
import { lockTenant, type FlowName, type Settings } from '../tenants/tenants.ts';
import { writeFlowMail } from './flow-mail.ts';
import { flowSettings, lifetimesOf, type FlowSettings } from './flow-settings.ts';
import { limitsOf, refuseFull, takeRoom, type Limits } from './limits.ts';
import { codeDigest, newCode } from './proof.ts';
import {
  insertVerification,
  noteMessage,
  noteSend,
  removeVerification,
  replaceProof,
  supersede,
  type Audience,
  type Verification,
} from './queries.ts';
import { notPending, tell } from './record.ts';
import { localeFor, type FlowWords } from './words.ts';

export interface IssueDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly config: () => Pick<Config, 'server'>;
  readonly keyRing: Pick<KeyRing, 'digest' | 'seal'>;
  readonly settings: Settings;
  readonly acceptor: Acceptor;
}

export interface IssueRequest {
  readonly flow: FlowName;
  readonly to: Mailbox;
  /** Whom the application means by it, such as a user id; told again when it is approved. */
  readonly subject: string;
  readonly data: Readonly<Record<string, string>>;
  /** A language tag (RFC 5646); the setting `locale` when absent. */
  readonly locale?: string | undefined;
  /** Who set it off, as the application saw it: then it counts as asked for by a stranger. */
  readonly clientAddress?: string | undefined;
}

/** What only our own flows decide by themselves. */
export interface IssueTerms {
  readonly audience: Audience;
  /** In place of the settings: with it a link is mailed, without it what they say. */
  readonly kind?: 'link' | 'code';
  readonly link?: (token: string) => string;
  readonly words?: FlowWords | undefined;
  readonly askedBy: Verification['askedBy'];
  /** Whether it stands or falls with its mail. */
  readonly mail: 'required' | 'if-possible' | 'none';
}

export interface Issued {
  readonly verification: Verification;
  /** What the mail leads to, in clear: for who made it, never to be kept. */
  readonly link: string | undefined;
}

interface Proof {
  readonly token: string | undefined;
  readonly code: string | undefined;
}

type Proved = Pick<Verification, 'tokenHash' | 'codeHash' | 'expiresAt' | 'codeExpiresAt' | 'landing'> & {
  readonly proof: Proof;
  readonly href: string | undefined;
};

export function createIssuing(deps: IssueDeps) {
  const { db, clock, keyRing, settings, acceptor } = deps;

  async function prove(
    at: Pick<Verification, 'tenantId' | 'id' | 'flow'>,
    own: FlowSettings,
    link: IssueTerms['link'],
    now: number,
  ): Promise<Proved> {
    const token = own.kind === 'code' ? undefined : newSecretToken();
    const code = own.kind === 'link' ? undefined : newCode(own.codeLength, own.codeAlphabet);
    const { seconds, codeSeconds } = lifetimesOf(own);
    const led = token === undefined ? undefined : leadTo(at.flow, token, own, link, deps.config());
    return {
      proof: { token, code },
      href: led?.href,
      landing: led?.landing ?? 'caller',
      tokenHash: token === undefined ? null : secretDigest(token),
      codeHash: code === undefined ? null : await codeDigest(keyRing, at.tenantId, at.id, code),
      expiresAt: now + seconds * 1_000,
      codeExpiresAt: codeSeconds === undefined ? null : now + codeSeconds * 1_000,
    };
  }

  async function compose(
    principal: Principal,
    made: Verification,
    { proof, href }: Pick<Proved, 'proof' | 'href'>,
    own: FlowSettings,
    words: FlowWords | undefined,
  ): Promise<Prepared> {
    const { tenantId, audience, flow, addressKey: key, subject } = made;
    // Keyed, so that nobody else can name the mail that a new one takes the place of.
    const collapseKey = await keyRing.digest(
      tenantId,
      'mail of a flow',
      JSON.stringify([audience, flow, key, subject]),
    );
    const mail = writeFlowMail({ made, href, code: proof.code, terms: own, words, collapseKey });
    const prepared = await acceptor.prepare(principal, mail, undefined);
    const { id, content } = prepared.message.letter;
    const sealed = await sealContent(keyRing, { tenantId, id }, content);
    const sensitive = audience === 'posthorn' ? 'always' : 'unless-captured';
    return { ...prepared, message: { ...prepared.message, sensitive, sealed } };
  }

  async function mailIt(principal: Principal, made: Verification, prepared: Prepared): Promise<Verification> {
    const [accepted] = await acceptor.accept(principal, [prepared], undefined);
    const messageId = accepted?.id ?? null;
    if (messageId !== null) await transaction(db, (tx) => noteMessage(tx, made.id, messageId));
    return { ...made, messageId };
  }

  const limitsFor = (
    made: Verification,
    address: Address,
    own: FlowSettings,
    clientAddress: string | undefined,
  ): Promise<Limits> =>
    limitsOf(keyRing, { ...made, address, clientAddress, limits: own, withCode: made.codeHash !== null });

  async function issue(principal: Principal, request: IssueRequest, terms: IssueTerms): Promise<Issued> {
    const { tenantId } = principal;
    const { audience, kind, link, words } = terms;
    const set = flowSettings(settings, tenantId, request.flow);
    const own = { ...set, kind: kind ?? set.kind };
    const id = newId('ver');
    const now = clock.now();
    const { proof, href, ...proved } = await prove({ tenantId, id, flow: request.flow }, own, link, now);
    const made: Verification = {
      ...{ id, tenantId, audience, flow: request.flow, subject: request.subject, data: request.data },
      address: serializeAddress(request.to.address),
      addressKey: addressKey(request.to.address),
      ...proved,
      ...{
        state: 'pending',
        tries: 0,
        triesMax: own.attempts,
        createdAt: now,
        endedAt: null,
        messageId: null,
      },
      locale: localeFor(request.locale, settings.get(tenantId, 'locale') ?? 'en'),
      askedBy: proved.landing === 'hosted' ? 'stranger' : terms.askedBy,
    };
    const limits = await limitsFor(made, request.to.address, own, request.clientAddress);
    await refuseFull(db, limits, now);
    const prepared =
      terms.mail === 'none'
        ? undefined
        : await compose(principal, made, { proof, href }, own, words).catch((error: unknown) => {
            if (terms.mail === 'required' || !(error instanceof Problem)) throw error;
            return undefined;
          });
    await transaction(db, async (tx) => {
      await lockTenant(tx, tenantId);
      await takeRoom(tx, limits, now);
      const older = await supersede(tx, made, made.subject, now);
      await insertVerification(tx, made);
      await noteSend(tx, made, now, id);
      for (const old of older) await tell(tx, tenantId, old, now, 'superseded', { by: id });
      await tell(tx, tenantId, id, now, 'issued', { flow: made.flow, key: principal.actorId });
    });
    if (prepared === undefined) return { verification: made, link: href };
    try {
      return { verification: await mailIt(principal, made, prepared), link: href };
    } catch (error) {
      await transaction(db, (tx) => removeVerification(tx, id));
      throw error;
    }
  }

  async function resend(
    principal: Principal,
    found: Verification,
    clientAddress: string | undefined,
  ): Promise<Verification> {
    const { tenantId, id } = found;
    const own = flowSettings(settings, tenantId, found.flow);
    const now = clock.now();
    const { proof, href, ...proved } = await prove(found, own, undefined, now);
    const askedBy = proved.landing === 'hosted' || clientAddress !== undefined ? 'stranger' : found.askedBy;
    const renewed: Verification = { ...found, ...proved, tries: 0, askedBy };
    const prepared = await compose(principal, renewed, { proof, href }, own, undefined);
    const limits = await limitsFor(renewed, storedAddress(found.address), own, clientAddress);
    await transaction(db, async (tx) => {
      await lockTenant(tx, tenantId);
      await takeRoom(tx, limits, now);
      if (!(await replaceProof(tx, id, proved))) throw notPending(found);
      await noteSend(tx, found, now, id);
      await tell(tx, tenantId, id, now, 'resent', { key: principal.actorId });
    });
    return mailIt(principal, renewed, prepared);
  }

  return { issue, resend };
}

/**
 * Where a link leads: from the settings and the configuration only, never from a request or its headers (F3).
 * Throws `invalid_request` when there is nowhere that it could lead.
 */
function leadTo(
  flow: FlowName,
  token: string,
  { url }: FlowSettings,
  link: IssueTerms['link'],
  { server }: Pick<Config, 'server'>,
): { href: string; landing: Verification['landing'] } {
  if (link !== undefined) return { href: link(token), landing: 'caller' };
  if (url !== undefined) return { href: url.replaceAll('{token}', token), landing: 'caller' };
  if (server.publicUrl !== undefined)
    return { href: `${server.publicUrl.replace(/\/+$/, '')}/l/${token}`, landing: 'hosted' };
  throw problem('invalid_request', {
    detail: `The flow ${flow} mails a link, but neither flows.${flow}.url nor server.public_url is set.`,
    errors: [{ path: 'flow', message: `needs the setting flows.${flow}.url, or server.public_url` }],
  });
}
