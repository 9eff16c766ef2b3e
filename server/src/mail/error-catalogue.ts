/**
 * Every error Posthorn shows: what it means, why it happens, how it is set right and by whom. `docs/errors.md`, the API,
 * the console, the CLI and alerts use these ids; a published id is never renamed. Which replies and failures lead to
 * which id is in the `rules-*.ts` files, and a test holds the two together.
 * Next: error-entry.ts
 */
import type { ErrorEntry } from './error-entry.ts';
import { ACCOUNT_ERRORS } from './errors-accounts.ts';
import { ENTRA_ERRORS } from './errors-entra.ts';
import { MAIL_ERRORS } from './errors-mail.ts';
import { NETWORK_ERRORS } from './errors-network.ts';
import { OAUTH_ERRORS } from './errors-oauth.ts';
import { OWN_ERRORS } from './errors-own.ts';
import { SIGN_IN_ERRORS } from './errors-sign-in.ts';
import { TLS_ERRORS } from './errors-tls.ts';
import { WAY_ERRORS } from './errors-ways.ts';

const CATALOGUE = {
  ...NETWORK_ERRORS,
  ...TLS_ERRORS,
  ...SIGN_IN_ERRORS,
  ...ACCOUNT_ERRORS,
  ...ENTRA_ERRORS,
  ...OAUTH_ERRORS,
  ...WAY_ERRORS,
  ...MAIL_ERRORS,
  ...OWN_ERRORS,
} as const;

export type ErrorId = keyof typeof CATALOGUE;

/** The catalogue, in the order of the page. */
export const ERRORS: Readonly<Record<ErrorId, ErrorEntry>> = CATALOGUE;

export function isErrorId(text: string): text is ErrorId {
  return Object.hasOwn(ERRORS, text);
}
