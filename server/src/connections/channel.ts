/**
 * The live side of one connection: what sends over it, its breaker and its pace. Made anew when the settings change;
 * the old one finishes what it has begun.
 * Next: registry.ts
 */
import type { Clock } from '../base/clock.ts';
import type { ConnectionSettings, SmtpSettings } from '../config/config.ts';
import type { Category, Failure, Verdict } from '../mail/mail.ts';
import type { OutgoingMail, SendReport } from '../smtp/smtp.ts';
import { createBreaker, type Breaker, type Trouble } from './breaker.ts';
import type { Connection } from './connection.ts';
import { createPace } from './pace.ts';
import { notSent, type Sender } from './sender.ts';
import type { Refusal } from './trial.ts';

const TOO_MANY_LINES = 'smtp.too_many_connections';
/** Said of the connection in whatever phase they come. Anything else in answer to one message may be about that message. */
const CERTAIN: readonly Category[] = ['authentication', 'quota', 'tls'];

/** What other settings would mend, and neither time nor the network. */
const OF_SETTINGS: readonly Category[] = ['authentication', 'tls', 'configuration'];

function isOfSettings({ outcome, category }: Verdict): boolean {
  return outcome === 'connection_unusable' && OF_SETTINGS.includes(category);
}

export interface Channel {
  readonly connection: Connection;
  readonly breaker: Breaker;
  /** 0: go. Else the ms after which to ask again; who is not urgent is sent behind those that asked before. */
  pace(urgent: boolean): number;
  /** Sends one message; never rejects. */
  send(mail: OutgoingMail): Promise<SendReport>;
  /** Takes in what a send taught about the connection; `atDoor` when the server had judged nothing of the message yet. */
  learn(verdict: Verdict, detail: string, atDoor: boolean): void;
  load(): { readonly open: number; readonly waiting: number };
  /** Lets running sends end for up to `graceMs`; may be called again with less. */
  stop(graceMs: number): Promise<void>;
}

export interface ChannelOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly known: Trouble | undefined;
  /**
   * Makes what sends, with its secrets and for so many messages at one time: asked for the first message, and again for
   * the first one after trouble.
   */
  readonly open: (atOnce: number) => Promise<Opened>;
  readonly changed: (state: Breaker['state'], breaker: Breaker) => void;
  /** Sign-in, TLS or the settings themselves: nobody's mail goes this way until somebody changes something. */
  readonly refused: (refusal: Refusal) => void;
}

export type Opened =
  { readonly ok: true; readonly sender: Sender } | { readonly ok: false; readonly failure: Failure };

/** What a kind of connection allows itself. */
export interface Limits {
  readonly rate: SmtpSettings['rate'];
  /** Messages on their way at one time. */
  readonly atOnce: number;
  /** How long a message that is under way may take to end when the channel does. */
  readonly graceMs: number;
}

/** A hung disk holds one of the few threads that this process resolves names with, too. */
const FILES_AT_ONCE = 2;
const FILE_GRACE_MS = 10_000;

export function limitsOf(settings: ConnectionSettings): Limits {
  if (settings.type === 'pickup' || settings.type === 'mailbox')
    return { rate: {}, atOnce: FILES_AT_ONCE, graceMs: FILE_GRACE_MS };
  const { rate, pool, timeouts } = settings;
  return { rate, atOnce: pool.connections, graceMs: timeouts.dataMs };
}

export function createChannel(options: ChannelOptions): Channel {
  const { connection, clock } = options;
  const limits = limitsOf(connection.settings);
  const pace = createPace(limits.rate, clock);
  const breaker: Breaker = createBreaker({
    clock,
    limitMax: limits.atOnce,
    known: options.known,
    changed: (state) => {
      // Hundreds may wait for a line by now: each would dial a dead server, or try a wrong password once more (R2, R3).
      if (state === 'open') leave(limits.graceMs);
      options.changed(state, breaker);
    },
  });
  let sender: Sender | undefined;
  let opening: Promise<Opened> | undefined;
  let sizeNow = 0;
  let stopped = false;
  const leaving = new Set<Sender>();

  async function open(): Promise<Opened> {
    sizeNow = breaker.limit;
    const opened = await options.open(sizeNow);
    if (!opened.ok) return opened;
    if (stopped) return { ok: false, failure: STOPPED };
    sender = opened.sender;
    resize();
    return opened;
  }

  function resize(): void {
    if (sender === undefined || sizeNow === breaker.limit) return;
    sizeNow = breaker.limit;
    sender.resize(sizeNow);
  }

  /** Lets what is being sent end; what still waits for a line is told that it was not sent. */
  function leave(graceMs: number): void {
    const old = sender;
    if (old === undefined) return;
    sender = undefined;
    leaving.add(old);
    void old.stop(graceMs).then(() => leaving.delete(old));
  }

  return {
    connection,
    breaker,
    pace: (urgent) => pace.take(urgent),
    async send(mail) {
      if (stopped) return notSent(mail, STOPPED);
      if (sender !== undefined) return sender.send(mail);
      // One read of the secrets for all who wait; forgotten afterwards, since what was missing may be there next time.
      opening ??= open().finally(() => {
        opening = undefined;
      });
      const opened = await opening;
      return opened.ok ? opened.sender.send(mail) : notSent(mail, opened.failure);
    },
    learn(verdict, detail, atDoor) {
      if (verdict.errorId?.startsWith('internal.') === true) return; // we ended it: nothing was learned
      if (verdict.outcome === 'accepted') pace.accepted();
      if (verdict.scope !== 'connection' || verdict.outcome === 'accepted') breaker.passed();
      else if (verdict.errorId === TOO_MANY_LINES) breaker.crowded();
      else if (verdict.category === 'rate-limit') {
        pace.throttled();
        breaker.passed();
      } else {
        breaker.failed({
          errorId: verdict.errorId ?? 'unknown',
          detail,
          unusable: verdict.outcome === 'connection_unusable',
          proven: verdict.outcome === 'connection_unusable' && (atDoor || CERTAIN.includes(verdict.category)),
          ...(verdict.retryAfterMs === undefined ? {} : { retryAfterMs: verdict.retryAfterMs }),
        });
        if (breaker.state === 'open' && isOfSettings(verdict)) {
          const { errorId = 'unknown' } = verdict;
          options.refused({ errorId, detail, since: breaker.trouble?.since ?? clock.now() });
        }
      }
      resize();
    },
    load: () => sender?.load() ?? { open: 0, waiting: 0 },
    async stop(graceMs) {
      stopped = true;
      breaker.stop();
      leave(graceMs);
      await Promise.all([...leaving].map((old) => old.stop(graceMs)));
    },
  };
}

const STOPPED: Failure = {
  kind: 'stopped',
  code: 'STOPPED',
  message: 'The connection was closed before the server was asked.',
};
