/**
 * The mails that people of this server get about their own account. Codes and links go through `flows/` like those of
 * any application; notices are plain messages. A notice that cannot be sent stops nothing.
 * Next: setup.ts
 */
import type { Person } from '../access/access.ts';
import { storedAddress } from '../delivery/delivery.ts';
import type { Caller } from '../http/http.ts';
import { submissionSchema, type Acceptor } from '../messages/messages.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import { mailingAs, type AccountDeps } from './account-deps.ts';

/** Answers the id of the verification that the code finishes. Throws `rate_limited`. */
export async function mailSignInCode(
  { verifications }: AccountDeps,
  person: Person,
  { address }: Caller,
): Promise<string> {
  const { verification } = await verifications.issueOwn(mailingAs(person, INSTANCE_TENANT_ID), {
    flow: 'one-time-code',
    to: { address: storedAddress(person.email) },
    subject: person.id,
    clientAddress: address,
  });
  return verification.id;
}

export type Notice = 'password-changed' | 'address-changed' | 'second-step-changed';

const NOTICES: Readonly<Record<Notice, { readonly subject: string; readonly lines: readonly string[] }>> = {
  'password-changed': {
    subject: 'Your password was changed',
    lines: ['The password of your account was changed, and you were signed out everywhere.'],
  },
  'address-changed': {
    subject: 'The address of your account was changed',
    lines: ['Your account now has another address. Mail about it no longer comes here.'],
  },
  'second-step-changed': {
    subject: 'The second step of your sign-in was changed',
    lines: ['The way in which you confirm that it is you was changed.'],
  },
};

export interface Notifying {
  readonly acceptor: Acceptor;
}

/** Tells a person what was done to the account, at the address that it had then. */
export async function tellPerson(
  { acceptor, log }: Pick<AccountDeps, 'log'> & Notifying,
  person: Pick<Person, 'id' | 'email'>,
  notice: Notice,
): Promise<void> {
  const { subject, lines } = NOTICES[notice];
  const text = [...lines, '', 'If this was not you, set a new password and tell your administrator.'].join(
    '\n',
  );
  const principal = mailingAs(person, INSTANCE_TENANT_ID);
  try {
    const submission = submissionSchema.parse({ to: [person.email], subject, text, class: 'account' });
    await acceptor.accept(principal, [await acceptor.prepare(principal, submission, undefined)], undefined);
  } catch (error) {
    log.warn({ err: error, person: person.id, notice }, 'a person could not be told of a change by mail');
  }
}
