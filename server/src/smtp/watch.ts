/**
 * Somebody who watches one session as it goes, for a connection test. Delivery has nobody watching, and then nothing of
 * this is collected: the code that runs is the same.
 * Next: single.ts
 */
import type { Phase } from '../mail/mail.ts';
import type { TlsFacts, TriedAddress } from '../net/net.ts';
import type { PhaseRecord, TokenFacts } from './smtp.ts';
import type { TranscriptLine } from './transcript.ts';

/** What a phase taught, beside the server's reply. */
export type PhaseFacts =
  | ({ readonly about: 'token' } & TokenFacts)
  | { readonly about: 'dns'; readonly addresses: readonly string[] }
  | { readonly about: 'connect'; readonly address?: string; readonly tried: readonly TriedAddress[] }
  | ({ readonly about: 'tls' } & TlsFacts)
  | {
      readonly about: 'auth';
      readonly mechanism?: string;
      /** In the order of the server. */
      readonly offered: readonly string[];
      /** Over TLS with a verified certificate. */
      readonly secure: boolean;
    };

export interface SessionWatch {
  readonly onBegin?: (phase: Phase) => void;
  /** A phase ended, the one that failed included. */
  readonly onPhase?: (record: PhaseRecord) => void;
  /** A line of the conversation, as the transcript has it. */
  readonly onLine?: (line: TranscriptLine) => void;
}
