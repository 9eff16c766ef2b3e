/**
 * Replies about how much and how fast: connections, rates, allowances, recipients per message (R6). A rate or an
 * allowance belongs to the connection, so the message is never counted against and never fails for it.
 * Next: rules-sender.ts
 */
import type { Finding, Rule } from './rule.ts';
import { CONTENT, hold, HOUR, MICROSOFT, MINUTE, SECOND, slow } from './rule.ts';

/** Allowances come back over hours; asking once an hour finds out early enough and costs nothing. */
const SPENT: Finding = { ...hold('limit.daily', 'quota'), retryAfterMs: HOUR };
const SPLIT: Finding = {
  errorId: 'policy.too_many_recipients',
  outcome: 'deferred',
  category: 'rate-limit',
  scope: 'message',
  confidence: 'certain',
  retryAfterMs: SECOND,
};
const GREYLISTED: Finding = {
  errorId: 'policy.greylisted',
  outcome: 'deferred',
  category: 'policy',
  scope: 'recipient',
  confidence: 'certain',
  retryAfterMs: 5 * MINUTE,
};

const ALLOWANCES: readonly Rule[] = [
  {
    ...SPENT,
    reply: {
      codes: ['4xx', '5xx'],
      text: /daily (?:user )?(?:message |sending |mail |email )?(?:quota|limit)|SubmissionQuotaExceeded|submission quota/i,
    },
  },
  {
    ...SPENT,
    reply: {
      codes: ['4xx', '5xx'],
      text: /(?:sending|monthly|hourly|outbound|plan)(?: \w{1,12})? (?:limit|quota|allowance)(?: \w{1,12})? (?:was |is |has been )?(?:exceeded|reached|used)|(?:exceeded|reached|over) (?:your|the|its)(?: \w{1,12}){0,2} (?:sending|daily|monthly|hourly|plan) (?:\w{1,12} )?(?:limit|quota)|exceed sending limit/i,
    },
  },
  { ...SPENT, reply: { codes: [550, 552, 554], enhanced: ['4.5'] } },
  // Microsoft's limits for external recipients, per tenant and per trial.
  { ...SPENT, reply: { codes: ['4xx', '5xx'], enhanced: ['7.232', '7.233', '7.236'] } },
];

const CONNECTIONS: readonly Rule[] = [
  {
    ...slow('smtp.too_many_connections', MINUTE),
    reply: {
      codes: ['4xx'],
      text: /too many (?:concurrent |simultaneous |open |SMTP )*(?:connections|sessions)|concurrent connections? limit|(?:connection|session) (?:limit|count|rate)|maximum (?:number of )?(?:concurrent )?(?:connections|sessions)|connections? (?:from|per) (?:your|this|host)/i,
    },
  },
  { ...slow('smtp.too_many_connections', MINUTE), reply: { codes: [432], enhanced: ['3.2'] } },
  {
    ...slow('smtp.too_many_connections', MINUTE),
    reply: { codes: [421], enhanced: ['3.2'], host: MICROSOFT },
  },
  {
    ...slow('smtp.too_many_connections', MINUTE),
    reply: { codes: [554], phases: ['greeting'], text: /too many connections/i },
  },
];

const RATES: readonly Rule[] = [
  {
    ...slow('smtp.rate_limited', 5 * MINUTE),
    scope: 'recipient',
    reply: { codes: ['4xx', '5xx'], enhanced: ['2.1'], text: /receiving mail (?:too quickly|at a rate)/i },
  },
  {
    ...slow('smtp.rate_limited', 5 * SECOND),
    reply: { codes: ['4xx'], text: /maximum sending rate exceeded/i },
  },
  {
    ...slow('smtp.rate_limited', 5 * MINUTE),
    reply: {
      codes: ['4xx'],
      text: /throttl|rate.?limit|\brate\b.{0,30}(?:exceed|limit|too)|too (?:fast|frequent)|too many (?:messages|mails|emails|requests|commands|recipients (?:recently|this hour))|sending (?:too )?(?:much|quickly|fast)|relay limit|unusual rate|unexpected volume|temporarily (?:deferred|rate)|slow(?:ing)? down|(?:message|mail|sending|high|large|excessive) volume|volume (?:of|limit)/i,
    },
  },
  {
    ...slow('smtp.rate_limited', 5 * MINUTE),
    reply: { codes: ['4xx'], enhanced: ['7.28', '7.500', '7.501', '7.750'] },
  },
  {
    ...slow('smtp.rate_limited', 15 * MINUTE),
    reply: {
      codes: ['5xx'],
      text: /(?:message|mail|sending) rate (?:limit )?exceeded|sending too (?:fast|many messages)|too many messages (?:sent|in)|rate.?limited/i,
    },
  },
];

const RECIPIENTS: readonly Rule[] = [
  { ...SPLIT, reply: { codes: ['4xx'], enhanced: ['5.3'] } },
  {
    ...SPLIT,
    reply: {
      codes: ['4xx'],
      text: /too many recipients|recipients? (?:limit|count) (?:exceeded|reached)|multiple destination domains|one recipient (?:at a time|per)/i,
    },
  },
  // A 5xx for a count heals by splitting as well; if one recipient is still too many, it will not heal.
  { ...SPLIT, retriesMax: 1, reply: { codes: ['5xx'], enhanced: ['5.3'] } },
  { ...SPLIT, retriesMax: 1, reply: { codes: ['5xx'], text: /too many recipients/i } },
];

const GREYLIST: readonly Rule[] = [
  { ...GREYLISTED, scope: 'message', reply: { codes: ['4xx'], phases: CONTENT, text: /gr[ae]y.?list/i } },
  { ...GREYLISTED, reply: { codes: ['4xx'], text: /gr[ae]y.?list|come back in \d/i } },
];

export const LIMIT_RULES: readonly Rule[] = [
  ...GREYLIST,
  ...ALLOWANCES,
  ...RECIPIENTS,
  ...CONNECTIONS,
  ...RATES,
];
