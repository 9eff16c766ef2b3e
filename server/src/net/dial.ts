/**
 * Resolve once, check every address, connect to the checked one.
 * One forbidden address in an answer refuses the whole dial: which address wins a race must not decide what is allowed.
 * After a dial, failed or not, no timer and no socket of it is left but the one that it returns.
 * Next: race.ts
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { Failure } from '../mail/mail.ts';
import { checkAddress, checkHost, proxyEgress, type EgressCode, type EgressPolicy } from './egress.ts';
import { parseHost, withoutFinalDot, type Host } from './host.ts';
import { proxyPlace, type Proxy } from './proxy.ts';
import {
  connectTo,
  raceAddresses,
  takeTurns,
  type CheckedAddress,
  type Connect,
  type RaceResult,
  type RaceTrace,
} from './race.ts';
import { askProxy } from './tunnel.ts';

export interface DialTarget {
  readonly host: string;
  readonly port: number;
  readonly egress: EgressPolicy;
  /** For resolving and connecting together, the proxy's part included, ms. */
  readonly timeoutMs: number;
  /** Only addresses of this IP version. */
  readonly family?: 4 | 6;
  /** Goes through this proxy, which must itself be allowed by `egress`. */
  readonly proxy?: Proxy;
  readonly trace?: DialTrace;
}

/** Somebody who watches one dial. It hears nothing of a target that the egress policy refuses (S4). */
export interface DialTrace extends RaceTrace {
  /** Every address of the name that may be tried, in the order of the resolver; all are allowed. */
  onResolved?: (addresses: readonly string[]) => void;
}

export interface DialFailure {
  readonly ok: false;
  readonly phase: 'dns' | 'connect';
  readonly failure: Failure;
  readonly dnsMs: number;
  readonly connectMs: number;
}

export interface Dialed {
  readonly ok: true;
  /** With Nagle's delay off and keep-alive on; nobody listens to its `error` event yet. */
  readonly socket: Duplex;
  /** The address that was checked and connected to. */
  readonly address: string;
  /** Whether that address, and the proxy's if there is one, is private, loopback or link-local: an internal network. */
  readonly internal: boolean;
  readonly dnsMs: number;
  readonly connectMs: number;
}

export interface Dialer {
  /** Never rejects: what can go wrong is in the answer. */
  dial(target: DialTarget): Promise<Dialed | DialFailure>;
}

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a name, best first. Rejects with an error that has a `code`, as `dns.lookup` does. */
export type Resolver = (name: string) => Promise<readonly ResolvedAddress[]>;

export interface DialerOptions {
  readonly clock: Clock;
  /** The system's resolver by default, hosts file included. */
  readonly resolver?: Resolver;
  /** Starts one TCP connection; for tests. */
  readonly connect?: Connect;
}

type Resolved =
  | { readonly ok: true; readonly addresses: readonly string[] }
  | { readonly ok: false; readonly failure: Failure };

interface Context {
  readonly clock: Clock;
  readonly resolve: (name: string) => Promise<Resolved>;
  readonly connect: Connect;
}

/** Addresses of one destination that a proxy is asked for. */
const PROXY_TRIES_MAX = 4;
const NO_ADDRESS: Failure = { kind: 'tcp', code: 'ENETUNREACH', message: 'there is no address to ask for' };

/** The dialer. Dials that ask for one name at the same moment share the question. */
export function createDialer(options: DialerOptions): Dialer {
  const context: Context = {
    clock: options.clock,
    resolve: shareQuestions(options.resolver ?? systemResolver),
    connect: options.connect ?? connectTo,
  };
  return { dial: (target) => dial(context, target) };
}

type Place = Pick<DialTarget, 'host' | 'port' | 'egress' | 'family'>;

/** What there is to connect to, all of it checked; else the phase that ended it. */
type Found =
  | { readonly ok: true; readonly addresses: readonly CheckedAddress[] }
  | { readonly ok: false; readonly phase: 'dns' | 'connect'; readonly failure: Failure };

async function dial(context: Context, target: DialTarget): Promise<Dialed | DialFailure> {
  const { clock } = context;
  const startedAt = clock.monotonic();
  const deadlineAt = startedAt + target.timeoutMs;
  const found = await find(context, target, deadlineAt);
  const resolvedAt = clock.monotonic();
  if (!found.ok) {
    const { phase, failure } = found;
    return { ok: false, phase, failure, dnsMs: resolvedAt - startedAt, connectMs: 0 };
  }
  const { addresses } = found;
  const { trace } = target;
  trace?.onResolved?.(addresses.map(({ address }) => address));
  const won =
    target.proxy === undefined
      ? await raceAddresses({ ...context, addresses, port: target.port, deadlineAt, ...(trace && { trace }) })
      : await throughProxy(context, target, target.proxy, addresses, deadlineAt);
  const times = { dnsMs: resolvedAt - startedAt, connectMs: clock.monotonic() - resolvedAt };
  return won.ok ? { ...won, ...times } : { ok: false, phase: 'connect', failure: won.failure, ...times };
}

/** Resolves and checks. Every address is checked, also those of an IP version that is not wanted. */
async function find(context: Context, place: Place, deadlineAt: number): Promise<Found> {
  const { egress, port, family } = place;
  const host = parseHost(place.host);
  if (host === undefined) return { ok: false, phase: 'dns', failure: badHost() };
  if (!isPort(port)) return { ok: false, phase: 'connect', failure: refusal('FORBIDDEN_PORT', port) };
  const gate = checkHost(egress, host, port);
  if (!gate.allowed) return { ok: false, phase: 'connect', failure: refusal(gate.code, port) };

  const resolved = await resolveBy(context, host, deadlineAt - context.clock.monotonic());
  if (!resolved.ok) return { ok: false, phase: 'dns', failure: resolved.failure };
  const addresses: CheckedAddress[] = [];
  for (const address of resolved.addresses) {
    const verdict = checkAddress(egress, address, port, gate.named);
    if (!verdict.allowed) return { ok: false, phase: 'connect', failure: refusal(verdict.code, port) };
    if (family === undefined || isIP(address) === family)
      addresses.push({ address, internal: verdict.internal });
  }
  if (addresses.length > 0) return { ok: true, addresses };
  const message = `The host has no IPv${String(family)} address, and the connection uses no other.`;
  return { ok: false, phase: 'dns', failure: { kind: 'dns', code: 'ENODATA', message } };
}

/** Asks the proxy for one address after another, each over a line of its own, until one is reached. */
async function throughProxy(
  context: Context,
  target: DialTarget,
  proxy: Proxy,
  addresses: readonly CheckedAddress[],
  deadlineAt: number,
): Promise<RaceResult> {
  const { clock } = context;
  const found = await find(context, { ...proxy, egress: proxyEgress(target.egress) }, deadlineAt);
  if (!found.ok) return { ok: false, failure: unreachable(proxy, found.failure) };
  let failure: Failure | undefined;
  for (const { address, internal } of takeTurns(addresses).slice(0, PROXY_TRIES_MAX)) {
    const line = await raceAddresses({ ...context, ...found, port: proxy.port, deadlineAt });
    if (!line.ok) return { ok: false, failure: failure ?? unreachable(proxy, line.failure) };
    const { socket } = line;
    const askedAt = clock.monotonic();
    const answer = await askProxy({ proxy, socket, address, port: target.port, clock, deadlineAt });
    const ms = clock.monotonic() - askedAt;
    const result = answer.ok
      ? { outcome: 'connected' as const }
      : { outcome: 'failed' as const, code: answer.failure.code };
    target.trace?.onTried?.({ address, ms, ...result });
    // A password in clear is seen by the proxy too, so only a proxy of our own keeps the way an internal one.
    if (answer.ok) return { ok: true, socket, address, internal: internal && line.internal };
    failure = answer.failure;
    if (!answer.next) break;
  }
  return { ok: false, failure: failure ?? unreachable(proxy, NO_ADDRESS) };
}

/** Our own policy is told as it is; everything else becomes the proxy's, so that nobody looks for it at the mail server. */
function unreachable(proxy: Proxy, failure: Failure): Failure {
  if (failure.kind === 'egress') return { ...failure, message: `Of the proxy: ${failure.message}` };
  const missing = failure.kind === 'dns' && (failure.code === 'ENOTFOUND' || failure.code === 'ENODATA');
  const message = `The proxy ${proxyPlace(proxy)} cannot be reached: ${failure.message}`;
  return { kind: failure.kind, code: missing ? 'PROXY_NOT_FOUND' : 'PROXY_UNREACHABLE', message };
}

/** The addresses of `host`, or what kept us from them, within `timeoutMs`. A lookup cannot be called back; its late answer is dropped. */
function resolveBy(context: Context, host: Host, timeoutMs: number): Promise<Resolved> {
  if (host.kind === 'address') return Promise.resolve({ ok: true, addresses: [host.address] });
  return new Promise((done, reject) => {
    const cancel = context.clock.after(timeoutMs, () => {
      const message = `The resolver did not answer for ${host.name} within ${String(timeoutMs)} ms.`;
      done({ ok: false, failure: { kind: 'timeout', code: 'DNS_TIMEOUT', message } });
    });
    context.resolve(host.name).finally(cancel).then(done, reject);
  });
}

/** Turns a resolver into one that answers with a union and asks once for all who wait for the same name. */
function shareQuestions(resolver: Resolver): (name: string) => Promise<Resolved> {
  const asked = new Map<string, Promise<Resolved>>();
  return (name) => {
    const running = asked.get(name);
    if (running) return running;
    const answer = ask(resolver, name).finally(() => asked.delete(name));
    asked.set(name, answer);
    return answer;
  };
}

async function ask(resolver: Resolver, name: string): Promise<Resolved> {
  try {
    const addresses = [...new Set((await resolver(name)).map((entry) => entry.address))];
    return addresses.length > 0
      ? { ok: true, addresses }
      : { ok: false, failure: dnsFailure(name, 'ENODATA') };
  } catch (error) {
    return { ok: false, failure: dnsFailure(name, codeOf(error)) };
  }
}

/** Both families in the order of RFC 6724, which the C library knows best. */
const systemResolver: Resolver = (name) => lookup(name, { all: true, order: 'verbatim' });

function dnsFailure(name: string, code: string): Failure {
  const shown = withoutFinalDot(name);
  const missing = code === 'ENOTFOUND' || code === 'ENODATA';
  const message = missing ? `DNS has no address for ${shown}.` : `DNS did not answer for ${shown} (${code}).`;
  return { kind: 'dns', code, message };
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'EAI_FAIL';
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

function badHost(): Failure {
  const message = 'The host is neither a host name nor a plainly written IP address.';
  return { kind: 'egress', code: 'BAD_HOST', message };
}

/** Says the same for every forbidden place: not what the name leads to, nor whether anything listens there. */
function refusal(code: EgressCode, port: number): Failure {
  switch (code) {
    case 'PRIVATE_ADDRESS':
      return {
        kind: 'egress',
        code,
        message: 'The host is or leads to an address that is not allowed here.',
      };
    case 'FORBIDDEN_PORT':
      return { kind: 'egress', code, message: `Port ${String(port)} is not allowed here.` };
  }
}
