/**
 * The tenants' data keys: made at first use, wrapped by the master key in the database, in clear in memory only.
 * A secret is sealed under its tenant's key, so one tenant's sealed values are of no use in another tenant's rows.
 * Next: seal.ts, then rotation.ts
 */
import { LRUCache } from 'lru-cache';
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { transaction, type Db } from '../store/store.ts';
import type { SecretBinding } from './binding.ts';
import type { MasterKey } from './master-key.ts';
import { createMasterKeys, type MasterKeys, type RereadMasterKeys } from './master-keys.ts';
import {
  addDataKey,
  countWrapped,
  hasDataKey,
  holdCurrentMasterKey,
  readAnyDataKey,
  readCurrentMasterKeyId,
  readDataKey,
  readNewestDataKey,
  type DataKeyRow,
} from './queries.ts';
import { dataKeyIdOf, digestWith, openWith, sealWith, type DataKey, type Opened } from './seal.ts';
import { firstKeyId, masterKeyIdOf, unwrap, wrapNewDataKey } from './wrapping.ts';

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
  /**
   * Tries the master keys on the stored data keys: every one that is needed must be there. Writes nothing. A database
   * without data keys fits every master key.
   */
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
  /** Other keys of the file: they open what a rotation has not wrapped anew yet. */
  readonly previous?: readonly MasterKey[];
  /** How to look for a key that is not among these; a server follows a rotation by it. */
  readonly reread?: RereadMasterKeys;
  readonly clock: Clock;
}

/** Data keys kept in memory at most; a tenant's key that fell out is read again. */
const CACHE_MAX = 10_000;
/** A first key is made again when the master key changed under it; more often than this it does not. */
const MAKE_TRIES = 5;

/** A key ring on this database. Needs no closing. */
export function createKeyRing(options: KeyRingOptions): KeyRing {
  const { db, clock } = options;
  const masterKeys = createMasterKeys(
    [options.masterKey, ...(options.previous ?? [])],
    clock,
    options.reread,
  );
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
      await makeFirst(tenantId);
      row = await readNewestDataKey(db, tenantId); // ours, or that of a node that was quicker
    }
    const dataKey = row && (await unwrapRow(masterKeys, row));
    const id = row === undefined ? masterKeys.first.id : masterKeyIdOf(row);
    assert(dataKey, `the data key of ${tenantId} cannot be unwrapped with the master key ${id}`);
    return dataKey;
  }

  /** Wrapped by the current master key, which cannot change while the row is written. */
  async function makeFirst(tenantId: string): Promise<void> {
    let missing: string | undefined;
    for (let tries = 1; tries <= MAKE_TRIES; tries += 1) {
      const id = (await readCurrentMasterKeyId(db)) ?? masterKeys.first.id;
      const masterKey = await masterKeys.find(id);
      if (masterKey === undefined) {
        missing = id; // rotated again meanwhile, and the one before taken away?
        continue;
      }
      const row = wrapNewDataKey(masterKey, tenantId, clock.now());
      const made = await transaction(db, async (tx) => {
        if (!(await holdCurrentMasterKey(tx, id, row.created_at))) return false;
        await addDataKey(tx, row);
        return true;
      });
      if (made) return;
    }
    assert(
      missing === undefined,
      `the data key of ${tenantId} cannot be made: this server has no master key ${missing ?? ''}`,
    );
    assert(false, 'the current master key changed again and again');
  }

  async function keyToOpen(tenantId: string, keyId: string): Promise<DataKey | undefined> {
    const name = JSON.stringify([tenantId, keyId]);
    const cached = known.get(name);
    if (cached) return cached;
    const row = await readDataKey(db, tenantId, keyId);
    const dataKey = row && (await unwrapRow(masterKeys, row));
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
    verify: () => verify(db, masterKeys),
  };
}

/** Whether anything was ever sealed in this database: then only the master key of that time will do. */
export async function hasDataKeys(db: Db): Promise<boolean> {
  return await hasDataKey(db);
}

async function unwrapRow(masterKeys: MasterKeys, row: DataKeyRow): Promise<DataKey | undefined> {
  const masterKey = await masterKeys.find(masterKeyIdOf(row));
  return masterKey && unwrap(masterKey, row);
}

async function verify(db: Db, masterKeys: MasterKeys): Promise<KeyRingCheck> {
  const wrapped = await countWrapped(db);
  for (const { masterKeyId, sampleKeyId } of wrapped) {
    const masterKey = await masterKeys.find(masterKeyId);
    if (masterKey === undefined) return wrongKey(masterKeyId, masterKeys.ids);
    const row = await readAnyDataKey(db, sampleKeyId);
    // A row that was wrapped anew since we looked is no damage.
    if (row === undefined || masterKeyIdOf(row) !== masterKeyId || unwrap(masterKey, row)) continue;
    const message = `A stored data key (${row.key_id}) does not open with its master key ${masterKeyId}: the row is damaged.`;
    return { ok: false, reason: 'damaged', message };
  }
  const current = await readCurrentMasterKeyId(db);
  if (current === undefined || (await masterKeys.find(current))) return { ok: true };
  return wrongKey(current, masterKeys.ids);
}

function wrongKey(needed: string, given: readonly string[]): KeyRingCheck {
  const message =
    `The secrets in this database were sealed under the master key ${needed}; ` +
    `the key file holds ${given.join(' and ')}. Start with the file that holds it.`;
  return { ok: false, reason: 'wrong-master-key', message };
}
