/**
 * SPF (RFC 7208), read to advise and not to judge mail: which record a domain has, whom it includes, how many lookups it
 * costs a receiver, and whether given addresses would pass.
 * Next: advice.ts
 */

/** The records of a domain that begin with the version (RFC 7208 §4.5); more than one is an error. */
export function spfRecords(texts: readonly string[]): string[] {
  return texts.filter((text) => /^v=spf1(?: |$)/i.test(text));
}

/** The domains that the record includes or leaves the decision to, without macros. */
export function spfNames(record: string): string[] {
  const names = record.split(/ +/).flatMap((term) => {
    const name = /^(?:[+~?-]?include:|redirect=)([^\s%/]+)$/i.exec(term)?.[1];
    return name === undefined ? [] : [name.toLowerCase().replace(/\.$/, '')];
  });
  return [...new Set(names)];
}
