/**
 * HTTP CONNECT (RFC 9110 §9.3.6), sign-in by the Basic scheme (RFC 7617).
 * Next: dial.ts
 */
import { isIPv6 } from 'node:net';
import { cutShort, notReached, proxyFailure, proxyPlace, type ProxyAnswer, type ProxyAsk } from './proxy.ts';

const VERSION = Buffer.from('HTTP/1.');
/** Octets of one answer's head; a real one has a few hundred. */
const HEAD_MAX = 16 * 1024;
/** Interim answers (1xx) before the real one. */
const INTERIM_MAX = 5;

export async function askHttpConnect(asked: ProxyAsk): Promise<ProxyAnswer> {
  const { octets, proxy, address, port } = asked;
  const place = proxyPlace(proxy);
  // The target is a checked address and a number, so nothing of a person's text is in it (RFC 9112 §3.2.3).
  const target = `${isIPv6(address) ? `[${address}]` : address}:${String(port)}`;
  const lines = [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`];
  if (proxy.signIn !== undefined) {
    const { username, password } = proxy.signIn;
    lines.push(`Proxy-Authorization: Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`);
  }
  octets.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));

  for (let interim = 0; interim <= INTERIM_MAX; interim += 1) {
    const begin = await octets.take(VERSION.length);
    if ('kind' in begin) return cutShort(begin);
    if (!begin.equals(VERSION)) break; // something else, and its end need not be waited for
    const head = await octets.takeUntil('\r\n\r\n', HEAD_MAX);
    if ('kind' in head) return cutShort(head);
    const status = /^[01] (\d{3})(?: |\r)/.exec(head.toString('latin1', 0, 64))?.[1];
    if (status === undefined) break;
    const code = Number(status);
    if (code < 200) continue;
    // A body announced with 2xx is none: the tunnel begins behind the head (RFC 9110 §9.3.6).
    return code < 300 ? { ok: true } : refusal(code, place, proxy.signIn !== undefined);
  }
  return proxyFailure('protocol', 'PROXY_PROTOCOL', `What answers at ${place} is no HTTP proxy.`);
}

function refusal(code: number, place: string, signedIn: boolean): ProxyAnswer {
  const words = `HTTP ${String(code)}`;
  if (code === 407) {
    const message = signedIn
      ? `The proxy ${place} did not accept user name and password (${words}).`
      : `The proxy ${place} wants a sign-in, and the connection has no user name for it (${words}).`;
    return proxyFailure('protocol', 'PROXY_AUTH', message);
  }
  // The gateway's own words for what lies behind it: RFC 9110 §15.6.3 to §15.6.5.
  if (code >= 502 && code <= 504) {
    return notReached(`The proxy ${place} did not reach the server (${words}).`);
  }
  if (code >= 500) return proxyFailure('protocol', 'PROXY_FAILED', `The proxy ${place} failed (${words}).`);
  return proxyFailure(
    'protocol',
    'PROXY_REFUSED',
    `The proxy ${place} does not allow this destination (${words}).`,
  );
}
