/**
 * The domain of an address: parsed to A-labels for the wire, shown as U-labels to people when that cannot deceive.
 * Next: display-address.ts
 */
import { domainToASCII, domainToUnicode } from 'node:url';
import { describeCharacter } from './text.ts';

type DomainResult =
  { readonly ok: true; readonly domain: string } | { readonly ok: false; readonly message: string };

/** Octets, RFC 5321 §4.5.3.1.2. */
const DOMAIN_OCTETS_MAX = 255;
/** Octets, RFC 1035 §2.3.4. */
const LABEL_OCTETS_MAX = 63;
const PLAIN_CHARACTER = /[A-Za-z0-9.\-\u0080-\u{10ffff}]/u;
const PLAIN_DOMAIN = /^[a-z0-9.-]+$/;

/**
 * Reads a domain: UTS #46 mapping to A-labels (RFC 5891 §4), then the letters-digits-hyphen rule (RFC 5321 §4.1.2).
 * `offset` is where the domain starts in what the person typed, for the message only.
 */
export function parseDomain(text: string, options: { singleLabel: boolean; offset: number }): DomainResult {
  const shown = `the domain “${text.length > 80 ? `${text.slice(0, 80)}…` : text}”`;
  // Checked before the mapping: the URL rules behind it would undo percent-encoding and stop at a slash.
  const strange = indexOfStrange(text);
  if (strange !== undefined) {
    if (text.startsWith('['))
      return refuse('has an address in brackets instead of a domain name, which is not accepted');
    return refuse(`${shown} holds ${describeCharacter(text, strange)}`);
  }
  const domain = PLAIN_DOMAIN.test(text) ? text : domainToASCII(text).toLowerCase();
  if (domain === '') return refuse(`${shown} is not a possible name`);
  if (!PLAIN_DOMAIN.test(domain)) return refuse(`${shown} becomes something that is not a name`);
  if (domain.length > DOMAIN_OCTETS_MAX)
    return refuse(`${shown} is longer than ${String(DOMAIN_OCTETS_MAX)} octets`);
  const labels = domain.split('.');
  if (labels.at(-1) === '') return refuse(`${shown} ends with a dot`);
  for (const label of labels) {
    const wrong = labelProblem(label);
    if (wrong !== undefined) return refuse(`${shown} ${wrong}`);
  }
  if (labels.length === 1 && !options.singleLabel) return refuse(`${shown} has no dot`);
  // A name that ends in a number would be taken for an IPv4 address (URL Standard, "ends in a number").
  if (/^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')) {
    return refuse(`${shown} is a number or ends in one; give a domain name`);
  }
  return { ok: true, domain };
}

/** The domain for people: each label as U-label, except where its scripts are mixed in a way no language mixes them. */
export function displayDomain(domain: string): string {
  if (!domain.includes('xn--')) return domain;
  return domain
    .split('.')
    .map((label) => {
      if (!label.startsWith('xn--')) return label;
      const shown = domainToUnicode(label);
      return shown !== '' && isHonest(shown) ? shown : label;
    })
    .join('.');
}

function indexOfStrange(text: string): number | undefined {
  let index = 0;
  for (const char of text) {
    if (!PLAIN_CHARACTER.test(char)) return index;
    index += char.length;
  }
  return undefined;
}

function labelProblem(label: string): string | undefined {
  if (label === '') return 'has an empty part between two dots';
  if (label.length > LABEL_OCTETS_MAX) return `has a part longer than ${String(LABEL_OCTETS_MAX)} octets`;
  if (label.startsWith('-') || label.endsWith('-')) return 'has a part that starts or ends with a hyphen';
  // RFC 5890 §2.3.2.1: `xn--` must decode to something. One that does not is left as it is by the decoder.
  if (label.startsWith('xn--') && domainToUnicode(label) === label)
    return 'has a part that starts with “xn--” but is none';
  return undefined;
}

/** Scripts that are written together in one language; a label must fit one of these sets. */
const TOGETHER: readonly RegExp[] = [
  /^[\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]+$/u,
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]+$/u,
  /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]+$/u,
  /^[\p{Script=Han}\p{Script=Bopomofo}\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]+$/u,
];
const SINGLE: readonly RegExp[] = [
  'Cyrillic',
  'Greek',
  'Arabic',
  'Hebrew',
  'Devanagari',
  'Bengali',
  'Gurmukhi',
  'Gujarati',
  'Oriya',
  'Tamil',
  'Telugu',
  'Kannada',
  'Malayalam',
  'Sinhala',
  'Thai',
  'Lao',
  'Myanmar',
  'Khmer',
  'Georgian',
  'Armenian',
  'Ethiopic',
  'Tibetan',
].map((script) => new RegExp(`^[\\p{Script=${script}}\\p{Script=Common}\\p{Script=Inherited}]+$`, 'u'));
/** Cyrillic and Greek letters drawn like Latin ones; a label of nothing else is a mask. */
const ALL_LOOK_LATIN = /^[0-9\-аеіјоԛрсԝухѕһԁӏѵгпцъьικνορυαγ]+$/u;

/** No drawings of a slash or a colon; the two dots are letters of Catalan and Japanese. */
const LETTERS = /^[\p{L}\p{M}\p{Nd}\-\u00b7\u30fb]+$/u;

function isHonest(label: string): boolean {
  if (ALL_LOOK_LATIN.test(label) || !LETTERS.test(label)) return false;
  return TOGETHER.some((set) => set.test(label)) || SINGLE.some((set) => set.test(label));
}

function refuse(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}
