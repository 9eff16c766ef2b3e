/**
 * What an operator does on the machine itself, beside running the server: keys, checks, and the server's vital signs.
 * Next: place.ts
 */
export {
  createKeyLocally,
  listKeysLocally,
  namedTenants,
  revokeKeyLocally,
  verifyAuditLocally,
  type LocalKeyRequest,
} from './keys.ts';
export { checkConfig, explainConfig, type ConfigReport } from './config-report.ts';
export { doctor, type DoctorCheck, type DoctorReport } from './doctor.ts';
export {
  databaseFolder,
  loadPlace,
  openMasterKeys,
  OperatorRefused,
  readMasterKeys,
  type Place,
} from './place.ts';
export {
  forgetOldKeysLocally,
  rotateLocally,
  secretsStatusLocally,
  type KeyStatus,
  type Rotation,
  type RotateRequest,
  type SecretsStatus,
} from './rotate.ts';
export { tidyHourly } from './tidy.ts';
export { makeSetupCodeLocally } from './setup-code.ts';
export { explainText } from '../mail/mail.ts';
export { createMetrics, type Metrics } from './metrics.ts';
