/**
 * Lists of addresses and whole domains as people write them in settings (`ana@example.com`, `@example.com`), and whether
 * one names an address. A domain never stands for its subdomains.
 * Next: ../routing/choose-connection.ts
 */
import { parseAddress, serializeAddress, type Address } from './address.ts';

/**
 * Whether the list names this address; none written names nobody. Local parts meet whatever their case, unless `exact` is
 * asked for: by RFC 5321 §2.4 another case may be another mailbox, which matters where a list gives a right to somebody.
 */
export function covers(list: readonly string[], { local, domain }: Address, exact = false): boolean {
  const fold = (text: string): string => (exact ? text : text.toLowerCase());
  return list.some((written) => {
    const at = written.lastIndexOf('@');
    if (at < 0 || wireDomain(written.slice(at + 1)) !== domain) return false;
    const entry = written.slice(0, at).normalize('NFC');
    return entry === '' || fold(entry) === fold(local);
  });
}

/** Domains are compared as A-labels, in whatever script they are written (RFC 5891 §4). */
function wireDomain(written: string): string {
  const lower = written.toLowerCase();
  if (!/[^\u0000-\u007f]/.test(lower)) return lower;
  const parsed = parseAddress(`x@${lower}`, { singleLabel: true });
  return parsed.ok ? parsed.address.domain : lower;
}

export type ListEntry =
  /** `written` is the one form in which two spellings meet: `ana@example.com` or `@example.com`. */
  | { readonly ok: true; readonly written: string; readonly domain: string; readonly whole: boolean }
  | { readonly ok: false; readonly message: string };

/** Reads one entry. The message of a refusal is for a person. */
export function parseListEntry(text: string): ListEntry {
  const whole = text.startsWith('@');
  const parsed = parseAddress(whole ? `x${text}` : text);
  if (!parsed.ok) return parsed;
  const { address } = parsed;
  const written = whole ? `@${address.domain}` : serializeAddress(address);
  return { ok: true, written, domain: address.domain, whole };
}
