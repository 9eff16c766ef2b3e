/**
 * What kind of place an IP address is. The address is decoded to numbers and the IPv4 address inside an IPv6 one is
 * judged as well, because text and prefix lists miss `::ffff:7f00:1`, `64:ff9b::7f00:1`, `2002:7f00:1::` and their like.
 * The tables follow the IANA special-purpose registries (RFC 6890). Next: egress.ts
 */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export type AddressKind =
  /** On the public internet. */
  | 'public'
  /** This machine or a network behind it: loopback, private, link-local, carrier-grade NAT. */
  | 'internal'
  /** No server has it on the public internet: documentation, benchmarks, multicast, unspecified, future use. */
  | 'reserved'
  /** Hands out a cloud machine's credentials to whoever can reach it. */
  | 'metadata';

export type Ip = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [Ip, number];

/** Numbers of an address text, zone allowed; an IPv4-mapped one (RFC 4291 §2.5.5.2) as IPv4. `undefined` for any odd spelling. */
export function parseIp(text: string): Ip | undefined {
  // ipaddr.js reads short and hex forms too; `isIP` does not.
  return isIP(text) === 0 ? undefined : ipaddr.process(text);
}

/** Whether `ip` lies in `range`; addresses of the other family never do. */
export function inRange(ip: Ip, [base, bits]: Range): boolean {
  return ip.kind() === base.kind() && ip.match([base, bits] as [ipaddr.IPv4, number]);
}

/** The kind of `ip`, the most guarded one if it carries other addresses inside. */
export function kindOf(ip: Ip): AddressKind {
  return ip instanceof ipaddr.IPv4 ? kindOf4(ip) : kindOf6(ip);
}

const METADATA = ranges(
  '169.254.169.254/32', // AWS, Azure, Google and most others
  '169.254.170.2/32', // AWS container credentials
  '169.254.170.23/32', // AWS pod identity
  '168.63.129.16/32', // Azure platform, in public space
  '100.100.100.200/32', // Alibaba
  '192.0.0.192/32', // Oracle
  'fd00:ec2::254/128',
  'fd00:ec2::23/128',
  'fd20:ce::254/128', // Google
);

const INTERNAL = ranges(
  '10.0.0.0/8', // RFC 1918
  '100.64.0.0/10', // RFC 6598; in practice cluster networks and VPNs
  '127.0.0.0/8',
  '169.254.0.0/16', // RFC 3927
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1/128',
  'fc00::/7', // RFC 4193
  'fe80::/10', // RFC 4291 §2.5.6
  'fec0::/10', // RFC 3879, site-local, still routed by some
);

const RESERVED = ranges(
  '0.0.0.0/8',
  '192.0.0.0/24',
  '192.0.2.0/24', // RFC 5737
  '192.88.99.0/24', // RFC 7526, 6to4 relays
  '198.18.0.0/15', // RFC 2544
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '2001::/23', // RFC 2928; Teredo is looked at before
  '2001:db8::/32', // RFC 3849
  '3fff::/20', // RFC 9637
);

const COMPATIBLE = range('::/96'); // RFC 4291 §2.5.5.1, deprecated
const TRANSLATED = range('::ffff:0:0:0/96'); // RFC 2765 §2.1
const NAT64 = range('64:ff9b::/96'); // RFC 6052 §2.1
const NAT64_LOCAL = range('64:ff9b:1::/48'); // RFC 8215
const TEREDO = range('2001::/32'); // RFC 4380 §4
const SIX_TO_FOUR = range('2002::/16'); // RFC 3056 §2
const GLOBAL_UNICAST = range('2000::/3'); // RFC 4291 §2.4; everything else is not handed out

function kindOf4(ip: ipaddr.IPv4): AddressKind {
  if (METADATA.some((entry) => inRange(ip, entry))) return 'metadata';
  if (INTERNAL.some((entry) => inRange(ip, entry))) return 'internal';
  if (RESERVED.some((entry) => inRange(ip, entry))) return 'reserved';
  return 'public';
}

function kindOf6(ip: ipaddr.IPv6): AddressKind {
  if (METADATA.some((entry) => inRange(ip, entry))) return 'metadata';
  if (INTERNAL.some((entry) => inRange(ip, entry))) return 'internal';
  if (inRange(ip, NAT64)) return kindOf4(v4At(ip, 12));
  if (inRange(ip, TEREDO)) return tunnel([v4At(ip, 4), v4At(ip, 12, 0xff)]);
  if (inRange(ip, SIX_TO_FOUR)) return tunnel([v4At(ip, 2)]);
  if (inRange(ip, COMPATIBLE) || inRange(ip, TRANSLATED)) return guarded([v4At(ip, 12)], 'reserved');
  if (inRange(ip, NAT64_LOCAL)) return guarded(localNat64(ip), 'internal');
  if (RESERVED.some((entry) => inRange(ip, entry)) || !inRange(ip, GLOBAL_UNICAST)) return 'reserved';
  return 'public';
}

/** A tunnel's endpoint is as public as the IPv4 addresses it is made of, and never counts as our own network. */
function tunnel(inner: readonly ipaddr.IPv4[]): AddressKind {
  return inner.every((ip) => kindOf4(ip) === 'public') ? 'public' : guarded(inner, 'reserved');
}

function guarded(inner: readonly ipaddr.IPv4[], otherwise: AddressKind): AddressKind {
  return inner.some((ip) => kindOf4(ip) === 'metadata') ? 'metadata' : otherwise;
}

/** A site may use any prefix length within the block, so the IPv4 address can be in four places (RFC 6052 §2.2). */
function localNat64(ip: ipaddr.IPv6): readonly ipaddr.IPv4[] {
  const b = ip.toByteArray();
  const pick = (...at: readonly number[]): ipaddr.IPv4 => new ipaddr.IPv4(at.map((index) => b[index] ?? 0));
  return [pick(6, 7, 9, 10), pick(7, 9, 10, 11), pick(9, 10, 11, 12), pick(12, 13, 14, 15)];
}

/** The four octets from `offset` on, each XORed with `mask` (RFC 4380 §4 stores the client's address inverted). */
function v4At(ip: ipaddr.IPv6, offset: number, mask = 0): ipaddr.IPv4 {
  const octets = ip.toByteArray().slice(offset, offset + 4);
  return new ipaddr.IPv4(octets.map((octet) => octet ^ mask));
}

function range(cidr: string): Range {
  return ipaddr.parseCIDR(cidr);
}

function ranges(...cidrs: readonly string[]): readonly Range[] {
  return cidrs.map(range);
}
