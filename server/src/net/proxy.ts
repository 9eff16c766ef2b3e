/**
 * A proxy as the settings name it, and what can come of asking one.
 * What a proxy says is never shown, only its codes: it is no mail server, and its words may repeat our password (S4).
 * Next: tunnel.ts
 */
import type { Failure } from '../mail/mail.ts';
import type { Octets } from './octets.ts';

export interface Proxy {
  readonly kind: 'socks5' | 'http';
  readonly host: string;
  readonly port: number;
  readonly signIn?: { readonly username: string; readonly password: string };
}

/** What a proxy said to one destination. */
export type ProxyAnswer = { readonly ok: true } | ProxyRefused;

export interface ProxyRefused {
  readonly ok: false;
  readonly failure: Failure;
  /** Another address of the destination may do better. */
  readonly next: boolean;
}

/** Octets of a name or password: what SOCKS5 can carry (RFC 1929 §2), and enough for anybody. */
const SIGN_IN_OCTETS_MAX = 255;

/**
 * Reads `socks5://NAME@HOST:PORT` or `http://…`. The name may hold `%40` and the like. `undefined` for anything else,
 * a password inside among it: that is a secret and has its own field.
 */
export function parseProxy(text: string, password?: string): Proxy | undefined {
  const parts =
    /^(socks5|http):\/\/(?:([^\s/@:?#\\]+)@)?(?:\[([\da-fA-F:.]+)\]|([^\s/@:?#[\]\\]+)):(\d{1,5})\/?$/.exec(
      text,
    );
  if (parts === null) return undefined;
  const port = Number(parts[5]);
  const kind = parts[1] === 'http' ? 'http' : 'socks5';
  const place = { kind, host: parts[3] ?? parts[4] ?? '', port } as const;
  if (port < 1 || port > 65_535) return undefined;
  if (parts[2] === undefined) return place;
  const username = decoded(parts[2]);
  if (username === undefined || !fits(username) || !fits(password ?? '')) return undefined;
  if (kind === 'http' && username.includes(':')) return undefined; // RFC 7617 §2: a colon would end the name
  return { ...place, signIn: { username, password: password ?? '' } };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function fits(text: string): boolean {
  return !/[\u0000-\u001f\u007f]/.test(text) && Buffer.byteLength(text) <= SIGN_IN_OCTETS_MAX;
}

/** Where the proxy is, for people; never with its user. */
export function proxyPlace({ host, port }: Proxy): string {
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
}

/** What is asked of a proxy over a line to it: the way to a checked address. */
export interface ProxyAsk {
  readonly octets: Octets;
  readonly proxy: Proxy;
  readonly address: string;
  readonly port: number;
}

/** The line to the proxy failed before it had answered. */
export function cutShort(failure: Failure): ProxyRefused {
  return { ok: false, failure, next: false };
}

/** The proxy itself is at fault or says no: no other address will change that. */
export function proxyFailure(kind: Failure['kind'], code: string, message: string): ProxyRefused {
  return { ok: false, failure: { kind, code, message }, next: false };
}

/** The proxy tried and did not get there. */
export function notReached(message: string): ProxyRefused {
  return { ok: false, failure: { kind: 'tcp', code: 'PROXY_TARGET_UNREACHABLE', message }, next: true };
}
