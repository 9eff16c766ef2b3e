/**
 * The master key: 32 random bytes, base64 in a file that nobody else may read. It wraps the tenants' data keys.
 * It is never in the database, in a backup or in a log. Next: key-ring.ts
 */
import { createHash, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { constants, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface MasterKey {
  /** Tells keys apart in the database and in messages; says nothing about the key. */
  readonly id: string;
  readonly key: KeyObject;
}

export interface MasterKeyRefusal {
  readonly ok: false;
  readonly reason: 'missing' | 'exists' | 'unreadable' | 'open-to-others' | 'not-a-key';
  /** For the operator: what is wrong with which file, and what to do. */
  readonly message: string;
}

export type MasterKeyResult = { readonly ok: true; readonly masterKey: MasterKey } | MasterKeyRefusal;

const KEY_BYTES = 32;
/** A key file has 45 bytes; anything longer is the wrong file and is not read to its end. */
const FILE_BYTES_MAX = 128;
const OTHERS = 0o077;

/** Reads the key. Refuses a file that group or others may touch, and content that is not exactly one key. */
export async function loadMasterKey(file: string): Promise<MasterKeyResult> {
  try {
    await using handle = await open(file, 'r');
    // Asked of the open file, so that nobody can change what the answer is about.
    const { mode } = await handle.stat();
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) return openToOthers(file, mode);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(FILE_BYTES_MAX), 0, FILE_BYTES_MAX, 0);
    const bytes = decodeKey(buffer.toString('latin1', 0, bytesRead));
    return bytes === undefined ? notAKey(file, bytesRead) : { ok: true, masterKey: masterKeyOf(bytes) };
  } catch (error) {
    return fileRefusal(file, error);
  }
}

/** Makes a key file with mode 0600; the key is on the disk when this answers. Never replaces a file. */
export async function createMasterKey(file: string): Promise<MasterKeyResult> {
  const bytes = randomBytes(KEY_BYTES);
  const { O_CREAT, O_EXCL, O_WRONLY } = constants;
  try {
    await using handle = await open(file, O_CREAT | O_EXCL | O_WRONLY, 0o600);
    try {
      await handle.writeFile(`${bytes.toString('base64')}\n`);
      await handle.sync();
      await syncFolder(dirname(file));
    } catch (error) {
      await unlink(file); // half a key must not be taken for one at the next start
      throw error;
    }
  } catch (error) {
    return fileRefusal(file, error);
  }
  return { ok: true, masterKey: masterKeyOf(bytes) };
}

/** The master key of 32 bytes. */
export function masterKeyOf(bytes: Uint8Array): MasterKey {
  const id = createHash('sha256')
    .update('posthorn master key id v1 ')
    .update(bytes)
    .digest('hex')
    .slice(0, 8);
  return { id, key: createSecretKey(bytes) };
}

/** The new name is durable only when its folder is (fsync(2)). Windows has no such call. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  await using handle = await open(folder, 'r');
  await handle.sync();
}

function decodeKey(text: string): Buffer | undefined {
  const trimmed = text.trim();
  const bytes = Buffer.from(trimmed, 'base64');
  return bytes.length === KEY_BYTES && bytes.toString('base64') === trimmed ? bytes : undefined;
}

function openToOthers(file: string, mode: number): MasterKeyRefusal {
  const octal = (mode & 0o777).toString(8).padStart(4, '0');
  const message = `The master key file ${file} can be used by others (mode ${octal}). Make it private: chmod 600 ${file}`;
  return { ok: false, reason: 'open-to-others', message };
}

function notAKey(file: string, bytesRead: number): MasterKeyRefusal {
  const what = bytesRead === 0 ? 'is empty' : `does not hold a key of ${String(KEY_BYTES)} bytes in base64`;
  const message = `The master key file ${file} ${what}. Restore it from your copy: without it no stored secret can be read.`;
  return { ok: false, reason: 'not-a-key', message };
}

function fileRefusal(file: string, error: unknown): MasterKeyRefusal {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') {
    return {
      ok: false,
      reason: 'missing',
      message: `There is no master key file ${file}, or no such folder.`,
    };
  }
  if (code === 'EEXIST')
    return { ok: false, reason: 'exists', message: `The master key file ${file} exists already.` };
  const detail = error instanceof Error ? error.message : String(error);
  return {
    ok: false,
    reason: 'unreadable',
    message: `The master key file ${file} cannot be used: ${detail}`,
  };
}
