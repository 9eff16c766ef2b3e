/**
 * Whether an address lies in a network, both as text.
 */
import { inRange, parseIp } from './address-kind.ts';

/** `192.0.2.0/24` or `2001:db8::/32` holds the address; anything that cannot be read holds nothing. */
export function holdsAddress(network: string, address: string): boolean {
  const [base = '', bits] = network.split('/');
  const from = parseIp(base);
  const ip = parseIp(address);
  if (from === undefined || ip === undefined) return false;
  const width = from.kind() === 'ipv4' ? 32 : 128;
  const length = bits === undefined ? width : Number(bits);
  if (bits !== undefined && (!/^\d{1,3}$/.test(bits) || length > width)) return false;
  return inRange(ip, [from, length]);
}
