/**
 * The one cipher: AES-256-GCM (NIST SP 800-38D) with a random 96-bit IV and a full 128-bit tag.
 * A data key makes one box per saved secret, far below the 2^32 that random IVs allow (§8.3).
 * Next: binding.ts
 */
import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts; the answer is `<iv>.<ciphertext and tag>` in base64url. `aad` is not in it and must be known to open it. */
export function encrypt(key: KeyObject, aad: Buffer, plaintext: Buffer): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(aad);
  const box = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return `${iv.toString('base64url')}.${box.toString('base64url')}`;
}

/** What `encrypt` took, or `undefined` if key, `aad` or any bit of the text is not the same. */
export function decrypt(key: KeyObject, aad: Buffer, text: string): Buffer | undefined {
  const [iv, box, ...rest] = text.split('.').map(fromBase64url);
  if (iv?.length !== IV_BYTES || box === undefined || box.length < TAG_BYTES || rest.length > 0)
    return undefined;
  // Without the length Node takes shorter tags too, down to 4 bytes, which can be guessed (DEP0182).
  const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(aad);
  decipher.setAuthTag(box.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(box.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined; // the tag does not fit; nothing that was decrypted is kept
  }
}

/** Strict: Node would read other alphabets and skip what it does not know, so one box would have many spellings. */
function fromBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
