/**
 * Takes the secret of a connection out of what its server says, in the forms in which a server could repeat it.
 * Next: sign-in.ts
 */
import type { Credentials } from './smtp.ts';

/** Shorter secrets would match ordinary words; their base64 forms are found all the same. */
const RAW_MIN = 6;

/** A function that replaces every form of the secret by `[credentials]`. */
export function secretScrubber(how: Credentials): (text: string) => string {
  const forms = secretForms(how);
  return (text) => {
    let clean = text;
    for (const form of forms) {
      if (clean.includes(form)) clean = clean.replaceAll(form, '[credentials]');
    }
    return clean;
  };
}

/** Raw, as part of a URL, and in base64 at each of its three alignments, without the octets that neighbours colour. */
function secretForms(how: Credentials): readonly string[] {
  const secret = how.kind === 'token' ? how.accessToken : how.password;
  const forms = new Set<string>();
  if (secret.length >= RAW_MIN) forms.add(secret).add(encodeURIComponent(secret.toWellFormed()));
  forms.add(Buffer.from(`\0${how.username}\0${secret}`).toString('base64').replace(/=+$/, ''));
  forms.add(Buffer.from(secret).toString('base64'));
  const octets = Buffer.from(secret);
  for (const shift of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(shift), octets]).toString('base64');
    const from = shift === 0 ? 0 : shift + 1;
    const to = Math.floor(((shift + octets.length) * 8) / 6);
    const core = text.slice(from, to);
    if (core.length >= RAW_MIN) forms.add(core);
  }
  return [...forms].filter((form) => form.length > 0).toSorted((a, b) => b.length - a.length);
}
