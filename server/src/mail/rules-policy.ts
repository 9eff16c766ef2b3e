/**
 * Replies about size, reputation, proof of the sender's domain, and content. A block list concerns the connection's
 * address; the rest concerns this message.
 * Next: rules-recipient.ts
 */
import type { Rule } from './rule.ts';
import { badMessage, CONTENT, hold, MAIL } from './rule.ts';

const SIZE: readonly Rule[] = [
  { ...badMessage('smtp.too_big', 'size'), reply: { codes: ['5xx'], enhanced: ['3.4', '2.3'] } },
  {
    ...badMessage('smtp.too_big', 'size'),
    reply: {
      codes: ['5xx'],
      text: /(?:message|mail|body|size|content|attachment)(?: \w{1,10}){0,3} (?:too (?:large|big|long)|exceeds|over(?:size)? limit)|too (?:large|big) (?:a )?(?:message|mail)|(?:maximum|max|fixed) (?:message )?size|exceeds? size limit|message size/i,
    },
  },
  // RFC 1870 §6.1 (4): 552 to MAIL FROM answers the SIZE parameter.
  { ...badMessage('smtp.too_big', 'size'), reply: { codes: [552], phases: ['mail-from'] } },
];

const BLOCK_LISTS: readonly Rule[] = [
  // A list of domains found in the text is about the message, not about the address it comes from.
  {
    ...badMessage('policy.content', 'policy'),
    reply: {
      codes: ['5xx'],
      phases: CONTENT,
      text: /\bDBL\b|\bURIBL\b|\bSURBL\b|(?:URL|URI|link|domain)(?: \S{1,60}){0,4} (?:listed|blocked|black.?listed)/i,
    },
  },
  {
    ...hold('policy.blocklisted', 'reputation'),
    reply: {
      codes: ['5xx'],
      text: /blocked using|block.?list|black.?list|\bDN?S?BL\b|\bRBL\b|spamhaus|spamcop|barracudacentral|sorbs|\bPBL\b|\bSBL\b|\bXBL\b|poor reputation|listed (?:at|in|on|by) \S{1,80}/i,
    },
  },
  {
    ...hold('policy.blocklisted', 'reputation'),
    reply: {
      codes: ['5xx'],
      text: /(?:\bIP(?: address)?|client|sending host)(?: \S{1,60})? (?:is |has been |was )?(?:temporarily )?(?:blocked|banned)|banned sending IP/i,
    },
  },
  {
    ...hold('policy.blocklisted', 'reputation'),
    outcome: 'deferred',
    reply: {
      codes: ['4xx'],
      text: /blocked using|block.?list|black.?list|spamhaus|spamcop|\bRBL\b|poor reputation|reputation/i,
    },
  },
];

const DOMAIN_PROOF: readonly Rule[] = [
  {
    ...badMessage('policy.unauthenticated', 'policy'),
    reply: {
      codes: ['5xx'],
      enhanced: ['7.20', '7.21', '7.22', '7.23', '7.24', '7.26', '7.27', '7.29', '7.509', '7.515'],
    },
  },
  {
    ...badMessage('policy.unauthenticated', 'policy'),
    reply: {
      codes: ['5xx'],
      phases: MAIL,
      text: /\bSPF\b|\bDKIM\b|\bDMARC\b|not RFC 7489|unauthenticated (?:mail|email|message)|sender (?:authentication|policy framework)/i,
    },
  },
  {
    ...badMessage('policy.unauthenticated', 'policy'),
    outcome: 'deferred',
    reply: { codes: ['4xx'], phases: MAIL, text: /\bSPF\b|\bDKIM\b|\bDMARC\b/i },
  },
];

const CONTENT_FILTERS: readonly Rule[] = [
  {
    ...badMessage('policy.content', 'policy'),
    reply: {
      codes: ['5xx'],
      phases: MAIL,
      text: /spam|virus|malware|phish|content (?:is )?(?:rejected|refused|blocked|denied|not acceptable)|(?:rejected|blocked|refused)(?: \w{1,12}){0,3} (?:content|filter)|potential security issue|prohibited (?:content|attachment|file)|attachment(?: type)? (?:is )?(?:not allowed|blocked|rejected)|unsolicited|suspicious|mimecast|header.{0,30}(?:missing|invalid|malformed)|RFC 5322|RFC 2822/i,
    },
  },
];

export const POLICY_RULES: readonly Rule[] = [...SIZE, ...DOMAIN_PROOF, ...BLOCK_LISTS, ...CONTENT_FILTERS];
