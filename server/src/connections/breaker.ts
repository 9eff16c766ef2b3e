/**
 * One connection's circuit breaker (R3) and how many of its lines may be open (slow start).
 *
 * closed: mail flows. Opens after 5 failures in a row to get through the door, or at the first proof that nobody's mail
 * can go this way (sign-in, certificate, settings, quota). open: nobody tries until `probeAt`. half-open: one message is
 * let through as the probe; its fate closes the breaker or opens it for longer. Nothing here knows what a socket is.
 * Next: pace.ts
 */
import type { Clock } from '../base/clock.ts';

const FAILURES_IN_A_ROW = 5;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Waits before the 1st, 2nd … probe; the last repeats. */
const NETWORK_WAITS = [15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE];
/** Sign-in attempts with a wrong password lock accounts: at most 6 in an hour (R2). */
const SETTINGS_WAITS = [5 * MINUTE, 15 * MINUTE, 30 * MINUTE, 60 * MINUTE];

export interface Trouble {
  readonly errorId: string;
  /** The server's words or ours, for people; cleaned. */
  readonly detail: string;
  /** Epoch ms. */
  readonly since: number;
  /** Failures since then. */
  readonly failures: number;
  /** Epoch ms of the next probe. */
  readonly nextProbeAt: number;
}

export interface Breaker {
  readonly state: 'closed' | 'open' | 'half-open';
  readonly trouble: Trouble | undefined;
  /** How many lines may be open now: 1, 2, 4 … while messages get through, fewer when the server wants fewer (R4). */
  readonly limit: number;
  /** Whether `admit` would let a message go now; asking takes nothing. */
  readonly accepts: boolean;
  /** Whether a message may go now. In half-open this is true once: that message is the probe. */
  admit(): boolean;
  /** A message got past the door (any reply from MAIL on), whatever became of it. */
  passed(): void;
  /** The server answers, but wants fewer lines. */
  crowded(): void;
  /** The admitted probe was not used after all. */
  unused(): void;
  failed(failure: {
    readonly errorId: string;
    readonly detail: string;
    /** It does not pass by itself: somebody must change something, or an allowance must come back. */
    readonly unusable: boolean;
    /** Nobody's mail can go this way, for certain; else it takes several messages to prove it, since one may be the reason itself. */
    readonly proven: boolean;
    /** Known time until it may heal (quota), ms. */
    readonly retryAfterMs?: number;
  }): void;
  /** Sets no more timers and tells nobody any more. */
  stop(): void;
}

/**
 * `changed` is called whenever `state` changed: on `half-open` somebody should let one held message go, on `closed` all of them.
 * `known` is the trouble of an earlier process.
 */
export function createBreaker(options: {
  clock: Clock;
  limitMax: number;
  known?: Trouble | undefined;
  changed: (state: Breaker['state']) => void;
}): Breaker {
  const { clock, limitMax, changed } = options;
  let state: Breaker['state'] = 'closed';
  let trouble: Trouble | undefined;
  let inARow = 0;
  let probing = false;
  let limit = 1;
  let passesAtLimit = 0;
  let crowd: { readonly limit: number; readonly at: number } | undefined;
  let stopped = false;
  let cancelProbe = (): void => undefined;

  function open(next: Trouble): void {
    trouble = next;
    probing = false;
    limit = 1;
    passesAtLimit = 0;
    cancelProbe();
    if (!stopped)
      cancelProbe = clock.after(next.nextProbeAt - clock.now(), () => {
        become('half-open');
      });
    become('open');
  }

  function become(next: Breaker['state']): void {
    if (next === state) return;
    state = next;
    if (!stopped) changed(next);
  }

  /** What the server took when it last had too many, and one line more for every minute since. */
  function ceiling(): number {
    if (crowd === undefined) return limitMax;
    return Math.min(limitMax, crowd.limit + Math.floor((clock.monotonic() - crowd.at) / MINUTE));
  }

  function close(): void {
    inARow = 0;
    // A message that was on its way before the door closed does not prove that it is open again; the probe does.
    if (state !== 'half-open') return;
    cancelProbe();
    trouble = undefined;
    probing = false;
    become('closed');
  }

  if (options.known !== undefined) {
    state = 'open'; // not a change: it was open when the earlier process stopped
    open({ ...options.known, nextProbeAt: Math.min(options.known.nextProbeAt, clock.now() + 5 * MINUTE) });
  }

  return {
    get state() {
      return state;
    },
    get trouble() {
      return trouble;
    },
    get limit() {
      return limit;
    },
    get accepts() {
      return state === 'closed' || (state === 'half-open' && !probing);
    },
    admit() {
      if (state === 'closed') return true;
      if (state === 'open' || probing) return false;
      probing = true;
      return true;
    },
    unused() {
      probing = false;
    },
    passed() {
      if (state === 'open') return;
      passesAtLimit += 1;
      if (passesAtLimit >= limit && limit < ceiling()) {
        limit = Math.min(limit * 2, ceiling());
        passesAtLimit = 0;
      }
      close();
    },
    crowded() {
      if (state === 'open') return;
      limit = Math.max(1, limit - 1);
      passesAtLimit = 0;
      crowd = { limit, at: clock.monotonic() };
      close();
    },
    failed(failure) {
      if (state === 'open') return; // stragglers that were on their way when it opened
      inARow += 1;
      const enough = failure.proven || inARow >= FAILURES_IN_A_ROW || state === 'half-open';
      if (!enough) return;
      const failures = (trouble?.failures ?? 0) + 1;
      const waits = failure.unusable ? SETTINGS_WAITS : NETWORK_WAITS;
      const wait = failure.retryAfterMs ?? waits[Math.min(failures, waits.length) - 1] ?? MINUTE;
      const now = clock.now();
      open({
        errorId: failure.errorId,
        detail: failure.detail,
        since: trouble?.since ?? now,
        failures,
        nextProbeAt: now + wait,
      });
    },
    stop() {
      stopped = true;
      cancelProbe();
    },
  };
}
