/**
 * Flows: activation, password reset, one-time code, invitation, change of address. Each is a mail, a proof in it, and
 * limits.
 * Next: verifications.ts
 */
export type { Checked } from './check.ts';
export { harmless } from './harmless.ts';
export type { Issued } from './issue.ts';
export { sendNotice, type NoticeDeps, type NoticeRequest } from './notices.ts';
export { newCode, typedCode } from './proof.ts';
export { forgetSends, type Verification } from './queries.ts';
export {
  createVerifications,
  type OwnCheck,
  type OwnRequest,
  type VerificationDeps,
  type Verifications,
} from './verifications.ts';
export type { FlowWords } from './words.ts';
