/**
 * One sealed secret: `v1.<data key id>.<fingerprint>.<iv>.<ciphertext and tag>`.
 * The binding is authenticated with it and not stored in it. The fingerprint, a keyed digest of the binding, only serves
 * to say why a secret does not open: GCM cannot tell a changed destination from a damaged row. What opens is decided by
 * the tag alone. Next: key-ring.ts
 */
import { createHmac, hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { encodeBinding, type SecretBinding } from './binding.ts';
import { decrypt, encrypt } from './cipher.ts';

/** A tenant's own key, in clear: in memory only. */
export interface DataKey {
  readonly id: string;
  readonly key: KeyObject;
}

export type Opened =
  | { readonly ok: true; readonly plaintext: string }
  /** `destination-changed`: sealed for another tenant, owner, field or destination; the secret must be given again. */
  | { readonly ok: false; readonly reason: 'destination-changed' | 'unknown-key' | 'damaged' };

const FORM = /^v1\.([0-9a-f]{32})\.([\w-]{16})\.([\w-]+\.[\w-]+)$/;
const FINGERPRINT_BYTES = 12;

/** Seals under `dataKey`; every call answers something else. */
export function sealWith(dataKey: DataKey, binding: SecretBinding, plaintext: string): string {
  const bytes = encodeBinding(binding);
  const box = encrypt(dataKey.key, aad(dataKey.id, bytes), Buffer.from(plaintext, 'utf8'));
  return `v1.${dataKey.id}.${fingerprint(dataKey, bytes)}.${box}`;
}

/** Id of the data key that `sealed` needs; `undefined` if it has not the form of a sealed secret. */
export function dataKeyIdOf(sealed: string): string | undefined {
  return FORM.exec(sealed)?.[1];
}

/** Opens what `sealWith` made for an equal binding. `dataKey` is the one that `dataKeyIdOf` named. */
export function openWith(dataKey: DataKey, binding: SecretBinding, sealed: string): Opened {
  const [, , stored, box] = FORM.exec(sealed) ?? [];
  if (box === undefined) return { ok: false, reason: 'damaged' };
  const bytes = encodeBinding(binding);
  const plaintext = decrypt(dataKey.key, aad(dataKey.id, bytes), box);
  if (plaintext !== undefined && stored === fingerprint(dataKey, bytes)) {
    return { ok: true, plaintext: plaintext.toString('utf8') };
  }
  return { ok: false, reason: stored === fingerprint(dataKey, bytes) ? 'damaged' : 'destination-changed' };
}

function aad(keyId: string, binding: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`posthorn secret v1 ${keyId} `), binding]);
}

/** Under a key of its own, so that the data key does one thing only. */
function fingerprint(dataKey: DataKey, binding: Buffer): string {
  const key = hkdfSync('sha256', dataKey.key, Buffer.alloc(0), 'posthorn binding fingerprint v1', 32);
  const digest = createHmac('sha256', Buffer.from(key)).update(binding).digest();
  return digest.subarray(0, FINGERPRINT_BYTES).toString('base64url');
}

/** A keyed digest of any text, for one purpose. Under a key of its own, so that the data key does one thing only. */
export function digestWith(dataKey: DataKey, purpose: string, text: string): string {
  const key = hkdfSync('sha256', dataKey.key, Buffer.alloc(0), `posthorn digest v1 ${purpose}`, 32);
  return createHmac('sha256', Buffer.from(key)).update(text, 'utf8').digest('base64url');
}
