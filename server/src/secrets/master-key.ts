/**
 * The master key: 32 random bytes, base64 in a file that nobody else may read. It wraps the tenants' data keys.
 * It is never in the database, in a backup or in a log. While it is rotated the file holds several, a line each: the
 * first is the one to use from now on, the others still open what they wrapped (K7). Next: key-ring.ts
 */
import { createHash, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { constants, open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises';
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

export type MasterKeyResult =
  | {
      readonly ok: true;
      /** The first of the file. */
      readonly masterKey: MasterKey;
      /** The other lines. */
      readonly previous: readonly MasterKey[];
    }
  | MasterKeyRefusal;

const KEY_BYTES = 32;
/** More lines than anybody needs: each is a key that somebody must guard. */
const KEYS_MAX = 16;
/** A key takes 45 bytes; a longer file is the wrong one and is not read to its end. */
const FILE_BYTES_MAX = 2 * KEYS_MAX * 45;
const OTHERS = 0o077;

/** Reads the keys. Refuses a file that group or others may touch, and content that is anything but keys. */
export async function loadMasterKey(file: string): Promise<MasterKeyResult> {
  try {
    await using handle = await open(file, 'r');
    // Asked of the open file, so that nobody can change what the answer is about.
    const { mode } = await handle.stat();
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) return openToOthers(file, mode);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(FILE_BYTES_MAX), 0, FILE_BYTES_MAX, 0);
    const keys = bytesRead === FILE_BYTES_MAX ? [] : decodeKeys(buffer.toString('latin1', 0, bytesRead));
    const [masterKey, ...previous] = keys;
    return masterKey === undefined ? notAKey(file, bytesRead) : { ok: true, masterKey, previous };
  } catch (error) {
    return fileRefusal(file, error);
  }
}

/** Makes a key file with mode 0600; the key is on the disk when this answers. Never replaces a file. */
export async function createMasterKey(file: string): Promise<MasterKeyResult> {
  const masterKey = newMasterKey();
  try {
    await writeNew(file, [masterKey], 0o600);
    await syncFolder(dirname(file));
  } catch (error) {
    return fileRefusal(file, error);
  }
  return { ok: true, masterKey, previous: [] };
}

/**
 * Replaces the content of a key file, all or nothing, with the rights and the owner that it has. Whoever calls sees to
 * it that nobody else does so at the same time.
 */
export async function replaceMasterKeys(
  file: string,
  keys: readonly MasterKey[],
): Promise<{ readonly ok: true } | MasterKeyRefusal> {
  if (keys.length > KEYS_MAX) return tooMany(file);
  try {
    const target = await realpath(file); // the file, not a link to it
    const { mode, uid, gid } = await stat(target);
    const fresh = `${target}.new`;
    await rm(fresh, { force: true }); // of a rotation that was killed here; its keys were never used
    await writeNew(fresh, keys, mode & 0o700, { uid, gid });
    await rename(fresh, target);
    await syncFolder(dirname(target));
    return { ok: true };
  } catch (error) {
    return fileRefusal(file, error);
  }
}

/** A key that nobody has yet. */
export function newMasterKey(): MasterKey {
  return masterKeyOf(randomBytes(KEY_BYTES));
}

async function writeNew(
  file: string,
  keys: readonly MasterKey[],
  mode: number,
  owner?: { uid: number; gid: number },
): Promise<void> {
  const { O_CREAT, O_EXCL, O_WRONLY } = constants;
  await using handle = await open(file, O_CREAT | O_EXCL | O_WRONLY, 0o600);
  try {
    await handle.writeFile(keys.map(({ key }) => `${key.export().toString('base64')}\n`).join(''));
    if (owner !== undefined) await giveTo(handle, mode, owner);
    await handle.sync();
  } catch (error) {
    await rm(file, { force: true }); // half a key must not be taken for one at the next start
    throw error;
  }
}

/** Root may rotate for a server that is another user: the file must stay that user's. */
async function giveTo(handle: FileHandle, mode: number, owner: { uid: number; gid: number }): Promise<void> {
  if (process.platform === 'win32') return;
  const now = await handle.stat();
  if (now.uid !== owner.uid || now.gid !== owner.gid) await handle.chown(owner.uid, owner.gid);
  await handle.chmod(mode);
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

/** Nothing if any line is not a key, or is there twice: then the file is not what somebody meant it to be. */
function decodeKeys(text: string): MasterKey[] {
  const lines = text.trim().split(/\s*\n\s*/);
  const keys = lines.map(decodeKey).filter((key) => key !== undefined);
  const ids = new Set(keys.map(({ id }) => id));
  return ids.size === lines.length && lines.length <= KEYS_MAX ? keys : [];
}

function decodeKey(line: string): MasterKey | undefined {
  const bytes = Buffer.from(line, 'base64');
  const isKey = bytes.length === KEY_BYTES && bytes.toString('base64') === line;
  return isKey ? masterKeyOf(bytes) : undefined;
}

function openToOthers(file: string, mode: number): MasterKeyRefusal {
  const octal = (mode & 0o777).toString(8).padStart(4, '0');
  const message = `The master key file ${file} can be used by others (mode ${octal}). Make it private: chmod 600 ${file}`;
  return { ok: false, reason: 'open-to-others', message };
}

function notAKey(file: string, bytesRead: number): MasterKeyRefusal {
  const what =
    bytesRead === 0
      ? 'is empty'
      : `does not hold a key of ${String(KEY_BYTES)} bytes in base64, or several, each on a line of its own`;
  const message = `The master key file ${file} ${what}. Restore it from your copy: without it no stored secret can be read.`;
  return { ok: false, reason: 'not-a-key', message };
}

function tooMany(file: string): MasterKeyRefusal {
  const message = `The master key file ${file} would hold more than ${String(KEYS_MAX)} keys. Take those out that nothing needs.`;
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
