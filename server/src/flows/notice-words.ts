/**
 * The words of notices: what became of an account, told to the person whose it is.
 * Next: notices.ts
 */
import type { Locale } from '../tenants/tenants.ts';

export const NOTICE_SUBJECTS = [
  'password-changed',
  'address-changed',
  'second-step-changed',
  'new-sign-in',
  'account-locked',
] as const;
export type NoticeAbout = (typeof NOTICE_SUBJECTS)[number];

interface NoticeWords {
  readonly subject: string;
  readonly opening: string;
}

export const NOTICE_WORDS: Readonly<Record<Locale, Readonly<Record<NoticeAbout, NoticeWords>>>> = {
  en: {
    'password-changed': {
      subject: 'Your password was changed',
      opening: 'The password of your account was changed.',
    },
    'address-changed': {
      subject: 'Your address was changed',
      opening: 'The address of your account was changed. Mail now goes to the new one.',
    },
    'second-step-changed': {
      subject: 'Your second step was changed',
      opening: 'The second step of signing in to your account was changed.',
    },
    'new-sign-in': {
      subject: 'New sign-in to your account',
      opening: 'Somebody signed in to your account from a place that was not used before.',
    },
    'account-locked': {
      subject: 'Your account was locked',
      opening: 'Your account was locked after several attempts to sign in.',
    },
  },
  de: {
    'password-changed': {
      subject: 'Ihr Passwort wurde geändert',
      opening: 'Das Passwort Ihres Kontos wurde geändert.',
    },
    'address-changed': {
      subject: 'Ihre Adresse wurde geändert',
      opening: 'Die Adresse Ihres Kontos wurde geändert. E-Mails gehen ab jetzt an die neue.',
    },
    'second-step-changed': {
      subject: 'Ihr zweiter Schritt wurde geändert',
      opening: 'Der zweite Schritt der Anmeldung an Ihrem Konto wurde geändert.',
    },
    'new-sign-in': {
      subject: 'Neue Anmeldung an Ihrem Konto',
      opening: 'Jemand hat sich von einem bisher nicht verwendeten Ort an Ihrem Konto angemeldet.',
    },
    'account-locked': {
      subject: 'Ihr Konto wurde gesperrt',
      opening: 'Ihr Konto wurde nach mehreren Anmeldeversuchen gesperrt.',
    },
  },
};

export const NOT_YOU: Readonly<Record<Locale, string>> = {
  en: 'If this was not you, tell the people who run the application at once. There is no link in this mail on purpose.',
  de: 'Wenn Sie das nicht waren, melden Sie es sofort den Betreibern der Anwendung. Diese E-Mail enthält absichtlich keinen Link.',
};
