/**
 * What text may hold before it becomes part of a message: Unicode questions shared by addresses, names and headers.
 * Next: domain.ts
 */

// Control, format (zero width, bidi), separators and spaces, surrogates, private and unassigned: nothing of this has a
// place in an address, and most of it is there to make one look like another. `\p{C}` and `\p{Z}` are single classes.
const UNSEEN = /[\p{C}\p{Z}]/u;
// The space is judged by the grammar, not here.
const UNSEEN_EXCEPT_SPACE = /(?! )[\p{C}\p{Z}]/u;

const NAMES: Readonly<Record<string, string>> = {
  ' ': 'a space',
  '\t': 'a tab',
  '\r': 'a line break',
  '\n': 'a line break',
  '\u0000': 'a NUL',
  ',': 'a comma',
  ';': 'a semicolon',
};

/** NFC of the text (RFC 6532 §3.1); undefined when it holds a lone surrogate. ASCII comes back as it is. */
export function wellFormedNfc(text: string): string | undefined {
  if (!text.isWellFormed()) return undefined;
  return text.normalize('NFC');
}

/** Index of the first character nobody can see, spaces between words apart; undefined when there is none. */
export function findUnseen(text: string): number | undefined {
  const index = text.search(UNSEEN_EXCEPT_SPACE);
  return index < 0 ? undefined : index;
}

/** Whether every character can be seen and none is a space. */
export function isAllSeen(text: string): boolean {
  return !UNSEEN.test(text);
}

/** Whether the text holds a character that can end or forge a line: C0, DEL, C1, U+2028, U+2029. */
export function hasControl(text: string): boolean {
  return findControl(text) !== undefined;
}

/** Index of the first such character. */
export function findControl(text: string): number | undefined {
  const index = text.search(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
  return index < 0 ? undefined : index;
}

/** `a space (character 4)`, `“(” (character 2)`, `U+200B (character 9)`: safe to show whatever the character is. */
export function describeCharacter(text: string, index: number): string {
  const char = String.fromCodePoint(text.codePointAt(index) ?? 0);
  const place = `(character ${String(index + 1)})`;
  const name = NAMES[char];
  if (name !== undefined) return `${name} ${place}`;
  if (!isAllSeen(char))
    return `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')} ${place}`;
  return `“${char}” ${place}`;
}
