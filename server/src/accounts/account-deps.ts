/**
 * What the parts of `accounts/` share: the database, the mails of flows, and what the configuration says.
 * Next: sign-in.ts
 */
import type { Person, SessionTimes } from '../access/access.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Verifications } from '../flows/flows.ts';
import { problem, type AuditFacts, type Caller, type Principal, type RecordAudit } from '../http/http.ts';
import { addressKey, parseAddress, serializeAddress, type Address } from '../mail/mail.ts';
import type { KeyRing } from '../secrets/secrets.ts';
import type { Db } from '../store/store.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import type { Passwords } from './passwords.ts';
import type { Throttle } from './throttle.ts';

export interface AccountDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly keyRing: Pick<KeyRing, 'seal' | 'open' | 'digest'>;
  readonly verifications: Verifications;
  readonly passwords: Passwords;
  readonly throttle: Throttle;
  readonly sessionTimes: () => SessionTimes;
  readonly record: RecordAudit;
  /** Whether everybody needs a second step. */
  readonly secondStepRequired: () => boolean;
  /** The address that the configuration sets; pages are served under its name only. */
  readonly ownUrl: () => string | undefined;
  /** Where people reach this server, without a slash at the end. */
  readonly publicUrl: () => string;
  /** Whether mail of this tenant reaches this address now: a sender, a way out, and a mode that lets it go. */
  readonly canMail: (tenantId: string, address: string) => boolean;
}

export interface ReadAddress {
  readonly email: string;
  readonly emailKey: string;
}

/** One address, in the form in which it is stored and compared; `undefined` when it cannot be one (F5). */
export function readAddress(text: string): ReadAddress | undefined {
  const parsed = parseAddress(text);
  return parsed.ok ? storedForm(parsed.address) : undefined;
}

export function mustReadAddress(text: string, path = 'email'): ReadAddress {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw wrongField(path, parsed.message);
  return storedForm(parsed.address);
}

function storedForm(address: Address): ReadAddress {
  return { email: serializeAddress(address), emailKey: addressKey(address) };
}

export function wrongField(path: string, message: string) {
  return problem('invalid_request', { detail: `${path} ${message}.`, errors: [{ path, message }] });
}

/** As whom the server mails for a person who is not signed in, or in another tenant than the one acted in. */
export function mailingAs(person: Pick<Person, 'id' | 'email'>, tenantId: string): Principal {
  return {
    actorId: person.id,
    actorName: person.email,
    kind: 'live',
    role: 'instance_admin',
    tenantId,
    homeTenantId: INSTANCE_TENANT_ID,
  };
}

/** Records what a person did who was not signed in when the request came: by a link, a code or a password. */
export function recordDone(
  { record }: AccountDeps,
  caller: Caller,
  person: Pick<Person, 'id' | 'email'>,
  facts: Pick<AuditFacts, 'operation'> & Partial<AuditFacts>,
  tenantId: string = INSTANCE_TENANT_ID,
): Promise<void> {
  const known = { thing: 'account', thingId: person.id, changes: [], reason: null };
  return record({ ...mailingAs(person, tenantId), sessionId: '' }, caller, { ...known, ...facts });
}

/** A digest of an address for counting: nobody reads the address out of it, whether it has an account or not. */
export function whoIs(keyRing: AccountDeps['keyRing'], emailKey: string): Promise<string> {
  return keyRing.digest(INSTANCE_TENANT_ID, 'sign-in', emailKey);
}
