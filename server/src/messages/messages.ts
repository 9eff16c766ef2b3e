/**
 * Messages: accepting them (both doors call the same), reading them, and what a person may do with them.
 * Next: submission.ts
 */
export { createAcceptor, type AcceptDeps, type Acceptor } from './accept.ts';
export type { Accepted, Prepared } from './prepare.ts';
export { forgetRemembered } from './queries.ts';
export { mailboxSchema, metadataSchema, submissionSchema, type Submission } from './submission.ts';
