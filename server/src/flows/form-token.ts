/**
 * What a form of a page carries so that nobody posts it without having been shown it (A4): when it was shown, signed,
 * and good for one post. Nothing is stored until it is used.
 * Next: landing.ts
 */
import { randomBytes } from 'node:crypto';
import { sameDigest } from '../access/access.ts';
import type { Clock } from '../base/clock.ts';
import type { KeyRing } from '../secrets/secrets.ts';
import { takeFrom, type Db } from '../store/store.ts';
import { INSTANCE_TENANT_ID } from '../tenants/tenants.ts';

export interface FormDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly keyRing: Pick<KeyRing, 'digest'>;
}

/** A person takes longer than this to read a page and press its button; programs do not. */
const LEAST_MS = 1_000;
/** A page may stay open in a tab for this long. */
const MOST_MS = 3_600_000;
const NONCE_BYTES = 12;
const FORM = /^([0-9a-z]{1,11})\.([\w-]{16})\.([\w-]{20,100})$/;

/** `early`: it is good, and not used up; the same may be posted again. `refused`: not ours, too old, or used. */
export type FormTaken = 'ok' | 'early' | 'refused';

/** A token for one form; `about` binds it to what the form is for. */
export async function newFormToken({ clock, keyRing }: FormDeps, about: string): Promise<string> {
  const head = `${clock.now().toString(36)}.${randomBytes(NONCE_BYTES).toString('base64url')}`;
  return `${head}.${await sign(keyRing, about, head)}`;
}

/** Uses it up. Of many posts of one token at once one gets `ok`. */
export async function takeFormToken(
  { db, clock, keyRing }: FormDeps,
  about: string,
  token: string,
): Promise<FormTaken> {
  const [, shown = '', nonce = '', signature = ''] = FORM.exec(token) ?? [];
  if (signature === '' || !sameDigest(await sign(keyRing, about, `${shown}.${nonce}`), signature))
    return 'refused';
  const now = clock.now();
  const age = now - Number.parseInt(shown, 36);
  if (age < 0 || age > MOST_MS) return 'refused'; // before it was shown: the clock was set back since
  if (age < LEAST_MS) return 'early';
  const taken = await takeFrom(db, { name: `form ${nonce}`, max: 1, windowMs: 2 * MOST_MS }, now);
  return taken.ok ? 'ok' : 'refused';
}

function sign(keyRing: Pick<KeyRing, 'digest'>, about: string, head: string): Promise<string> {
  return keyRing.digest(INSTANCE_TENANT_ID, 'form token', `${about} ${head}`);
}
