/**
 * Ways out that are not SMTP: Microsoft Graph and pickup folders. Next: errors-mail.ts
 */
import { ask, copy, say, type ErrorEntry } from './error-entry.ts';

const GRAPH = {
  'graph.bad_token': {
    title: 'Microsoft Graph did not accept the access token.',
    short: 'token refused by Graph',
    cause: 'The token is for another service or directory, or the directory does not know the app.',
    fixes: [
      ask('For Graph the scope is `https://graph.microsoft.com/.default`.', 'Edit the scopes', 'scopes'),
      ask(
        'Compare the directory (tenant) id {tenantId|of the settings}.',
        'Edit the directory id',
        'tenantId',
      ),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
    docs: ['graphErrors'],
  },
  'graph.forbidden': {
    title: 'The app may not send mail from this mailbox through Microsoft Graph.',
    short: 'Graph: not allowed to send',
    cause:
      'It lacks the application permission Mail.Send with admin consent, or it has the delegated one only.',
    fixes: [
      copy(
        'An admin adds the application permission Mail.Send and grants consent.',
        'Copy request',
        'Hello, please give our app {clientId|(see its client id)} the application permission Mail.Send of Microsoft Graph and grant admin consent: Microsoft Entra, App registrations, the app, API permissions. To limit it to {username|our mailbox}, use RBAC for applications in Exchange Online.',
      ),
      say('Consent given just now can take some minutes.'),
    ],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
    docs: ['graphSend'],
  },
  'graph.app_policy': {
    title: 'A policy of the organisation keeps the app from this mailbox.',
    short: 'policy keeps app out',
    cause: 'An application access policy in Exchange Online names the mailboxes that the app may use.',
    fixes: [
      copy(
        'An admin adds the mailbox to the group of the policy, and checks it.',
        'Copy command',
        'Test-ApplicationAccessPolicy -AppId {clientId|APPLICATION-ID} -Identity {username|notify@your-domain.example}',
      ),
    ],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
    docs: ['graphScoping'],
  },
  'graph.mailbox_not_found': {
    title: 'Microsoft Graph does not find this user or mailbox.',
    short: 'mailbox not found',
    cause: 'There is no user {username|of this name} in the directory of the app.',
    fixes: [
      ask(
        'Check the mailbox. It is the user principal name or the object id, not an alias.',
        'Edit the mailbox',
        'username',
      ),
      ask(
        'Compare the directory (tenant) id {tenantId|of the settings}.',
        'Edit the directory id',
        'tenantId',
      ),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
    docs: ['graphErrors'],
  },
  'graph.no_mailbox': {
    title: 'This account has no mailbox in Exchange Online.',
    short: 'no mailbox in the cloud',
    cause: 'It has no licence, is a guest, was deleted, or its mailbox is on a server of the organisation.',
    fixes: [
      say('An admin gives it a licence with Exchange Online, or makes it a shared mailbox.'),
      ask('Or send from another mailbox.', 'Edit the mailbox', 'username'),
    ],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
    docs: ['graphErrors'],
  },
  'graph.mailbox_full': {
    title: 'The sending mailbox is full.',
    short: 'sending mailbox full',
    cause: 'Microsoft keeps a copy of what is sent, and there is no space for it.',
    fixes: [say('Empty the folder Sent Items, or raise the quota of the mailbox.')],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
    docs: ['exchangeLimits'],
  },
  'graph.throttled': {
    title: 'Microsoft Graph asks to slow down.',
    short: 'Graph: slow down',
    cause:
      'An app may do only so much at a time in one mailbox: 4 requests at once, and 30 messages a minute.',
    fixes: [
      say('Posthorn waits as long as it was told and goes on.'),
      ask('Set a rate for this connection.', 'Edit the rate', 'rate'),
    ],
    who: 'wait',
    retry: 'retry',
    scope: 'connection',
    docs: ['exchangeLimits'],
  },
  'graph.too_big': {
    title: 'The message is larger than Microsoft Graph takes.',
    short: 'too big for Graph',
    cause:
      'The message has {size|more}; with its encoding it must stay under {max|the limit of the request}.',
    fixes: [say('Send smaller attachments, or a link.'), say('Or send it over SMTP.')],
    who: 'you',
    retry: 'fail',
    scope: 'message',
    docs: ['graphSend'],
  },
  'graph.bad_recipient': {
    title: 'Microsoft Graph finds a recipient’s address invalid.',
    short: 'recipient invalid',
    cause: 'The form of {recipient|an address} is not accepted, or there is none.',
    fixes: [say('Correct the address.')],
    who: 'recipient',
    retry: 'fail',
    scope: 'message',
    docs: ['graphErrors'],
  },
  'graph.bad_message': {
    title: 'Microsoft Graph could not read the message.',
    short: 'message not readable',
    cause: 'It did not accept the MIME content. {answer}',
    fixes: [say('Look at unusual headers and attachments of the message.')],
    who: 'you',
    retry: 'fail',
    scope: 'message',
    docs: ['graphSend'],
  },
  'graph.unavailable': {
    title: 'Microsoft Graph has a problem of its own.',
    short: 'Graph has a problem',
    cause: 'The service is busy or being moved.',
    fixes: [say('Nothing. Posthorn tries again.')],
    who: 'wait',
    retry: 'retry',
    scope: 'connection',
    docs: ['graphErrors'],
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

const PICKUP = {
  'pickup.not_found': {
    title: 'The pickup folder does not exist.',
    short: 'folder does not exist',
    cause: '{folder|The folder of these settings} is not there, or a part of its path is no folder.',
    fixes: [
      ask('Check the path. In a container it is the path inside.', 'Edit the folder', 'folder'),
      copy('Or make it.', 'Copy command', 'mkdir -p {folder|/path/to/pickup}'),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'pickup.not_writable': {
    title: 'Posthorn may not write into the pickup folder.',
    short: 'folder not writable',
    cause: 'The user that Posthorn runs as has no right to write there, or the disk is read-only.',
    fixes: [say('Give this user the right to write into {folder|the folder}.')],
    who: 'server_owner',
    retry: 'hold',
    scope: 'connection',
  },
  'pickup.not_allowed': {
    title: 'This folder is not among those where mail may be put.',
    short: 'folder not allowed',
    cause: 'Connections may write only into folders that the instance allows.',
    fixes: [
      ask('Choose a folder that is allowed.', 'Edit the folder', 'folder'),
      say('Or an instance admin allows {folder|the folder} in the configuration.'),
    ],
    who: 'instance_admin',
    retry: 'config',
    scope: 'connection',
  },
  'pickup.full': {
    title: 'The disk of the pickup folder is full.',
    short: 'disk full',
    cause: 'There is no space left, or a quota is reached.',
    fixes: [say('Free space. Is the program running that collects the messages?')],
    who: 'server_owner',
    retry: 'retry',
    scope: 'connection',
  },
  'pickup.failed': {
    title: 'The message could not be written into the pickup folder.',
    short: 'writing failed',
    cause: 'The operating system said: {reason}.',
    fixes: [say('Check the disk or network drive of {folder|the folder}.')],
    who: 'server_owner',
    retry: 'retry',
    scope: 'connection',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

export const WAY_ERRORS = { ...GRAPH, ...PICKUP } as const;
