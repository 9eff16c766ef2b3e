/**
 * Makes one connection ready for mail: dial, greet, secure, sign in. Delivery and diagnosis go through here alike;
 * an observer hears of every phase as it ends.
 * Next: transaction.ts
 */
import { crashPoint } from '../base/crash-point.ts';
import type { Clock } from '../base/clock.ts';
import { peerText } from '../base/log.ts';
import type { Failure, Phase, Reply } from '../mail/mail.ts';
import {
  proxyPlace,
  type Dialed,
  type Dialer,
  type DialTrace,
  type EgressPolicy,
  type TlsFacts,
  type TriedAddress,
} from '../net/net.ts';
import type { Capabilities } from './capabilities.ts';
import { shakeHands } from './handshake.ts';
import { Line } from './line.ts';
import { beginPhase, endPhase, learn, type Progress, roundMs, type Stop } from './progress.ts';
import { signIn } from './sign-in.ts';
import type { PhaseRecord, SmtpTarget, TokenFacts } from './smtp.ts';
import { newTranscript, note, type Transcript } from './transcript.ts';
import type { SessionWatch } from './watch.ts';

export interface SessionOptions {
  readonly target: SmtpTarget;
  readonly egress: EgressPolicy;
  readonly dialer: Dialer;
  readonly clock: Clock;
  /** Gives up as soon as it fires; the failure is then of kind `stopped`. */
  readonly signal?: AbortSignal;
  readonly watch?: SessionWatch;
}

/** A line that is ready for MAIL, with what was learned on the way. */
export interface Session {
  readonly line: Line;
  readonly target: SmtpTarget;
  readonly capabilities: Capabilities;
  readonly address: string;
  readonly internal: boolean;
  readonly tls?: TlsFacts;
  readonly phases: readonly PhaseRecord[];
  readonly transcript: Transcript;
}

export type OpenedSession =
  | { readonly ok: true; readonly session: Session }
  | {
      readonly ok: false;
      readonly phase: Phase;
      readonly reply?: Reply;
      readonly failure?: Failure;
      readonly phases: readonly PhaseRecord[];
      readonly transcript: Transcript;
      readonly address?: string;
      /** Of the certificate that was refused, or of the line on which a later phase failed. */
      readonly tls?: TlsFacts;
    };

/**
 * Opens a connection up to the point where MAIL may be sent. Never rejects. A token that was kept from earlier may have
 * been withdrawn meanwhile, so when the server refuses it, a new one gets one try on a new line (K9).
 */
export async function openSession(options: SessionOptions): Promise<OpenedSession> {
  const tried: Tried = {};
  const opened = await openLine(options, tried);
  if (opened.ok || tried.kept === undefined || !isTokenRefused(opened)) return opened;
  note(opened.transcript, options.clock.monotonic(), 'the kept access token was refused; asking for another');
  const again = await openLine(options, {}, { transcript: opened.transcript, refused: tried.kept });
  return again;
}

/** The token of one try, if it was an old one. */
interface Tried {
  kept?: string;
}

function isTokenRefused(opened: Extract<OpenedSession, { ok: false }>): boolean {
  return opened.phase === 'auth' && opened.reply !== undefined && opened.reply.code >= 500;
}

async function openLine(
  options: SessionOptions,
  tried: Tried,
  before: { transcript?: Transcript; refused?: string } = {},
): Promise<OpenedSession> {
  const { clock, signal } = options;
  const startedAt = clock.monotonic();
  const progress: Progress = {
    target: options.target,
    phases: [],
    transcript: before.transcript ?? newTranscript(options.watch?.onLine),
    phaseAt: startedAt,
    tls: undefined,
    facts: undefined,
    watch: options.watch,
    quotes: options.egress.privateAllowed,
  };
  const invalid = checkSettings(progress.target);
  if (invalid !== undefined) return closed(progress, 'settings', invalid, startedAt);
  const given = await takeToken(progress, options, tried, before.refused);
  if (given !== undefined) return closed(progress, 'token', given, clock.monotonic());
  const { target } = progress;
  const through = target.proxy === undefined ? '' : ` through the proxy ${proxyPlace(target.proxy)}`;
  const place = `${target.host} port ${String(target.port)}`;
  note(progress.transcript, clock.monotonic(), `connecting to ${place}${through}`);
  const { host, port, timeouts, family, proxy } = target;
  beginPhase(progress, 'dns');
  const trace = traceOf(progress, clock);
  const dialed = await options.dialer.dial({
    host,
    port,
    egress: options.egress,
    timeoutMs: timeouts.connectMs,
    ...(trace === undefined ? {} : { trace }),
    ...(family !== undefined && { family }),
    ...(proxy !== undefined && { proxy }),
  });
  recordDial(progress, dialed, clock.monotonic());
  if (!dialed.ok) return closed(progress, dialed.phase, dialed.failure, clock.monotonic());
  const line = new Line(dialed.socket, clock);
  if (signal?.aborted === true) line.fail(STOPPED);
  const abort = (): void => {
    line.fail(STOPPED);
  };
  signal?.addEventListener('abort', abort);
  const outcome = await prepare(progress, line, dialed);
  signal?.removeEventListener('abort', abort);
  if ('stopped' in outcome) {
    line.destroy();
    const { phase, reply, failure } = outcome;
    const why = reply === undefined ? (failure === undefined ? {} : { failure }) : { reply };
    const { phases, transcript, tls } = progress;
    const peer = { address: dialed.address, ...(tls === undefined ? {} : { tls }) };
    return { ok: false, phase, ...why, phases, transcript, ...peer };
  }
  crashPoint('after-connect');
  return { ok: true, session: outcome };
}

export const STOPPED: Failure = { kind: 'stopped', code: 'STOPPED', message: 'Sending was stopped.' };

async function prepare(progress: Progress, line: Line, dialed: Dialed): Promise<Session | Stop> {
  const greeted = await shakeHands(progress, line, dialed.internal);
  if (greeted.stopped === true) return greeted;
  const { capabilities, tls } = greeted;
  const stop = await signIn(progress, line, capabilities, { internal: dialed.internal, tls });
  if (stop !== undefined) return stop;
  return {
    line,
    target: progress.target,
    capabilities,
    address: dialed.address,
    internal: dialed.internal,
    ...(tls === undefined ? {} : { tls }),
    phases: progress.phases,
    transcript: progress.transcript,
  };
}

/** Puts an access token of the moment in the place of its source. What it answers is why there is none. */
async function takeToken(
  progress: Progress,
  { clock, signal }: SessionOptions,
  tried: Tried,
  refused: string | undefined,
): Promise<Failure | undefined> {
  const how = progress.target.signIn;
  if (how.kind !== 'token-source') return undefined;
  beginPhase(progress, 'token');
  const given = await how.token({
    ...(refused === undefined ? {} : { refused }),
    ...(signal === undefined ? {} : { signal }),
  });
  learn(progress, { about: 'token', ...given.facts });
  if (!given.ok) return given.failure;
  const { accessToken, facts } = given;
  progress.target = { ...progress.target, signIn: { kind: 'token', username: how.username, accessToken } };
  if (facts.kept) tried.kept = accessToken;
  note(progress.transcript, clock.monotonic(), tokenNote(given.facts));
  endPhase(progress, 'token', clock.monotonic());
  return undefined;
}

function tokenNote({ endpoint, lifetimeSeconds, kept }: TokenFacts): string {
  const from = peerText(endpoint.replace(/^https:\/\/([^/]*).*$/, '$1'));
  if (kept) return `an access token of ${from}, kept from earlier`;
  const life = lifetimeSeconds === undefined ? '' : `, good for ${String(lifetimeSeconds)} s`;
  return `an access token from ${from}${life}`;
}

/** The EHLO name goes into a command as it is, so it is checked here, whoever checked it before (RFC 5321 §4.1.1.1). */
function checkSettings(target: SmtpTarget): Failure | undefined {
  const { ehloName } = target;
  const name = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/;
  const literal = /^\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[0-9A-Fa-f:.]{2,45})\]$/;
  if (ehloName.length <= 255 && (name.test(ehloName) || literal.test(ehloName))) return undefined;
  const message = 'The EHLO name must be a host name, or an address in square brackets.';
  return { kind: 'capability', code: 'EHLO_NAME_INVALID', message };
}

function recordDial(progress: Progress, dialed: Awaited<ReturnType<Dialer['dial']>>, at: number): void {
  const failure = dialed.ok ? undefined : dialed.failure;
  if (!progress.phases.some(({ phase }) => phase === 'dns')) {
    progress.phaseAt = at - dialed.dnsMs - dialed.connectMs;
    const unresolved = !dialed.ok && dialed.phase === 'dns' ? failure : undefined;
    endPhase(progress, 'dns', progress.phaseAt + dialed.dnsMs, undefined, unresolved);
    if (unresolved === undefined) beginPhase(progress, 'connect');
  }
  if (dialed.ok || dialed.phase === 'connect') endPhase(progress, 'connect', at, undefined, failure);
  if (dialed.ok)
    note(
      progress.transcript,
      at,
      `connected to ${dialed.address} in ${String(roundMs(dialed.connectMs))} ms`,
    );
  progress.phaseAt = at;
}

/** Tells who watches of the addresses as soon as they are known, and of each try. */
function traceOf(progress: Progress, clock: Clock): DialTrace | undefined {
  if (progress.watch === undefined) return undefined;
  const tried: TriedAddress[] = [];
  return {
    onResolved(addresses) {
      learn(progress, { about: 'dns', addresses });
      endPhase(progress, 'dns', clock.monotonic());
      beginPhase(progress, 'connect');
    },
    onTried(one) {
      tried.push(one);
      const address = tried.find(({ outcome }) => outcome === 'connected')?.address;
      learn(progress, { about: 'connect', tried, ...(address === undefined ? {} : { address }) });
    },
  };
}

function closed(progress: Progress, phase: Phase, failure: Failure, at: number): OpenedSession {
  if (phase === 'settings' || phase === 'token') endPhase(progress, phase, at, undefined, failure);
  note(progress.transcript, at, failure.message);
  return { ok: false, phase, failure, phases: progress.phases, transcript: progress.transcript };
}
