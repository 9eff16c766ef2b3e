/**
 * Tells what a program shows instead of a secret from a secret, so that no screen's `****` is ever saved as a password
 * (K2). Knows only spellings that nobody would choose: `xxxx` may be somebody's password on a test server.
 */

/** Signs that stand for hidden letters: asterisks and bullets of all kinds. */
const SIGNS = '*∗＊⁎✱•●⬤∙·‣◦○⚫▪■█';

/** Nothing but such signs. Three asterisks at least, since `*` and `**` have been seen as passwords of test servers. */
const ALL_SIGNS = new RegExp(`^(?:\\*{3,}|[${SIGNS.slice(1)}]+|[${SIGNS}]{3,})$`, 'u');

/** A long run of one sign with some real letters beside it, as in `SG.********` or `••••••••1234`. */
const LONG_RUN = new RegExp(`([${SIGNS}])\\1{5}`, 'u');

/** `****1234`: asterisks and the last four. */
const LAST_FOUR = new RegExp(`^[${SIGNS}]{4,}[0-9A-Za-z]{1,4}$`, 'u');

const WORD =
  '(?:(?:secret|password|value) )?(?:hidden|redacted|masked|filtered|removed|omitted|sensitive|protected|encrypted|unchanged)(?: value)?';

/** A word that says so, in brackets, asterisks or underscores: `<hidden>`, `[FILTERED]`, `(sensitive value)`, `**masked**`. */
const SAID = new RegExp(
  `^(?:<${WORD}>|\\[${WORD}\\]|\\(${WORD}\\)|\\{${WORD}\\}|([*_]{2,})${WORD}\\1)$`,
  'i',
);

/** Placeholders of examples, a redacting logger's bare word, and an object that was turned into text. */
const WHOLE: ReadonlySet<string> = new Set([
  'REDACTED',
  '<secret>',
  '[secret]',
  '<password>',
  '[object Object]',
]);

/** Whether `value` is a mask and not a secret. */
export function isMaskedSecret(value: string): boolean {
  const text = value.trim();
  return (
    WHOLE.has(text) || ALL_SIGNS.test(text) || LONG_RUN.test(text) || LAST_FOUR.test(text) || SAID.test(text)
  );
}
