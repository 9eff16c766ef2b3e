/**
 * Access tokens of Microsoft: what its sign-in service says about app, directory and account. Next: errors-oauth.ts
 */
import { ask, change, copy, page, say, web, type ErrorEntry, type Fix } from './error-entry.ts';

const RECONNECT_MICROSOFT: Fix = page(
  'Connect again in the browser.',
  'Connect with Microsoft',
  'connect-microsoft',
);
const TENANT: Fix = ask(
  'Compare the directory (tenant) id {tenantId|of the settings}.',
  'Edit the directory id',
  'tenantId',
);
const CLIENT: Fix = ask(
  'Compare the application (client) id {clientId|of the settings}.',
  'Edit the client id',
  'clientId',
);
const ADMIN_CONSENT: Fix = copy(
  'An admin opens this link, or API permissions, “Grant admin consent”.',
  'Copy consent link',
  'https://login.microsoftonline.com/{tenantId|organizations}/adminconsent?client_id={clientId|APPLICATION-ID}',
);

type Given = Omit<ErrorEntry, 'who' | 'retry' | 'scope'> & Partial<ErrorEntry>;

/** Most of these are for whoever owns the settings, and hold the connection. */
function entra(given: Given): ErrorEntry {
  return { who: 'you', retry: 'hold', scope: 'connection', docs: ['entraErrors'], ...given };
}

const ENTRA_APP = {
  'entra.app_not_found': entra({
    title: 'Microsoft does not find this app in this directory.',
    short: 'app not found',
    cause: 'The client id is mistyped, or the app lives in another directory.',
    fixes: [
      CLIENT,
      TENANT,
      say('An app for several directories must first be allowed once by an admin in each of them.'),
    ],
  }),
  'entra.app_disabled': entra({
    title: 'The app is disabled in this directory.',
    short: 'app disabled',
    cause: 'An admin switched off sign-in for the enterprise application.',
    fixes: [
      say(
        'An admin enables it: Enterprise applications, the app, Properties, “Enabled for users to sign-in”.',
      ),
    ],
    who: 'provider_admin',
  }),
  'entra.bad_secret': entra({
    title: 'The client secret of the app is wrong.',
    short: 'client secret wrong',
    cause: 'Very often the id of the secret was copied instead of its value.',
    fixes: [
      ask(
        'Create a new secret, copy the column “Value”, and put it here.',
        'Edit the client secret',
        'clientSecret',
      ),
    ],
  }),
  'entra.secret_missing': entra({
    title: 'Microsoft wants a client secret and got none it could use.',
    short: 'client secret missing',
    cause: 'The app is a confidential client, or it is set up for another way of proving itself.',
    fixes: [
      ask('Put the client secret here.', 'Edit the client secret', 'clientSecret'),
      say('Or check under Authentication whether the app is meant to be a public client.'),
    ],
  }),
  'entra.secret_expired': entra({
    title: 'The client secret of the app has expired.',
    short: 'client secret expired',
    cause: 'Secrets of apps end on a date that was chosen when they were made.',
    fixes: [
      ask('Create a new one and put its value here.', 'Edit the client secret', 'clientSecret'),
      say('Enter the day on which it ends, to be reminded in time.'),
    ],
  }),
  'entra.bad_assertion': entra({
    title: 'Microsoft did not accept the signature or certificate of the app.',
    short: 'app’s signature refused',
    cause: 'The key that signed is not the one that is registered with the app, or it has expired.',
    fixes: [say('Register the right certificate with the app, or use a client secret.')],
  }),
  'entra.no_consent': entra({
    title: 'Nobody has allowed this app yet.',
    short: 'consent missing',
    cause: 'The permissions of the app need the consent of an admin or of the user.',
    fixes: [ADMIN_CONSENT, RECONNECT_MICROSOFT],
    who: 'provider_admin',
  }),
  'entra.not_assigned': entra({
    title: 'This user is not assigned to the app.',
    short: 'user not assigned to app',
    cause: 'The app is open only to users and groups that an admin has named.',
    fixes: [say('An admin assigns the user: Enterprise applications, the app, Users and groups.')],
    who: 'provider_admin',
  }),
  'entra.bad_resource': entra({
    title: 'The app may not ask for this service, or the directory does not have it.',
    short: 'service not available',
    cause:
      'The scope names a service that is not among the permissions of the app, or that this directory has no subscription for.',
    fixes: [
      say('Add the permission (Office 365 Exchange Online or Microsoft Graph) under API permissions.'),
      ADMIN_CONSENT,
      TENANT,
    ],
    who: 'provider_admin',
  }),
  'entra.bad_scope': entra({
    title: 'The scope does not fit the kind of sign-in.',
    short: 'scope does not fit',
    cause:
      'Client credentials take one scope only, which ends in `/.default`. Other sign-ins name single permissions.',
    fixes: [
      change('For client credentials over SMTP.', 'Use this scope', {
        scopes: ['https://outlook.office365.com/.default'],
      }),
      change('For a connected account over SMTP.', 'Use these scopes', {
        scopes: ['https://outlook.office.com/SMTP.Send', 'offline_access'],
      }),
    ],
    docs: ['exchangeOauth'],
  }),
} as const satisfies Readonly<Record<string, ErrorEntry>>;

const ENTRA_SIGN_IN = {
  'entra.tenant_not_found': entra({
    title: 'There is no such Microsoft directory.',
    short: 'directory not found',
    cause: 'The directory (tenant) is unknown, or `common` was used where one directory must be named.',
    fixes: [
      TENANT,
      ask('For client credentials name one directory, not `common`.', 'Edit the directory id', 'tenantId'),
    ],
  }),
  'entra.redirect_mismatch': entra({
    title: 'The return address is not registered with the sign-in service.',
    short: 'return address unknown',
    cause:
      'The provider sends people back only to addresses that are registered with the app, letter by letter.',
    fixes: [copy('Register exactly this address with the app.', 'Copy the address', '{redirectUri}')],
    retry: 'config',
  }),
  'entra.mfa_or_ca': entra({
    title: 'A sign-in rule asks for more than this sign-in gave.',
    short: 'sign-in rule asks for more',
    cause: 'A second factor, a known device, or a rule of Conditional Access.',
    fixes: [
      RECONNECT_MICROSOFT,
      say('For mail that a server sends by itself use client credentials.'),
      say('An admin finds the rule in the sign-in logs of Microsoft Entra.'),
    ],
    who: 'provider_admin',
  }),
  'entra.grant_ended': entra({
    title: 'The connection to this mailbox has ended.',
    short: 'connection has ended',
    cause: 'It was unused for long, withdrawn, or ended by a new password or a rule.',
    fixes: [RECONNECT_MICROSOFT, say('For mail that a server sends by itself use client credentials.')],
  }),
  'entra.user_not_found': entra({
    title: 'This user is not in the directory.',
    short: 'user not in directory',
    cause: 'The account is mistyped, or belongs to another organisation, or is a personal account.',
    fixes: [ask('Check the user name.', 'Edit the user name', 'username'), TENANT],
  }),
  'entra.account_blocked': entra({
    title: 'Microsoft has blocked or disabled this account.',
    short: 'account blocked',
    cause: 'It is disabled, locked after wrong passwords, or blocked for risk.',
    fixes: [say('An admin looks at the user and the sign-in logs in Microsoft Entra, and unblocks it.')],
    who: 'provider_admin',
  }),
  'entra.bad_login': entra({
    title: 'Microsoft did not accept user name and password.',
    short: 'sign-in refused',
    cause: 'The password is wrong, missing, or has expired.',
    fixes: [RECONNECT_MICROSOFT],
  }),
  'entra.temporary': entra({
    title: 'The sign-in service of Microsoft has a problem or wants a pause.',
    short: 'sign-in service busy',
    cause: 'It was a passing error, or tokens were asked for too often.',
    fixes: [say('Nothing to change. Posthorn tries again.')],
    who: 'wait',
    retry: 'retry',
  }),
  'entra.bad_request': entra({
    title: 'Microsoft did not understand the request for a token.',
    short: 'token request refused',
    cause: 'Something that is needed is missing or has the wrong form. {answer}',
    fixes: [CLIENT, TENANT, ask('Check the scopes.', 'Edit the scopes', 'scopes')],
  }),
  'entra.refused': entra({
    title: 'Microsoft refused to give access, for a reason that is not in our list.',
    short: 'Microsoft refused access',
    cause: '{answer}',
    fixes: [
      web(
        'Look the number up at Microsoft.',
        'Open AADSTS{aadsts}',
        'https://login.microsoftonline.com/error?code={aadsts}',
      ),
    ],
  }),
} as const satisfies Readonly<Record<string, ErrorEntry>>;

export const ENTRA_ERRORS = { ...ENTRA_APP, ...ENTRA_SIGN_IN } as const;
