/**
 * Where a connection may go. A policy is plain data; whoever dials passes the one of the connection's owner.
 * One code answers for every forbidden place, found by name or by address, so that the answer tells nothing about what
 * is there. Next: address-kind.ts
 */
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import { inRange, kindOf, parseIp, type Ip } from './address-kind.ts';
import { parseHost, withoutFinalDot, type Host } from './host.ts';

export interface EgressRules {
  /** Networks (`10.0.0.0/8`), addresses (`10.0.0.5`, `[fd00::1]:25`) and `name:port` that are allowed on top. */
  readonly allow?: readonly string[];
  /** What this server listens on; connecting there would be a loop or a way around sign-in. */
  readonly own?: readonly Listen[];
}

export interface EgressPolicy {
  /** Whether internal networks, loopback among them, may be reached. */
  readonly privateAllowed: boolean;
  readonly allow: readonly AllowEntry[];
  readonly ports: 'any' | readonly number[];
  /** The same for proxies. */
  readonly proxyPorts: 'any' | readonly number[];
  readonly own: readonly Listen[];
}

export interface Listen {
  /** An IP address; `0.0.0.0` and `::` stand for every address of this machine. */
  readonly address: string;
  readonly port: number;
}

/** An exception that an instance administrator made. Without a port it holds for the policy's ports. */
export type AllowEntry =
  | { readonly kind: 'network'; readonly base: Ip; readonly bits: number; readonly port?: number }
  | { readonly kind: 'name'; readonly name: string; readonly port: number };

export type EgressCode = 'PRIVATE_ADDRESS' | 'FORBIDDEN_PORT';
type Refused = { readonly allowed: false; readonly code: EgressCode };

/** The ports that mail is handed over on. */
export const SMTP_PORTS: readonly number[] = [25, 465, 587, 2465, 2525, 2587];

/** The usual ports of proxies. */
export const PROXY_PORTS: readonly number[] = [80, 1080, 3128, 8080, 8888];

/**
 * The policy of the instance's own connections: any port, and internal networks unless `privateAllowed` is `false`.
 * Throws on an `allow` entry that cannot be read; `parseAllowEntry` tells beforehand.
 */
export function instanceEgress(
  rules: EgressRules & { readonly privateAllowed?: boolean } = {},
): EgressPolicy {
  return policy(rules, rules.privateAllowed ?? true, 'any');
}

/** The policy of a tenant's connections: public addresses and `ports` only (SMTP's by default). Throws as above. */
export function tenantEgress(rules: EgressRules & { readonly ports?: readonly number[] } = {}): EgressPolicy {
  return policy(rules, false, rules.ports ?? SMTP_PORTS);
}

function policy(rules: EgressRules, privateAllowed: boolean, ports: EgressPolicy['ports']): EgressPolicy {
  const allow = (rules.allow ?? []).map((text) => {
    const entry = parseAllowEntry(text);
    if (entry === undefined)
      throw new Error(`egress: cannot read the allowed target ${JSON.stringify(text)}`);
    return entry;
  });
  const proxyPorts = ports === 'any' ? ports : PROXY_PORTS;
  return { privateAllowed, allow, ports, proxyPorts, own: rules.own ?? [] };
}

/** The same policy for the proxy on the way: other ports, and everything else alike (S5). */
export function proxyEgress(egress: EgressPolicy): EgressPolicy {
  return { ...egress, ports: egress.proxyPorts };
}

/** `10.0.0.0/8`, `10.0.0.5`, `10.0.0.5:25`, `fd00::/8`, `[fd00::1]:25` or `relay.example:25`; else `undefined`. */
export function parseAllowEntry(text: string): AllowEntry | undefined {
  const network = /^([0-9a-fA-F.:]+)\/(0|[1-9][0-9]{0,2})$/.exec(text);
  if (network) return networkEntry(network[1] ?? '', Number(network[2]));
  const alone = parseIp(text);
  if (alone !== undefined) return { kind: 'network', base: alone, bits: width(alone) };
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]+)):([1-9][0-9]{0,4})$/.exec(text);
  if (!parts) return undefined;
  const host = parseHost(parts[1] ?? parts[2] ?? '');
  const port = Number(parts[3]);
  if (host === undefined || port > 65_535) return undefined;
  if (host.kind === 'name') return { kind: 'name', name: withoutFinalDot(host.name), port };
  const base = ipaddr.process(host.address);
  return { kind: 'network', base, bits: width(base), port };
}

function networkEntry(address: string, bits: number): AllowEntry | undefined {
  const base = parseIp(address);
  return base === undefined || bits > width(base) ? undefined : { kind: 'network', base, bits };
}

function width(ip: Ip): number {
  return ip.kind() === 'ipv4' ? 32 : 128;
}

/**
 * Judges a target before its name is resolved: port and name. `named` says that an exception names this very
 * `name:port`, which `checkAddress` wants to know for each address of that name.
 */
export function checkHost(
  egress: EgressPolicy,
  host: Host,
  port: number,
): { readonly allowed: true; readonly named: boolean } | Refused {
  const name = host.kind === 'name' ? withoutFinalDot(host.name) : undefined;
  const named = egress.allow.some(
    (entry) => entry.kind === 'name' && entry.name === name && entry.port === port,
  );
  if (named) return { allowed: true, named };
  // With an exception for this port at some address, the addresses decide.
  if (
    !portAllowed(egress, port) &&
    !egress.allow.some((entry) => entry.kind === 'network' && entry.port === port)
  ) {
    return { allowed: false, code: 'FORBIDDEN_PORT' };
  }
  if (name !== undefined && !egress.privateAllowed && isInternalName(name)) {
    return { allowed: false, code: 'PRIVATE_ADDRESS' };
  }
  return { allowed: true, named };
}

/** Names that mean this machine or its cloud whatever a resolver says (RFC 6761 §6.3, ICANN's `.internal`). */
function isInternalName(name: string): boolean {
  return /^(?:.*\.)?(?:localhost|internal)$|^metadata(?:\..*)?$/.test(name);
}

/**
 * Judges one address to connect to. `internal` says that it lies in this machine or a network behind it.
 * Text that is not an address is refused. A cloud's metadata address needs an exception for that very address, and one
 * of our own listeners an exception for that very address and port: a network or a name in the list is not enough.
 */
export function checkAddress(
  egress: EgressPolicy,
  address: string,
  port: number,
  named = false,
): { readonly allowed: true; readonly internal: boolean } | Refused {
  const ip = parseIp(address);
  if (ip === undefined) return { allowed: false, code: 'PRIVATE_ADDRESS' };
  const exceptions = egress.allow.filter((entry) => covers(entry, ip, port));
  const portNamed = named || exceptions.some((entry) => entry.port === port);
  if (!portNamed && !portAllowed(egress, port)) return { allowed: false, code: 'FORBIDDEN_PORT' };

  const kind = kindOf(ip);
  const exact = exceptions.some((entry) => entry.kind === 'network' && entry.bits === width(ip));
  const exactPort = exceptions.some((entry) => entry.kind === 'network' && entry.port === port);
  const allowed =
    (kind === 'public' || egress.privateAllowed || named || exceptions.length > 0) &&
    (kind !== 'metadata' || exact) &&
    (!isOwn(egress.own, ip, port) || exactPort);
  return allowed ? { allowed, internal: kind === 'internal' } : { allowed, code: 'PRIVATE_ADDRESS' };
}

function portAllowed(egress: EgressPolicy, port: number): boolean {
  return egress.ports === 'any' || egress.ports.includes(port);
}

function covers(entry: AllowEntry, ip: Ip, port: number): boolean {
  if (entry.kind === 'name') return false;
  return inRange(ip, [entry.base, entry.bits]) && (entry.port === undefined || entry.port === port);
}

function isOwn(own: readonly Listen[], ip: Ip, port: number): boolean {
  return own.some((listen) => {
    if (listen.port !== port) return false;
    const address = parseIp(listen.address);
    if (address === undefined) return false;
    return isUnspecified(address) ? isThisMachine(ip) : same(address, ip) || isUnspecified(ip);
  });
}

/** Asked at every check, because a machine's addresses come and go. */
function isThisMachine(ip: Ip): boolean {
  if (isUnspecified(ip) || ip.range() === 'loopback') return true;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some(({ address }) => {
    const local = parseIp(address);
    return local !== undefined && same(local, ip);
  });
}

function isUnspecified(ip: Ip): boolean {
  return ip.toByteArray().every((octet) => octet === 0);
}

function same(a: Ip, b: Ip): boolean {
  return a.kind() === b.kind() && a.toByteArray().join() === b.toByteArray().join();
}
