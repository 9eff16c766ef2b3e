/**
 * What helps to set a connection up, as the API takes and gives it. The fields are those of `openapi.json`.
 * Next: sdk.ts
 */
import type * as api from './gen/types.gen.ts';
import type { Told } from './given.ts';

/** What is known about a provider. */
export interface Preset extends Told<api.Preset> {}

/** What a rule says about one field of the settings. */
export interface SettingsHint extends Told<api.SettingsHint> {}

/** Settings of an SMTP connection, unfinished. */
export type SettingsDraft = NonNullable<api.HintConnectionData['body']>['settings'];

export interface Probe extends Told<api.ProbeHostResponse> {}

export interface ProbeRow extends Told<api.ProbeRow> {}

export interface Discovery extends Told<api.DiscoverServersResponse> {}

/** Settings that a domain seems to use, and why. */
export interface Suggestion extends Told<api.Suggestion> {}

/** What receivers find about a sender's domain, and what to do about it. */
export interface AdviceRow extends Told<api.AdviceRow> {}

export interface Deliverability extends Told<api.AdviseOnSenderResponse> {}
