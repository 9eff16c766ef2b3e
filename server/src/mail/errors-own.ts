/**
 * What Posthorn itself decides, and what nobody knows. Next: error-catalogue.ts
 */
import { page, say, type ErrorEntry } from './error-entry.ts';

const POLICIES = {
  'render.failed': {
    title: 'The message could not be built from its template and data.',
    short: 'template failed',
    cause: '{variable} is missing. {reason}',
    fixes: [say('Correct the data of the request, or the template.')],
    who: 'you',
    retry: 'fail',
    scope: 'message',
    made: 'templates',
  },
  'policy.allowlist': {
    title: 'Not sent: {recipient|the recipient} is not on the allow-list.',
    short: 'not on the allow-list',
    cause: 'Mail goes only to addresses that were allowed; everything else is kept here.',
    fixes: [say('Add the address or its domain to the allow-list, or go live.')],
    who: 'you',
    retry: 'captured',
    scope: 'recipient',
    made: 'delivery',
  },
  'policy.suppressed': {
    title: 'Not sent: {recipient|the recipient} is suppressed.',
    short: 'recipient suppressed',
    cause: 'It is on the suppression list since {date}. The reason is: {reason}.',
    fixes: [
      page(
        'If the address is right again, remove it from the list.',
        'Open the suppressions',
        'suppressions',
      ),
    ],
    who: 'you',
    retry: 'suppressed',
    scope: 'recipient',
    made: 'messages',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

const INTERNAL = {
  'internal.stopped': {
    title: 'Posthorn was stopping; the message goes out after the restart.',
    short: 'Posthorn was stopping',
    cause: 'The server was shut down or restarted in the middle of sending.',
    fixes: [say('Nothing.')],
    who: 'wait',
    retry: 'retry',
    scope: 'message',
  },
  'internal.lease': {
    title: 'Another Posthorn process took the message over.',
    short: 'taken over',
    cause: 'This process was too slow or asleep, so another one has the message now.',
    fixes: [say('Nothing, if it happens now and then. Else this machine lacks time or memory.')],
    who: 'wait',
    retry: 'retry',
    scope: 'message',
  },
  'internal.poison': {
    title: 'Posthorn stopped several times while it worked on this message.',
    short: 'set aside after crashes',
    cause: 'So that it harms no other message, this one was set aside.',
    fixes: [
      say('Look at the log of the server at that time, and report it.'),
      say('Then send the message again.'),
    ],
    who: 'instance_admin',
    retry: 'fail',
    scope: 'message',
    made: 'delivery/runner.ts',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

const ROUTES = {
  'route.tenant_suspended': {
    title: 'The tenant is suspended; its mail waits.',
    short: 'tenant suspended',
    cause: 'People of the instance suspended or deleted the tenant. Lifetimes run on meanwhile.',
    fixes: [say('Resume the tenant. Its mail goes out by itself then, unless it has expired.')],
    who: 'instance_admin',
    retry: 'hold',
    scope: 'message',
    made: 'delivery/decide.ts',
  },
  'route.no_connection': {
    title: 'There is no connection to send over.',
    short: 'no connection',
    cause: 'This tenant has no connection yet that is in use.',
    fixes: [say('Create a connection, test it, and activate it.')],
    who: 'you',
    retry: 'hold',
    scope: 'message',
    made: 'delivery/decide.ts',
  },
  'route.unknown_connection': {
    title: 'The connection that the message asks for is not there.',
    short: 'connection not there',
    cause: 'It was deleted or renamed, or never existed.',
    fixes: [say('Create a connection of this name, or send the message again without naming one.')],
    who: 'you',
    retry: 'hold',
    scope: 'message',
    made: 'delivery/decide.ts',
  },
  'route.sender_not_allowed': {
    title: 'No connection may send as {from|this sender}.',
    short: 'no connection for sender',
    cause: 'Every connection has a list of senders, and this one is on none of them.',
    fixes: [say('Add the sender to a connection, or send as another.')],
    who: 'you',
    retry: 'hold',
    scope: 'message',
    made: 'delivery/decide.ts',
  },
  'route.connection_unusable': {
    title: 'Every connection that could send the message is failing or paused.',
    short: 'connections unusable',
    cause: 'The message waits until one of them can send again.',
    fixes: [say('Look at the trouble of the connections, or resume one that is paused.')],
    who: 'you',
    retry: 'hold',
    scope: 'message',
    made: 'delivery/decide.ts',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

/** Never explained by a guess: the cause is what the server said. */
const UNKNOWN = {
  'unknown.4xx': {
    title: 'The server asked to try again later, for a reason we do not recognise.',
    short: 'later, reason unknown',
    cause: '{answer}',
    fixes: [],
    who: 'wait',
    retry: 'retry',
    scope: 'message',
  },
  'unknown.5xx': {
    title: 'The server refused, for a reason we do not recognise.',
    short: 'refused, reason unknown',
    cause: '{answer}',
    fixes: [],
    who: 'server_owner',
    retry: 'fail',
    scope: 'message',
  },
  'unknown.failure': {
    title: 'Something failed in a way we do not recognise.',
    short: 'failed, reason unknown',
    cause: '{answer}',
    fixes: [],
    who: 'wait',
    retry: 'retry',
    scope: 'message',
    made: 'mail/classify.ts',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

export const OWN_ERRORS = { ...POLICIES, ...INTERNAL, ...ROUTES, ...UNKNOWN } as const;
