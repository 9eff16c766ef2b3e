/**
 * SOCKS5 (RFC 1928), sign-in by name and password (RFC 1929). Only CONNECT, and only to IP addresses.
 * Next: http-connect.ts
 */
import ipaddr from 'ipaddr.js';
import type { Octets } from './octets.ts';
import {
  cutShort,
  notReached,
  proxyFailure,
  proxyPlace,
  type Proxy,
  type ProxyAnswer,
  type ProxyAsk,
} from './proxy.ts';

const VERSION = 5;
const NO_SIGN_IN = 0;
const NAME_AND_PASSWORD = 2;
const NOTHING_FITS = 0xff;

export async function askSocks(asked: ProxyAsk): Promise<ProxyAnswer> {
  const { octets, proxy, address, port } = asked;
  const place = proxyPlace(proxy);
  const methods = proxy.signIn === undefined ? [NO_SIGN_IN] : [NO_SIGN_IN, NAME_AND_PASSWORD];
  octets.write(Buffer.from([VERSION, methods.length, ...methods])); // RFC 1928 §3
  const chosen = await octets.take(2);
  if ('kind' in chosen) return cutShort(chosen);
  const method = chosen[1] ?? NOTHING_FITS;
  if (chosen[0] !== VERSION) return notSocks(place);
  if (method !== NO_SIGN_IN) {
    const refused = await signIn(octets, proxy, method);
    if (refused !== undefined) return refused;
  }

  const ip = ipaddr.process(address);
  const family = ip.kind() === 'ipv4' ? 1 : 4;
  octets.write(Buffer.from([VERSION, 1, 0, family, ...ip.toByteArray(), port >> 8, port & 0xff])); // §4
  const head = await octets.take(5);
  if ('kind' in head) return cutShort(head);
  const [version, reply = 1, , bound = 0, first = 0] = head;
  const rest = BOUND_OCTETS[bound] ?? (bound === 3 ? first + 1 : undefined);
  if (version !== VERSION || rest === undefined) return notSocks(place);
  if (reply !== 0) return refusal(reply, place);
  const tail = await octets.take(rest - 1 + 2); // one octet of the address came with the head; the port is two
  return 'kind' in tail ? cutShort(tail) : { ok: true };
}

/** Octets of a bound address by its type, RFC 1928 §6; a name (3) brings its own length. */
const BOUND_OCTETS: Readonly<Record<number, number>> = { 1: 4, 4: 16 };

async function signIn(octets: Octets, proxy: Proxy, method: number): Promise<ProxyAnswer | undefined> {
  const place = proxyPlace(proxy);
  if (method === NOTHING_FITS || method !== NAME_AND_PASSWORD || proxy.signIn === undefined) {
    const message =
      proxy.signIn === undefined
        ? `The proxy ${place} wants a sign-in, and the connection has no user name for it.`
        : `The proxy ${place} takes no sign-in by name and password.`;
    return proxyFailure('protocol', 'PROXY_AUTH', message);
  }
  const name = Buffer.from(proxy.signIn.username);
  const password = Buffer.from(proxy.signIn.password);
  octets.write(
    Buffer.concat([Buffer.from([1, name.length]), name, Buffer.from([password.length]), password]), // RFC 1929 §2
  );
  const answer = await octets.take(2);
  if ('kind' in answer) {
    // Some proxies hang up instead of saying no.
    if (answer.kind !== 'dropped') return cutShort(answer);
    return proxyFailure('protocol', 'PROXY_AUTH', `The proxy ${place} hung up at the sign-in.`);
  }
  if (answer[1] === 0) return undefined;
  return proxyFailure('protocol', 'PROXY_AUTH', `The proxy ${place} did not accept user name and password.`);
}

function notSocks(place: string): ProxyAnswer {
  return proxyFailure('protocol', 'PROXY_PROTOCOL', `What answers at ${place} is no SOCKS5 proxy.`);
}

/** RFC 1928 §6 */
function refusal(reply: number, place: string): ProxyAnswer {
  switch (reply) {
    case 2:
      return proxyFailure('protocol', 'PROXY_REFUSED', `The proxy ${place} does not allow this destination.`);
    case 3:
      return notReached(`The proxy ${place} has no network route to the server.`);
    case 4:
    case 6:
      return notReached(`The proxy ${place} does not reach the server.`);
    case 5:
      return notReached(`Behind the proxy ${place}, nothing listens at the server’s port.`);
    case 8:
      return {
        ...proxyFailure('protocol', 'PROXY_REFUSED', `The proxy ${place} knows no such addresses.`),
        next: true,
      };
    default:
      return proxyFailure(
        'tcp',
        'PROXY_FAILED',
        `The proxy ${place} failed (SOCKS5 reply ${String(reply)}).`,
      );
  }
}
