/**
 * Deliverability: what receivers will find when they ask the DNS about a message that this sender sends over this relay.
 * It is advice: it comes after a message was accepted, takes a few seconds at most and fails nothing.
 * Next: advice-row.ts
 */
import type { Clock } from '../base/clock.ts';
import type { ConnectionSettings } from '../config/config.ts';
import { checkAddress, parseHost, tenantEgress, type Lookups } from '../net/net.ts';
import { adviseOnDkim } from './advice-dkim.ts';
import { adviseOnAlignment, adviseOnDmarc } from './advice-dmarc.ts';
import { row, type AdviceCase, type AdviceRow } from './advice-row.ts';
import { adviseOnSpf } from './advice-spf.ts';
import { hostForRegion, presetOfHost, presetOfMx } from './presets.ts';

export interface AdviceParts {
  readonly clock: Clock;
  readonly lookups: Lookups;
}

export interface AdviceAsked {
  /** Domain of the sender's address, A-labels. */
  readonly domain: string;
  /** The relay: a name or an address. */
  readonly host: string;
}

const BUDGET_MS = 4_000;
const ADDRESSES_MAX = 8;
const PUBLIC = tenantEgress();

/** The rows, in the order in which they are read. Never rejects; what could not be looked up is `unknown`. */
export async function adviseOn(
  { clock, lookups }: AdviceParts,
  { domain, host }: AdviceAsked,
): Promise<AdviceRow[]> {
  const deadlineAt = clock.monotonic() + BUDGET_MS;
  const leftMs = (): number => deadlineAt - clock.monotonic();
  const preset = presetOfHost(host);
  const addresses = await publicAddresses(lookups, host, leftMs());
  const about: AdviceCase = { domain, host, preset, addresses, lookups, leftMs };
  const [mail, spf, dkim, dmarc, reverse] = await Promise.all([
    adviseOnMx(about),
    adviseOnSpf(about),
    adviseOnDkim(about),
    adviseOnDmarc(about),
    adviseOnReverse(about),
  ]);
  const alignment = adviseOnAlignment(about, spf, dkim, dmarc);
  return [...mail, ...spf.rows, dkim.row, dmarc.row, alignment, ...reverse];
}

/** The relay's addresses that the world sees it by; an internal one tells nothing about that. */
async function publicAddresses(lookups: Lookups, host: string, leftMs: number): Promise<readonly string[]> {
  const parsed = parseHost(host);
  if (parsed === undefined) return [];
  const known = parsed.kind === 'address' ? [parsed.address] : await found(lookups, parsed.name, leftMs);
  return known.filter((address) => checkAddress(PUBLIC, address, 25).allowed).slice(0, ADDRESSES_MAX);
}

async function found(lookups: Lookups, name: string, leftMs: number): Promise<readonly string[]> {
  const answer = await lookups.addresses(name, leftMs);
  return answer.kind === 'found' ? answer.records : [];
}

/** Where answers and bounces go; and, at a provider with regions, whether the domain lives in that of the host. */
async function adviseOnMx({ domain, host, preset, lookups, leftMs }: AdviceCase): Promise<AdviceRow[]> {
  const answer = await lookups.mx(domain, leftMs());
  if (answer.kind === 'failed') return [row('mx', 'unknown', { why: 'The DNS did not answer.' })];
  const fix = `Give ${domain} an MX record, or send from a domain that receives mail.`;
  if (answer.kind === 'none') return [await withoutMx(lookups, domain, leftMs(), answer.code, fix)];
  const exchanges = answer.records
    .toSorted((a, b) => a.priority - b.priority)
    .map(({ exchange }) => exchange);
  if (exchanges.every((exchange) => exchange === '')) {
    const why = `${domain} says that it takes no mail (RFC 7505): answers and bounces are lost, and some receivers refuse such senders.`;
    return [row('mx', 'warn', { found: 'a null MX', why, fix })];
  }
  const rows = [
    row('mx', 'pass', {
      found: exchanges.slice(0, 3).join(', '),
      why: 'Answers and bounces have somewhere to go.',
    }),
  ];
  const home = exchanges.find((exchange) => preset !== undefined && presetOfMx(exchange)?.id === preset.id);
  const right = preset === undefined || home === undefined ? host : hostForRegion(preset, home);
  if (preset?.id === 'mailgun' && right !== host.toLowerCase()) {
    rows.push(
      row('region', 'warn', {
        found: home,
        expected: right,
        why: `${domain} receives its mail in another region of ${preset.name} than ${host} sends from.`,
        fix: `If the domain was set up there, use ${right}.`,
      }),
    );
  }
  return rows;
}

async function withoutMx(
  lookups: Lookups,
  domain: string,
  leftMs: number,
  code: 'NXDOMAIN' | 'NODATA',
  fix: string,
): Promise<AdviceRow> {
  if (code === 'NXDOMAIN') {
    const why = `The domain ${domain} does not exist in the DNS; most receivers refuse such senders.`;
    return row('mx', 'fail', { found: 'no such domain', why, fix: 'Send from a domain that you own.' });
  }
  const addresses = await found(lookups, domain, leftMs);
  if (addresses.length > 0) {
    // RFC 5321 §5.1: the address stands in for a missing MX
    const why =
      'Without an MX record mail goes to the address of the domain itself, where often nobody takes it.';
    return row('mx', 'info', { found: 'no MX, but an address', why, fix });
  }
  const why = 'Answers and bounces have nowhere to go, and some receivers refuse such senders.';
  return row('mx', 'warn', { found: 'no MX and no address', why, fix });
}

/** For a relay of one's own: its addresses have names, and the names lead back (RFC 1912 §2.1). */
async function adviseOnReverse({ preset, addresses, lookups, leftMs }: AdviceCase): Promise<AdviceRow[]> {
  const [address] = addresses;
  if (preset !== undefined || address === undefined) return [];
  const names = await lookups.ptr(address, leftMs());
  if (names.kind === 'failed') {
    return [row('reverse_dns', 'unknown', { why: `The DNS did not answer for ${address}.` })];
  }
  const [name] = names.kind === 'found' ? names.records : [];
  const fix = `Ask whoever runs ${address} to give it a name that leads back to it.`;
  if (name === undefined) {
    const why = `${address} has no name; if the relay sends from it, many receivers refuse or distrust it.`;
    return [row('reverse_dns', 'warn', { found: `no name for ${address}`, why, fix })];
  }
  const back = await found(lookups, name, leftMs());
  if (!back.includes(address)) {
    const why = `${address} is called ${name}, but that name does not lead back to it.`;
    return [row('reverse_dns', 'warn', { found: name, expected: address, why, fix })];
  }
  return [row('reverse_dns', 'pass', { found: name, why: `${address} and its name lead to each other.` })];
}

/** The host that a connection's mail leaves from, in the words of presets. */
export function relayHost(settings: ConnectionSettings): string | undefined {
  switch (settings.type) {
    case 'smtp':
      return settings.host;
    case 'graph':
      return 'smtp.office365.com'; // another door of the same house: it sends with the same records
    case 'pickup':
    case 'mailbox':
      return undefined;
  }
}
