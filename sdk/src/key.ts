/**
 * API keys as the API takes and gives them: a key is shown when it is made, and never again.
 * Next: sdk.ts
 */
import type * as api from './gen/types.gen.ts';
import type { Given, Told } from './given.ts';

/** What can be shown of a key. */
export interface ApiKey extends Told<api.ApiKey> {}

/** The key itself: keep it now. */
export interface CreatedKey extends Told<api.CreatedKey> {}

/** A key to make: its role, and what narrows it. */
export interface KeyInput extends Given<api.CreateKeyData['body']> {}

/** Absent keeps, `null` clears. What a key may is never changed. */
export interface KeyPatch extends Given<api.ApiKeyPatch> {}
