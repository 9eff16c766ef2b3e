/**
 * Access tokens of Google and of any sign-in service, in the words of RFC 6749. Next: errors-ways.ts
 */
import { ask, copy, page, say, web, type ErrorEntry, type Fix } from './error-entry.ts';

const RECONNECT_GOOGLE: Fix = page('Connect again in the browser.', 'Connect with Google', 'connect-google');

type Given = Omit<ErrorEntry, 'who' | 'retry' | 'scope'> & Partial<ErrorEntry>;

/** Most of these are for whoever owns the settings, and hold the connection. */
function token(given: Given): ErrorEntry {
  return { who: 'you', retry: 'hold', scope: 'connection', ...given };
}

const GOOGLE = {
  'google.invalid_grant': token({
    title: 'Google ended this connection.',
    short: 'Google ended the access',
    cause:
      'Access was withdrawn, the password changed, it was unused for 6 months, too many connections were made, or the app is still in testing, where access ends after 7 days.',
    fixes: [
      RECONNECT_GOOGLE,
      web(
        'If it ends every week: publish the app.',
        'Open the consent screen',
        'https://console.cloud.google.com/auth/audience',
      ),
      say('Check the clock of this machine.'),
    ],
    docs: ['googleOauth'],
  }),
  'google.invalid_client': token({
    title: 'Google does not accept this app.',
    short: 'app not accepted',
    cause: 'Client id or secret are wrong, or the app was deleted or disabled.',
    fixes: [
      ask('Compare the client id.', 'Edit the client id', 'clientId'),
      ask('Type the client secret again.', 'Edit the client secret', 'clientSecret'),
    ],
    docs: ['googleOauth'],
  }),
  'google.no_delegation': token({
    title: 'This service account may not act for the mailbox.',
    short: 'delegation missing',
    cause:
      'Domain-wide delegation is not set up for the client id and scope, or was set up only minutes ago.',
    fixes: [
      copy(
        'An admin of Google Workspace adds it under Security, API controls, Domain-wide delegation.',
        'Copy request',
        'Hello, please allow domain-wide delegation in the Google Admin console (Security, Access and data control, API controls) for client id {clientId|OF-THE-SERVICE-ACCOUNT} with the scope https://mail.google.com/',
      ),
    ],
    who: 'provider_admin',
    docs: ['googleServiceAccount'],
  }),
  'google.bad_key': token({
    title: 'Google did not accept the key of the service account.',
    short: 'service key refused',
    cause: 'The key was deleted or disabled, or the key file belongs to another account.',
    fixes: [ask('Create a new key and put its file here.', 'Edit the service account', 'serviceAccount')],
    docs: ['googleServiceAccount'],
  }),
  'google.user_not_found': token({
    title: 'Google does not know the account to act for.',
    short: 'mailbox unknown to Google',
    cause: '{username|The mailbox} is not an account of this Google Workspace, or was deleted.',
    fixes: [ask('Check the mailbox. A group or an alias is no account.', 'Edit the user name', 'username')],
    docs: ['googleServiceAccount'],
  }),
  'google.reauth': token({
    title: 'Google wants this person to sign in again.',
    short: 'Google wants a new sign-in',
    cause: 'A rule of the Google Workspace ends sessions after some hours.',
    fixes: [
      RECONNECT_GOOGLE,
      say(
        'An admin exempts the app as trusted, or use a service account for mail that a server sends by itself.',
      ),
    ],
    who: 'provider_admin',
    docs: ['googleOauth'],
  }),
  'google.access_denied': token({
    title: 'Google did not let this account use the app.',
    short: 'Google denied the app',
    cause:
      'It was cancelled, the account is no test user, the app is internal to another organisation, or an admin blocks apps of others.',
    fixes: [
      web(
        'Add the account as a test user, or publish the app.',
        'Open the audience',
        'https://console.cloud.google.com/auth/audience',
      ),
      say('Or an admin of the Google Workspace trusts the app under Security, API controls.'),
    ],
    who: 'provider_admin',
    retry: 'config',
    docs: ['googleOauth'],
  }),
} as const satisfies Readonly<Record<string, ErrorEntry>>;

/** The words of RFC 6749 §5.2 and §4.1.2.1, at whatever service. */
const ANY_SERVICE = {
  'oauth.bad_client': token({
    title: 'The sign-in service does not accept this app.',
    short: 'app not accepted',
    cause: 'Client id or client secret are wrong, or sent in a way it does not take.',
    fixes: [
      ask('Compare the client id.', 'Edit the client id', 'clientId'),
      ask('Type the client secret again.', 'Edit the client secret', 'clientSecret'),
    ],
  }),
  'oauth.grant_ended': token({
    title: 'The sign-in service no longer accepts this grant.',
    short: 'access has ended',
    cause: 'The refresh token is invalid, has expired, was withdrawn, or belongs to another app.',
    fixes: [ask('Connect again, or put in a new refresh token.', 'Edit the sign-in', 'auth')],
  }),
  'oauth.not_authorised': token({
    title: 'The app may not ask for tokens in this way.',
    short: 'app not authorised',
    cause: 'This kind of grant is not allowed for the app.',
    fixes: [say('Allow the grant for the app at the provider, or choose another way of signing in.')],
    who: 'provider_admin',
  }),
  'oauth.grant_unsupported': token({
    title: 'The sign-in service does not know this kind of grant.',
    short: 'kind of grant not known',
    cause: 'It offers other ways to get a token, or the address is that of another service.',
    fixes: [ask('Check the token endpoint.', 'Edit the token endpoint', 'tokenUrl')],
  }),
  'oauth.bad_scope': token({
    title: 'The sign-in service does not accept the scope.',
    short: 'scope refused',
    cause: 'A scope is unknown, misspelled, or more than was granted.',
    fixes: [ask('Check the scopes.', 'Edit the scopes', 'scopes')],
  }),
  'oauth.bad_request': token({
    title: 'The sign-in service did not understand the request for a token.',
    short: 'token request refused',
    cause: 'Something it needs is missing or has the wrong form. {answer}',
    fixes: [ask('Check token endpoint, client id and scopes.', 'Edit the token endpoint', 'tokenUrl')],
  }),
  'oauth.denied': token({
    title: 'The access was denied.',
    short: 'access denied',
    cause: 'The person cancelled, or a rule of the organisation forbids the app.',
    fixes: [say('Connect again and allow it, or ask an admin of the provider to allow the app.')],
    who: 'provider_admin',
    retry: 'config',
  }),
  'oauth.no_refresh': token({
    title: 'Access was given for one hour only.',
    short: 'no refresh token',
    cause: 'The answer held no refresh token, so access cannot be renewed without a person.',
    fixes: [
      say('Remove the app on the security page of the account, then connect again and allow offline access.'),
    ],
    retry: 'config',
  }),
  'oauth.endpoint': token({
    title: 'The sign-in service did not answer as expected.',
    short: 'sign-in service failed',
    cause: '{reason}',
    fixes: [
      say('If it does not answer or has an error of its own: nothing. Posthorn tries again.'),
      ask('Else check the token endpoint.', 'Edit the token endpoint', 'tokenUrl'),
    ],
    who: 'wait',
    retry: 'retry',
  }),
  'oauth.temporary': token({
    title: 'The sign-in service has a problem or wants a pause.',
    short: 'sign-in service busy',
    cause: 'It says itself that this passes.',
    fixes: [say('Nothing to change. Posthorn tries again.')],
    who: 'wait',
    retry: 'retry',
  }),
  'oauth.refused': token({
    title: 'The sign-in service refused these credentials.',
    short: 'credentials refused',
    cause: '{answer}',
    fixes: [ask('Check token endpoint, client id and secret.', 'Edit the token endpoint', 'tokenUrl')],
  }),
  'oauth.interrupted': token({
    title: 'The sign-in in the browser was not finished.',
    short: 'sign-in not finished',
    cause: '{reason}',
    fixes: [say('Start it again, and leave the settings as they are until it is done.')],
  }),
  'oauth.clock': token({
    title: 'The clock of this machine and that of the sign-in service differ.',
    short: 'clocks differ',
    cause: 'The difference is {seconds} seconds. Tokens and signatures hold for a few minutes only.',
    fixes: [say('Synchronise the clock of this machine (NTP).')],
  }),
} as const satisfies Readonly<Record<string, ErrorEntry>>;

export const OAUTH_ERRORS = { ...GOOGLE, ...ANY_SERVICE } as const;
