/**
 * Replies about the recipient: unknown, gone, full, unreachable. These are the ones that prove a failure.
 * Next: rules-fallback.ts
 */
import type { Finding, Rule } from './rule.ts';
import { badMessage, badRecipient, CONTENT, HOUR, MAIL } from './rule.ts';

/** Full mailboxes are emptied, whatever class of code the server chose; two days are enough to wait for it. */
const FULL: Finding = {
  errorId: 'smtp.mailbox_full',
  outcome: 'deferred',
  category: 'mailbox-full',
  scope: 'recipient',
  confidence: 'certain',
  giveUpAfterMs: 48 * HOUR,
};

const FULL_MAILBOX: readonly Rule[] = [
  { ...FULL, reply: { codes: ['4xx', '5xx'], enhanced: ['2.2'] } },
  {
    ...FULL,
    reply: {
      codes: ['4xx', '5xx'],
      phases: MAIL,
      text: /mailbox (?:\S{1,80} )?(?:is )?(?:full|over ?quota)|(?:mailbox|inbox|user|account|recipient)(?: \S{1,60}){0,2} (?:is )?(?:over|exceed\w{0,3}|out of) (?:its |their |the )?(?:quota|storage|space|disk)|over ?quota|quota ?exceeded|exceeded storage allocation|insufficient (?:mailbox|user) (?:space|storage)/i,
    },
  },
];

const WRONG_DOMAIN: readonly Rule[] = [
  { ...badRecipient('smtp.recipient_domain'), reply: { codes: ['5xx'], enhanced: ['4.4', '4.310'] } },
  // RFC 7505 §4.2: the domain says that it takes no mail.
  {
    ...badRecipient('smtp.recipient_domain'),
    reply: { codes: ['5xx'], enhanced: ['1.10'], text: /null ?MX/i },
  },
  { ...badRecipient('smtp.recipient_domain'), reply: { codes: ['5xx'], enhanced: ['1.2'] } },
  {
    ...badRecipient('smtp.recipient_domain'),
    reply: {
      codes: ['5xx'],
      phases: MAIL,
      text: /(?:domain|host|recipient domain)(?: \S{1,80})? (?:not found|does not exist|doesn't exist|unknown|cannot be found|has no (?:MX|mail))|unrouteable (?:address|domain)|null ?MX|no such domain|all relevant MX records point to non-existent/i,
    },
  },
];

const GONE: readonly Rule[] = [
  {
    ...badRecipient('policy.provider_suppressed'),
    reply: {
      codes: ['5xx'],
      text: /suppress|marked as inactive|previously (?:bounced|unsubscribed)|(?:bounced|unsubscribed|on (?:the|your|our) (?:bounce|unsubscribe) list)/i,
    },
  },
  {
    ...badRecipient('smtp.no_such_user'),
    reply: { codes: ['5xx'], enhanced: ['1.1', '1.3', '1.4', '1.6', '1.10', '1.20', '2.1'] },
  },
  {
    ...badRecipient('smtp.no_such_user'),
    reply: { codes: ['5xx'], enhanced: ['4.1'], text: /access denied/i },
  },
  {
    ...badRecipient('smtp.no_such_user'),
    reply: { codes: ['5xx'], enhanced: ['1.0'], phases: ['rcpt-to', ...CONTENT] },
  },
  {
    ...badRecipient('smtp.no_such_user'),
    reply: {
      codes: [550, 551, 552, 553, 554, 504],
      phases: ['rcpt-to', ...CONTENT],
      text: /no such (?:user|recipient|mailbox|address|person)|(?:user|mailbox|recipient|address|account|addressee)(?: \S{1,80}){0,2} (?:unknown|not found|does not exist|doesn't exist|is unknown|not exist|unavailable|disabled|inactive|invalid|no longer|not listed|not our customer)|(?:unknown|invalid|nonexistent|non-existent) (?:user|recipient|mailbox|address|local.?part)|recipient address rejected|recipient rejected|doesn't have an? \S{1,40} account|no mailbox (?:here )?(?:by|with|for)|not a valid (?:mailbox|user|recipient|address)|invalid mailbox|bad (?:destination )?(?:recipient|mailbox|address)/i,
    },
  },
  { ...badRecipient('smtp.no_such_user'), reply: { codes: [551], phases: ['rcpt-to'] } },
  { ...FULL, confidence: 'likely', reply: { codes: [552], phases: ['rcpt-to'] } },
];

/** Postfix's own word for a restriction that ends in `reject`: about who may send, not about who exists. */
const NOT_ALLOWED: readonly Rule[] = [
  {
    ...badRecipient('policy.refused'),
    category: 'policy',
    confidence: 'likely',
    reply: { codes: ['5xx'], enhanced: ['7.1'], text: /recipient address rejected: access denied/i },
  },
];

const LOOPS: readonly Rule[] = [
  { ...badMessage('smtp.loop', 'policy'), reply: { codes: ['5xx'], enhanced: ['4.6', '4.14'] } },
  {
    ...badMessage('smtp.loop', 'policy'),
    reply: { codes: ['5xx'], text: /too many hops|mail loop|loop detected|loops back|hop count exceeded/i },
  },
];

/** Microsoft's delivery restrictions of one recipient or group; their texts speak of authentication and mislead. */
export const RESTRICTED_RULES: readonly Rule[] = [
  {
    ...badRecipient('policy.refused'),
    category: 'policy',
    reply: { codes: ['5xx'], enhanced: ['7.124', '7.129', '7.133', '7.134', '7.135', '7.136'] },
  },
];

export const RECIPIENT_RULES: readonly Rule[] = [
  ...FULL_MAILBOX,
  ...LOOPS,
  ...WRONG_DOMAIN,
  ...NOT_ALLOWED,
  ...GONE,
];
