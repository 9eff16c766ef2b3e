/**
 * Secrets at rest: sealed values that open only for the destination they were given for (K1), under data keys of their
 * tenant that are wrapped by one master key, which is never in the database (K6).
 * Next: key-ring.ts
 */
export type { KeyRing, KeyRingCheck } from './key-ring.ts';
export { createKeyRing, hasDataKeys } from './key-ring.ts';
export type { Opened } from './seal.ts';
export type { SecretBinding } from './binding.ts';
export type { MasterKey, MasterKeyRefusal, MasterKeyResult } from './master-key.ts';
export { createMasterKey, loadMasterKey, newMasterKey, replaceMasterKeys } from './master-key.ts';
export type { MasterKeyUse, Rewrapped } from './rotation.ts';
export { forgetUnused, makeCurrent, masterKeyUse, rewrapAll } from './rotation.ts';
export { isMaskedSecret } from './masked.ts';
