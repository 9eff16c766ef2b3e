/**
 * What a way of being set up wrong is: where it is tried, with which settings, and the one stage and the one id that
 * must come out. Next: ways.ts
 */
import type { ErrorId } from '../../server/src/mail/error-catalogue.ts';
import type { Phase } from '../../server/src/mail/reply.ts';
import { startPeer, type PeerOptions } from '../../server/test/smtp-peer.ts';
import type { Account } from '../dovecot.ts';
import type { OddCertificates } from './certificates.ts';
import type { Listener } from './listeners.ts';
import type { DoorName } from './postfix.ts';

/** What the settings of a way are made of. */
export interface Material {
  /** The port of the door or listener. */
  readonly port: number;
  /** The port of a second listener, when there is one. */
  readonly beside?: number;
  /** A port where nobody listens. */
  readonly closedPort: number;
  /** The only user that Dovecot knows. */
  readonly account: Account;
  readonly certificates: OddCertificates;
}

/** As the API takes them; host and port are added where they are missing. */
export type Settings = Readonly<Record<string, unknown>>;

export interface Way {
  /** In the words of whoever would report it. */
  readonly way: string;
  /** A door of the real Postfix, or what to start instead; nothing for what has no server at all. */
  readonly on: DoorName | ((certificates: OddCertificates) => Promise<Listener>) | 'nothing';
  readonly settings: (material: Material) => Settings;
  /** Sends a test message there; a check without one otherwise. */
  readonly to?: string;
  /** Whether the names of `NAMES` must be known to the server. */
  readonly names?: true;
  /** Brings about what only others can, before the test; undone after it. */
  readonly meanwhile?: (port: number) => Promise<() => void>;
  readonly stage: Phase;
  readonly id: ErrorId;
}

/** A mailbox of the real Postfix. */
export const TO = 'ana@inmail.test';

/** Signs in with STARTTLS, everything right unless `over` says otherwise. */
export function signedIn(over: Settings = {}): Way['settings'] {
  return ({ account, certificates: { ca } }) => ({
    ...{ security: 'starttls', auth: 'password', ...account, ca },
    ...over,
  });
}

/** Neither TLS nor sign-in. */
export function anonymous(over: Settings = {}): Way['settings'] {
  return () => ({ security: 'none', ...over });
}

/** Our own peer, for words that no configuration of Postfix says. */
export function peer(options: PeerOptions): () => Promise<Listener> {
  return async () => {
    const started = await startPeer(options);
    return { port: started.port, stop: () => started.close() };
  };
}

/** A peer without TLS that answers `reply` to commands that begin with `verb` (the empty one is the greeting). */
export function answering(verb: string, reply: string): () => Promise<Listener> {
  return peer({
    auth: { mechanisms: ['PLAIN'] },
    script: ({ command }) =>
      (verb === '' ? command === '' : command.startsWith(verb)) ? `${reply}\r\n` : undefined,
  });
}
