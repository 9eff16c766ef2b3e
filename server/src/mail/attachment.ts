/**
 * What an attachment may say about itself: a content type without surprises and a file name without a path.
 * Next: compose.ts
 */

export type ContentTypeResult =
  { readonly ok: true; readonly contentType: string } | { readonly ok: false; readonly message: string };

// RFC 6838 §4.2 names; only parameters that describe the bytes may follow, and only as tokens.
const CONTENT_TYPE =
  /^([a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126})((?:; ?(?:charset|method|version)="?[a-z0-9_.:-]{1,64}"?){0,3})$/i;
const FILENAME_MAX = 200;

/**
 * Reads an attachment's content type. `multipart/*` would frame parts of its own, and `message/*` must not be encoded
 * (RFC 2046 §5.2.1) so that its lines could be longer than mail allows: both are refused.
 */
export function parseContentType(text: string): ContentTypeResult {
  const match = text.length > 400 ? null : CONTENT_TYPE.exec(text);
  const type = match?.[1]?.toLowerCase();
  if (type === undefined) return { ok: false, message: 'is no content type such as application/pdf' };
  if (type.startsWith('multipart/') || type.startsWith('message/')) {
    return { ok: false, message: `${type} cannot be attached as such; use application/octet-stream` };
  }
  const parameters = (match?.[2] ?? '').replaceAll('"', '').replace(/; ?/g, '; ');
  return { ok: true, contentType: `${type}${parameters}` };
}

/** A file name to write into a message: the last part of a path, no control, invisible or wildcard character, bounded. May be empty. */
export function cleanFilename(text: string): string {
  const last = text.slice(-4096).split(/[/\\]/).at(-1) ?? '';
  const clean = last
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '')
    .replace(/["*:<>?|]/g, '_') // no file system of a common desktop takes these
    .trim();
  if (clean === '.' || clean === '..') return '';
  return shorten(clean);
}

/** Cuts in the middle of the stem, so that the extension stays. */
function shorten(name: string): string {
  const characters = [...name];
  if (characters.length <= FILENAME_MAX) return name;
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 ? [...name.slice(dot)].slice(0, 20) : [];
  return [...characters.slice(0, FILENAME_MAX - extension.length), ...extension].join('');
}
