/**
 * Who is asking and what they may: API keys, people and their sessions, the principals behind them, the table of roles,
 * and the audit log.
 * A key is checked against its row at least once a second, so a revoked one stops within that time on every node (K10).
 * Next: authenticate.ts
 */
export {
  auditedTenants,
  createAudit,
  verifyAudit,
  writeAudit,
  type AuditActor,
  type AuditVerified,
} from './audit.ts';
export { createAuthenticate, type Authenticate } from './authenticate.ts';
export {
  createKey,
  keyStands,
  listKeys,
  revokeKey,
  type ApiKey,
  type CreatedKey,
  type NewKey,
} from './keys.ts';
export {
  addPerson,
  giveRole,
  hasAdmin,
  roleIn,
  rolesOf,
  takeRole,
  type Membership,
  type Person,
} from './people.ts';
export { countPeople, peopleOfTenant, personByEmail, personById, updatePerson } from './people-queries.ts';
export { isSecretToken, newSecretToken, sameDigest, secretDigest } from './secret-token.ts';
export { isInstanceRole, isRole, mayI, permissionsOf, roleMay, ROLES } from './roles.ts';
export {
  beginSession,
  clearCookie,
  csrfToken,
  endSessionOf,
  endSessions,
  forgetSessions,
  listSessions,
  SESSION_COOKIE,
  setCookie,
  type Session,
  type SessionTimes,
} from './sessions.ts';
export type { Permission, Principal, Role } from '../http/http.ts';
