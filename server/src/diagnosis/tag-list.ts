/**
 * The form of DKIM and DMARC records: `v=DMARC1; p=none`.
 */

/** Names in lower case with their values; the first of a name counts (RFC 6376 §3.2 allows each once). */
export function readTags(record: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const part of record.split(';')) {
    const at = part.indexOf('=');
    const name = part.slice(0, Math.max(at, 0)).trim().toLowerCase();
    if (name !== '' && !tags.has(name)) tags.set(name, part.slice(at + 1).trim());
  }
  return tags;
}
