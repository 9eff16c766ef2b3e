/**
 * SPF (RFC 7208), read to advise and not to judge mail: which record a domain has, whom it lets send, how many lookups it
 * costs a receiver, and what it says of given addresses. Unlike a receiver it reads to the end, so that it can tell how far
 * over the limit a record is; a bound of its own keeps it from being led around.
 * Next: advice.ts
 */
import { holdsAddress, type Lookup, type Lookups } from '../net/net.ts';

/** The records of a domain that begin with the version (RFC 7208 §4.5); more than one is an error. */
export function spfRecords(texts: readonly string[]): string[] {
  return texts.filter((text) => /^v=spf1(?: |$)/i.test(text));
}

/** The domains that the record includes or leaves the decision to, without macros. */
export function spfNames(record: string): string[] {
  const names = record.split(/ +/).flatMap((term) => {
    const name = /^(?:\+?include:|redirect=)([^\s%/]+)$/i.exec(term)?.[1];
    return name === undefined ? [] : [bare(name)];
  });
  return [...new Set(names)];
}

export type SpfResult = 'pass' | 'fail' | 'softfail' | 'neutral';

export type SpfTrouble =
  /** More than one record. */
  | 'several'
  /** A term that is none. */
  | 'syntax'
  /** An include or redirect that leads to no record (RFC 7208 §5.2, §6.1). */
  | 'dangling'
  /** A name that did not answer. */
  | 'unanswered';

export interface SpfReading {
  /** The record of the domain itself. */
  readonly record: string | undefined;
  /** Every name that is included or redirected to, on all levels. */
  readonly names: ReadonlySet<string>;
  /** Terms that make a receiver ask the DNS; more than 10 are an error (RFC 7208 §4.6.4). */
  readonly lookups: number;
  /** Questions without an answer; more than 2 are an error. */
  readonly voids: number;
  /** What is wrong, and with which term or name. */
  readonly trouble: { readonly kind: SpfTrouble; readonly at: string } | undefined;
  /** What the record says of each address, lookups left aside. */
  readonly results: ReadonlyMap<string, SpfResult>;
  /** Whether a macro kept us from reading all of it. */
  readonly macros: boolean;
}

export const SPF_LOOKUPS_MAX = 10;
export const SPF_VOIDS_MAX = 2;
/** Where we stop reading; a receiver stopped long before. */
const WALK_MAX = 25;
const TERMS_MAX = 100;

interface Walk {
  readonly lookups: Lookups;
  readonly leftMs: () => number;
  readonly addresses: readonly string[];
  readonly names: Set<string>;
  readonly path: Set<string>;
  asked: number;
  voids: number;
  macros: boolean;
  trouble: SpfReading['trouble'];
}

/** Reads the record of `domain` and everything it leads to. Never rejects. */
export async function readSpf(
  domain: string,
  addresses: readonly string[],
  lookups: Lookups,
  leftMs: () => number,
): Promise<SpfReading> {
  const walk: Walk = {
    ...{ lookups, leftMs, addresses, asked: 0, voids: 0, macros: false, trouble: undefined },
    names: new Set<string>(),
    path: new Set<string>(),
  };
  const { record, results } = await readRecord(walk, domain);
  const { names, voids, trouble, macros } = walk;
  return { record, names, lookups: walk.asked, voids, trouble, results, macros };
}

interface RecordRead {
  readonly record: string | undefined;
  readonly results: Map<string, SpfResult>;
}

async function readRecord(walk: Walk, domain: string): Promise<RecordRead> {
  const results = new Map<string, SpfResult>();
  const answer = await walk.lookups.txt(domain, walk.leftMs());
  if (answer.kind === 'failed') note(walk, 'unanswered', domain);
  const found = spfRecords(answer.kind === 'found' ? answer.records : []);
  if (found.length > 1) note(walk, 'several', domain);
  const [record] = found;
  if (record === undefined) return { record, results };
  walk.path.add(domain);
  const terms = record
    .split(/ +/)
    .slice(1, TERMS_MAX)
    .filter((term) => term !== '');
  const end = terms.findIndex((term) => /^[+~?-]?all$/i.test(term));
  // RFC 7208 §5.1: what follows `all` is not looked at. §6.1: a redirect comes last wherever it stands, and with `all` never.
  const own = end < 0 ? terms : terms.slice(0, end + 1);
  const leads = (term: string): boolean => /^redirect=/i.test(term);
  const last = end < 0 ? own.filter(leads) : [];
  for (const term of [...own.filter((one) => !leads(one)), ...last])
    await readTerm(walk, domain, term, results);
  walk.path.delete(domain);
  for (const address of walk.addresses) {
    if (!results.has(address)) results.set(address, 'neutral'); // RFC 7208 §4.7
  }
  return { record, results };
}

const QUALIFIERS: Readonly<Record<string, SpfResult>> = {
  '+': 'pass',
  '-': 'fail',
  '~': 'softfail',
  '?': 'neutral',
};

/** Qualifier, name, what follows the colon without its prefix length, and that length (RFC 7208 §12). */
const MECHANISM =
  /^([+~?-]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?::([^\s/]+))?((?:\/\d{1,3})?(?:\/\/\d{1,3})?)$/i;

async function readTerm(
  walk: Walk,
  domain: string,
  term: string,
  results: Map<string, SpfResult>,
): Promise<void> {
  const modifier = /^([a-z][\w.-]*)=(.*)$/i.exec(term);
  if (modifier !== null) {
    if (modifier[1]?.toLowerCase() === 'redirect') await readRedirect(walk, modifier[2] ?? '', results);
    return; // RFC 7208 §6: unknown modifiers are ignored
  }
  const parts = MECHANISM.exec(term);
  if (parts === null) {
    note(walk, 'syntax', term);
    return;
  }
  const [, sign = '', kind = '', target, cidr = ''] = parts;
  const matches = await matching(walk, domain, kind.toLowerCase(), target, cidr);
  for (const address of matches) {
    if (!results.has(address)) results.set(address, QUALIFIERS[sign === '' ? '+' : sign] ?? 'pass');
  }
}

/** Which of the addresses the mechanism matches. */
async function matching(
  walk: Walk,
  domain: string,
  kind: string,
  target: string | undefined,
  cidr: string,
): Promise<readonly string[]> {
  const { addresses } = walk;
  switch (kind) {
    case 'all':
      return addresses;
    case 'ip4':
    case 'ip6':
      return addresses.filter((address) => holdsAddress(`${target ?? ''}${cidr}`, address));
    case 'include':
      return includedBy(walk, target);
    default:
      break;
  }
  if (!countLookup(walk)) return [];
  const name = target === undefined ? domain : bare(target);
  if (name.includes('%') || kind === 'exists' || kind === 'ptr') {
    walk.macros = true; // `exists` and `ptr` depend on the message; both are rare, and count as a lookup
    return [];
  }
  const hosts = kind === 'mx' ? await exchangesOf(walk, name) : [name];
  const known = await Promise.all(hosts.map((host) => walk.lookups.addresses(host, walk.leftMs())));
  if (kind === 'a') noteVoid(walk, known[0]);
  const own = known.flatMap((one) => (one.kind === 'found' ? one.records : []));
  return addresses.filter((address) => own.some((one) => holdsAddress(networkOf(one, cidr), address)));
}

/** RFC 7208 §5.6: `/24` is for IPv4, `//64` for IPv6. */
function networkOf(address: string, cidr: string): string {
  const [, four, six] = /^(?:\/(\d+))?(?:\/\/(\d+))?$/.exec(cidr) ?? [];
  const bits = address.includes(':') ? six : four;
  return bits === undefined ? address : `${address}/${bits}`;
}

async function exchangesOf(walk: Walk, name: string): Promise<readonly string[]> {
  const answer = await walk.lookups.mx(name, walk.leftMs());
  noteVoid(walk, answer);
  const records = answer.kind === 'found' ? answer.records : [];
  // RFC 7208 §4.6.4: more than ten are an error of their own
  return records
    .map(({ exchange }) => exchange)
    .filter((one) => one !== '')
    .slice(0, 10);
}

async function includedBy(walk: Walk, target: string | undefined): Promise<readonly string[]> {
  const read = await follow(walk, target);
  return walk.addresses.filter((address) => read?.results.get(address) === 'pass');
}

async function readRedirect(walk: Walk, target: string, results: Map<string, SpfResult>): Promise<void> {
  const read = await follow(walk, target);
  for (const [address, result] of read?.results ?? []) {
    if (!results.has(address)) results.set(address, result);
  }
}

/** The record that an include or a redirect leads to. */
async function follow(walk: Walk, target: string | undefined): Promise<RecordRead | undefined> {
  if (!countLookup(walk)) return undefined;
  const name = bare(target ?? '');
  if (name.includes('%')) {
    walk.macros = true;
    return undefined;
  }
  if (name === '' || walk.path.has(name)) {
    note(walk, 'syntax', `include:${name}`);
    return undefined;
  }
  walk.names.add(name);
  const read = await readRecord(walk, name);
  if (read.record !== undefined) return read;
  if (walk.trouble?.at !== name) note(walk, 'dangling', name);
  return undefined;
}

function countLookup(walk: Walk): boolean {
  walk.asked += 1;
  return walk.asked <= WALK_MAX;
}

function noteVoid(walk: Walk, answer: Lookup<unknown> | undefined): void {
  if (answer?.kind === 'none') walk.voids += 1;
}

function note(walk: Walk, kind: SpfTrouble, at: string): void {
  walk.trouble ??= { kind, at };
}

function bare(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
