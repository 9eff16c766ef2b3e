/**
 * Connects to the first of several addresses that answers (RFC 8305, "happy eyeballs"): families take turns, the next
 * address is tried when one fails or has been silent for 250 ms, and the losers are closed.
 * Next: start-tls.ts
 */
import { connect, isIPv6, type Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Failure } from '../mail/mail.ts';

export interface CheckedAddress {
  readonly address: string;
  readonly internal: boolean;
}

/** Begins a TCP connection to an IP address; the socket is not connected yet. */
export type Connect = (address: string, port: number) => Socket;

export interface Race {
  readonly clock: Clock;
  readonly connect: Connect;
  /** At least one, all allowed. */
  readonly addresses: readonly CheckedAddress[];
  readonly port: number;
  /** On the clock's monotonic scale. */
  readonly deadlineAt: number;
  readonly trace?: RaceTrace;
}

export interface RaceTrace {
  /** What became of each address that was tried, as it becomes known. */
  onTried?: (tried: TriedAddress) => void;
}

export interface TriedAddress {
  readonly address: string;
  /** From the start of this try, ms. */
  readonly ms: number;
  /** `abandoned`: still silent when another one answered or the time was over. */
  readonly outcome: 'connected' | 'failed' | 'abandoned';
  /** Why it failed, as a code such as `ECONNREFUSED`. */
  readonly code?: string;
}

export type RaceResult =
  | ({ readonly ok: true; readonly socket: Socket } & CheckedAddress)
  | { readonly ok: false; readonly failure: Failure };

/** RFC 8305 §8: the recommended Connection Attempt Delay. */
const NEXT_ATTEMPT_MS = 250;

/** More addresses than this say nothing new; a name with a thousand must not make a thousand connections. */
const ATTEMPTS_MAX = 10;

const KEEP_ALIVE_MS = 60_000;

/** The real way to connect. The address is an IP address, so nothing is resolved again. */
export const connectTo: Connect = (address, port) =>
  connect({ host: address, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });

/** The first connection that stands, or why there is none: at the latest at the deadline. */
export function raceAddresses(race: Race): Promise<RaceResult> {
  return new Promise((done) => {
    const waiting = takeTurns(race.addresses).slice(0, ATTEMPTS_MAX);
    const running = new Map<Socket, { readonly address: string; readonly at: number }>();
    const failures: Failure[] = [];
    let cancelNext = (): void => undefined;
    let over = false;

    const finish = (result: RaceResult): void => {
      over = true;
      cancelDeadline();
      cancelNext();
      for (const loser of running.keys()) {
        tell(loser, 'abandoned');
        loser.destroy(); // its error listener stays, so a late error harms nobody
      }
      done(result);
    };
    const tell = (socket: Socket, outcome: TriedAddress['outcome'], code?: string): void => {
      const tried = running.get(socket);
      if (race.trace?.onTried === undefined || tried === undefined) return;
      const ms = race.clock.monotonic() - tried.at;
      race.trace.onTried({ address: tried.address, ms, outcome, ...(code === undefined ? {} : { code }) });
    };
    const tryNext = (): void => {
      cancelNext();
      const next = waiting.shift();
      if (next === undefined) return;
      const socket = race.connect(next.address, race.port);
      running.set(socket, { address: next.address, at: race.clock.monotonic() });
      const fail = (error: NodeJS.ErrnoException): void => {
        const failure = tcpFailure(error, next.address, race.port);
        if (!over) tell(socket, 'failed', failure.code);
        running.delete(socket);
        socket.destroy();
        if (over) return;
        failures.push(failure);
        if (waiting.length > 0) tryNext();
        else if (running.size === 0) finish({ ok: false, failure: mostTelling(failures, race.addresses) });
      };
      socket.once('error', fail);
      socket.once('connect', () => {
        tell(socket, 'connected');
        running.delete(socket);
        socket.off('error', fail);
        finish({ ok: true, socket, ...next });
      });
      if (waiting.length > 0) cancelNext = race.clock.after(NEXT_ATTEMPT_MS, tryNext);
    };

    const leftMs = race.deadlineAt - race.clock.monotonic();
    const cancelDeadline = race.clock.after(leftMs, () => {
      finish({ ok: false, failure: timeoutFailure(race) });
    });
    tryNext();
  });
}

/** RFC 8305 §4: starts with the family the resolver put first, then alternates. */
export function takeTurns(addresses: readonly CheckedAddress[]): CheckedAddress[] {
  const firstIsV6 = isIPv6(addresses[0]?.address ?? '');
  const first = addresses.filter((entry) => isIPv6(entry.address) === firstIsV6);
  const other = addresses.filter((entry) => isIPv6(entry.address) !== firstIsV6);
  return first
    .flatMap((entry, index) => [entry, ...other.slice(index, index + 1)])
    .concat(other.slice(first.length));
}

/** A host that refused says more than a network this machine has no route to. */
function mostTelling(failures: readonly Failure[], addresses: readonly CheckedAddress[]): Failure {
  const answered = failures.find((failure) => !NO_ROUTE.has(failure.code));
  if (answered === undefined && addresses.every(({ address }) => isIPv6(address))) {
    const message = 'The server has only IPv6 addresses, and this machine has no way to them.';
    return { kind: 'tcp', code: 'ONLY_IPV6', message };
  }
  return (
    answered ??
    failures[0] ?? { kind: 'tcp', code: 'ENETUNREACH', message: 'There is no address to connect to.' }
  );
}

const NO_ROUTE: ReadonlySet<string> = new Set([
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'EINVAL',
]);

function tcpFailure(error: NodeJS.ErrnoException, address: string, port: number): Failure {
  const code = error.code ?? 'ECONNFAILED';
  const where = isIPv6(address) ? `[${address}]:${String(port)}` : `${address}:${String(port)}`;
  if (code === 'ETIMEDOUT')
    return { kind: 'timeout', code: 'CONNECT_TIMEOUT', message: `No answer from ${where}.` };
  return { kind: 'tcp', code, message: tcpMessage(code, where) };
}

function tcpMessage(code: string, where: string): string {
  if (code === 'ECONNREFUSED') return `Nothing listens at ${where}.`;
  if (code === 'ECONNRESET') return `${where} hung up at once.`;
  if (NO_ROUTE.has(code)) return `There is no network route to ${where}.`;
  return `Cannot connect to ${where} (${code}).`;
}

function timeoutFailure(race: Race): Failure {
  const tried = race.addresses
    .map((entry) => entry.address)
    .slice(0, ATTEMPTS_MAX)
    .join(', ');
  return {
    kind: 'timeout',
    code: 'CONNECT_TIMEOUT',
    message: `No answer on port ${String(race.port)} from ${tried}.`,
  };
}
