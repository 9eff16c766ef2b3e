/**
 * What Microsoft Graph answers to `sendMail`. Failures are of kind `api`: the code is Graph's `error.code`
 * (`ErrorAccessDenied`), or `HTTP_503` when the answer had none; the message is `HTTP 403 ` and Graph's `error.message`,
 * and where a `Retry-After` came, `; retry after 120 seconds` at its end. Next: rules-pickup.ts
 */
import type { FailureMatch, Rule } from './rule.ts';
import { badMessage, hold, holdSender, HOUR, MINUTE, slow } from './rule.ts';

function api(match: Omit<FailureMatch, 'kinds'>): { readonly failure: FailureMatch } {
  return { failure: { kinds: ['api'], ...match } };
}

const ACCESS: readonly Rule[] = [
  {
    ...hold('graph.bad_token', 'authentication'),
    ...api({
      codes: [
        'InvalidAuthenticationToken',
        'AuthenticationError',
        'Authentication_ExpiredToken',
        'Authentication_MissingOrMalformed',
        'Authorization_IdentityNotFound',
        'InvalidMsaTicket',
        'TokenNotFound',
        'unauthenticated',
      ],
    }),
  },
  { ...hold('graph.bad_token', 'authentication'), ...api({ text: /\bHTTP[ _]401\b/ }) },
  {
    ...hold('graph.app_policy', 'configuration'),
    ...api({ text: /\[RAOP\]|AppOnly AccessPolicy|ApplicationAccessPolicy/i }),
  },
  { ...holdSender('m365.send_as_denied'), ...api({ codes: ['ErrorSendAsDenied'] }) },
  {
    ...hold('graph.forbidden', 'configuration'),
    ...api({
      codes: [
        'ErrorAccessDenied',
        'AccessDenied',
        'accessDenied',
        'Authorization_RequestDenied',
        'Forbidden',
        'ErrorImpersonateUserDenied',
        'NoPermissionsInAccessToken',
      ],
    }),
  },
  {
    ...hold('m365.outbound_blocked', 'reputation'),
    ...api({ codes: ['ErrorMessageSubmissionBlocked', 'ErrorAccountSuspend', 'ErrorAccountDisabled'] }),
  },
];

const MAILBOX: readonly Rule[] = [
  {
    ...hold('graph.mailbox_not_found', 'configuration'),
    ...api({
      codes: [
        'ErrorInvalidUser',
        'ErrorNonExistentMailbox',
        'ResourceNotFound',
        'Request_ResourceNotFound',
        'ErrorItemNotFound',
      ],
    }),
  },
  {
    ...hold('graph.no_mailbox', 'configuration'),
    ...api({
      codes: [
        'MailboxNotEnabledForRESTAPI',
        'MailboxNotSupportedForRESTAPI',
        'MailboxNotHostedInExchangeOnline',
        'OrganizationFromTenantGuidNotFound',
      ],
    }),
  },
  {
    ...hold('graph.mailbox_full', 'quota'),
    retryAfterMs: HOUR,
    ...api({ codes: ['ErrorQuotaExceeded', 'quotaLimitReached'] }),
  },
];

const LIMITS: readonly Rule[] = [
  {
    ...hold('limit.daily', 'quota'),
    retryAfterMs: HOUR,
    ...api({ codes: ['ErrorExceededMessageLimit', 'ErrorSubmissionQuotaExceeded'] }),
  },
  {
    ...slow('graph.throttled', MINUTE),
    ...api({
      codes: [
        'ApplicationThrottled',
        'TooManyRequests',
        'activityLimitReached',
        'ErrorExceededConnectionCount',
        'CommandConcurrencyLimitReached',
        'MailboxConcurrency',
        'ErrorTooManyObjectsOpened',
      ],
    }),
  },
  { ...slow('graph.throttled', MINUTE), ...api({ text: /\bHTTP[ _]429\b/ }) },
];

const CONTENT: readonly Rule[] = [
  {
    ...badMessage('graph.too_big', 'size'),
    ...api({ codes: ['ErrorMessageSizeExceeded', 'RequestEntityTooLarge', 'ErrorSendMessageSizeExceeded'] }),
  },
  { ...badMessage('graph.too_big', 'size'), ...api({ text: /\bHTTP[ _]413\b|Maximum request length/i }) },
  {
    ...badMessage('graph.bad_recipient', 'recipient'),
    ...api({ codes: ['ErrorInvalidRecipients', 'ErrorMissingRecipients'] }),
  },
  {
    ...badMessage('graph.bad_message', 'protocol'),
    ...api({ codes: ['ErrorMimeContentInvalid', 'ErrorMimeContentInvalidBase64String'] }),
  },
];

export const GRAPH_RULES: readonly Rule[] = [
  ...ACCESS,
  ...MAILBOX,
  ...LIMITS,
  ...CONTENT,
  {
    errorId: 'graph.unavailable',
    outcome: 'deferred',
    category: 'network',
    scope: 'connection',
    confidence: 'certain',
    ...api({
      codes: [
        'ErrorServerBusy',
        'ErrorInternalServerError',
        'ErrorInternalServerTransientError',
        'ErrorMailboxStoreUnavailable',
        'ErrorMailboxMoveInProgress',
        'ErrorMailboxFailover',
        'MailboxInfoStale',
        'InternalServerError',
        'ServiceUnavailable',
        'serviceNotAvailable',
        'generalException',
        'GatewayTimeout',
        'BadGateway',
        'UnknownError',
      ],
    }),
  },
  {
    errorId: 'graph.unavailable',
    outcome: 'deferred',
    category: 'network',
    scope: 'connection',
    confidence: 'likely',
    ...api({ text: /\bHTTP[ _](?:408|5\d\d)\b/ }),
  },
  // An answer nobody knows. Whether it is this message or every message cannot be told, so it is not given up at once.
  {
    errorId: 'unknown.5xx',
    outcome: 'deferred',
    category: 'unknown',
    scope: 'phase',
    confidence: 'unknown',
    retriesMax: 3,
    ...api({ text: /\bHTTP[ _]4\d\d\b/ }),
  },
];
