/**
 * What strangers wrote, as it may stand in a mail to somebody else (A3): one short line, and nothing in it that a mail
 * program would make a link of. “First name” is where phishing puts its address.
 * Next: flow-mail.ts
 */

/** Characters of one value; what is longer is cut. */
const TEXT_MAX = 100;

/** Controls, line ends, and what is not seen or turns the direction of text: each could hide or break up an address. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;
/** Full stops of other scripts, which browsers take for a dot in a name (UTS #46 §2.3). */
const OTHER_DOTS = /[\u3002\uff0e\uff61\u2024]/g;

/** The text on one line, at most 100 characters, addresses in it taken apart: `http://evil.example` → `http[:]//evil[.]example`. */
export function harmless(text: string): string {
  const line = text
    .toWellFormed()
    .normalize('NFKC')
    .replace(UNSEEN, ' ')
    .replace(OTHER_DOTS, '.')
    .replace(/\s+/g, ' ')
    .trim();
  const characters = [...line];
  const short = characters.length > TEXT_MAX ? `${characters.slice(0, TEXT_MAX - 1).join('')}…` : line;
  return short
    .replace(/(?<=\p{L}):(?=\S)/gu, '[:]') // a scheme
    .replace(/(?<=[\p{L}\p{N}\p{M}_-])\.(?=\p{L}[\p{L}\p{M}\p{N}-])/gu, '[.]') // a name of the DNS; not the dots of `J.R.`
    .replace(/(?<=\S)@(?=\S)/g, '[at]');
}
