/**
 * SPF of the sender's domain against the relay in use: whether the record lets it send, and whether receivers can read it.
 * Next: advice-dkim.ts
 */
import { row, type AdviceCase, type AdviceRow } from './advice-row.ts';
import { readSpf, SPF_LOOKUPS_MAX, SPF_VOIDS_MAX, type SpfReading } from './spf.ts';

export interface SpfAdvice {
  readonly rows: readonly AdviceRow[];
  /** Whether a message over this relay passes SPF for the sender's own domain. */
  readonly aligned: boolean | 'unknown';
}

export async function adviseOnSpf(about: AdviceCase): Promise<SpfAdvice> {
  const { domain, addresses, lookups, leftMs } = about;
  const reading = await readSpf(domain, addresses, lookups, leftMs);
  const permitted = permits(about, reading);
  const broken = brokenRow(about, reading);
  const rows = [broken ?? permissionRow(about, reading, permitted), ...costRows(reading)];
  const readable = broken === undefined && reading.lookups <= SPF_LOOKUPS_MAX;
  const unanswered = reading.trouble?.kind === 'unanswered';
  if (about.preset?.dns.returnPath === 'provider') return { rows, aligned: false };
  return { rows, aligned: unanswered ? 'unknown' : readable ? permitted : false };
}

/** Whether the record lets the relay send: by the provider's name where it has one, else by the relay's addresses. */
function permits(
  { preset, addresses }: AdviceCase,
  { names, results, macros }: SpfReading,
): boolean | 'unknown' {
  const wanted = preset?.dns.spf ?? [];
  if (wanted.some((name) => names.has(name))) return true;
  if (addresses.length > 0 && addresses.every((address) => results.get(address) === 'pass')) return true;
  if (macros) return 'unknown'; // the part that was not read may let it send
  if (wanted.length > 0) return false;
  return addresses.length === 0 || preset !== undefined ? 'unknown' : false;
}

function brokenRow({ domain }: AdviceCase, { record, trouble }: SpfReading): AdviceRow | undefined {
  if (trouble === undefined) return undefined;
  const about = { found: record, expected: 'one record that receivers can read' };
  switch (trouble.kind) {
    case 'several':
      return row('spf', 'fail', {
        ...about,
        why: `${trouble.at} has more than one SPF record, so receivers use none of them (RFC 7208 §4.5).`,
        fix: 'Merge them into one TXT record that begins with "v=spf1" and has one "all" at its end.',
      });
    case 'syntax':
      return row('spf', 'fail', {
        ...about,
        why: `Receivers cannot read “${trouble.at}” and then use nothing of the record (RFC 7208 §4.6).`,
        fix: 'Correct or remove that term.',
      });
    case 'dangling':
      return row('spf', 'fail', {
        ...about,
        why: `The record leads to ${trouble.at}, which has no SPF record; that is an error for receivers (RFC 7208 §5.2).`,
        fix: `Remove the part that names ${trouble.at}, or correct the name.`,
      });
    case 'unanswered':
      return row('spf', 'unknown', {
        ...about,
        why: `The DNS did not answer for ${trouble.at}, so the record of ${domain} could not be read to its end.`,
      });
  }
}

function permissionRow(about: AdviceCase, { record }: SpfReading, permitted: boolean | 'unknown'): AdviceRow {
  const { domain, preset, addresses } = about;
  const term = termFor(about);
  const expected = preset?.dns.returnPath === 'provider' ? undefined : term;
  if (permitted === true) {
    return row('spf', 'pass', {
      found: record,
      expected,
      why: `The record of ${domain} lets this relay send.`,
    });
  }
  if (preset?.dns.returnPath === 'provider') {
    return row('spf', 'info', {
      found: record ?? 'no SPF record',
      why: `${preset.name} puts a return path of its own on the envelope, so receivers look at its record and not at that of ${domain}. DKIM has to prove the sender.`,
      fix: `To have SPF speak for ${domain} too, set up a custom return path at ${preset.name}.`,
    });
  }
  if (permitted === 'unknown') {
    return row('spf', record === undefined ? 'warn' : 'unknown', {
      found: record ?? 'no SPF record',
      expected,
      why: 'From here nobody can see with which public address this relay hands mail on.',
      fix: `Let the record of ${domain} name that address: "v=spf1 ip4:ADDRESS ~all".`,
    });
  }
  const strict = record !== undefined && /(?:^|\s)-all(?:\s|$)/i.test(record);
  const relay = preset?.name ?? `The relay (${addresses.join(', ')})`;
  return row('spf', strict ? 'fail' : 'warn', {
    found: record ?? 'no SPF record',
    expected,
    why:
      record === undefined
        ? `${domain} has no SPF record, so receivers cannot tell who may send for it.`
        : `${relay} is not among those that the record of ${domain} lets send.`,
    fix: `Publish this TXT record at ${domain}: "${withTerm(record, term ?? '')}".`,
  });
}

function termFor({ preset, addresses }: AdviceCase): string | undefined {
  const [name] = preset?.dns.spf ?? [];
  if (name !== undefined) return `include:${name}`;
  if (addresses.length === 0) return undefined;
  return addresses.map((address) => `${address.includes(':') ? 'ip6' : 'ip4'}:${address}`).join(' ');
}

/** The record with the term before its end. */
function withTerm(record: string | undefined, term: string): string {
  if (record === undefined) return `v=spf1 ${term} ~all`;
  const end = /\s(?:[+~?-]?all|redirect=\S+)\b/i.exec(record);
  if (end === null) return `${record.trim()} ${term} ~all`;
  return `${record.slice(0, end.index)} ${term}${record.slice(end.index)}`;
}

function costRows({ record, lookups, voids }: SpfReading): AdviceRow[] {
  if (record === undefined) return [];
  const found = `${String(lookups)} lookups`;
  const expected = `at most ${String(SPF_LOOKUPS_MAX)}`;
  if (lookups > SPF_LOOKUPS_MAX) {
    return [
      row('spf_lookups', 'fail', {
        found,
        expected,
        why: 'Receivers stop after 10 lookups and then treat the record as broken (RFC 7208 §4.6.4).',
        fix: 'Remove services that no longer send, or send from subdomains with records of their own.',
      }),
    ];
  }
  if (voids > SPF_VOIDS_MAX) {
    return [
      row('spf_lookups', 'fail', {
        found: `${String(voids)} names that lead nowhere`,
        expected: `at most ${String(SPF_VOIDS_MAX)}`,
        why: 'Receivers stop after two names that lead nowhere (RFC 7208 §4.6.4).',
        fix: 'Remove the names that no longer exist.',
      }),
    ];
  }
  const why =
    lookups >= 9
      ? 'One more service and receivers stop reading the record.'
      : 'Receivers can read it to its end.';
  return [row('spf_lookups', lookups >= 9 ? 'info' : 'pass', { found, expected, why })];
}
