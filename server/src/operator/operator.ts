/**
 * What an operator does on the machine itself, beside running the server: keys, checks, and the server's vital signs.
 * Next: place.ts
 */
export {
  createKeyLocally,
  listKeysLocally,
  namedTenants,
  revokeKeyLocally,
  type LocalKeyRequest,
} from './keys.ts';
export { checkConfig, explainConfig, type ConfigReport } from './config-report.ts';
export { doctor, type DoctorCheck, type DoctorReport } from './doctor.ts';
export { databaseFolder, keyFile, loadPlace, openMasterKey, OperatorRefused, type Place } from './place.ts';
export { createMetrics, type Metrics } from './metrics.ts';
