/**
 * Verifications and notices, as the API takes and gives them, and the calls. The fields are those of `openapi.json`.
 * Next: sdk.ts
 */
import type { Call, CallOptions } from './call.ts';
import type * as api from './gen/types.gen.ts';
import type { Given, Told } from './given.ts';

/**
 * Whom to verify, and in which flow. `clientAddress` says that a stranger set it off, from there: limits per client and
 * per mailbox hold then.
 */
export interface VerificationInput extends Given<api.CreateVerificationData['body']> {}

/** A verification; never its link or code. */
export interface Verification extends Told<api.Verification> {}

/** A verification with what happened to it. */
export interface WholeVerification extends Told<api.VerificationWithTimeline> {}

/** What a person brought back: the token of the link, or the id of the verification with the code. */
export type VerificationProof = Given<api.CheckVerificationData['body']>;

/** `expired` is the one answer to everything that cannot be approved. */
export interface VerificationCheck extends Told<api.VerificationCheck> {}

export interface NoticeInput extends Given<api.CreateNoticeData['body']> {}

export interface Notice extends Told<api.Notice> {}

export interface ResendVerificationOptions extends CallOptions {
  readonly clientAddress?: string | undefined;
}

export interface VerificationMethods {
  /** Mails a link or a code; an earlier one for the same address and subject no longer counts. */
  create(verification: VerificationInput, options?: CallOptions): Promise<Verification>;
  /** A right one counts once. Not repeated when its answer is lost: look at the state with `get` then. */
  check(proof: VerificationProof, options?: CallOptions): Promise<VerificationCheck>;
  get(id: string, options?: CallOptions): Promise<WholeVerification>;
  /** Mails a new link or code; the old one no longer counts. */
  resend(id: string, options?: ResendVerificationOptions): Promise<Verification>;
  /** Its link and code no longer count. */
  revoke(id: string, options?: CallOptions): Promise<Verification>;
}

export interface NoticeMethods {
  /** Mails a person what became of their account; nothing is proved by it. */
  send(notice: NoticeInput, options?: CallOptions): Promise<Notice>;
}

export function verificationMethods(call: Call): VerificationMethods {
  const at = (id: string, verb = '') => `/verifications/${encodeURIComponent(id)}${verb}`;
  return {
    create: (body, options) =>
      call<api.CreateVerificationResponse>('POST', '/verifications', { ...options, body }),
    check: (body, options) =>
      call<api.CheckVerificationResponse>('POST', '/verifications/check', { ...options, body }),
    get: (id, options) => call<api.GetVerificationResponse>('GET', at(id), options),
    resend: (id, { clientAddress, ...options } = {}) =>
      call<api.ResendVerificationResponse>('POST', at(id, '/resend'), {
        ...options,
        body: { clientAddress },
      }),
    revoke: (id, options) => call<api.RevokeVerificationResponse>('POST', at(id, '/revoke'), options),
  };
}

export function noticeMethods(call: Call): NoticeMethods {
  return {
    send: (body, options) => call<api.CreateNoticeResponse>('POST', '/notices', { ...options, body }),
  };
}
