/**
 * Which mail ports of a host are open, and what speaks there: four connections at once through the dialer, each with a
 * greeting, at most an EHLO, and a goodbye. No password, no mail. A peer that is not a mail server is only called that:
 * nothing of what it says is shown (S4).
 * Next: discover.ts
 */
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { startTls, type Dialer, type EgressPolicy } from '../net/net.ts';
import { listen, type Ear } from './ear.ts';
import type { Security } from './preset.ts';
import { USE_465, type SettingsChange } from './settings-hint.ts';

export interface ProbeRow {
  readonly port: number;
  /** `refused`: this installation does not allow connecting there. */
  readonly state: 'open' | 'closed' | 'filtered' | 'unreachable' | 'refused';
  /** What speaks on an open port: SMTP in plain text, TLS from the first byte, nothing in time, or something else. */
  readonly speaks: 'plain' | 'tls' | 'silent' | 'other' | null;
  /** Whether STARTTLS is offered, where SMTP begins in plain text. */
  readonly startTls: boolean | null;
  readonly ms: number;
  readonly change: SettingsChange | null;
}

export type Probed =
  | { readonly kind: 'rows'; readonly rows: readonly ProbeRow[] }
  /** The host is or leads to a place that is not allowed, whatever is there. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'unresolved'; readonly message: string };

export interface ProbeParts {
  readonly dialer: Dialer;
  readonly clock: Clock;
}

export const PROBE_PORTS: readonly number[] = [25, 465, 587, 2525];
const TOTAL_MS = 5_800;
const CONNECT_MS = 3_000;
/** How long to wait for a greeting before TLS is tried on the same line. */
const PLAIN_MS = 1_800;
const PLAIN_ON_465_MS = 500;

/** Looks at `ports` of the host within six seconds. Never rejects. */
export async function probe(
  parts: ProbeParts,
  host: string,
  egress: EgressPolicy,
  { ports = PROBE_PORTS, totalMs = TOTAL_MS }: { ports?: readonly number[]; totalMs?: number } = {},
): Promise<Probed> {
  const deadlineAt = parts.clock.monotonic() + totalMs;
  const rows = await Promise.all(ports.map((port) => probePort(parts, host, port, egress, deadlineAt)));
  const unresolved = rows.find((row) => 'message' in row);
  if (unresolved !== undefined && 'message' in unresolved) {
    return { kind: 'unresolved', message: unresolved.message };
  }
  const known = rows.filter((row): row is ProbeRow => !('message' in row));
  return known.every(({ state }) => state === 'refused')
    ? { kind: 'refused' }
    : { kind: 'rows', rows: known };
}

async function probePort(
  { dialer, clock }: ProbeParts,
  host: string,
  port: number,
  egress: EgressPolicy,
  deadlineAt: number,
): Promise<ProbeRow | { readonly message: string }> {
  const startedAt = clock.monotonic();
  const row = (state: ProbeRow['state'], heard?: Heard): ProbeRow => ({
    port,
    state,
    speaks: heard?.speaks ?? null,
    startTls: heard?.startTls ?? null,
    ms: Math.round(clock.monotonic() - startedAt),
    change: heard === undefined ? null : changeFor(port, heard),
  });
  const timeoutMs = Math.min(CONNECT_MS, deadlineAt - startedAt);
  const dialed = await dialer.dial({ host, port, egress, timeoutMs });
  if (!dialed.ok) {
    if (dialed.failure.kind === 'egress') return row('refused');
    if (dialed.phase === 'dns') return { message: dialed.failure.message };
    return row(stateOf(dialed.failure.kind, dialed.failure.code));
  }
  try {
    return row('open', await hear(clock, dialed.socket, host, port, deadlineAt));
  } finally {
    dialed.socket.destroy();
  }
}

function stateOf(kind: string, code: string): ProbeRow['state'] {
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return 'closed';
  return kind === 'timeout' ? 'filtered' : 'unreachable';
}

interface Heard {
  readonly speaks: 'plain' | 'tls' | 'silent' | 'other';
  readonly startTls: boolean | null;
}

const LEAVE = 'QUIT\r\n';
// RFC 5321 §4.1.1.1 wants a name; RFC 6761 §6.4 keeps this one from ever being somebody's.
const HELLO = 'EHLO probe.posthorn.invalid\r\n';

/** What speaks on a line that was just connected. */
async function hear(
  clock: Clock,
  socket: Duplex,
  host: string,
  port: number,
  deadlineAt: number,
): Promise<Heard> {
  const left = (): number => Math.max(0, deadlineAt - clock.monotonic());
  const plain = listen(socket, clock);
  const patience = port === 465 || port === 2465 ? PLAIN_ON_465_MS : PLAIN_MS;
  const greeting = await plain.until(REPLY_END, Math.min(patience, left()));
  if (greeting !== '') {
    if (!/^220[ -]/.test(greeting)) return { speaks: 'other', startTls: null };
    return { speaks: 'plain', startTls: await offersStartTls(socket, plain, left()) };
  }
  const quiet = plain.open();
  plain.stop();
  if (!quiet) return { speaks: 'silent', startTls: null };
  const tls = await startTls(socket, {
    host,
    tls: { minVersion: 'TLSv1.2', verify: false },
    timeoutMs: left(),
    clock,
  });
  if (!tls.ok) return { speaks: 'silent', startTls: null };
  const inside = listen(tls.socket, clock);
  const said = await inside.until(REPLY_END, left());
  if (/^220[ -]/.test(said)) tls.socket.write(LEAVE);
  inside.stop();
  tls.socket.destroy();
  return { speaks: said === '' || said.startsWith('220') ? 'tls' : 'other', startTls: null };
}

/** The last line of a reply: three digits and a space, or nothing more (RFC 5321 §4.2). */
const REPLY_END = /(?:^|\n)\d{3}(?: [^\n]*)?\r?\n/;

async function offersStartTls(socket: Duplex, ear: Ear, leftMs: number): Promise<boolean | null> {
  socket.write(HELLO);
  const reply = await ear.until(REPLY_END, leftMs);
  if (!/^250[ -]/.test(reply)) return null;
  socket.write(LEAVE);
  return /^250[ -]STARTTLS\s*$/im.test(reply);
}

/** What to set so that this port is used as it speaks. */
function changeFor(port: number, { speaks, startTls: offered }: Heard): SettingsChange | null {
  if (speaks === 'tls') {
    if (port === 465) return USE_465;
    return change(port, 'implicit', 'SSL/TLS on connect');
  }
  if (speaks !== 'plain') return null;
  if (offered === true) return change(port, 'starttls', 'STARTTLS');
  return offered === false ? change(port, 'none', 'no encryption') : null;
}

function change(port: number, security: Security, words: string): SettingsChange {
  return { label: `Use port ${String(port)} with ${words}`, change: { port, security } };
}
