/**
 * Configuration: flags, environment, file and defaults become one frozen `Config`, or every reason why not.
 * Nothing else in the server reads the environment. Secrets stay references until they are used.
 * Next: schema.ts, then load.ts
 */
export type { Config } from './schema.ts';
export type { ConfigFlags, ConfigInput, LoadedConfig, LoadResult } from './load.ts';
export { loadConfig } from './load.ts';
export type { ConfigProblem, Origin } from './config-problem.ts';
export { formatConfigProblem } from './config-problem.ts';
export type { ConfigChange, ConfigWatch, ReloadOutcome, WatchOptions } from './watch.ts';
export { watchConfig } from './watch.ts';
export type { ExplainedSetting, SectionDescription, SettingDescription } from './describe.ts';
export { describeConfig, explainConfig } from './describe.ts';
export type { ResolvedSecret, SecretReference } from './secret-reference.ts';
export { describeSecretReference, resolveSecret } from './secret-reference.ts';
export { followSecretFiles } from './secret-files.ts';
export type {
  ConnectionPatch,
  ConnectionSettings,
  DeclaredConnection,
  GraphSettings,
  MailboxSettings,
  PickupSettings,
  SecretField,
  SmtpSettings,
} from './connection-settings.ts';
export {
  applyConnectionPatch,
  classifyField,
  connectionPatch,
  connectionPort,
  CONNECTION_TYPES,
  connectionSettings,
  secretFieldsOf,
  DESTINATION_FIELDS,
  SECRET_FIELDS,
} from './connection-settings.ts';
export type { FieldRole } from './fields.ts';
export { nearName } from './near-name.ts';
export { isInside } from './inside.ts';
export { AUTH_KINDS, SECURITIES } from './smtp-settings.ts';
