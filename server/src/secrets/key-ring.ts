/**
 * The tenants' data keys: made at first use, wrapped by the master key in the database, in clear in memory only.
 * A secret is sealed under its tenant's key, so one tenant's sealed values are of no use in another tenant's rows.
 * Next: seal.ts
 */
import { createHash, createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { Db } from '../store/store.ts';
import type { SecretBinding } from './binding.ts';
import { decrypt, encrypt } from './cipher.ts';
import type { MasterKey } from './master-key.ts';
import { addDataKey, readDataKey, readNewestDataKey, readOldestDataKey, type DataKeyRow } from './queries.ts';
import { dataKeyIdOf, openWith, sealWith, type DataKey, type Opened } from './seal.ts';

/**
 * Seals and opens. The first use of a tenant reads (and for `seal` may add) its key outside any transaction of the
 * caller's, so do both before a transaction begins: SQLite has one connection, and it would wait for itself.
 */
export interface KeyRing {
  /** The text to store. Throws if the tenant's key cannot be unwrapped, which `verify` finds at the start. */
  seal(binding: SecretBinding, plaintext: string): Promise<string>;
  /** What was sealed, if the binding is the same in every part. */
  open(binding: SecretBinding, sealed: string): Promise<Opened>;
  /**
   * A keyed digest of `text`: the same on every node and after every start, different for every tenant and purpose, and
   * of no use to somebody who guesses at the text without the key.
   */
  digest(tenantId: string, purpose: string, text: string): Promise<string>;
  /** Tries the master key on a stored data key. Writes nothing. A database without keys fits every master key. */
  verify(): Promise<KeyRingCheck>;
}

export type KeyRingCheck =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** `damaged`: the ids agree, yet the stored key does not unwrap. */
      readonly reason: 'wrong-master-key' | 'damaged';
      readonly message: string;
    };

export interface KeyRingOptions {
  readonly db: Db;
  readonly masterKey: MasterKey;
  readonly clock: Clock;
}

/** Data keys kept in memory at most; a tenant's key that fell out is read again. */
const CACHE_MAX = 10_000;
const KEY_BYTES = 32;

/** A key ring on this database. Needs no closing. */
export function createKeyRing({ db, masterKey, clock }: KeyRingOptions): KeyRing {
  const newest = new LRUCache<string, Promise<DataKey>>({ max: CACHE_MAX });
  const known = new LRUCache<string, DataKey>({ max: CACHE_MAX });

  /** Everybody who asks for a tenant's key at once gets the same promise; one that failed is not kept. */
  function keyToSeal(tenantId: string): Promise<DataKey> {
    const asked = newest.get(tenantId);
    if (asked) return asked;
    const asking = findOrMake(tenantId);
    newest.set(tenantId, asking);
    asking.catch(() => newest.delete(tenantId));
    return asking;
  }

  async function findOrMake(tenantId: string): Promise<DataKey> {
    let row = await readNewestDataKey(db, tenantId);
    if (row === undefined) {
      await addDataKey(db, makeRow(masterKey, tenantId, clock.now()));
      row = await readNewestDataKey(db, tenantId); // ours, or that of a node that was quicker
    }
    const dataKey = row && unwrap(masterKey, row);
    assert(dataKey, `the data key of ${tenantId} cannot be unwrapped with the master key ${masterKey.id}`);
    return dataKey;
  }

  async function keyToOpen(tenantId: string, keyId: string): Promise<DataKey | undefined> {
    const name = JSON.stringify([tenantId, keyId]);
    const cached = known.get(name);
    if (cached) return cached;
    const row = await readDataKey(db, tenantId, keyId);
    const dataKey = row && unwrap(masterKey, row);
    if (dataKey) known.set(name, dataKey);
    return dataKey;
  }

  return {
    async seal(binding, plaintext) {
      return sealWith(await keyToSeal(binding.tenantId), binding, plaintext);
    },
    async open(binding, sealed) {
      const keyId = dataKeyIdOf(sealed);
      if (keyId === undefined) return { ok: false, reason: 'damaged' };
      const dataKey = await keyToOpen(binding.tenantId, keyId);
      return dataKey ? openWith(dataKey, binding, sealed) : { ok: false, reason: 'unknown-key' };
    },
    async digest(tenantId, purpose, text) {
      // The tenant's first key, so that newer ones leave digests as they are.
      const dataKey = (await keyToOpen(tenantId, firstKeyId(tenantId))) ?? (await keyToSeal(tenantId));
      return digestWith(dataKey, purpose, text);
    },
    async verify() {
      const row = await readOldestDataKey(db);
      return row === undefined || unwrap(masterKey, row) ? { ok: true } : misfit(masterKey, row);
    },
  };
}

/** Whether anything was ever sealed in this database: then only the master key of that time will do. */
export async function hasDataKeys(db: Db): Promise<boolean> {
  return (await readOldestDataKey(db)) !== undefined;
}

function makeRow(masterKey: MasterKey, tenantId: string, now: number): DataKeyRow {
  const keyId = firstKeyId(tenantId);
  const box = encrypt(masterKey.key, wrapAad(tenantId, keyId), randomBytes(KEY_BYTES));
  return { tenant_id: tenantId, key_id: keyId, wrapped: `v1.${masterKey.id}.${box}`, created_at: now };
}

/** The same on every node, so that the table's primary key lets only one first key of a tenant in. */
function firstKeyId(tenantId: string): string {
  return createHash('sha256').update(`posthorn data key 1 ${tenantId}`).digest('hex').slice(0, 32);
}

/** `wrapped` is `v1.<master key id>.<iv>.<ciphertext and tag>`; the ids of tenant and key are authenticated with it. */
function unwrap(masterKey: MasterKey, row: DataKeyRow): DataKey | undefined {
  const prefix = `v1.${masterKey.id}.`;
  if (!row.wrapped.startsWith(prefix)) return undefined;
  const bytes = decrypt(masterKey.key, wrapAad(row.tenant_id, row.key_id), row.wrapped.slice(prefix.length));
  return bytes?.length === KEY_BYTES ? { id: row.key_id, key: createSecretKey(bytes) } : undefined;
}

function wrapAad(tenantId: string, keyId: string): Buffer {
  return Buffer.from(`posthorn data key v1 ${JSON.stringify([tenantId, keyId])}`);
}

/** Under a key of its own, so that the data key does one thing only. */
function digestWith(dataKey: DataKey, purpose: string, text: string): string {
  const key = hkdfSync('sha256', dataKey.key, Buffer.alloc(0), `posthorn digest v1 ${purpose}`, 32);
  return createHmac('sha256', Buffer.from(key)).update(text, 'utf8').digest('base64url');
}

function misfit(masterKey: MasterKey, row: DataKeyRow): KeyRingCheck {
  const storedId = row.wrapped.split('.')[1] ?? '';
  if (storedId === masterKey.id) {
    const message = `A stored data key (${row.key_id}) does not open with its master key ${masterKey.id}: the row is damaged.`;
    return { ok: false, reason: 'damaged', message };
  }
  const message =
    `The secrets in this database were sealed under the master key ${storedId}; the key given is ${masterKey.id}. ` +
    'Start with the file of the first one.';
  return { ok: false, reason: 'wrong-master-key', message };
}
