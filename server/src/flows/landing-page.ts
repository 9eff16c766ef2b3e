/**
 * The pages that a link in a mail leads to when the application has none of its own, in the languages there are.
 * Next: words.ts
 */
import { htmlPage } from '../http/http.ts';
import type { Locale } from '../tenants/tenants.ts';
import type { Verification } from './queries.ts';
import { FLOW_WORDS } from './words.ts';

interface PageWords {
  readonly ask: string;
  readonly again: string;
  readonly button: string;
  readonly done: readonly [title: string, text: string];
  readonly gone: readonly [title: string, text: string];
}

const WORDS: Readonly<Record<Locale, PageWords>> = {
  en: {
    ask: 'Press the button to go on. Until then nothing happens.',
    again: 'That was too quick for us to tell you from a program. Please press the button once more.',
    button: 'Continue',
    done: ['Done', 'You can close this page and go back to the application.'],
    gone: [
      'This link does not work',
      'This link has expired or was already used. Ask for a new one in the application.',
    ],
  },
  de: {
    ask: 'Drücken Sie den Knopf, um fortzufahren. Bis dahin geschieht nichts.',
    again:
      'Das ging so schnell, dass wir Sie nicht von einem Programm unterscheiden konnten. Bitte drücken Sie den Knopf noch einmal.',
    button: 'Weiter',
    done: ['Erledigt', 'Sie können diese Seite schließen und zur Anwendung zurückkehren.'],
    gone: [
      'Dieser Link funktioniert nicht',
      'Dieser Link ist abgelaufen oder wurde schon verwendet. Fordern Sie in der Anwendung einen neuen an.',
    ],
  },
};

/** Asks for one press of a button. `action` is the path of the page itself. */
export function askPage(
  { locale, flow }: Pick<Verification, 'locale' | 'flow'>,
  form: { readonly action: string; readonly token: string; readonly again: boolean },
): string {
  const words = WORDS[locale];
  return htmlPage({
    lang: locale,
    title: FLOW_WORDS[locale][flow].subject,
    paragraphs: [form.again ? words.again : words.ask],
    form: {
      action: form.action,
      fields: [{ name: 'form', label: '', type: 'hidden', value: form.token }],
      button: words.button,
    },
  });
}

export function donePage(locale: Locale): string {
  const [title, text] = WORDS[locale].done;
  return htmlPage({ lang: locale, title, paragraphs: [text] });
}

/** The one page for every link that does not count, whatever the reason: it tells nothing about anybody. */
export function gonePage(locale: Locale): string {
  const [title, text] = WORDS[locale].gone;
  return htmlPage({ lang: locale, title, paragraphs: [text] });
}
