/**
 * Whether an address lies in a network, both as text.
 */
import { inRange, parseIp, type Ip } from './address-kind.ts';

/** `192.0.2.0/24` or `2001:db8::/32` holds the address; anything that cannot be read holds nothing. */
export function holdsAddress(network: string, address: string): boolean {
  const range = rangeOf(network);
  const ip = parseIp(address);
  return range !== undefined && ip !== undefined && inRange(ip, range);
}

/** Whether the text is a network or an address that `holdsAddress` can read. A zone would mean a link of this machine. */
export function isNetwork(text: string): boolean {
  return /^[0-9a-f:.]+(?:\/\d{1,3})?$/i.test(text) && rangeOf(text) !== undefined;
}

function rangeOf(network: string): readonly [Ip, number] | undefined {
  const [base = '', bits] = network.split('/');
  const from = parseIp(base);
  if (from === undefined) return undefined;
  const width = from.kind() === 'ipv4' ? 32 : 128;
  const length = bits === undefined ? width : Number(bits);
  if (bits !== undefined && (!/^\d{1,3}$/.test(bits) || length > width)) return undefined;
  return [from, length];
}
