/**
 * Connections as the API takes and gives them: secrets go in and never come out. The fields are those of `openapi.json`.
 * Next: sdk.ts
 */
import type * as api from './gen/types.gen.ts';
import type { Given, Told } from './given.ts';

/** What is shown of a secret; `rotatedAt` is `null` when there is none or the configuration names it. */
export interface SecretState extends Told<api.SecretState> {}

/** A connection to make. */
export type ConnectionInput = Given<api.ConnectionInput>;

/**
 * Changes: absent keeps, `null` clears. A secret must be given again when what decides where it is sent changes: host,
 * port, security or user.
 */
export interface ConnectionPatch extends Given<api.ConnectionPatch> {}

type SmtpInput = Exclude<api.ConnectionInput, { type: 'graph' | 'pickup' | 'mailbox' }>;
type GraphInput = Extract<api.ConnectionInput, { type: 'graph' }>;
type PickupInput = Extract<api.ConnectionInput, { type: 'pickup' }>;
type SecretName =
  'password' | 'clientSecret' | 'refreshToken' | 'serviceAccount' | 'clientKey' | 'proxyPassword';

/** The settings that are shown as they were given; which there are depends on the type. */
type ShownSettings = Partial<
  Omit<SmtpInput, 'name' | 'type' | SecretName> & Pick<GraphInput, 'graphUrl'> & Pick<PickupInput, 'folder'>
>;

export interface Connection extends Told<api.Connection & ShownSettings> {}

/** One saved version of the settings: its state, who made it, how it was proved, and what it changed. */
export interface ConnectionRevision extends Told<api.ConnectionRevision> {}
export interface WholeConnectionRevision extends Told<api.WholeConnectionRevision> {}

/** Secrets of an earlier revision that are not kept any more. */
export interface Restoration extends Given<api.Restoration> {}

/** Where to sign in to connect a mailbox, and what the provider must know. */
export interface ConnectBegun extends Told<api.ConnectBegun> {}
