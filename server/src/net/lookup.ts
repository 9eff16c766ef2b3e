/**
 * Questions to the DNS that are not about connecting: who receives mail for a domain, what it publishes, what a network
 * address is called. Asked of the system's resolvers, or of those that are given; each with a deadline, each answer bounded.
 * What comes back was written by strangers: to connect to a name from here, dial it, and the dialer checks it.
 * Next: dial.ts
 */
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { parseHost } from './host.ts';

export interface MxRecord {
  /** Lower is tried first (RFC 5321 §5.1). */
  readonly priority: number;
  /** Empty for a null MX (RFC 7505): the domain takes no mail. */
  readonly exchange: string;
}

export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** Empty when the service is decidedly not offered (RFC 2782). */
  readonly target: string;
}

export type Lookup<T> =
  | { readonly kind: 'found'; readonly records: readonly T[] }
  /** The DNS says so: `NXDOMAIN` nothing of that name at all, `NODATA` nothing of that type. */
  | { readonly kind: 'none'; readonly code: 'NXDOMAIN' | 'NODATA' }
  /** Nobody can say: no answer, a broken one, or a name that cannot be asked. */
  | { readonly kind: 'failed'; readonly code: string };

/** Every answer comes within `timeoutMs`; nothing here rejects. */
export interface Lookups {
  mx(name: string, timeoutMs: number): Promise<Lookup<MxRecord>>;
  /** Each record as one text, its strings joined (RFC 7208 §3.3). */
  txt(name: string, timeoutMs: number): Promise<Lookup<string>>;
  srv(name: string, timeoutMs: number): Promise<Lookup<SrvRecord>>;
  /** IPv4 and IPv6 addresses. */
  addresses(name: string, timeoutMs: number): Promise<Lookup<string>>;
  cname(name: string, timeoutMs: number): Promise<Lookup<string>>;
  /** The names of an IP address. */
  ptr(address: string, timeoutMs: number): Promise<Lookup<string>>;
}

export interface LookupOptions {
  readonly clock: Clock;
  /** Addresses of resolvers, with a port if it is not 53; the system's when absent. */
  readonly servers?: readonly string[];
}

/** More records than this are not looked at. */
const RECORDS_MAX = 50;
const TEXT_MAX = 4_096;

export function createLookups(options: LookupOptions): Lookups {
  const about =
    <R, T>(ask: (resolver: Resolver, name: string) => Promise<R[]>, read: (record: R) => T | undefined) =>
    async (name: string, timeoutMs: number): Promise<Lookup<T>> => {
      const wire = wireName(name);
      if (wire === undefined) return { kind: 'failed', code: 'BAD_NAME' };
      return question(options, timeoutMs, (resolver) => ask(resolver, wire), read);
    };
  const a = about((resolver, name) => resolver.resolve4(name), String);
  const aaaa = about((resolver, name) => resolver.resolve6(name), String);
  return {
    mx: about(
      (resolver, name) => resolver.resolveMx(name),
      // RFC 7505 §3: a null MX has preference 0; any other empty name is one that the resolver could not read.
      ({ priority, exchange }) =>
        exchange === '' && priority !== 0
          ? undefined
          : withName(exchange, (bare) => ({ priority, exchange: bare })),
    ),
    txt: about(
      (resolver, name) => resolver.resolveTxt(name),
      (strings) => strings.join('').slice(0, TEXT_MAX),
    ),
    srv: about(
      (resolver, name) => resolver.resolveSrv(name),
      ({ priority, weight, port, name }) => withName(name, (target) => ({ priority, weight, port, target })),
    ),
    async addresses(name, timeoutMs) {
      return both(await Promise.all([a(name, timeoutMs), aaaa(name, timeoutMs)]));
    },
    cname: about(
      (resolver, name) => resolver.resolveCname(name),
      (name) => withName(name, (bare) => bare),
    ),
    async ptr(address, timeoutMs) {
      if (isIP(address) === 0) return { kind: 'failed', code: 'BAD_NAME' };
      const named = (name: string) => withName(name, (bare) => bare);
      return question(options, timeoutMs, (resolver) => resolver.reverse(address), named);
    },
  };
}

async function question<R, T>(
  { clock, servers }: LookupOptions,
  timeoutMs: number,
  ask: (resolver: Resolver) => Promise<R[]>,
  read: (record: R) => T | undefined,
): Promise<Lookup<T>> {
  if (timeoutMs <= 0) return { kind: 'failed', code: 'DNS_TIMEOUT' };
  // One for each question: to give up means to cancel everything that a resolver is asking.
  const resolver = new Resolver({ timeout: Math.ceil(timeoutMs / 2), tries: 2 });
  const cancel = clock.after(timeoutMs, () => {
    resolver.cancel();
  });
  try {
    if (servers !== undefined) resolver.setServers(servers);
    const records: T[] = [];
    for (const record of (await ask(resolver)).slice(0, RECORDS_MAX)) {
      const value = read(record);
      if (value !== undefined) records.push(value);
    }
    return records.length > 0 ? { kind: 'found', records } : { kind: 'none', code: 'NODATA' };
  } catch (error) {
    return whyNot(error);
  } finally {
    cancel();
  }
}

function whyNot(error: unknown): Lookup<never> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'EFAIL';
  if (code === 'ENOTFOUND') return { kind: 'none', code: 'NXDOMAIN' };
  if (code === 'ENODATA') return { kind: 'none', code: 'NODATA' };
  return { kind: 'failed', code: code === 'ECANCELLED' || code === 'ETIMEOUT' ? 'DNS_TIMEOUT' : code };
}

/** One answer of two questions about the same name: what was found counts, then what is not there, then trouble. */
function both([first, second]: readonly [Lookup<string>, Lookup<string>]): Lookup<string> {
  const found = [first, second].flatMap((one) => (one.kind === 'found' ? one.records : []));
  if (found.length > 0) return { kind: 'found', records: found };
  return first.kind === 'failed' ? first : second;
}

function wireName(name: string): string | undefined {
  const host = parseHost(name);
  return host?.kind === 'name' ? host.name : undefined;
}

/** A name out of an answer, in lower case and without its dot; a record with anything else in that place is dropped. */
function withName<T>(name: string, make: (bare: string) => T): T | undefined {
  const bare = name.toLowerCase().replace(/\.$/, '');
  return bare === '' || parseHost(bare)?.kind === 'name' ? make(bare) : undefined;
}
