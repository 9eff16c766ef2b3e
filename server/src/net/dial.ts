/**
 * Resolve once, check every address, connect to the checked one.
 * One forbidden address in an answer refuses the whole dial: which address wins a race must not decide what is allowed.
 * After a dial, failed or not, no timer and no socket of it is left but the one that it returns.
 * Next: race.ts
 */
import { lookup } from 'node:dns/promises';
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { Failure } from '../mail/mail.ts';
import { checkAddress, checkHost, type EgressCode, type EgressPolicy } from './egress.ts';
import { parseHost, withoutFinalDot, type Host } from './host.ts';
import { connectTo, raceAddresses, type CheckedAddress, type Connect, type RaceTrace } from './race.ts';

export interface DialTarget {
  readonly host: string;
  readonly port: number;
  readonly egress: EgressPolicy;
  /** For resolving and connecting together, ms. */
  readonly timeoutMs: number;
  readonly trace?: DialTrace;
}

/** Somebody who watches one dial. It hears nothing of a target that the egress policy refuses (S4). */
export interface DialTrace extends RaceTrace {
  /** Every address of the name, in the order of the resolver; all are allowed. */
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
  /** Whether that address is private, loopback or link-local: an internal network. */
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

/** The dialer. Dials that ask for one name at the same moment share the question. */
export function createDialer(options: DialerOptions): Dialer {
  const context: Context = {
    clock: options.clock,
    resolve: shareQuestions(options.resolver ?? systemResolver),
    connect: options.connect ?? connectTo,
  };
  return { dial: (target) => dial(context, target) };
}

async function dial(context: Context, target: DialTarget): Promise<Dialed | DialFailure> {
  const { clock } = context;
  const startedAt = clock.monotonic();
  const deadlineAt = startedAt + target.timeoutMs;
  let resolvedAt = startedAt;
  const failed = (phase: 'dns' | 'connect', failure: Failure): DialFailure => {
    const endedAt = clock.monotonic();
    if (phase === 'dns') return { ok: false, phase, failure, dnsMs: endedAt - startedAt, connectMs: 0 };
    return { ok: false, phase, failure, dnsMs: resolvedAt - startedAt, connectMs: endedAt - resolvedAt };
  };

  const host = parseHost(target.host);
  if (host === undefined) return failed('dns', badHost());
  if (!isPort(target.port)) return failed('connect', refusal('FORBIDDEN_PORT', target.port));
  const gate = checkHost(target.egress, host, target.port);
  if (!gate.allowed) return failed('connect', refusal(gate.code, target.port));

  const resolved = await resolveBy(context, host, target.timeoutMs);
  resolvedAt = clock.monotonic();
  if (!resolved.ok) return failed('dns', resolved.failure);

  const checked: CheckedAddress[] = [];
  for (const address of resolved.addresses) {
    const verdict = checkAddress(target.egress, address, target.port, gate.named);
    if (!verdict.allowed) return failed('connect', refusal(verdict.code, target.port));
    checked.push({ address, internal: verdict.internal });
  }

  const { trace } = target;
  trace?.onResolved?.(resolved.addresses);
  const race = { ...context, addresses: checked, port: target.port, deadlineAt };
  const won = await raceAddresses(trace === undefined ? race : { ...race, trace });
  if (!won.ok) return failed('connect', won.failure);
  const { socket, address, internal } = won;
  const connectMs = clock.monotonic() - resolvedAt;
  return { ok: true, socket, address, internal, dnsMs: resolvedAt - startedAt, connectMs };
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
