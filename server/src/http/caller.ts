/**
 * The caller of one request as the network shows it, before anybody knows who that is: headers that prove something,
 * where it comes from, and whether a browser sent it from a page of another site.
 * Next: operation.ts
 */
import type { FastifyRequest } from 'fastify';
import { problem } from '../base/problem.ts';

export interface Caller {
  readonly method: string;
  /** The route, parameters as `:id`: never the address itself, which may hold a token. */
  readonly route: string;
  /** IP address; that of the client where a trusted proxy says so. */
  readonly address: string;
  readonly userAgent: string;
  readonly authorization: string | undefined;
  /** `Posthorn-Tenant`: the slug of the tenant to act in. */
  readonly tenant: string | undefined;
  readonly cookie: string | undefined;
  /** `Posthorn-CSRF`: the token that the session was given. */
  readonly csrf: string | undefined;
  /** The `Host` that was asked for; that of the client where a trusted proxy says so. */
  readonly host: string;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site` (Fetch Metadata): which site's page sent the request, by the browser's own word. */
  readonly fetchSite: string | undefined;
}

const USER_AGENT_MAX = 300;

/** Read once: whoever authenticates and the operation see the same. */
export function callerOf(request: FastifyRequest): Caller {
  return (request.caller ??= readCaller(request));
}

function readCaller(request: FastifyRequest): Caller {
  const { headers } = request.raw;
  // Node joins repeated headers of an unknown name with a comma, so these are never lists.
  const text = (name: string): string | undefined => {
    const value = headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    method: request.method,
    route: request.routeOptions.url ?? '',
    address: request.ip,
    userAgent: (headers['user-agent'] ?? '').slice(0, USER_AGENT_MAX),
    authorization: headers.authorization,
    tenant: text('posthorn-tenant'),
    cookie: headers.cookie,
    csrf: text('posthorn-csrf'),
    host: request.host,
    origin: headers.origin,
    fetchSite: text('sec-fetch-site'),
  };
}

/**
 * Throws `forbidden` for a request that a browser sends from another site's page. A program that is no browser sends
 * neither header and is let through: it holds no cookies of anybody.
 */
export function refuseCrossSite({ fetchSite, origin, host }: Caller): void {
  if (fetchSite !== undefined ? fetchSite === 'same-origin' || fetchSite === 'none' : isOwn(origin, host))
    return;
  throw problem('forbidden', { detail: 'This request was sent from a page of another site.' });
}

/** Scheme apart: a proxy may end TLS before us. */
function isOwn(origin: string | undefined, host: string): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

/**
 * Throws `misdirected`: a page that is asked for under a name that is not ours may be somebody's who put himself between
 * (RFC 9110 §15.5.20). Every name is ours while no public address is set.
 */
export function refuseOtherHost({ host }: Caller, publicUrl: string | undefined): void {
  if (publicUrl === undefined) return;
  const own = new URL(publicUrl);
  const asked = `${own.protocol}//${host}`;
  if (URL.canParse(asked) && new URL(asked).host === own.host && !/[/?#@\\]/.test(host)) return;
  throw problem('misdirected', { detail: 'This page is not served under that name.' });
}

/** One cookie of a `Cookie` header (RFC 6265 §5.4). `undefined` when it is not there, or there twice: who planted it? */
export function cookieOf({ cookie }: Pick<Caller, 'cookie'>, name: string): string | undefined {
  const found = (cookie ?? '').split(';').flatMap((pair) => {
    const [key = '', ...value] = pair.split('=');
    return key.trim() === name ? [value.join('=').trim()] : [];
  });
  return found.length === 1 ? found[0] : undefined;
}
