/**
 * Signing in, at any server, at Google and at Microsoft 365. Next: errors-accounts.ts
 */
import { ask, change, copy, page, say, web, type ErrorEntry, type Fix } from './error-entry.ts';

const PASSWORD: Fix = ask('Type the password again.', 'Edit the password', 'password');
const CONNECT_GOOGLE: Fix = page(
  'Connect with Google: no password is stored.',
  'Connect with Google',
  'connect-google',
);
const CONNECT_MICROSOFT: Fix = page(
  'Connect with Microsoft (OAuth2).',
  'Connect with Microsoft',
  'connect-microsoft',
);

const ANY_SERVER = {
  'auth.bad_credentials': {
    title: 'User name or password was not accepted.',
    short: 'sign-in refused',
    cause: '{host|The server} does not know this pair of user name and password.',
    fixes: [
      PASSWORD,
      say(
        'Check which kind of secret the provider wants: the password of the account, an app password, or an API key.',
      ),
      ask('Check the user name. Often it is the whole address.', 'Edit the user name', 'username'),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'auth.required': {
    title: 'The server wants a sign-in first.',
    short: 'sign-in required',
    cause: 'It takes mail only from those who have signed in, and these settings did not.',
    fixes: [
      ask('Sign in with user name and password.', 'Edit the sign-in', 'auth'),
      say('Or use OAuth2, if the provider wants it.'),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'auth.no_common_mechanism': {
    title: 'The server offers no way of signing in that fits these credentials.',
    short: 'no common sign-in method',
    cause: 'It offers {offered}, and these settings have {wanted}.',
    fixes: [
      say('If it offers only XOAUTH2 or OAUTHBEARER, passwords are not possible: use OAuth2.'),
      say('If it offers only GSSAPI or NTLM, ask its owner for PLAIN or LOGIN over TLS.'),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'auth.secret_missing': {
    title: 'The connection has no usable password or key.',
    short: 'password missing',
    cause: '{reason}',
    fixes: [
      ask('Give the password.', 'Edit the password', 'password'),
      say('If it comes from a file or the environment, check that this exists for the running server.'),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'auth.not_offered': {
    title: 'The server offers no sign-in on this port.',
    short: 'no sign-in offered',
    cause:
      'Before TLS that is normal. After TLS it means that none is needed from this address, or that the port is the wrong one.',
    fixes: [
      change('If the server knows our address, send without a sign-in.', 'Send without sign-in', {
        auth: 'anonymous',
      }),
      change('Else use the submission port.', 'Use STARTTLS (587)', { security: 'starttls', port: 587 }),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'auth.needs_encryption': {
    title: 'A password would have travelled unencrypted.',
    short: 'sign-in without encryption',
    cause: 'Posthorn stopped before anybody could read it, or the server refused for the same reason.',
    fixes: [
      change('Require STARTTLS.', 'Use STARTTLS (587)', { security: 'starttls', port: 587 }),
      change('Or TLS on connect.', 'Use TLS on connect (465)', { security: 'implicit', port: 465 }),
    ],
    who: 'you',
    retry: 'config',
    scope: 'connection',
  },
  'auth.weak_mechanism': {
    title: 'The server wants a stronger way of signing in.',
    short: 'stronger sign-in wanted',
    cause: 'The way of signing in is not allowed for this account.',
    fixes: [say('Use OAuth2 or an app password, whichever the provider offers.')],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
  },
  'auth.temporary': {
    title: 'The sign-in service of the server has a problem.',
    short: 'sign-in service down',
    cause: 'The server could not check the password now. This says nothing about the password.',
    fixes: [say('Nothing to change. Posthorn tries again.')],
    who: 'wait',
    retry: 'retry',
    scope: 'connection',
  },
  'auth.too_many': {
    title: 'There were too many sign-ins in a short time.',
    short: 'too many sign-ins',
    cause: 'The server counts sign-ins, or failed ones, and has had enough for now.',
    fixes: [
      say('Wait. Posthorn tries again after a pause.'),
      say('Look for another program that still signs in with an old password.'),
    ],
    who: 'wait',
    retry: 'retry',
    scope: 'connection',
  },
  'auth.locked': {
    title: 'The account is locked.',
    short: 'account locked',
    cause: 'The provider locked or disabled {username|this account}, often after too many wrong passwords.',
    fixes: [
      say('Unlock it at the provider.'),
      say('Look for an old copy of this server that still uses the old password.'),
    ],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
  },
  'auth.ip_not_allowed': {
    title: 'The account may not be used from this machine’s address.',
    short: 'address not allowed',
    cause: 'The provider has a list of addresses for this account, and {ourIp|our address} is not on it.',
    fixes: [say('Add {ourIp|the address of this machine} to the list in the console of the provider.')],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

const APP_PASSWORD: Fix = web(
  'Or create an app password (16 letters, without spaces) and put it here.',
  'Create an app password',
  'https://myaccount.google.com/apppasswords',
);

const GMAIL = {
  'gmail.app_password_required': {
    title: 'Google wants an app password.',
    short: 'app password wanted',
    cause:
      'The account uses 2-step verification, so mail programs cannot use its normal password. In Google Workspace an admin may have switched app passwords off.',
    fixes: [CONNECT_GOOGLE, APP_PASSWORD],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
    docs: ['gmailAppPassword'],
  },
  'gmail.bad_credentials': {
    title: 'Google did not accept this sign-in.',
    short: 'Google refused the sign-in',
    cause:
      'Google no longer takes the normal password of an account from mail programs. A change of that password also deletes all app passwords.',
    fixes: [
      CONNECT_GOOGLE,
      APP_PASSWORD,
      ask('The user name is the whole address.', 'Edit the user name', 'username'),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
    docs: ['gmailAppPassword'],
  },
  'gmail.web_login': {
    title: 'Google wants a person to confirm the sign-in first.',
    short: 'Google wants confirmation',
    cause: 'It is the first sign-in from here, or one from an unusual place.',
    fixes: [
      web(
        'Sign in once in a browser from the same network, confirm, then test again.',
        'Sign in to Google',
        'https://accounts.google.com/',
      ),
    ],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
    docs: ['gmailErrors'],
  },
  'gmail.too_many_logins': {
    title: 'Google saw too many sign-ins in a short time.',
    short: 'too many sign-ins',
    cause: 'Google counts sign-ins for each account.',
    fixes: [
      say('Wait 10 to 30 minutes. Posthorn tries again by itself.'),
      say('Let one program send for all others, and keep connections open longer.'),
    ],
    who: 'wait',
    retry: 'retry',
    scope: 'connection',
    docs: ['gmailErrors'],
  },
  'gmail.oauth_scope': {
    title: 'The Google access token does not allow SMTP.',
    short: 'token lacks the mail scope',
    cause:
      'Google wants the full mail scope for SMTP. A scope for reading or sending over its API is not enough.',
    fixes: [
      page('Connect with Google again.', 'Connect with Google', 'connect-google'),
      change('The scope must be `https://mail.google.com/`.', 'Use this scope', {
        scopes: ['https://mail.google.com/'],
      }),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
    docs: ['googleOauth'],
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

const ALLOW_MAILBOX =
  'Set-CASMailbox -Identity {username|notify@your-domain.example} -SmtpClientAuthenticationDisabled $false';

const MICROSOFT_365 = {
  'm365.smtp_auth_disabled': {
    title: 'Authenticated SMTP is switched off in this Microsoft 365 organisation.',
    short: 'SMTP AUTH off (tenant)',
    cause:
      'Every sign-in is refused, with a password or with OAuth2. It is the default of new organisations.',
    fixes: [
      copy(
        'An admin allows it for this one mailbox; it can take up to an hour.',
        'Copy command',
        ALLOW_MAILBOX,
      ),
      copy(
        'Or send the request to the Microsoft 365 admin.',
        'Copy request',
        `Hello, our application sends mail as {username|one mailbox} over smtp.office365.com, and authenticated SMTP is switched off for the organisation. Please allow it for this one mailbox (Exchange Online PowerShell):\n${ALLOW_MAILBOX}\nMore: https://aka.ms/smtp_auth_disabled`,
      ),
      page('Then use OAuth2.', 'Connect with Microsoft', 'connect-microsoft'),
      say('Or send over Microsoft Graph, which needs no SMTP, or over another provider.'),
    ],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
    docs: ['smtpAuth'],
  },
  'm365.smtp_auth_disabled_mailbox': {
    title: 'Authenticated SMTP is switched off for this mailbox.',
    short: 'SMTP AUTH off (mailbox)',
    cause: 'The setting of {username|the mailbox} forbids it, whatever the organisation allows.',
    fixes: [
      say('Microsoft 365 admin center: the user, Mail, Manage email apps, switch on “Authenticated SMTP”.'),
      copy('Or in Exchange Online PowerShell.', 'Copy command', ALLOW_MAILBOX),
    ],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
    docs: ['smtpAuth'],
  },
  'm365.security_defaults': {
    title: 'Microsoft’s security defaults block sign-in with a password.',
    short: 'security defaults block it',
    cause: 'Security defaults forbid everything that cannot ask for a second factor.',
    fixes: [
      CONNECT_MICROSOFT,
      say('Do not switch security defaults off for this alone: they protect the whole organisation.'),
    ],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
    docs: ['smtpAuth'],
  },
  'm365.conditional_access': {
    title: 'A sign-in rule of the Microsoft 365 organisation blocked this sign-in.',
    short: 'blocked by a sign-in rule',
    cause: 'Conditional Access, a blocked account, or a rule against legacy sign-in.',
    fixes: [
      copy(
        'An admin looks at the sign-in logs of Microsoft Entra for this mailbox.',
        'Copy request',
        'Hello, sign-ins of {username|our mailbox} to smtp.office365.com are refused with “did not meet the criteria to be authenticated”. Please look in Microsoft Entra, Sign-in logs, at the time {time|of today}, which policy blocks it.',
      ),
    ],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
    docs: ['entraErrors'],
  },
  'm365.bad_credentials': {
    title: 'Microsoft did not accept this sign-in.',
    short: 'Microsoft refused sign-in',
    cause:
      'With a password: it is wrong, or the account needs a second factor. With OAuth2 client credentials: the app is not registered in Exchange, or may not use this mailbox.',
    fixes: [
      page('With a password: use OAuth2 instead.', 'Connect with Microsoft', 'connect-microsoft'),
      copy(
        'With client credentials: register the app in Exchange and give it the mailbox. Use the object id of the enterprise application, not that of the app registration.',
        'Copy commands',
        'New-ServicePrincipal -AppId {clientId|APPLICATION-ID} -ObjectId OBJECT-ID-OF-THE-ENTERPRISE-APPLICATION\nAdd-MailboxPermission -Identity {username|notify@your-domain.example} -User OBJECT-ID-OF-THE-ENTERPRISE-APPLICATION -AccessRights FullAccess',
      ),
      say('The app also needs the application permission SMTP.SendAsApp with admin consent.'),
    ],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
    docs: ['exchangeOauth'],
  },
  'm365.basic_retired': {
    title: 'Microsoft no longer accepts passwords for SMTP here.',
    short: 'passwords no longer accepted',
    cause: 'Basic authentication is switched off for good for this organisation or service.',
    fixes: [
      CONNECT_MICROSOFT,
      say('For mail that a server sends by itself: OAuth2 client credentials, or Microsoft Graph.'),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
    docs: ['exchangeOauth'],
  },
  'm365.not_authenticated': {
    title: 'Microsoft got mail from us without a sign-in.',
    short: 'sent without sign-in',
    cause: 'These settings do not sign in, or the sign-in was skipped.',
    fixes: [
      page('Sign in with OAuth2.', 'Connect with Microsoft', 'connect-microsoft'),
      say('To relay without a sign-in, Microsoft needs a connector for your address, and another host.'),
    ],
    who: 'you',
    retry: 'hold',
    scope: 'connection',
    docs: ['smtpAuth'],
  },
  'm365.outbound_blocked': {
    title: 'Microsoft blocked this mailbox or organisation for sending.',
    short: 'blocked for sending',
    cause: 'What was sent looked like spam. The account may be misused by somebody else.',
    fixes: [
      say('Change the password of the mailbox and look at what was sent.'),
      web(
        'An admin takes it off the list of restricted entities.',
        'Open restricted entities',
        'https://security.microsoft.com/restrictedentities',
      ),
    ],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'connection',
    docs: ['exchangeLimits'],
  },
  'm365.send_as_denied': {
    title: '{username|The account} may not send as {from|this sender}.',
    short: 'may not send as this sender',
    cause: 'Microsoft lets a mailbox send only as itself, unless it has the right to send as another.',
    fixes: [
      say('Use {username|the address of the account} as the sender.'),
      copy(
        'Or an admin gives the right to send as {from|this address}.',
        'Copy command',
        'Add-RecipientPermission {from|sales@your-domain.example} -Trustee {username|notify@your-domain.example} -AccessRights SendAs',
      ),
    ],
    who: 'provider_admin',
    retry: 'hold',
    scope: 'sender',
    docs: ['smtpAuth'],
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

export const SIGN_IN_ERRORS = { ...ANY_SERVER, ...GMAIL, ...MICROSOFT_365 } as const;
