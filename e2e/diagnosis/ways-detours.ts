/**
 * Ways to go wrong with what stands between: proxies, and a certificate that was pinned. Next: ways-late.ts
 */
import { startProxy, type ProxyScript } from '../../server/test/proxy-server.ts';
import type { Listener } from './listeners.ts';
import { anonymous, peer, signedIn, type Way } from './way.ts';

const SHORT = { connectMs: 1_500, greetingMs: 1_500, commandMs: 1_500, dataMs: 1_500 };
/** SOCKS5 replies, RFC 1928 §6. */
const NOT_ALLOWED = Buffer.from([5, 2, 0, 1, 0, 0, 0, 0, 0, 0]);
const NOBODY_LISTENS = Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0]);
const MEMBER = { username: 'member', password: 'what only members know' };

/** A real proxy that misbehaves as the script says; `closeProxies` ends it. */
function proxy(kind: 'socks5' | 'http', script: ProxyScript): () => Promise<Listener> {
  return async () => ({ port: (await startProxy(kind, script)).port, stop: () => Promise.resolve() });
}

/** To a mail server on this machine, through what listens at the way's port; `who` signs in to it. */
function through(scheme: 'socks5' | 'http', who = '', over = {}): Way['settings'] {
  return ({ port, closedPort, account }) => ({
    ...{ security: 'none', host: '127.0.0.1', port: closedPort },
    proxy: `${scheme}://${who}127.0.0.1:${String(port)}`,
    // the canary, so that it shows where a proxy's password is kept
    ...(who === '' ? {} : { proxyPassword: account.password }),
    ...over,
  });
}

export const PROXY_WAYS: readonly Way[] = [
  {
    way: 'the HTTP proxy does not allow the port',
    on: proxy('http', { answer: () => 'HTTP/1.1 403 Forbidden\r\n\r\n' }),
    settings: through('http'),
    stage: 'connect',
    id: 'proxy.refused',
  },
  {
    way: 'the SOCKS proxy does not allow the port',
    on: proxy('socks5', { answer: () => NOT_ALLOWED }),
    settings: through('socks5'),
    stage: 'connect',
    id: 'proxy.refused',
  },
  {
    way: 'the HTTP proxy wants a sign-in',
    on: proxy('http', { signIn: MEMBER }),
    settings: through('http'),
    stage: 'connect',
    id: 'proxy.auth',
  },
  {
    way: 'the HTTP proxy does not accept the password',
    on: proxy('http', { signIn: MEMBER }),
    settings: through('http', 'member@'),
    stage: 'connect',
    id: 'proxy.auth',
  },
  {
    way: 'the SOCKS proxy does not accept the password',
    on: proxy('socks5', { signIn: MEMBER }),
    settings: through('socks5', 'member@'),
    stage: 'connect',
    id: 'proxy.auth',
  },
  {
    way: 'the HTTP proxy does not reach the server',
    on: proxy('http', { answer: () => 'HTTP/1.1 502 Bad Gateway\r\n\r\n' }),
    settings: through('http'),
    stage: 'connect',
    id: 'proxy.target_unreachable',
  },
  {
    way: 'nothing listens behind the SOCKS proxy',
    on: proxy('socks5', { answer: () => NOBODY_LISTENS }),
    settings: through('socks5'),
    stage: 'connect',
    id: 'proxy.target_unreachable',
  },
  {
    way: 'the proxy is not running',
    on: 'open',
    settings: ({ port, closedPort }) => ({
      ...{ security: 'none', host: '127.0.0.1', port },
      proxy: `http://127.0.0.1:${String(closedPort)}`,
    }),
    stage: 'connect',
    id: 'proxy.unreachable',
  },
  {
    way: 'the name of the proxy does not exist',
    on: 'open',
    names: true,
    settings: anonymous({ proxy: 'socks5://proxy.posthorn.test:1080' }),
    stage: 'connect',
    id: 'proxy.not_found',
  },
  {
    way: 'the proxy speaks HTTP, the connection SOCKS',
    on: proxy('http', { greets: 'HTTP/1.1 400 Bad Request\r\n\r\n' }),
    settings: through('socks5'),
    stage: 'connect',
    id: 'proxy.not_a_proxy',
  },
  {
    way: 'where the proxy should be there is a mail server',
    on: peer({}),
    settings: through('http'),
    stage: 'connect',
    id: 'proxy.not_a_proxy',
  },
  {
    way: 'the proxy falls silent',
    on: proxy('socks5', { silent: 'at once' }),
    settings: through('socks5', '', { timeouts: SHORT }),
    stage: 'connect',
    id: 'proxy.failed',
  },
];

export const PIN_WAYS: readonly Way[] = [
  {
    way: 'the server shows another certificate than the one that was pinned',
    on: 'submission',
    settings: signedIn({ pin: '5A'.repeat(32) }),
    stage: 'tls',
    id: 'tls.pin_mismatch',
  },
];
