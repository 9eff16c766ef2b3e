/**
 * The way through a proxy that is already connected to: SOCKS5 or HTTP CONNECT, with or without sign-in. The destination
 * was resolved and checked here before; the proxy is told an IP address and never a name, so it cannot lead anywhere
 * that was not checked (S5).
 * Next: socks.ts
 */
import { isIP, type Socket } from 'node:net';
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { askHttpConnect } from './http-connect.ts';
import { readOctets } from './octets.ts';
import type { Proxy, ProxyAnswer } from './proxy.ts';
import { askSocks } from './socks.ts';

export interface Tunnel {
  readonly proxy: Proxy;
  /** Connected to the proxy, nothing said yet. */
  readonly socket: Socket;
  /** An IP address that was checked. */
  readonly address: string;
  readonly port: number;
  readonly clock: Clock;
  /** On the clock's monotonic scale. */
  readonly deadlineAt: number;
}

/**
 * Asks the proxy on this line for a way to the address. After `ok` the socket carries the destination's octets from the
 * first one on; else it is destroyed. Never rejects.
 */
export async function askProxy(tunnel: Tunnel): Promise<ProxyAnswer> {
  const { proxy, socket, address, port, clock, deadlineAt } = tunnel;
  assert(isIP(address) !== 0, 'a proxy is asked for checked addresses only');
  const octets = readOctets(socket, clock, deadlineAt - clock.monotonic());
  const ask = proxy.kind === 'socks5' ? askSocks : askHttpConnect;
  const answer = await ask({ octets, proxy, address, port });
  if (answer.ok) octets.release();
  else octets.destroy();
  return answer;
}
