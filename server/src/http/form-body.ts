/**
 * What a page's form sends (`application/x-www-form-urlencoded`) to a value, for the few operations that are pages.
 * A name that stands there twice is refused: programs differ in which of the two they believe.
 * Next: page.ts
 */
import { problem } from '../base/problem.ts';

const FORM_MAX_BYTES = 64 * 1024;

/** Throws `body_too_large` and `malformed_request`. */
export function parseFormBody(body: Buffer): Readonly<Record<string, string>> {
  if (body.length > FORM_MAX_BYTES)
    throw problem('body_too_large', { detail: `A form has at most ${String(FORM_MAX_BYTES)} octets.` });
  const fields: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(body.toString('utf8'))) {
    if (Object.hasOwn(fields, name) || name === '__proto__')
      throw problem('malformed_request', { detail: 'A field of the form stands there twice.' });
    fields[name] = value;
  }
  return fields;
}
