/**
 * Codes of an authenticator app (RFC 6238): six digits, thirty seconds, one step of tolerance to each side. The secret is
 * sealed for its person; a code counts once.
 * Next: recovery-codes.ts
 */
import { Secret, TOTP } from 'otpauth';
import type { Clock } from '../base/clock.ts';
import type { KeyRing, SecretBinding } from '../secrets/secrets.ts';
import { transaction, type Db } from '../store/store.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';
import { useTotpStep } from './credential-queries.ts';

const PERIOD_S = 30;
const TOLERANCE = 1;
/** RFC 4226 §4 R6 recommends 160 bits. */
const SECRET_BYTES = 20;

export interface NewTotp {
  /** To type into the app. */
  readonly secret: string;
  /** `otpauth://…`, to show as a QR code. */
  readonly uri: string;
  readonly sealed: string;
}

type Keys = Pick<KeyRing, 'seal' | 'open'>;

export async function newTotp(keyRing: Keys, personId: string, email: string): Promise<NewTotp> {
  const secret = new Secret({ size: SECRET_BYTES });
  const totp = generator(secret, email);
  return {
    secret: secret.base32,
    uri: totp.toString(),
    sealed: await keyRing.seal(bindingOf(personId), secret.base32),
  };
}

/** The time step whose code this is; `undefined` when it is none of now. */
export async function stepOf(
  { keyRing, clock }: { readonly keyRing: Keys; readonly clock: Clock },
  personId: string,
  sealed: string,
  code: string,
): Promise<number | undefined> {
  const opened = await keyRing.open(bindingOf(personId), sealed);
  if (!opened.ok) return undefined;
  const token = code.replace(/\s/g, '');
  if (!/^\d{6}$/.test(token)) return undefined;
  const timestamp = clock.now();
  const delta = generator(Secret.fromBase32(opened.plaintext), '').validate({
    token,
    timestamp,
    window: TOLERANCE,
  });
  return delta === null ? undefined : Math.floor(timestamp / 1_000 / PERIOD_S) + delta;
}

/** Whether the code is right and was not used before (RFC 6238 §5.2). */
export async function spendTotp(
  deps: { readonly db: Db; readonly keyRing: Keys; readonly clock: Clock },
  personId: string,
  sealed: string,
  code: string,
): Promise<boolean> {
  const step = await stepOf(deps, personId, sealed, code);
  return step !== undefined && (await transaction(deps.db, (tx) => useTotpStep(tx, personId, step)));
}

function generator(secret: Secret, label: string): TOTP {
  return new TOTP({ issuer: 'Posthorn', label, algorithm: 'SHA1', digits: 6, period: PERIOD_S, secret });
}

function bindingOf(personId: string): SecretBinding {
  return { tenantId: INSTANCE_TENANT_ID, ownerId: personId, field: 'totp', destination: {} };
}
