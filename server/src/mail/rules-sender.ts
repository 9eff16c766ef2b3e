/**
 * Replies about the sender and the account behind it. What a setting, a verification or a person at the provider can
 * put right is held, for that sender or for the account, and never fails a message.
 * Next: rules-policy.ts
 */
import type { Rule } from './rule.ts';
import { badRecipient, CONTENT, hold, holdSender, MAIL } from './rule.ts';

const ACCOUNT: readonly Rule[] = [
  {
    ...hold('m365.outbound_blocked', 'reputation'),
    reply: { codes: ['5xx'], enhanced: ['7.705', '7.708', '7.750', '7.501', '7.502', '7.503'] },
  },
  {
    ...hold('m365.outbound_blocked', 'reputation'),
    reply: { codes: ['5xx'], enhanced: ['1.8'], text: /bad outbound sender/i },
  },
  {
    ...hold('account.suspended', 'reputation'),
    reply: {
      codes: ['4xx', '5xx'],
      phases: ['auth', 'mail-from', ...CONTENT],
      text: /(?:account|sending|domain)(?: \S{1,60})? (?:is |has been |was |are )?(?:temporarily |currently )?(?:suspended|paused|deactivated|disabled for sending|under review)|(?:sending|account) (?:suspended|paused|disabled)|sending (?:for|from|on) this (?:account|domain) (?:is |has been )?(?:suspended|paused|disabled)|unusual (?:sending )?activity/i,
    },
  },
];

const PROVIDERS: readonly Rule[] = [
  {
    ...holdSender('sendgrid.unverified_sender'),
    reply: { codes: ['4xx', '5xx'], text: /verified Sender Identity/i },
  },
  {
    ...holdSender('sendgrid.unverified_sender'),
    reply: { codes: [403], text: /not authorized to send from/i },
  },
  { ...holdSender('m365.send_as_denied'), reply: { codes: ['5xx'], enhanced: ['7.60'] } },
  {
    ...holdSender('m365.send_as_denied'),
    reply: {
      codes: ['5xx'],
      text: /SendAsDenied|permissions to send as this sender|allowed to send (?:mail )?(?:as|on behalf)/i,
    },
  },
  {
    ...holdSender('ses.unverified'),
    reply: {
      codes: ['5xx'],
      text: /(?:email )?address(?:es)? (?:is|are) not verified|identities failed the check/i,
    },
  },
  {
    ...holdSender('sparkpost.unconfigured_domain'),
    reply: { codes: ['5xx'], text: /unconfigured sending domain|unconfirmed sending domain/i },
  },
  {
    ...badRecipient('mailgun.sandbox'),
    category: 'policy',
    reply: { codes: ['4xx', '5xx'], text: /sandbox (?:sub)?domains?|authorized recipients/i },
  },
];

const ANY_SERVER: readonly Rule[] = [
  {
    ...holdSender('smtp.sender_not_owned'),
    reply: {
      codes: ['4xx', '5xx'],
      text: /not owned by (?:auth )?user|not logged in as owner|relaying disallowed as|sender (?:address )?(?:mismatch|must match|does not match|not allowed for)|from (?:address )?(?:must|does not|doesn't|should) match|sender signature|not allowed to (?:send|use) (?:mail |email |messages )?(?:from|as|this sender)|not (?:authorized|permitted) to (?:send|use) (?:mail |email )?(?:from|as|this)|sender (?:is )?(?:not valid|not authori[sz]ed|not allowed|invalid)|unauthori[sz]ed sender|doesn't belong to (?:you|your account)/i,
    },
  },
  { ...holdSender('smtp.sender_rejected'), reply: { codes: ['5xx'], enhanced: ['1.7', '1.8'] } },
  {
    ...holdSender('smtp.sender_rejected'),
    outcome: 'deferred',
    reply: { codes: ['4xx'], enhanced: ['1.7', '1.8'] },
  },
  {
    ...holdSender('smtp.sender_rejected'),
    reply: {
      codes: ['5xx'],
      phases: MAIL,
      text: /sender address rejected|sender (?:verify failed|domain (?:must|does not|not) \w{1,12})|domain of sender|sender's domain|required for sender address|sender rejected|sender unknown|bad sender|invalid sender/i,
    },
  },
  {
    ...holdSender('smtp.sender_rejected'),
    reply: { codes: [501, 550, 553], enhanced: ['1.0', '1.3'], phases: ['mail-from'] },
  },
  {
    ...hold('smtp.relay_denied', 'configuration'),
    reply: {
      codes: ['4xx', '5xx'],
      text: /relay(?:ing)? (?:access )?(?:is )?(?:denied|not (?:permitted|allowed)|prohibited|disallowed)|unable to relay|not (?:permitted|allowed) to relay|relay not (?:permitted|allowed)|cannot relay|no relaying|we do not relay|isn't in my list of allowed rcpthosts|not a local (?:domain|address)/i,
    },
  },
];

export const SENDER_RULES: readonly Rule[] = [...ACCOUNT, ...PROVIDERS, ...ANY_SERVER];
