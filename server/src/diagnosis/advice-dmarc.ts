/**
 * DMARC of the sender's domain, and the question behind all of it: can a message over this relay prove that it comes from
 * the domain in its From?
 * Next: advice.ts
 */
import type { DkimAdvice } from './advice-dkim.ts';
import { parentsOf, row, type AdviceCase, type AdviceRow } from './advice-row.ts';
import type { SpfAdvice } from './advice-spf.ts';
import { readTags } from './tag-list.ts';

export interface DmarcAdvice {
  readonly row: AdviceRow;
  readonly policy: 'none' | 'quarantine' | 'reject' | undefined;
  /** Whether DKIM must sign for the very domain and not for its parent. */
  readonly strictDkim: boolean;
}

/** The policy of the domain or, walking up, of the first parent that has one (RFC 7489 §6.6.3). */
export async function adviseOnDmarc({ domain, lookups, leftMs }: AdviceCase): Promise<DmarcAdvice> {
  const places = [domain, ...parentsOf(domain)].slice(0, 5);
  const answers = await Promise.all(places.map((place) => lookups.txt(`_dmarc.${place}`, leftMs())));
  for (const [at, answer] of answers.entries()) {
    const records =
      answer.kind === 'found' ? answer.records.filter((text) => /^v=DMARC1\s*(?:;|$)/i.test(text)) : [];
    const [record, second] = records;
    if (record !== undefined) return readPolicy(domain, places[at] ?? domain, record, second !== undefined);
  }
  const none = { policy: undefined, strictDkim: false };
  if (answers[0]?.kind === 'failed') {
    return { ...none, row: row('dmarc', 'unknown', { why: 'The DNS did not answer.' }) };
  }
  return {
    ...none,
    row: row('dmarc', 'warn', {
      found: 'no DMARC record',
      expected: `a TXT record at _dmarc.${domain}`,
      why: 'Large mailbox providers ask senders for a DMARC record, and without one anybody can use the domain in From.',
      fix: `Begin with this TXT record at _dmarc.${domain}: "v=DMARC1; p=none; rua=mailto:dmarc@${domain}".`,
    }),
  };
}

function readPolicy(domain: string, place: string, record: string, several: boolean): DmarcAdvice {
  const tags = readTags(record);
  const named = (place === domain ? undefined : tags.get('sp')) ?? tags.get('p');
  const policy = (['none', 'quarantine', 'reject'] as const).find((one) => one === named?.toLowerCase());
  const strictDkim = tags.get('adkim')?.toLowerCase() === 's';
  const found = `_dmarc.${place}: ${record}`;
  if (several || policy === undefined) {
    const why = several
      ? 'There is more than one DMARC record, so receivers use none (RFC 7489 §6.6.3).'
      : 'The record names no policy that receivers know, so they use none of it.';
    const fix = several ? 'Keep one of them.' : 'Add "p=none", "p=quarantine" or "p=reject".';
    return { policy: undefined, strictDkim, row: row('dmarc', 'fail', { found, why, fix }) };
  }
  if (policy === 'none') {
    const why =
      'The record only asks for reports; mail that cannot prove its sender is delivered all the same.';
    const fix = 'When the reports look right, raise the policy to "quarantine" and then to "reject".';
    return { policy, strictDkim, row: row('dmarc', 'info', { found, why, fix }) };
  }
  const why = `Mail that cannot prove that it comes from ${domain} is ${policy === 'reject' ? 'refused' : 'put aside as spam'}.`;
  return { policy, strictDkim, row: row('dmarc', 'pass', { found, why }) };
}

/** Whether SPF or DKIM speaks for the domain in From (RFC 7489 §3.1): one of them is enough. */
export function adviseOnAlignment(
  { domain, preset }: AdviceCase,
  spf: SpfAdvice,
  dkim: DkimAdvice,
  { policy, strictDkim }: DmarcAdvice,
): AdviceRow {
  const signed = dkim.domain !== undefined && (dkim.domain === domain || !strictDkim);
  const ways = [...(spf.aligned === true ? ['SPF'] : []), ...(signed ? ['DKIM'] : [])];
  const expected = `SPF or DKIM for ${domain}`;
  if (ways.length > 0) {
    const only = ways.length === 1 && !signed;
    const why = only
      ? 'SPF alone breaks when somebody forwards the message; DKIM does not.'
      : 'Receivers can tell that the message comes from the domain in its From.';
    return row('alignment', only ? 'info' : 'pass', { found: ways.join(' and '), expected, why });
  }
  if (spf.aligned === 'unknown' || dkim.unknown) {
    const why = 'Not everything that decides it can be seen from here.';
    const fix = 'Look for "dmarc=pass" in the Authentication-Results of a message that arrived.';
    return row('alignment', 'unknown', { expected, why, fix });
  }
  const strict = policy === 'reject' || policy === 'quarantine';
  const relay = preset?.name ?? 'this relay';
  return row('alignment', strict ? 'fail' : 'warn', {
    found: 'neither',
    expected,
    why: strict
      ? `Nothing proves that mail over ${relay} comes from ${domain}, and its own policy asks receivers to ${policy === 'reject' ? 'refuse' : 'put aside'} such mail.`
      : `Nothing proves that mail over ${relay} comes from ${domain}; it is more likely to be taken for spam.`,
    fix: `Verify ${domain} at ${relay} with DKIM, or send from a domain of your own.`,
  });
}
