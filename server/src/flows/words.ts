/**
 * The words of the mails of flows, in the languages there are. Fixed texts only: what strangers write is put in by
 * `harmless.ts`.
 * Next: flow-mail.ts
 */
import { LOCALES, type FlowName, type Locale } from '../tenants/tenants.ts';

/** What differs between the mails of flows. */
export interface FlowWords {
  readonly subject: string;
  readonly opening: string;
  /** Above the link. */
  readonly link: string;
  readonly ignore: string;
}

export const FLOW_WORDS: Readonly<Record<Locale, Readonly<Record<FlowName, FlowWords>>>> = {
  en: {
    activation: {
      subject: 'Activate your account',
      opening: 'An account was made for this address.',
      link: 'To activate it, open this link:',
      ignore: 'If you do not know about this, ignore this mail. Nothing will happen.',
    },
    'password-reset': {
      subject: 'Reset your password',
      opening: 'A new password was asked for.',
      link: 'To choose one, open this link:',
      ignore: 'If you did not ask for it, ignore this mail. Your password stays as it is.',
    },
    'one-time-code': {
      subject: 'Your code',
      opening: 'A code was asked for with this address.',
      link: 'To go on, open this link:',
      ignore: 'If you did not ask for it, ignore this mail and tell nobody the code.',
    },
    invitation: {
      subject: 'You are invited',
      opening: 'You were invited.',
      link: 'To accept, open this link:',
      ignore: 'If you do not want to, ignore this mail.',
    },
    'email-change': {
      subject: 'Confirm your new address',
      opening: 'This address is to become the new address of an account.',
      link: 'To confirm it, open this link:',
      ignore: 'If you did not ask for it, ignore this mail. Nothing will change.',
    },
  },
  de: {
    activation: {
      subject: 'Konto aktivieren',
      opening: 'Für diese Adresse wurde ein Konto angelegt.',
      link: 'Um es zu aktivieren, öffnen Sie diesen Link:',
      ignore: 'Wenn Sie davon nichts wissen, ignorieren Sie diese E-Mail. Dann geschieht nichts.',
    },
    'password-reset': {
      subject: 'Passwort zurücksetzen',
      opening: 'Es wurde ein neues Passwort angefordert.',
      link: 'Um eines zu wählen, öffnen Sie diesen Link:',
      ignore: 'Wenn Sie das nicht waren, ignorieren Sie diese E-Mail. Ihr Passwort bleibt, wie es ist.',
    },
    'one-time-code': {
      subject: 'Ihr Code',
      opening: 'Mit dieser Adresse wurde ein Code angefordert.',
      link: 'Um fortzufahren, öffnen Sie diesen Link:',
      ignore: 'Wenn Sie das nicht waren, ignorieren Sie diese E-Mail und nennen Sie niemandem den Code.',
    },
    invitation: {
      subject: 'Sie sind eingeladen',
      opening: 'Sie wurden eingeladen.',
      link: 'Um anzunehmen, öffnen Sie diesen Link:',
      ignore: 'Wenn Sie nicht möchten, ignorieren Sie diese E-Mail.',
    },
    'email-change': {
      subject: 'Neue Adresse bestätigen',
      opening: 'Diese Adresse soll die neue Adresse eines Kontos werden.',
      link: 'Um sie zu bestätigen, öffnen Sie diesen Link:',
      ignore: 'Wenn Sie das nicht waren, ignorieren Sie diese E-Mail. Dann ändert sich nichts.',
    },
  },
};

interface Frame {
  readonly hello: (name: string) => string;
  readonly code: (code: string) => string;
  readonly goodFor: (span: string) => string;
  readonly linkGoodFor: (span: string) => string;
  readonly codeGoodFor: (span: string) => string;
  /** One and many of each unit, with the one in words. */
  readonly units: Readonly<Record<'day' | 'hour' | 'minute' | 'second', readonly [string, string]>>;
}

/** What the mails of all flows share. */
export const FRAME: Readonly<Record<Locale, Frame>> = {
  en: {
    hello: (name) => `Hello ${name},`,
    code: (code) => `Your code: ${code}`,
    goodFor: (span) => `This is good for ${span}.`,
    linkGoodFor: (span) => `The link is good for ${span}.`,
    codeGoodFor: (span) => `The code is good for ${span}.`,
    units: {
      day: ['one day', 'days'],
      hour: ['one hour', 'hours'],
      minute: ['one minute', 'minutes'],
      second: ['one second', 'seconds'],
    },
  },
  de: {
    hello: (name) => `Guten Tag ${name},`,
    code: (code) => `Ihr Code: ${code}`,
    goodFor: (span) => `Das gilt ${span}.`,
    linkGoodFor: (span) => `Der Link gilt ${span}.`,
    codeGoodFor: (span) => `Der Code gilt ${span}.`,
    units: {
      day: ['einen Tag', 'Tage'],
      hour: ['eine Stunde', 'Stunden'],
      minute: ['eine Minute', 'Minuten'],
      second: ['eine Sekunde', 'Sekunden'],
    },
  },
};

/** The language nearest to what was asked for (`de-AT` is `de`); `otherwise` when we have none. */
export function localeFor(tag: string | undefined, otherwise: Locale): Locale {
  const language = tag?.split('-', 1)[0]?.toLowerCase();
  return LOCALES.find((locale) => locale === language) ?? otherwise;
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** A span of whole seconds in the largest unit that divides it. */
export function spanOf(seconds: number, locale: Locale): string {
  for (const [unit, size] of UNITS) {
    const count = seconds / size;
    if (!Number.isInteger(count)) continue;
    const [one, many] = FRAME[locale].units[unit];
    return count === 1 ? one : `${String(count)} ${many}`;
  }
  return String(seconds);
}
