/**
 * Flows: activation, password reset, one-time code, invitation, change of address. Each is a mail, a proof in it, and
 * limits.
 * Next: verifications.ts
 */
export { forgetSends } from './queries.ts';
export { createVerifications, type VerificationDeps, type Verifications } from './verifications.ts';
