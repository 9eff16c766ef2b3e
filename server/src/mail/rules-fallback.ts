/**
 * What the class of a reply and its phase still say when nothing more specific did. A 5xx to the envelope or the
 * content is a proof (RFC 5321 §4.2.1); a 5xx before that says nothing about any message, so mail waits.
 * Next: classify.ts
 */
import type { Finding, Rule } from './rule.ts';
import { badMessage, CONTENT, ENVELOPE, hold, MAIL, OPENING } from './rule.ts';

/** R10: our own command was not understood; once more without extensions, then it is our fault to show. */
const NOT_UNDERSTOOD: Finding = {
  errorId: 'smtp.command_refused',
  outcome: 'deferred',
  category: 'protocol',
  scope: 'phase',
  confidence: 'certain',
  retriesMax: 1,
};
const BUSY: Finding = {
  errorId: 'smtp.unavailable',
  outcome: 'deferred',
  category: 'network',
  scope: 'phase',
  confidence: 'likely',
};
const UNKNOWN_LATER: Finding = {
  errorId: 'unknown.4xx',
  outcome: 'deferred',
  category: 'unknown',
  scope: 'phase',
  confidence: 'unknown',
};

/** Postfix says this for whatever restriction of the client it has; a text behind it that explains came before. */
const CLIENT_REJECTED = /client host rejected/i;

export const FALLBACK_RULES: readonly Rule[] = [
  {
    ...BUSY,
    errorId: 'smtp.storage',
    category: 'storage',
    scope: 'connection',
    reply: { codes: ['4xx'], enhanced: ['3.1'] },
  },
  {
    ...BUSY,
    errorId: 'smtp.storage',
    category: 'storage',
    scope: 'connection',
    reply: {
      codes: ['4xx'],
      text: /insufficient (?:system )?(?:storage|resources|disk)|disk (?:is )?full|no space left/i,
    },
  },
  // RFC 5321 §3.8: 421 may come in any phase and ends the connection.
  { ...BUSY, scope: 'connection', reply: { codes: [421] } },
  { ...BUSY, reply: { codes: ['4xx'], enhanced: ['3.0', '3.2', '3.5', '4.1', '4.2', '4.3', '4.5'] } },
  {
    ...BUSY,
    reply: {
      codes: ['4xx'],
      text: /temporar(?:y|ily) (?:system |server |service |local |lookup |internal )*(?:problem|error|failure|unavailable|rejected)|local error|service (?:temporarily )?(?:unavailable|not available)|server (?:is )?(?:busy|unavailable|error)|internal (?:server )?error|lookup (?:failure|error|failed)|queue file write error|resources/i,
    },
  },
  {
    ...hold('smtp.rejected_at_door', 'policy'),
    outcome: 'deferred',
    reply: { codes: ['4xx'], text: CLIENT_REJECTED },
  },
  { ...UNKNOWN_LATER, reply: { codes: ['4xx'] } },
  { ...hold('smtp.rejected_at_door', 'policy'), reply: { codes: ['5xx'], text: CLIENT_REJECTED } },
  { ...hold('smtp.rejected_at_door', 'policy'), reply: { codes: ['5xx'], phases: ['connect', 'greeting'] } },
  { ...hold('smtp.rejected_at_door', 'policy'), reply: { codes: [521, 554, 556], phases: OPENING } },
  {
    ...hold('unknown.5xx', 'unknown'),
    confidence: 'unknown',
    reply: { codes: ['5xx'], phases: ['settings', 'token', 'dns', ...OPENING] },
  },
  {
    ...hold('unknown.5xx', 'authentication'),
    confidence: 'unknown',
    reply: { codes: ['5xx'], phases: ['auth'] },
  },
  { ...NOT_UNDERSTOOD, reply: { codes: [500, 501, 502, 503, 504, 555], phases: [...ENVELOPE, ...CONTENT] } },
  {
    ...badMessage('policy.refused', 'policy'),
    confidence: 'likely',
    reply: { codes: ['5xx'], phases: CONTENT, enhanced: ['7.1', '7.0', '7.2', '7.7'] },
  },
  {
    ...badMessage('policy.refused', 'policy'),
    scope: 'recipient',
    confidence: 'likely',
    reply: { codes: ['5xx'], phases: ENVELOPE, enhanced: ['7.1', '7.0', '7.2', '7.7'] },
  },
  {
    ...badMessage('policy.refused', 'policy'),
    confidence: 'likely',
    reply: { codes: ['5xx'], phases: CONTENT, text: /policy/i },
  },
  {
    ...badMessage('unknown.5xx', 'unknown'),
    scope: 'phase',
    confidence: 'unknown',
    reply: { codes: ['5xx'], phases: MAIL },
  },
];
