/**
 * A pickup folder: the operating system's word decides (`EACCES`, `ENOENT`, `ENOSPC` …), and `FOLDER_NOT_ALLOWED` when
 * the folder is outside of those the instance opens for this. Failures are of kind `file`. Next: rules-sign-in.ts
 */
import type { Finding, Rule } from './rule.ts';
import { hold } from './rule.ts';

const LATER: Omit<Finding, 'errorId'> = {
  outcome: 'deferred',
  category: 'storage',
  scope: 'connection',
  confidence: 'certain',
};

export const PICKUP_RULES: readonly Rule[] = [
  {
    ...hold('pickup.not_allowed', 'configuration'),
    failure: { kinds: ['file'], codes: ['FOLDER_NOT_ALLOWED'] },
  },
  {
    ...hold('pickup.not_found', 'configuration'),
    failure: { kinds: ['file'], codes: ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'] },
  },
  {
    ...hold('pickup.not_writable', 'configuration'),
    failure: { kinds: ['file'], codes: ['EACCES', 'EPERM', 'EROFS'] },
  },
  { ...LATER, errorId: 'pickup.full', failure: { kinds: ['file'], codes: ['ENOSPC', 'EDQUOT'] } },
  { ...LATER, errorId: 'pickup.failed', failure: { kinds: ['file'] } },
];
